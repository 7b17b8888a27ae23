-- A club with people, teams, projects and notes. Ids are given, never drawn: what is rolled back must leave no trace.
create table team (id int primary key, name text not null, region text, rank int);
create table person (
  id int primary key,
  team_id int references team,
  boss_id int references person,
  name text not null,
  age int check (age < 200),
  score numeric(8, 2),
  active boolean default true,
  tags text[] not null default '{new}',
  facts jsonb not null default '{}',
  born date,
  owner text default 'nobody'
);
create table badge (person_id int primary key references person on delete cascade, kind text not null default 'plain', level int unique);
create table project (id int primary key, team_id int references team on delete cascade, title text not null, budget numeric, state text default 'draft');
create table part (
  person_id int references person on delete cascade,
  project_id int references project on delete cascade,
  duty text default 'member',
  hours int default 1,
  primary key (person_id, project_id)
);
create table note (
  id int primary key,
  person_id int references person on delete cascade,
  project_id int references project on delete set null,
  body text,
  stars int default 3,
  at timestamptz default '2030-01-01T00:00:00Z'
);
-- One shows what its reader may see, the other what its owner may.
create view senior with (security_invoker) as select id, team_id, name, age, score from person where age >= 40;
create view roster as select id, team_id, name from person;

create function older_than(years int, lowest numeric default 0) returns setof person language sql stable as
  $$ select * from person where age > years and coalesce(score, 0) >= lowest $$;
create function team_size(team int) returns bigint language sql stable as $$ select count(*) from person where team_id = team $$;
create function totals() returns table (team_id int, people bigint, points numeric) language sql stable as
  $$ select p.team_id, count(*), sum(p.score) from person p group by p.team_id $$;
create function set_score(who int, points numeric) returns person language sql as
  $$ update person set score = points where id = who returning * $$;
create function add_note(id int, who int, body text default 'none') returns setof note language sql as
  $$ insert into note (id, person_id, body) values (id, who, body) returning * $$;
create function whoami() returns jsonb language sql stable as
  $$ select jsonb_build_object('role', current_user, 'sub', current_setting('request.jwt.claims', true)::jsonb ->> 'sub') $$;
create function everyone() returns bigint language sql stable security definer set search_path = public as $$ select count(*) from person $$;
create function complain(code text) returns void language plpgsql as
  $$ begin insert into team values (99, 'gone', null, null); raise exception using errcode = code, message = 'no'; end $$;
