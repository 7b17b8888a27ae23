/**
 * A DNS of one's own: each change is a POST of `{action, name, value}` to a URL, signed with a shared secret.
 *
 * `X-Cascata-Signature: sha256=<hex>` is the HMAC of `<X-Cascata-Timestamp>.<body>`. Any 2xx means that it is done.
 */
import { createHmac } from 'node:crypto'
import { call, refusal } from './http.ts'
import type { DnsProvider, TxtRecord } from './provider.ts'

const NAME = 'webhook'

export function webhook({ url, secret }: { url: string; secret: string }, now: () => number) {
  async function tell(action: 'present' | 'cleanup', { name, value }: TxtRecord): Promise<void> {
    const body = JSON.stringify({ action, type: 'TXT', name, value })
    const timestamp = String(Math.floor(now() / 1_000))
    const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')
    const reply = await call(NAME, url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-cascata-timestamp': timestamp,
        'x-cascata-signature': `sha256=${signature}`,
      },
      body,
    })
    if (reply.status < 200 || reply.status >= 300) throw refusal(NAME, action, reply)
  }
  return {
    present: (record) => tell('present', record),
    cleanup: (record) => tell('cleanup', record),
  } satisfies Omit<DnsProvider, 'propagationMs'>
}
