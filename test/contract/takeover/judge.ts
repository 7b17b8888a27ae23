/** What must hold from the moment the owner has proven the address, whatever was before. */
import { expect } from 'vitest'
import * as p from './play.ts'

type Play = p.Play
type Shown = { id: string; identities: { provider: string; id: string }[]; factors?: unknown[] } & Record<
  string,
  unknown
>

/** The account is the owner's, nothing else is in it, and no try of the stranger's gets in or changes it. */
export async function judge(play: Play): Promise<void> {
  await judgeStranger(play)
  await judgeOwner(play)
}

/** Of who has kept everybody else out: is the owner in for good? */
export async function judgeOwner(play: Play): Promise<void> {
  const { owner } = play
  const fresh = 'what the owner sets in the end 4'
  expect((await p.ask(play, '/user', { password: fresh }, owner?.bearer)).status).toBe(200)
  expect(p.sessionIn(await p.signIn(play, fresh))?.userId).toBe(owner?.userId)
}

export async function judgeStranger(play: Play): Promise<void> {
  const owner = play.owner
  if (!owner) throw new Error('the owner could not prove the address')
  await assertBare(play, owner)
  await tryEverything(play, owner)
  await assertBare(play, owner)
}

async function assertBare(play: Play, { bearer, userId }: p.Session): Promise<void> {
  const { status, body } = await p.ask(play, '/user', {}, bearer)
  const shown = body as Shown
  expect([status, shown[play.by], shown[play.by === 'email' ? 'phone' : 'email']]).toEqual([
    200,
    play.contact,
    '',
  ])
  expect(shown).not.toHaveProperty('new_email')
  expect(shown).not.toHaveProperty('new_phone')
  expect(shown.factors ?? []).toEqual([])
  const foreign = shown.identities.filter(({ id }) => id !== userId && id !== play.subs.owner)
  expect(foreign).toEqual([])
  const providers = (shown.app_metadata as { providers: string[] }).providers
  expect([...providers].sort()).toEqual([...new Set(shown.identities.map(({ provider }) => provider))].sort())
  const [left] = await play.auth.pg.admin()`
    select (select count(*)::int from auth.webauthn_credentials where user_id = ${userId}) as passkeys,
      (select count(*)::int from auth.mfa_factors where user_id = ${userId}) as factors,
      (select count(*)::int from auth.sessions where user_id = ${userId}) as sessions`
  expect(left).toEqual({ passkeys: 0, factors: 0, sessions: 1 })
}

async function tryEverything(play: Play, { userId }: p.Session): Promise<void> {
  const inside: string[] = []
  const note = (how: string, id: string | undefined) => id === userId && inside.push(how)
  const own = play.sessions.filter((each) => each.userId === userId)
  for (const { bearer, refresh } of own) {
    if ((await p.ask(play, '/user', {}, bearer)).status === 200) inside.push('a session')
    const renewed = await p.ask(play, '/token?grant_type=refresh_token', { refresh_token: refresh })
    note('a refresh token', p.sessionIn(renewed)?.userId)
    await p.ask(play, '/user', { email: play.mailbox }, bearer)
  }
  // Without a hash there is nothing to try, and each try costs one.
  const [row] =
    await play.auth.pg.admin()`select encrypted_password as hash from auth.users where id = ${userId}`
  for (const password of row?.hash === null ? [] : [p.THEIRS, p.THEIR_NEXT])
    note('a password', p.sessionIn(await p.signIn(play, password))?.userId)
  for (const key of play.keys) note('a passkey', p.sessionIn(await p.signInByPasskey(play, key))?.userId)
  const { stranger, further } = play.subs
  const email = play.by === 'email' ? play.contact : play.mailbox
  const unsure = await p.comeBy(play, { provider: p.UNSURE, sub: stranger, email })
  note('a provider', p.sessionIn(unsure)?.userId)
  const sure = await p.comeBy(play, { provider: p.SURE, sub: further, email: play.mailbox })
  note('a provider that was added', p.sessionIn(sure)?.userId)
  await p.ask(play, '/resend', { type: 'email_change', email })
  for (const to of [play.mailbox, play.number])
    for (const letter of await p.lettersTo(play, to))
      note('a letter', p.sessionIn(await p.follow(play, letter))?.userId)
  expect(inside).toEqual([])
}
