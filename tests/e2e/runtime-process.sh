#!/usr/bin/env bash
# The process: user, groups, umask, cwd, environment, the program's name, capabilities, limits, and the rest.
# tools: busybox jq
# timeout: 180
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

root=$bundle/rootfs
ranged() { [ "$kind" = ranges ] || [ "$kind" = none ]; } # more than one id is mapped

# ---- user, groups, umask ----
for k in $(kinds); do
	kind "$k"
	inside 'id -u; id -g; umask; grep -E "^(Uid|Gid)" /proc/self/status'
	equal "$(tr '\t\n' '  ' <"$out")" '0 0 0022 Uid: 0 0 0 0 Gid: 0 0 0 0 ' "$k"
	inside 'umask; touch /tmp/x; stat -c %a /tmp/x' '.process.user.umask = 63'
	says '0077
600'
	if ranged; then
		inside 'grep -E "^(Uid|Gid|Groups)" /proc/self/status' \
			'.process.user = { uid: 1000, gid: 100, additionalGids: [7, 5, 300] }'
		equal "$(tr '\t\n' '  ' <"$out")" 'Uid: 1000 1000 1000 1000 Gid: 100 100 100 100 Groups: 5 7 300  ' "$k"
		inside 'grep ^Groups /proc/self/status' '.process.user = { uid: 1000, gid: 100 }'
		equal "$(tr -d '\t \n' <"$out")" 'Groups:' "$k: the caller's groups are given up"
	elif [ "$k" = self ] && is_root; then
		inside 'grep ^Groups /proc/self/status' '.process.user.additionalGids = [0]'
		equal "$(tr -d '\t \n' <"$out")" 'Groups:0' "$k"
		refuses 'process.user.additionalGids[1]: 5 is not in linux.gidMappings' '.process.user.additionalGids = [0, 5]'
	else
		refuses 'process.user.additionalGids: a user namespace with a single mapped id cannot set groups' \
			'.process.user.additionalGids = [0]'
	fi
	[ "$k" = none ] || [ "$k" = nested ] || refuses 'process.user.uid: 70000 is not in linux.uidMappings' '.process.user.uid = 70000'
done
kind nested
new_id
config '.process.user.uid = 70000'
! unshare --user --map-root-user true 2>/dev/null || refused 'uid 70000' rt run --bundle "$bundle" "$id"

# ---- cwd ----
mkdir -p "$root/work" "$root/private"
chmod 700 "$root/private"
for k in $(kinds); do
	kind "$k"
	inside 'pwd; readlink /proc/self/cwd' '.process.cwd = "/work"'
	says '/work
/work'
	# It is made if it is missing, also where it is reached over a link, and only within the root.
	ln -sfn ../../../links "$root/link"
	mkdir -p "$root/links"
	# (not where the root file system is nobody's whom the container has)
	if [ "$k" != ranges ] || ! is_root; then
		inside 'pwd' '.process.cwd = "/missing/deep"'
		says /missing/deep
		inside 'pwd -P' '.process.cwd = "/link/below"'
		says /links/below
		[ -d "$root/missing/deep" ] || fail "$k: it is not in the root file system"
		rm -rf "${root:?}/missing" "$root/links/below"
	fi
	inside 'pwd' '.process.cwd = "/tmp/new"'
	says /tmp/new
	# but not everywhere
	refuses 'process.cwd: cannot enter the working directory "/proc/missing": no such file or directory' '.process.cwd = "/proc/missing"'
	refuses 'process.cwd' '.process.cwd = "/bin/busybox"'
done
kind self
refuses 'process.cwd' '.process.cwd = "work"'
refuses '"cwd" is missing' 'del(.process.cwd)'
for fd in 3 5 6 7 8 9 10 11 12; do # CVE-2024-21626
	refuses 'process.cwd' ".process.cwd = \"/proc/self/fd/$fd\""
done
if is_root; then
	kind none
	chmod 755 "$tmp" "$bundle"
	chown 1000:100 "$root/private"
	inside 'pwd' '.process.cwd = "/private" | .process.user = { uid: 1000, gid: 100 }'
	says /private
	chown 0:0 "$root/private" # it may be one that only root can enter, too
	inside 'readlink /proc/self/cwd; ls 2>&1; true' '.process.cwd = "/private" | .process.user = { uid: 1000, gid: 100 }'
	says "/private
