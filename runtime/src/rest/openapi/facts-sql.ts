/**
 * The question put to the catalogs for what only descriptions need: comments, names of types, labels, lengths.
 *
 * `$1` is the schema, `$2` those that are exposed. The search path is empty while it runs, so types come qualified.
 */

/** Each type with what it is made of; a domain is followed to its end. */
const TYPES = `
domains(oid, below) as (
  select t.oid, t.typbasetype from pg_catalog.pg_type t where t.typtype = 'd'
  union all
  select d.oid, t.typbasetype from domains d join pg_catalog.pg_type t on t.oid = d.below and t.typtype = 'd'
),
ends as materialized (
  select d.oid, t.oid as base
  from domains d
  join pg_catalog.pg_type t on t.oid = d.below and t.typtype <> 'd'
),
types as not materialized (
  select t.oid, b.oid as base, b.typelem as element, b.typtype as kind, b.typrelid as relation,
    n.nspname = 'pg_catalog' as builtin
  from pg_catalog.pg_type t
  left join ends e on e.oid = t.oid
  join pg_catalog.pg_type b on b.oid = coalesce(e.base, t.oid)
  join pg_catalog.pg_namespace n on n.oid = b.typnamespace
)`

/** The fields of a `DescribedType`; `t` is the row of `types`. */
const typeFields = (oid: string, modifier: string): string => `
  'type', format_type(${oid}, ${modifier}),
  'format', case when t.builtin then format_type(t.base, null) else format_type(${oid}, ${modifier}) end,
  'base', format_type(t.base, null),
  'values', coalesce((
    select json_agg(e.enumlabel order by e.enumsortorder)
    from pg_catalog.pg_enum e where e.enumtypid in (t.base, t.element)), '[]')`

/** `varchar(n)` and `char(n)` keep n + 4, bit strings n; of a domain it is the domain's own. */
const MAX_LENGTH = `
  case when m.modifier < 0 then null
    when m.type in ('pg_catalog.bpchar'::regtype, 'pg_catalog.varchar'::regtype) then m.modifier - 4
    when m.type in ('pg_catalog.bit'::regtype, 'pg_catalog.varbit'::regtype) then m.modifier end`

const COLUMNS = `
select json_agg(json_build_object(
  'name', a.attname, 'comment', col_description(a.attrelid, a.attnum),
  'generated', a.attgenerated <> '' or a.attidentity = 'a', 'maxLength', ${MAX_LENGTH},
  ${typeFields('a.atttypid', 'a.atttypmod')}) order by a.attnum)
from pg_catalog.pg_attribute a
join types t on t.oid = a.atttypid
join pg_catalog.pg_type y on y.oid = a.atttypid
cross join lateral (
  select case y.typtype when 'd' then y.typbasetype else a.atttypid end as type,
    case y.typtype when 'd' then y.typtypmod else a.atttypmod end as modifier
) m
where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped`

const TABLES = `
select json_agg(json_build_object(
  'name', c.relname, 'comment', obj_description(c.oid, 'pg_class'),
  'columns', coalesce((${COLUMNS}), '[]')) order by c.relname)
from pg_catalog.pg_class c
where c.relkind in ('r', 'v', 'm', 'f', 'p') and not c.relispartition and c.relnamespace = s.oid`

const ARGUMENTS = `
select json_agg(json_build_object(
  'name', coalesce(i.name, ''), 'required', i.number <= p.pronargs - p.pronargdefaults,
  'variadic', i.mode = 'v', ${typeFields('i.type', 'null')}) order by i.number)
from (
  select e.name, e.type, coalesce(e.mode, 'i') as mode, row_number() over (order by e.at) as number
  from unnest(
    p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes
  ) with ordinality e(name, type, mode, at)
  where coalesce(e.mode, 'i') in ('i', 'b', 'v') and e.type is not null
) i
join types t on t.oid = i.type`

/** What `out` arguments and `table (...)` name, or else the attributes of the type. */
const RETURNED_COLUMNS = `
case when p.proargmodes::text[] && '{t,b,o}' then (
  select json_agg(json_build_object('name', coalesce(e.name, ''), ${typeFields('e.type', 'null')}) order by e.at)
  from unnest(p.proargnames, p.proallargtypes, p.proargmodes) with ordinality e(name, type, mode, at)
  join types t on t.oid = e.type
  where e.mode in ('t', 'b', 'o'))
when r.relation <> 0 then (
  select json_agg(json_build_object('name', a.attname, ${typeFields('a.atttypid', 'a.atttypmod')}) order by a.attnum)
  from pg_catalog.pg_attribute a
  join types t on t.oid = a.atttypid
  where a.attrelid = r.relation and a.attnum > 0 and not a.attisdropped) end`

const RETURNS = `
select json_build_object(
  'kind', case when t.base = 'pg_catalog.void'::regtype and not p.proretset then 'void'
    when t.kind = 'c' or t.base = 'pg_catalog.record'::regtype or p.proargmodes::text[] && '{t,b,o}' then 'composite'
    else 'scalar' end,
  'set', p.proretset,
  'table', (select json_build_object('schema', n.nspname, 'name', c.relname)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace and n.nspname = any ($2::text[])
    where c.oid = t.relation and c.relkind in ('r', 'v', 'm', 'f', 'p') and not c.relispartition),
  'columns', (select ${RETURNED_COLUMNS} from types r where r.oid = t.oid),
  ${typeFields('p.prorettype', 'null')})
from types t where t.oid = p.prorettype`

const FUNCTIONS = `
select json_agg(json_build_object(
  'oid', p.oid::bigint, 'name', p.proname, 'comment', obj_description(p.oid, 'pg_proc'),
  'arguments', coalesce((${ARGUMENTS}), '[]'),
  'volatility', case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
  'returns', (${RETURNS})) order by p.proname, p.pronargs, p.oid)
from pg_catalog.pg_proc p
where p.prokind = 'f' and p.pronamespace = s.oid
  and p.prorettype not in ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype)`

export const FACTS_SQL = `
with recursive ${TYPES},
s as (select n.oid from pg_catalog.pg_namespace n where n.nspname = $1)
select json_build_object(
  'tables', coalesce((select (${TABLES}) from s), '[]'),
  'functions', coalesce((select (${FUNCTIONS}) from s), '[]'))::text`
