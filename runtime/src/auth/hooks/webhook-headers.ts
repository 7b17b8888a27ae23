/** What a hook's request bears so that its receiver can tell it is ours: one signature for each secret. */
import { type SignedMessage, signWebhook } from '../webhook-signature.ts'
import { HookFailed } from './errors.ts'

/** The form that Supabase's settings have. */
const SECRET = /^v1,whsec_[A-Za-z0-9+/]{8,}={0,2}$/

/** Several secrets while one takes the place of another: the receiver accepts a message that one of them signed. */
export function webhookHeaders(message: SignedMessage, secrets: readonly string[]): Record<string, string> {
  if (secrets.length === 0) throw HookFailed('has no secret to sign with')
  if (!secrets.every((secret) => SECRET.test(secret)))
    throw HookFailed('has a secret that is not of the form v1,whsec_<base64>')
  return {
    'webhook-id': message.id,
    'webhook-timestamp': String(message.timestampS),
    'webhook-signature': secrets.map((secret) => signWebhook(secret, message)).join(' '),
  }
}
