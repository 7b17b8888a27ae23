-- What the authorization server needs beside GoTrue's columns: which session a code was spent on, so that a code that
-- comes a second time ends it. GoTrue deletes the row, and could not tell a used code from one that never was.
alter table auth.oauth_authorizations add column if not exists session_id uuid
  constraint oauth_authorizations_session_id_fkey references auth.sessions (id) on delete cascade;
create index if not exists oauth_authorizations_session_id_idx on auth.oauth_authorizations (session_id);
create index if not exists oauth_authorizations_user_client_idx on auth.oauth_authorizations (user_id, client_id);
