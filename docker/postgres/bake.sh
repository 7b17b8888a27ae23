#!/bin/sh
# Makes the data directory that new projects copy: initdb once, here, with the tenant migrations applied and recorded
# just as control applies later ones. Runs as root inside the image build, connecting through the same peer map.
set -eu
seed=/usr/share/cascata/pgdata
sockets=$(mktemp -d)
install -d -o postgres -g postgres -m 0700 "$seed"
chown postgres: "$sockets"
chmod 0755 "$sockets"

as_postgres() { setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; }
as_admin() { psql --no-psqlrc --quiet --host="$sockets" --username=supabase_admin --dbname="$@"; }

as_postgres initdb --pgdata="$seed" --username=supabase_admin --encoding=UTF8 --locale=C.UTF-8 \
  --locale-provider=builtin --builtin-locale=C.UTF-8 --data-checksums --wal-segsize=1 --no-instructions --no-sync
# The settings come from /etc/cascata; copies in the data would only mislead.
rm "$seed/postgresql.conf" "$seed/pg_hba.conf" "$seed/pg_ident.conf"

as_postgres pg_ctl start --wait --silent --pgdata="$seed" --log="$sockets/log" \
  --options="-c config_file=/etc/cascata/postgresql.conf -c data_directory=$seed -c unix_socket_directories=$sockets"
for file in /usr/share/cascata/tenant/*.sql; do
  name=$(basename "$file" .sql)
  sum=$(sha256sum "$file" | cut -d' ' -f1)
  as_admin postgres --set=ON_ERROR_STOP=1 --single-transaction --file="$file" \
    --command="insert into cascata.migrations (name, sha256) values ('$name', '$sum')"
done
for database in postgres template1; do as_admin "$database" --command='vacuum (freeze, analyze)'; done
as_admin postgres --command=checkpoint
as_postgres pg_ctl stop --wait --silent --mode=fast --pgdata="$seed"
# Segments that were kept for reuse are bytes to copy: one new segment is all a clean shutdown needs.
as_postgres pg_resetwal --pgdata="$seed"

# Free space and visibility maps are hints that Postgres makes anew as it writes: a third of the files, all copied
# into every project. Removing them from a stopped cluster is what its manual advises for damaged ones.
find "$seed" -type f \( -name '*_fsm' -o -name '*_vm' \) -delete

rm -rf "$sockets" "$seed/postmaster.opts"
# Any uid copies it, and it holds no secret: no role has a password yet.
chmod -R a+rX "$seed"
