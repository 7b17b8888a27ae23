/** A new address is taken once all who have to agree have; and an account says of its identities what holds. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Called } from '../harness/auth-place.ts'
import * as p from './takeover/play.ts'
import { type OpenWorld, openWorld } from './takeover/world.ts'

let world: OpenWorld
const ON = { email: { maxFrequencyS: 0 }, anonymous: { enabled: true } }

beforeAll(async () => {
  world = await openWorld(ON)
})
afterAll(() => world?.stop())
afterEach(() => world.auth.set({}))

const NEXT = 'a password of later on 5'
const fresh = () => p.beginPlay(world, 'email')
const admin = (method: string, path: string, body?: object) =>
  world.auth.call(method, `/admin${path}`, { bearer: world.auth.keys.service, ...(body && { body }) })
const shownTo = async (play: p.Play, { bearer }: p.Session) => (await p.ask(play, '/user', {}, bearer)).body
const session = (answer: Called): p.Session => {
  const made = p.sessionIn(answer)
  if (!made) throw new Error(`no session: ${answer.status} ${answer.text}`)
  return made
}

/** An owner who is confirmed, and two sessions: a stranger has the other. */
async function robbed() {
  const play = fresh()
  const { body } = await admin('POST', '/users', {
    ...{ email: play.contact, password: p.OWN, email_confirm: true },
  })
  const [owner, thief] = [await p.signIn(play, p.OWN), await p.signIn(play, p.OWN)].map(session)
  if (!owner || !thief) throw new Error('no sessions')
  return { play, owner, thief, id: String(body.id) }
}

async function followOnly(play: p.Play, to: string): Promise<Called> {
  const [letter] = await p.lettersTo(play, to)
  if (!letter) throw new Error(`no letter to ${to}`)
  return p.follow(play, letter)
}

describe('a double confirmation', () => {
  test('is none by two letters to the new address', async () => {
    const { play, owner, thief } = await robbed()
    await p.ask(play, '/user', { email: play.mailbox }, thief.bearer)
    expect((await followOnly(play, play.mailbox)).body.code).toBe('200')
    await p.ask(play, '/resend', { type: 'email_change', email: play.contact })
    const again = await followOnly(play, play.mailbox)
    expect([again.status, again.body.code, p.sessionIn(again)]).toEqual([200, '200', undefined])
    expect(await shownTo(play, owner)).toMatchObject({ email: play.contact, new_email: play.mailbox })
  })

  test.each([
    ['the new one first', (play: p.Play) => [play.mailbox, play.contact]],
    ['the current one first', (play: p.Play) => [play.contact, play.mailbox]],
  ])('takes both halves, %s, sent again or not', async (_order, places) => {
    for (const isSentAgain of [false, true]) {
      const { play, owner } = await robbed()
      await p.ask(play, '/user', { email: play.mailbox }, owner.bearer)
      if (isSentAgain) await p.ask(play, '/resend', { type: 'email_change', email: play.contact })
      const [one = '', other = ''] = places(play)
      expect((await followOnly(play, one)).body.code).toBe('200')
      expect(await shownTo(play, session(await followOnly(play, other)))).toMatchObject({
        ...{
          email: play.mailbox,
          identities: [{ provider: 'email', identity_data: { email: play.mailbox } }],
        },
      })
    }
  })

  test('is not made of halves of two changes', async () => {
    const { play, thief } = await robbed()
    const first = `first-${play.mailbox}`
    await p.ask(play, '/user', { email: first }, thief.bearer)
    await followOnly(play, first)
    await p.ask(play, '/user', { email: play.mailbox }, thief.bearer)
    expect((await followOnly(play, play.contact)).body.code).toBe('200')
    expect((await p.ask(play, '/user', {}, thief.bearer)).body).toMatchObject({ email: play.contact })
  })

  test('needs the new address, also where one confirmation is enough', async () => {
    const { play, thief } = await robbed()
    await p.ask(play, '/user', { email: play.mailbox }, thief.bearer)
    await world.auth.set({ email: { ...ON.email, secureChange: false } })
    expect((await followOnly(play, play.contact)).body.code).toBe('200')
    expect(session(await followOnly(play, play.mailbox)).userId).toBe(thief.userId)
  })
})

