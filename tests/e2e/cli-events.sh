#!/usr/bin/env bash
# events: what a container uses, as runc's JSON, once or again and again until it ends. Out of memory: tests/vm/resources.sh.
# needs: root
# tools: busybox jq
# timeout: 60
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

mount=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
[ -n "$mount" ] || skip "no cgroup2 file system is mounted"
have=" $(cat "$mount/cgroup.controllers") "
given() { [[ $have == *" $1 "* ]]; } # CONTROLLER
data() { jq -r ".data$1" "$out"; }

kind none
new_id
config ".linux.cgroupsPath = \"/$mark/web\"" 'i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; sleep 1000 & sleep 1000 & wait'
ok rt create --bundle "$bundle" "$id"
# ---- once, also before start ----
ok rt events --stats "$id"
equal "$(jq -r .type "$out") $(jq -r .id "$out") $(data .pids.current)" "stats $id 1"
ok rt start "$id"
three() { rt events --stats "$id" >"$out" && [ "$(data .pids.current)" = 3 ]; }
wait_for three
equal "$(wc -l <"$out")" 1
[ "$(data .cpu.usage.total)" -gt 1000000 ] || fail "$(cat "$out")"
[ "$(data .cpu.usage.user)" -gt 0 ] || fail "no time of its own: $(cat "$out")"
if [ -e "$mount/$mark/web/cpu.pressure" ] && cat "$mount/$mark/web/cpu.pressure" >"$tmp/psi" 2>/dev/null; then
	equal "$(data .cpu.psi.some.total)" "$(sed -n 's/^some.*total=//p' "$tmp/psi")"
fi
if given hugetlb; then
	equal "$(data '.hugetlb | keys | join(" ")')" "$(for f in "$mount/$mark/web"/hugetlb.*B.max; do
		f=${f##*/hugetlb.}
		echo "${f%.max}"
	done | sort | xargs)"
fi
given memory || equal "$(data .memory)" '{}'
for part in cpu cpuset memory pids blkio hugetlb intel_rdt; do
	equal "$(data ".$part | type")" object "$part"
done

# ---- again and again, until it ends; meanwhile others go on ----
rt events --interval 100ms "$id" >"$tmp/stream" 2>"$tmp/warned" &
watcher=$!
background+=" $watcher"
lines() { [ "$(wc -l <"$tmp/stream")" -ge "$1" ]; }
wait_for lines 3
given memory || grep -q 'no out-of-memory events' "$tmp/warned" || fail "no word about what is missing"
ok rt pause "$id"
ok rt resume "$id"
kill -0 $watcher
ok rt kill --all "$id" KILL
ended() { ! kill -0 $watcher; }
wait_for ended
wait $watcher || fail "the watch failed: $(cat "$tmp/warned")"
jq -se 'all(.[]; .type == "stats" and .data.pids.current > 0)' "$tmp/stream" >/dev/null || fail "$(cat "$tmp/stream")"
# ended is ended
refused 'container not running' rt events "$id"
refused 'container not running' rt events --stats "$id"
ok rt delete "$id"
nothing_left
new_id
config ".linux.cgroupsPath = \"/$mark/web\"" 'sleep 1000'
ok rt run --detach --bundle "$bundle" "$id"
{ rt events --interval 10ms "$id" 2>/dev/null || true; } | head -n 1 >"$out" # it ends as well when nobody reads
equal "$(jq -r .id "$out")" "$id"
ok rt delete --force "$id"

# ---- what is wrong ----
refused 'does not exist' rt events "$mark-none"
for bad in 0s 5 -1s x; do
	refused "'$bad' is not a time" rt events --interval "$bad" "$id"
done
new_id
config . 'sleep 1000'
ok rt --cgroup-manager disabled run --detach --bundle "$bundle" "$id"
refused 'has no cgroup of its own' rt events --stats "$id"
ok rt delete --force "$id"
nothing_left
