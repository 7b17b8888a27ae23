-- What second factors need beside GoTrue's columns: a code counts once, guesses of a challenge are counted, and codes
-- for the day the authenticator is lost, of which only hashes are kept.
alter table auth.mfa_factors add column if not exists last_totp_step integer;
alter table auth.mfa_challenges add column if not exists attempts smallint not null default 0;

-- GoTrue has it, and so refuses two users who are challenged in the same microsecond. Ours has but milliseconds.
alter table auth.mfa_factors drop constraint if exists mfa_factors_last_challenged_at_key;

create table if not exists auth.mfa_recovery_codes (
  user_id uuid not null constraint mfa_recovery_codes_user_id_fkey references auth.users (id) on delete cascade,
  code_hash text not null,
  created_at timestamptz not null default now(),
  constraint mfa_recovery_codes_pkey primary key (user_id, code_hash)
);
alter table auth.mfa_recovery_codes owner to supabase_auth_admin;
alter table auth.mfa_recovery_codes enable row level security;
revoke all on auth.mfa_recovery_codes from public, anon, authenticated, service_role;
-- For the data of a dump.
grant all on auth.mfa_recovery_codes to postgres, dashboard_user;
