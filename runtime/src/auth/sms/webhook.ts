/** Hands a message to a program of the project's own, which sends it: a request signed as Standard Webhooks are. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '@cascata/shared/clock'
import { boundedFetch, outboundReason } from '../outbound.ts'
import { signWebhook } from '../webhook-signature.ts'
import { SmsSendFailed } from './errors.ts'
import { SMS_ANSWER_BYTES_MAX, SMS_TIMEOUT_MS } from './limits.ts'
import type { SmsMessage } from './sms-message.ts'

export type WebhookSettings = { kind: 'webhook'; url: string; secret: string }

/** @returns `message_id` of the answer, when it is JSON and has one */
export async function sendByWebhook(
  { url, secret }: WebhookSettings,
  { to, text, channel, otp }: SmsMessage,
  { signal, clock }: { signal: AbortSignal; clock: Clock },
): Promise<string | null> {
  const id = `msg_${randomUUID()}`
  const nowMs = clock.now()
  const timestampS = Math.floor(nowMs / 1000)
  const timestamp = new Date(nowMs).toISOString()
  const body = JSON.stringify({ type: 'sms.send', timestamp, data: { to, text, channel, otp } })
  const ask = boundedFetch({ timeoutMs: SMS_TIMEOUT_MS, bytesMax: SMS_ANSWER_BYTES_MAX, signal })
  const response = await ask(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestampS),
      'webhook-signature': signWebhook(secret, { id, timestampS, body }),
    },
    body,
  }).catch((error: unknown) => {
    signal.throwIfAborted()
    throw new SmsSendFailed(`the webhook was not reached: ${outboundReason(error)}`)
  })
  if (!response.ok) throw new SmsSendFailed(`the webhook answered ${response.status}`)
  return messageIdOf(await response.text())
}

function messageIdOf(text: string): string | null {
  try {
    const { message_id: id } = JSON.parse(text) as { message_id?: unknown }
    return typeof id === 'string' ? id.slice(0, 200) : null
  } catch {
    return null
  }
}
