/**
 * Brings a project's cluster to what this version of Cascata expects of it: the built-in migrations it lacks, and
 * the passwords of its login roles, and whether its clients may write. The image carries the same migrations, so on a new project nothing is left to
 * apply. Running it again changes nothing.
 */

import { authAdminPassword } from '@cascata/shared/auth-password'
import { TenantMigrationChanged } from '@cascata/shared/problems/database'
import { ident, literal, sql as text, toStatement } from '@cascata/shared/sql'
import type { TenantMigration } from '@cascata/templates'
import type { Sql } from 'postgres'
import { scramVerifier } from './scram.ts'
import { endSessionsOf, setAccess } from './tenant-access.ts'

export type RolePasswords = { supabase_admin: string; authenticator: string; postgres: string }
export type BootstrapReport = {
  migrations: string[]
  passwords: string[]
  access: 'as it was' | 'shut' | 'opened'
}

/**
 * `admin` is a connection as the superuser to the database that is to be brought up to date.
 * @throws TenantMigrationChanged when an applied migration is not the one this version carries.
 */
export async function bootstrap(
  admin: Sql,
  wanted: { migrations: readonly TenantMigration[]; passwords: RolePasswords; readOnly?: boolean },
): Promise<BootstrapReport> {
  return {
    migrations: await applyTenantMigrations(admin, wanted.migrations),
    passwords: await setPasswords(admin, {
      ...wanted.passwords,
      supabase_auth_admin: authAdminPassword(wanted.passwords.authenticator),
    }),
    access: await setAccess(admin, wanted.readOnly ?? false),
  }
}

export async function applyTenantMigrations(
  admin: Sql,
  migrations: readonly TenantMigration[],
): Promise<string[]> {
  const recorded = await recordedMigrations(admin)
  const missing = migrations.filter(({ name, sha256 }) => {
    const applied = recorded.get(name)
    if (applied !== undefined && applied !== sha256) throw TenantMigrationChanged(name)
    return applied === undefined
  })
  for (const { name, sql, sha256 } of missing) {
    await admin.begin(async (transaction) => {
      await transaction.unsafe(sql).simple()
      await transaction`insert into cascata.migrations (name, sha256) values (${name}, ${sha256})`
    })
  }
  return missing.map(({ name }) => name)
}

async function recordedMigrations(admin: Sql): Promise<Map<string, string>> {
  const [ledger] = await admin`select to_regclass('cascata.migrations') is not null as there`
  if (!ledger?.there) return new Map()
  const rows = await admin<{ name: string; sha256: string }[]>`select name, sha256 from cascata.migrations`
  return new Map(rows.map((row) => [row.name, row.sha256]))
}

/** Only a verifier travels, and only where another one is stored: names the roles it changed. */
async function setPasswords(admin: Sql, passwords: Record<string, string>): Promise<string[]> {
  const roles = Object.keys(passwords)
  const rows = await admin<StoredRole[]>`select rolname, rolpassword, rolcanlogin, rolsuper
    from pg_authid where rolname in ${admin(roles)}`
  const stored = new Map(rows.map((row) => [row.rolname, row]))
  const changed: string[] = []
  for (const [role, password] of Object.entries(passwords)) {
    const verifier = await scramVerifier(password)
    const now = stored.get(role)
    if (now?.rolpassword === verifier && now.rolcanlogin) continue
    if (!now || now.rolpassword === null || now.rolsuper) await setPassword(admin, role, verifier)
    else await replacePassword(admin, role, verifier)
    changed.push(role)
  }
  return changed
}

type StoredRole = { rolname: string; rolpassword: string | null; rolcanlogin: boolean; rolsuper: boolean }

/** Nobody is in by an older one: there was none, or the role is the superuser, who needs none on the socket. */
async function setPassword(admin: Sql, role: string, verifier: string): Promise<void> {
  await admin.unsafe(toStatement(text`alter role ${ident(role)} password ${literal(verifier)}`).text)
}

/**
 * Whoever came in by the old one is put out. Until that is done the role may not log in: so nobody slips in between, and
 * after a kill the next pass sees that it is not done.
 */
async function replacePassword(admin: Sql, role: string, verifier: string): Promise<void> {
  const shut = text`alter role ${ident(role)} nologin password ${literal(verifier)}`
  await admin.unsafe(toStatement(shut).text)
  await endSessionsOf(admin, role)
  await admin.unsafe(toStatement(text`alter role ${ident(role)} login`).text)
}