ls: .: Permission denied"
fi

# ---- environment, and the search for the program ----
mkdir -p "$root/opt/first" "$root/opt/second" "$root/opt/third" "$root/data"
cat >"$root/opt/second/tool" <<'END'
#!/bin/sh
echo "tool $*"
END
cp "$root/opt/second/tool" "$root/opt/third/tool"
sed -i 's/tool/wrong tool/' "$root/opt/third/tool"
echo 'echo not me' >"$root/opt/first/tool" # not executable
chmod 755 "$root"/opt/{second,third}/tool
mkdir "$root/opt/first/dir"
args() { jq -nc '.process.args = $ARGS.positional | .process.args' --args -- "$@"; }
for k in $(kinds); do
	kind "$k"
	new_id
	config ".process.args = $(args env) | .process.env = [\"PATH=/bin\", \"A=1 2\", \"EMPTY=\", \"A=3\"]"
	ok rt run --bundle "$bundle" "$id"
	has '^A=3$' || has '^A=1 2$'
	has '^EMPTY=$'
	has '^HOME=/$' # uid 0 is in no passwd file here
	has_not '^(LD_|XDG|USER=|TMPDIR=|B=)'
	echo 'root:x:0:0::/root:/bin/sh' >"$root/etc/passwd"
	ok rt run --bundle "$bundle" "$id"
	has '^HOME=/root$'
	rm "$root/etc/passwd"
	config ".process.args = $(args tool a 'b c') | .process.env = [\"PATH=/opt/none:/opt/first:/opt/second:/opt/third:/bin\"]"
	ok rt run --bundle "$bundle" "$id"
	says 'tool a b c'
	config ".process.args = $(args ./tool) | .process.cwd = \"/opt/second\" | .process.env = [\"PATH=/opt/third\"]"
	ok rt run --bundle "$bundle" "$id"
	says 'tool '
	# no PATH at all: execvp's default
	config ".process.args = $(args true) | del(.process.env)"
	ok rt run --bundle "$bundle" "$id"
done
kind self
inside 'echo "$HOME"' '.process.env += ["HOME=/mine"]'
says /mine

# ---- a program that cannot be run: one line, from run and from start; one that is nowhere, from create ----
absent() { # TEXT ARGS...
	local text=$1
	shift
	new_id
	config ".process.args = $(args "$@")"
	refused "$text" rt run --bundle "$bundle" "$id"
	refused "$text" rt create --bundle "$bundle" "$id"
	nothing_left
}
cannot() { # TEXT ARGS...
	local text=$1
	shift
	new_id
	config ".process.args = $(args "$@")"
	refused "$text" rt run --bundle "$bundle" "$id"
	nothing_left
	ok rt create --bundle "$bundle" "$id"
	refused "$text" rt start "$id"
	ok rt delete --force "$id"
	nothing_left
}
cp "$root/bin/busybox" "$root/data/plain"
chmod 644 "$root/data/plain"
printf '#!/no/such/interpreter\n' >"$root/data/script"
printf '#!/data/plain\n' >"$root/data/script2"
printf 'no program' >"$root/data/text"
: >"$root/data/empty"
# an ELF file for a machine that this one is not
head -c 64 "$root/bin/busybox" >"$root/data/alien"
printf '\xf3\x00' | dd of="$root/data/alien" bs=1 seek=18 conv=notrunc status=none
chmod 755 "$root"/data/{script,script2,text,empty,alien}
for k in $(kinds); do
	kind "$k"
	absent 'process.args: exec "/no/such": no such file or directory' /no/such
	absent 'process.args: exec "nosuchprogram": executable file not found in $PATH: no such file or directory' nosuchprogram
	cannot 'permission denied' /data/plain
	cannot 'permission denied' /data
	cannot '/no/such/interpreter' /data/script
	cannot 'permission denied' /data/script2
	cannot 'exec format error' /data/text
	cannot 'exec format error' /data/empty
	cannot 'exec format error' /data/alien
	# A hook of the container's own may yet bring it.
	new_id
	config '.process.args = ["/tmp/brought"] | .hooks.startContainer = [{ path: "/bin/cp", args: ["cp", "/bin/busybox", "/tmp/brought"] }]'
	ok rt create --bundle "$bundle" "$id"
	ok rt start "$id"
	ok rt delete --force "$id"
	nothing_left
