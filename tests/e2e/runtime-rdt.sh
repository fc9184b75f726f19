#!/usr/bin/env bash
# linux.intelRdt: the container's group in resctrl, where there is one; else a refusal that leaves nothing.
# tools: busybox jq unshare
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

kind self
refuses 'linux.intelRdt.closID: "a/b" is no directory name' '.linux.intelRdt = { closID: "a/b" }'
resctrl=$(awk '$3 == "resctrl" { print $2; exit }' /proc/self/mounts)
if [ -z "$resctrl" ]; then
	for rdt in '{}' '{ closID: "/" }' '{ closID: "gold", schemata: ["L3:0=f"] }' '{ enableMonitoring: true }'; do
		refuses 'linux.intelRdt: the resctrl file system is not mounted, or this processor has no Resource Director Technology' \
			".linux.intelRdt = $rdt"
	done
	exit 0
fi
is_root || skip "only root can change $resctrl"

new_id
config '.linux.intelRdt = { enableMonitoring: true }' 'exec sleep 1000'
ok rt run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$id"
grep -qx "$(cat "$tmp/pid")" "$resctrl/$id/tasks" || fail "the process is not in its group"
grep -qx "$(cat "$tmp/pid")" "$resctrl/$id/mon_groups/$id/tasks" || fail "the process is not in its monitoring group"
ok rt exec --detach --pid-file "$tmp/other" "$id" sleep 1000
grep -qx "$(cat "$tmp/other")" "$resctrl/$id/tasks" || fail "the process of exec is not in the group"
ok rt delete --force "$id"
[ ! -e "$resctrl/$id" ] || fail "the group is left"
refuses "linux.intelRdt: there is no group $mark-none" ".linux.intelRdt = { closID: \"$mark-none\" }"
refuses 'linux.intelRdt' '.linux.intelRdt = { schemata: ["L3:0=zz"] }'
[ -z "$(find "$resctrl" -name "$mark*")" ] || fail "a group is left"
nothing_left
