#!/usr/bin/env bash
# I7 for exec: a hostile container waits for a process that comes in. It gets neither the runtime's rights, nor its
# descriptors, nor its binary, and it cannot hold up who wants to kill it.
# timeout: 300
# shellcheck disable=SC2016
. tests/attack/lib.sh
compiled exec
compiled trace
compiled overwrite
cp "$tmp/exec" "$tmp/trace" "$tmp/overwrite" "$bundle/rootfs/bin/"

begin() { # JQ-FILTER SHELL-COMMANDS: a container in the background; what it prints is in $tmp/attack
	new_id
	config "$1" "$2"
	rt run --bundle "$bundle" "$id" >"$tmp/attack" 2>&1 </dev/null &
	container=$!
	wait_for in_state "$id" running
}
exec_until_end() { # COMMAND...: as long as the attacker lives
	local n=0
	while ! grep -q '^seen' "$tmp/attack"; do
		run rt exec "$id" "$@"
		n=$((n + 1))
	done
	[ $n -gt 20 ] || fail "only $n execs"
}
finish() {
	run rt kill "$id" KILL
	wait "$container" || true
	cp "$tmp/attack" "$out"
	has_not WORKED
	nothing_left
}
# A long filter, so that the process takes its time between its birth and its exec.
filter='.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [range(200) | { names: ["personality"], action: "SCMP_ACT_ERRNO",
	errnoRet: 22, args: [{ index: 0, value: (. + 1000), op: "SCMP_CMP_EQ" }] }] }'

# ---- CVE-2016-9962: all capabilities in the container's user namespace ----
for kind in $(kinds); do
	case $kind in none | nested | within) continue ;; esac
	kind "$kind"
	begin "$(all_capabilities) | .process.noNewPrivileges = true | $filter" 'trace cloister 3; sleep 100'
	exec_until_end true
	finish
	has '^seen [1-9]'
done

# ---- and with CAP_SYS_PTRACE on the host: it catches processes, and gains nothing ----
if is_root; then
	kind none
	ptrace='.process.capabilities = ({ bounding: ["CAP_SYS_PTRACE"] } | .permitted = .bounding | .effective = .bounding)'
	for nnp in true false; do
		begin "$ptrace | .process.noNewPrivileges = $nnp | $filter" 'exec 2>&1; /bin/exec 4; sleep 100'
		exec_until_end true
		finish
		has '^seen [1-9]'
		[ $nnp = false ] || has '^caught [1-9]'
	done
	rm -rf "$state/.seccomp-cache"
fi

# ---- CVE-2019-5736: the program to run is the runtime itself, and somebody waits for its file ----
for kind in self $(is_root && echo none); do
	kind "$kind"
	cp "$cloister" "$tmp/victim"
	before=$(sha256sum <"$tmp/victim")
	mv "$bundle/rootfs/bin/sh" "$bundle/rootfs/bin/shell"
	printf '#!/proc/self/exe\n' >"$bundle/rootfs/bin/sh"
	chmod +x "$bundle/rootfs/bin/sh"
	new_id
	config ".process.args = [\"/bin/shell\", \"-c\", \"overwrite $(stat -c '%d %i %s' "$tmp/victim") 3; sleep 100\"]"
	ln -sf busybox "$bundle/rootfs/bin/ash"
	jq '.process.args[0] = "/bin/ash"' "$bundle/config.json" >"$tmp/c" && cp "$tmp/c" "$bundle/config.json"
	"$tmp/victim" --root "$state" run --bundle "$bundle" "$id" >"$tmp/attack" 2>&1 </dev/null &
	container=$!
	wait_for in_state "$id" running
	n=0
	while ! grep -q '^seen' "$tmp/attack"; do
		run "$tmp/victim" --root "$state" exec "$id" /bin/sh
		n=$((n + 1))
	done
	[ $n -gt 20 ] || fail "only $n execs"
	mv "$bundle/rootfs/bin/shell" "$bundle/rootfs/bin/sh"
	finish
	# linked to libraries (with sanitizers, it is) it does not even start in there
	head -c 4096 "$tmp/victim" | grep -qa '/ld-' || has '^seen [1-9]'
	equal "$(sha256sum <"$tmp/victim")" "$before" "$kind: the runtime's file"
done

# ---- CVE-2024-21626: a working directory or program behind a descriptor of the runtime ----
kind self
begin . 'sleep 100'
for n in $(seq 3 14); do
	for cwd in "/proc/self/fd/$n" "/proc/self/fd/$n/.." "/proc/1/fd/$n/../../.."; do
		refused "process.cwd" rt exec --cwd "$cwd" "$id" true
	done
	refused "exec \"/proc/self/fd/$n/" rt exec "$id" "/proc/self/fd/$n/../../../../bin/true"
done
finish

# ---- a process that is stopped on its way in holds up nobody ----
if is_root; then
	kind none
	begin . 'sleep 100'
	if rt pause "$id" 2>/dev/null; then
		rt exec --ignore-paused "$id" true >/dev/null 2>&1 </dev/null &
		waiting=$!
		sleep 0.2
		ok timeout 5 "$cloister" --root "$state" kill "$id" KILL
		status=0
		wait $waiting || status=$?
		equal "$status" 255
	fi
	finish
fi
