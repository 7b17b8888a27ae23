/**
 * The one question put to a project's catalogs for its types: a JSON document of the shape `Catalog`.
 *
 * Catalogs alone are read, so that who asks sees tables that it may not read rows of: types are no data.
 */
import { join, literal, raw, sql, toStatement } from '@cascata/shared/sql'

const ASKED = 'n.nspname in (select name from asked)'

const SCHEMAS = `select json_agg(n.nspname order by n.nspname) from pg_namespace n where ${ASKED}`

// `pg_column_is_updatable` wants updates and deletes to be possible both, so triggers and rules are looked at here.
const WRITABLE = `c.relkind = 'v' and (pg_column_is_updatable(c.oid, a.attnum, false)
  or exists (select from pg_trigger g
    where g.tgrelid = c.oid and g.tgtype & 64 <> 0 and g.tgtype & 20 <> 0 and not g.tgisinternal)
  or exists (select from pg_rewrite r
    where r.ev_class = c.oid and r.is_instead and r.ev_type in ('2', '3') and r.ev_qual::text = '<>'))`

const RELATIONS = `
select json_agg(json_build_object(
  'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind,
  'insertable', pg_relation_is_updatable(c.oid, true) & 8 = 8,
  'updatable', pg_relation_is_updatable(c.oid, true) & 4 = 4,
  'tree', (select r.ev_action::text from pg_rewrite r where r.ev_class = c.oid and r.rulename = '_RETURN'),
  'columns', coalesce((
    select json_agg(json_build_object(
      'number', a.attnum, 'name', a.attname, 'type', a.atttypid::bigint,
      'nullable', not (a.attnotnull or (t.typtype = 'd' and t.typnotnull)),
      'optional', a.atthasdef or a.attidentity <> '' or t.typdefault is not null,
      'computed', a.attgenerated <> '' or a.attidentity = 'a',
      'writable', ${WRITABLE}))
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]')))
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'v', 'm', 'f', 'p') and ${ASKED}`

const columnsOf = (numbers: string, relation: string) => `coalesce((
  select json_agg(json_build_object('number', a.attnum, 'name', a.attname) order by o.at)
  from unnest(${numbers}) with ordinality o(number, at)
  join pg_attribute a on a.attrelid = ${relation} and a.attnum = o.number), '[]')`

/** Those of all schemas: views may show tables of others. */
const KEYS = `
select json_agg(json_build_object(
  'kind', k.contype, 'name', k.conname,
  'table', json_build_object('oid', k.conrelid::bigint, 'schema', n.nspname, 'name', c.relname),
  'columns', ${columnsOf('k.conkey', 'k.conrelid')},
  'toTable', case when k.contype = 'f' then
    json_build_object('oid', k.confrelid::bigint, 'schema', fn.nspname, 'name', fc.relname) end,
  'toColumns', case when k.contype = 'f' then ${columnsOf('k.confkey', 'k.confrelid')} end))
from pg_constraint k
join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
left join pg_class fc on fc.oid = k.confrelid left join pg_namespace fn on fn.oid = fc.relnamespace
where k.contype in ('p', 'u', 'f') and (k.contype <> 'f' or k.conparentid = 0)
  and n.nspname not in ('pg_catalog', 'information_schema')`

const TYPES = `
select json_agg(json_build_object(
  'oid', t.oid::bigint, 'schema', n.nspname, 'name', t.typname,
  'element', case when t.typsubscript = 'array_subscript_handler'::regproc then t.typelem::bigint end,
  'base', case when t.typtype = 'd' then (
    with recursive down(oid, kind, below) as (
      select t.oid, t.typtype, t.typbasetype
      union all
      select y.oid, y.typtype, y.typbasetype from down join pg_type y on y.oid = down.below where down.kind = 'd')
    select oid::bigint from down where kind <> 'd') end,
  'relation', nullif(t.typrelid::bigint, 0),
  'labels', coalesce((select json_agg(e.enumlabel order by e.enumsortorder)
    from pg_enum e where e.enumtypid = t.oid), '[]'),
  'attributes', coalesce((select json_agg(json_build_object('name', a.attname, 'type', a.atttypid::bigint)
    order by a.attnum) from pg_attribute a
    where c.relkind = 'c' and a.attrelid = c.oid and not a.attisdropped), '[]')))
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
left join pg_class c on c.oid = t.typrelid
left join pg_type e on e.oid = t.typelem
where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  or (n.nspname = 'pg_catalog' and t.typrelid = 0 and coalesce(e.typrelid, 0) = 0)`

const FUNCTIONS = `
select json_agg(json_build_object(
  'schema', n.nspname, 'name', p.proname,
  'argumentsText', pg_get_function_arguments(p.oid), 'returnsText', pg_get_function_result(p.oid),
  'returns', p.prorettype::bigint, 'returnsRelation', nullif(t.typrelid::bigint, 0),
  'set', p.proretset, 'rows', case when p.proretset then nullif(p.prorows, 0) end,
  'arguments', coalesce((
    select json_agg(json_build_object('mode', g.mode, 'name', g.name, 'type', g.type::bigint,
      'optional', g.mode in ('i', 'b', 'v') and g.place > p.pronargs - p.pronargdefaults) order by g.at)
    from (
      select coalesce(e.mode, 'i') as mode, coalesce(e.name, '') as name, e.type, e.at,
        count(*) filter (where coalesce(e.mode, 'i') in ('i', 'b', 'v')) over (order by e.at) as place
      from unnest(p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes)
        with ordinality e(name, type, mode, at)
      where e.type is not null
    ) g), '[]')))
from pg_proc p
join pg_namespace n on n.oid = p.pronamespace
join pg_type t on t.oid = p.prorettype
where p.prokind = 'f' and ${ASKED}
  and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)`

const PARTS = { relations: RELATIONS, keys: KEYS, types: TYPES, functions: FUNCTIONS, schemas: SCHEMAS }

/** One text of four statements; the third answers one row of one column. */
export function catalogSql(schemas: readonly string[]): string {
  const asked = join(schemas.map(literal), raw(', '))
  const parts = Object.entries(PARTS).map(([name, part]) => `'${name}', coalesce((${part}), '[]')`)
  // Signatures are printed as somebody with Supabase's search path sees them; nothing of a tenant's comes first.
  const statement = sql`begin isolation level repeatable read read only;
    set local search_path = pg_catalog, public, extensions;
    with asked(name) as materialized (select unnest(array[${asked}]::text[]))
    select json_build_object(${raw(parts.join(', '))});
    commit`
  return toStatement(statement).text
}
