/**
 * Ten thousand requests of different people on three shared connections, over HTTP, among functions that leave in the
 * session whatever they can, errors, timeouts and callers who hang up: each sees its own claims and rows, in a session
 * as clean as a new one.
 */
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testConfig } from '../harness/config.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { type RestRuntime, startRestRuntime, tokenOf } from '../harness/rest-runtime.ts'
import { type Chance, chanceOf } from '../harness/seeded.ts'

const REQUESTS = testConfig.size === 'full' ? 10_000 : 2_500
const AT_ONCE = 32
const TIMEOUT_MS = 2_000
const SOILS = [
  'claims',
  'role',
  'config-role',
  'settings',
  'zone',
  'temp',
  'lock',
  'listen',
  'cursor',
  'prepare',
  'steal-name',
  'deallocate',
  'draw',
  'random',
]

let pg: TestPostgres
let runtime: RestRuntime
const tokens = new Map<string, string>()

beforeAll(async () => {
  pg = await startPostgres()
  await pg
    .as('postgres')
    .unsafe(readFileSync(new URL('leaks/schema.sql', import.meta.url), 'utf8'))
    .simple()
  // Supabase's roles bring a timeout of their own, which goes before the project's.
  for (const role of ['anon', 'authenticated', 'service_role']) {
    await pg.admin().unsafe(`alter role ${role} set statement_timeout = '${TIMEOUT_MS}ms'`)
  }
  runtime = await startRestRuntime(pg, { limits: { statementTimeoutMs: TIMEOUT_MS } })
  for (const { role, sub } of PEOPLE) tokens.set(`${role} ${sub}`, await tokenOf({ role, sub: String(sub) }))
})
afterAll(async () => {
  await runtime?.stop()
  await pg?.stop()
})

type Person = { role: string; sub: number }
const PEOPLE: Person[] = Array.from({ length: 60 }, (_, at) => ({
  role: ['authenticated', 'anon', 'service_role'][at % 3] ?? 'anon',
  sub: at % 50,
}))
const tokenFor = ({ role, sub }: Person): string => tokens.get(`${role} ${sub}`) ?? ''

/** What a person sees who is alone in the world. */
const cleanFor = ({ role, sub }: Person, mine: string) => ({
  ...{
    role,
    sub: String(sub),
    rows: role === 'service_role' ? 500 : 10,
    method: 'POST',
    header: mine,
    secret: '',
  },
  ...{ temp: 0, locks: 0, channels: 0, cursors: 0, memory: '4MB', path: 'public, public, extensions' },
  ...{
    zone: 'UTC',
    timeout: `${TIMEOUT_MS / 1000}s`,
    row_security: 'on',
    replica: 'origin',
    readonly: 'off',
  },
})

const tally: Record<string, number> = {}
const count = (what: string) => {
  tally[what] = (tally[what] ?? 0) + 1
}
const wrong: string[] = []
const note = (what: string, seen: unknown) => wrong.push(`${what}: ${JSON.stringify(seen)}`)

async function looks(person: Person, at: number): Promise<void> {
  count('look')
  const reply = await runtime.ask('/rpc/look', {
    method: 'POST',
    token: tokenFor(person),
    headers: { 'x-mine': String(at) },
  })
  const seen = reply.status === 200 ? JSON.parse(reply.text) : reply
  const expected: Record<string, unknown> = {
    ...template,
    ...cleanFor(person, String(at)),
    path: template.path,
    zone: template.zone,
    memory: template.memory,
  }
  if (JSON.stringify(sorted(seen)) !== JSON.stringify(sorted(expected)))
    note(`look of ${person.role} ${person.sub}`, seen)
}

const sorted = (value: object) => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))

async function reads(person: Person): Promise<void> {
  count('read')
  const reply = await runtime.ask('/note?select=id,owner,body&order=id', { token: tokenFor(person) })
  const rows: { owner: number }[] = reply.status === 200 ? JSON.parse(reply.text) : []
  const expected = person.role === 'service_role' ? 500 : 10
  if (rows.length !== expected || (expected === 10 && rows.some(({ owner }) => owner !== person.sub)))
    note(`read of ${person.role} ${person.sub}`, reply)
}

