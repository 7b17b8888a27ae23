#!/bin/sh
# Marks the extensions that a tenant may create although it is no superuser. Postgres then runs their scripts as the
# superuser, so a name is put here only after reading that script: its statements are qualified or made in a schema
# that it creates itself. Those of contrib that Postgres trusts are trusted already (pgcrypto, hstore, pg_trgm, ...).
set -eu
cd /usr/share/postgresql/17/extension
for name in vector pgtap pg_cron pgaudit moddatetime; do
  test -f "$name.control"
  grep -q '^trusted' "$name.control" || echo 'trusted = true' >> "$name.control"
done
