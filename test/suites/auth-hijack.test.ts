/**
 * Somebody signs up with an address that is not theirs, and waits. In every order of what both may do, from the moment the
 * owner has proven the address nothing of the stranger opens the account: no password, no session, no identity.
 */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuthPlace } from '../harness/auth-place.ts'
import { CLIENT, makeKey, REDIRECT_URI, startOidc, walk } from '../harness/identity-provider.ts'
import { openAuth } from '../harness/open-auth.ts'

const THEIRS = 'the passphrase of a stranger 1'
const OWN = 'the passphrase of the owner 2'
const PROVIDER = 'acme'

let auth: AuthPlace
let oidc: Awaited<ReturnType<typeof startOidc>>

beforeAll(async () => {
  oidc = await startOidc(await makeKey('k1'))
  const acme = { clientIds: [CLIENT.client_id], secret: CLIENT.client_secret, issuer: oidc.issuer }
  const external = { [PROVIDER]: { ...acme, redirectUri: REDIRECT_URI } }
  // The stranger is let in without proof: so there are sessions to be ended.
  auth = await openAuth({ external, email: { maxFrequencyS: 0, allowUnverifiedSignIns: true } })
  await auth.reach(Number(new URL(oidc.issuer).port))
})
afterAll(async () => {
  await auth?.stop()
  oidc?.close()
})

type Play = { name: string; email: string; sessions: string[] }
type Move = (play: Play) => Promise<void>

const linkOf = async (email: string, last = auth.mailCount(email)) => {
  const until = Date.now() + 5_000
  while (auth.mailCount(email) < last && Date.now() < until) await new Promise((done) => setTimeout(done, 20))
  return last
}

const strangerSignsUp: Move = async ({ email }) => {
  await auth.client().auth.signUp({ email, password: THEIRS, options: { data: { admin: true } } })
}
const strangerSignsIn: Move = async (play) => {
  const { data } = await auth.client().auth.signInWithPassword({ email: play.email, password: THEIRS })
  if (data.session) play.sessions.push(data.session.refresh_token)
}
const ownerSignsUp: Move = async ({ email }) => {
  await auth.client().auth.signUp({ email, password: OWN })
}

/** By the last letter that came, as people do. */
const follow = async (email: string, sent: number) => {
  await linkOf(email, sent)
  let mail = await auth.mailTo(email)
  for (let left = auth.mailCount(email); left > 0; left -= 1) {
    const next = await Promise.race([
      auth.mailTo(email),
      new Promise<undefined>((done) => setTimeout(done, 120, undefined)),
    ])
    if (next === undefined) break
    mail = next
  }
  const link = mail.links.find((each) => each.includes('/verify')) ?? ''
  const answer = await auth.fetch(link, { redirect: 'manual' })
  expect(answer.headers.get('location')).toContain('access_token')
}

/** Ways to prove it. */
const PROOFS: Record<string, Move> = {
  async 'by a magic link'({ email }) {
    const sent = auth.mailCount(email) + 1
    await auth.client().auth.signInWithOtp({ email })
    await follow(email, sent)
  },
  async 'by recovery'({ email }) {
    const sent = auth.mailCount(email) + 1
    await auth.client().auth.resetPasswordForEmail(email)
    await follow(email, sent)
  },
  async 'by a sign-up of their own, and its letter'({ email }) {
    const sent = auth.mailCount(email) + 1
    await auth.client().auth.signUp({ email, password: OWN })
    await follow(email, sent)
  },
  async 'by a provider'({ name }) {
    const { data } = await auth.client().auth.signInWithOAuth({
      provider: PROVIDER as never,
      options: { skipBrowserRedirect: true },
    })
    const page = await auth.fetch(data.url ?? '', { redirect: 'manual' })
    const params = await walk(page.headers.get('location') ?? '', name)
    const back = await auth.fetch(`${auth.url}/auth/v1/callback?${params}`, { redirect: 'manual' })
    expect(back.headers.get('location')).toContain('access_token')
  },
}

/** Orders of the stranger's moves among the owner's: the stranger is there at least once before the proof. */
const BEFORE: readonly (readonly [order: string, moves: readonly Move[]])[] = [
  ['the stranger signs up', [strangerSignsUp]],
  ['the stranger signs up and in', [strangerSignsUp, strangerSignsIn]],
  ['the stranger, then the owner, sign up', [strangerSignsUp, ownerSignsUp]],
  ['the owner, then the stranger, sign up', [ownerSignsUp, strangerSignsUp]],
  [
    'the owner signs up between two of the stranger',
    [strangerSignsUp, strangerSignsIn, ownerSignsUp, strangerSignsUp, strangerSignsIn],
  ],
  [
    'the stranger signs up between two of the owner',
    [ownerSignsUp, strangerSignsUp, strangerSignsIn, ownerSignsUp],
  ],
]

describe.each(Object.entries(PROOFS))('proven %s', (_proof, prove) => {
  test.each(BEFORE)('after %s', async (_order, moves) => {
    const name = `owner-${crypto.randomUUID().slice(0, 8)}`
    const play: Play = { name, email: `${name}@example.com`, sessions: [] }
    for (const move of moves) await move(play)
    await prove(play)
    const password = await auth.client().auth.signInWithPassword({ email: play.email, password: THEIRS })
    expect(password.error).toMatchObject({ code: 'invalid_credentials' })
    for (const token of play.sessions) {
      const refreshed = await auth.client().auth.refreshSession({ refresh_token: token })
      expect(refreshed.error).toBeTruthy()
    }
    const [user] =
      await auth.rows`select raw_user_meta_data as data from auth.users where email = ${play.email}`
    expect(user?.data).not.toHaveProperty('admin')
  })
})
