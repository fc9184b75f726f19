#!/usr/bin/env bash
# Exit statuses of run, the forms of kill's signal, what create and run refuse, the preserved descriptors.
# tools: jq busybox
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh

make_bundle "$tmp/b"
box=exit-$(id -un)-$RANDOM
config() { base_config | jq "$1" >"$tmp/b/config.json"; } # JQ-FILTER

# run: the program's exit status, or 128 and the signal.
for want in 0 1 7 77 126 255; do
	config ".process.args = [\"sh\", \"-c\", \"exit $want\"]"
	run cl run --bundle "$tmp/b" "$box"
	equal "$status" "$want"
	[ ! -s "$err" ] || fail "something on standard error"
done
for name in KILL TERM; do
	# The first process of a PID namespace is spared the signals that it does not handle, but for KILL from outside.
	config ".process.args = [\"sleep\", \"600\"]
		| if \"$name\" == \"KILL\" then . else .linux.namespaces -= [{ \"type\": \"pid\" }] | .mounts -= [.mounts[0]] end"
	"$cloister" --root "$state" run --bundle "$tmp/b" "$box" >"$out" 2>"$tmp/run-err" </dev/null &
	runner=$!
	wait_for in_state "$box" running
	ok cl kill "$box" "$name"
	status=0
	wait $runner || status=$?
	equal "$status" "$((128 + $(kill -l $name)))" "killed by $name: $(cat "$tmp/run-err")"
done
[ ! -e "$state/$box" ] || fail "run has left its state"
# What fails before there is a program is 1.
config '.process.args = ["no-such-program"]'
refused "no such file or directory" cl run --bundle "$tmp/b" "$box"
equal "$status" 1
refused "config.json: no such file or directory" cl run --bundle "$tmp" "$box"
equal "$status" 1
[ ! -e "$state/$box" ] || fail "a failed run has left its state"

# The bundle is the working directory if none is given; a relative path is taken from there.
config '.process.args = ["echo", "here"]'
ok bash -c "cd '$tmp/b' && '$cloister' --root '$state' run '$box'"
says here
ok bash -c "cd '$tmp' && '$cloister' --root '$state' run '$box' -b b"
says here

# kill: by name or number, in any case; the program tells which one came.
trap_all='for s in HUP INT USR1 USR2 TERM WINCH; do trap "echo $s; exit 0" $s; done; echo ready; while :; do sleep 0.01; done'
config ".process.args = [\"sh\", \"-c\", $(jq -n --arg s "$trap_all" '$s')]"
started() { grep -q ready "$tmp/said"; }
killed_and_says() { # EXPECTED ARGS...
	local expected=$1
	shift
	: >"$tmp/said"
	"$cloister" --root "$state" create --bundle "$tmp/b" "$box" >>"$tmp/said" 2>&1 </dev/null
	ok cl start "$box"
	wait_for started
	ok cl kill "$@"
	wait_for in_state "$box" stopped
	equal "$(sed -n 2p "$tmp/said")" "$expected" "kill $*"
	ok cl delete "$box"
}
killed_and_says TERM "$box"
killed_and_says TERM "$box" ""
killed_and_says TERM "$box" TERM
killed_and_says USR1 "$box" SIGUSR1
killed_and_says USR2 "$box" sigusr2
killed_and_says HUP "$box" 1
killed_and_says WINCH "$box" winch
killed_and_says INT --all=false "$box" int
refused "unknown signal 'BOGUS': give a name such as TERM or a number up to" cl kill "$box" BOGUS
refused "unknown signal '65'" cl kill "$box" 65
run cl kill "$box" -9
equal "$(sed -n 1p "$err")" "cloister: unknown option -9"

# The pid file has the number and no newline; what is empty is as good as not given.
config '.process.args = ["sleep", "600"]'
ok cl create --bundle "$tmp/b" --pid-file "$tmp/pid" --console-socket= "$box"
equal "$(wc -l <"$tmp/pid")" 0 "newlines in the pid file"
ok cl state "$box"
equal "$(jq .pid "$out")" "$(cat "$tmp/pid")"
refused "container with id \"$box\" already exists" cl create --bundle "$tmp/b" "$box"
ok cl start "$box"
refused "container \"$box\"" cl delete "$box"
ok cl delete -f "$box"
[ ! -e "$state/$box" ] || fail "delete has left something"
refused "container \"$box\" does not exist" cl delete "$box"
ok cl delete --force "$box"
for command in start kill state; do refused "container \"$box\" does not exist" cl $command "$box"; done
ok cl run --detach --bundle "$tmp/b" "$box"
in_state "$box" running || fail "not running after run --detach"
ok cl delete --force=true "$box"

# What would weaken the container is refused before anything is done.
refused "option --no-pivot is not supported" cl create --no-pivot --bundle "$tmp/b" "$box"
refused "option --no-pivot is not supported" cl run --no-pivot --bundle "$tmp/b" "$box"
refused "preserve" bash -c "exec 3>&-; exec '$cloister' --root '$state' create --preserve-fds 1 --bundle '$tmp/b' '$box'"
[ ! -e "$state/$box" ] || fail "a refused create has left its state"

# Descriptors: those that were asked for are passed on, others are not.
config '.process.args = ["sh", "-c", "cat <&3; ls /proc/self/fd | wc -l; cat <&5"]'
echo three >"$tmp/three"
echo five >"$tmp/five"
"$cloister" --root "$state" run --preserve-fds 1 --bundle "$tmp/b" "$box" >"$out" 2>"$err" 3<"$tmp/three" 5<"$tmp/five" || true
equal "$(sed -n 1p "$out")" three
grep -q five "$out" && fail "descriptor 5 was passed on, too"
true
