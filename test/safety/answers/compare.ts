/** One case asked twice: of the runtime, and of Postgres as a person would. */
import type { RestResponse } from '@cascata/runtime/rest/contract'
import type { Rest } from '@cascata/runtime/rest/routes'
import { createSession } from '@cascata/runtime/session/session'
import type { ReservedSql } from 'postgres'
import type { Asked, Case } from './case.ts'
import { requestOf } from './request.ts'
import { tableOf, WRITABLE } from './tables.ts'
import { literal, type Twin, twinOf } from './twin.ts'
import { STATE_SQL } from './world.ts'

/** What somebody is told, and what is there afterwards. */
type Seen = { code: string | null; rows: unknown; count: number | null; state: string }

export type Difference = {
  seed: number
  at: number
  role: string
  claims: object
  request: string
  body: string | null
  sql: string
  wanted: Seen
  got: Seen
  status: number
}

export type Sides = { owner: ReservedSql; rest: Rest }

export async function compared({ role, claims, asked }: Case, { owner, rest }: Sides) {
  const twin = twinOf(asked)
  const before = await stateOf(owner)
  let wanted = await askPostgres(owner, { role, claims, asked, twin, before, hidden: false })
  const input = requestOf(asked)
  const session = createSession({ role, claims, anonRole: 'anon' })
  const response = await rest.handle(input, session, new AbortController().signal)
  const got = { ...told(response, asked), state: await stateOf(owner) }
  // Where no row can come, Postgres does not plan what would be done with it, nor ask for the right to.
  if (twin.readOnly && wanted.code === '42501' && !(got.code ?? '').startsWith('42')) {
    wanted = await askPostgres(owner, { role, claims, asked, twin, before, hidden: true })
  }
  const outcome = wanted.code !== null ? 'refused' : wanted.state !== before ? 'changed' : 'answered'
  if (same(wanted, got, asked)) return { outcome, difference: null }
  const request = `${input.method} ${input.path}?${decodeURIComponent(input.query)} ${JSON.stringify(input.headers)}`
  const difference = {
    role,
    claims,
    request,
    body: input.body === null ? null : input.body.toString(),
    sql: twin.sql,
    wanted,
    got,
    status: response.status,
  }
  return { outcome, difference }
}

const stateOf = async (owner: ReservedSql): Promise<string> => {
  const [row] = await owner.unsafe(STATE_SQL)
  return String(row?.state)
}

type Question = Pick<Case, 'role' | 'claims' | 'asked'> & {
  twin: Twin
  before: string
  /** Each table that the role may not read is shown to it as one without rows. */
  hidden: boolean
}

const hiddenSql = (role: string): string =>
  WRITABLE.map((table) => {
    const columns = Object.keys(tableOf(table).columns)
    const may = columns
      .map((column) => `has_column_privilege('${role}', '${table}', '${column}', 'select')`)
      .join(' and ')
    return `do $$ begin if not (${may}) then grant select on ${table} to ${role}; alter table ${table} enable row level security;
      create policy hidden on ${table} as restrictive for select to ${role} using (false); end if; end $$`
  }).join('; ')

/** In one transaction that is taken back: nothing of it stays for the other side to meet. */
async function askPostgres(
  owner: ReservedSql,
  { role, claims, asked, twin, before, hidden }: Question,
): Promise<Seen> {
  const prepared = hidden ? `begin; ${hiddenSql(role)}` : `begin${twin.readOnly ? ' read only' : ''}`
  const start = `${prepared}; set local search_path = public; set local request.jwt.claims = ${literal(claims)}; set local role ${role}`
  const refused = (code: string): Seen => ({ code, rows: null, count: null, state: before })
  await owner.unsafe(start).simple()
  try {
    const answer = await owner.unsafe(twin.sql)
    const [counted] = twin.count === null ? [] : await owner.unsafe(twin.count)
    const rows: unknown = answer[0]?.rows === undefined ? null : JSON.parse(String(answer[0].rows))
    const affected = Array.isArray(rows) ? rows.length : answer.count
    if (counted !== undefined && (asked.node.offset ?? 0) > Number(counted.count)) return refused('PGRST103')
    if ('one' in asked && asked.one && affected !== 1) return refused('PGRST116')
    const limit = 'affectedMax' in asked ? asked.affectedMax : null
    if (limit !== null && affected > limit) return refused('PGRST124')
    await owner.unsafe('reset role')
    const writes = asked.do !== 'read' && asked.do !== 'call' && 'count' in asked && asked.count
    return {
      code: null,
      rows,
      count: counted === undefined ? (writes ? affected : null) : Number(counted.count),
      state: await stateOf(owner),
    }
  } catch (error) {
    if (typeof error === 'object' && error !== null && 'code' in error) return refused(String(error.code))
    throw error
  } finally {
    await owner.unsafe('rollback')
  }
}

function told({ status, headers, body }: RestResponse, asked: Asked): Omit<Seen, 'state'> {
  const text = body === null ? '' : body.toString()
  if (status >= 400 || status === 300) return { code: String(JSON.parse(text).code), rows: null, count: null }
  const range = headers.find(([name]) => name === 'Content-Range')?.[1]
  const total = range === undefined ? '*' : range.slice(range.indexOf('/') + 1)
  const one = 'one' in asked && asked.one
  const rows: unknown = text === '' ? null : JSON.parse(text)
  return {
    code: null,
    rows: one && rows !== null ? [rows] : rows,
    count: total === '*' ? null : Number(total),
  }
}

/** Keys in order: an embed is jsonb on one side. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, plain(inner)]),
  )
}

/** What is read in no order has none. */
function textOf(rows: unknown, asked: Asked): string {
  const isOrdered = asked.node.order.length > 0
  if (!Array.isArray(rows) || isOrdered) return JSON.stringify(plain(rows))
  return JSON.stringify(rows.map((row) => JSON.stringify(plain(row))).sort())
}

/** Values that no type takes are met at another moment by a literal than by a parameter: then one refusal is as good as another. */
const UNREADABLE = ['22P02', '22007', '22008']

function same(wanted: Seen, got: Seen, asked: Asked): boolean {
  if (wanted.state !== got.state) return false
  if (wanted.code !== got.code) {
    // A body is not even read for an update that meets no row.
    const unread = asked.do === 'update' && UNREADABLE.includes(wanted.code ?? '')
    if (unread && got.code === null && (got.rows === null || textOf(got.rows, asked) === '[]')) return true
    const either = [wanted.code ?? '', got.code ?? '']
    return !either.includes('') && either.some((code) => UNREADABLE.includes(code))
  }
  if (wanted.count !== got.count) return false
  return textOf(wanted.rows, asked) === textOf(got.rows, asked)
}
