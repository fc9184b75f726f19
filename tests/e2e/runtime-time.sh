#!/usr/bin/env bash
# linux.timeOffsets: the clocks of the container's time namespace.
# tools: busybox jq unshare
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

[ -e /proc/self/timens_offsets ] || skip "this kernel has no time namespaces"

offsets() { echo ".linux.namespaces += [{ type: \"time\" }] | .linux.timeOffsets = $1"; }
lock='.annotations = { "run.cloister.lock": "true" }'
# What is set, and what a process sees of it: seconds since boot.
show='tr -s " " </proc/self/timens_offsets; cut -d. -f1 /proc/uptime; readlink /proc/self/ns/time'
day=86400

for k in $(kinds); do
	kind "$k"
	for more in . "$lock"; do
		case $more:$k in "$lock":none | "$lock":nested) continue ;; esac # a locked mount needs a user namespace
		inside "$show" "$(offsets "{ boottime: { secs: $day, nanosecs: 5 }, monotonic: { secs: -1 } }") | $more"
		equal "$(sed -n 1p "$out")" "monotonic -1 0" "$k: monotonic"
		equal "$(sed -n 2p "$out")" "boottime $day 5" "$k: boottime"
		ahead=$(($(sed -n 3p "$out") - $(cut -d. -f1 /proc/uptime)))
		[ $ahead -ge $((day - 20)) ] && [ $ahead -le $day ] || fail "$k: the container's uptime is $ahead s ahead"
		[ "$(sed -n 4p "$out")" != "$(readlink /proc/self/ns/time)" ] || fail "$k: the time namespace is ours"
		nothing_left
	done
	# One clock alone; and all the rest is as without: who we are, the first process, devices, an unmapped caller's files.
	inside 'sed -n "s/  */ /gp" /proc/self/timens_offsets; echo $$; id -u; cat /proc/self/uid_map | tr -s " "; hostname
		echo x >/tmp/x && cat /tmp/x; ls -d /proc/1' "$(offsets '{ boottime: { secs: 10 } }')"
	cp "$out" "$tmp/with"
	inside 'printf "monotonic 0 0\nboottime 10 0\n"; echo $$; id -u; cat /proc/self/uid_map | tr -s " "; hostname
		echo x >/tmp/x && cat /tmp/x; ls -d /proc/1'
	equal "$(cat "$tmp/with")" "$(cat "$out")" "$k: all but the clocks"
	# The namespaces belong to the container's user namespace: its root may do in them what it may do elsewhere.
	inside 'hostname new && hostname; mount -t tmpfs x /tmp && echo mounted' "$(offsets '{ monotonic: { secs: 1 } }') |
		.process.capabilities = { bounding: [\"CAP_SYS_ADMIN\"], effective: [\"CAP_SYS_ADMIN\"], permitted: [\"CAP_SYS_ADMIN\"] }"
	says 'new
mounted'
	# create and start, and a process that stays
	new_id
	config "$(offsets '{ boottime: { secs: 1000 } }')" 'exec sleep 1000'
	ok rt create --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	ok rt start "$id"
	equal "$(tr -s ' ' <"/proc/$(cat "$tmp/pid")/timens_offsets" | tail -n 1)" "boottime 1000 0" "$k: create and start"
	ok rt delete --force "$id"
	nothing_left
done

kind self
refuses 'linux.timeOffsets: set the clocks (a clock may not go below 0' "$(offsets '{ boottime: { secs: -1000000000 } }')"
refuses 'linux.timeOffsets: set the clocks (a clock may not' "$(offsets '{ monotonic: { secs: 8000000000 } }')"
refuses 'linux.timeOffsets: needs a time namespace' '.linux.timeOffsets = { boottime: { secs: 1 } }'
refuses 'linux.timeOffsets: the clocks of a time namespace that is joined by path cannot be set' \
	'.linux.namespaces += [{ type: "time", path: "/proc/self/ns/time" }] | .linux.timeOffsets = { boottime: { secs: 1 } }'
# An empty one asks for nothing.
inside 'cat /proc/self/timens_offsets | tr -s " "' "$(offsets '{}')"
says 'monotonic 0 0
boottime 0 0'

# ---- in a user namespace that is joined ----
new_id
other=$id
config . 'exec sleep 1000'
ok rt run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$other"
join=".linux.namespaces |= map(select(.type != \"user\")) |
	.linux.namespaces += [{ type: \"user\", path: \"/proc/$(cat "$tmp/pid")/ns/user\" }] | del(.linux.uidMappings, .linux.gidMappings)"
if is_root; then
	inside 'tail -n 1 /proc/self/timens_offsets | tr -s " "' "$(offsets '{ boottime: { secs: 7 } }') | $join"
	says 'boottime 7 0'
else
	new_id
	config "$(offsets '{ boottime: { secs: 7 } }') | $join"
	refused 'linux.timeOffsets: without root, the clocks cannot be set in a user namespace that is joined' rt run --bundle "$bundle" "$id"
fi
ok rt delete --force "$other"
nothing_left
