/** What a dump of one database leaves out: roles, memberships, settings and the database's own properties. */
import { CLUSTER_OWNER } from '@cascata/shared/caf/base-roles'
import type { DatabaseFacts, MembershipEntry, RoleEntry, SettingEntry } from '@cascata/shared/caf/manifest'
import type postgres from 'postgres'

type Session = postgres.Sql | postgres.TransactionSql

export async function readDatabase(session: Session): Promise<DatabaseFacts> {
  const [facts] = await session<Omit<DatabaseFacts, 'acl'>[]>`
    select pg_get_userbyid(datdba) as owner, pg_encoding_to_char(encoding) as encoding,
      case datlocprovider when 'c' then 'libc' when 'i' then 'icu' else 'builtin' end as "localeProvider",
      datcollate as collate, datctype as ctype, datlocale as locale, daticurules as "icuRules",
      datconnlimit as "connectionLimit", shobj_description(oid, 'pg_database') as comment
    from pg_catalog.pg_database where datname = current_database()`
  if (!facts) throw new Error('The database does not know itself')
  const acl = await session<NonNullable<DatabaseFacts['acl']>>`
    select case grantee when 0 then '' else pg_get_userbyid(grantee) end as grantee,
      privilege_type as privilege, is_grantable as grantable
    from pg_catalog.pg_database, aclexplode(datacl) where datname = current_database() order by 1, 2`
  return { ...facts, acl: acl.length === 0 ? null : [...acl] }
}

export const readRoles = (session: Session): Promise<RoleEntry[]> =>
  session<RoleEntry[]>`
    select rolname as name, rolinherit as inherit, rolcreaterole as "createRole", rolcreatedb as "createDb",
      rolcanlogin as login, rolbypassrls as "bypassRls", rolconnlimit as "connectionLimit",
      rolvaliduntil::text as "validUntil", rolpassword as verifier,
      shobj_description(oid, 'pg_authid') as comment
    from pg_catalog.pg_authid where not rolsuper order by rolname`.then((rows) => [...rows])

/** In an order in which they can be granted: whoever passes a role on has it with admin option by then. */
export async function readMemberships(session: Session): Promise<MembershipEntry[]> {
  const rows = await session<MembershipEntry[]>`
    select role.rolname as role, member.rolname as member, grantor.rolname as grantor,
      admin_option as admin, inherit_option as inherit, set_option as set
    from pg_catalog.pg_auth_members
    join pg_catalog.pg_roles role on role.oid = roleid
    join pg_catalog.pg_roles member on member.oid = pg_auth_members.member
    join pg_catalog.pg_roles grantor on grantor.oid = pg_auth_members.grantor
    where member.rolname not like 'pg\\_%' and not member.rolsuper
    order by 1, 2, 3`
  return inGrantOrder(rows)
}

export function inGrantOrder(rows: readonly MembershipEntry[]): MembershipEntry[] {
  const ordered: MembershipEntry[] = []
  let left = [...rows]
  while (left.length > 0) {
    const ready = left.filter(
      ({ role, grantor }) =>
        grantor === CLUSTER_OWNER ||
        ordered.some((one) => one.role === role && one.member === grantor && one.admin),
    )
    // A grantor that holds no admin option: the owner's own right stands behind it.
    const next = ready.length > 0 ? ready : left
    ordered.push(...next)
    left = left.filter((row) => !next.includes(row))
  }
  return ordered
}

export async function readSettings(session: Session): Promise<SettingEntry[]> {
  const rows = await session<{ role: string | null; database: boolean; setting: string }[]>`
    select rolname as role, setdatabase <> 0 as database, unnest(setconfig) as setting
    from pg_catalog.pg_db_role_setting
    left join pg_catalog.pg_database on pg_database.oid = setdatabase
    left join pg_catalog.pg_roles on pg_roles.oid = setrole
    where (setdatabase = 0 or datname = current_database()) and rolname is distinct from ${CLUSTER_OWNER}
      and not (setrole <> 0 and rolname is null)
    order by 1 nulls first, 2, 3`
  return rows.map(({ role, database, setting }) => {
    const at = setting.indexOf('=')
    return { role, database, name: setting.slice(0, at), value: setting.slice(at + 1) }
  })
}
