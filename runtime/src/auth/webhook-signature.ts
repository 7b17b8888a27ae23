/** Signatures of Standard Webhooks (v1, symmetric): who gets a request can tell that it is ours, and new. */
import { createHmac } from 'node:crypto'

/** What is signed: the body as it is sent. */
export type SignedMessage = { id: string; timestampS: number; body: string }

/**
 * @param secret `v1,whsec_<base64>` or `whsec_<base64>`; any other text is itself the key.
 * @returns the value of `webhook-signature`
 */
export function signWebhook(secret: string, { id, timestampS, body }: SignedMessage): string {
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${timestampS}.${body}`).digest('base64')
  return `v1,${signature}`
}

function keyOf(secret: string): Buffer {
  const encoded = /^(?:v1,)?whsec_(.+)$/s.exec(secret)?.[1]
  return encoded === undefined ? Buffer.from(secret) : Buffer.from(encoded, 'base64')
}
