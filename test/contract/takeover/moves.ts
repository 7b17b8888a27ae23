/** Moves of both, by name. One that its mover cannot make changes nothing. */
import { OWN, SURE, THEIR_NEXT, THEIRS, UNSURE } from './play.ts'
import * as p from './play.ts'

type Play = p.Play
export type Move = (play: Play) => Promise<unknown>

const withSession =
  (move: (play: Play, bearer: string) => Promise<unknown>): Move =>
  async (play) => {
    const bearer = p.inPlace(play)
    if (bearer !== undefined) await move(play, bearer)
  }

export const STRANGER = {
  'the stranger signs up': (play) => p.signUp(play, THEIRS),
  'the stranger signs in': async (play) => p.keep(play, await p.signIn(play, THEIRS)),
  'the stranger asks for a code': (play) => p.askForCode(play),
  'the stranger sends again': (play) => p.sendAgain(play),
  'the stranger asks for recovery': (play) => p.recover(play),
  async 'the stranger comes by a provider'(play) {
    if (play.by === 'email') {
      const person = { provider: UNSURE, sub: play.subs.stranger, email: play.contact }
      p.keep(play, await p.comeBy(play, person))
    }
  },
  'the stranger adds a provider': withSession(async (play, bearer) => {
    const person = { provider: SURE, sub: play.subs.further, email: play.mailbox, bearer }
    p.keep(play, await p.comeBy(play, person))
  }),
  'the stranger registers a passkey': withSession(p.registerPasskey),
  'the stranger enrols a factor': withSession(p.enrolFactor),
  'the stranger sets a password': withSession((play, bearer) =>
    p.ask(play, '/user', { password: THEIR_NEXT }, bearer),
  ),
  'the stranger wants another address': withSession(async (play, bearer) => {
    await p.ask(play, '/user', { email: play.mailbox }, bearer)
    await p.followTheirs(play)
  }),
  'the stranger wants another number': withSession(async (play, bearer) => {
    await p.ask(play, '/user', { phone: play.number }, bearer)
    await p.followTheirs(play)
  }),
  'the stranger only asks for another address': withSession((play, bearer) =>
    p.ask(play, '/user', { email: play.mailbox }, bearer),
  ),
  /** From an account of the stranger's own, whose half is proven. */
  async 'the stranger wants the address'(play) {
    const email = `own-${play.mailbox}`
    const body = { email, password: THEIRS, email_confirm: true }
    await play.auth.call('POST', '/admin/users', { body, bearer: play.auth.keys.service })
    const session = p.sessionIn(await p.ask(play, '/token?grant_type=password', { email, password: THEIRS }))
    if (!session) return
    await p.ask(play, '/user', { [play.by]: play.contact }, session.bearer)
    for (const letter of await p.lettersTo(play, email)) await p.follow(play, letter)
  },
} as const satisfies Record<string, Move>

/** Letters of these kinds, and no others, are what the owner is waiting for. */
const awaiting =
  (types: readonly string[], move: Move): Move =>
  async (play) => {
    await move(play)
    for (const each of types) play.awaited.add(each)
  }

export const OWNER = {
  'the owner signs up': awaiting(['signup', 'sms'], (play) => p.signUp(play, OWN)),
  'the owner asks for a code': awaiting(['signup', 'magiclink', 'sms'], (play) => p.askForCode(play)),
  'the owner asks for recovery': awaiting(['magiclink'], async (play) => {
    if (play.by === 'email') await p.recover(play)
  }),
  async 'the owner sends again'(play) {
    if (play.awaited.size > 0) await p.sendAgain(play)
  },
} as const satisfies Record<string, Move>

/** The latest that the owner waits for: then the address is proven. */
export async function followLatest(play: Play): Promise<void> {
  const letter = (await p.lettersTo(play, play.contact)).find(({ type }) => play.awaited.has(type))
  if (letter && !play.owner) play.owner = p.sessionIn(await p.follow(play, letter))
}

/** Ways to end it; all prove the address to be the owner's. */
export const PROOFS = {
  'by the latest letter': async (play) => {
    await followLatest(play)
    if (play.owner) return
    await OWNER['the owner asks for a code'](play)
    await followLatest(play)
  },
  'by a code': async (play) => {
    await OWNER['the owner asks for a code'](play)
    await followLatest(play)
  },
  'by a sign-up and its letter': async (play) => {
    await OWNER['the owner signs up'](play)
    await followLatest(play)
  },
  'by recovery': async (play) => {
    await OWNER['the owner asks for recovery'](play)
    await followLatest(play)
    // Of nobody there is nothing to recover.
    if (!play.owner) await PROOFS['by a code'](play)
  },
  'by a provider': async (play) => {
    const person = { provider: SURE, sub: play.subs.owner, email: play.contact }
    if (play.by === 'email') play.owner ??= p.sessionIn(await p.comeBy(play, person))
    else await PROOFS['by a code'](play)
  },
} as const satisfies Record<string, Move>

export type MoveName = keyof typeof STRANGER | keyof typeof OWNER
export type ProofName = keyof typeof PROOFS
export const MOVES: Readonly<Record<MoveName, Move>> = { ...STRANGER, ...OWNER }
