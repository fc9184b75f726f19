#!/usr/bin/env bash
# The same bundle under cloister, crun and runc: what the program sees, and what it cannot do.
# tools: nix-build busybox jq
# cgroup: v2
# timeout: 300
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-bundle.sh
make_store
all=$(runtimes)
[ -n "$all" ] || skip "no OCI runtime to run a bundle with"
sh=$busybox/bin/sh

in_some() { # RUNTIMES BUNDLE CHECK: runs it under each runtime and calls the check
	local runtime
	for runtime in $1; do
		run_in "$runtime" "$2"
		[ "${status:?}" = 0 ] || fail "$runtime: exit status $status"
		"$3" "$runtime"
	done
}
in_all() { in_some "$all" "$@"; }

# ---- the closure, each path at its own place, and nothing else of the host ----
bundle "$top" -- "$sh" -c "cd /nix/store; $busybox/bin/ls -d *; $busybox/bin/readlink $current; $busybox/bin/cat $current/about.txt $conf"
check_closure() {
	equal "$(head -n 5 "$out" | sed 's,^,/nix/store/,')" "$closure" "$1: the store"
	equal "$(sed -n 6p "$out")" "$pages" "$1: the link"
	equal "$(sed -n 7p "$out")" "served out of a Nix closure" "$1: a file behind the link"
	equal "$(sed -n 8p "$out")" ".txt:text/plain" "$1: the store path that is a file"
}
in_all "$b" check_closure

# ---- every store mount is ro, nosuid, nodev; capabilities are empty; the root is read-only, /tmp is not ----
bundle "$top" "$busybox" -- sh -c '
	grep " /nix/store/" /proc/self/mountinfo
	grep -E "^(Cap|NoNewPrivs)" /proc/self/status
	id -u; id -g; hostname; pwd; echo "$PATH $HOME $TMPDIR"; readlink /bin/sh
	touch /tmp/x && echo tmp; touch /x; touch /etc/x; mkdir /nix/store/x; true'
check_sandbox() {
	equal "$(grep -c ' /nix/store/' "$out")" 4 "$1: store mounts"
	equal "$(grep ' /nix/store/' "$out" | grep -cE ' ro,nosuid,nodev[, ]')" 4 "$1: their options"
	equal "$(grep ^Cap "$out" | sort -u -k2 | cut -f2)" 0000000000000000 "$1: capabilities"
	has '^NoNewPrivs:.1$'
	equal "$(grep -vE ' /nix/store/|^Cap|^NoNew|^\+' "$out")" "0
0
cloister
/
$top/bin:$busybox/bin / /tmp
$busybox/bin/sh
tmp" "$1: the rest"
	equal "$(grep -c 'Read-only file system' "$err")" 3 "$1: writes"
}
in_all "$b" check_sandbox

# ---- a write, chmod, remount and unmount of a store path fail, also in a nested user namespace ----
# Two users: id 0 without capabilities may not map itself in a namespace of its own, another id may; there it has all
# capabilities and may mount, so that the attacks fail by the mounts' locks and not for want of rights. runc wants id 0.
attack='
	for f in "$BUSYBOX/bin/x" "$BUSYBOX/x"; do echo x >"$f"; done
	chmod 777 "$BUSYBOX/bin/busybox"
	rm -f "$BUSYBOX/bin/ls"
	mount -o remount,bind,rw "$BUSYBOX" && echo REMOUNTED
	umount "$BUSYBOX" && echo UNMOUNTED
	umount -l "$BUSYBOX" && echo UNMOUNTED
	grep -q "$BUSYBOX ro,nosuid,nodev" /proc/self/mountinfo || echo CHANGED
	mount -t tmpfs none /tmp && echo "may mount"
	echo end'
attack() { # IDS
	bundle "$busybox" --user "$1" --env BUSYBOX="$busybox" --env ATTACK="$attack" -- \
		sh -c 'sh -c "$ATTACK"; unshare -Urm sh -c "$ATTACK"; true'
}
store_is_whole() { # RUNTIME
	cmp "$(command -v busybox)" "$store$busybox/bin/busybox" || fail "$1: the store's busybox changed"
	[ -e "$store$busybox/bin/ls" ] || fail "$1: a file of the store was removed"
}
check_root() { says end && store_is_whole "$1"; }
check_other() {
	says "end
may mount
end"
	store_is_whole "$1"
}
attack 0
in_all "$b" check_root
attack 1000
with_ids=$(for runtime in $all; do [ "$runtime" = runc ] || echo "$runtime"; done)
in_some "$with_ids" "$b" check_other

# ---- options ----
mkdir "$tmp/data"
echo hello >"$tmp/data/file"
bundle "$busybox" --hostname box --cwd /work --env A=1 --env 'B=two words' --bin-sh none --bind "$tmp/data:/data" \
	--bind "$tmp/data:/rw:rw" --bind "$tmp/data/file:/etc/extra" --writable /var/lib/app --bind /dev/null:/tmp/here --bind "$tmp/data/file:/tmp/file" -- sh -c '
	hostname; pwd; echo "$A $B"; ls /bin /data; cat /etc/extra; touch /data/x; touch /rw/"$$"-new && echo rw
	echo kept >>/var/lib/app/log; wc -l </var/lib/app/log; [ -c /tmp/here ] && echo device; cat /proc/net/dev | grep -c :'
n=0
check_options() {
	n=$((n + 1))
	equal "$(head -n 3 "$out")" "box
/work
1 two words" "$1"
	has '^hello$'
	has '^rw$'
	has '^device$'
	equal "$(grep -cE 'Read-only file system' "$err")" 1 "$1: the read-only bind"
	grep -q "/bin: No such file" "$err" || fail "$1: there should be no /bin"
	equal "$(wc -l <"$b/writable/var/lib/app/log")" $n "$1: the writable folder lasts"
	equal "$(tail -n 1 "$out")" 1 "$1: network devices"
}
in_all "$b" check_options

# ---- another user inside: the caller outside. runc wants id 0 mapped, so it is left out ----
bundle "$busybox" --user 1000:100 -- sh -c 'id -u; id -g; id -un; touch /tmp/x && stat -c %u /tmp/x'
check_user() { says "1000
100
user
1000"; }
in_some "$with_ids" "$b" check_user

# ---- the host's network ----
bundle "$busybox" --network host -- sh -c 'cat /proc/net/dev; [ -d /sys/kernel ] || echo "no sysfs"; cat /etc/hosts'
check_network() {
	equal "$(grep -c : "$out" | head -n 1)" "$(cat /proc/net/dev /etc/hosts | grep -c :)" "$1: devices and hosts"
	has '^no sysfs$'
}
in_all "$b" check_network
