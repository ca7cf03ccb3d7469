#!/bin/sh
# An agent in a container: `eventwire <arguments>`, with two things that only a container needs.
#
# One that ended itself because it rejected too many messages (76) is held instead of ended. Docker would start it again
# and again, and each time 200 more messages would go to the dead letters. Held, the container shows as unhealthy until
# somebody has looked and restarts it.
#
# With EVENTWIRE_STATE and without EVENTWIRE_SLOT it takes the first place that no other container with that folder has.
# A container that is made anew finds the index of the one before; two never share a place, which would stop both.
stop() {
    stopped=yes
    [ -n "$worker" ] && kill -TERM "$worker"
}
trap stop TERM INT

if [ -n "$EVENTWIRE_STATE" ] && [ -z "$EVENTWIRE_SLOT" ]; then
    # The folder's own name: places in another folder, on another machine, are others. A link is made once, or not at all.
    ln -s "$(od -An -N4 -tx1 /dev/urandom | tr -d ' ')" "$EVENTWIRE_STATE/name" 2>/dev/null
    name=$(readlink "$EVENTWIRE_STATE/name") || {
        echo "EVENTWIRE_STATE: can't write to $EVENTWIRE_STATE. The volume belongs to user $(id -u)?" >&2
        exit 2
    }
    place=0
    while exec 9>"$EVENTWIRE_STATE/place-$place" && ! flock -n 9; do
        place=$((place + 1))
        [ "$place" -lt 100 ] || {
            echo "EVENTWIRE_STATE: no place is free in $EVENTWIRE_STATE. Does its file system know locks (flock)?" >&2
            exit 2
        }
    done
    export EVENTWIRE_SLOT="$name-$place"
fi

eventwire "$@" &
worker=$!
[ -n "$stopped" ] && kill -TERM "$worker" # the signal came before the line above
wait "$worker"
code=$?
while kill -0 "$worker" 2>/dev/null; do # a signal ended the waiting, not the worker
    wait "$worker"
    code=$?
done

if [ "$code" -eq 76 ]; then
    echo "held: too many dead letters (exit code 76). See \`eventwire dead-letters list\`, then restart this container." >&2
    sleep infinity &
    trap 'kill $!; exit 76' TERM INT
    wait
fi
exit "$code"
