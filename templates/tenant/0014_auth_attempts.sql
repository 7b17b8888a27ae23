-- Wrong guesses of a code that was sent: at the last allowed one it is void. GoTrue counts none.
alter table auth.one_time_tokens add column if not exists attempts smallint not null default 0;
