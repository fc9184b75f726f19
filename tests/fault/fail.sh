#!/usr/bin/env bash
# R1: when a system call fails, the command fails with exactly one line of error and leaves nothing, or it succeeds and
# the container sees exactly what it sees undisturbed (I1: no step that matters may fail in silence). SWEEP=all tries
# every system call with each error, else there is a sample.
# no-sanitizers: the search for leaks does not work in a process that is traced
# timeout: 7200
# no-sanitizers: the sanitizers' own system calls would fail, and the loader's
. tests/fault/lib.sh
prepare_sweep
mkdir -p "$tmp/locked"
errors=(5 1 12) # EIO EPERM ENOMEM

errors_said() { grep -cv '^cloister: warning: ' "$err" || true; }

nothing_after_failure() {
	equal "$(errors_said)" 1 "$point: lines of error"
	for ((i = 0; i < 200; i++)); do
		clean && return
		sleep 0.01
	done
	fail "$point: left behind after a failure: $(leftovers)"
}

same_view() { # FILE
	cmp -s "$1" "$tmp/undisturbed" || fail "$point: the container is not what it should be: $(diff "$1" "$tmp/undisturbed")"
}

try() { # COMMAND...: under the tracer, as the point says; its standard output goes to $tmp/view
	run timeout 40 "$tmp/sweep" "${how[@]}" -- "$@"
	point="$point (number $(cat "$SWEEP_LOG" 2>/dev/null || true))"
	[ "$status" != 124 ] || fail "$point: it hangs"
	[ "$status" -lt 120 ] || fail "$point: exit status $status"
	cp "$out" "$tmp/view"
	[ "${how[0]}" != count ] || cp "$err" "$tmp/counted"
}

try_run() {
	try "$cloister" --root "$state" run --bundle "$bundle" "$id"
	if [ "$status" = 0 ]; then
		same_view "$tmp/view"
		clean || fail "$point: left behind after success: $(leftovers)"
	elif cmp -s "$tmp/view" "$tmp/undisturbed"; then
		# It had run by then: what failed was to take it away, which can be done again.
		equal "$(errors_said)" 1 "$point: lines of error"
		ok cl delete --force "$id"
		clean || fail "$point: left behind: $(leftovers)"
	else
		nothing_after_failure
	fi
}

# What the container prints goes where create's output goes.
try_create() {
	try "$cloister" --root "$state" create --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	if [ "$status" != 0 ]; then
		nothing_after_failure
		[ ! -e "$tmp/pid" ] || fail "$point: the pid file is left"
		return
	fi
	if in_state "$id" stopped; then
		# Init has died of it, after it had been created.
		equal "${how[1]-}" 2 "$point: the process that fails, when the container has stopped by itself"
		refused "stopped" cl start "$id"
	else
		equal "$(cat "$tmp/pid")" "$(cl state "$id" | jq .pid)" "$point: the pid file"
		ok cl start "$id"
	fi
	wait_for in_state "$id" stopped
	ok cl delete "$id"
	rm "$tmp/pid"
	clean || fail "$point: left behind after success: $(leftovers)"
}

# A container that was not started is either still created, or gone with all that it had.
try_start() {
	ok cl create --bundle "$bundle" "$id"
	try "$cloister" --root "$state" start "$id"
	if [ "$status" != 0 ]; then
		equal "$(errors_said)" 1 "$point: lines of error"
	fi
	ok cl delete --force "$id"
	clean || fail "$point: left behind: $(leftovers)"
}

# Either it is gone, or it is as it was and can be deleted again.
try_delete() {
	ok cl create --bundle "$bundle" "$id"
	try "$cloister" --root "$state" delete --force "$id"
	if [ "$status" = 0 ]; then
		clean || fail "$point: left behind after success: $(leftovers)"
		return
	fi
	equal "$(errors_said)" 1 "$point: lines of error"
	ok cl delete --force "$id"
	clean || fail "$point: left behind: $(leftovers)"
}

# All limits change, or none.
try_update() {
	ok cl run --detach --bundle "$bundle" "$id"
	try "$cloister" --root "$state" update --resources "$tmp/limits" "$id"
	now=$(cat "$mount/$mark/web/cgroup.max.depth" "$mount/$mark/web/cgroup.max.descendants" | xargs)
	if [ "$status" = 0 ] || grep -qF 'the limits are changed, but that cannot be recorded' "$err"; then
		equal "$now" '7 8' "$point"
	else
		equal "$now" '5 6' "$point"
		equal "$(errors_said)" 1 "$point: lines of error"
	fi
	ok cl update --resources "$tmp/limits" "$id"
	ok cl exec "$id" true
	ok cl delete --force "$id"
	clean || fail "$point: left behind: $(leftovers)"
}

sweep() { # NAME POINTS
	local p n e
	point="$kind, lock $lock: $1 undisturbed"
	new_id
	how=(count)
	"try_$1"
	calls=()
	while read -r p n; do
		[[ ! $p =~ ^[0-9]$ ]] || calls[p]=$n
	done <"$tmp/counted"
	[ ${#calls[@]} -gt 0 ] || fail "$point: nothing was counted"
	for p in "${!calls[@]}"; do
		for n in $(points "${calls[p]}" "$2"); do
			for e in "${errors[@]}"; do
				[ "${SWEEP:-sample}" = all ] || [ "$e" = "${errors[$((n % 3))]}" ] || continue
				how=(fail "$p" "$n" "$e")
				point="$kind, lock $lock: $1: call $n of process $p fails with $e"
				new_id
				"try_$1"
			done
		done
	done
}

for kind in self none; do
	[ "$kind" = self ] || is_root || continue
	kind "$kind"
	lock=$([ "$kind" = self ] && echo true || echo false)
	sweep_config "$lock" "$view"
	new_id
	ok cl run --bundle "$bundle" "$id"
	cp "$out" "$tmp/undisturbed"
	sweep run 20
	sweep create 8
	sweep start 8
	sweep delete 8
done
mount=$(awk '/ - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
if is_root && [ -n "$mount" ]; then
	kind none
	config ".linux.cgroupsPath = \"/$mark/web\" |
		.linux.resources.unified = { \"cgroup.max.depth\": \"5\", \"cgroup.max.descendants\": \"6\" }" "sleep 1000 # $mark"
	echo '{ "unified": { "cgroup.max.depth": "7", "cgroup.max.descendants": "8" } }' >"$tmp/limits"
	sweep update 16
fi
