# shellcheck shell=bash disable=SC1091,SC2154,SC2034
# What the fault tests share: the tracer, a container that tells all it can see of itself, and the points to try.
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

prepare_sweep() {
	local compiler
	# built before, where there is no compiler (tests/vm)
	[ ! -x "$B/tests/fault/sweep" ] || cp "$B/tests/fault/sweep" "$tmp/sweep"
	[ -x "$tmp/sweep" ] || for compiler in "${CC:-cc}" gcc clang; do
		command -v "$compiler" >/dev/null || continue
		"$compiler" -std=gnu17 -D_GNU_SOURCE -O1 -Wall -Wextra -o "$tmp/sweep" tests/fault/sweep.c 2>"$err" && break
		fail "tests/fault/sweep.c cannot be compiled"
	done
	[ -x "$tmp/sweep" ] || skip "there is no C compiler for tests/fault/sweep.c"
	run "$tmp/sweep" count -- true
	[ "$status" = 0 ] || skip "system calls cannot be traced here: $(cat "$err")"
	echo "$mark" >"$tmp/pattern"
	export SWEEP_LOG=$tmp/hit
}

# All that a failed step could have left weaker or different. The numbers of mounts and peer groups are no part of it.
# shellcheck disable=SC2016
view='
sed "s/^[0-9]* [0-9]* [^ ]* //; s/:[0-9]*//g" /proc/self/mountinfo
grep -E "^(Umask|Uid|Gid|Groups|Cap|NoNewPrivs|Seccomp:|SigBlk|SigIgn|NSpid)" /proc/$$/status
set -- $(sed "s/.*) //" /proc/$$/stat); echo "parent $2 group $3 session $4 tty $5"
ls /proc/$$/fd; readlink /proc/$$/cwd; readlink /proc/$$/root; cat /proc/$$/oom_score_adj /proc/$$/limits; hostname; env
ls -ln /dev | sed "s/ [A-Z][a-z][a-z]  *[0-9]* .*[0-9] / /"; ifconfig lo | grep UP; cat /proc/sys/kernel/msgmax
'

# The config for a sweep: hooks of every kind, a sysctl, masks, and a mark in what the container runs.
sweep_config() { # LOCK COMMANDS
	# shellcheck disable=SC2016
	config '{ path: "/bin/sh", args: ["sh", "-c", "cat >/dev/null"] } as $h
		| .annotations["run.cloister.lock"] = "'"$1"'"
		| .hooks = { prestart: [$h], createRuntime: [$h], createContainer: [$h], poststart: [$h], poststop: [$h],
			startContainer: [{ path: "/bin/true" }] }
		| .linux.sysctl = { "kernel.msgmax": "4096" } | .linux.maskedPaths = ["/proc/kcore", "/proc/scsi", "/proc/keys"]
		| .linux.readonlyPaths = ["/proc/sys"] | .process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 100, hard: 200 }]
		| .mounts = [{ destination: "/usr", type: "bind", source: "'"$tmp/locked"'", options: ["bind", "ro", "nosuid"] }]
			+ .mounts' "$2 # $mark"
}

# Is anything left? It may take a moment: a process sees the death of its runtime, then dies.
leftovers() {
	ls -A "$state" 2>/dev/null
	grep -lsaF -f /dev/fd/9 /proc/[0-9]*/cmdline 9<"$tmp/pattern"
	grep -F " $bundle" /proc/self/mountinfo
	find /sys/fs/cgroup -name "*$mark*" 2>/dev/null
	return 0
}
clean() { [ -z "$(leftovers 2>/dev/null)" ]; }

# points COUNT WANTED: which of 1..COUNT to try: all, or about WANTED of them evenly spread.
points() {
	local step=$((($1 + $2 - 1) / $2))
	[ "${SWEEP:-sample}" != all ] || step=1
	[ "$step" -gt 0 ] || step=1
	seq $(((step + 1) / 2)) "$step" "$1"
}

# counts COMMAND...: runs it undisturbed; how many system calls each process makes goes to calls[]
counts() {
	local p n
	calls=()
	run "$tmp/sweep" count -- "$@"
	[ "$status" = 0 ] || fail "undisturbed, it fails: $*"
	while read -r p n; do
		[[ ! $p =~ ^[0-9]$ ]] || calls[p]=$n
	done <"$err"
	[ ${#calls[@]} -gt 0 ] || fail "no system call was counted: $*"
}
