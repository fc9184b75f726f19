#!/usr/bin/env bash
# The life of a container: create, start, state, kill, delete, run; exit codes, signals, descriptors, and wrong turns.
# tools: busybox jq
# timeout: 180
# shellcheck disable=SC1091,SC2154,SC2016,SC2034
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

is() { [ "$(rt state "$1" | jq -r .status)" = "$2" ]; } # ID STATUS
gone() { [ ! -e "/proc/$1" ]; }                        # PID

# ---- step by step ----
for k in $(kinds); do
	kind "$k"
	new_id
	config '.annotations = { "org.example.a": "1", "b": "" }' 'echo started; trap "echo bye; exit 9" TERM; while :; do sleep 0.05; done'
	rt create --bundle "$bundle" --pid-file "$tmp/pid" "$id" >"$tmp/output" 2>"$err" </dev/null || fail "$k: create"
	[ ! -s "$tmp/output" ] || fail "$k: the program ran, or create printed: $(cat "$tmp/output")"
	case $(od -An -c <"$tmp/pid") in *\\n*) fail "$k: the pid file ends with a newline" ;; esac
	pid=$(cat "$tmp/pid")
	ok rt state "$id"
	equal "$(jq -r '[.id, .status, .bundle, .rootfs, .ociVersion, .pid, .annotations["org.example.a"], .annotations.b] | join(" ")' "$out")" \
		"$id created $(realpath "$bundle") $(realpath "$bundle")/rootfs 1.2.0 $pid 1 " "$k: state"
	jq -e '.created | test("^20[0-9-]+T[0-9:.]+Z$")' "$out" >/dev/null || fail "$k: created: $(cat "$out")"
	[ -d "/proc/$pid" ] || fail "$k: the pid is not there"

	# what cannot be done now
	refused "container with id \"$id\" already exists" rt create --bundle "$bundle" "$id"
	refused "container with id \"$id\" already exists" rt run --bundle "$bundle" "$id"
	refused "cannot delete container \"$id\" that is not stopped: created" rt delete "$id"
	is "$id" created || fail "$k: it is not as it was"

	ok rt start "$id"
	is "$id" running || fail "$k: $(rt state "$id")"
	wait_for grep -q started "$tmp/output"
	refused 'start' rt start "$id"
	refused "cannot delete container \"$id\" that is not stopped: running" rt delete "$id"
	ok rt list --format json
	equal "$(jq -r '.[] | [.id, .status, .pid] | join(" ")' "$out")" "$id running $pid" "$k: list"
	ok rt kill "$id" 0
	ok rt kill "$id"
	wait_for is "$id" stopped
	equal "$(tail -n 1 "$tmp/output")" bye "$k: SIGTERM is what kill sends"
	ok rt state "$id"
	equal "$(jq -r '.pid // 0' "$out")" 0 "$k: a stopped container has no pid"
	refused 'container not running' rt kill "$id" KILL
	ok rt kill --all "$id" KILL # of whatever may be left
	refused 'cannot start a container that has stopped' rt start "$id"
	ok rt delete "$id"
	nothing_left
	refused "container \"$id\" does not exist" rt state "$id"
	refused "container \"$id\" does not exist" rt delete "$id"
	refused "container \"$id\" does not exist" rt start "$id"
	refused "container \"$id\" does not exist" rt kill "$id" KILL
	ok rt delete --force "$id"
done

# ---- delete --force in every state ----
for k in $(kinds); do
	kind "$k"
	new_id
	config . 'sleep 1000 & exec sleep 1000'
	ok rt create --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	ok rt delete --force "$id"
	wait_for gone "$(cat "$tmp/pid")"
	nothing_left
	ok rt create --bundle "$bundle" --pid-file "$tmp/pid" "$id" # the id is free again
	ok rt start "$id"
	ok rt delete --force "$id"
	wait_for gone "$(cat "$tmp/pid")"
	nothing_left
	# killed before it was started
	ok rt create --bundle "$bundle" "$id"
	ok rt kill "$id" KILL
	wait_for is "$id" stopped
	ok rt delete "$id"
	nothing_left
