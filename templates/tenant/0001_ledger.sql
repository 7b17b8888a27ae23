-- What has been applied to this cluster by Cascata itself: the image when it was made, control ever after.
-- Every file of this folder may run again without harm; none is changed once released, a new one is added.

create schema if not exists cascata;
revoke all on schema cascata from public;

create table if not exists cascata.migrations (
  name text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now()
);
revoke all on cascata.migrations from public;
