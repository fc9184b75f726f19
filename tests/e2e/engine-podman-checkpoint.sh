#!/usr/bin/env bash
# podman container checkpoint and restore. Needs a criu that this kernel can do: that of $CRIU, or one in PATH.
# needs: root
# tools: podman conmon crun busybox jq
# cgroup: v2
# timeout: 240
# no-sanitizers: nearly all of the time is the engine's and criu's
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib-podman.sh
[ -z "${CRIU-}" ] || PATH=$(dirname "$CRIU"):$PATH
need criu
criu check >"$out" 2>&1 || skip "criu does not work on this kernel: $(grep -m 1 Error "$out" || tail -n 1 "$out")"
engine_begin
import

counter='i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done'
status_is() { [ "$(p inspect -f '{{.State.Status}}' "$1")" = "$2" ]; }
lines() { p logs "$1" | wc -l; }
more_than() { [ "$(lines "$1")" -gt "$2" ]; }
goes_on() { # CONTAINER: its numbers go on without a gap
	local n
	n=$(lines "$1")
	wait_for more_than "$1" $((n + 2))
	p logs "$1" >"$tmp/log-$1"
	equal "$(cat "$tmp/log-$1")" "$(seq "$(wc -l <"$tmp/log-$1")")" "the numbers of $1"
}

stop_and_go_on() {
	ok p run -d --name one box sh -c "$counter"
	wait_for more_than one 3
	ok p container checkpoint one
	wait_for status_is one exited
	ok p container restore one
	status_is one running
	goes_on one
	ok p exec one true
	ok p container checkpoint --leave-running one
	status_is one running
	goes_on one
	ok p stop -t 0 one
	ok p rm one
}

to_another_container() {
	ok p run -d --name two -v "$tmp/box/etc:/data:ro" --tmpfs /scratch box sh -c "echo kept >/scratch/file; $counter"
	wait_for more_than two 3
	ok p container checkpoint --export "$tmp/two.tar" two
	ok p rm two
	ok p container restore --import "$tmp/two.tar" --name three
	wait_for more_than three 3
	ok p exec three cat /scratch/file
	says kept
	ok p exec three cat /data/passwd
	has '^root:'
	run p exec three touch /data/x
	[ "$status" != 0 ] || fail "the volume is writable now"
}

with_a_terminal() {
	ok p run -dt --name term box sh -c 'while [ ! -e /tmp/go ]; do sleep 0.05; done; test -t 1 && echo a terminal; exec sleep 1000'
	ok p container checkpoint term
	ok p container restore term
	ok p exec term touch /tmp/go
	wait_for says_terminal
}
says_terminal() { p logs term | grep -q "a terminal"; }

cases stop_and_go_on to_another_container with_a_terminal
engine_end
