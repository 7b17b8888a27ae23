import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

let pg: TestPostgres
beforeAll(async () => {
  pg = await startPostgres()
})
afterAll(() => pg.stop())

test.each([
  [
    'anon',
    { login: false, inherit: false, super: false, bypass: false, roles: false, dbs: false, repl: false },
  ],
  [
    'authenticated',
    { login: false, inherit: false, super: false, bypass: false, roles: false, dbs: false, repl: false },
  ],
  [
    'service_role',
    { login: false, inherit: false, super: false, bypass: true, roles: false, dbs: false, repl: false },
  ],
  [
    'authenticator',
    { login: true, inherit: false, super: false, bypass: false, roles: false, dbs: false, repl: false },
  ],
  [
    'supabase_auth_admin',
    { login: true, inherit: false, super: false, bypass: false, roles: false, dbs: false, repl: false },
  ],
  [
    'supabase_storage_admin',
    { login: true, inherit: false, super: false, bypass: false, roles: false, dbs: false, repl: false },
  ],
  [
    'postgres',
    { login: true, inherit: true, super: false, bypass: true, roles: true, dbs: true, repl: true },
  ],
  [
    'supabase_admin',
    { login: true, inherit: true, super: true, bypass: true, roles: true, dbs: true, repl: true },
  ],
])('%s is as Supabase has it', async (role, expected) => {
  const [row] = await pg.admin()`select rolcanlogin as login, rolinherit as inherit, rolsuper as super,
    rolbypassrls as bypass, rolcreaterole as roles, rolcreatedb as dbs, rolreplication as repl
    from pg_roles where rolname = ${role}`
  expect(row).toEqual(expected)
})

test('the authenticator becomes the three API roles and no other', async () => {
  const authenticator = pg.as('authenticator')
  for (const role of ['anon', 'authenticated', 'service_role']) {
    await authenticator.begin(async (turn) => {
      await turn`select set_config('role', ${role}, true)`
      expect([...(await turn`select current_user::text as me`)]).toEqual([{ me: role }])
    })
  }
  for (const role of ['postgres', 'supabase_admin', 'supabase_auth_admin', 'supabase_storage_admin']) {
    await expect(authenticator`select set_config('role', ${role}, false)`).rejects.toMatchObject({
      code: '42501',
    })
  }
})

test('what postgres makes in public is granted to the API roles', async () => {
  const tenant = pg.as('postgres')
  await tenant`create table public.things (id bigint generated always as identity primary key, name text)`
  await tenant`create function public.one() returns int language sql return 1`
  const [row] = await tenant`select
    bool_and(has_table_privilege(role, 'public.things', 'select, insert, update, delete')) as tables,
    bool_and(has_sequence_privilege(role, 'public.things_id_seq', 'usage')) as sequences,
    bool_and(has_function_privilege(role, 'public.one()', 'execute')) as functions
    from unnest(array['anon', 'authenticated', 'service_role']) as role`
  expect(row).toEqual({ tables: true, sequences: true, functions: true })
})

test.each([
  ['auth', 'supabase_auth_admin'],
  ['storage', 'supabase_storage_admin'],
  ['realtime', 'supabase_admin'],
  ['extensions', 'postgres'],
  ['supabase_migrations', 'postgres'],
  ['cascata', 'supabase_admin'],
  ['public', 'pg_database_owner'],
])('schema %s belongs to %s', async (schema, owner) => {
  const [row] =
    await pg.admin()`select nspowner::regrole::text as owner from pg_namespace where nspname = ${schema}`
  expect(row).toEqual({ owner })
})

test.each([
  ['anon', '3s'],
  ['authenticated', '8s'],
  ['authenticator', '8s'],
])('statements of %s end after %s', async (role, timeout) => {
  const [row] =
    await pg.admin()`select setconfig from pg_db_role_setting where setrole = ${role}::regrole and setdatabase = 0`
  expect(row?.setconfig).toContain(`statement_timeout=${timeout}`)
})

describe('postgres, the tenant’s own role,', () => {
  test('makes roles it can use and hand to the authenticator', async () => {
    const tenant = pg.as('postgres')
    await tenant
      .unsafe(`create role editor; grant editor to authenticator; grant select on public.things to editor;
      set role editor; select * from public.things; reset role`)
      .simple()
    const authenticator = pg.as('authenticator')
    await authenticator`select set_config('role', 'editor', false)`
  })

  test('tunes the API roles', async () => {
    await pg.as('postgres')`alter role authenticated set statement_timeout = '20s'`
    await pg.as('postgres')`alter role authenticated set statement_timeout = '8s'`
  })

  test('loads data with triggers off', async () => {
    await pg.as('postgres')`set session_replication_role = replica`
  })

  test.each([
    'vector',
    'hstore',
    'pg_trgm',
    'citext',
    'pgtap',
    'moddatetime',
    'btree_gist',
    'unaccent',
    'ltree',
  ])('creates extension %s', async (name) => {
    const tenant = pg.as('postgres')
    await tenant.unsafe(`create extension ${name} with schema extensions`)
    await tenant.unsafe(`drop extension ${name}`)
  })

  test('finds pgcrypto and uuid-ossp there already, without naming their schema', async () => {
    const [row] = await pg.as(
      'postgres',
    )`select length(uuid_generate_v4()::text) as id, encode(digest('a', 'sha256'), 'hex') as sum`
    expect(row).toEqual({ id: 36, sum: expect.stringMatching(/^ca978112/) })
  })
})

test('pg_cron and pgaudit, where control loads them, serve a tenant without lifting it', async () => {
  const loaded = await startPostgres({ settings: ['shared_preload_libraries=pg_cron,pgaudit'] })
  try {
    const tenant = loaded.as('postgres')
    await tenant`create extension pgaudit with schema extensions`
    await expect(tenant`create extension pg_cron`).rejects.toMatchObject({ code: '42501' })
    await loaded.admin()`create extension pg_cron`
    await loaded.admin()`grant usage on schema cron to postgres`
    await tenant`select cron.schedule('nightly', '0 3 * * *', 'select 1')`
    const jobs = await loaded.admin()`select username, database from cron.job`
    expect([...jobs]).toEqual([{ username: 'postgres', database: 'postgres' }])
    for (const lift of [
      "select cron.schedule_in_database('x', '* * * * *', 'select 1', 'postgres', 'supabase_admin')",
      "select cron.alter_job(1, username => 'supabase_admin')",
      "update cron.job set username = 'supabase_admin'",
    ]) {
      await expect(tenant.unsafe(lift)).rejects.toMatchObject({ code: '42501' })
    }
  } finally {
    await loaded.stop()
  }
})
