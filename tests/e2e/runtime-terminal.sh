#!/usr/bin/env bash
# Terminals: sent over --console-socket, and in the foreground.
# tools: busybox jq script
# timeout: 120
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh
helper console

is() { [ "$(rt state "$1" | jq -r .status)" = "$2" ]; }
pts=".process.terminal = true | .mounts += [$(mount_json /dev/pts devpts devpts nosuid noexec newinstance ptmxmode=0666 mode=0620)]"
look='tty; for i in 0 1 2; do readlink /proc/self/fd/$i; done; stat -c "%F %u %a" /dev/pts/0; stat -c "%t:%T" /dev/console
	stty size; ls /dev/pts | cat; echo to-console >/dev/console; grep -q "^0::" /proc/self/cgroup; ps -o pid,sid,tty,comm 2>/dev/null | head -n 2 | tail -n 1'

listen() { # [TEXT...]: an engine that waits for a terminal, and types each at a "?"; its pid in $engine
	rm -f "$tmp/socket"
	"$tmp/console" "$tmp/socket" "$@" >"$tmp/screen" &
	engine=$!
	background="$background $engine"
	wait_for test -S "$tmp/socket"
}
heard() { # waits for the engine to have read all
	status=0
	wait $engine || status=$?
	equal "$status" 0 "the message on the console socket"
	tr -d '\r' <"$tmp/screen" >"$out"
}

for k in $(kinds); do
	kind "$k"
	new_id
	config "$pts | .process.consoleSize = { width: 99, height: 33 }" "$look"
	listen
	ok rt create --bundle "$bundle" --console-socket "$tmp/socket" "$id"
	ok rt start "$id"
	heard
	equal "$(sed -n 1,9p "$out")" 'message: /dev/pts/0
size: 99x33
/dev/pts/0
/dev/pts/0
/dev/pts/0
/dev/pts/0
character special file 0 620
88:0
33 99' "$k"
	has '^to-console$'
	equal "$(grep -c '^ptmx$' "$out")" 1 "$k: the devpts is its own"
	wait_for is "$id" stopped
	ok rt delete "$id"
	nothing_left

	# typed text arrives; it is the controlling terminal, so that ^C is a signal
	config "$pts" 'trap "echo interrupted; exit 6" INT; echo "name?"; read line; echo "got $line"; echo "more?"; read more'
	listen "hello
" "$(printf '\003')"
	ok rt run --detach --bundle "$bundle" --console-socket "$tmp/socket" "$id"
	heard
	has '^got hello$'
	has 'interrupted'
	ok rt delete --force "$id"
	nothing_left
done
if is_root; then
	kind none
	new_id
	config "$pts | .process.user = { uid: 1000, gid: 100 }" 'stat -c %u /dev/pts/0; echo can >/dev/tty'
	listen
	ok rt run -d --bundle "$bundle" --console-socket "$tmp/socket" "$id"
	heard
	has '^1000$'
	has '^can$'
	ok rt delete --force "$id"
fi

# ---- in the foreground: the caller's terminal is connected ----
for k in $(kinds); do
	kind "$k"
	new_id
	config "$pts" 'tty; stty size; read line; echo "got $line"; exit 5'
	cat >"$tmp/call" <<END
#!/bin/sh
stty rows 44 cols 111
stty -a >"$tmp/before"
${enter[*]} "$cloister" --root "$state" run --bundle "$bundle" "$id"
echo "status \$?"
stty -a >"$tmp/after"
END
	chmod 755 "$tmp/call"
	{ sleep 0.5; echo hello; sleep 0.2; } | script -qec "$tmp/call" /dev/null >"$out" 2>&1 || fail "$k: script: $(cat "$out")"
	tr -d '\r' <"$out" >"$tmp/screen"
	cp "$tmp/screen" "$out"
	has '^/dev/pts/0$'
	has '^44 111$'
	has '^got hello$'
	has '^status 5$'
	cmp "$tmp/before" "$tmp/after" || fail "$k: the terminal is not as it was"
	nothing_left
done

# ---- output that goes into a file has its line ends as they were written ----
kind self
new_id
config "$pts" 'echo one; echo two'
sleep 1 | script -qec "'$cloister' --root '$state' run --bundle '$bundle' $id >'$tmp/plain'" /dev/null >"$out" 2>&1 || fail "script: $(cat "$out")"
equal "$(od -An -c "$tmp/plain" | tr -d ' ')" 'one\ntwo\n'
nothing_left

# ---- wrong turns ----
kind self
new_id
config "$pts"
refused 'process.terminal: create needs --console-socket' rt create --bundle "$bundle" "$id"
refused 'process.terminal: --detach needs --console-socket' rt run --detach --bundle "$bundle" "$id"
refused "connect to the console socket $tmp/nowhere: no such file or directory" \
	rt create --console-socket "$tmp/nowhere" --bundle "$bundle" "$id"
nothing_left
touch "$tmp/nosocket"
refused 'console socket' rt create --console-socket "$tmp/nosocket" --bundle "$bundle" "$id"
config '.process.terminal = true'
listen
refused 'mount a devpts on /dev/pts' rt create --console-socket "$tmp/socket" --bundle "$bundle" "$id"
nothing_left
wait $engine || true
config .
listen
refused '--console-socket: process.terminal is false' rt create --console-socket "$tmp/socket" --bundle "$bundle" "$id"
kill $engine
nothing_left
