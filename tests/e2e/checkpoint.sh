#!/usr/bin/env bash
# checkpoint and restore: a container goes on where it was, with the mounts, namespaces, rights and streams that it had.
# Needs a criu that this kernel can do (criu check): that of $CRIU, or one in PATH.
# needs: root
# tools: busybox jq
# timeout: 240
# no-sanitizers: nearly all of the time is criu's
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

# ---- without a criu, and what can be said before one is called ----
img=$tmp/image
counter='i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done'
kind none
new_id
config . "$counter"
errors=$tmp/errors # the container's, and criu wants the same file again
start_it() {
	: >"$tmp/log"
	: >"$errors"
	chmod 666 "$tmp/log" "$errors"
	rt run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$id" >"$tmp/log" 2>"$errors" </dev/null || fail "run: $(cat "$errors")"
}
start_it
refused 'the program criu is not installed: there is none in /nowhere' env -i PATH=/nowhere \
	"$cloister" --root "$state" checkpoint --image-path "$img" "$id"
in_state "$id" running || fail "it does not run any more"
refused "option --manage-cgroups-mode: 'some' is not" rt checkpoint --image-path "$img" --manage-cgroups-mode some "$id"
refused "option --empty-ns: criu knows only 'network', not 'pid'" rt checkpoint --image-path "$img" --empty-ns pid "$id"
refused "option --page-server: 'here' is not ADDRESS:PORT" rt checkpoint --image-path "$img" --page-server here "$id"
run rt checkpoint --track "$id"
[ "$status" != 0 ] || fail "an unknown option is taken"
ok rt pause "$id"
refused 'it is paused: resume it first' rt checkpoint --image-path "$img" "$id"
ok rt resume "$id"
ok rt delete --force "$id"
refused 'does not exist' rt checkpoint --image-path "$img" "$id"
new_id
rt create --bundle "$bundle" "$id" >/dev/null 2>"$err" </dev/null || fail "create"
refused 'it is created, not running' rt checkpoint --image-path "$img" "$id"
ok rt delete --force "$id"
kind self
new_id
config '.annotations["run.cloister.lock"] = "true"' "$counter"
start_it
refused "the container's mounts are locked (run.cloister.lock), and criu would restore them without the lock" \
	rt checkpoint --image-path "$img" "$id"
ok rt delete --force "$id"
kind none
new_id
config . "$counter"
refused "option --image-path: $tmp/nowhere" rt restore --bundle "$bundle" --image-path "$tmp/nowhere" "$id"
mkdir "$tmp/none"
refused "the checkpoint $tmp/none: " rt restore --bundle "$bundle" --image-path "$tmp/none" "$id"
echo '["a"]' >"$tmp/none/descriptors.json"
refused "descriptors.json is not an array of three names" rt restore --bundle "$bundle" --image-path "$tmp/none" "$id"
refused 'option --no-pivot is not supported' rt restore --no-pivot --bundle "$bundle" --image-path "$tmp/none" "$id"
nothing_left

# ---- with one ----
[ -z "${CRIU-}" ] || PATH=$(dirname "$CRIU"):$PATH
need criu
PATH=$PATH:/usr/sbin:/sbin
criu check >"$out" 2>&1 || skip "criu does not work on this kernel: $(grep -m 1 Error "$out" || tail -n 1 "$out")"
helper console
# criu opens what is mounted as the root of the container's user namespace
chmod 755 "$tmp"
mkdir "$tmp/data"
echo data >"$tmp/data/file"

checkpoint() { ok rt checkpoint --image-path "$img" --work-path "$tmp/work" "$@" "$id"; }
restore() { # its output goes on in the file where it was
	status=0
	rt restore --detach --bundle "$bundle" --image-path "$img" --work-path "$tmp/work" --pid-file "$tmp/pid" "$@" "$id" \
		>>"$tmp/log" 2>>"$errors" </dev/null || status=$?
	[ "$status" = 0 ] || fail "restore: $(cat "$errors"; grep -m 3 Error "$tmp/work/restore.log")"
}
launch() { # JQ-FILTER COMMANDS
	new_id
	rm -rf "$img" "$tmp/work"
	config "$1 | ${without-.}" "$2"
	start_it
	wait_for test -s "$tmp/log"
}
gone() { [ ! -d "$state/$id" ]; }
longer() { [ "$(wc -l <"$tmp/log")" -gt "$1" ]; }
counts() { # it counts on, from where it was, without a gap
	local lines
	wait_for longer $(($(wc -l <"$tmp/log") + 2))
	lines=$(($(wc -l <"$tmp/log") - 1))
	equal "$(head -n $lines "$tmp/log")" "$(seq $lines)" "the numbers"
}
view() { # what the process has, as /proc shows it
	local pid
	pid=$(cat "$tmp/pid")
	awk '{ print $5, $6, $(NF - 2) }' "/proc/$pid/mountinfo" | sort
	grep -E '^(Uid|Gid|Groups|CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' "/proc/$pid/status"
	cat "/proc/$pid/uid_map" "/proc/$pid/limits"
	grep ^0:: "/proc/$pid/cgroup"
}

