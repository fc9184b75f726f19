#!/usr/bin/env bash
# Commands on one container come one after the other, those on different ones side by side.
# tools: jq busybox
# shellcheck disable=SC1091,SC2154
. tests/e2e/lib.sh

make_bundle "$tmp/b" '.process.args = ["sleep", "600"]'
box=parallel-$(id -un)-$RANDOM

# all NAME COMMAND...: eight at once, each with its standard error in $tmp/NAME.N and its exit status in $tmp/NAME.N.status.
all() {
	local name=$1 i pids=()
	shift
	rm -f "$tmp/$name".*
	for i in 1 2 3 4 5 6 7 8; do
		(
			status=0
			"$@" >/dev/null 2>"$tmp/$name.$i" </dev/null || status=$?
			echo $status >"$tmp/$name.$i.status"
		) &
		pids+=($!)
	done
	wait "${pids[@]}"
	won=$(cat "$tmp/$name".*.status | grep -cx 0) || true
	lost=$(cat "$tmp/$name".*.status | grep -cvx 0) || true
}
lost_with() { # NAME TEXT: each loser has one line, and it says this
	equal "$(cat "$tmp/$1".[1-8] | wc -l)" "$lost" "lines of the losers"
	equal "$(cat "$tmp/$1".[1-8] | grep -cE -- "$2")" "$lost" "losers who say '$2': $(cat "$tmp/$1".[1-8])"
}

for round in 1 2 3; do
	all create cl create --bundle "$tmp/b" "$box"
	equal "$won" 1 "creates that succeeded in round $round"
	lost_with create "container with id \"$box\" already exists"
	all start cl start "$box"
	equal "$won" 1 "starts that succeeded in round $round"
	lost_with start "cannot start container \"$box\": it is running, not created"
	in_state "$box" running || fail "not running"
	all delete cl delete --force "$box"
	equal "$won" 8 "forced deletes that succeeded: $(cat "$tmp"/delete.[1-8])"
	[ ! -e "$state/$box" ] || fail "it is still there"
done

# The last word of a race is a container that is there or is not, never a part of one.
for round in 1 2 3 4 5; do
	(all create cl create --bundle "$tmp/b" "$box") &
	creates=$!
	(all delete cl delete --force "$box") &
	deletes=$!
	wait $creates $deletes
	cat "$tmp"/create.[1-8] >"$tmp/said"
	grep -vE 'already exists|was deleted while it was being created' "$tmp/said" && fail "another complaint"
	cat "$tmp"/delete.[1-8] >"$tmp/said"
	[ ! -s "$tmp/said" ] || fail "a forced delete failed: $(cat "$tmp/said")"
	if [ -e "$state/$box" ]; then
		in_state "$box" created || fail "$(cl state "$box")"
		ok cl delete --force "$box"
	fi
	[ ! -e "$state/$box" ] || fail "delete --force has left it"
done

# Different containers: one that is being worked on stops nobody.
ok cl create --bundle "$tmp/b" "$box"
exec 9<"$state/$box"
flock 9
ok timeout 10 "$cloister" --root "$state" run --detach --bundle "$tmp/b" "$box-2"
ok timeout 10 "$cloister" --root "$state" delete --force "$box-2"
status=0
timeout 0.3 "$cloister" --root "$state" start "$box" >"$out" 2>"$err" || status=$?
equal "$status" 124 "start did not wait for the lock"
exec 9<&-
in_state "$box" created || fail "it was started all the same"
ok cl delete --force "$box"
