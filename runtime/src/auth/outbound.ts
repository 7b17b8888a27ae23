/**
 * Asks others over HTTP: providers of identities and of text messages. Each answer has a time and a size; redirects are
 * not followed, for what is sent along is a secret; and none of it goes unencrypted, but to this machine itself.
 */

import { OutboundError } from './outbound-error.ts'
import { publicFetch } from './public-fetch.ts'

/** Who named it: the settings, which are the operator's, or the holder of the service key, who is not to reach inside. */
export type Reach = 'anywhere' | 'public'

export type Bounds = {
  timeoutMs: number
  bytesMax: number
  signal?: AbortSignal | undefined
  reach?: Reach | undefined
}

/** Wherever HTTP is asked for by a library: the body is there, whole, when it comes back. */
export const boundedFetch =
  ({ timeoutMs, bytesMax, signal, reach }: Bounds) =>
  async (url: string | URL, options: RequestInit = {}): Promise<Response> => {
    assertOutboundUrl(url)
    const signals = [AbortSignal.timeout(timeoutMs), signal, options.signal].filter((one) => one != null)
    const ask = reach === 'public' ? publicFetch() : fetch
    const response = await ask(url, { ...options, redirect: 'manual', signal: AbortSignal.any(signals) })
    const body = await readBounded(response, bytesMax)
    const { status, statusText, headers } = response
    // These may have no body, not even an empty one.
    const isBare = status === 204 || status === 205 || status === 304
    return new Response(isBare ? null : body, { status, statusText, headers: plainHeaders(headers) })
  }

async function readBounded(response: Response, bytesMax: number): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > bytesMax) throw new OutboundError(`the answer is larger than ${bytesMax} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The body is no longer packed, nor as long as it was. */
function plainHeaders(headers: Headers): Headers {
  const plain = new Headers(headers)
  plain.delete('content-encoding')
  plain.delete('content-length')
  return plain
}

/** @throws OutboundError */
export function assertOutboundUrl(url: string | URL): void {
  const parsed = url instanceof URL ? url : URL.parse(url)
  if (parsed === null) throw new OutboundError('the address is no URL')
  if (parsed.protocol === 'https:' || (parsed.protocol === 'http:' && isLoopback(parsed.hostname))) return
  throw new OutboundError(`${parsed.origin} is not https`)
}

export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host)

/** Shorter ones stand in many a word by chance, and protect nothing. */
const SECRET_LENGTH_MIN = 6

/** What somebody said who may repeat what they were sent, as it is or as a form or a header had it. */
export function withoutSecrets(said: string, sent: readonly string[]): string {
  const forms = sent
    .filter((secret) => secret.length >= SECRET_LENGTH_MIN)
    .flatMap((secret) => [
      ...[secret, encodeURIComponent(secret), new URLSearchParams({ '': secret }).toString().slice(1)],
      ...[JSON.stringify(secret).slice(1, -1), Buffer.from(secret).toString('base64')],
    ])
  return forms.reduce((text, form) => text.replaceAll(form, '[hidden]'), said)
}

/** What happened, without addresses and headers: those may hold secrets. */
export function outboundReason(error: unknown): string {
  if (error instanceof OutboundError) return error.message
  const { name, cause } = error as { name?: unknown; cause?: { code?: unknown } | undefined }
  if (name === 'TimeoutError') return 'there was no answer in time'
  return typeof cause?.code === 'string'
    ? `there was no connection (${cause.code})`
    : 'there was no connection'
}
