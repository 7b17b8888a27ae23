/**
 * The one question put to Postgres' catalogs: everything the cache holds, as one JSON document.
 *
 * `$1` are the exposed schemas, `$2` those and the extra search path. The search path is empty while it runs,
 * so that `format_type` and `pg_get_expr` write qualified names.
 */
/** What a type is at the bottom of its domains: an oid. */
const baseOf = (type: string): string => `(
  with recursive down(oid, kind, below) as (
    select y.oid, y.typtype, y.typbasetype from pg_catalog.pg_type y where y.oid = ${type}
    union all
    select y.oid, y.typtype, y.typbasetype from down join pg_catalog.pg_type y on y.oid = down.below
    where down.kind = 'd'
  )
  select oid from down where kind <> 'd')`

const TABLES = `
select json_agg(json_build_object(
  'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'view', c.relkind in ('v', 'm'),
  'insertable', c.relkind in ('r', 'p') or (c.relkind in ('v', 'f') and u.events & 8 = 8),
  'updatable', c.relkind in ('r', 'p') or (c.relkind in ('v', 'f') and u.events & 4 = 4),
  'deletable', c.relkind in ('r', 'p') or (c.relkind in ('v', 'f') and u.events & 16 = 16),
  'triggers', c.relkind <> 'r' or c.relhasrules or c.relhassubclass
    or exists (select from pg_catalog.pg_trigger g where g.tgrelid = c.oid and not g.tgisinternal),
  'columns', coalesce((
    select json_agg(json_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'base', format_type(case when t.typtype = 'd' then ${baseOf('t.oid')} else t.oid end, null),
      'nullable', not (a.attnotnull or (t.typtype = 'd' and t.typnotnull)),
      'default', case
        when a.attgenerated <> '' then null
        when a.attidentity = 'd' then (
          select format('nextval(%L)', format('%I.%I', sn.nspname, s.relname))
          from pg_catalog.pg_depend k
          join pg_catalog.pg_class s on s.oid = k.objid and s.relkind = 'S'
          join pg_catalog.pg_namespace sn on sn.oid = s.relnamespace
          where k.refobjid = c.oid and k.refobjsubid = a.attnum and k.deptype = 'i')
        when d.adbin is not null then pg_get_expr(d.adbin, d.adrelid)
        else pg_get_expr(t.typdefaultbin, 0)
      end) order by a.attnum)
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_type t on t.oid = a.atttypid
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]')) order by n.nspname, c.relname)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
cross join lateral (select pg_relation_is_updatable(c.oid, true) as events) u
where c.relkind in ('r', 'v', 'm', 'f', 'p') and not c.relispartition and n.nspname = any ($1::text[])`

/** Primary keys, unique constraints and foreign keys of all schemas: views may stand on hidden tables. */
const CONSTRAINTS = `
select json_agg(json_build_object(
  'kind', k.contype, 'name', k.conname,
  'table', json_build_object('oid', k.conrelid::bigint, 'schema', n.nspname, 'name', c.relname),
  'columns', (select json_agg(json_build_object('number', a.attnum, 'name', a.attname) order by o.at)
    from unnest(k.conkey) with ordinality o(number, at)
    join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = o.number),
  'toTable', case when k.contype = 'f' then
    json_build_object('oid', k.confrelid::bigint, 'schema', fn.nspname, 'name', fc.relname) end,
  'toColumns', (select json_agg(json_build_object('number', a.attnum, 'name', a.attname) order by o.at)
    from unnest(k.confkey) with ordinality o(number, at)
    join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = o.number)
  ) order by k.conrelid, k.conname)
from pg_catalog.pg_constraint k
join pg_catalog.pg_class c on c.oid = k.conrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
left join pg_catalog.pg_class fc on fc.oid = k.confrelid
left join pg_catalog.pg_namespace fn on fn.oid = fc.relnamespace
where k.contype in ('p', 'u', 'f') and k.conparentid = 0 and n.nspname <> 'pg_catalog'`

const VIEWS = `
select json_agg(json_build_object(
  'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'tree', r.ev_action::text,
  'columns', (select json_object_agg(a.attnum, a.attname) from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)))
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_rewrite r on r.ev_class = c.oid and r.rulename = '_RETURN'
where c.relkind in ('v', 'm') and n.nspname = any ($2::text[])`

const ROUTINES = `
select json_agg(json_build_object(
  'schema', n.nspname, 'name', p.proname,
  'arguments', coalesce((
    select json_agg(json_build_object(
      'name', coalesce(i.name, ''), 'type', format_type(i.type, null),
      'openType', case i.type
        when 'pg_catalog.bit'::regtype then 'bit varying'
        when 'pg_catalog.bit[]'::regtype then 'bit varying[]'
        when 'pg_catalog.bpchar'::regtype then 'character varying'
        when 'pg_catalog.bpchar[]'::regtype then 'character varying[]'
        else format_type(i.type, null) end,
      'required', i.number <= p.pronargs - p.pronargdefaults,
      'variadic', i.mode = 'v') order by i.number)
    from (
      select e.name, e.type, coalesce(e.mode, 'i') as mode, row_number() over (order by e.at) as number
      from unnest(
        p.proargnames, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.proargmodes
      ) with ordinality e(name, type, mode, at)
      where coalesce(e.mode, 'i') in ('i', 'b', 'v') and e.type is not null
    ) i), '[]'),
  'returns', json_build_object(
    'schema', tn.nspname, 'name', coalesce(tc.relname, t.typname), 'set', p.proretset,
    'composite', t.typtype = 'c' or coalesce(p.proargmodes::text[] && '{t,b,o}', false)),
  'volatility', case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
  'settings', coalesce(to_json(p.proconfig), '[]')
  ) order by n.nspname, p.proname, p.pronargs, p.oid)
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_type d on d.oid = p.prorettype
join pg_catalog.pg_type t on t.oid = case when d.typtype = 'd' then ${baseOf('d.oid')} else d.oid end
join pg_catalog.pg_namespace tn on tn.oid = t.typnamespace
left join pg_catalog.pg_class tc on tc.oid = t.typrelid
where p.prokind = 'f' and n.nspname = any ($1::text[])
  and p.prorettype not in ('pg_catalog.trigger'::regtype, 'pg_catalog.event_trigger'::regtype)`

