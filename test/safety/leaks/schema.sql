create table note (id int primary key, owner int not null, body text not null);
insert into note select n, n % 50, 'note ' || n from generate_series(1, 500) n;
create policy own on note for all to authenticated, anon
  using (owner = (current_setting('request.jwt.claims', true)::json ->> 'sub')::int);
create sequence drawn;

-- Everything of a session that somebody else could have left in it.
create function look() returns jsonb language plpgsql as $$
declare rows bigint;
begin
  -- By its bare name: a temporary table would stand before it.
  select count(*) into rows from note;
  return jsonb_build_object(
    'role', current_user, 'sub', current_setting('request.jwt.claims', true)::jsonb ->> 'sub', 'rows', rows,
    'method', current_setting('request.method', true), 'secret', coalesce(current_setting('app.secret', true), ''),
    'header', current_setting('request.headers', true)::json ->> 'x-mine',
    'temp', (select count(*) from pg_class where relnamespace = pg_my_temp_schema()),
    'locks', (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'),
    'channels', (select count(*) from pg_listening_channels()), 'cursors', (select count(*) from pg_cursors where is_holdable),
    'memory', current_setting('work_mem'), 'path', current_setting('search_path'), 'zone', current_setting('TimeZone'),
    'timeout', current_setting('statement_timeout'), 'row_security', current_setting('row_security'),
    'replica', current_setting('session_replication_role'), 'readonly', current_setting('default_transaction_read_only'));
end $$;

-- Leaves what it is told to, and then succeeds, fails or sleeps.
create function soil(how text, then_do text default 'return') returns text language plpgsql as $$
declare me text := current_setting('request.jwt.claims', true)::json ->> 'sub';
begin
  case how
    when 'claims' then
      perform set_config('request.jwt.claims', '{"sub":"7","role":"service_role"}', false);
      perform set_config('request.headers', '{"x-mine":"soiled"}', false);
    when 'role' then set role service_role;
    when 'config-role' then perform set_config('role', 'service_role', false);
    when 'settings' then
      perform set_config('app.secret', me, false), set_config('work_mem', '1MB', false), set_config('search_path', 'auth', false),
        set_config('statement_timeout', '0', false), set_config('row_security', 'off', false);
    when 'zone' then perform set_config('TimeZone', 'Asia/Tokyo', false), set_config('default_transaction_read_only', 'on', false);
    when 'temp' then
      create temp table if not exists note as select 1 as id, 1 as owner, me as body;
      create temp table if not exists loot as select me as secret;
    when 'lock' then perform pg_advisory_lock(me::int);
    when 'listen' then execute 'listen secrets';
    when 'cursor' then execute 'declare held cursor with hold for select 1';
    when 'prepare' then execute format('prepare %I as select 1', 'mine ' || gen_random_uuid());
    when 'steal-name' then for n in 1..40 loop begin execute format('prepare s%s as select 666 as stolen', n); exception when duplicate_prepared_statement then null; end; end loop;
    when 'deallocate' then execute 'deallocate all';
    when 'draw' then perform nextval('drawn');
    when 'random' then perform setseed(0.5);
  end case;
  if then_do = 'fail' then raise exception 'as told' using errcode = 'P0001'; end if;
  if then_do = 'sleep' then perform pg_sleep(30); end if;
  return 'done';
end $$;
create function last_drawn() returns bigint language plpgsql as $$ begin return lastval(); exception when object_not_in_prerequisite_state then return null; end $$;
