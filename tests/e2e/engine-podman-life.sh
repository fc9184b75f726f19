#!/usr/bin/env bash
# podman --runtime cloister: the life of a container, from run to rm, and the commands of podman that look into one.
# By hand: `bash tests/e2e/engine-podman-life.sh [CASE...]`.
# tools: podman conmon crun busybox script jq
# cgroup: v2
# timeout: 300
# no-sanitizers: nearly all of the time is the engine's, and it gives the runtime no environment
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib-podman.sh
engine_begin
import

run_it() {
	ok p run --rm box echo hello
	says hello
	# the runtime that was asked for has done it
	ok p create --name made box
	ok p inspect -f '{{.OCIRuntime}}' made
	says "$runtime"
	ok p run --rm box sh -c 'cat; echo "$0 $*"' a 'b  c'
	says 'a b  c'
}

standard_input() {
	echo text | p run --rm -i box cat >"$out" 2>"$err"
	says text
	ok p run --rm box sh -c 'echo out; echo error >&2'
	says out
	equal "$(cat "$err")" error
}

exit_statuses() {
	for want in 0 1 7 125 126 127 255; do
		run p run --rm box sh -c "exit $want"
		equal "$status" $want
	done
	run p run --rm box no-such-program
	equal "$status" 127
	grep -qiE 'not found|no such file' "$err"
	run p run --rm box /no/such/program
	equal "$status" 127
	run p run --rm box /etc
	equal "$status" 126
	run p run --rm box /etc/passwd
	equal "$status" 126
	grep -qi 'permission denied' "$err"
	run p run --rm --no-such-flag box true
	equal "$status" 125
	run p run --rm --workdir /no/such/dir box true
	[ "$status" != 0 ]
}

detached() {
	ok p run -d --name long box sh -c 'trap "exit 3" TERM; echo begun; while :; do sleep 0.1; done'
	ok p ps --format '{{.Names}} {{.Status}}'
	has '^long Up'
	wait_for logged begun
	ok p inspect -f '{{.State.Pid}}' long
	[ -d "/proc/$(cat "$out")" ]
	ok p stop long
	ok p inspect -f '{{.State.Status}} {{.State.ExitCode}}' long
	says 'exited 3'
	ok p wait long
	says 3
	ok p rm long
	refused_by_podman 'no such container' p inspect --type container long
}
logged() { p logs long | grep -q "$1"; }
refused_by_podman() { # TEXT COMMAND...
	local text=$1
	shift
	run "$@"
	[ "$status" != 0 ] || fail "this should have failed: $*"
	grep -qiF -- "$text" "$err" || fail "it did not say '$text': $*"
}

logs() {
	ok p run --name long box sh -c 'echo one; echo two >&2; sleep 0.2; echo three'
	ok p logs long
	says "$(printf 'one\nthree')"
	equal "$(cat "$err")" two
	ok p logs --tail 1 long
	says three
	ok p run -d --name follow box sh -c 'for i in 1 2 3; do echo $i; sleep 0.2; done'
	ok p logs -f follow
	says "$(printf '1\n2\n3')"
	ok p run --log-driver json-file --name json box echo in json
	ok p logs json
	says 'in json'
}

wait_and_attach() {
	ok p run -d --name long box sh -c 'sleep 0.4; exit 9'
	ok p wait long
	says 9
	ok p run -d --name talker box sh -c 'sleep 0.6; echo attached; exit 4'
	ok p attach --no-stdin talker
	has '^attached$'
	ok p create -i --name late box cat
	echo typed | p start -a -i late >"$out" 2>"$err"
	says typed
}

stop_and_kill() {
	# the first process has no handler for TERM: KILL after the time-out
	ok p run -d --name deaf box sleep 600
	ok p stop -t 1 deaf
	ok p inspect -f '{{.State.ExitCode}}' deaf
	says 137
	ok p run -d --name usr1 box sh -c 'trap "exit 5" USR1; echo begun; while :; do sleep 0.1; done'
	wait_for begun usr1
	ok p kill -s USR1 usr1
	ok p wait usr1
	says 5
	ok p run -d --name killed box sleep 600
	ok p kill killed
	ok p wait killed
	says 137
	ok p run -d --name forced box sleep 600
	ok p rm -f -t 0 forced
	ok p run -d --stop-signal USR1 --name other box sh -c 'trap "exit 6" USR1; echo begun; while :; do sleep 0.1; done'
	wait_for begun other
	ok p stop other
	ok p wait other
	says 6
	run p kill killed
	[ "$status" != 0 ]
}
begun() { p logs "$1" | grep -q begun; }

