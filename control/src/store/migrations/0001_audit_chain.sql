-- The audit trail may only grow, and each row seals the one before it.
--
-- The insert trigger alone decides seq, previous and hash: it holds one advisory lock until the transaction ends, so
-- two changes can never read the same last row, and a rolled-back change leaves no gap. What it hashes is written as
-- netstrings (length:text,) because then no value can pretend to be two.
create or replace function audit_netstring(value text) returns text
  language sql immutable strict parallel safe
  as $$ select octet_length(value) || ':' || value || ',' $$;
--> statement-breakpoint
create or replace function audit_seal() returns trigger language plpgsql as $$
declare
  last record;
begin
  perform pg_advisory_xact_lock(7166243);
  -- A volatile function takes a new snapshot for each statement: this sees what the lock's last holder committed.
  select seq, hash into last from audit order by seq desc limit 1;
  new.seq := coalesce(last.seq, 0) + 1;
  new.previous := coalesce(last.hash, repeat('0', 64));
  new.hash := encode(sha256(convert_to(
    audit_netstring(new.seq::text)
    || audit_netstring(to_char(new.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'))
    || audit_netstring(new.actor)
    || audit_netstring(new.action)
    || audit_netstring(new.target)
    || audit_netstring(new.detail::text)
    || audit_netstring(new.request_id)
    || audit_netstring(new.previous), 'UTF8')), 'hex');
  return new;
end
$$;
--> statement-breakpoint
create or replace function audit_refuse() returns trigger language plpgsql as $$
begin
  raise exception 'the audit trail may only grow' using errcode = 'insufficient_privilege';
end
$$;
--> statement-breakpoint
create or replace trigger audit_seal before insert on audit for each row execute function audit_seal();
--> statement-breakpoint
create or replace trigger audit_refuse_change before update or delete on audit
  for each row execute function audit_refuse();
--> statement-breakpoint
create or replace trigger audit_refuse_truncate before truncate on audit
  for each statement execute function audit_refuse();
--> statement-breakpoint
-- Always: also where session_replication_role says that triggers sleep.
alter table audit enable always trigger audit_seal;
--> statement-breakpoint
alter table audit enable always trigger audit_refuse_change;
--> statement-breakpoint
alter table audit enable always trigger audit_refuse_truncate;
--> statement-breakpoint
-- Whoever follows an operation hears of each change once it is committed.
create or replace function operations_notify() returns trigger language plpgsql as $$
begin
  perform pg_notify('operations', new.id::text);
  return null;
end
$$;
--> statement-breakpoint
create or replace trigger operations_notify after insert or update on operations
  for each row execute function operations_notify();
