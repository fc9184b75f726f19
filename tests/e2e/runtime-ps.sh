#!/usr/bin/env bash
# ps: the processes of the container and no others, as ps(1) shows them and as JSON.
# tools: busybox jq unshare ps
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

for kind in $(kinds); do
	case $kind in nested | within) continue ;; esac
	kind "$kind"
	new_id
	config . 'sleep 1001 & exec sleep 1000'
	ok rt run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	pid=$(cat "$tmp/pid")
	ok rt exec --detach --pid-file "$tmp/exec.pid" "$id" sleep 1002
	ok rt ps --format json "$id"
	equal "$(jq -c 'length' "$out")" 3 "$kind: $(cat "$out")"
	equal "$(jq -c "contains([$pid, $(cat "$tmp/exec.pid")])" "$out")" true "$kind"
	ok rt ps "$id"
	equal "$(sed -n 1p "$out")" "$(ps -ef | head -n 1)"
	equal "$(sed 1d "$out" | grep -cE 'sleep 100[0-2]$')" 3 "$kind: $(cat "$out")"
	equal "$(wc -l <"$out")" 4
	ok rt ps "$id" -o pid,args
	equal "$(tr -s ' ' <"$out" | sed 's/^ //' | sort | head -n 4 | tail -n 1)" 'PID COMMAND' "$kind: $(cat "$out")"
	refused 'no column PID' rt ps "$id" -o args
	refused 'have no meaning with --format json' rt ps -f json "$id" -ef
	refused "'yaml' is neither table nor json" rt ps --format yaml "$id"
	ok rt kill "$id" KILL
	wait_for in_state "$id" stopped
	ok rt ps --format json "$id"
	says '[]'
	ok rt delete "$id"
	refused 'does not exist' rt ps "$id"
	nothing_left
done
PATH=/nowhere run "$cloister" --root "$state" ps "$mark-none"
equal "$status" 1
