/** An archive against real Postgres: what goes out comes back, all of it or nothing. */
import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connectAs } from '@cascata/control/adapters/project-database'
import type { Cluster } from '@cascata/control/archive/cluster'
import { type ExportProject, exportProject } from '@cascata/control/archive/export'
import { type RestoreDatabase, restoreDatabase } from '@cascata/control/archive/restore'
import { dropReplaced } from '@cascata/control/archive/swap'
import { verifyArchive, verifyFile, verifyStream } from '@cascata/control/archive/verify'
import { authAdminPassword } from '@cascata/shared/auth-password'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KEYS, newInstanceKeys, ORIGIN, PROJECT } from '../harness/archives.ts'
import { openByHand, sealByHand } from '../harness/open-by-hand.ts'
import { type TakenTools, takePgTools } from '../harness/pg-tools.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

/** One of everything that a dump, or what a dump leaves out, might lose. */
const CONTENT = `
  set search_path = public, extensions;
  create type mood as enum ('fine', 'less so');
  create table shop (id bigint generated always as identity primary key, name text not null unique, mood mood default 'fine');
  create table item (id uuid primary key default gen_random_uuid(), shop bigint references shop on delete cascade,
    price numeric(10,2) check (price >= 0), tags text[], details jsonb, body bytea, name tsvector);
  create index on item using gin (details);
  create table measured (at date not null, value int) partition by range (at);
  create table measured_2026 partition of measured for values from ('2026-01-01') to ('2027-01-01');
  insert into shop (name) select 'Ladengeschäft ' || n from generate_series(1, 50) n;
  insert into item (shop, price, tags, details, body) select 1 + n % 50, n / 10.0, array['a', 'b' || n, null],
    jsonb_build_object('n', n, 'quote', E'\\\\ '' "'), decode(md5(n::text), 'hex') from generate_series(1, 5000) n;
  insert into measured select '2026-01-01'::date + n % 365, n from generate_series(1, 1000) n;
  alter table item disable row level security;
  create policy own on shop for select to authenticated using (name = current_user);
  create view cheap with (security_invoker) as select * from item where price < 10;
  create materialized view totals as select shop, sum(price) from item group by shop;
  create function touch() returns trigger language plpgsql as $f$ begin new.name := to_tsvector(new.tags::text); return new; end $f$;
  create trigger touch before insert or update on item for each row execute function touch();
  create publication changes for table shop, item (id, price);
  create sequence counter; select nextval('counter'); select nextval('counter');
  comment on table shop is 'It''s a shop';
  grant select on shop to anon; grant select (id, price) on item to authenticated;
  alter default privileges for role postgres in schema public grant select on tables to anon;
  select lo_from_bytea(0, 'a large object');
  create table profile (id uuid primary key references auth.users on delete cascade, email text);
  create function welcome() returns trigger language plpgsql security definer set search_path = '' as $f$
    begin insert into public.profile values (new.id, new.email); return new; end $f$;
  create trigger on_auth_user_created after insert on auth.users for each row execute function welcome();
  insert into auth.users (id, email, encrypted_password, email_confirmed_at, raw_user_meta_data)
    values ('0b8b1d9e-6f0c-4a53-9c46-3a2f6f1f5a11', 'ana@example.com', '$2a$10$x', now(), '{"name": "Ana"}');
  insert into auth.identities (provider_id, user_id, identity_data, provider)
    select id, id, jsonb_build_object('sub', id, 'email', email), 'email' from auth.users;
  insert into auth.sessions (id, user_id, aal) select gen_random_uuid(), id, 'aal1' from auth.users;
  insert into auth.refresh_tokens (token, user_id, session_id, revoked)
    select 'a token', user_id, id, false from auth.sessions;
  insert into auth.audit_log_entries (id, payload) values (gen_random_uuid(), '{"action": "login"}');
  create extension if not exists pg_trgm with schema extensions;
`
const CLUSTER = `
  create role "odd ""one" login createdb password 'secret of the role' valid until '2040-01-01';
  create publication everything for all tables;
  create role made_by_tenant; create role team; comment on role team is 'those who do';
  grant team to "odd ""one" with admin option;
  set role "odd ""one"; grant team to anon; reset role;
  alter role team set search_path = '$user', public, 'we, "ird';
  alter role anon set statement_timeout = '4s';
  alter role team in database postgres set work_mem = '5MB';
  alter database postgres set app.settings.greeting = E'it''s \\\\ here';
  comment on database postgres is 'the shop''s own';
  grant connect on database postgres to team;
  revoke temporary on database postgres from public;
`

