/**
 * The requests of the soak: the nth is always the same. More shapes, names and callers than any cache keeps, so that
 * one without a bound would be seen to grow. Pure.
 */
import { createHmac } from 'node:crypto'
import { TEAM } from '../rest/schema.ts'

export type Shot = {
  method: string
  path: string
  headers: Record<string, string>
  body?: string
  /** Statuses that are right. */
  expect: readonly number[]
  /** Hang up after so long, whatever has come. */
  abortMs?: number
}

/** Numbers from zero up to below one, the same for the same seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

const CALLERS = 6_000

/** What a shot is made of: numbers below a bound, and one of several. */
type Dice = { below(bound: number): number; of<T>(all: readonly T[]): T }

const json = { 'Content-Type': 'application/json' }
const COLUMNS = [
  'id',
  'topic',
  'body',
  'team',
  'key:id',
  'words:body',
  'subject:topic::text',
  'size:id::bigint',
]

function columns({ below, of }: Dice): string {
  const count = 1 + below(4)
  return [...new Set(Array.from({ length: count }, () => of(COLUMNS)))].join(',')
}

const topic = ({ below }: Dice) => 4 * below(2_500) + TEAM
const note = ({ below }: Dice) => 4 * below(25_000) + TEAM
const parent = ({ below }: Dice) => 2 * below(500) + TEAM

const FILTERS: readonly ((dice: Dice) => string)[] = [
  (dice) => `topic=eq.${topic(dice)}`,
  (dice) => `id=in.(${note(dice)},${note(dice)},${note(dice)})`,
  (dice) => `id=eq.${note(dice)}&team=neq.9`,
  (dice) => `topic=eq.${topic(dice)}&body=like.note*`,
  (dice) => `topic=eq.${topic(dice)}&id=gt.${dice.below(90_000)}`,
  (dice) => `or=(id.eq.${note(dice)},id.eq.${note(dice)})`,
  (dice) => `and=(topic.eq.${topic(dice)},id.not.is.null)`,
]
const ORDERS = [
  '',
  '&order=id',
  '&order=id.desc',
  '&order=body.desc.nullslast,id',
  '&limit=4',
  '&limit=3&order=id&offset=1',
]
const ACCEPTS = ['application/json', '*/*', 'text/csv', 'application/vnd.pgrst.array+json;nulls=stripped']
const EMBEDS = [
  'children(id,body)',
  'children(*)',
  'few:children(id)&few.limit=3&few.order=id',
  'children!inner(id)&children.id=gt.500',
  'children(count:id,...parents(name))&children.limit=2',
]

type Making = (dice: Dice) => Omit<Shot, 'headers' | 'expect'> & Partial<Pick<Shot, 'headers' | 'expect'>>

const read: Making = (dice) => ({
  method: dice.below(10) === 0 ? 'HEAD' : 'GET',
  path: `/notes?select=${columns(dice)}&${dice.of(FILTERS)(dice)}${dice.of(ORDERS)}`,
  headers: { Accept: dice.of(ACCEPTS) },
})

/** What most callers ask for: shapes that stay in the caches. */
const USUAL: readonly Making[] = [
  (dice) => ({ method: 'GET', path: `/notes?select=id,topic,body&id=eq.${note(dice)}` }),
  (dice) => ({ method: 'GET', path: `/notes?select=*&topic=eq.${topic(dice)}` }),
  (dice) => ({ method: 'GET', path: `/notes?select=id,body&topic=eq.${topic(dice)}&order=id&limit=5` }),
  (dice) => ({
    ...{ method: 'GET', path: `/notes?select=id,body&id=eq.${note(dice)}` },
    headers: { Accept: 'application/vnd.pgrst.object+json' },
  }),
  (dice) => ({ method: 'GET', path: `/parents?id=eq.${parent(dice)}&select=id,name,children(id,body)` }),
]
const usual: Making = (dice) => dice.of(USUAL)(dice)

const embed: Making = (dice) => ({
  method: 'GET',
  path: `/parents?id=eq.${parent(dice)}&select=id,name,${dice.of(EMBEDS)}`,
})

const count: Making = (dice) => ({
  method: 'GET',
  path: `/notes?select=${dice.of(COLUMNS)}&topic=eq.${topic(dice)}&limit=5`,
  headers: { Prefer: `count=${dice.of(['exact', 'exact', 'planned', 'estimated'])}` },
  expect: [200, 206],
})

const insert: Making = (dice) => {
  const rows = Array.from({ length: dice.of([1, 1, 3]) }, () => ({
    ...{ team: TEAM, topic: dice.below(1_000), body: 'x'.repeat(dice.below(200)) },
  }))
  return {
    method: 'POST',
    path: `/events${dice.of(['', '?select=id,body', '?columns=team,topic,body'])}`,
    headers: { ...json, Prefer: `return=${dice.of(['minimal', 'representation', 'headers-only'])}` },
    body: JSON.stringify(rows.length === 1 ? rows[0] : rows),
    expect: [201],
  }
}

