-- The tenant's own migrations, in the table that Supabase's CLI keeps, so that either tool continues the other's
-- work; and the starter a project began with, written by `postgres` in the starter's own transaction.

create schema if not exists supabase_migrations;
alter schema supabase_migrations owner to postgres;

create table if not exists supabase_migrations.schema_migrations (version text not null primary key);
alter table supabase_migrations.schema_migrations add column if not exists statements text[];
alter table supabase_migrations.schema_migrations add column if not exists name text;
alter table supabase_migrations.schema_migrations owner to postgres;

create table if not exists cascata.starters (
  name text primary key,
  applied_at timestamptz not null default now()
);
revoke all on cascata.starters from public;
grant usage on schema cascata to postgres;
grant select, insert on cascata.starters to postgres;
