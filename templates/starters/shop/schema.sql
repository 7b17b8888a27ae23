-- A small shop: the catalogue is public, orders belong to who placed them, stock is kept by `place_order`.

create table public.categories (
  id bigint generated always as identity primary key,
  name text not null unique
);

create table public.products (
  id bigint generated always as identity primary key,
  name text not null,
  description text not null default '',
  -- In cents, so that no sum is ever off by one.
  price_cents integer not null check (price_cents >= 0),
  stock integer not null default 0 check (stock >= 0),
  is_listed boolean not null default true,
  created_at timestamptz not null default now()
);

create table public.product_categories (
  product_id bigint not null references public.products (id) on delete cascade,
  category_id bigint not null references public.categories (id) on delete cascade,
  primary key (product_id, category_id)
);
create index product_categories_category_id on public.product_categories (category_id);

create type public.order_state as enum ('placed', 'paid', 'shipped', 'cancelled');

create table public.orders (
  id bigint generated always as identity primary key,
  customer_id uuid not null default auth.uid(),
  state public.order_state not null default 'placed',
  placed_at timestamptz not null default now()
);
create index orders_customer_id on public.orders (customer_id);

create table public.order_lines (
  order_id bigint not null references public.orders (id) on delete cascade,
  product_id bigint not null references public.products (id),
  quantity integer not null check (quantity > 0),
  -- What it cost then; the product's price may change.
  price_cents integer not null,
  primary key (order_id, product_id)
);
create index order_lines_product_id on public.order_lines (product_id);

create policy "the catalogue is public" on public.categories for select to anon, authenticated using (true);
create policy "listed products are public" on public.products for select to anon, authenticated using (is_listed);
create policy "the catalogue's order is public" on public.product_categories
  for select to anon, authenticated using (true);
create policy "customers see their orders" on public.orders
  for select to authenticated using (customer_id = (select auth.uid()));
create policy "customers see what they ordered" on public.order_lines
  for select to authenticated
  using (exists (select from public.orders where orders.id = order_id and customer_id = (select auth.uid())));

-- With the caller's own eyes: without `security_invoker` a view shows what its owner may see.
create view public.order_totals with (security_invoker = true) as
select orders.id, orders.customer_id, orders.state, orders.placed_at,
  coalesce(sum(order_lines.quantity * order_lines.price_cents), 0)::bigint as total_cents
from public.orders left join public.order_lines on order_lines.order_id = orders.id
group by orders.id;

-- Orders are written here and nowhere else: prices come from the catalogue and the stock goes down in one step.
create function public.place_order(product_id bigint, quantity integer default 1) returns public.orders
  language plpgsql security definer set search_path = ''
as $body$
declare
  price integer;
  placed public.orders;
begin
  if auth.uid() is null then
    raise exception 'sign in to place an order' using errcode = '42501';
  end if;
  if place_order.quantity is null or place_order.quantity < 1 then
    raise exception 'order at least one' using errcode = '22023';
  end if;
  update public.products set stock = stock - place_order.quantity
    where id = place_order.product_id and is_listed and stock >= place_order.quantity
    returning price_cents into price;
  if not found then
    raise exception 'not enough of product % in stock', place_order.product_id using errcode = 'P0001';
  end if;
  insert into public.orders (customer_id) values (auth.uid()) returning * into placed;
  insert into public.order_lines (order_id, product_id, quantity, price_cents)
    values (placed.id, place_order.product_id, place_order.quantity, price);
  return placed;
end
$body$;
revoke execute on function public.place_order from public, anon;

insert into public.categories (name) values ('Coffee'), ('Tea'), ('Tools');
with stocked (name, category, price_cents, stock, is_listed) as (
  values
    ('House espresso, 250 g', 'Coffee', 890, 40, true),
    ('Ethiopian filter roast, 250 g', 'Coffee', 1290, 25, true),
    ('Decaf, 250 g', 'Coffee', 1090, 0, true),
    ('Darjeeling first flush, 100 g', 'Tea', 1450, 12, true),
    ('Smoked black tea, 100 g', 'Tea', 990, 30, true),
    ('Hand grinder', 'Tools', 8900, 5, true),
    ('Gooseneck kettle', 'Tools', 6400, 3, false)
), products as (
  insert into public.products (name, price_cents, stock, is_listed)
  select name, price_cents, stock, is_listed from stocked returning id, name
)
insert into public.product_categories (product_id, category_id)
select products.id, categories.id
from stocked join products using (name) join public.categories on categories.name = stocked.category;
