-- Who may do what in `auth`. Row level security is on and has no policy, so that the API's roles see nothing even
-- where a tenant grants too much. `postgres` may do all but change the design: its foreign keys and triggers on
-- `auth.users`, and the data of a dump, need that.

do $tables$
declare
  entry record;
begin
  for entry in
    select relname as name from pg_class
    where relnamespace = 'auth'::regnamespace and relkind = 'r' and relname in (
      'audit_log_entries', 'custom_oauth_providers', 'flow_state', 'identities', 'instances', 'mfa_amr_claims',
      'mfa_challenges', 'mfa_factors', 'oauth_authorizations', 'oauth_client_states', 'oauth_clients',
      'oauth_consents', 'one_time_tokens', 'refresh_tokens', 'saml_providers', 'saml_relay_states',
      'schema_migrations', 'sessions', 'sso_domains', 'sso_providers', 'users', 'webauthn_challenges',
      'webauthn_credentials')
  loop
    execute format('alter table auth.%I owner to supabase_auth_admin', entry.name);
    execute format('alter table auth.%I enable row level security', entry.name);
    execute format('revoke all on auth.%I from public, anon, authenticated', entry.name);
    execute format('grant select on auth.%I to service_role', entry.name);
    execute format('grant all on auth.%I to postgres, dashboard_user', entry.name);
    execute format('grant select on auth.%I to postgres with grant option', entry.name);
  end loop;
end
$tables$;

grant all on sequence auth.refresh_tokens_id_seq to postgres, dashboard_user;

-- What was written down stays. A trigger could swallow an entry before it is one.
revoke all on auth.audit_log_entries from postgres, dashboard_user;
grant select on auth.audit_log_entries to postgres with grant option;
grant insert on auth.audit_log_entries to postgres;
grant select, insert on auth.audit_log_entries to dashboard_user;
