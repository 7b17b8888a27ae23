/**
 * No text of a caller's reaches SQL outside a parameter or a quoted name of a column: hostile requests of the whole
 * grammar, judged by Postgres' own parser.
 *
 * Everyday size fits into CI; CASCATA_TEST_SIZE=full takes a million. CASCATA_SEED replays a run.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { DEFAULT_LIMITS, type RestRequestInput } from '@cascata/runtime/rest/contract'
import { RestError } from '@cascata/runtime/rest/errors'
import { outlineOf } from '@cascata/runtime/rest/outline/outline-of'
import { Recall, type Recalled } from '@cascata/runtime/rest/outline/recall'
import type { Plan } from '@cascata/runtime/rest/plan/types'
import { bind, prepare } from '@cascata/runtime/rest/prepared'
import { parseRequest } from '@cascata/runtime/rest/request/request'
import type { RestRequest } from '@cascata/runtime/rest/request/types'
import { loadSchemaCache } from '@cascata/runtime/rest/schema/load'
import type { SchemaCache } from '@cascata/runtime/rest/schema/types'
import type { Parameter } from '@cascata/runtime/session/database'
import { openDatabase } from '@cascata/runtime/wire/open'
import { RestSettings } from '@cascata/shared/project-document'
import fc from 'fast-check'
import { loadModule } from 'libpg-query'
import { beforeAll, expect, test } from 'vitest'
import { testConfig } from '../harness/config.ts'
import { startPostgres } from '../harness/postgres.ts'
import { wellFormed } from './injection/grammar.ts'
import { hostile } from './injection/hostile.ts'
import { type Found, Judge } from './injection/judge.ts'
import { AS_IS, PLAIN_VALUES, plainNames, toInput } from './injection/pieces.ts'
import { KNOWN } from './injection/tables.ts'
import { type Vocabulary, vocabularyOf } from './injection/vocabulary.ts'

const RUNS = testConfig.size === 'full' ? 1_000_000 : 25_000
const SEED = testConfig.seed ?? 1
const settings = RestSettings.parse({
  schemas: ['public', 'other'],
  aggregates: true,
  plan: true,
  maxRows: 1000,
})
const context = { settings, limits: DEFAULT_LIMITS, timezones: new Set(['UTC']) }
const ROUTINES = [
  'books_by',
  'add_up',
  'whole',
  'raw_text',
  'raw_bytes',
  'nothing',
  "fn';--",
  'best',
  'spine',
]

let cache: SchemaCache
let known: Vocabulary
/** Names that another may not stand for. */
let meaningful: ReadonlySet<string>
const tally = { requests: 0, accepted: 0, refused: 0, twins: 0, recalled: 0, texts: 0 }
const refusals = new Map<string, number>()

beforeAll(async () => {
  await loadModule()
  const pg = await startPostgres()
  try {
    await pg
      .as('postgres')
      .unsafe(readFileSync(new URL('injection/schema.sql', import.meta.url), 'utf8'))
      .simple()
    const login = { user: 'authenticator', password: pg.passwords.authenticator }
    const database = openDatabase({ host: pg.socketDir, port: 5432, database: 'postgres', ...login })
    cache = await loadSchemaCache(database, settings)
    await database.close()
  } finally {
    await pg.stop()
  }
  known = vocabularyOf(cache, ROUTINES)
  meaningful = new Set([...KNOWN, ...known.names])
})

type Stated = { text: string; values: readonly Parameter[]; plan: Plan; request: RestRequest }

/** The statement of a request, or the code it is refused with. What is thrown otherwise fails the test. */
function stated(input: RestRequestInput): Stated | string {
  try {
    const request = parseRequest(input, context)
    if (request.action.kind === 'root' || request.action.kind === 'describe') return 'root'
    const prepared = prepare(cache, request, settings)
    const { plan } = prepared
    const statement = bind(prepared.main, request.values)
    recalls(input, { request, prepared }, statement)
    if (plan.kind === 'read' && request.preferences.count !== null) {
      judged({ ...bind(prepared.estimate(), request.values), plan, request })
    }
    return { ...statement, plan, request }
  } catch (error) {
    if (!(error instanceof RestError)) throw error
    const isCode = /^PGRST\d{3}$/.test(error.code) || error.code === '42704'
    if (!isCode || !(error.status === 300 || (error.status >= 400 && error.status < 500))) throw error
    return error.code
  }
}

const recall = new Recall(1_000)

/** What is remembered by its outline gives the same statement and values as what is parsed. */
function recalls(input: RestRequestInput, fresh: Recalled, statement: Pick<Stated, 'text' | 'values'>): void {
  const outline = outlineOf(input)
  if (outline === null) return
  // Parsed, an offset of nothing is none; remembered, it is one of nothing.
  if (outline.pieces.some(({ hole }) => hole?.kind === 'offset' && hole.value === 0)) return
  const known = recall.find(outline, cache, settings)
  if (known === null) {
    recall.learn(outline, fresh)
    return
  }
  tally.recalled += 1
  const { text, values } = bind(known.prepared.main, known.request.values)
  expect(JSON.stringify([text, values])).toBe(JSON.stringify([statement.text, statement.values]))
}

