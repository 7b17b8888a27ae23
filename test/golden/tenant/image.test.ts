import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import { promisify } from 'node:util'
import { connectAs, waitUntilReady } from '@cascata/control/adapters/project-database'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { docker, startPostgres, type TestPostgres } from '../../harness/postgres.ts'

const IMAGE = 'cascata-postgres:0.1.0'
const run = promisify(execFile)

let pg: TestPostgres
beforeAll(async () => {
  pg = await startPostgres()
})
afterAll(() => pg.stop())

/** psql in a container of its own that has nothing but the socket: another process, another uid. */
const psqlAs = (uid: number, role: string, password = '') =>
  run('docker', [
    ...['run', '--rm', '--network=none', `--user=${uid}:${pg.uid}`, `--env=PGPASSWORD=${password}`],
    ...[
      `--volume=${pg.socketDir}:/run/postgresql`,
      IMAGE,
      'psql',
      '--no-psqlrc',
      '--tuples-only',
      '--no-align',
    ],
    ...[`--host=/run/postgresql`, `--username=${role}`, '--dbname=postgres', '--command=select current_user'],
  ])

describe('the superuser', () => {
  test('is root on the other end of the socket, without a password', async () => {
    expect((await psqlAs(0, 'supabase_admin')).stdout.trim()).toBe('supabase_admin')
  })

  test.each([
    ['the uid of the project itself', () => pg.uid],
    ['a uid with a name in the image (postgres)', () => 101],
    ['any other uid of the group', () => 65_534],
  ])('is not %s, even with its password', async (_sentence, uid) => {
    await expect(psqlAs(uid(), 'supabase_admin', pg.passwords.supabase_admin)).rejects.toMatchObject({
      stderr: expect.stringContaining('Peer authentication failed for user "supabase_admin"'),
    })
  })

  test('cannot be had for replication either', async () => {
    const copy = run('docker', [
      ...['run', '--rm', '--network=none', `--user=${pg.uid}:${pg.uid}`, '--tmpfs=/tmp'],
      ...[`--env=PGPASSWORD=${pg.passwords.postgres}`, `--volume=${pg.socketDir}:/run/postgresql`, IMAGE],
      ...['pg_basebackup', '--host=/run/postgresql', '--username=postgres', '--pgdata=/tmp/copy'],
    ])
    await expect(copy).rejects.toMatchObject({
      stderr: expect.stringContaining('no pg_hba.conf entry for replication'),
    })
  })

  test('cannot be reached by a role that gives another role’s name without its password', async () => {
    const stranger = connectAs(pg.socketDir, { user: 'postgres', password: 'guess' })
    await expect(stranger`select 1`).rejects.toMatchObject({ code: '28P01' })
    await stranger.end()
  })
})

describe('the container', () => {
  test('keeps its files to its own uid', async () => {
    const data = await stat(`${pg.dataDir}/data`)
    expect([data.uid, data.mode & 0o777]).toEqual([pg.uid, 0o700])
    const socket = await stat(`${pg.socketDir}/.s.PGSQL.5432`)
    expect([socket.uid, socket.mode & 0o777]).toEqual([pg.uid, 0o770])
  })

  test('listens nowhere but on its socket', async () => {
    expect([...(await pg.admin()`show listen_addresses`)]).toEqual([{ listen_addresses: '' }])
  })

  test('does not start a second server on the same directory', async () => {
    const second = run('docker', [
      ...['run', '--rm', '--network=none', `--user=${pg.uid}:${pg.uid}`],
      ...[`--volume=${pg.dataDir}:/var/lib/postgresql`, IMAGE],
    ])
    await expect(second).rejects.toMatchObject({ code: 75 })
  })

  test('comes back with its data after SIGKILL, stale pid file and all', async () => {
    await pg.as('postgres')`create table public.kept as select 1 as one`
    await docker('kill', '--signal=KILL', pg.container)
    await docker('start', pg.container)
    await waitUntilReady(pg.socketDir, { timeoutMs: 30_000 })
    expect([...(await pg.as('postgres')`select one from public.kept`)]).toEqual([{ one: 1 }])
  })

  test('logs no statement, so no password that stood in one', async () => {
    await expect(pg.as('postgres')`alter role nobody password 'open-sesame'`).rejects.toMatchObject({
      code: '42704',
    })
    const { stdout, stderr } = await run('docker', ['logs', pg.container])
    expect(stdout + stderr).toContain('role "nobody" does not exist')
    expect(stdout + stderr).not.toContain('open-sesame')
  })
})

test('a copy that was cut off is made again', async () => {
  const other = await startPostgres()
  try {
    await docker('stop', other.container)
    await run('mv', [`${other.dataDir}/data`, `${other.dataDir}/.data.new`])
    await run('rm', ['-r', `${other.dataDir}/.data.new/base`])
    await docker('start', other.container)
    await waitUntilReady(other.socketDir, { timeoutMs: 30_000 })
    expect([...(await other.admin()`select count(*)::int as n from cascata.migrations`)]).toEqual([
      { n: expect.any(Number) },
    ])
    await expect(stat(`${other.dataDir}/.data.new`)).rejects.toMatchObject({ code: 'ENOENT' })
  } finally {
    await other.stop()
  }
})
