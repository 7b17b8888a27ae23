import { connectAdmin, connectAs } from '@cascata/control/adapters/project-database'
import { scramVerifier } from '@cascata/control/adapters/scram'
import { applyTenantMigrations, bootstrap } from '@cascata/control/adapters/tenant-bootstrap'
import { authAdminPassword } from '@cascata/shared/auth-password'
import { sourceFolder, templatesAt } from '@cascata/templates'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../harness/postgres.ts'

let pg: TestPostgres
beforeAll(async () => {
  pg = await startPostgres()
})
afterAll(() => pg.stop())

const migrations = await templatesAt(sourceFolder).tenantMigrations()

/** What the catalogue says of the whole cluster, as rows of text: equal before and after means nothing changed. */
const fingerprint = async () => ({
  roles:
    await pg.admin()`select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,
    rolbypassrls, rolpassword, setconfig::text from pg_authid left join pg_db_role_setting on setrole = oid order by 1`,
  members:
    await pg.admin()`select roleid::regrole::text, member::regrole::text, admin_option from pg_auth_members order by 1, 2`,
  schemas:
    await pg.admin()`select nspname, nspowner::regrole::text, nspacl::text from pg_namespace order by 1`,
  tables:
    await pg.admin()`select oid::regclass::text, relkind::text, relowner::regrole::text, relacl::text, relrowsecurity
    from pg_class where relnamespace in ('auth'::regnamespace, 'cascata'::regnamespace) order by 1`,
  columns:
    await pg.admin()`select attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull,
    pg_get_expr(adbin, adrelid) from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where attrelid in (select oid from pg_class where relnamespace = 'auth'::regnamespace) order by 1, attnum`,
  constraints:
    await pg.admin()`select conrelid::regclass::text, conname, pg_get_constraintdef(oid) from pg_constraint
    where connamespace = 'auth'::regnamespace order by 1, 2`,
  functions:
    await pg.admin()`select oid::regprocedure::text, proowner::regrole::text, proacl::text, md5(pg_get_functiondef(oid))
    from pg_proc where pronamespace in ('auth'::regnamespace, 'cascata'::regnamespace) order by 1`,
  defaults:
    await pg.admin()`select defaclrole::regrole::text, defaclnamespace::regnamespace::text, defaclobjtype, defaclacl::text
    from pg_default_acl order by 1, 2, 3`,
  triggers: await pg.admin()`select evtname, evtenabled, evttags::text from pg_event_trigger order by 1`,
})

/** Of a session that stays open. */
const pidOf = async (role: 'postgres' | 'authenticator'): Promise<number> => {
  const [row] = await pg.as(role)<{ pid: number }[]>`select pg_backend_pid() as pid`
  return row?.pid ?? 0
}

describe('the image', () => {
  test('carries exactly the migrations of this version', async () => {
    const rows = await pg.admin()`select name, sha256 from cascata.migrations order by name`
    expect([...rows]).toEqual(migrations.map(({ name, sha256 }) => ({ name, sha256 })))
  })

  test('checks its pages, speaks UTF8 and sorts by code point', async () => {
    const [row] =
      await pg.admin()`select current_setting('data_checksums') as checksums, encoding, datlocprovider, datlocale
      from pg_database where datname = 'postgres'`
    expect(row).toEqual({ checksums: 'on', encoding: 6, datlocprovider: 'b', datlocale: 'C.UTF-8' })
  })
})