/** What an owner, or who helps them, does about a thief. */
const CURES: readonly (readonly [
  string,
  (robbery: Awaited<ReturnType<typeof robbed>>) => Promise<Called>,
])[] = [
  ['a new password', ({ play, owner }) => p.ask(play, '/user', { password: NEXT }, owner.bearer)],
  ['a sign-out everywhere', ({ play, owner }) => p.ask(play, '/logout?scope=global', {}, owner.bearer)],
  ['a sign-out of the others', ({ play, owner }) => p.ask(play, '/logout?scope=others', {}, owner.bearer)],
  ["an administrator's new password", ({ id }) => admin('PUT', `/users/${id}`, { password: NEXT })],
  ["an administrator's new number", ({ id }) => admin('PUT', `/users/${id}`, { phone: p.newNumber() })],
]

describe.each(CURES)('%s', (_name, cure) => {
  test('takes back changes of address and number that somebody wanted', async () => {
    const robbery = await robbed()
    const { play, thief, id } = robbery
    await p.ask(play, '/user', { email: play.mailbox, phone: play.number }, thief.bearer)
    const [half, number] = [
      await p.lettersTo(play, play.mailbox),
      await p.lettersTo(play, play.number),
      await followOnly(play, play.contact),
    ]
    expect((await cure(robbery)).status).toBeLessThan(300)
    for (const letter of [...half, ...number]) expect((await p.follow(play, letter)).status).toBe(403)
    await p.ask(play, '/resend', { type: 'email_change', email: play.contact })
    expect(await p.lettersTo(play, play.mailbox)).toEqual([])
    const { body } = await admin('GET', `/users/${id}`)
    expect(body).toMatchObject({ email: play.contact })
    expect(body).not.toHaveProperty('new_email')
    expect(body).not.toHaveProperty('new_phone')
  })
})

describe('where nothing has to be confirmed', () => {
  const open = () =>
    world.auth.set({
      ...{ email: { ...ON.email, autoconfirm: true } },
      phone: { enabled: true, maxFrequencyS: 0, autoconfirm: true },
    })

  test('a permanent user confirms a new address all the same, and has the number with its identity', async () => {
    const { play, owner } = await robbed()
    await open()
    const { body } = await p.ask(play, '/user', { email: play.mailbox, phone: play.number }, owner.bearer)
    expect(body).toMatchObject({ email: play.contact, new_email: play.mailbox, phone: play.number })
    expect((body.identities as { provider: string }[]).map(({ provider }) => provider)).toEqual([
      ...['email', 'phone'],
    ])
  })

  test('an anonymous user becomes one with the identity, and with what was said in the same request', async () => {
    await open()
    const play = fresh()
    const nobody = session(await p.ask(play, '/signup', {}))
    const wanted = { email: play.mailbox, phone: play.number, password: p.OWN, data: { name: 'Ada' } }
    const { status } = await p.ask(play, '/user', wanted, nobody.bearer)
    expect(status).toBe(200)
    const shown = await shownTo(play, nobody)
    expect(shown).toMatchObject({
      ...{ email: play.mailbox, is_anonymous: false, user_metadata: { name: 'Ada', email: play.mailbox } },
      ...{ phone: play.number, app_metadata: { provider: 'email', providers: ['email', 'phone'] } },
      identities: expect.arrayContaining([
        expect.objectContaining({ provider: 'email', email: play.mailbox }),
      ]),
    })
  })

  test('a sign-up over one that nobody confirmed has its own password', async () => {
    const play = fresh()
    await p.signUp(play, p.THEIRS)
    await open()
    const made = session(await p.signUp(play, p.OWN))
    expect(session(await p.signIn(play, p.OWN)).userId).toBe(made.userId)
    expect(p.sessionIn(await p.signIn(play, p.THEIRS))).toBeUndefined()
  })

  test('an address that a provider has no evidence for is nobody’s yet', async () => {
    await open()
    const play = fresh()
    const { owner, stranger } = play.subs
    const unsure = { provider: p.UNSURE, sub: stranger, email: play.contact }
    const theirs = session(await p.comeBy(play, unsure))
    expect(await shownTo(play, theirs)).not.toHaveProperty('email_confirmed_at')
    expect((await p.signUp(play, p.THEIRS)).body.error_code).toBe('user_already_exists')
    expect(session(await p.comeBy(play, unsure)).userId).toBe(theirs.userId)
    const sure = session(await p.comeBy(play, { provider: p.SURE, sub: owner, email: play.contact }))
    const { identities } = (await shownTo(play, sure)) as { identities: { provider: string }[] }
    expect(identities.map(({ provider }) => provider)).toEqual([p.SURE])
    expect((await p.ask(play, '/user', {}, theirs.bearer)).status).toBe(403)
    expect((await p.comeBy(play, unsure)).body.error_code).toBe('provider_email_needs_verification')
  })
})

