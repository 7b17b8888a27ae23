import { PLAN_CACHE_ENTRIES_MAX } from '@cascata/runtime/rest/contract'
import { TOKENS_REMEMBERED_MAX } from '@cascata/runtime/session/limits'
import { WIRE_LIMITS } from '@cascata/runtime/wire/limits'
import { describe, expect, test } from 'vitest'
import { fillingShotAt, type Shot, shotAt } from './mix.ts'

const SECRET = 'a-secret-of-this-test-and-no-other-project'
const shots = (count: number, at: typeof shotAt) => Array.from({ length: count }, (_, n) => at(n, SECRET))
/** What plans and statements are kept by, roughly: the request without its values. */
const shapeOf = ({ method, path, headers }: Shot) =>
  `${method} ${path.replaceAll(/\d+/g, '')} ${headers.Prefer} ${headers.Accept}`
const distinct = (of: readonly unknown[]) => new Set(of).size

describe('the soak', () => {
  const first = shots(10_000, shotAt)

  test('asks the same when it is run again', () => {
    expect(shots(200, shotAt)).toEqual(first.slice(0, 200))
  })

  test('has more callers than tokens are remembered', () => {
    expect(distinct(first.map(({ headers }) => headers.Authorization))).toBeGreaterThan(TOKENS_REMEMBERED_MAX)
  })

  test('has more shapes than plans or statements are kept, before the first is counted', () => {
    const filling = shots(8_000, fillingShotAt)
    const statements = (WIRE_LIMITS.connections + WIRE_LIMITS.spareConnections) * WIRE_LIMITS.statementsMax
    expect(distinct(filling.map(shapeOf))).toBeGreaterThan(PLAN_CACHE_ENTRIES_MAX * 1.5)
    expect(filling.length).toBeGreaterThan(statements * 2)
  })

  test('reads, writes, makes mistakes and hangs up', () => {
    for (const method of ['GET', 'HEAD', 'POST', 'PATCH', 'DELETE'])
      expect(first.some((shot) => shot.method === method)).toBe(true)
    const share = (which: (shot: Shot) => boolean) => first.filter(which).length / first.length
    expect(share(({ expect: [status = 0] }) => status >= 400)).toBeGreaterThan(0.05)
    expect(share(({ abortMs }) => abortMs !== undefined)).toBeGreaterThan(0.01)
    expect(share(({ path }) => path.includes('/rpc/'))).toBeGreaterThan(0.05)
  })
})