/** Functions from a row to rows stand for relationships nobody declared as keys. */
const COMPUTED = `
select json_agg(json_build_object(
  'function', json_build_object('schema', n.nspname, 'name', p.proname),
  'from', json_build_object('schema', an.nspname, 'name', ac.relname),
  'to', json_build_object('schema', rn.nspname, 'name', rc.relname),
  'toOne', not p.proretset or p.prorows = 1) order by n.nspname, p.proname)
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
join pg_catalog.pg_class ac on ac.reltype = p.proargtypes[0] and ac.relkind in ('r', 'v', 'm', 'f', 'p')
join pg_catalog.pg_namespace an on an.oid = ac.relnamespace
join pg_catalog.pg_class rc on rc.reltype = p.prorettype and rc.relkind in ('r', 'v', 'm', 'f', 'p')
join pg_catalog.pg_namespace rn on rn.oid = rc.relnamespace
where p.pronargs = 1 and ac.reltype <> 0 and p.prokind = 'f'`

const REPRESENTATIONS = `
select json_agg(json_build_object(
  'from', format_type(k.castsource, null), 'to', format_type(k.casttarget, null),
  'function', json_build_object('schema', n.nspname, 'name', p.proname)))
from pg_catalog.pg_cast k
join pg_catalog.pg_type s on s.oid = k.castsource
join pg_catalog.pg_type t on t.oid = k.casttarget
join pg_catalog.pg_proc p on p.oid = k.castfunc
join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where k.castcontext = 'i' and k.castmethod = 'f' and has_function_privilege(k.castfunc, 'execute')
  and ((s.typtype = 'd' and k.casttarget in ('pg_catalog.json'::regtype, 'pg_catalog.text'::regtype))
    or (t.typtype = 'd' and k.castsource in ('pg_catalog.json'::regtype, 'pg_catalog.text'::regtype)))`

/** Domains named like a media type: an aggregate or a function that returns one writes that type. */
const HANDLERS = `
with media as (
  select t.oid, t.typname, n.nspname, case t.typname when '*/*' then 'application/octet-stream'
    else lower(t.typname) end as answered, ${baseOf('t.oid')}::regtype::text as written
  from pg_catalog.pg_type t
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  where t.typtype = 'd' and (t.typname ~* '^[a-z0-9.-]+/[a-z0-9.+-]+$' or t.typname = '*/*')
)
select json_agg(h.handler) from (
  select json_build_object(
    'function', json_build_object('schema', pn.nspname, 'name', p.proname),
    'of', case when a.typname = 'anyelement' then null
      else json_build_object('schema', an.nspname, 'name', a.typname) end,
    'asked', lower(m.typname), 'answered', m.answered, 'written', m.written) as handler
  from media m
  join pg_catalog.pg_proc p on p.prorettype = m.oid and p.prokind = 'a' and p.pronargs = 1
  join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace and pn.nspname = any ($1::text[])
  join pg_catalog.pg_type a on a.oid = p.proargtypes[0] and (a.typtype = 'c' or a.typname = 'anyelement')
  join pg_catalog.pg_namespace an on an.oid = a.typnamespace
  union all
  select json_build_object(
    'function', json_build_object('schema', m.nspname, 'name', m.typname),
    'of', json_build_object('schema', pn.nspname, 'name', p.proname),
    'asked', lower(m.typname), 'answered', m.answered, 'written', m.written)
  from media m
  join pg_catalog.pg_proc p on p.prorettype = m.oid and p.prokind = 'f' and not p.proretset
  join pg_catalog.pg_namespace pn on pn.oid = p.pronamespace and pn.nspname = any ($1::text[])
) h`

const TYPES = `
select json_agg(distinct t.typname)
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
where t.typisdefined and (n.nspname = 'pg_catalog' or n.nspname = any ($2::text[]))
  and t.typtype <> 'p' and t.typname = lower(t.typname)`

/** Settings of the roles we may take on, those that any role may set for itself. */
const ROLE_SETTINGS = `
select json_agg(json_build_object('role', r.rolname, 'name', s.name, 'value', s.value))
from pg_catalog.pg_auth_members m
join pg_catalog.pg_roles r on r.oid = m.roleid
cross join lateral (
  select split_part(c, '=', 1) as name, substr(c, strpos(c, '=') + 1) as value from unnest(r.rolconfig) c
) s
join pg_catalog.pg_settings g on g.name = s.name
where m.member = (select oid from pg_catalog.pg_roles where rolname = current_user)
  and (g.context = 'user' or has_parameter_privilege(g.name, 'set'))`

const PARTS = {
  tables: TABLES,
  constraints: CONSTRAINTS,
  views: VIEWS,
  routines: ROUTINES,
  computed: COMPUTED,
  representations: REPRESENTATIONS,
  handlers: HANDLERS,
  types: TYPES,
  roleSettings: ROLE_SETTINGS,
}

export const CATALOG_SQL = `select json_build_object(${Object.entries(PARTS)
  .map(([name, part]) => `'${name}', coalesce((${part}), '[]')`)
  .join(', ')})::text`

export const TIMEZONES_SQL = 'select json_agg(name)::text from pg_catalog.pg_timezone_names'
