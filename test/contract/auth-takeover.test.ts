/**
 * A stranger makes an account of somebody else's address or number and waits for its owner. In every order of what both may
 * do, from the moment the owner has proven it nothing of the stranger's opens the account or changes it: no password,
 * session, identity, passkey, factor, and no letter in the stranger's own mailbox.
 */
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testConfig } from '../harness/config.ts'
import { judge, judgeStranger } from './takeover/judge.ts'
import { MOVES, type MoveName, OWNER, PROOFS, type ProofName, STRANGER } from './takeover/moves.ts'
import { beginPlay, type Play } from './takeover/play.ts'
import { type OpenWorld, openWorld } from './takeover/world.ts'

const isFull = testConfig.size === 'full'
const LONG_MS = isFull ? 3_600_000 : 300_000

let world: OpenWorld

// The stranger is let in without proof: so there is something to be kept out afterwards.
beforeAll(async () => {
  world = await openWorld({ email: { maxFrequencyS: 0, allowUnverifiedSignIns: true } })
})
afterAll(() => world?.stop())

type Story = { by: Play['by']; moves: readonly MoveName[]; proof: ProofName }

async function played({ by, moves, proof }: Story, judged = judgeStranger): Promise<void> {
  const play = beginPlay(world, by)
  for (const name of moves) await MOVES[name](play)
  await PROOFS[proof](play)
  await judged(play)
}

const S = (text: string) => `the stranger ${text}` as MoveName
const O = (text: string) => `the owner ${text}` as MoveName
const proofs = Object.keys(PROOFS) as ProofName[]
/** By a provider a number is proven as by a code. */
const proofsBy = {
  email: proofs,
  phone: ['by the latest letter', 'by a code', 'by a sign-up and its letter'],
}

describe('what was found once, and must not come back', () => {
  test.each<[MoveName[], ProofName, Play['by'][]]>([
    [[S('signs up')], 'by a code', ['phone', 'email']],
    [[O('asks for a code'), S('signs up')], 'by the latest letter', ['phone', 'email']],
    [[S('signs up'), O('asks for a code'), S('sends again')], 'by the latest letter', ['phone', 'email']],
    [[S('signs up'), O('asks for recovery'), S('sends again')], 'by the latest letter', ['email']],
    [[S('signs up'), S('signs in'), S('registers a passkey')], 'by a code', ['email']],
    [[S('signs up'), S('signs in'), S('registers a passkey')], 'by a sign-up and its letter', ['email']],
    [[S('signs up'), S('signs in'), S('registers a passkey')], 'by a provider', ['email']],
    [[S('signs up'), S('signs in'), S('enrols a factor')], 'by recovery', ['email']],
    [[S('signs up'), S('signs in'), S('wants another address')], 'by a provider', ['email']],
    [[S('signs up'), S('signs in'), S('wants another address')], 'by recovery', ['email']],
    [[S('signs up'), S('signs in'), S('wants another number')], 'by a code', ['email']],
    [[S('signs up'), S('signs in'), S('adds a provider')], 'by a sign-up and its letter', ['email']],
    [[S('comes by a provider'), S('registers a passkey')], 'by recovery', ['email']],
    [[S('comes by a provider'), O('asks for a code'), S('comes by a provider')], 'by a code', ['email']],
    [[S('wants the address')], 'by a sign-up and its letter', ['phone', 'email']],
  ])('%j, then %s', async (moves, proof, kinds) => {
    for (const by of kinds) await played({ by, moves, proof }, judge)
  })
})

/** All orders up to that length. */
const ordersOf = (names: readonly MoveName[], length: number): MoveName[][] =>
  length === 0
    ? [[]]
    : [[], ...ordersOf(names, length - 1).flatMap((rest) => names.map((name) => [name, ...rest]))]

const CORE: Readonly<Record<Play['by'], readonly MoveName[]>> = {
  email: [
    ...[S('signs up'), S('signs in'), S('comes by a provider'), S('sends again')],
    ...[O('signs up'), O('asks for a code')],
  ],
  phone: [S('signs up'), S('sends again'), O('signs up'), O('asks for a code')],
}

describe.each(['email', 'phone'] as const)('by %s', (by) => {
  test(`all orders of ${CORE[by].length} moves, and ways to prove it`, { timeout: LONG_MS }, async () => {
    const orders = new Map(ordersOf(CORE[by], isFull ? 4 : 2).map((moves) => [moves.join(), moves]))
    const ways = proofsBy[by] as ProofName[]
    for (const [index, moves] of [...orders.values()].entries())
      for (const proof of isFull || moves.length < 2 ? ways : ways.slice(index % ways.length).slice(0, 1))
        await played({ by, moves, proof }).catch((cause: unknown) => {
          throw new Error(`${[...moves, proof].join(', ')}: ${String(cause)}`, { cause })
        })
    expect(orders.size).toBeGreaterThan(CORE[by].length)
  })
})

test('long stories by chance', { timeout: LONG_MS }, async () => {
  const move = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(S('signs up'), S('signs in'), S('comes by a provider')) },
    { weight: 4, arbitrary: fc.constantFrom(...(Object.keys(STRANGER) as MoveName[])) },
    { weight: 3, arbitrary: fc.constantFrom(...(Object.keys(OWNER) as MoveName[])) },
  )
  const story = fc.record({
    by: fc.oneof(
      { weight: 4, arbitrary: fc.constant('email' as const) },
      { weight: 1, arbitrary: fc.constant('phone' as const) },
    ),
    moves: fc.array(move, { minLength: 2, maxLength: 8 }),
    proof: fc.constantFrom(...proofs),
  })
  const { seed } = testConfig
  await fc.assert(
    fc.asyncProperty(story, (each) => played(each)),
    {
      ...{ numRuns: isFull ? 3_000 : 40 },
      ...(seed === undefined ? {} : { seed }),
    },
  )
})
