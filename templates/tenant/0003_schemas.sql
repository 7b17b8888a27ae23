-- Schemas, who owns them and who may look inside. `public` belongs to the database's owner, the tenant.

do $database$
begin
  execute format('alter database %I owner to postgres', current_database());
end
$database$;

create schema if not exists auth;
alter schema auth owner to supabase_auth_admin;
create schema if not exists storage;
alter schema storage owner to supabase_storage_admin;
create schema if not exists realtime;
alter schema realtime owner to supabase_admin;
create schema if not exists extensions;
alter schema extensions owner to postgres;

grant usage on schema auth to anon, authenticated, service_role, postgres, dashboard_user;
grant usage on schema storage to anon, authenticated, service_role, postgres, dashboard_user;
grant usage on schema realtime to anon, authenticated, service_role, postgres, dashboard_user;
grant usage, create on schema realtime to supabase_realtime_admin;
grant usage on schema extensions to anon, authenticated, service_role, authenticator, dashboard_user,
  supabase_auth_admin, supabase_storage_admin;
grant usage on schema public to anon, authenticated, service_role;
