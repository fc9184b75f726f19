#!/usr/bin/env bash
# conmon, podman's and CRI-O's monitor, without either: its sync pipe, console socket, exit files, and the runtime's log.
# tools: busybox jq conmon python3
# timeout: 120
# no-sanitizers: what conmon asks of the runtime, the other e2e scripts ask of it with sanitizers
# shellcheck disable=SC1091,SC2154,SC2016,SC2034
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

pts=".process.terminal = true | .mounts += [$(mount_json /dev/pts devpts devpts nosuid noexec newinstance ptmxmode=0666 mode=0620)]"
monitored=$tmp/conmon
mkdir -p "$monitored"/{exits,attach}

# monitor OPTION...: conmon begins to make the container $id, or something in it; what it says is in $monitored/sync.
monitor() {
	: >"$monitored/sync"
	rm -f "$monitored"/{pid,conmon-pid,oci-log}
	_OCI_SYNCPIPE=3 "${enter[@]}" conmon --api-version 1 --cid "$id" --cuuid "$id" --name "$id" \
		--runtime "$cloister" --runtime-arg --root --runtime-arg "$state" --runtime-arg --log --runtime-arg "$monitored/oci-log" \
		--runtime-arg --log-format=json --bundle "$bundle" --container-pidfile "$monitored/pid" \
		--conmon-pidfile "$monitored/conmon-pid" --exit-dir "$monitored/exits" --socket-dir-path "$monitored/attach" \
		--log-path "k8s-file:$monitored/log" --log-level error "$@" 3>"$monitored/sync" 4<&- </dev/null >/dev/null 2>"$err"
	wait_for test -s "$monitored/sync"
}
synced() { head -n "${2:-1}" "$monitored/sync" | tail -n 1 | jq -r "$1"; } # JQ-FILTER [LINE]
forget() {
	rm -f "$monitored/log" "$monitored/exits/"*
	ok rt delete --force "$id"
	wait_for gone
	nothing_left
}
gone() { ! grep -qasFf <(echo "$id") /proc/[0-9]*/cmdline; }
exec_ended() { [ "$(wc -l <"$monitored/sync")" = 2 ]; }
exit_file() { wait_for test -s "$monitored/exits/$id"; cat "$monitored/exits/$id"; }
# attached DATA: what podman's client does with the attach socket; what arrives goes to $out, each packet is a stream and text
attached() {
	python3 - "$monitored/attach/$id/attach" "$1" >"$out" <<'END'
import socket, sys
client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
client.settimeout(10)
client.connect(sys.argv[1])
client.sendall(sys.argv[2].encode())
client.shutdown(socket.SHUT_WR)
while True:
    packet = client.recv(9000)
    if not packet:
        break
    sys.stdout.write(packet[1:].decode())
END
}

for k in $(kinds); do
	kind "$k"

	# ---- the sync pipe, the log, the exit file ----
	new_id
	config . 'echo out; echo oops >&2; printf partial; exit 7'
	monitor
	equal "$(synced .data)" "$(cat "$monitored/pid")" "$k: the pid on the sync pipe"
	[ "$k" = nested ] || [ "$k" = within ] || equal "$(rt state "$id" | jq .pid)" "$(cat "$monitored/pid")"
	in_state "$id" created || fail "$k: it is not created"
	[ ! -s "$monitored/oci-log" ] || fail "$k: the runtime's log: $(cat "$monitored/oci-log")"
	ok rt start "$id"
	equal "$(exit_file)" 7 "$k: the exit file"
	cut -d ' ' -f 2- "$monitored/log" | sort >"$out"
	says $'stderr F oops\nstdout F out\nstdout P partial'
	forget

	# ---- a death by a signal, and what conmon runs then ----
	config . 'exec sleep 100'
	monitor --exit-command "$(command -v touch)" --exit-command-arg "$monitored/exits/command"
	ok rt start "$id"
	ok rt kill "$id" KILL
	equal "$(exit_file)" 137 "$k: the exit file"
	wait_for test -e "$monitored/exits/command"
	forget

	# ---- input through the attach socket ----
	config . 'read line; echo "got $line"; cat; exit 3'
	monitor --stdin
	ok rt start "$id"
	attached $'hello\nmore\n'
	has '^got hello$'
	has '^more$'
	equal "$(exit_file)" 3 "$k: the exit file"
	forget

	# ---- a terminal, over conmon's console socket; its size comes from the control pipe ----
	config "$pts" 'tty; while [ "$(stty size)" != "33 99" ]; do sleep 0.02; done; echo sized; read line; echo "got $line"'
	monitor --terminal --stdin
	equal "$(synced .data)" "$(cat "$monitored/pid")" "$k: the pid on the sync pipe"
	ok rt start "$id"
	echo '1 33 99' >"$bundle/ctl"
	wait_for grep -q sized "$monitored/log"
	attached $'hello\n'
	equal "$(exit_file)" 0 "$k: the exit file"
	tr -d '\r' <"$monitored/log" >"$out"
	has 'stdout F /dev/pts/0$'
	has 'stdout F got hello$'
	forget

	# ---- errors: a pid of -1 and the runtime's words; and one line of JSON in its log ----
	config '.process.args = ["true"] | .mounts += [{ destination: "/x", type: "bind", source: "/no/such", options: ["bind"] }]'
	monitor
	equal "$(synced .data)" -1
	synced .message >"$out"
	has '/no/such.*no such file or directory'
	equal "$(jq -rs '.[0] | .level + " " + (.msg | test("/no/such.*no such file or directory") | tostring)' "$monitored/oci-log")" 'error true'
	equal "$(wc -l <"$monitored/oci-log")" 1
	nothing_left

	# ---- exec ----
	case $k in nested | within) continue ;; esac # this shell cannot enter the namespaces that the calls above were in
	config "$pts | .process.terminal = false" 'exec sleep 100'
	monitor
	ok rt start "$id"
	for code in 0 9; do
		jq -n --arg code $code '{ args: ["sh", "-c", "echo inside; exit \($code)"], cwd: "/", env: ["PATH=/bin"], user: { uid: 0, gid: 0 } }' \
			>"$tmp/process.json"
		rm -f "$monitored/log"
		monitor --exec --exec-process-spec "$tmp/process.json"
		[ "$(synced .data)" -gt 0 ] || fail "$k: no pid on the sync pipe: $(cat "$monitored/sync")"
		wait_for exec_ended
		equal "$(synced .data 2)" $code "$k: the exit code of exec"
		grep -q 'stdout F inside$' "$monitored/log" || fail "$k: no output"
	done
	jq -n '{ args: ["no-such-program"], cwd: "/", env: ["PATH=/bin"], user: { uid: 0, gid: 0 } }' >"$tmp/process.json"
	monitor --exec --exec-process-spec "$tmp/process.json"
	grep -q 'no such file or directory' "$monitored/sync" "$monitored/oci-log" || fail "$k: not the words that podman looks for"
	jq -e '.msg' "$monitored/oci-log" >/dev/null || fail "$k: the runtime's log is not JSON"
	jq -n '{ args: ["sh", "-c", "tty; exit 4"], terminal: true, cwd: "/", env: ["PATH=/bin"], user: { uid: 0, gid: 0 } }' >"$tmp/process.json"
	rm -f "$monitored/log"
	monitor --exec --terminal --exec-process-spec "$tmp/process.json"
	wait_for exec_ended
	equal "$(synced .data 2)" 4 "$k: the exit code of exec with a terminal"
	grep -q 'stdout F /dev/pts/' "$monitored/log" || fail "$k: no terminal"
	forget
done