const keys = await newInstanceKeys()
const openWith = { identities: [keys.identity] }
let tools: TakenTools
let source: TestPostgres
let folder: string
let path: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cascata-archive-'))
  path = join(folder, 'shop.caf')
  const started = await Promise.all([takePgTools(), startPostgres()])
  tools = started[0]
  source = started[1]
  const tenant = source.as('postgres')
  await tenant.unsafe(CONTENT)
  await source.admin().unsafe(CLUSTER)
  await exportProject(exportOf(path))
})
afterAll(async () => {
  await source?.stop()
  await tools?.remove()
  await rm(folder, { recursive: true, force: true })
})

const clusterOf = ({ socketDir }: TestPostgres): Cluster => ({
  socketDir,
  tools: { dump: tools.argv.pg_dump, restore: tools.argv.pg_restore },
})

const exportOf = (target: string, more: Partial<ExportProject> = {}): ExportProject => ({
  cluster: clusterOf(source),
  path: target,
  sealFor: { recipients: [keys.recipient] },
  signer: keys.signer,
  origin: ORIGIN,
  project: PROJECT,
  keys: KEYS,
  now: new Date(),
  ...more,
})

async function restoreOf(
  target: TestPostgres,
  more: Partial<RestoreDatabase> = {},
): Promise<RestoreDatabase> {
  const file = more.path ?? path
  const verified = await verifyFile({ path: file, ...openWith })
  return { cluster: clusterOf(target), path: file, openWith, verified, operation: randomUUID(), ...more }
}

function run(name: keyof TakenTools['argv'], argv: readonly string[], input?: string): string {
  const [program = '', ...first] = tools.argv[name]
  return execFileSync(program, [...first, ...argv], { encoding: 'utf8', input, maxBuffer: 1 << 28 })
}

/** Settings, comment and privileges of the database are in it too. */
const dumpOf = ({ socketDir }: TestPostgres): string =>
  run('pg_dump', [
    `--host=${socketDir}`,
    '--username=supabase_admin',
    '--create',
    '--restrict-key=same',
    'postgres',
  ])

/** Runs as root in a container, so that the peer map lets it in; passwords of base roles are each cluster's own. */
function rolesOf({ socketDir }: TestPostgres): string {
  const container = ['run', '--rm', '--network=none', `--volume=${socketDir}:/run/postgresql`]
  const argv = [
    'pg_dumpall',
    '--host=/run/postgresql',
    '--username=supabase_admin',
    '--roles-only',
    '--restrict-key=same',
  ]
  const text = execFileSync('docker', [...container, 'cascata-postgres:0.1.0', ...argv], { encoding: 'utf8' })
  const custom = /odd|team|made_by_tenant/
  return text
    .split('\n')
    .map((line) => (custom.test(line) ? line : line.replace(/ PASSWORD '.*'/, '')))
    .join('\n')
}

const databasesOf = async (postgres: TestPostgres): Promise<string[]> => {
  const rows = await postgres.admin('template1')<{ name: string }[]>`
    select datname as name from pg_database where not datistemplate order by 1`
  return rows.map(({ name }) => name)
}

async function withTarget(work: (target: TestPostgres) => Promise<void>): Promise<void> {
  const target = await startPostgres()
  try {
    await work(target)
  } finally {
    await target.stop()
  }
}

