-- pg_cron, where control loads it: a tenant may create it, but its schema would belong to the superuser alone. This
-- opens it to `postgres`. Jobs run as who made them; the functions that name another role stay closed.
create or replace function cascata.open_cron() returns event_trigger
  language plpgsql security definer set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
    select from pg_event_trigger_ddl_commands() as made join pg_extension on pg_extension.oid = made.objid
    where made.object_type = 'extension' and extname = 'pg_cron'
  ) then
    grant usage on schema cron to postgres;
  end if;
end
$body$;
revoke all on function cascata.open_cron() from public;

drop event trigger if exists cascata_cron;
create event trigger cascata_cron on ddl_command_end when tag in ('CREATE EXTENSION')
  execute function cascata.open_cron();
alter event trigger cascata_cron enable always;