const upsert: Making = (dice) => {
  const id = note(dice)
  return {
    method: 'POST',
    path: '/notes?on_conflict=id',
    headers: { ...json, Prefer: `resolution=${dice.of(['merge', 'ignore'])}-duplicates` },
    body: JSON.stringify({ id, team: TEAM, topic: id % 10_000, body: `again ${dice.below(1_000)}` }),
    expect: [200, 201],
  }
}

const update: Making = (dice) => ({
  method: 'PATCH',
  path: `/events?topic=eq.${dice.below(1_000)}`,
  headers: { ...json, Prefer: `return=${dice.of(['minimal', 'representation'])}` },
  body: JSON.stringify({ body: 'y'.repeat(dice.below(100)) }),
  expect: [200, 204],
})

const remove: Making = (dice) => ({
  method: 'DELETE',
  path: `/events?topic=eq.${dice.below(1_000)}`,
  expect: [204],
})

const call: Making = (dice) =>
  dice.below(2) === 0
    ? { method: 'GET', path: `/rpc/topic_size?topic=${topic(dice)}` }
    : { method: 'POST', path: '/rpc/topic_size', headers: json, body: JSON.stringify({ topic: topic(dice) }) }

const MISTAKES: readonly Making[] = [
  (dice) => ({ method: 'GET', path: `/nothing_${dice.below(1e9)}?select=id`, expect: [404] }),
  (dice) => ({ method: 'GET', path: `/notes?select=none_${dice.below(1e9)}`, expect: [400] }),
  (dice) => ({ method: 'GET', path: `/notes?none_${dice.below(1e9)}=eq.1`, expect: [400] }),
  (dice) => ({ method: 'GET', path: `/notes?id=wrong_${dice.below(1e9)}.5`, expect: [400] }),
  (dice) => ({
    method: 'POST',
    path: `/rpc/none_${dice.below(1e9)}`,
    headers: json,
    body: '{}',
    expect: [404],
  }),
  () => ({ method: 'POST', path: '/events', headers: json, body: '{"team":1,', expect: [400] }),
  () => ({
    method: 'POST',
    path: '/events',
    headers: json,
    body: '{"team":2,"topic":1,"body":""}',
    expect: [403],
  }),
  () => ({ method: 'PATCH', path: '/notes?id=eq.1', headers: json, body: '{"topic":"x"}', expect: [400] }),
  (dice) => ({
    ...{ method: 'GET', path: `/notes?topic=eq.${topic(dice)}`, expect: [406] },
    headers: { Accept: 'application/vnd.pgrst.object+json' },
  }),
  (dice) => ({
    ...{ method: 'GET', path: '/notes?limit=1', expect: [401] },
    headers: { Authorization: `Bearer a.b.c${dice.below(1e9)}` },
  }),
  () => ({ method: 'GET', path: `/notes?select=${'id,'.repeat(6_000)}id`, expect: [414] }),
]

const KINDS: readonly [share: number, make: Making][] = [
  ...([
    [42, usual],
    [6, read],
    [4, embed],
    [8, count],
    [10, insert],
    [3, upsert],
    [5, update],
    [7, remove],
    [7, call],
  ] as [number, Making][]),
  [8, (dice) => dice.of(MISTAKES)(dice)],
]
const SHARES = KINDS.reduce((sum, [share]) => sum + share, 0)
/** One of so many is not waited for. */
const ABORTED_OF = 50

export const shotAt = (n: number, secret: string): Shot => {
  const dice = diceOf(n)
  return loaded(kindAt(dice.below(SHARES))(dice), dice, secret)
}

/** Of the first requests, before any is counted: rare shapes alone, so that what keeps them is soon full. */
export const fillingShotAt = (n: number, secret: string): Shot => {
  const dice = diceOf(-1 - n)
  return loaded(dice.of([read, read, embed])(dice), dice, secret)
}

function diceOf(seed: number): Dice {
  const random = randomOf(seed)
  const below = (bound: number) => Math.floor(random() * bound)
  return { below, of: (all) => all[below(all.length)] as (typeof all)[number] }
}

function loaded(made: ReturnType<Making>, { below }: Dice, secret: string): Shot {
  const headers = { Authorization: `Bearer ${tokenOf(below(CALLERS), secret)}`, ...made.headers }
  const abort = below(ABORTED_OF) === 0 ? { abortMs: below(4) } : {}
  return { expect: [200, 206], ...made, headers, path: `/rest/v1${made.path}`, ...abort }
}

function kindAt(mark: number): Making {
  let left = mark
  for (const [share, make] of KINDS) {
    if (left < share) return make
    left -= share
  }
  return usual
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
const HEAD = encode({ alg: 'HS256', typ: 'JWT' })
/** The year 2100: a caller's token is the same whenever the soak runs. */
const EXP = 4_102_444_800

function tokenOf(caller: number, secret: string): string {
  const body = encode({ role: 'authenticated', sub: String(caller), team: TEAM, exp: EXP })
  return `${HEAD}.${body}.${createHmac('sha256', secret).update(`${HEAD}.${body}`).digest('base64url')}`
}