async function soils(person: Person, chance: Chance): Promise<void> {
  const how = chance.pick(SOILS)
  const then = chance.happens(0.3) ? 'fail' : chance.happens(0.015) ? 'sleep' : 'return'
  count(then === 'return' ? 'soiled' : then)
  const get = chance.happens(0.2)
  const path = get ? `/rpc/soil?how=${how}&then_do=${then}` : '/rpc/soil'
  const body = get ? {} : { body: { how, then_do: then } }
  const { status, text } = await runtime.ask(path, {
    method: get ? 'GET' : 'POST',
    token: tokenFor(person),
    ...body,
  })
  const isTold = then === 'fail' ? status === 400 : then === 'sleep' ? status === 500 : status === 200
  // In a transaction that reads, some of it cannot be done; that is told as well.
  if (!isTold && !(get && (status === 405 || status === 400)))
    note(`soil ${how} then ${then}`, { status, text })
}

async function leaves(person: Person, chance: Chance): Promise<void> {
  count('left')
  const abort = new AbortController()
  const asked = runtime.ask('/rpc/soil', {
    method: 'POST',
    token: tokenFor(person),
    body: { how: chance.pick(SOILS), then_do: 'sleep' },
    signal: abort.signal,
  })
  setTimeout(() => abort.abort(), 1 + chance.below(40))
  await asked.catch(() => undefined)
}

async function fails(person: Person): Promise<void> {
  count('error')
  const { status } = await runtime.ask('/note?select=nobody', { token: tokenFor(person) })
  if (status !== 400) note('a column of nobody', status)
}

let template: Record<string, unknown> = {}

describe('ten thousand requests of different people', () => {
  test('see their own claims and rows, and nothing that others left', async () => {
    const [first] = PEOPLE
    if (first === undefined) throw new Error('nobody')
    // The defaults of this server: what a session is like before anybody did anything in it.
    template = JSON.parse(
      (await runtime.ask('/rpc/look', { method: 'POST', token: tokenFor(first), headers: { 'x-mine': '0' } }))
        .text,
    )
    expect(template).toMatchObject({
      temp: 0,
      locks: 0,
      channels: 0,
      cursors: 0,
      secret: '',
      timeout: `${TIMEOUT_MS / 1000}s`,
    })
    const chance = chanceOf(testConfig.seed ?? 7)
    let next = 0
    const worker = async () => {
      while (next < REQUESTS) {
        const at = next++
        const person = chance.pick(PEOPLE)
        const what = chance.next()
        if (what < 0.45) await looks(person, at)
        else if (what < 0.65) await reads(person)
        else if (what < 0.9) await soils(person, chance)
        else if (what < 0.95) await fails(person)
        else await leaves(person, chance)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    process.stdout.write(`leaks: ${JSON.stringify(tally)}\n`)
    expect(wrong.slice(0, 20)).toEqual([])
    expect(runtime.records.filter(({ msg }) => msg === 'unexpected failure')).toEqual([])
  })

  test('and those sent in one breath on one connection are answered in order, each to its own', async () => {
    const people = Array.from(
      { length: 300 },
      (_, at) => PEOPLE[at % PEOPLE.length] ?? { role: 'anon', sub: 0 },
    )
    const texts = people.map((person, at) =>
      at % 4 === 3
        ? `POST /rest/v1/rpc/soil HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${tokenFor(person)}\r\ncontent-type: application/json\r\ncontent-length: 16\r\n\r\n{"how":"claims"}`
        : `GET /rest/v1/note?select=owner&limit=1&tag=${at} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${tokenFor(person)}\r\n\r\n`.replace(
            `&tag=${at}`,
            '',
          ),
    )
    const answer = await pipelined(runtime.socketPath, texts.join(''), people.length)
    const bodies = answer
      .split(/HTTP\/1\.1 /)
      .slice(1)
      .map((each) => each.slice(each.indexOf('\r\n\r\n') + 4))
    const expected = people.map(({ role, sub }, at) =>
      at % 4 === 3
        ? '"done"'
        : role === 'service_role'
          ? expect.stringMatching(/^\[\{"owner":\d+\}\]$/)
          : `[{"owner":${sub}}]`,
    )
    expect(bodies).toEqual(expected)
  })
})

/** Everything that comes back until so many answers have. */
function pipelined(socketPath: string, text: string, answers: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect(socketPath)
  let heard = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    heard += chunk
    if (heard.split('HTTP/1.1 ').length > answers && /\r\n\r\n[\s\S]*[\]"]$/.test(heard)) socket.end()
  })
  socket.on('close', () => resolve(heard)).on('error', reject)
  socket.write(text)
  return promise
}
