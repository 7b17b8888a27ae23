#!/bin/sh
# Marks the extensions that a tenant may create although it is no superuser. Postgres then runs their scripts as the
# superuser, so a name is put here only after reading that script: its statements are qualified or made in a schema
# that it creates itself. Those of contrib that Postgres trusts are trusted already (pgcrypto, hstore, pg_trgm, ...).
# Not pg_cron: it works on its tables as the extension's owner, and a tenant who owns them could give a job to the
# superuser. Where it is wanted, the superuser creates it and grants `usage on schema cron`.
set -eu
cd /usr/share/postgresql/17/extension
for name in vector pgtap pgaudit moddatetime; do
  test -f "$name.control"
  grep -q '^trusted' "$name.control" || echo 'trusted = true' >> "$name.control"
done
