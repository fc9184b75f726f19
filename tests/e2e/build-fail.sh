#!/usr/bin/env bash
# cloister-build: builds that go wrong. One line says what, the exit status is that of nix-store --realise, and nothing is
# left: no output, no directory, no process, no lock.
# tools: nix-instantiate nix-store busybox jq sqlite3
# timeout: 240
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-drv.sh
. tests/e2e/lib-build.sh
drv_store

marker=$((2000000 + RANDOM)) # how long the builders' processes sleep, by which they are known
left() { grep -lsaz "^$marker\$" /proc/[0-9]*/cmdline >/dev/null; }

no_outputs() { # no output is valid, or there
	equal "$(sqlite3 "$tmp/root/nix/var/nix/db/db.sqlite" 'select path from ValidPaths')" ''
	equal "$(ls "$tmp/root/nix/store")" ''
}
fails() { # STATUS TEXT EXPRESSION [ARGS...]
	local expected=$1 text=$2 expression=$3
	shift 3
	instantiate "$expression"
	build_fails "$expected" "$text" --store "$tmp/root" "$@" "$drv"
	no_outputs
	! left || fail "a builder's process is left: $expression"
}
# the builder
fails 100 "failed with exit code 3; its log is $tmp/root/nix/var/log/nix/drvs/" 'build { name = "exit"; text = "echo the last words; exit 3"; }'
grep -qx 'exit> the last words' "$err"
fails 100 'failed with exit code 137 (as by signal 9, Killed)' 'build { name = "signal"; text = "exit 137"; }'
fails 100 'failed with exit code 127' 'build { name = "no-such-command"; text = "no-such-command"; }'
fails 1 '/no/such' 'raw { name = "no-builder"; builder = "/no/such"; }'
fails 1 "failed to produce output path '/nix/store/" 'build { name = "none"; text = "true"; }'
fails 1 "failed to produce output path '/nix/store/" 'build { name = "half"; outputs = [ "out" "doc" ]; text = "echo >$out"; }'

# what it leaves behind
fails 1 'is neither a file nor a folder nor a symbolic link' 'build { name = "fifo"; text = "mkdir $out; mkfifo $out/fifo"; }'
fails 1 'the outputs of ' 'build { name = "circle"; outputs = [ "out" "dev" ]; text = "echo $dev >$out; echo $out >$dev"; }'
fails 1 'lies too deep' 'build { name = "deep"; text = "mkdir $out; cd $out; i=0; while [ $i -lt 1500 ]; do mkdir d; cd d; i=$((i + 1)); done"; }'
fails 100 'exit code 1' 'build { name = "unreadable"; text = "mkdir -p $out/a/b a/b; touch a/b/c; chmod 0 a/b a $out/a/b $out/a $out; exit 1"; }'

# processes that stay, and that multiply
fails 101 'it was killed after 1 seconds (--timeout)' "build { name = \"sleeps\"; text = \"exec sleep $marker\"; }" --timeout 1
fails 101 'it was killed after 2 seconds (--timeout)' "build { name = \"daemons\"; text = ''
	trap : TERM INT HUP
	(setsid sh -c 'trap : TERM; while :; do sleep $marker; done' &)
	while :; do sleep 1 & wait; done''; }" --timeout 2
fails 101 'it was killed after 1 seconds without output (--max-silent-time)' 'build { name = "silent"; text = "echo begin; sleep 100"; }' --max-silent-time 1
fails 1 'it was killed, since it printed more than 100000 bytes (--max-log-size)' 'build { name = "loud"; text = "yes"; }' --max-log-size 100000 --timeout 20
fails 101 'it was killed after 2 seconds (--timeout)' 'build { name = "forks"; text = "i=0; while [ $i -lt 300 ]; do (trap \"\" TERM HUP; sleep 100) & i=$((i + 1)); done; sleep 100"; }' --timeout 2
# one that stays behind a builder that ends does not hold it up, and is gone
instantiate "build { name = \"stays\"; text = \"(setsid sleep $marker </dev/null >/dev/null 2>&1 &) ; echo >\$out\"; }"
SECONDS=0
built --store "$tmp/stays" "$drv"
[ $SECONDS -lt 20 ] || fail "a process that was left held the build up"
! left || fail "a process of a build that ended well is left"