/** Every text in the request's names; its values are not among them. */
function namesOf(value: unknown, found: string[] = []): string[] {
  if (typeof value === 'string') found.push(value)
  else if (Array.isArray(value)) for (const each of value) namesOf(each, found)
  else if (typeof value === 'object' && value !== null)
    for (const each of Object.values(value)) namesOf(each, found)
  return found
}

const digest = (text: string): string => createHash('sha1').update(text).digest('base64')
/** Statements seen, and the digest of their skeletons. */
const seen = new Map<string, string>()

function judged({ text, values, plan, request }: Stated): string {
  const key = digest(text)
  const before = seen.get(key)
  if (before !== undefined) return before
  const found = judgeOf(text, request)
  const faults = [...found.faults, ...faultsOfKind(found, plan)]
  for (let number = 1; number <= values.length; number++)
    if (!found.parameters.has(number)) faults.push(`no $${number}`)
  if (found.parameters.size !== values.length)
    faults.push(`${found.parameters.size} parameters, ${values.length} values`)
  if (faults.length > 0) throw new Error(`${faults.join('; ')}\n${text}`)
  const skeleton = digest(found.skeleton)
  seen.set(key, skeleton)
  tally.texts += 1
  return skeleton
}

const judgeOf = (text: string, { query }: RestRequest): Found => {
  try {
    return new Judge(known, namesOf(query)).judge(text)
  } catch (error) {
    throw new Error(`${String(error)}\n${text}`)
  }
}

/** A read writes nothing, a write writes its table once, a call calls its function. */
function faultsOfKind({ writes, functions }: Found, plan: Plan): string[] {
  if (plan.kind === 'call') {
    const { schema, name } = plan.call.routine
    return [...writes, ...(functions.has(`${schema}.${name}`) ? [] : ['the function is not called'])]
  }
  if (plan.kind === 'read') return writes
  const { kind, table } = plan.mutation
  const nothing = kind === 'update' && plan.mutation.columns.length === 0
  const wanted = nothing ? '' : `${kind} ${table.schema}.${table.name}`
  return writes.join() === wanted ? [] : [`${writes.join()} instead of ${wanted}`]
}

function examine(input: RestRequestInput): Stated | string {
  tally.requests += 1
  const result = stated(input)
  if (typeof result === 'string') {
    tally.refused += 1
    refusals.set(result, (refusals.get(result) ?? 0) + 1)
  } else {
    tally.accepted += 1
    judged(result)
  }
  return result
}

const options = { seed: SEED, endOnFailure: false }

test('a request with hostile names and values is one statement of known parts, and of one shape with its harmless twin', () => {
  fc.assert(
    fc.property(wellFormed, (written) => {
      const input = toInput(written, AS_IS)
      const result = examine(input)
      if (typeof result === 'string') return
      // A NUL ends a text, and with it the quotes around it; and whether a value is an argument or a filter on what a
      // function returns is told by the value alone. Such a request has no twin.
      const isByValue = input.method === 'GET' && input.path.startsWith('/rpc/')
      if (input.query.includes('%00') || isByValue || written.body?.as === 'raw') return
      tally.twins += 1
      const other = stated(toInput(written, PLAIN_VALUES))
      expect(typeof other === 'string' ? other : other.text).toBe(result.text)
      const renamed = stated(toInput(written, plainNames(meaningful)))
      expect(typeof renamed === 'string' ? renamed : judged(renamed)).toBe(judged(result))
    }),
    { ...options, numRuns: RUNS * 0.6 },
  )
})

test('so is one that was torn apart and stuffed with hostile text', () => {
  const cuts = fc.array(fc.tuple(fc.nat({ max: 10_000 }), fc.nat({ max: 6 }), hostile, fc.boolean()), {
    minLength: 1,
    maxLength: 3,
  })
  fc.assert(
    fc.property(wellFormed, cuts, (written, changes) => {
      const input = toInput(written, AS_IS)
      let query = input.query
      for (const [place, removed, text, raw] of changes) {
        const at = query.length === 0 ? 0 : place % query.length
        // As it came over HTTP: whatever the client did not encode is at least one byte a character.
        const piece = raw ? Buffer.from(text).toString('latin1') : encodeURIComponent(text.toWellFormed())
        query = query.slice(0, at) + piece + query.slice(at + removed)
      }
      examine({ ...input, query })
    }),
    { ...options, numRuns: RUNS * 0.4 },
  )
})

test('and enough of each were seen to say so', () => {
  const byCode = [...refusals].sort(([, a], [, b]) => b - a).map(([code, count]) => `${code} ${count}`)
  process.stdout.write(`injection, seed ${SEED}: ${JSON.stringify(tally)}; refused: ${byCode.join(', ')}\n`)
  expect(tally.requests).toBe(RUNS)
  expect(tally.accepted).toBeGreaterThan(RUNS / 4)
  expect(tally.texts).toBeGreaterThan(RUNS / 20)
})
