/** A database that is shut for writing, on the real Postgres: who is stopped, who is not, and that it opens again. */
import { applyStarter } from '@cascata/control/adapters/project-migrations'
import { endSessions, setAccess } from '@cascata/control/adapters/tenant-access'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

let pg: TestPostgres
beforeAll(async () => {
  pg = await startPostgres()
  await pg.as('postgres').unsafe('create table public.kept (n int)')
})
afterAll(() => pg.stop())

const insert = 'insert into public.kept values (1)'

describe('shut', () => {
  test('takes nothing more from anybody but control, and is read as before', async () => {
    const before = pg.as('postgres')
    await before.unsafe(insert)
    expect(await setAccess(pg.admin(), true)).toBe('shut')
    // Whoever was connected is as well: the session was ended, and the next one begins anew.
    await expect(before.unsafe(insert)).rejects.toThrow()
    for (const role of ['postgres', 'authenticator'] as const) {
      await expect(pg.as(role).unsafe(insert), role).rejects.toThrow(
        /read-only transaction|permission denied/,
      )
    }
    expect(await pg.as('postgres').unsafe('select n from public.kept')).toHaveLength(1)
    await pg.fresh().unsafe(insert)
  })

  test('is known by control to have had its starter', async () => {
    const session = await pg.session('postgres')
    const starter = {
      name: 'none-of-ours',
      title: '',
      description: '',
      sql: 'create table public.begun (n int)',
    }
    expect(await applyStarter(session, starter)).toBe('applied')
    expect(await applyStarter(session, starter)).toBe('already')
  })

  test('lets its owner make room on purpose', async () => {
    const session = await pg.session('postgres')
    await session.run('begin read write; truncate public.kept; commit', { rowsMax: 1, timeoutMs: 5_000 })
    expect(await pg.as('postgres').unsafe('select n from public.kept')).toHaveLength(0)
  })

  test('is left alone when it is shut already, whoever changed the default meanwhile', async () => {
    expect(await setAccess(pg.admin(), true)).toBe('as it was')
  })

  test('ends the sessions of a tenant, and not those of the runtime or of control', async () => {
    const [tenant, runtime] = [pg.as('postgres'), pg.as('authenticator')]
    const slow = tenant.unsafe('select pg_sleep(60)').then(
      () => 'ended by itself',
      (error: unknown) => String(error),
    )
    const pidOf = async () => (await runtime.unsafe('select pg_backend_pid() as pid'))[0]?.pid
    const pid = await pidOf()
    await endSessions(pg.admin())
    expect(await slow).toMatch(/terminating connection|CONNECTION_CLOSED/)
    expect(await pidOf()).toBe(pid)
  })
})

describe('opened', () => {
  test('takes writes from everybody again, in sessions that were open, too', async () => {
    const before = pg.as('postgres')
    await expect(before.unsafe(insert)).rejects.toThrow(/read-only/)
    expect(await setAccess(pg.admin(), false)).toBe('opened')
    await expect.poll(() => before.unsafe(insert).then(() => 'done', String)).toBe('done')
    expect(await setAccess(pg.admin(), false)).toBe('as it was')
  })

  test('leaves a default of the tenant’s own alone', async () => {
    await pg.as('postgres').unsafe('alter database postgres set default_transaction_read_only = on')
    expect(await setAccess(pg.admin(), false)).toBe('as it was')
    await expect(pg.as('postgres').unsafe(insert)).rejects.toThrow(/read-only/)
    await pg.fresh().unsafe('alter database postgres reset default_transaction_read_only')
  })
})
