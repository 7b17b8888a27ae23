-- Messages of wallets that were signed in with, until they would not be taken anyway: each counts once. GoTrue takes one
-- again and again while it is valid.
create table if not exists auth.web3_messages (
  digest bytea not null constraint web3_messages_pkey primary key,
  expires_at timestamptz not null
);
create index if not exists web3_messages_expires_at_idx on auth.web3_messages (expires_at);
alter table auth.web3_messages owner to supabase_auth_admin;
alter table auth.web3_messages enable row level security;
revoke all on auth.web3_messages from public, anon, authenticated, service_role;
-- For the data of a dump.
grant all on auth.web3_messages to postgres, dashboard_user;

-- In which session somebody asked for one more identity: it stays when the others end.
alter table auth.flow_state add column if not exists linking_session_id uuid;
