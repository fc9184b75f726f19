#!/usr/bin/env bash
# Limits under the systemd cgroup manager: each is in the kernel's file and in systemd's property, so that nothing undoes
# it; `update` changes both. They hold: memory is killed, processes are refused, a processor is shared.
# tools: busybox jq systemctl
# timeout: 400
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

if is_root; then kind none; bus=--system; else kind self; bus=--user; fi
sd() { "$cloister" --root "$state" --systemd-cgroup "$@"; }
unit=$mark.scope
show() { systemctl $bus show -p "$1" --value "$unit"; } # PROPERTY
gone() { [ "$(show LoadState)" = not-found ]; }
begin() { # JQ-FILTER [SHELL-COMMANDS]
	new_id
	config ".linux.cgroupsPath = \"::$mark\" | $1" "${2:-sleep 1000}"
	ok sd run --detach --bundle "$bundle" "$id"
	cgroup=/sys/fs/cgroup$(show ControlGroup)
}
end() {
	ok rt delete --force "$id"
	wait_for gone
	nothing_left
}
in_file() { equal "$(cat "$cgroup/$1")" "$2" "$1"; } # FILE VALUE
in_unit() { equal "$(show "$1")" "$2" "$1"; }       # PROPERTY VALUE

# ---- each of them in both places, also after systemd has written all again ----
begin '.linux.resources = {
	memory: { limit: 67108864, reservation: 33554432, swap: 100663296 },
	cpu: { shares: 512, quota: 25000, period: 50000, cpus: "0-1", mems: "0" },
	pids: { limit: 30 },
	unified: { "memory.high": "60000000" } }'
check_all() {
	in_file memory.max 67108864
	in_file memory.low 33554432
	in_file memory.high 59998208
	in_file memory.swap.max 33554432
	in_file cpu.max '25000 50000'
	in_file cpuset.cpus 0-1
	in_file cpuset.mems 0
	in_file pids.max 30
}
check_all
in_unit MemoryMax 67108864
in_unit MemoryLow 33554432
in_unit MemorySwapMax 33554432
in_unit CPUQuotaPerSecUSec 500ms
in_unit CPUQuotaPeriodUSec 50ms
in_unit AllowedCPUs 0-1
in_unit AllowedMemoryNodes 0
in_unit TasksMax 30
in_unit CPUWeight "$(cat "$cgroup/cpu.weight")"
systemctl $bus daemon-reload
check_all

# ---- update ----
ok rt update --memory 33554432 --memory-swap 67108864 --pids-limit 20 --cpu-share 1024 "$id"
in_file memory.max 33554432
in_unit MemoryMax 33554432
in_file pids.max 20
in_unit TasksMax 20
in_unit CPUWeight "$(cat "$cgroup/cpu.weight")"
systemctl $bus daemon-reload
in_file memory.max 33554432
in_file pids.max 20
end

# ---- so few processes that we would be too many ----
begin '.linux.resources.pids.limit = 2' 'sleep 1000; :'
in_file pids.max 2
in_unit TasksMax 2
end

# ---- they hold ----
# the kernel kills who takes too much, and systemd leaves the others alone
begin '.linux.resources.memory = { limit: 33554432, swap: 33554432 }' \
	'(head -c 100000000 /dev/zero | tail) >/dev/null 2>&1; echo "$?" >/tmp/done; sleep 1000'
killed() { grep -q '^oom_kill [1-9]' "$cgroup/memory.events"; }
wait_for killed
wait_for rt exec "$id" test -s /tmp/done
in_state "$id" running || fail 'the container ended with one of its processes'
end
begin '.linux.resources.pids.limit = 5'
run rt exec "$id" sh -c 'for i in 1 2 3 4 5 6 7; do sleep 1000 & done'
grep -q "can't fork" "$err" || fail 'more than five processes'
grep -q '^max [1-9]' "$cgroup/pids.events" || fail 'no process was refused'
end
begin '.linux.resources.cpu = { quota: 10000, period: 100000 }' 'while :; do :; done'
throttled() { grep -q '^nr_throttled [1-9]' "$cgroup/cpu.stat"; }
wait_for throttled
end

# ---- what is counted, and an OOM kill as an event ----
begin '.linux.resources.memory = { limit: 33554432, swap: 33554432 }'
ok rt events --stats "$id"
equal "$(jq '.data.memory.usage.limit' "$out")" 33554432
"$cloister" --root "$state" events --interval 100s "$id" >"$tmp/events" 2>&1 &
background+=" $!"
sleep 1
run rt exec "$id" sh -c 'head -c 100000000 /dev/zero | tail >/dev/null'
oom() { grep -q '"oom"' "$tmp/events"; }
wait_for oom
end

# ---- devices ----
if is_root; then
	look='mknod /dev/x c 1 11 && (: </dev/x) 2>/dev/null; echo kmsg $?'
	caps='.process.capabilities = (["CAP_MKNOD", "CAP_SYSLOG"] | { bounding: ., permitted: ., effective: . })'
	for rule in '{ allow: false, access: "rwm" } kmsg.1' '{ allow: true, access: "rwm" } kmsg.0'; do
		new_id
		config "$caps | .linux.resources.devices = [${rule% *}]" "$look"
		ok sd run --bundle "$bundle" "$id"
		has "^${rule##* }$"
	done
	nothing_left
fi

# ---- annotations for systemd, and what is none ----
begin '.annotations = {
	"org.systemd.property.TimeoutStopUSec": "uint64 7000000", "org.systemd.property.RuntimeMaxSec": "900",
	"org.systemd.property.Documentation": "[\"man:cloister(1)\"]", "org.systemd.property.MemoryHigh": "uint64 50003968" }'
in_unit TimeoutStopUSec 7s
in_unit RuntimeMaxUSec 15min
[[ $(show Documentation) == *'man:cloister(1)'* ]] || fail "Documentation: $(show Documentation)"
in_file memory.high 50003968
end
new_id
for wrong in '"org.systemd.property.TimeoutStopUSec": "uint64 x"' '"org.systemd.property.x": "1"' \
	'"org.systemd.property.Documentation": "[1, \u0027a\u0027]"'; do
	config ".annotations = { $wrong }" true
	refused 'annotations."org.systemd.property.' sd run --bundle "$bundle" "$id"
done
config '.annotations = { "org.systemd.property.NoSuchThing": "true" }' true
refused 'NoSuchThing' sd run --bundle "$bundle" "$id"
nothing_left