describe('an archive', () => {
  test('opens with age, zstd and tar, and pg_restore reads its parts', async () => {
    const into = await mkdtemp(join(folder, 'by-hand-'))
    const keyFile = join(into, 'key.txt')
    await writeFile(keyFile, `${keys.identity}\n`, { mode: 0o600 })
    await openByHand({ path, keyFile, into })
    const parts = (await readdir(join(into, 'database'))).toSorted()
    const dump = join(into, 'all.dump')
    await writeFile(
      dump,
      Buffer.concat(await Promise.all(parts.map((name) => readFile(join(into, 'database', name))))),
    )
    expect(run('pg_restore', ['--list', dump])).toMatch(/TABLE DATA public shop/)
    expect(JSON.parse(await readFile(join(into, 'manifest.json'), 'utf8'))).toMatchObject({
      format: 'cascata-caf',
    })
  })

  test('what the age command sealed is read: it says what is missing inside, not that it cannot be opened', async () => {
    const sealed = sealByHand(Buffer.from('no archive'), keys.recipient, folder)
    const bytes = async function* () {
      yield sealed
    }
    await expect(verifyStream(bytes(), openWith)).rejects.toMatchObject({ code: 'archive-foreign' })
  })

  test('counts every row in its manifest', async () => {
    const { manifest } = await verifyFile({ path, ...openWith })
    const rows = Object.fromEntries(
      manifest.tables.map(({ schema, name, rows }) => [`${schema}.${name}`, rows]),
    )
    expect(rows).toMatchObject({ 'public.shop': 50, 'public.item': 5000, 'public.measured_2026': 1000 })
  })

  test('sealed with a passphrase opens with it and with nothing else', async () => {
    const target = join(folder, 'passphrase.caf')
    await exportProject(exportOf(target, { sealFor: { passphrase: 'a dozen characters', workFactor: 12 } }))
    expect((await verifyArchive({ path: target, passphrase: 'a dozen characters' })).tables).toBeGreaterThan(
      3,
    )
    await expect(verifyArchive({ path: target, ...openWith })).rejects.toMatchObject({
      code: 'archive-wrong-key',
    })
  })

  test('given up in the middle leaves no file and no session behind', async () => {
    const target = join(folder, 'given-up.caf')
    const stop = new AbortController()
    const writing = exportProject(exportOf(target, { onProgress: () => stop.abort(), signal: stop.signal }))
    await expect(writing).rejects.toThrow()
    expect([existsSync(target), existsSync(`${target}.partial`)]).toEqual([false, false])
    await expect
      .poll(
        async () =>
          (await source.admin()`select from pg_stat_activity where application_name = 'pg_dump'`).length,
      )
      .toBe(0)
  })

  test('of a project that does not answer is no archive', async () => {
    const target = join(folder, 'unreachable.caf')
    const cluster = { ...clusterOf(source), socketDir: folder }
    await expect(exportProject(exportOf(target, { cluster }))).rejects.toMatchObject({
      code: 'archive-not-written',
    })
    expect(existsSync(target)).toBe(false)
  })
})

