#!/usr/bin/env bash
# R2: a runtime killed at any system call, or one of the processes it makes, leaves something that `state` and `list`
# understand and that `delete --force` cleans up completely. SWEEP=all tries every system call, else there is a sample.
# no-sanitizers: the search for leaks does not work in a process that is traced
# timeout: 3600
. tests/fault/lib.sh
prepare_sweep
mkdir -p "$tmp/locked"

# One line of error or none, and no crash.
sane() { # COMMAND...
	run timeout 20 "$cloister" --root "$state" "$@"
	[ "$status" = 0 ] || [ "$status" = 1 ] || fail "$point: exit status $status: $*"
	[ "$(wc -l <"$err")" -le 1 ] || fail "$point: more than a line: $*"
}

after() {
	sane state "$id"
	sane list
	[ "$status" = 0 ] || fail "$point: list fails"
	run timeout 40 "$cloister" --root "$state" delete --force "$id"
	[ "$status" = 0 ] || fail "$point: delete --force fails with $status"
	for ((i = 0; i < 200; i++)); do
		clean && return
		sleep 0.01
	done
	fail "$point: left behind: $(leftovers)"
}

before_start() { ok cl create --bundle "$bundle" "$id"; }
before_delete() {
	before_start
	ok cl start "$id"
	ok cl kill "$id" KILL
	wait_for in_state "$id" stopped
}
before_exec() {
	before_start
	ok cl start "$id"
}
before_none() { :; }

# sweep BEFORE POINTS COMMAND...: the id is added to the command
sweep() {
	local before=$1 wanted=$2 p n
	shift 2
	new_id
	$before
	point="$kind, undisturbed"
	counts "$@" "$id"
	after
	for p in "${!calls[@]}"; do
		for n in $(points "${calls[p]}" "$wanted"); do
			point="$kind, lock $lock: $(basename "$1") ${*:4:1}: process $p killed at call $n"
			new_id
			$before
			run timeout 40 "$tmp/sweep" kill "$p" "$n" -- "$@" "$id"
			point="$point (number $(cat "$SWEEP_LOG"))"
			[ "$status" != 124 ] || fail "$point: it hangs"
			after
		done
	done
}

for kind in self none; do
	[ "$kind" = self ] || is_root || continue
	kind "$kind"
	lock=$([ "$kind" = self ] && echo true || echo false)
	sweep_config "$lock" "sleep 1000"
	sweep before_none 12 "$cloister" --root "$state" create --bundle "$bundle"
	sweep before_start 6 "$cloister" --root "$state" start
	jq '.process | .args = ["true"]' "$bundle/config.json" >"$tmp/process.json"
	sweep before_exec 8 "$cloister" --root "$state" exec --process "$tmp/process.json"
	sweep before_delete 6 "$cloister" --root "$state" delete
	sweep_config "$lock" "true"
	sweep before_none 6 "$cloister" --root "$state" run --bundle "$bundle"
done
