#!/bin/sh
# Starts Postgres on PGDATA, as whatever uid the container has; makes PGDATA from the image's copy when it is absent.
# The copy gets its name only when all of it is on disk, so a kill at any point leaves nothing half made.
# `postgres ...` is the server; any other command (pg_dump, psql) runs as it is.
set -eu
if [ "${1:-}" != postgres ]; then exec "$@"; fi
shift
umask 077
home=${PGDATA%/*}

# Held as long as any process of this server lives, even across containers: two servers on one directory destroy it.
# It also makes a postmaster.pid that is still there a stale one: process ids mean nothing in a new container.
exec 9> "$home/.lock"
if ! flock --nonblock 9; then
  echo "cascata: another server holds $home" >&2
  exit 75
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$home/.data.new"
  cp -R /usr/share/cascata/pgdata "$home/.data.new"
  # The whole file system at once: a thousand single fsyncs take ten times as long.
  sync -f "$home/.data.new"
  mv -T "$home/.data.new" "$PGDATA"
  sync "$home"
fi
rm -f "$PGDATA/postmaster.pid"

exec postgres -c config_file=/etc/cascata/postgresql.conf -c "data_directory=$PGDATA" "$@"
