/** What every lane reads and writes: 100,000 notes, 100,000 children of 1,000 parents, and a place to insert into. */

import type { Sql } from 'postgres'

/** The caller's team owns every fourth topic and every second parent. */
export const TEAM = 1
const TOPICS = 10_000
const PARENTS = 1_000

const own = `team = (((select auth.jwt()) ->> 'team'))::int`

const SCHEMA = `
set search_path = public;
create table notes (id int primary key, team int not null, topic int not null, body text not null);
insert into notes select n, n % 4, n % ${TOPICS}, 'note ' || n || ' ' || repeat(md5(n::text), 3) from generate_series(1, ${TOPICS * 10}) n;
create index notes_topic on notes (topic);
create table parents (id int primary key, team int not null, name text not null);
insert into parents select n, n % 2, 'parent ' || n from generate_series(1, ${PARENTS}) n;
create table children (id int primary key, parent int not null references parents, team int not null, body text not null);
insert into children select n, 1 + n % ${PARENTS}, (1 + n % ${PARENTS}) % 2, 'child ' || md5(n::text) from generate_series(1, ${PARENTS * 100}) n;
create index children_parent on children (parent);
create table events (id int generated always as identity primary key, team int not null, topic int not null, body text not null)
  with (autovacuum_enabled = off);
create function topic_size(topic int) returns int language sql stable as
  'select sum(length(n.body))::int from notes n where n.topic = topic_size.topic';
do $$ declare name text; begin
  foreach name in array array['notes', 'parents', 'children', 'events'] loop
    execute format('alter table %I enable row level security', name);
    execute format('create policy own on %I to authenticated using (${own.replaceAll("'", "''")}) with check (${own.replaceAll("'", "''")})', name);
    execute format('grant select, insert, update, delete on %I to authenticated', name);
  end loop;
end $$;
grant execute on function topic_size to authenticated;
notify pgrst, 'reload schema';`

/** As the superuser. */
export async function fill(admin: Sql): Promise<void> {
  await admin.unsafe(SCHEMA)
  await admin.unsafe('vacuum analyze public.notes, public.parents, public.children')
}

/** Picks so many of the values the caller may see; random, so that no cache of one answer wins. */
function picked(count: number, all: readonly number[]): number[] {
  return Array.from({ length: count }, () => all[Math.floor(Math.random() * all.length)] ?? 0)
}

const upTo = (count: number, each: (n: number) => number) => Array.from({ length: count }, (_, n) => each(n))

const VALUES = 2_000
export const noteIds = () =>
  picked(
    VALUES,
    upTo((TOPICS * 10) / 4, (n) => 4 * n + TEAM),
  )
export const topics = () =>
  picked(
    VALUES,
    upTo(TOPICS / 4, (n) => 4 * n + TEAM),
  )
export const parentIds = () =>
  picked(
    VALUES,
    upTo(PARENTS / 2, (n) => 2 * n + TEAM),
  )
/** The same for pgbench: `:n` is what the functions above call `n`. */
export const NOTE_ID = `\\set n random(0, ${(TOPICS * 10) / 4 - 1})\n\\set v :n * 4 + ${TEAM}`
export const TOPIC = `\\set n random(0, ${TOPICS / 4 - 1})\n\\set v :n * 4 + ${TEAM}`
export const PARENT_ID = `\\set n random(0, ${PARENTS / 2 - 1})\n\\set v :n * 2 + ${TEAM}`
