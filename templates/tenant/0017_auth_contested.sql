-- An address that was signed up with twice, with two passwords, before anybody proved it: whose the passwords are nobody
-- knows, so that neither counts once it is proven.
alter table auth.users add column if not exists sign_up_contested boolean not null default false;
