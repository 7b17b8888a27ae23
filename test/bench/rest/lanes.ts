/** The ways to have a case done: each can be run for some seconds, and says what it cost. */
import type { Sql } from 'postgres'
import type { Meter } from '../meters.ts'
import type { Weighed } from '../weigh.ts'
import { CASES, type CaseName } from './cases.ts'
import type { Dialect } from './dialect.ts'
import { h2load, type Target } from './h2load.ts'
import type { Pgbench } from './pgbench.ts'
import type { LoadRun } from './run.ts'
import { askOnce, verifyAnswer } from './verify.ts'

export type Size = { connections: number; seconds: number }

export type Lane = {
  name: string
  /** What serves besides the database; nothing for pgbench. */
  server: Meter | undefined
  can(name: CaseName): boolean
  /** @throws when any answer is no success, or a sample is not the truth. */
  run(name: CaseName, size: Size): Promise<LoadRun>
  /** For a lane whose every run makes its connections anew: that alone, so that it can be taken off. */
  connect?(name: CaseName, size: Size): Promise<LoadRun>
}

export function pgbenchLane(pgbench: Pgbench, settings: Record<string, string>): Lane {
  return {
    name: 'pgbench, one trip',
    server: undefined,
    can: () => true,
    run: (name, size) => pgbench.run({ ...CASES[name], settings }, size),
    connect: (name, size) => pgbench.run({ ...CASES[name], settings }, { ...size, seconds: 'once' }),
  }
}

export type HttpLane = {
  name: string
  target: Target
  /** Who sends the load. */
  by: Weighed
  dialect: Dialect
  token: string
  server: Meter
  admin: Sql
}

export function httpLane({ name: lane, target, by, dialect, token, server, admin }: HttpLane): Lane {
  const sample = async (name: CaseName) => {
    const ask = dialect[name]
    if (!ask) throw new Error(`${lane} cannot do ${name}`)
    const headers = { Authorization: `Bearer ${token}`, Accept: 'application/json', ...ask.headers }
    const [value = 0] = CASES[name].values()
    const body = ask.body === undefined ? {} : { body: ask.body }
    const reply = await askOnce({ target, path: ask.path(value), headers, ...body })
    await verifyAnswer(admin, { of: CASES[name], ask, value, reply })
    return { paths: CASES[name].values().map(ask.path), headers, ...body }
  }
  return {
    name: lane,
    server,
    can: (name) => dialect[name] !== undefined,
    async run(name, size) {
      try {
        return await h2load({ target, by, ...(await sample(name)), ...size })
      } catch (error) {
        throw new Error(`${lane}, ${CASES[name].title}`, { cause: error })
      }
    },
  }
}
