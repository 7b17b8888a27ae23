import { expect, test } from 'vitest'
import { signWebhook } from './webhook-signature.ts'

/** The example of the specification of Standard Webhooks. */
const message = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampS: 1_614_265_330,
  body: '{"test": 2432232314}',
}
const expected = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='

test.each(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'])(
  'signs as the specification does, with the key %s',
  (secret) => {
    expect(signWebhook(secret, message)).toBe(expected)
  },
)

test('a secret that is no encoded key is the key itself', () => {
  const encoded = `whsec_${Buffer.from('a plain text').toString('base64')}`
  expect(signWebhook('a plain text', message)).toBe(signWebhook(encoded, message))
})

test.each(['id', 'timestampS', 'body'] as const)('another %s has another signature', (field) => {
  const changed = { ...message, [field]: field === 'timestampS' ? 1 : 'x' }
  expect(signWebhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', changed)).not.toBe(expected)
})
