-- The roles a Supabase project has. The superuser is `supabase_admin`, made by initdb; nothing here can become it.
-- Attributes are set again on each run, so a role that was made by hand before still ends up as promised.

do $roles$
declare
  role record;
begin
  for role in
    select * from (values
      ('anon',                  'nologin noinherit nobypassrls'),
      ('authenticated',         'nologin noinherit nobypassrls'),
      ('service_role',          'nologin noinherit bypassrls'),
      ('authenticator',         'login noinherit nobypassrls'),
      ('supabase_auth_admin',   'login noinherit nobypassrls'),
      ('supabase_storage_admin','login noinherit nobypassrls'),
      -- Named as owners and grantees in dumps of Supabase projects; they hold no power here.
      ('supabase_realtime_admin','nologin noinherit nobypassrls'),
      ('dashboard_user',        'nologin noinherit nobypassrls')
    ) as wanted (name, attributes)
  loop
    if not exists (select from pg_roles where rolname = role.name) then
      execute format('create role %I', role.name);
    end if;
    execute format('alter role %I nosuperuser nocreatedb nocreaterole noreplication %s', role.name, role.attributes);
  end loop;

  if not exists (select from pg_roles where rolname = 'postgres') then
    create role postgres;
  end if;
  alter role postgres nosuperuser inherit login createrole createdb replication bypassrls;
end
$roles$;

grant anon, authenticated, service_role to authenticator;
-- With admin option, as a tenant may tune them: `alter role authenticated set statement_timeout = '20s'`.
grant anon, authenticated, service_role to postgres with admin option;
-- Not pg_read_all_data (it reads password verifiers) and none of the roles that reach files or programs.
grant pg_monitor, pg_signal_backend to postgres;
-- What `postgres` creates it may also use, as before Postgres 16.
alter role postgres set createrole_self_grant = 'set, inherit';
-- Data dumps switch triggers and foreign keys off while they load.
grant set on parameter session_replication_role to postgres;

-- A superuser must not find a tenant's function or operator by an unqualified name.
alter role supabase_admin set search_path = pg_catalog, pg_temp;
alter role supabase_admin set log_statement = 'none';
alter role postgres set search_path = "$user", public, extensions;
alter role authenticator set search_path = "$user", public, extensions;
alter role supabase_auth_admin set search_path = auth;
alter role supabase_storage_admin set search_path = storage;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';
alter role supabase_auth_admin set idle_in_transaction_session_timeout = '60s';
