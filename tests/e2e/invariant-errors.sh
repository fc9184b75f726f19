#!/usr/bin/env bash
# R1, R3: an error arrives, whatever the circumstances, and the command ends.
# shellcheck disable=SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh
kind self

# Whoever execs the runtime may have children already: they are not waited for when a creation is given up.
new_id
config "$(with_mount /x nofs nofs)"
refused "nofs" timeout 10 sh -c 'sleep 20 & exec "$@"' sh "$cloister" --root "$state" run --bundle "$bundle" "$id"
nothing_left
config .
ok timeout 10 sh -c 'sleep 20 & exec "$@"' sh "$cloister" --root "$state" run --bundle "$bundle" "$id"
nothing_left

# The container's own filter of system calls is in force when its program turns out to be none.
printf '\177ELF' >"$bundle/rootfs/bin/bad"
chmod +x "$bundle/rootfs/bin/bad"
for action in ERRNO KILL_PROCESS; do
	new_id
	config '.process.args = ["/bin/bad"] | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW",
		syscalls: [{ names: ["sendto", "sendmsg"], action: "SCMP_ACT_'$action'" }] }'
	refused '/bin/bad' cl run --bundle "$bundle" "$id"
	ok cl create --bundle "$bundle" "$id"
	refused '/bin/bad' cl start "$id"
	ok cl delete --force "$id"
	rm -rf "$state/.seccomp-cache"
	nothing_left
done

# Init is killed between create and start, or while it starts: start says so, and does not claim success.
config . 'sleep 100'
new_id
ok cl create --bundle "$bundle" --pid-file "$tmp/pid" "$id"
kill -KILL "$(cat "$tmp/pid")"
wait_for in_state "$id" stopped
refused stopped cl start "$id"
ok cl delete "$id"
nothing_left
