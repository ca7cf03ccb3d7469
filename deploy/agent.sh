#!/bin/sh
# An agent in a container: `eventwire <arguments>`, but one that ended itself because it rejected too many messages (76)
# is held instead of ended. Docker would start it again and again, and each time 200 more messages would go to the dead
# letters. Held, the container shows as unhealthy until somebody has looked and restarts it.
stop() {
    stopped=yes
    [ -n "$worker" ] && kill -TERM "$worker"
}
trap stop TERM INT

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
