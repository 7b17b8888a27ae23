-- To-do lists. A public list is for everybody to read; the rest is seen and changed by its owner alone.

create table public.lists (
  id bigint generated always as identity primary key,
  title text not null check (length(title) between 1 and 200),
  is_public boolean not null default false,
  -- Null is a list of the house: it came with the starter and has no owner.
  owner_id uuid default auth.uid(),
  created_at timestamptz not null default now()
);
comment on table public.lists is 'Lists of things to do.';

create table public.todos (
  id bigint generated always as identity primary key,
  list_id bigint not null references public.lists (id) on delete cascade,
  task text not null check (length(task) between 1 and 500),
  is_complete boolean not null default false,
  due_on date,
  created_at timestamptz not null default now()
);
comment on table public.todos is 'Things to do, each on one list.';
create index todos_list_id on public.todos (list_id);
create index lists_owner_id on public.lists (owner_id);

-- Row level security is on already: every table made in `public` starts closed.
create policy "public lists are for everybody to read" on public.lists
  for select to anon, authenticated using (is_public);
-- `(select auth.uid())` is asked once per statement, not once per row.
create policy "owners do as they like with their lists" on public.lists
  for all to authenticated
  using (owner_id = (select auth.uid())) with check (owner_id = (select auth.uid()));

-- A list that the caller may not see is not found here either: policies of `lists` hold in the subquery.
create policy "who sees a list sees what is on it" on public.todos
  for select to anon, authenticated
  using (exists (select from public.lists where lists.id = list_id));
create policy "owners do as they like with what is on their lists" on public.todos
  for all to authenticated
  using (exists (select from public.lists where lists.id = list_id and owner_id = (select auth.uid())))
  with check (exists (select from public.lists where lists.id = list_id and owner_id = (select auth.uid())));

with house as (
  insert into public.lists (title, is_public, owner_id) values
    ('Getting started', true, null),
    ('Kept to ourselves', false, null)
  returning id, title
), things (title, task, is_complete) as (
  values
    ('Getting started', 'Create a project', true),
    ('Getting started', 'Read this list as a stranger', true),
    ('Getting started', 'Sign in and make a list of your own', false),
    ('Getting started', 'Back it all up into one encrypted file', false),
    ('Kept to ourselves', 'Only the service role reads this', false)
)
insert into public.todos (list_id, task, is_complete)
select house.id, things.task, things.is_complete from house join things using (title);
