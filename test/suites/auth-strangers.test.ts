/** Letters that strangers ask for: no answer, and no second one, tells whether there is somebody. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuthPlace } from '../harness/auth-place.ts'
import { openAuth } from '../harness/open-auth.ts'

const PASSWORD = 'a long enough passphrase 4711'

let auth: AuthPlace
let count = 0
const address = (name: string) => `${name}-${++count}@strangers.example`

beforeAll(async () => {
  auth = await openAuth()
})
afterAll(async () => {
  await auth?.stop()
})

async function confirmed(name: string): Promise<string> {
  const email = address(name)
  const { error } = await auth
    .admin()
    .auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
  if (error) throw error
  return email
}

const MINUTE = { email: { maxFrequencyS: 60 } }
type Door = readonly [path: string, body: (email: string) => object]
const RECOVER: Door = ['/recover', (email) => ({ email })]
const OTP: Door = ['/otp', (email) => ({ email })]
const MAGIC_LINK: Door = ['/magiclink', (email) => ({ email })]
const RESEND: Door = ['/resend', (email) => ({ type: 'signup', email })]
const RESEND_CHANGE: Door = ['/resend', (email) => ({ type: 'email_change', email })]
const SIGN_UP: Door = ['/signup', (email) => ({ email, password: PASSWORD })]

/** Who asks twice learns from no answer whether there is somebody. */
const TWICE: readonly (readonly [what: string, first: Door, second: Door])[] = [
  ['a recovery', RECOVER, RECOVER],
  ['a code', OTP, OTP],
  ['a magic link', MAGIC_LINK, MAGIC_LINK],
  ['a recovery, then a code', RECOVER, OTP],
  ['a code, then a recovery', OTP, RECOVER],
  ['the letter of a sign-up', RESEND, RESEND],
  ['a sign-up, then its letter', SIGN_UP, RESEND],
  ['a sign-up', SIGN_UP, SIGN_UP],
  ['the letter of a change', RESEND_CHANGE, RESEND_CHANGE],
]

describe.each(TWICE)('%s, asked for twice,', (_what, first, second) => {
  test('is answered alike for somebody, for somebody unconfirmed and for nobody', async () => {
    const unconfirmed = address('unconfirmed')
    await auth.admin().auth.admin.createUser({ email: unconfirmed, password: PASSWORD })
    const people = [await confirmed('known'), unconfirmed, address('unknown')]
    await auth.set(MINUTE)
    const answers = []
    for (const email of people) {
      const both = []
      for (const [path, body] of [first, second]) {
        const { status, body: said, headers } = await auth.call('POST', path, { body: body(email) })
        both.push([status, said.error_code, headers.has('retry-after')])
      }
      answers.push(both)
    }
    await auth.set({})
    expect(answers[0]).toEqual([
      [200, undefined, false],
      [429, 'over_email_send_rate_limit', expect.any(Boolean)],
    ])
    expect(answers[1]).toEqual(answers[0])
    expect(answers[2]).toEqual(answers[0])
  })
})

test('a letter that another way has just led to is not sent again, and that is not told', async () => {
  const email = address('invited')
  await auth.set(MINUTE)
  await auth.admin().auth.admin.inviteUserByEmail(email)
  await auth.mailTo(email)
  const resent = await auth.call('POST', '/resend', { body: { type: 'signup', email } })
  await auth.set({})
  expect([resent.status, auth.mailCount(email)]).toEqual([200, 1])
})

test('whoever learns that there is nobody is kept from no letter', async () => {
  const email = address('first')
  await auth.set(MINUTE)
  const refused = await auth.call('POST', '/otp', { body: { email, create_user: false } })
  const taken = await auth.call('POST', '/otp', { body: { email } })
  await auth.set({})
  expect([refused.body.error_code, taken.status]).toEqual(['otp_disabled', 200])
})

test('a change that somebody asked for is asked for again no sooner', async () => {
  const email = await confirmed('moving')
  const client = auth.client()
  await client.auth.signInWithPassword({ email, password: PASSWORD })
  await auth.set(MINUTE)
  expect((await client.auth.updateUser({ email: address('moved') })).error).toBeNull()
  const again = await auth.call('POST', '/resend', { body: { type: 'email_change', email } })
  await auth.set({})
  expect(again).toMatchObject({ status: 429, body: { error_code: 'over_email_send_rate_limit' } })
})