restart() {
	ok p run -d --name again box sh -c 'echo run; exec sleep 600'
	ok p inspect -f '{{.State.Pid}}' again
	first=$(cat "$out")
	ok p restart -t 0 again
	ok p inspect -f '{{.State.Pid}}' again
	[ "$(cat "$out")" != "$first" ]
	wait_for twice
	ok p stop -t 0 again
	ok p start again
	ok p inspect -f '{{.State.Running}}' again
	says true
	ok p run -d --restart on-failure:2 --name fails box sh -c 'echo try; exit 1'
	wait_for three_tries
}
twice() { [ "$(p logs again | grep -c run)" = 2 ]; }
three_tries() { [ "$(p logs fails | grep -c try)" = 3 ]; }

exec_in() {
	ok p run -d --name long -e IN_CONFIG=1 box sh -c 'echo mark >/tmp/mark; exec sleep 600'
	ok p exec long cat /tmp/mark
	says mark
	run p exec long sh -c 'exit 42'
	equal "$status" 42
	run p exec long no-such-program
	equal "$status" 127
	run p exec long /etc/passwd
	equal "$status" 126
	ok p exec -e EXTRA=yes long sh -c 'echo $IN_CONFIG $EXTRA'
	says '1 yes'
	ok p exec -w /var long pwd
	says /var
	ok p exec -u 1000:2000 long sh -c 'id -u; id -g'
	says "$(printf '1000\n2000')"
	ok p exec -u user long id
	has 'uid=1000\(user\).*2000\(extra\)'
	ok p exec --privileged long sh -c 'grep CapEff /proc/self/status'
	echo words | p exec -i long cat >"$out" 2>"$err"
	says words
	ok p exec -d long sh -c 'echo later >/tmp/later'
	wait_for p exec long test -s /tmp/later
	run p exec no-such-container true
	equal "$status" 125
	ok p exec long ps -o comm
	has_not conmon
}

exec_many() { # at the same time
	local pids=() pid i
	ok p run -d --name long box sleep 600
	for i in 1 2 3 4 5 6; do
		p exec long echo "number $i" >"$tmp/exec-$i" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	for i in 1 2 3 4 5 6; do equal "$(cat "$tmp/exec-$i")" "number $i"; done
}

terminal() {
	status=0
	tty_run $'echo typed\nexit 6\n' run --rm -it box sh -c 'test -t 0 && test -t 1 && tty && echo ready; exec sh'
	equal "$status" 6
	has '/dev/pts/0'
	has 'typed'
	ok p run -d --name long box sleep 600
	status=0
	tty_run $'exit 7\n' exec -it long sh -c 'test -t 2 && echo ready; exec sh'
	equal "$status" 7
	has ready
	# -t without -i, detached, with its size and logs
	ok p run -d -t --name screen box sh -c 'tty; sleep 600'
	wait_for on_terminal
	# Ctrl-C reaches the foreground
	status=0
	tty_run $'\x03' run --rm -it box sh -c 'trap "exit 8" INT; echo ready; while :; do sleep 0.1; done'
	equal "$status" 8
}
on_terminal() { p logs screen | grep -q /dev/pts/0; }

pause() {
	ok p run -d --name long box sh -c 'i=0; while :; do i=$((i+1)); echo $i >/tmp/count; done'
	ok p pause long
	ok p inspect -f '{{.State.Status}}' long
	says paused
	refused_by_podman 'running containers' p exec long true
	ok p unpause long
	ok p exec long true
	ok p pause long
	ok p kill long
	ok p wait long
	says 137
}

