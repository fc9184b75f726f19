#!/usr/bin/env bash
# R2 under the systemd cgroup manager: the runtime, or a process that it makes, is killed at one system call or another.
# Then `delete --force` removes what there is of the container, its unit as well.
# tools: busybox jq systemctl
# timeout: 500
# shellcheck disable=SC1091,SC2154,SC2016
. tests/fault/lib.sh
prepare_sweep
if is_root; then kind none; bus=--system; else kind self; bus=--user; fi
sd=("$cloister" --root "$state" --systemd-cgroup)
config '.linux.resources.pids.limit = 100' "sleep 1000 # $mark"
units() { systemctl $bus list-units --all --plain --no-legend "*$mark*"; }
no_unit() { [ -z "$(units)" ]; }

after() {
	run timeout 60 "$cloister" --root "$state" delete --force "$id"
	[ "$status" = 0 ] || fail "$point: delete --force fails with $status"
	for ((i = 0; i < 50; i++)); do
		if clean && no_unit; then return; fi
		sleep 0.1
	done
	fail "$point: left behind: $(leftovers) $(units)"
}

sweep() { # BEFORE POINTS COMMAND...
	local before=$1 wanted=$2 p n
	shift 2
	new_id
	$before
	point=undisturbed
	counts "$@" "$id"
	after
	for p in "${!calls[@]}"; do
		for n in $(points "${calls[p]}" "$wanted"); do
			new_id
			$before
			run timeout 100 "$tmp/sweep" kill "$p" "$n" -- "$@" "$id"
			point="${*:4:1}: process $p killed at call $n (number $(cat "$SWEEP_LOG"))"
			[ "$status" != 124 ] || fail "$point: it hangs"
			after
		done
	done
}
nothing() { :; }
created() { ok "${sd[@]}" create --bundle "$bundle" "$id"; }

sweep nothing 9 "${sd[@]}" create --bundle "$bundle"
sweep created 5 "${sd[@]}" delete --force
