#!/usr/bin/env bash
# Seccomp filters that ask: SCMP_ACT_NOTIFY, listenerPath, listenerMetadata, the container process state.
# tools: busybox jq unshare
# timeout: 180
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

helper agent
agent() { # starts one, for one container
	rm -f "$tmp/sock" "$tmp"/agent.*
	"$tmp/agent" "$tmp/sock" "$tmp/agent" &
	agent=$!
	background="$background $agent"
	wait_for test -S "$tmp/sock"
}
agent_ended() {
	wait "$agent" || fail "the agent failed"
	equal "$(cat "$tmp/agent.got")" "1 descriptors" "what the agent got"
}
asking() { # CALL... [-- JQ-FILTER]: a filter that asks about these calls and allows the others
	local calls=()
	while [ $# -gt 0 ] && [ "$1" != -- ]; do calls+=("$1") && shift; done
	echo ".linux.seccomp = { defaultAction: \"SCMP_ACT_ALLOW\", listenerPath: \"$tmp/sock\", listenerMetadata: \"a \\\"b\\\"\",
		syscalls: [{ names: $(jq -nc '$ARGS.positional' --args "${calls[@]}"), action: \"SCMP_ACT_NOTIFY\" }] } | ${2:-.}"
}
# The calls by which a descriptor could be sent, a thread be waited for, and a program be run: all may be asked about.
all='mkdir mkdirat sendmsg sendto write writev recvmsg read close futex sched_yield nanosleep clone clone3 capset prctl execve exit exit_group'
try='mkdir /tmp/x 2>&1; echo went on; exit 3'
went_on="mkdir: can't create directory '/tmp/x': File descriptor in bad state
went on"

for k in $(kinds); do
	kind "$k"
	for nnp in true false; do
		for flags in '[]' '["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"]' '["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]'; do
			new_id
			# shellcheck disable=SC2086
			config "$(asking $all -- ".linux.seccomp.flags = $flags | .process.noNewPrivileges = $nnp |
				.annotations = { \"x\": \"y\" }")" "$try"
			agent
			run rt run --bundle "$bundle" "$id"
			equal "$status" 3 "$k: $flags"
			says "$went_on"
			agent_ended
			[ "$(cat "$tmp/agent.asked")" -gt 3 ] || fail "$k: it asked $(cat "$tmp/agent.asked") times"
			nothing_left
		done
	done
	jq -e --arg id "$id" --arg bundle "$bundle" '.ociVersion == .state.ociVersion and .fds == ["seccompFd"] and
		.metadata == "a \"b\"" and .pid == .state.pid and .state.id == $id and .state.bundle == $bundle and
		.state.status == "creating" and .state.annotations.x == "y"' "$tmp/agent.json" >/dev/null || fail "$(cat "$tmp/agent.json")"

	# created first, started later; the pid is the one that the runtime sees
	new_id
	config "$(asking mkdir mkdirat)" 'exec sleep 1000'
	agent
	ok rt create --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	[ ! -e "$tmp/agent.json" ] || fail "$k: something was sent before start"
	ok rt start "$id"
	wait_for test -s "$tmp/agent.json"
	equal "$(jq .pid "$tmp/agent.json")" "$(cat "$tmp/pid")" "$k: pid"
	# neither the listener nor its socket is in the container, and the program has one thread and no child
	equal "$(find "/proc/$(cat "$tmp/pid")/fd" -mindepth 1 -printf '%f ')" "0 1 2 " "$k: descriptors"
	equal "$(ls "/proc/$(cat "$tmp/pid")/task")" "$(cat "$tmp/pid")" "$k: threads"
	equal "$(cat "/proc/$(cat "$tmp/pid")/task/$(cat "$tmp/pid")/children" 2>/dev/null)" "" "$k: children"
	ok rt delete --force "$id"
	agent_ended
	nothing_left
done

# ---- exec: somebody answers for each process; its pid, the container's state ----
for k in $(kinds); do
	kind "$k"
	case $k in nested | within) continue ;; esac
	for nnp in true false; do
		for pid_ns in '.' '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.destination != "/proc"))'; do
			for calls in 'mkdir mkdirat' "$all"; do
				new_id
				# shellcheck disable=SC2086
				config "$(asking $calls -- ".process.noNewPrivileges = $nnp | $pid_ns")" 'exec sleep 1000'
				agent
				first=$agent
				ok rt run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$id"
				agent
				run rt exec "$id" sh -c "$try"
				equal "$status" 3 "$k, $nnp: exec"
				says "$went_on"
				agent_ended
				agent
				ok rt exec --detach --pid-file "$tmp/exec.pid" "$id" sleep 1000
				wait_for test -s "$tmp/agent.json"
				if [ "$calls" != "$all" ]; then
					equal "$(jq .pid "$tmp/agent.json")" "$(cat "$tmp/exec.pid")" "$k, $nnp: the pid of exec"
				fi
				jq -e --arg id "$id" --argjson pid "$(cat "$tmp/pid")" '.state.id == $id and .state.pid == $pid and
					.state.status == "running" and .metadata == "a \"b\"" and .fds == ["seccompFd"]' \
					"$tmp/agent.json" >/dev/null || fail "$(cat "$tmp/agent.json")"
				equal "$(find "/proc/$(cat "$tmp/exec.pid")/fd" -mindepth 1 -printf '%f ')" "0 1 2 " "$k: descriptors of exec"
				kill -KILL "$(cat "$tmp/exec.pid")" # a user's container may have neither cgroup nor pid namespace
				ok rt delete --force "$id"
				agent_ended
				agent=$first
				wait "$agent" || fail 'the first agent failed'
				nothing_left
			done
		done
	done
done
kind self
config "$(asking mkdir)" 'exec sleep 1000'
agent
first=$agent
ok rt run --detach --bundle "$bundle" "$id"
rm -f "$tmp/sock"
refused "linux.seccomp.listenerPath: connect to $tmp/sock, where the filter's questions are to be answered: no such file" \
	rt exec "$id" true
# without a filter of its own to load there is nothing to ask: the program is nowhere
agent
refused '"nosuch"' rt exec "$id" nosuch
kill "$agent"
wait "$agent" || :
ok rt delete --force "$id"
agent=$first
wait "$agent" || fail 'the first agent failed'
nothing_left

# ---- everything is asked about ----
kind self
agent
new_id
config ".linux.seccomp = { defaultAction: \"SCMP_ACT_NOTIFY\", listenerPath: \"$tmp/sock\" }" "$try"
run rt run --bundle "$bundle" "$id"
equal "$status" 3
says "$went_on"
agent_ended
equal "$(jq 'has("metadata")' "$tmp/agent.json")" false

# ---- nobody is there ----
rm -f "$tmp/sock"
refuses "linux.seccomp.listenerPath: connect to $tmp/sock, where the filter's questions are to be answered: no such file" "$(asking mkdir)"
agent
kill "$agent"
wait "$agent" || :
refuses "linux.seccomp.listenerPath: connect to $tmp/sock, where the filter's questions are to be answered: connection refused" "$(asking mkdir)"
# It goes away between create and start.
agent
new_id
config "$(asking mkdir)" 'exec sleep 1000'
ok rt create --bundle "$bundle" "$id"
kill "$agent"
wait "$agent" || :
refused "linux.seccomp: the one who answers the filter's questions has hung up" rt start "$id"
ok rt delete --force "$id"
nothing_left

refuses 'linux.seccomp.listenerPath: is missing' '.linux.seccomp = { defaultAction: "SCMP_ACT_NOTIFY" }'
# Where nothing asks, the listener is not looked for, and how questions can be killed means nothing.
inside 'echo ran' '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", listenerPath: "/no/such/socket",
	flags: ["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"] }'
says ran
nothing_left