describe('bootstrap', () => {
  test.each(migrations.map(({ name, sql }) => [name, sql]))(
    '%s runs twice and changes nothing',
    async (_name, sql) => {
      const before = await fingerprint()
      await pg.admin().unsafe(sql).simple()
      expect(await fingerprint()).toEqual(before)
    },
  )

  test('brings an empty database of an old cluster up to date, once', async () => {
    await pg.admin()`create database older template template0`
    const older = pg.admin('older')
    expect(await applyTenantMigrations(older, migrations)).toEqual(migrations.map(({ name }) => name))
    expect(await applyTenantMigrations(older, migrations)).toEqual([])
  })

  test('sets the passwords as verifiers, once', async () => {
    const { passwords } = pg
    expect(await bootstrap(pg.admin(), { migrations, passwords })).toEqual({
      migrations: [],
      passwords: [],
      access: 'as it was',
    })
    const rows = await pg.admin()`select rolpassword from pg_authid where rolpassword is not null`
    expect(rows).toHaveLength(4)
    expect(rows.every((row) => String(row.rolpassword).startsWith('SCRAM-SHA-256$4096:'))).toBe(true)
  })

  test.each([
    ['', async () => {}],
    [
      ', also when it was cut short',
      async (next: string) => {
        await pg.admin().unsafe(`alter role postgres nologin password '${await scramVerifier(next)}'`)
      },
    ],
  ])('ends what began with the old password, and no other session%s', async (_when, begun) => {
    const began = await Promise.all((['postgres', 'authenticator'] as const).map(pidOf))
    const passwords = { ...pg.passwords, postgres: 'another-one' }
    await begun('another-one')
    expect((await bootstrap(pg.admin(), { migrations, passwords })).passwords).toEqual(['postgres'])
    const rows = await pg.admin()`select pid from pg_stat_activity where pid in ${pg.admin()(began)}`
    expect(rows.map(({ pid }) => pid)).toEqual([began[1]])
    const renewed = connectAs(pg.socketDir, { user: 'postgres', password: 'another-one' })
    expect([...(await renewed`select current_user::text as me`)]).toEqual([{ me: 'postgres' }])
    await renewed.end()
    await bootstrap(pg.admin(), { migrations, passwords: pg.passwords })
  })

  test('changes the one password that is another, and the one that follows from it', async () => {
    const passwords = { ...pg.passwords, authenticator: 'a-new-one' }
    const both = ['authenticator', 'supabase_auth_admin']
    expect((await bootstrap(pg.admin(), { migrations, passwords })).passwords).toEqual(both)
    const login = { user: 'supabase_auth_admin', password: authAdminPassword('a-new-one') }
    const auth = connectAs(pg.socketDir, login)
    expect([...(await auth`select current_user::text as me`)]).toEqual([{ me: 'supabase_auth_admin' }])
    await auth.end()
    const renewed = connectAs(pg.socketDir, { user: 'authenticator', password: 'a-new-one' })
    expect([...(await renewed`select current_user::text as me`)]).toEqual([{ me: 'authenticator' }])
    await renewed.end()
    const stale = connectAs(pg.socketDir, { user: 'authenticator', password: pg.passwords.authenticator })
    await expect(stale`select 1`).rejects.toMatchObject({ code: '28P01' })
    await stale.end()
  })

  test('refuses a cluster that holds another content under a name', async () => {
    const edited = migrations.map((m) => (m.name === '0002_roles' ? { ...m, sha256: 'f'.repeat(64) } : m))
    await expect(applyTenantMigrations(pg.admin(), edited)).rejects.toMatchObject({
      code: 'tenant-migration-changed',
    })
  })

  test('does its work whatever a tenant sets as defaults of the database', async () => {
    const tenant = pg.as('postgres')
    await tenant`alter database postgres set default_transaction_read_only = on`
    await tenant`alter database postgres set search_path = public`
    await tenant`alter database postgres set role = anon`
    await tenant`alter database postgres set statement_timeout = 1`
    await tenant`create function public.to_regclass(text) returns text language sql return 'mine'`
    const passwords = { ...pg.passwords, authenticator: 'another-one' }
    const fresh = connectAdmin(pg.socketDir)
    const { passwords: changed } = await bootstrap(fresh, { migrations, passwords })
    expect(changed).toEqual(['authenticator', 'supabase_auth_admin'])
    expect([
      ...(await fresh`select current_user::text as me, current_setting('search_path') as path`),
    ]).toEqual([{ me: 'supabase_admin', path: 'pg_catalog, pg_temp' }])
    await fresh.end()
  })
})
