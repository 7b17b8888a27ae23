#!/bin/bash
# Two pgbouncers that live and die together: what one is told the other is told too, and when one ends so does the
# container. A socket that a killed one left behind is no reason not to start.
set -u
rm -f /run/pooler/.s.PGSQL.*
pgbouncer /etc/cascata/current/session.ini &
session=$!
pgbouncer /etc/cascata/current/transaction.ini &
transaction=$!
told=
tell() { told=$1; kill -s "$1" "$session" "$transaction" 2>/dev/null; }
for signal in HUP INT TERM QUIT; do trap "tell $signal" "$signal"; done

# A signal ends `wait` too: only the end of a process counts.
while kill -0 "$session" 2>/dev/null && kill -0 "$transaction" 2>/dev/null; do wait -n "$session" "$transaction"; done
kill -s QUIT "$session" "$transaction" 2>/dev/null
wait
[ "$told" != '' ] && [ "$told" != HUP ]
