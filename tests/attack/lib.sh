# shellcheck shell=bash disable=SC1091,SC2154,SC2034
# What the attacks share, behind tests/e2e/lib.sh and lib-runtime.sh.
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

# compiled NAME: tests/attack/NAME.c as $tmp/NAME, static, so that it runs in any container; without sanitizers, since it
# plays the attacker.
compiled() {
	local compiler
	for compiler in "${CC:-cc}" gcc clang; do
		command -v "$compiler" >/dev/null || continue
		"$compiler" -std=gnu17 -D_GNU_SOURCE -O1 -Wall -Wextra -static -o "$tmp/$1" "tests/attack/$1.c" 2>"$err" && return
		fail "tests/attack/$1.c cannot be compiled"
	done
	skip "there is no C compiler for tests/attack/$1.c"
}

# A JQ filter: all capabilities, in all five sets.
all_capabilities() {
	local last
	last=$(cat /proc/sys/kernel/cap_last_cap)
	# shellcheck disable=SC2016
	printf '([%s] | .[0:%d]) as $all | .process.capabilities = { bounding: $all, effective: $all, permitted: $all,
		inheritable: $all, ambient: $all } | .process.noNewPrivileges = false' "$(
		echo CAP_{CHOWN,DAC_OVERRIDE,DAC_READ_SEARCH,FOWNER,FSETID,KILL,SETGID,SETUID,SETPCAP,LINUX_IMMUTABLE} \
			CAP_{NET_BIND_SERVICE,NET_BROADCAST,NET_ADMIN,NET_RAW,IPC_LOCK,IPC_OWNER,SYS_MODULE,SYS_RAWIO} \
			CAP_SYS_{CHROOT,PTRACE,PACCT,ADMIN,BOOT,NICE,RESOURCE,TIME,TTY_CONFIG} CAP_{MKNOD,LEASE} \
			CAP_{AUDIT_WRITE,AUDIT_CONTROL,SETFCAP,MAC_OVERRIDE,MAC_ADMIN,SYSLOG,WAKE_ALARM,BLOCK_SUSPEND} \
			CAP_{AUDIT_READ,PERFMON,BPF,CHECKPOINT_RESTORE} | sed 's/ /","/g; s/^/"/; s/$/"/')" $((last + 1))
}

# A picture of a tree: what it holds, whose it is, its modes, times, extended attributes and contents.
picture() { # DIR
	(cd "$1" && find . -printf '%p %y %m %U %G %T@ %l\n' | sort)
	(cd "$1" && find . -type f -exec sha256sum {} + | sort)
	! command -v getfattr >/dev/null || (cd "$1" && getfattr -R -h -d -m - . 2>/dev/null)
}
