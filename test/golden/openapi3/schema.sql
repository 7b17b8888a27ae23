-- A small shop. The row with key 7 is the one that examples speak of.
comment on schema public is 'A small shop
Customers, their orders, and what they ordered.';
create type order_state as enum ('new', 'it''s paid', 'sent');
create domain email as text check (value like '%@%');

create table customers (
  id bigint generated always as identity primary key,
  email email not null,
  name varchar(40) not null,
  shout text generated always as (upper(name)) stored,
  vip boolean not null default false,
  profile jsonb,
  joined timestamptz not null default now()
);
comment on table customers is 'Who orders.';
comment on column customers.email is 'Where invoices go.';
create table products (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  price numeric(8, 2) not null,
  tags text[],
  size int4range,
  photo bytea
);
create table orders (
  id int primary key,
  customer_id bigint not null references customers on delete cascade,
  state order_state not null,
  corrects int references orders,
  due date,
  "weird name" text,
  "or" text
);
create table order_items (
  order_id int references orders on delete cascade,
  product_id uuid references products on delete cascade,
  amount smallint not null default 1,
  primary key (order_id, product_id)
);
create table messages (at timestamptz not null default now(), text text not null);
create table partly (id int primary key, shown text, hidden text default 'x');
create table secrets (id int primary key, word text);
create table "a b" (id int primary key, n int);
create table a_b (id int primary key, n int);
create table reserved ("order" int primary key, "limit" int not null);
create table keyless ();
create table "openapi.json" (id int primary key, note text);
create view vips as select name, email, vip from customers where vip;
create view totals as select customer_id, count(*) as orders from orders group by customer_id;

create function add(a int, b int default 0) returns int immutable language sql as 'select a + b';
create function find_customers(term text) returns setof customers stable language sql
  as $$ select * from customers where name ilike '%' || term || '%' $$;
create function note_it(words text) returns void language sql as 'insert into messages (text) values (words)';
create function echo(json) returns json immutable language sql as 'select $1';
create function sizes(variadic numbers int[]) returns int immutable language sql as 'select cardinality(numbers)';
create function sum_up(n int) returns table (product uuid, sold bigint) stable security definer language sql
  as 'select product_id, sum(amount) from order_items group by 1 limit n';
create function area(a int) returns int immutable language sql as 'select a * a';
create function area(a int, b int) returns int immutable language sql as 'select a * b';

create schema shop;
create table shop.branches (id int primary key, city text not null);

insert into customers (id, email, name) overriding system value values (7, 'ada@example.com', 'Ada');
insert into orders (id, customer_id, state) values (1, 7, 'new');
insert into products (id, name, price) values ('3f2b1c4e-8d5a-4b6f-9c7d-0e1f2a3b4c5d', 'Tea', 4.5);

alter table messages disable row level security;
alter table partly disable row level security;
revoke all on all tables in schema public from anon;
grant usage on schema shop to anon, service_role;
grant all on shop.branches to service_role;
grant select on customers, products, vips to anon;
grant insert on messages to anon;
grant select (id, shown), insert (id, shown), update (shown), delete on partly to anon;
revoke execute on function note_it from public, anon;
