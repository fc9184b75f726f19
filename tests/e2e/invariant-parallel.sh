#!/usr/bin/env bash
# R5: commands on one container come one after the other, those on different containers never wait for each other; many
# at once leave nothing.
# timeout: 400
# shellcheck disable=SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh
kind self

# ---- a long hook in one container: others live, and its state can be asked ----
mkfifo "$tmp/go"
config "{ path: \"/bin/sh\", args: [\"sh\", \"-c\", \"read x <$tmp/go\"] } as \$h | .hooks.prestart = [\$h]"
slow=$mark-slow
"$cloister" --root "$state" create --bundle "$bundle" "$slow" 2>"$tmp/slow.err" &
creating=$!
wait_for in_state "$slow" creating
cp -a "$bundle" "$tmp/other"
bundle=$tmp/other
config . 'exit 7'
for ((i = 0; i < 3; i++)); do
	new_id
	ok timeout 10 "$cloister" --root "$state" create --bundle "$bundle" "$id"
	ok timeout 10 "$cloister" --root "$state" start "$id"
	wait_for in_state "$id" stopped
	ok timeout 10 "$cloister" --root "$state" delete "$id"
	run timeout 10 "$cloister" --root "$state" run --bundle "$bundle" "$id"
	equal "$status" 7
done
in_state "$slow" creating || fail "the state of a container that is being created"
ok timeout 10 "$cloister" --root "$state" list
has "^$slow .*creating"
# a command on the same container waits, and then finds what the first has made
"$cloister" --root "$state" start "$slow" 2>"$tmp/start.err" &
starting=$!
"$cloister" --root "$state" delete --force "$slow" 2>"$tmp/delete.err" &
deleting=$!
sleep 0.3
kill -0 "$starting" || fail "start did not wait for the creation"
kill -0 "$deleting" || fail "delete did not wait for the creation"
timeout 10 sh -c "echo >$tmp/go"
wait "$creating" || fail "create: $(cat "$tmp/slow.err")"
wait "$starting" || grep -q 'does not exist' "$tmp/start.err" || fail "start: $(cat "$tmp/start.err")"
wait "$deleting" || fail "delete: $(cat "$tmp/delete.err")"
nothing_left

# ---- of many creations with one id exactly one wins ----
for ((round = 0; round < 5; round++)); do
	new_id
	rm -f "$tmp"/won.*
	pids=()
	for ((i = 0; i < 12; i++)); do
		("$cloister" --root "$state" create --bundle "$bundle" "$id" 2>"$tmp/lost.$i" && touch "$tmp/won.$i") &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || true; done
	equal "$(find "$tmp" -name 'won.*' | wc -l)" 1 "creations that won"
	equal "$(cat "$tmp"/lost.* | grep -c 'already exists')" 11 "creations that were told why not"
	in_state "$id" created || fail "the container is not created"
	ok cl delete --force "$id"
	nothing_left
done

# ---- two hundred lives, sixteen at a time ----
life() { # ID
	cl create --bundle "$bundle" "$1" && cl start "$1" || return 1
	until in_state "$1" stopped; do sleep 0.01; done
	cl delete "$1"
}
: >"$tmp/failed"
for ((i = 0; i < 16; i++)); do
	(
		for ((k = i; k < ${LIVES:-200}; k += 16)); do
			life "$mark-l$k" 2>>"$tmp/failed" || echo "$mark-l$k failed" >>"$tmp/failed"
		done
	) &
done
wait
equal "$(cat "$tmp/failed")" "" "lives that failed"
nothing_left