top_and_stats() {
	ok p run -d --name long box sh -c 'sleep 600 & sleep 600'
	ok p top long
	has 'sleep 600'
	ok p top long pid comm
	has sleep
	ok p top long -eo pid,args
	has 'sleep 600'
	ok p stats --no-stream --format '{{.Name}}' long
	says long
}

events() {
	since=$(date +%s)
	ok p run --name short box true
	ok p rm short
	ok p events --stream=false --since "$since" --format '{{.Status}}'
	for what in create init start died remove; do has "^$what\$"; done
}

copy_and_commit() {
	ok p run -d --name long box sleep 600
	echo 'from outside' >"$tmp/file"
	ok p cp "$tmp/file" long:/tmp/file
	ok p exec long cat /tmp/file
	says 'from outside'
	ok p exec long sh -c 'echo inside >/tmp/other'
	ok p cp long:/tmp/other "$tmp/other"
	equal "$(cat "$tmp/other")" inside
	ok p diff long
	has 'A /tmp/file'
	ok p commit -q long changed
	ok p run --rm changed cat /tmp/file
	says 'from outside'
	ok p export -o "$tmp/exported.tar" long
	tar -tf "$tmp/exported.tar" | grep -q tmp/file
	ok p rmi -f changed
	rm -f "$tmp/exported.tar"
}

init_process() {
	ok p run --rm --init box sh -c 'tr "\0" " " </proc/1/cmdline; echo; echo $$'
	has '/(catatonit|podman-init|dev/init)'
	# an orphan is reaped
	ok p run -d --init --name reaper box sh -c '(sleep 0.1 &); exec sleep 600'
	sleep 0.3
	ok p exec reaper ps -o stat,comm
	has_not '^Z'
	ok p stop -t 5 reaper
	ok p inspect -f '{{.State.ExitCode}}' reaper
	says 143
}

health() {
	ok p run -d --health-cmd 'test -e /tmp/well' --health-interval disable --name long box sleep 600
	run p healthcheck run long
	equal "$status" 1
	ok p exec long touch /tmp/well
	ok p healthcheck run long
	ok p inspect -f '{{.State.Health.Status}}' long
	says healthy
}

update() {
	ok p run -d --name long box sleep 600
	ok p update --help
	ok p update --cpu-shares 512 long
}

preserved_descriptors() {
	echo 'through a descriptor' >"$tmp/fd3"
	exec 3<"$tmp/fd3"
	ok p run --rm --preserve-fds 1 box sh -c 'cat <&3'
	says 'through a descriptor'
	exec 3<"$tmp/fd3"
	ok p run -d --name long box sleep 600
	ok p exec --preserve-fds 1 long sh -c 'cat <&3'
	says 'through a descriptor'
	exec 3<&-
	# nothing else comes in
	exec 9<"$tmp/fd3"
	ok p run --rm box sh -c 'ls /proc/self/fd'
	says "$(printf '0\n1\n2\n3')"
	exec 9<&-
}

many_at_once() {
	local pids=() pid i
	for i in 1 2 3 4 5 6 7 8; do
		p run --rm box echo "number $i" >"$tmp/many-$i" 2>&1 &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	for i in 1 2 3 4 5 6 7 8; do equal "$(cat "$tmp/many-$i")" "number $i"; done
}

rename_and_init() { # created by the runtime and started later
	ok p create --name first box sh -c 'echo started'
	ok p rename first second
	ok p init second
	ok p inspect -f '{{.State.Status}}' second
	has 'initialized|created'
	ok p start -a second
	says started
	ok p create --name never box true
	ok p init never
	ok p rm -f -t 0 never
}

cleaned_up() { # by podman's own cleanup command, which conmon calls
	ok p run -d --name short box true
	ok p wait short
	wait_for no_state
	ok p run -d --rm --name gone box true
	wait_for not_there gone
}
no_state() { [ -z "$(find "$states" -mindepth 1 -maxdepth 1 ! -name .seccomp-cache 2>/dev/null)" ]; }
not_there() { ! p container exists "$1"; }

cases run_it standard_input exit_statuses detached logs wait_and_attach stop_and_kill restart exec_in exec_many terminal \
	pause top_and_stats events copy_and_commit init_process health update preserved_descriptors many_at_once \
	rename_and_init cleaned_up
engine_end
