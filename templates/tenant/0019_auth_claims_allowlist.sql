-- Which claims of a provider are kept as they are; none unless named. Newer projects of Supabase have it, and a dump names
-- each column, of an empty table too.
alter table auth.custom_oauth_providers add column if not exists custom_claims_allowlist text[] not null default '{}';
