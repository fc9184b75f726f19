#!/usr/bin/env bash
# checkpoint and restore where systemd makes the cgroup: the restored processes are in a scope with the same limits. All
# else is in tests/e2e/checkpoint.sh, which takes some minutes here.
# needs: root
# tools: busybox jq systemctl criu
# timeout: 500
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh
criu check >"$out" 2>&1 || skip "criu does not work on this kernel: $(grep -m 1 Error "$out" || tail -n 1 "$out")"
kind none
cls() { "$cloister" --systemd-cgroup --root "$state" "$@"; }
show() { systemctl show -p "$2" --value "$1"; }

img=$tmp/image
new_id
scope=cloister-$id.scope
# (Debian 12's criu does not restore no_new_privs, so that a container which has it is refused)
config ".process.noNewPrivileges = false | .linux.cgroupsPath = \"system.slice:cloister:$id\" | .linux.resources = { memory: { limit: 67108864 }, pids: { limit: 40 } }" \
	'i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done'
cls run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$id" >"$tmp/log" 2>"$err" </dev/null || fail run
wait_for test -s "$tmp/log"
equal "$(show "$scope" MemoryMax)" 67108864
before=$(grep ^0:: "/proc/$(cat "$tmp/pid")/cgroup")
ok cls checkpoint --image-path "$img" "$id"
wait_for sh -c "[ \"\$(systemctl show -p LoadState --value '$scope')\" = not-found ]"
cls restore --detach --bundle "$bundle" --image-path "$img" --pid-file "$tmp/pid" "$id" >>"$tmp/log" 2>"$err" </dev/null || fail restore
equal "$(show "$scope" ActiveState)" active
equal "$(show "$scope" MemoryMax)" 67108864
equal "$(show "$scope" TasksMax)" 40
equal "$(grep ^0:: "/proc/$(cat "$tmp/pid")/cgroup")" "$before"
n=$(wc -l <"$tmp/log")
longer() { [ "$(wc -l <"$tmp/log")" -gt $((n + 2)) ]; }
wait_for longer
ok cls delete --force "$id"
wait_for sh -c "[ \"\$(systemctl show -p LoadState --value '$scope')\" = not-found ]"
nothing_left