# An older criu leaves no_new_privs and a read-only root out. Then nothing is restored; the rest is tried without them.
launch '.root.readonly = true' "$counter"
checkpoint
if ! rt restore --detach --bundle "$bundle" --image-path "$img" --work-path "$tmp/work" "$id" >>"$tmp/log" 2>>"$errors" </dev/null; then
	grep -q 'criu has restored the container without .*: a newer version of it is needed' "$errors" || fail "restore: $(cat "$errors")"
	without='.process.noNewPrivileges = false | .root.readonly = false'
	echo "criu $(criu --version | head -n 1) is an older one: $(cat "$errors")"
else
	ok rt delete --force "$id"
fi
nothing_left

all="$(with_mount /data bind "$tmp/data" rbind ro) | .process.capabilities = ([\"CAP_CHOWN\", \"CAP_KILL\"] |
	{ bounding: ., permitted: ., effective: . }) | .linux.maskedPaths = [\"/proc/acpi\", \"/proc/timer_list\", \"/proc/keys\"] |
	.linux.readonlyPaths = [\"/proc/sys\"] | .linux.seccomp = { defaultAction: \"SCMP_ACT_ALLOW\",
	syscalls: [{ names: [\"swapon\"], action: \"SCMP_ACT_ERRNO\" }] }"
for kind in $(kinds); do
	case $kind in nested | within) continue ;; esac
	kind "$kind"
	mkdir -p "$bundle/rootfs/data"
	launch "$all | .root.readonly = true" "$counter"
	view >"$tmp/before"
	checkpoint
	gone || fail "$kind: it is still there"
	restore
	in_state "$id" running || fail "$kind: it is not running"
	equal "$(rt state "$id" | jq .pid)" "$(cat "$tmp/pid")" "$kind: the pid"
	counts
	view | diff "$tmp/before" - >"$tmp/diff" || fail "$kind: not what it was: $(cat "$tmp/diff")"
	ok rt exec "$id" cat /data/file
	says data
	ok rt kill "$id" KILL
	wait_for in_state "$id" stopped
	ok rt delete "$id"
	nothing_left
done
kind none

# it goes on by itself, more than once, and from what a pre-dump had already
launch . "$counter"
checkpoint --leave-running
in_state "$id" running || fail "--leave-running"
counts
rm -r "$img"
checkpoint --file-locks --tcp-established --ext-unix-sk --manage-cgroups-mode soft
restore --file-locks --tcp-established --ext-unix-sk
counts
ok rt delete --force "$id"
if criu check --feature mem_dirty_track >/dev/null 2>&1; then
	launch . "$counter"
	ok rt checkpoint --image-path "$tmp/pre" --work-path "$tmp/work" --pre-dump "$id"
	in_state "$id" running || fail "--pre-dump"
	checkpoint --parent-path ../pre
	[ -e "$img/parent" ] || fail "the pre-dump is not used"
	restore
	counts
	ok rt delete --force "$id"
fi

# in the foreground: its exit status, and nothing is left
launch . 'trap "echo done; exit 7" USR1; echo ready; while :; do sleep 0.05; done'
checkpoint
rt restore --bundle "$bundle" --image-path "$img" --work-path "$tmp/work" "$id" >>"$tmp/log" 2>>"$errors" </dev/null &
follower=$!
background="$background $follower"
wait_for in_state "$id" running
ok rt kill "$id" USR1
status=0
wait $follower || status=$?
equal "$status" 7 "the exit status"
equal "$(tail -n 1 "$tmp/log")" 'done'
nothing_left

# its streams are pipes, of others afterwards
new_id
rm -rf "$img"
config "${without-.}" 'while read line; do echo "got $line"; done; echo end'
{ { echo one; exec sleep 1000; } | rt run --bundle "$bundle" "$id" 2>&1 | cat >"$tmp/log"; } &
background="$background $!"
wait_for grep -q 'got one' "$tmp/log"
checkpoint
{ echo two; echo three; } | rt restore --bundle "$bundle" --image-path "$img" --work-path "$tmp/work" "$id" 2>"$err" | cat >"$tmp/log2" ||
	fail "restore with pipes"
equal "$(cat "$tmp/log2")" 'got two
got three
end'
nothing_left

# a terminal, which goes to another socket afterwards
pts=".process.terminal = true | .mounts += [$(mount_json /dev/pts devpts devpts nosuid noexec newinstance ptmxmode=0666 mode=0620)]"
listen() {
	rm -f "$tmp/socket"
	"$tmp/console" "$tmp/socket" "$@" >"$tmp/screen" &
	engine=$!
	background="$background $engine"
	wait_for test -S "$tmp/socket"
}
new_id
rm -rf "$img"
config "$pts | ${without-.}" 'echo "first?"; read a; echo "waiting"; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo "second?"; read b; echo "$a and $b"
	test -t 0 && tty; exec sleep 1000'
listen "one
"
ok rt run --detach --bundle "$bundle" --console-socket "$tmp/socket" "$id"
wait_for grep -q waiting "$tmp/screen"
checkpoint
kill $engine 2>/dev/null || true
refused "process.terminal: --detach needs --console-socket" rt restore --detach --bundle "$bundle" --image-path "$img" "$id"
listen "two
"
rt restore --detach --bundle "$bundle" --image-path "$img" --work-path "$tmp/work" --console-socket "$tmp/socket" "$id" 2>"$err" ||
	fail "restore with a terminal"
ok rt exec "$id" touch /tmp/go
wait_for grep -q 'one and two' "$tmp/screen"
ok rt delete --force "$id"
nothing_left

# a network that is somebody else's
unshare --net sleep 1000 &
holder=$!
background="$background $holder"
another_net() { [ "$(readlink /proc/$holder/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }
wait_for another_net
launch "(.linux.namespaces[] | select(.type == \"network\")).path = \"/proc/$holder/ns/net\"" "$counter"
checkpoint
restore
counts
equal "$(readlink "/proc/$(cat "$tmp/pid")/ns/net")" "$(readlink "/proc/$holder/ns/net")" "the joined network"
ok rt delete --force "$id"

# hooks of the host's side run as with create
cat >"$tmp/hook" <<'END'
#!/bin/sh
echo "$1 $(cat)" >>"$2"
END
chmod +x "$tmp/hook"
hook() { printf '{ path: "%s", args: ["hook", "%s", "%s"] }' "$tmp/hook" "$1" "$tmp/hooks"; }
launch ".hooks = { createRuntime: [$(hook create)], poststart: [$(hook start)], poststop: [$(hook stop)] }" "$counter"
checkpoint
restore
equal "$(cut -d' ' -f1 "$tmp/hooks" | tr '\n' ' ')" 'create start stop create start '
ok rt delete --force "$id"

# ---- what goes wrong leaves nothing, and says what criu says ----
launch . "$counter"
checkpoint
mv "$img/core-1.img" "$tmp/core"
refused 'criu could not do it: ' rt restore --detach --bundle "$bundle" --image-path "$img" --work-path "$tmp/work" "$id"
grep -q "see $tmp/work/restore.log" "$err" || fail "it does not say where the log is"
nothing_left
mv "$tmp/core" "$img/core-1.img"
restore
refused 'already exists' rt restore --detach --bundle "$bundle" --image-path "$img" "$id"
ok rt delete --force "$id"
# killed at any moment, it leaves what delete --force removes
for delay in 0.01 0.03 0.06 0.1 0.15 0.2 0.3; do
	rt restore --detach --bundle "$bundle" --image-path "$img" --work-path "$tmp/work" "$id" >>"$tmp/log" 2>>"$errors" </dev/null &
	sleep $delay
	kill -KILL $! 2>/dev/null || true
	wait $! 2>/dev/null || true
	ok rt delete --force "$id"
	wait_for sh -c "! pgrep -f '^criu swrk' >/dev/null"
	nothing_left
done
# a checkpoint that fails does not harm the container
launch . "$counter"
touch "$tmp/nodir"
refused 'option --image-path: make' rt checkpoint --image-path "$tmp/nodir/x" "$id"
counts
ok rt delete --force "$id"
nothing_left
