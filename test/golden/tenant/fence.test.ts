/** What a tenant must not be able to do with its own `postgres` role: each row is tried for real. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

let pg: TestPostgres
beforeAll(async () => {
  pg = await startPostgres()
})
afterAll(() => pg.stop())

test.each([
  ['become a superuser', 'alter role postgres superuser'],
  ['make one', 'create role helper superuser'],
  ['take the superuser’s place', 'set role supabase_admin'],
  ['log in as if it were', 'set session authorization supabase_admin'],
  ['be granted its role', 'grant supabase_admin to postgres'],
  ['change its password', "alter role supabase_admin password 'x'"],
  ['change the authenticator’s password', "alter role authenticator password 'x'"],
  ['change the owner of auth’s password', "alter role supabase_auth_admin password 'x'"],
  ['grant itself server files', 'grant pg_read_server_files to postgres'],
  ['grant itself programs', 'grant pg_execute_server_program to postgres'],
  ['grant itself every table', 'grant pg_read_all_data to postgres'],
  ['run a program', "copy (select 1) to program 'id'"],
  ['read from a program', "do $$ begin create temp table t (l text); copy t from program 'id'; end $$"],
  ['write a file', "copy (select 1) to '/tmp/x'"],
  ['read a file', "select pg_read_file('/etc/passwd')"],
  ['list a folder', "select pg_ls_dir('/')"],
  ['import a file', "select lo_import('/etc/passwd')"],
  ['read password verifiers', 'select rolpassword from pg_authid'],
  [
    'make a function in C',
    "create function f() returns int as '/lib/x86_64-linux-gnu/libc.so.6', 'getpid' language c",
  ],
  ['make an internal function', "create function f(internal) returns int as 'int4in' language internal"],
  ['load a library', "load 'auto_explain'"],
  ['create an extension off the list (files)', 'create extension file_fdw'],
  ['create an extension off the list (links)', 'create extension dblink'],
  ['create an extension off the list (foreign servers)', 'create extension postgres_fdw'],
  ['create an extension off the list (jobs)', 'create extension pg_cron'],
  ['create an extension off the list (pages)', 'create extension pageinspect'],
  ['switch the watcher of new tables off', 'alter event trigger cascata_row_security disable'],
  ['drop the watcher of new tables', 'drop event trigger cascata_row_security'],
  ['ignore event triggers', 'set event_triggers = off'],
  [
    'make an event trigger',
    'create function e() returns event_trigger language plpgsql as $$ begin end $$; create event trigger e on ddl_command_end execute function e()',
  ],
  [
    'replace what the watcher does',
    'create or replace function cascata.enable_row_security() returns event_trigger language plpgsql as $$ begin end $$',
  ],
  ['put a table into cascata', 'create table cascata.t ()'],
  ['rewrite the ledger', "update cascata.migrations set sha256 = ''"],
  ['undo that the starter ran', 'delete from cascata.starters'],
  [
    'hang a trigger on the ledger',
    'create trigger t before insert on cascata.starters for each row execute function suppress_redundant_updates_trigger()',
  ],
  ['replace auth.uid()', 'create or replace function auth.uid() returns uuid language sql return null::uuid'],
  ['put a function into auth', 'create function auth.f() returns int language sql return 1'],
  ['change settings of the server', "alter system set shared_preload_libraries = 'x'"],
  ['log everybody’s statements', "set log_statement = 'all'"],
  ['preload a library into sessions', "alter role postgres set session_preload_libraries = 'auto_explain'"],
])('postgres cannot %s', async (_sentence, sql) => {
  await expect(pg.as('postgres').unsafe(sql).simple()).rejects.toMatchObject({
    code: expect.stringMatching(/^(42501|22023|0A000)$/),
  })
})

test('nobody can change settings of the server for good', async () => {
  await expect(pg.admin()`alter system set work_mem = '1GB'`).rejects.toThrow('ALTER SYSTEM is not allowed')
})

test.each([
  ['read the ledger', 'select * from cascata.migrations'],
  ['read recorded migrations', 'select * from supabase_migrations.schema_migrations'],
  ['make a table in public', 'create table public.t ()'],
  ['make a schema', 'create schema mine'],
  ['put a function into extensions', 'create function extensions.f() returns int language sql return 1'],
])('an API role cannot %s', async (_sentence, sql) => {
  for (const role of ['anon', 'authenticated', 'service_role']) {
    const authenticator = pg.as('authenticator')
    await authenticator`select set_config('role', ${role}, false)`
    await expect(authenticator.unsafe(sql)).rejects.toMatchObject({ code: '42501' })
  }
})
