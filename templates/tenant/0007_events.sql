-- Two watchers of DDL. Both stay on in sessions that load dumps (`session_replication_role = replica`), and only
-- the superuser can switch them off.

-- A new table in `public` gets row level security before anybody can read it: it is reachable by the API at once.
-- Partitions count, a table that belongs to an extension does not. Whoever wants it open says so afterwards.
create or replace function cascata.enable_row_security() returns event_trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $body$
declare
  made record;
begin
  for made in
    select objid from pg_event_trigger_ddl_commands()
    where command_tag in ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')
      and object_type = 'table' and schema_name = 'public' and not in_extension
  loop
    execute format('alter table %s enable row level security', made.objid::regclass);
  end loop;
end
$body$;

drop event trigger if exists cascata_row_security;
create event trigger cascata_row_security on ddl_command_end
  when tag in ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO')
  execute function cascata.enable_row_security();
alter event trigger cascata_row_security enable always;

-- The runtime's schema cache listens on channel `pgrst`, as PostgREST's does. Postgres folds equal notices of one
-- transaction into one. Temporary objects are nobody else's business.
create or replace function cascata.notify_ddl() returns event_trigger
  language plpgsql set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
    select from pg_event_trigger_ddl_commands()
    where schema_name is null or schema_name not like 'pg\_temp%'
  ) then
    notify pgrst, 'reload schema';
  end if;
end
$body$;

create or replace function cascata.notify_drop() returns event_trigger
  language plpgsql set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
    select from pg_event_trigger_dropped_objects()
    where not is_temporary and object_type in (
      'schema', 'table', 'foreign table', 'view', 'materialized view', 'function', 'procedure', 'trigger',
      'type', 'domain', 'rule', 'table column', 'table constraint', 'extension'
    )
  ) then
    notify pgrst, 'reload schema';
  end if;
end
$body$;

drop event trigger if exists pgrst_ddl_watch;
create event trigger pgrst_ddl_watch on ddl_command_end
  when tag in (
    'CREATE SCHEMA', 'ALTER SCHEMA', 'CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'ALTER TABLE',
    'CREATE FOREIGN TABLE', 'ALTER FOREIGN TABLE', 'IMPORT FOREIGN SCHEMA', 'CREATE VIEW', 'ALTER VIEW',
    'CREATE MATERIALIZED VIEW', 'ALTER MATERIALIZED VIEW', 'CREATE FUNCTION', 'ALTER FUNCTION',
    'CREATE PROCEDURE', 'ALTER PROCEDURE', 'ALTER ROUTINE', 'CREATE TRIGGER', 'ALTER TRIGGER', 'CREATE TYPE',
    'ALTER TYPE', 'CREATE DOMAIN', 'ALTER DOMAIN', 'CREATE CAST', 'CREATE RULE', 'COMMENT', 'GRANT', 'REVOKE',
    'CREATE EXTENSION', 'ALTER EXTENSION'
  )
  execute function cascata.notify_ddl();
alter event trigger pgrst_ddl_watch enable always;

drop event trigger if exists pgrst_drop_watch;
create event trigger pgrst_drop_watch on sql_drop execute function cascata.notify_drop();
alter event trigger pgrst_drop_watch enable always;

-- An event trigger's function is called by the server, never by a role.
revoke all on all routines in schema cascata from public;
