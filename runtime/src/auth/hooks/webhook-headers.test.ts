import { expect, test } from 'vitest'
import { webhookHeaders } from './webhook-headers.ts'

/** The example of the Standard Webhooks libraries. */
const EXAMPLE = {
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestampS: 1_614_265_330,
  body: '{"test": 2432232314}',
}
const SECRET = 'v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

test('signs as the libraries of Standard Webhooks check it', () => {
  expect(webhookHeaders(EXAMPLE, [SECRET])).toEqual({
    'webhook-id': EXAMPLE.id,
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  })
})

test('signs with each secret while one takes the place of another', () => {
  const other = `v1,whsec_${Buffer.from('another secret of ours').toString('base64')}`
  const { 'webhook-signature': signatures = '' } = webhookHeaders(EXAMPLE, [SECRET, other])
  expect(signatures.split(' ')).toHaveLength(2)
  expect(signatures).toContain('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v1,')
})

test.each([
  ['no secret at all', []],
  ['a secret without its version', ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw']],
  ['a secret that is no base64', ['v1,whsec_not base64 at all']],
  ['a secret of next to nothing', ['v1,whsec_abcd']],
])('sends nothing with %s, and shows nothing of it', (_sentence, secrets) => {
  const send = () => webhookHeaders(EXAMPLE, secrets)
  expect(send).toThrow(expect.objectContaining({ code: 'hook-failed' }))
  for (const secret of secrets) expect(send).not.toThrow(secret)
})
