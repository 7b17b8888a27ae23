-- What single sign-on needs beside GoTrue's tables: assertions that were used are remembered until they would be refused
-- anyway, so that none counts twice, on whichever replica it comes in; and when the session at the identity provider
-- ends, for who comes back with a code.
create table if not exists auth.saml_used_assertions (
  sso_provider_id uuid not null constraint saml_used_assertions_sso_provider_id_fkey
    references auth.sso_providers (id) on delete cascade,
  assertion_id text not null,
  expires_at timestamptz not null,
  constraint saml_used_assertions_pkey primary key (sso_provider_id, assertion_id)
);
create index if not exists saml_used_assertions_expires_at_idx on auth.saml_used_assertions (expires_at);
alter table auth.saml_used_assertions owner to supabase_auth_admin;
alter table auth.saml_used_assertions enable row level security;
revoke all on auth.saml_used_assertions from public, anon, authenticated, service_role;
-- For the data of a dump.
grant all on auth.saml_used_assertions to postgres, dashboard_user;

alter table auth.flow_state add column if not exists session_not_after timestamptz;