# interrupted: in the middle of a build, and of the killing of cloister-build itself
instantiate "build { name = \"interrupted\"; text = \"echo begun; exec sleep $marker\"; }"
for signal in INT TERM HUP KILL; do
	: >"$err"
	env TMPDIR="$tmp/builds" "$cloister_build" --from "$store" --store "$tmp/root" -L "$drv" >"$out" 2>"$err" &
	pid=$!
	wait_for grep -q begun "$err"
	kill -$signal $pid
	status=0
	wait $pid || status=$?
	case $signal in KILL) equal $status 137 ;; *) equal $status 130 ;; esac
	gone() { ! left && [ -z "$(find "$tmp/builds" -mindepth 2)" ] && [ -z "$(find "$tmp/root" -name '*.lock' ! -name gc.lock)" ]; }
	wait_for gone
	rm -rf "$tmp/builds"/*
	no_outputs
done

# the process that builds is killed, by whoever wants memory: the one that started it cleans up
: >"$err"
env TMPDIR="$tmp/builds" "$cloister_build" --from "$store" --store "$tmp/root" -L "$drv" >"$out" 2>"$err" &
pid=$!
wait_for grep -q begun "$err"
kill -KILL "$(cat /proc/$pid/task/$pid/children)"
status=0
wait $pid || status=$?
equal $status 1
tail -n 1 "$err" | grep -qxF "cloister-build: the process that built '$drv' was killed"
wait_for gone
no_outputs
[ -z "$(ls -A "$tmp/builds")" ]

# a dependency that fails: what needs it is not tried; with --keep-going others are
graph='rec {
	bad = build { name = "bad"; text = "exit 1"; };
	good = build { name = "good"; text = "echo >$out"; };
	needs = build { name = "needs"; text = "echo ${bad} ${good} >$out"; };
}'
instantiate "($graph).needs"
build_fails 100 "-bad.drv' failed with exit code 1" --store "$tmp/going" --keep-going "$drv"
equal "$(grep -c '^built .*-good.drv' "$err")" 1
! grep '^building .*-needs.drv' "$err" || fail "this should not be there"

# derivations that cannot be built at all
build_fails 1 "is not a store path" --store "$tmp/root" "$store/nix/store/none.drv"
build_fails 1 "no such file or directory" --store "$tmp/root" /nix/store/00000000000000000000000000000000-none.drv
build_fails 1 "is not a derivation" --store "$tmp/root" "$(echo "$store"/nix/store/*-busybox)"
build_fails 2 'usage: cloister-build [OPTIONS] X.drv...' --store "$tmp/root"
head -c 100 "$store$drv" >"$tmp/cut.drv"
chmod u+w "$store/nix/store"
cp "$tmp/cut.drv" "$store/nix/store/00000000000000000000000000000000-cut.drv"
build_fails 1 '-cut.drv: byte ' --store "$tmp/root" "$store/nix/store/00000000000000000000000000000000-cut.drv"
no_outputs

# an input that nothing can build
instantiate 'build { name = "lost"; text = "cat ${script "lost" "x"} >$out"; }'
lost=$(echo "$store"/nix/store/*-lost)
nix_ nix-store --delete --ignore-liveness "$(in_root "$store" nix-store --query --references "$drv" | grep -- '-lost$')" >/dev/null 2>&1 ||
	sqlite3 "$store/nix/var/nix/db/db.sqlite" "delete from Refs where reference in (select id from ValidPaths where path like '%-lost'); delete from ValidPaths where path like '%-lost'"
build_fails 1 '-lost is missing' --store "$tmp/root" "$drv"
no_outputs
[ -n "$lost" ]

# no room: for the builder, and for its outputs
if is_root; then
	mkdir "$tmp/small"
	mount -t tmpfs -o size=16m tmpfs "$tmp/small"
	instantiate 'build { name = "fills"; text = "dd if=/dev/zero of=big bs=1M; echo >$out"; }'
	run timeout 60 "$cloister_build" --from "$store" --store "$tmp/root" --build-dir "$tmp/small" "$drv"
	equal "$status" 100
	grep -q 'fills> dd: .*No space left on device' "$err"
	equal "$(ls -A "$tmp/small")" ''
	no_outputs
	instantiate 'build { name = "large"; text = "mkdir $out; echo x >$out/x; dd if=/dev/zero of=$out/y bs=1M count=30"; }'
	build_fails 1 'no space left on device' --store "$tmp/small/root" "$drv"
	equal "$(ls -A "$tmp/small/root/nix/store")" ''
	equal "$(sqlite3 "$tmp/small/root/nix/var/nix/db/db.sqlite" 'select count(*) from ValidPaths')" 0
	umount "$tmp/small"
fi
