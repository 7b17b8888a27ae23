/** SQL of people on a project's real database, through the port that the use cases speak. */
import { sqlRunner } from '@cascata/control/adapters/sql-runner'
import type { ProjectSql } from '@cascata/control/app/ports'
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

let server: TestPostgres
let sql: ProjectSql
beforeAll(async () => {
  server = await startPostgres()
  sql = runnerOf(async () => {})
})
afterAll(() => server?.stop())

const runnerOf = (assertNotInHand: (ref: string) => Promise<void>): ProjectSql =>
  sqlRunner({
    socketDirOf: () => server.socketDir,
    secretsOf: async () => ({ jwtSecret: '', anonKey: '', serviceRoleKey: '', passwords: server.passwords }),
    assertNotInHand,
  })

test('nothing runs for a project that is in somebody’s hand by the time the session is open', async () => {
  const held = runnerOf(async (ref) => {
    throw OperationUnderWay(ref, 'project.upgrade')
  })
  const asked = held.run('shop', 'create table lost (n int)', { timeoutMs: 5_000 })
  await expect(asked).rejects.toMatchObject({ code: 'operation-under-way' })
  const found = await sql.run('shop', "select to_regclass('public.lost') is null as gone", {
    timeoutMs: 5_000,
  })
  expect(found.results[0]?.rows).toEqual([[true]])
})

test('each statement answers for itself, and runs as postgres', async () => {
  const text = 'select current_user::text as me, null as nothing; create table seen (n int)'
  expect(await sql.run('shop', text, { timeoutMs: 5_000 })).toEqual({
    results: [
      {
        command: 'SELECT',
        row_count: 1,
        columns: ['me', 'nothing'],
        rows: [['postgres', null]],
        truncated: false,
      },
      { command: 'CREATE TABLE', row_count: null, columns: [], rows: [], truncated: false },
    ],
  })
})

test('what Postgres refuses is a problem that says why', async () => {
  await expect(sql.run('shop', 'select nothing_there', { timeoutMs: 5_000 })).rejects.toMatchObject({
    code: 'sql-failed',
    status: 422,
  })
})

test('a migration is applied once, and listed', async () => {
  const migration = { version: '20260101000000', name: 'kept', sql: 'create table kept (n int)' }
  expect(await sql.migrate('shop', migration)).toEqual({ applied: true })
  expect(await sql.migrate('shop', migration)).toEqual({ applied: false })
  expect(await sql.migrations('shop')).toEqual([{ version: '20260101000000', name: 'kept' }])
})
