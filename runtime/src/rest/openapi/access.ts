/**
 * What a role may do in a schema, asked of Postgres in the caller's own turn: a grant counts at once, and a function
 * called before the request (`db-pre-request`) may have changed the role.
 */
import { z } from 'zod'

/** True, or the columns alone that it is allowed on. */
const byColumn = (privilege: 'select' | 'insert' | 'update'): string => `
case when has_table_privilege(c.oid, '${privilege}') then 'true'::json
  else coalesce((
    select json_agg(a.attname order by a.attnum)
    from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      and has_column_privilege(c.oid, a.attnum, '${privilege}')), '[]') end`

/** Any privilege at all makes a table known, as PostgREST has it. */
const TABLES = `
select json_agg(json_build_object(
  'name', c.relname, 'select', ${byColumn('select')}, 'insert', ${byColumn('insert')},
  'update', ${byColumn('update')}, 'delete', has_table_privilege(c.oid, 'delete')) order by c.relname)
from pg_catalog.pg_class c
where c.relkind in ('r', 'v', 'm', 'f', 'p') and not c.relispartition and c.relnamespace = n.oid
  and (pg_has_role(c.relowner, 'usage')
    or has_table_privilege(c.oid, 'select, insert, update, delete, truncate, references, trigger')
    or has_any_column_privilege(c.oid, 'select, insert, update, references'))`

/** Types of arguments are named as seen from the request's search path. */
const FUNCTIONS = `
select json_agg(json_build_object('oid', p.oid::bigint, 'formats', coalesce((
  select json_agg(format_type(e.type, null) order by e.at)
  from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes) with ordinality e(type, mode, at)
  where coalesce(e.mode, 'i') in ('i', 'b', 'v')), '[]')) order by p.oid)
from pg_catalog.pg_proc p
where p.prokind = 'f' and p.pronamespace = n.oid and has_function_privilege(p.oid, 'execute')`

const ask = (fields: readonly string[]): string => `
select json_build_object(${["'comment', obj_description(n.oid, 'pg_namespace')", ...fields].join(', ')})::text
from (select 1) one
left join pg_catalog.pg_namespace n on n.nspname = $1`

export const ACCESS_SQL = ask([
  `'tables', coalesce((${TABLES}), '[]')`,
  `'functions', coalesce((${FUNCTIONS}), '[]')`,
])

/** Where privileges do not count, the comment alone is asked: the turn still happens, and may refuse. */
export const COMMENT_SQL = ask([])

const Columns = z.union([z.literal(true), z.array(z.string())])

export const Access = z.object({
  comment: z.string().nullable(),
  /** Absent where privileges do not count. */
  tables: z
    .array(
      z.object({ name: z.string(), select: Columns, insert: Columns, update: Columns, delete: z.boolean() }),
    )
    .optional(),
  functions: z.array(z.object({ oid: z.number(), formats: z.array(z.string()) })).optional(),
})
export type Access = z.infer<typeof Access>

/** Where privileges count, an answer without them must not pass for one where they do not. */
export const GrantedAccess = Access.required()
