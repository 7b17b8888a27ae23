#!/bin/sh
# Starts a pgbouncer on the candidate in this directory, beside those that serve and reached by nobody, and ends it as
# soon as it listens. A candidate is good when it came so far without a complaint: pgbouncer only warns of a rule or a
# user that it does not understand, and goes on without it.
set -eu
cd "$1"
rm -rf /tmp/trial
mkdir -m 0700 /tmp/trial
pgbouncer trial.ini 2> /tmp/trial/log &
trial=$!
tries=100
while [ $tries -gt 0 ] && [ ! -S /tmp/trial/.s.PGSQL.6000 ] && kill -0 $trial 2> /dev/null; do
  tries=$((tries - 1))
  sleep 0.02
done
listens=no
if [ -S /tmp/trial/.s.PGSQL.6000 ]; then listens=yes; fi
kill -s QUIT $trial 2> /dev/null || true
wait $trial 2> /dev/null || true
complaints=$(grep -E ' (WARNING|ERROR|FATAL) ' /tmp/trial/log || true)
rm -rf /tmp/trial
if [ "$listens" = yes ] && [ "$complaints" = '' ]; then exit 0; fi
echo "listens: $listens" >&2
echo "$complaints" >&2
exit 1
