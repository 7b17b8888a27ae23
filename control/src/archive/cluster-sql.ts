/**
 * The statements that bring back what a dump leaves out. Pure: names are quoted, values are literals, and an archive
 * cannot ask for more than its schema allows (no superuser, no replication, nothing of the cluster's owner).
 */
import { CLUSTER_OWNER, isBaseRole } from '@cascata/shared/caf/base-roles'
import type {
  DatabaseFacts,
  MembershipEntry,
  RoleEntry,
  Roles,
  SettingEntry,
} from '@cascata/shared/caf/manifest'
import { empty, ident, join, literal, raw, type Sql, sql, toStatement } from '@cascata/shared/sql'

const text = (query: Sql): string => toStatement(query).text
const flag = (on: boolean, word: string): Sql => raw(on ? word : `no${word}`)

/** Only as SCRAM verifiers: anything else would be taken for a password in clear. */
const isVerifier = (value: string): boolean =>
  /^SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$/.test(value)

/** Creates what is missing and sets the attributes of all; base roles are the image's. */
export function rolesToSql(roles: Roles, existing: ReadonlySet<string>): string[] {
  const custom = roles.custom.filter(({ name }) => !isBaseRole(name))
  return [
    ...custom
      .filter(({ name }) => !existing.has(name))
      .map(({ name }) => text(sql`create role ${ident(name)}`)),
    ...custom.flatMap((role) => roleToSql(role, existing.has(role.name))),
    ...roles.memberships.filter(mayGrant).map(membershipToSql),
    ...roles.settings
      .filter(({ role, database }) => role !== null && !database)
      .map((one) => settingToSql(one)),
  ]
}

function roleToSql(role: RoleEntry, existed: boolean): string[] {
  const verifier = role.verifier !== null && isVerifier(role.verifier) ? literal(role.verifier) : raw('null')
  const attributes = join(
    [
      flag(role.inherit, 'inherit'),
      flag(role.createRole, 'createrole'),
      flag(role.createDb, 'createdb'),
      flag(role.login, 'login'),
      flag(role.bypassRls, 'bypassrls'),
      raw(`connection limit ${role.connectionLimit}`),
      // A role that never had a limit shows none; one that loses its limit can only be given an endless one.
      role.validUntil === null && !existed
        ? empty
        : sql`valid until ${literal(role.validUntil ?? 'infinity')}`,
      sql`password ${verifier}`,
    ],
    raw(' '),
  )
  const comment = role.comment === null ? raw('null') : literal(role.comment)
  return [
    text(sql`alter role ${ident(role.name)} nosuperuser noreplication ${attributes}`),
    text(sql`comment on role ${ident(role.name)} is ${comment}`),
  ]
}

/** Powers that reach the server's files and programs are not passed on by an archive. */
const NEVER_GRANTED = new Set(['pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'])

const mayGrant = ({ role, member }: MembershipEntry): boolean =>
  role !== CLUSTER_OWNER && member !== CLUSTER_OWNER && !member.startsWith('pg_') && !NEVER_GRANTED.has(role)

function membershipToSql({ role, member, grantor, admin, inherit, set }: MembershipEntry): string {
  const options = raw(`with admin ${admin}, inherit ${inherit}, set ${set}`)
  return text(sql`grant ${ident(role)} to ${ident(member)} ${options} granted by ${ident(grantor)}`)
}

/** `database` names where a per-database setting belongs. */
function settingToSql({ role, name, value }: SettingEntry, database?: string): string {
  const place = database === undefined ? empty : sql`database ${ident(database)}`
  const whose =
    role === null ? place : sql`role ${ident(role)}${database === undefined ? empty : sql` in ${place}`}`
  return text(sql`alter ${whose} set ${ident(name)} to ${settingValue(name, value)}`)
}

/** Settings that hold a list of names: each of them is a literal of its own (GUC_LIST_QUOTE in Postgres). */
const NAME_LISTS = new Set([
  'search_path',
  'temp_tablespaces',
  'session_preload_libraries',
  'local_preload_libraries',
])

function settingValue(name: string, value: string): Sql {
  if (!NAME_LISTS.has(name.toLowerCase())) return literal(value)
  const names = [...value.matchAll(/"((?:[^"]|"")*)"|([^\s",]+)/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  )
  return names.length === 0 ? literal('') : join(names.map(literal), raw(', '))
}

export function createDatabaseToSql(name: string, facts: DatabaseFacts): string {
  const options = [
    sql`template template0`,
    sql`encoding ${literal(facts.encoding)}`,
    sql`locale_provider ${raw(facts.localeProvider)}`,
    sql`lc_collate ${literal(facts.collate)}`,
    sql`lc_ctype ${literal(facts.ctype)}`,
  ]
  if (facts.locale !== null && facts.localeProvider === 'icu')
    options.push(sql`icu_locale ${literal(facts.locale)}`)
  if (facts.locale !== null && facts.localeProvider === 'builtin')
    options.push(sql`builtin_locale ${literal(facts.locale)}`)
  if (facts.icuRules !== null) options.push(sql`icu_rules ${literal(facts.icuRules)}`)
  return text(sql`create database ${ident(name)} ${join(options, raw(' '))}`)
}

/** Owner, privileges, comment and settings of the database itself. */
export function databaseToSql(
  name: string,
  facts: DatabaseFacts,
  settings: readonly SettingEntry[],
): string[] {
  const database = ident(name)
  const comment = facts.comment === null ? raw('null') : literal(facts.comment)
  return [
    text(sql`alter database ${database} owner to ${ident(facts.owner)}`),
    text(sql`alter database ${database} connection limit ${raw(String(facts.connectionLimit))}`),
    text(sql`comment on database ${database} is ${comment}`),
    ...privilegesToSql(database, facts),
    ...settings
      .filter((one) => one.database && one.role !== CLUSTER_OWNER)
      .map((one) => settingToSql(one, name)),
  ]
}

function privilegesToSql(database: Sql, { owner, acl }: DatabaseFacts): string[] {
  if (acl === null) return []
  const grantee = (name: string) => (name === '' ? raw('public') : ident(name))
  return [
    text(sql`revoke all on database ${database} from public, ${ident(owner)}`),
    ...acl.map(({ grantee: name, privilege, grantable }) =>
      text(
        sql`grant ${raw(privilege)} on database ${database} to ${grantee(name)}${grantable ? raw(' with grant option') : empty}`,
      ),
    ),
  ]
}