done

# ---- capabilities: all five sets, exactly ----
caps='grep ^Cap /proc/self/status | tr "\t" " "'
# CAP_CHOWN 1, CAP_KILL 20, CAP_NET_BIND_SERVICE 400, CAP_NET_RAW 2000, CAP_SYS_CHROOT 40000
sets='.process.capabilities = {
	bounding: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW", "CAP_SYS_CHROOT"],
	permitted: ["CAP_CHOWN", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_NET_RAW"],
	effective: ["CAP_CHOWN", "CAP_NET_RAW"],
	inheritable: ["CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT"],
	ambient: ["CAP_NET_BIND_SERVICE"] }'
# What execve makes of them (capabilities(7)): for uid 0 without noNewPrivileges, all of bounding and inheritable ...
for k in $(kinds); do
	kind "$k"
	inside "$caps" "$sets | .process.noNewPrivileges = false"
	equal "$(cat "$out")" 'CapInh: 0000000000040420
CapPrm: 0000000000042421
CapEff: 0000000000042421
CapBnd: 0000000000042421
CapAmb: 0000000000000400' "$k: root"
	inside "$caps"
	equal "$(cut -d' ' -f2 "$out" | sort -u)" 0000000000000000 "$k: none"
	if ranged; then # ... and for others what is ambient.
		inside "$caps" "$sets | .process.user = { uid: 1000, gid: 100 }"
		equal "$(cat "$out")" 'CapInh: 0000000000040420
CapPrm: 0000000000000400
CapEff: 0000000000000400
CapBnd: 0000000000042421
CapAmb: 0000000000000400' "$k: another user"
	fi
done
kind self
new_id
config '.process.capabilities = { bounding: ["CAP_NO_SUCH", "CAP_KILL"], ambient: ["CAP_KILL"] }'
ok rt run --bundle "$bundle" "$id"
grep -q 'bounding\[0\]: "CAP_NO_SUCH" is unknown' "$err" || fail 'no word about an unknown capability'

# ---- limits, oomScoreAdj, noNewPrivileges, personality ----
for k in $(kinds); do
	kind "$k"
	inside 'ulimit -n; ulimit -Hn; ulimit -c; ulimit -Hs' '.process.rlimits = [
		{ type: "RLIMIT_NOFILE", soft: 100, hard: 200 }, { type: "RLIMIT_CORE", soft: 0, hard: 0 },
		{ type: "RLIMIT_STACK", soft: 1048576, hard: 2097152 }]'
	says '100
200
0
2048'
	inside 'cat /proc/self/oom_score_adj; grep ^NoNewPrivs /proc/self/status; uname -m' \
		'.process.oomScoreAdj = 777 | .process.noNewPrivileges = true | .linux.personality = { domain: "LINUX32" }'
	equal "$(tr '\t' ' ' <"$out")" "777
NoNewPrivs: 1
$(linux32 uname -m)" "$k"
	inside 'grep ^NoNewPrivs /proc/self/status; uname -m' \
		'.process.noNewPrivileges = false | .linux.personality = { domain: "LINUX" }'
	equal "$(tr '\t' ' ' <"$out")" "NoNewPrivs: 0
$(uname -m)" "$k"
done
kind self
refuses 'process.rlimits[0]' '.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 10, hard: 1 }]'
refuses 'process.rlimits[0]' '.process.rlimits = [{ type: "RLIMIT_NOSUCH", soft: 1, hard: 1 }]'
refuses 'process.rlimits[1]' '.process.rlimits = [{ type: "RLIMIT_CORE", soft: 1, hard: 1 }, { type: "RLIMIT_CORE", soft: 1, hard: 1 }]'
refuses 'RLIMIT_NOFILE' '.process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 4000000000, hard: 4000000000 }]'
refuses 'oomScoreAdj' '.process.oomScoreAdj = 1001'
is_root || refuses 'process.oomScoreAdj: set it to -900' '.process.oomScoreAdj = -900'

# ---- no process ----
refuses 'process' 'del(.process)'
refuses 'process.args' '.process.args = []'
nothing_left
