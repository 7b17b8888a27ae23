/** The schema `auth` on the real Postgres: what Supabase's dumps bring fits, and who may do what with it. */
import { connectAs } from '@cascata/control/adapters/project-database'
import { authAdminPassword } from '@cascata/shared/auth-password'
import type { Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'
import { AUTH_COLUMNS } from './auth-columns.ts'

const ANA = '0b8b1d9e-6f0c-4a53-9c46-3a2f6f1f5a11'

let pg: TestPostgres
let auth: Sql
beforeAll(async () => {
  pg = await startPostgres()
  const login = { user: 'supabase_auth_admin', password: authAdminPassword(pg.passwords.authenticator) }
  auth = connectAs(pg.socketDir, login)
})
afterAll(async () => {
  await auth.end()
  await pg.stop()
})

const asRole = (role: string, sql: string) =>
  pg.as('authenticator').begin(async (turn) => {
    await turn`select set_config('role', ${role}, true)`
    return [...(await turn.unsafe(sql))]
  })

/** What Supabase does not have: with a default, so that its dumps need not name it. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  users: ['sign_up_contested'],
  one_time_tokens: ['attempts'],
  flow_state: ['linking_session_id', 'session_not_after'],
  mfa_challenges: ['attempts'],
  mfa_factors: ['last_totp_step'],
  oauth_authorizations: ['session_id'],
}

describe('the schema', () => {
  test.each(Object.entries(AUTH_COLUMNS))(
    '%s takes each column that a dump of Supabase names',
    async (table, columns) => {
      const names = columns.split(/\s+/).join(', ')
      expect(await pg.as('postgres').unsafe(`select ${names} from auth.${table}`)).toEqual([])
      const writable =
        await pg.admin()`select string_agg(attname, ' ' order by attnum) as names from pg_attribute
      where attrelid = ${`auth.${table}`}::regclass and attnum > 0 and not attisdropped and attgenerated = ''`
      const all = [...columns.split(/\s+/), ...(OWN[table] ?? [])]
      expect(String(writable[0]?.names).split(' ').sort()).toEqual(all.sort())
    },
  )

  test('belongs to supabase_auth_admin as a whole, and every table has row level security', async () => {
    const strange = await pg.admin()`
      select oid::regclass::text as what from pg_class where relnamespace = 'auth'::regnamespace
        and (relowner <> 'supabase_auth_admin'::regrole or (relkind = 'r' and not relrowsecurity))
      union all select oid::regtype::text from pg_type where typnamespace = 'auth'::regnamespace
        and typowner <> 'supabase_auth_admin'::regrole`
    expect([...strange]).toEqual([])
  })

  test('loads a dump’s rows as the tenant, with the triggers off as a dump has them', async () => {
    const session = await pg.session('postgres')
    await session.run(
      `set session_replication_role = replica;
      insert into auth.identities (provider_id, user_id, identity_data, provider, id)
        values ('${ANA}', '${ANA}', '{"sub": "${ANA}", "email": "Ana@Example.com"}', 'email', gen_random_uuid());
      insert into auth.users (id, aud, role, email, encrypted_password, email_confirmed_at, phone)
        values ('${ANA}', 'authenticated', 'authenticated', 'ana@example.com', 'x', '2024-01-01T00:00:00Z', null);
      select setval('auth.refresh_tokens_id_seq', 41, true);
      insert into auth.audit_log_entries (id, payload) values (gen_random_uuid(), '{"action": "login"}');
      set session_replication_role = origin`,
      { rowsMax: 1, timeoutMs: 5_000 },
    )
    expect([
      ...(await auth`select confirmed_at = email_confirmed_at as confirmed, identities.email
        from auth.users join auth.identities on user_id = users.id`),
    ]).toEqual([{ confirmed: true, email: 'ana@example.com' }])
  })
})

describe('a tenant', () => {
  test('hangs its own tables and triggers on the users', async () => {
    await pg.as('postgres').unsafe(`
      create table public.profiles (id uuid primary key references auth.users (id) on delete cascade, email text);
      create function public.welcome() returns trigger language plpgsql security definer set search_path = ''
        as $$ begin insert into public.profiles values (new.id, new.email); return new; end $$;
      create trigger on_auth_user_created after insert on auth.users
        for each row execute function public.welcome()`)
    await auth`insert into auth.users (id, email) values (gen_random_uuid(), 'ben@example.com')`
    expect([...(await pg.admin()`select email from public.profiles`)]).toEqual([{ email: 'ben@example.com' }])
    await auth`delete from auth.users where email = 'ben@example.com'`
    expect([...(await pg.admin()`select email from public.profiles`)]).toEqual([])
  })

  test.each([
    'alter table auth.users add column mine int',
    'drop table auth.users',
    'create table auth.mine ()',
    'alter table auth.users disable row level security',
  ])('does not change the design: %s', async (sql) => {
    await expect(pg.as('postgres').unsafe(sql)).rejects.toMatchObject({ code: '42501' })
  })
})

describe('the API', () => {
  test.each(['anon', 'authenticated'])(
    '%s sees no user, not even through a grant of the tenant’s',
    async (role) => {
      await expect(asRole(role, 'select id from auth.users')).rejects.toMatchObject({ code: '42501' })
      await pg.as('postgres').unsafe(`grant select on auth.users to ${role}`)
      expect(await asRole(role, 'select id from auth.users')).toEqual([])
    },
  )

  test('service_role reads, and writes nothing', async () => {
    expect(await asRole('service_role', 'select email from auth.users')).toEqual([
      { email: 'ana@example.com' },
    ])
    await expect(asRole('service_role', 'delete from auth.users')).rejects.toMatchObject({ code: '42501' })
  })
})

describe('the audit log', () => {
  test.each([
    "update auth.audit_log_entries set payload = '{}'",
    'delete from auth.audit_log_entries',
    'truncate auth.audit_log_entries',
    `create trigger swallow before insert on auth.audit_log_entries for each row
      execute function pg_catalog.suppress_redundant_updates_trigger()`,
  ])('is not rewritten by a tenant: %s', async (sql) => {
    await expect(pg.as('postgres').unsafe(sql)).rejects.toMatchObject({ code: '42501' })
    expect(await pg.as('postgres')`select payload from auth.audit_log_entries`).toHaveLength(1)
  })
})
