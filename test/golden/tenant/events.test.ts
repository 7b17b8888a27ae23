import { connectAdmin } from '@cascata/control/adapters/project-database'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

let pg: TestPostgres
beforeAll(async () => {
  pg = await startPostgres()
})
afterAll(() => pg.stop())

const isProtected = async (table: string) => {
  const [row] = await pg.admin()`select relrowsecurity as on from pg_class where oid = to_regclass(${table})`
  return row?.on
}

describe('row level security', () => {
  test.each([
    ['a plain table', 'create table public.plain ()', 'public.plain'],
    ['a name that needs quotes', 'create table public."Odd ""name""; --" ()', 'public."Odd ""name""; --"'],
    ['a table made of a query', 'create table public.from_query as select 1 as one', 'public.from_query'],
    ['a table made by select into', 'select 1 as one into public.selected', 'public.selected'],
    ['a partitioned table', 'create table public.parted (at date) partition by range (at)', 'public.parted'],
    [
      'a partition',
      "create table public.parted_2026 partition of public.parted for values from ('2026-01-01') to ('2027-01-01')",
      'public.parted_2026',
    ],
    ['an unlogged table', 'create unlogged table public.quick ()', 'public.quick'],
    [
      'a table made inside a function',
      "do $$ begin execute 'create table public.inner_one ()'; end $$",
      'public.inner_one',
    ],
    [
      'a table made while a dump loads',
      'set session_replication_role = replica; create table public.loaded ()',
      'public.loaded',
    ],
    [
      'a table another role will own',
      'create role maker; grant create on schema public to maker; set role maker; create table public.made ()',
      'public.made',
    ],
  ])('is on for %s', async (_sentence, sql, table) => {
    await pg.as('postgres').unsafe(sql).simple()
    expect(await isProtected(table)).toBe(true)
  })

  test.each([
    ['a table of another schema', 'create schema inside; create table inside.own ()', 'inside.own'],
    [
      'a table that it was switched off for',
      'create table public.open (); alter table public.open disable row level security',
      'public.open',
    ],
    [
      'a table that was open before',
      'create table if not exists public.open (); alter table public.open add column a int',
      'public.open',
    ],
  ])('is not on for %s', async (_sentence, sql, table) => {
    await pg.as('postgres').unsafe(sql).simple()
    expect(await isProtected(table)).toBe(false)
  })

  test('is none of its business where an extension makes the table', async () => {
    await pg.admin().unsafe('create extension pgtap schema public')
    await pg
      .admin()
      .unsafe('create table public.of_extension (); alter extension pgtap add table public.of_extension')
    expect(await isProtected('public.of_extension')).toBe(true)
  })

  test('hides the rows from the API until a policy says otherwise', async () => {
    const tenant = pg.as('postgres')
    await tenant.unsafe('create table public.notes (n int); insert into public.notes values (1)').simple()
    const authenticator = pg.as('authenticator')
    await authenticator`select set_config('role', 'anon', false)`
    expect([...(await authenticator`select n from public.notes`)]).toEqual([])
    await tenant`create policy "all" on public.notes for select to anon using (true)`
    expect([...(await authenticator`select n from public.notes`)]).toEqual([{ n: 1 }])
  })
})

describe('the schema cache', () => {
  /** Counts what arrives on `pgrst` between a statement's commit and a marker sent after it: no waiting by the clock. */
  const heard = async (sql: string) => {
    const listener = connectAdmin(pg.socketDir)
    const payloads: string[] = []
    const marked = Promise.withResolvers<void>()
    await listener.listen('pgrst', (payload) =>
      payload === 'marker' ? marked.resolve() : payloads.push(payload),
    )
    const tenant = pg.as('postgres')
    await tenant.unsafe(sql).simple()
    await tenant`select pg_notify('pgrst', 'marker')`
    await marked.promise
    await listener.end()
    return payloads
  }

  test.each([
    ['a new table', 'create table public.a (id int)'],
    ['a new column', 'alter table public.a add column b int'],
    ['a view', 'create view public.v as select * from public.a'],
    ['a function', 'create function public.f() returns int language sql return 1'],
    ['a comment', "comment on table public.a is 'x'"],
    ['a grant', 'grant select on public.a to anon'],
    ['a dropped view', 'drop view public.v'],
    ['a dropped column', 'alter table public.a drop column b'],
    ['a dropped function', 'drop function public.f()'],
    ['a dropped schema', 'create schema gone; drop schema gone'],
    [
      'many changes in one transaction, once',
      'create table public.b (); create table public.c (); drop table public.b',
    ],
  ])('hears of %s', async (_sentence, sql) => {
    expect(new Set(await heard(sql))).toEqual(new Set(['reload schema']))
  })

  test('hears of one transaction once', async () => {
    expect(await heard('create table public.d (); create table public.e (); drop table public.d')).toEqual([
      'reload schema',
    ])
  })

  test.each([
    ['temporary tables', 'create temp table t (id int); drop table t'],
    ['rows', 'insert into public.a (id) values (1)'],
    ['what was rolled back', 'begin; create table public.undone (); rollback'],
  ])('hears nothing of %s', async (_sentence, sql) => {
    expect(await heard(sql)).toEqual([])
  })
})
