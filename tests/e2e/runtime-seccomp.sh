#!/usr/bin/env bash
# Seccomp filters, by what they do to system calls.
# tools: busybox jq
# timeout: 120
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

filter() { # SYSCALLS-JSON [JQ-FILTER]: everything else is allowed
	echo ".linux.seccomp = { defaultAction: \"SCMP_ACT_ALLOW\", syscalls: $1 } | ${2:-.}"
}
mkdirs='"mkdir", "mkdirat"'

for k in $(kinds); do
	kind "$k"
	for nnp in true false; do
		also=".process.noNewPrivileges = $nnp"
		inside 'grep -E "^(Seccomp|NoNewPrivs):" /proc/self/status; mkdir /tmp/x 2>&1; touch /tmp/y && echo touched' \
			"$(filter "[{ names: [$mkdirs], action: \"SCMP_ACT_ERRNO\" }]" "$also")"
		equal "$(tr '\t' ' ' <"$out")" "NoNewPrivs: $([ $nnp = true ] && echo 1 || echo 0)
Seccomp: 2
mkdir: can't create directory '/tmp/x': Operation not permitted
touched" "$k"
	done
	inside 'mkdir /tmp/x 2>&1; true' "$(filter "[{ names: [$mkdirs], action: \"SCMP_ACT_ERRNO\", errnoRet: 38 }]")"
	says "mkdir: can't create directory '/tmp/x': Function not implemented"
	# the default is what an unnamed call gets
	inside 'mkdir /tmp/x; ls -d /tmp/x; sethostname 2>/dev/null; hostname other 2>&1; true' \
		'.linux.seccomp = { defaultAction: "SCMP_ACT_LOG", syscalls: [
		{ names: ["sethostname"], action: "SCMP_ACT_ERRNO", errnoRet: 95 }] }'
	says '/tmp/x
hostname: sethostname: Operation not supported'
	# killed: the process, with SIGSYS; trapped: by the same signal
	for action in SCMP_ACT_KILL_PROCESS SCMP_ACT_KILL SCMP_ACT_KILL_THREAD SCMP_ACT_TRAP; do
		inside 'mkdir /tmp/x; echo $?' "$(filter "[{ names: [$mkdirs], action: \"$action\" }]")"
		says 159
	done
	# no tracer: it fails with ENOSYS
	inside 'mkdir /tmp/x 2>&1; true' "$(filter "[{ names: [$mkdirs], action: \"SCMP_ACT_TRACE\", errnoRet: 7 }]")"
	says "mkdir: can't create directory '/tmp/x': Function not implemented"
	inside 'mkdir /tmp/x 2>&1 && echo made' "$(filter "[{ names: [$mkdirs], action: \"SCMP_ACT_LOG\" }]")"
	says made
done

# ---- arguments ----
kind self
kill_rule() { # OP VALUE [VALUE-TWO]: kill(2) with such a signal fails with EBUSY
	filter "[{ names: [\"kill\"], action: \"SCMP_ACT_ERRNO\", errnoRet: 16, args: [{ index: 1, op: \"SCMP_CMP_$1\", value: $2, valueTwo: ${3:-0} }] }]"
}
try='trap : USR1 USR2 CHLD; for s in 0 USR1 USR2 CHLD; do kill -$s $$ 2>/dev/null && echo $s; done | tr "\n" " "' # 0 10 12 17
while read -r op value two wanted; do
	inside "$try" "$(kill_rule "$op" "$value" "$two")"
	equal "$(cat "$out")" "$wanted " "$op $value $two"
done <<'END'
EQ 10 0 0 USR2 CHLD
NE 10 0 USR1
LT 12 0 USR2 CHLD
LE 12 0 CHLD
GT 10 0 0 USR1
GE 10 0 0
MASKED_EQ 8 8 0 CHLD
MASKED_EQ 16 16 0 USR1 USR2
END
# two conditions on different arguments: both; on the same one: either
inside "$try" "$(filter '[{ names: ["kill"], action: "SCMP_ACT_ERRNO", args: [
	{ index: 1, op: "SCMP_CMP_GE", value: 10 }, { index: 0, op: "SCMP_CMP_EQ", value: 77777 }] }]')"
says '0 USR1 USR2 CHLD '
inside "$try" "$(filter '[{ names: ["kill"], action: "SCMP_ACT_ERRNO", args: [
	{ index: 1, op: "SCMP_CMP_EQ", value: 10 }, { index: 1, op: "SCMP_CMP_EQ", value: 12 }] }]')"
says '0 CHLD '

# ---- what a config may hold that this machine does not know, and what is refused ----
inside 'mkdir /tmp/x 2>&1; true' "$(filter "[{ names: [\"no_such_call\", \"mkdir\", \"mkdirat\"], action: \"SCMP_ACT_ERRNO\" }]" \
	'.linux.seccomp.architectures = ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]')"
says "mkdir: can't create directory '/tmp/x': Operation not permitted"
inside 'echo ran' "$(filter '[]' '.linux.seccomp.flags = ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"]')"
says ran
refuses 'linux.seccomp' '.linux.seccomp = { defaultAction: "SCMP_ACT_SHRUG" }'
refuses 'linux.seccomp' '.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_ABACUS"] }'
refuses 'linux.seccomp.syscalls[0]' "$(filter '[{ names: ["kill"], action: "SCMP_ACT_ERRNO", args: [{ index: 6, op: "SCMP_CMP_EQ", value: 1 }] }]')"
refuses 'linux.seccomp.syscalls[0]' "$(filter '[{ names: ["kill"], action: "SCMP_ACT_ERRNO", errnoRet: 5000 }]')"
# A filter that forbids even the exec is a failed start, and no container.
new_id
config "$(filter '[{ names: ["execve"], action: "SCMP_ACT_ERRNO" }]')"
refused 'operation not permitted' rt run --bundle "$bundle" "$id"
nothing_left

# ---- a list of what is allowed, as engines have it: everything else does not exist ----
allowed='execve brk mmap munmap mremap mprotect open openat read write close fstat newfstatat stat lstat statx lseek ioctl
	fcntl dup dup2 dup3 pipe pipe2 rt_sigaction rt_sigprocmask rt_sigreturn wait4 clone clone3 fork vfork exit exit_group getpid
	getppid getuid geteuid getgid getegid gettid uname getcwd arch_prctl set_tid_address set_robust_list rseq prlimit64 readlink
	readlinkat mkdir mkdirat getrandom prctl sendto futex setpgid getpgrp getdents64 access faccessat umask tgkill no_such_call'
profile=$(jq -nc --arg allowed "$allowed" '{ defaultAction: "SCMP_ACT_ERRNO", defaultErrnoRet: 38,
	architectures: ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"], syscalls: [
	{ names: ["mount", "umount2"], action: "SCMP_ACT_ERRNO", errnoRet: 1 },
	{ names: ($allowed | split("[ \n\t]+"; "")), action: "SCMP_ACT_ALLOW" }] }')
for k in $(kinds); do
	kind "$k"
	for _ in first again; do # the second comes out of the cache
		inside 'mkdir /tmp/x && echo "made"; mount -t tmpfs x /tmp/x 2>&1; hostname other 2>&1; rmdir /tmp/x 2>&1; true' \
			".linux.seccomp = $profile"
		says "made
mount: permission denied (are you root?)
hostname: sethostname: Function not implemented
rmdir: '/tmp/x': Function not implemented"
	done
done
nothing_left
