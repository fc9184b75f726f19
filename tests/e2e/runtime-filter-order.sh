#!/usr/bin/env bash
# The filter binds the program, not the runtime on its way there: what it forbids, the runtime has done before.
# tools: busybox jq
# timeout: 60
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

# kill CALL...: a filter that kills whoever makes one of them.
kills() {
	jq -nc '{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ action: "SCMP_ACT_KILL_PROCESS", names: $ARGS.positional }] }' --args "$@"
}
ours='setgroups setgroups32 setresuid setresgid setuid setgid umask personality seccomp close_range bpf mount chdir'
printf '#!/no/such/shell\n' >"$bundle/rootfs/bin/script"
chmod 755 "$bundle/rootfs/bin/script"

for k in $(kinds); do
	kind "$k"
	groups=
	[ "$k" != ranges ] || groups='| .process.user.additionalGids = [5]'
	for nnp in true false; do
		also=".process.noNewPrivileges = $nnp | .process.user.umask = 18 | .linux.personality.domain = \"LINUX\"
			| .process.capabilities = ([\"CAP_KILL\"] | { bounding: ., permitted: ., effective: . }) $groups"
		# shellcheck disable=SC2086
		inside 'echo here' "$also | .linux.seccomp = $(kills $ours)"
		says here
	done
	# with no_new_privs it is the very last step: not even the capabilities are set after it
	inside 'echo here' ".process.noNewPrivileges = true | .linux.seccomp = $(kills capset)"
	says here
	# and a program that cannot be executed is still told of, by one that may do nothing but tell
	new_id
	config '.process.args = ["/bin/script"] | .process.noNewPrivileges = true | .linux.seccomp = {
		defaultAction: "SCMP_ACT_KILL_PROCESS",
		syscalls: [{ action: "SCMP_ACT_ALLOW", names: ["execve", "write", "sendto", "sendmsg", "exit", "exit_group"] }] }'
	refused 'its interpreter "/no/such/shell" is not in the container: no such file or directory' rt run --bundle "$bundle" "$id"
	nothing_left
done
