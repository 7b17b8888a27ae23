import { beforeEach, describe, expect, test } from 'vitest'
import { type Database, DatabaseUnavailable, PostgresError, type Turn } from '../session/database.ts'
import { createSession } from '../session/session.ts'
import { PLAN_COST_KEPT_MS } from './contract.ts'
import { type Asked, CostGate } from './cost.ts'
import { preparedOf, SAMPLE, SETTINGS } from './rest-harness.ts'

const COST_MAX = 100

let turns: Turn[]
let now: number
let gate: CostGate
/** What the planner says: of a shape, and of a request with its values. */
let costs: { shape: number | Error; request: number | Error }

beforeEach(() => {
  turns = []
  now = 0
  gate = new CostGate(() => now)
  costs = { shape: 10, request: 10 }
})

const isGeneric = ({ before }: Turn) => before !== undefined

const database: Database = {
  async run(turn) {
    turns.push(turn)
    const cost = isGeneric(turn) ? costs.shape : costs.request
    if (cost instanceof Error) throw cost
    const text = isGeneric(turn) ? String(cost) : JSON.stringify([{ Plan: { 'Total Cost': cost } }])
    return { columns: ['c'], rows: [[Buffer.from(text)]], rowCount: 1 }
  },
  listen: async () => ({ close: async () => {} }),
  close: async () => {},
}

const prepared = preparedOf({ line: 'GET /book?id=gt.1&limit=5' })

const asked = (role = 'anon', of = prepared): Asked => ({
  ...of,
  execution: {
    database,
    cache: SAMPLE,
    settings: SETTINGS,
    session: createSession({ role, claims: { role }, anonRole: 'anon' }),
    input: { method: 'GET', path: '/book', query: '', headers: {}, body: null },
    timeoutMs: 1_000,
    readOnly: false,
  },
})

const admit = (of: Asked = asked()) => gate.admit(of, COST_MAX, new AbortController().signal)
const asking = () => turns.map((turn) => (isGeneric(turn) ? 'shape' : 'request'))

describe('a shape that is cheap', () => {
  test('is asked about once, also by those who come at once', async () => {
    await Promise.all([admit(), admit(), admit()])
    await admit()
    expect(asking()).toEqual(['shape'])
  })

  test('is asked about again after a while, for tables grow', async () => {
    await admit()
    now += PLAN_COST_KEPT_MS
    costs = { shape: 1_000, request: 1_000 }
    await expect(admit()).rejects.toMatchObject({ code: 'plan-cost-exceeded' })
    expect(asking()).toEqual(['shape', 'shape', 'request'])
  })

  test('is asked about for each role: policies make another statement of it', async () => {
    await admit(asked('anon'))
    await admit(asked('service_role'))
    await admit(asked('anon'))
    expect(asking()).toEqual(['shape', 'shape'])
  })
})

describe('a shape that may be dear', () => {
  test('has each request planned with its values', async () => {
    costs = { shape: 1_000, request: 20 }
    await admit()
    await admit()
    expect(asking()).toEqual(['shape', 'request', 'request'])
  })

  test('is refused where the values make it so, with both numbers', async () => {
    costs = { shape: 1_000, request: 812.4 }
    await expect(admit()).rejects.toMatchObject({
      status: 400,
      message: 'The planner puts the cost of this request at 813; this project allows 100.',
    })
  })
})

describe('what cannot be asked', () => {
  const refused = new PostgresError({ code: '42601', message: 'unrecognized EXPLAIN option "generic_plan"' })

  test('of the shape alone, as before Postgres 16: each request is planned with its values', async () => {
    costs = { shape: refused, request: 1_000 }
    await expect(admit()).rejects.toMatchObject({ code: 'plan-cost-exceeded' })
    costs.request = 20
    await admit()
    expect(asking()).toEqual(['shape', 'request', 'request'])
  })

  test('at all is let by: the statement will say why', async () => {
    costs = { shape: refused, request: refused }
    await admit()
  })

  test('because the database is away is said at once, and asked again by the next', async () => {
    costs.shape = new DatabaseUnavailable('unreachable', 'away')
    await expect(admit()).rejects.toBe(costs.shape)
    costs.shape = 10
    await admit()
    expect(asking()).toEqual(['shape', 'shape'])
  })
})

describe('what is asked', () => {
  test('of a shape: no limit, no value, nothing carried out', async () => {
    await admit()
    const [turn] = turns
    const statement = new Map(turn?.settings).get('cascata.statement')
    expect(statement).toContain('"id" > $')
    expect(statement).not.toContain('limit')
    expect(turn).toMatchObject({ readOnly: true, main: { values: [] }, before: { values: [] } })
  })
})