done

# ---- run: the status of the process is ours ----
for k in $(kinds); do
	kind "$k"
	new_id
	for n in 0 1 7 255; do
		config . "exit $n"
		run rt run --bundle "$bundle" "$id"
		equal "$status" "$n" "$k: exit status"
		nothing_left
	done
	config . 'cat; echo err >&2'
	echo "from outside" | rt run --bundle "$bundle" "$id" >"$out" 2>"$err"
	says 'from outside'
	equal "$(cat "$err")" err
	# somebody kills it
	config . 'echo up; exec sleep 1000'
	for signal in KILL:137 HUP:129; do
		"${enter[@]}" "$cloister" --root "$state" run --bundle "$bundle" "$id" >"$out" 2>"$err" </dev/null &
		runner=$!
		background="$background $runner"
		wait_for grep -q up "$out"
		wait_for is "$id" running || fail "$k: $(rt state "$id")"
		# process 1 does not get a signal that it has no handler for, other than KILL
		if [ "$signal" = HUP:129 ]; then
			ok rt kill "$id" HUP
			is "$id" running || fail "$k: process 1 died of SIGHUP"
			ok rt kill "$id" KILL
			signal=KILL:137
		else
			ok rt kill "$id" "${signal%:*}"
		fi
		status=0
		wait $runner || status=$?
		equal "$status" "${signal#*:}" "$k: killed by $signal"
		nothing_left
	done
	# what run gets, it hands on
	config . 'trap "echo usr1" USR1; trap "exit 3" TERM; trap "echo hup" HUP; echo up; while :; do sleep 0.05; done'
	"${enter[@]}" "$cloister" --root "$state" run --bundle "$bundle" "$id" >"$out" 2>"$err" </dev/null &
	runner=$!
	background="$background $runner"
	wait_for grep -q up "$out"
	kill -USR1 $runner
	wait_for grep -q usr1 "$out"
	kill -HUP $runner
	wait_for grep -q hup "$out"
	kill -TERM $runner
	status=0
	wait $runner || status=$?
	equal "$status" 3 "$k: signals are handed on"
	nothing_left