describe('restoring', () => {
  test('brings back every object, row, role, grant and setting', () =>
    withTarget(async (target) => {
      const restore = await restoreOf(target)
      await restoreDatabase(restore)
      await dropReplaced(restore.cluster, restore.operation)
      expect(dumpOf(target)).toBe(dumpOf(source))
      expect(rolesOf(target)).toBe(rolesOf(source))
      expect(await databasesOf(target)).toEqual(['postgres'])
    }))

  test('brings back the users, and their keeper goes on with them under its own password', () =>
    withTarget(async (target) => {
      await restoreDatabase(await restoreOf(target))
      const login = {
        user: 'supabase_auth_admin',
        password: authAdminPassword(target.passwords.authenticator),
      }
      const keeper = connectAs(target.socketDir, login)
      try {
        const [found] = await keeper`select email, confirmed_at = email_confirmed_at as confirmed, token
          from users join refresh_tokens on user_id = users.id::text`
        expect(found).toEqual({ email: 'ana@example.com', confirmed: true, token: 'a token' })
        await keeper`insert into users (id, email) values (gen_random_uuid(), 'ben@example.com')`
        const [next] = await keeper`insert into refresh_tokens (token) values ('the next') returning id::int`
        expect(next).toEqual({ id: 2 })
        await keeper`delete from users where email = 'ana@example.com'`
        expect([...(await target.fresh()`select email from public.profile`)]).toEqual([
          { email: 'ben@example.com' },
        ])
      } finally {
        await keeper.end()
      }
      const tenant = target.as('postgres')
      await expect(tenant`delete from auth.audit_log_entries`).rejects.toMatchObject({ code: '42501' })
    }))

  test('holds what was there at one moment, whatever was written meanwhile', () =>
    withTarget(async (target) => {
      const busy = join(folder, 'busy.caf')
      const writer = source.as('postgres')
      let written: Promise<unknown> | undefined
      const onProgress = () => {
        written ??= writer`insert into public.shop (name) values (${`late ${randomUUID()}`})`
      }
      const { manifest } = await exportProject(exportOf(busy, { onProgress }))
      await written
      await restoreDatabase(await restoreOf(target, { path: busy }))
      const [found] = await target.fresh()<{ rows: string }[]>`select count(*) as rows from public.shop`
      expect(Number(found?.rows)).toBe(manifest.tables.find(({ name }) => name === 'shop')?.rows)
    }))

  test('sessions that hold on to the old database do not stop the swap', () =>
    withTarget(async (target) => {
      await target.as('postgres')`select 1`
      await restoreDatabase(await restoreOf(target))
      const [row] = await target.fresh()<{ n: number }[]>`select count(*)::int as n from public.item`
      expect(row?.n).toBe(5000)
    }))

  test('a run that broke off at any step leaves the old database, and the next one succeeds', () =>
    withTarget(async (target) => {
      await target.fresh().unsafe('create table public.before (id int)')
      const restore = await restoreOf(target)
      for (const broken of ['roles', 'staging', 'load', 'swap'] as const) {
        const effect: RestoreDatabase['effect'] = async (step, change) => {
          if (step === broken && step === 'swap') throw new Error(`power cut before ${broken}`)
          const result = await change()
          if (step === broken) throw new Error(`power cut after ${broken}`)
          return result
        }
        await expect(restoreDatabase({ ...restore, effect })).rejects.toMatchObject({
          code: 'restore-failed',
        })
        expect(await databasesOf(target)).toEqual(['postgres'])
        expect(await target.fresh()`select to_regclass('public.before') as it`).toMatchObject([
          { it: 'public.before' },
        ])
      }
      await restoreDatabase(restore)
      expect(await target.fresh()`select to_regclass('public.before') as it`).toMatchObject([{ it: null }])
    }))

  test('a swap whose answer was lost on the way has happened all the same', () =>
    withTarget(async (target) => {
      const effect: RestoreDatabase['effect'] = async (step, change) => {
        const result = await change()
        if (step === 'swap') throw new Error('connection lost')
        return result
      }
      await restoreDatabase({ ...(await restoreOf(target)), effect })
      expect(await target.fresh()`select to_regclass('public.item') as it`).toMatchObject([
        { it: 'public.item' },
      ])
    }))

  test('a swap that has happened is not done again', () =>
    withTarget(async (target) => {
      const restore = await restoreOf(target)
      await restoreDatabase(restore)
      await target.fresh().unsafe('create table public.since (id int)')
      await restoreDatabase(restore)
      expect(await target.fresh()`select to_regclass('public.since') as it`).toMatchObject([
        { it: 'public.since' },
      ])
      await dropReplaced(restore.cluster, restore.operation)
      await dropReplaced(restore.cluster, restore.operation)
      expect(await databasesOf(target)).toEqual(['postgres'])
    }))

  test('a file that changed since it was verified is not put in place', () =>
    withTarget(async (target) => {
      const restore = await restoreOf(target)
      const other = join(folder, 'other.caf')
      await exportProject(exportOf(other))
      await expect(restoreDatabase({ ...restore, path: other })).rejects.toMatchObject({
        code: 'restore-failed',
      })
      expect(await databasesOf(target)).toEqual(['postgres'])
    }))

  test('rows that did not come are noticed before the swap', () =>
    withTarget(async (target) => {
      const restore = await restoreOf(target)
      const tables = restore.verified.manifest.tables.map((table) => ({ ...table, rows: table.rows + 1 }))
      const verified = { ...restore.verified, manifest: { ...restore.verified.manifest, tables } }
      await expect(restoreDatabase({ ...restore, verified })).rejects.toMatchObject({
        code: 'restore-incomplete',
      })
      expect(await databasesOf(target)).toEqual(['postgres'])
    }))
})