describe('an address that a provider has no evidence for', () => {
  test('is asked itself, and then the provider signs in', async () => {
    const play = fresh()
    const unsure = { provider: p.UNSURE, sub: play.subs.stranger, email: play.contact }
    for (const _ of [1, 2]) {
      const { status, body } = await p.comeBy(play, unsure)
      expect([status, body.error_code]).toEqual([403, 'provider_email_needs_verification'])
    }
    const mail = await world.auth.mailTo(play.contact)
    expect(mail.links.join()).toContain('type=signup')
    const proven = session(await followOnly(play, play.contact))
    expect(session(await p.comeBy(play, unsure)).userId).toBe(proven.userId)
  })

  test('joins no account, and sends its owner nothing', async () => {
    const play = fresh()
    await p.signUp(play, p.OWN)
    const letters = await p.lettersTo(play, play.contact)
    const unsure = { provider: p.UNSURE, sub: play.subs.stranger, email: play.contact }
    expect((await p.comeBy(play, unsure)).body.error_code).toBe('provider_email_needs_verification')
    expect(await p.lettersTo(play, play.contact)).toEqual(letters)
  })
})

describe('the identity of the address, taken away', () => {
  const linked = async (email: string) => {
    const { play, owner } = await robbed()
    const person = { provider: p.SURE, sub: play.subs.further, email, bearer: owner.bearer }
    session(await p.comeBy(play, person))
    const { identities } = (await shownTo(play, owner)) as {
      identities: { provider: string; identity_id: string }[]
    }
    const own = identities.find(({ provider }) => provider === 'email')?.identity_id
    const path = `/user/identities/${own}`
    return { play, owner, remove: () => world.auth.call('DELETE', path, { bearer: owner.bearer }) }
  }

  test('leaves the address of one that remains, and none for whoever has the old mailbox', async () => {
    const next = `linked-${crypto.randomUUID()}@example.com`
    const { play, owner, remove } = await linked(next)
    expect((await remove()).status).toBe(200)
    expect(await shownTo(play, owner)).toMatchObject({ email: next, app_metadata: { providers: [p.SURE] } })
    await p.recover(play)
    expect(await p.lettersTo(play, play.contact)).toEqual([])
  })

  test('stays where the other address is another user’s', async () => {
    const other = `taken-${crypto.randomUUID()}@example.com`
    const { play, owner, remove } = await linked(other)
    await admin('POST', '/users', { email: other, password: p.OWN, email_confirm: true })
    const { status, body } = await remove()
    expect([status, body.error_code]).toEqual([422, 'email_conflict_identity_not_deletable'])
    expect(await shownTo(play, owner)).toMatchObject({ email: play.contact })
  })
})

test('nobody adds a number to an address that nobody has proven', async () => {
  await world.auth.set({ email: { ...ON.email, allowUnverifiedSignIns: true } })
  const play = fresh()
  await p.signUp(play, p.THEIRS)
  const inside = session(await p.signIn(play, p.THEIRS))
  const { status, body } = await p.ask(play, '/user', { phone: play.number }, inside.bearer)
  expect([status, body.error_code]).toEqual([422, 'email_not_confirmed'])
})

test('consents and recovery codes of before go with the proof of another', async () => {
  const play = fresh()
  await p.signUp(play, p.THEIRS)
  const db = world.auth.pg.admin()
  const [user] = await db`select id from auth.users where email = ${play.contact}`
  const id = String(user?.id)
  const client = crypto.randomUUID()
  await db`
    insert into auth.oauth_clients (id, registration_type, redirect_uris, grant_types, client_name, token_endpoint_auth_method)
    values (${client}, 'manual', 'http://app.test/', 'authorization_code', 'one', 'none')`
  await db`
    insert into auth.oauth_consents (id, user_id, client_id, scopes)
    values (gen_random_uuid(), ${id}, ${client}, 'openid')`
  await db`insert into auth.mfa_recovery_codes (user_id, code_hash) values (${id}, 'a hash')`
  await p.recover(play)
  session(await followOnly(play, play.contact))
  const left = await db`
    select user_id from auth.oauth_consents where user_id = ${id}
    union all select user_id from auth.mfa_recovery_codes where user_id = ${id}`
  expect([...left]).toEqual([])
})