done
# a signal without a pid namespace kills it, and the status says so
if is_root; then
	kind none
	new_id
	config '.linux.namespaces |= map(select(.type != "pid"))' 'kill -TERM $$'
	run rt run --bundle "$bundle" "$id"
	equal "$status" 143
	# ... and the others that it has left are killed with the container
	config '.linux.namespaces |= map(select(.type != "pid"))' 'sleep 1000 >/dev/null 2>&1 & echo $!'
	ok rt run --bundle "$bundle" "$id"
	wait_for gone "$(cat "$out")" # it may wait to be reaped, by whoever is process 1
	nothing_left
	config '.linux.namespaces |= map(select(.type != "pid"))' 'sleep 1000 >/dev/null 2>&1 & echo $! >/tmp/pid; exec sleep 1000'
	ok rt run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	cgroup=$(sed -n 's/^0:://p' "/proc/$(cat "$tmp/pid")/cgroup")
	equal "${cgroup##*/}" "cloister-$id" "the container's cgroup"
	mount=$(awk '$(NF - 2) == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
	two() { [ "$(wc -l <"$mount$cgroup/cgroup.procs")" = 2 ]; }
	wait_for two
	ok rt kill --all "$id" TERM
	wait_for is "$id" stopped
	empty() { [ ! -s "$mount$cgroup/cgroup.procs" ]; }
	wait_for empty
	ok rt kill --all "$id" KILL # engines do that, to be sure
	ok rt delete "$id"
	nothing_left
fi

# ---- --detach, --keep, the bundle by default, signals by name and number ----
kind self
new_id
config . 'exec sleep 1000'
ok rt run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$id"
says ''
is "$id" running || fail "$(rt state "$id")"
refused 'NOSUCH' rt kill "$id" NOSUCH
ok rt kill "$id" sigkill
wait_for is "$id" stopped
ok rt delete "$id"
ok rt run -d --bundle "$bundle" "$id"
ok rt kill "$id" 9
wait_for is "$id" stopped
ok rt delete "$id"
nothing_left
config . 'exit 4'
run rt run --keep --bundle "$bundle" "$id"
equal "$status" 4
is "$id" stopped || fail "$(rt state "$id")"
ok rt delete "$id"
nothing_left
(cd "$bundle" && run rt run "$id" && equal "$status" 4)
# a start that fails has an end before it says so: an engine removes the container next
printf '#!/no/such/interpreter\n' >"$bundle/rootfs/bin/orphan"
chmod 755 "$bundle/rootfs/bin/orphan"
for ((i = 0; i < 20; i++)); do
	config '.process.args = ["orphan"]'
	ok rt create --bundle "$bundle" "$id"
	refused 'no such file or directory' rt start "$id"
	ok rt delete "$id"
done
refused "the bundle $tmp/none: no such file or directory" rt run --bundle "$tmp/none" "$id"
refused 'config.json' rt run --bundle "$tmp" "$id"
nothing_left

# config.md, "Process": required when start is called, and not before
kind self
new_id
config 'del(.process)'
ok rt create --bundle "$bundle" "$id"
is "$id" created || fail 'without a process it can be created'
refused 'process: is missing: there is no program to start' rt start "$id"
ok rt delete "$id"
refused 'process: is missing: there is nothing to run' rt run --bundle "$bundle" "$id"
nothing_left

# ---- descriptors ----
fds='ls /proc/self/fd | wc -l; cat <&3 2>/dev/null; cat <&4 2>/dev/null; true'
echo three >"$tmp/three"
echo four >"$tmp/four"
for k in $(kinds); do
	kind "$k"
	new_id
	config . "$fds"
	ok rt run --bundle "$bundle" "$id" 3<"$tmp/three" 4<"$tmp/four"
	says 4 # 0 to 2, and the directory itself
	ok rt run --preserve-fds 1 --bundle "$bundle" "$id" 3<"$tmp/three" 4<"$tmp/four"
	says '5
three'
	ok rt run --preserve-fds 2 --bundle "$bundle" "$id" 3<"$tmp/three" 4<"$tmp/four"
	says '6
three
four'
	# over create and start, where the starter is somebody else
	rt create --preserve-fds 1 --bundle "$bundle" "$id" 3<"$tmp/three" 4<"$tmp/four" >"$tmp/output" 2>"$err" </dev/null || fail "$k: create"
	ok rt start "$id"
	wait_for is "$id" stopped
	equal "$(cat "$tmp/output")" '5
three' "$k: create and start"
	ok rt delete "$id"
	nothing_left
done
refused '--preserve-fds 2: descriptor 4 is not open' rt run --preserve-fds 2 --bundle "$bundle" "$id" 3<"$tmp/three"
refused '--preserve-fds 1: descriptor 3 is not open' rt create --preserve-fds 1 --bundle "$bundle" "$id"
nothing_left
# closed standard streams are /dev/null, and no file of ours
config . 'ls -l /proc/self/fd 2>/dev/null | grep -c "/dev/null" >/tmp/n; read n </tmp/n; exit "$n"'
status=0
rt run --bundle "$bundle" "$id" <&- >&- 2>&- || status=$?
[ "$status" -ge 2 ] || fail "closed standard streams: $status of them are /dev/null"
nothing_left

# ---- SIGPIPE and SIGCHLD, ignored or blocked by the caller, are as usual in the container ----
config . 'grep -E "^Sig(Ign|Blk)" /proc/self/status | tr "\t" " "'
(trap '' PIPE CHLD TERM; ok rt run --bundle "$bundle" "$id"
says 'SigBlk: 0000000000000000
SigIgn: 0000000000000000')
nothing_left
