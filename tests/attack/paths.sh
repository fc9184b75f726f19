#!/usr/bin/env bash
# I3, I4: a hostile rootfs cannot lead the runtime out of it, and nothing can take the place of /proc. One line for each
# attack: where it was published, and how it works.
# timeout: 400
# shellcheck disable=SC2016
. tests/attack/lib.sh

outside=$tmp/outside
mkdir -p "$outside/dir/proc" "$outside/dir/sub"
echo host >"$outside/file"
before=$(picture "$outside")
up=../../../../../../../..

# hostile SHELL-COMMANDS: run in a fresh copy of the rootfs, which is then the container's
hostile() {
	rm -rf "$bundle/rootfs"
	cp -a "$tmp/rootfs" "$bundle/rootfs"
	(cd "$bundle/rootfs" && eval "$1") || fail "cannot make the hostile rootfs"
}
cp -a "$bundle/rootfs" "$tmp/rootfs"

unharmed() { equal "$(picture "$outside")" "$before" "$kind: $1: the host's files"; }

# blocked TEXT JQ-FILTER: refused in one line with the text, and nothing outside has changed
blocked() {
	refuses "$1" "$2"
	unharmed "$2"
}

# stays JQ-FILTER COMMANDS: the container runs, the commands succeed in it, and nothing outside has changed
stays() {
	inside "$2" "$1"
	unharmed "$1"
	nothing_left
}

attacks() {
	local link n

	# CVE-2019-19921, CVE-2023-27561, CVE-2023-28642 (runc), CVE-2025-54867 (youki): /proc is a symlink, so that the procfs
	# lands elsewhere, and what is written below /proc is somebody's file
	for link in "$outside/dir" "$up$outside/dir" /tmp /root; do
		hostile "rmdir proc; ln -s $link proc"
		blocked "symlink" .
	done
	hostile "rmdir proc; mkdir evil; ln -s evil proc"
	blocked "symlink" .
	# ... and so is /sys
	hostile "rmdir sys; ln -s $up$outside/dir sys"
	blocked "symlink" "$(with_mount /sys sysfs sysfs nosuid noexec nodev ro)"

	# A mount point is made where a dangling link leads: not above the root, by climbing out of what was just made
	hostile "ln -s missing/$up$outside/made evil; ln -s $outside/made evil2; ln -s $up$outside/made evil3"
	blocked "symlink to nowhere" "$(with_mount /evil tmpfs tmpfs)"
	blocked "symlink to nowhere" "$(with_mount /evil/file bind "$bundle/rootfs/bin/busybox" bind)"
	for link in evil2 evil3; do
		stays "$(with_mount "/$link/x" tmpfs tmpfs)" "grep -q '$outside/made/x' /proc/self/mountinfo"
	done

	# CVE-2019-16884 (runc), CVE-2025-52881 (runc), CVE-2025-62596 (youki): something else is mounted at /proc or below
	# it, so that a label or a sysctl is written to nowhere, or into a file of the attacker's choice
	hostile "ln -s proc p; ln -s proc/self s; mkdir -p fake/self/attr; mkdir -p proc/self/attr"
	for n in "/proc tmpfs tmpfs" "/proc/ tmpfs tmpfs" "/tmp/../proc tmpfs tmpfs" "/proc bind $bundle/rootfs/fake bind" \
		"/proc bind $bundle/rootfs/fake rbind ro"; do
		# shellcheck disable=SC2086
		blocked "/proc" ".mounts |= map(select(.destination != \"/proc\")) | $(with_mount $n)"
	done
	for n in "/proc/self bind $bundle/rootfs/fake bind" "/proc/self/attr tmpfs tmpfs" "/p/self tmpfs tmpfs" \
		"/proc/sys/kernel bind $bundle/rootfs/fake bind" "/s/attr bind $bundle/rootfs/fake bind" "/p tmpfs tmpfs" \
		"/proc/self/attr/exec bind $outside/file bind" "/proc/self/attr/../attr/exec bind $outside/file bind" \
		"/proc/1/attr bind $bundle/rootfs/fake bind"; do
		# shellcheck disable=SC2086
		blocked "/proc" "$(with_mount $n)"
	done

	# CVE-2025-31133 (runc), CVE-2025-62161 (youki): the rootfs has a /dev/null of its own, which is then bound over what
	# was to be hidden, or from which the host's file is bound read-write
	hostile "ln -s /proc/sys/kernel/msgmax dev/null; echo 1 >tmp/masked"
	stays '.linux.maskedPaths = ["/tmp/masked", "/proc/version"] | .mounts |= map(select(.destination != "/tmp"))' \
		'[ -c /tmp/masked ] && [ "$(stat -c %t:%T /tmp/masked)" = 1:3 ] && [ -z "$(cat /tmp/masked)" ]'
	if [ "$kind" = self ]; then
		hostile "ln -s $up$outside/file dev/null"
		stays '.mounts |= map(select(.destination != "/dev")) | .linux.maskedPaths = ["/proc/version"]' \
			'[ "$(stat -c %t:%T /proc/version)" = 1:3 ]'
	fi
	# a masked path that is a symlink out of the rootfs hides nothing outside
	hostile "ln -s $up$outside/dir hidden"
	stays '.linux.maskedPaths = ["/hidden"] | .linux.readonlyPaths = ["/hidden/sub"]' true

	# CVE-2024-45310 (runc): a component of a mount point that is missing is made behind a symlink, outside
	hostile "ln -s $outside/dir a; ln -s $up$outside/dir b; ln -s /proc/1/root$outside c; ln -s ../b d"
	for link in a b d; do
		run_any "$(with_mount "/$link/new/er" tmpfs tmpfs)"
		run_any "$(with_mount "/$link/file" bind "$bundle/config.json" bind ro)"
	done
	run_any "$(with_mount /c/new tmpfs tmpfs)"
	# CVE-2021-30465 (runc), CVE-2025-24965 (crun): the destination itself is a symlink to a file of the host
	hostile "mkdir -p etc; ln -sf $up$outside/file etc/resolv.conf; ln -sf $outside/file etc/hosts; ln -s $outside/none etc/new"
	for n in resolv.conf hosts new; do
		run_any "$(with_mount "/etc/$n" bind "$bundle/config.json" bind ro)"
		run_any "$(with_mount "/etc/$n/" bind "$bundle/config.json" bind ro dest-nofollow)"
	done
	# a file system filled from below, where symlinks and hard links lead outside
	hostile "mkdir full; ln -s $up$outside/dir full/link; ln -s $outside/file full/file"
	stays "$(with_mount /full tmpfs tmpfs tmpcopyup)" '[ -L /full/link ] && [ -L /full/file ]'
	hostile "ln -s $up$outside/dir full"
	run_any "$(with_mount /full tmpfs tmpfs tmpcopyup)"

	# devices and links, made where a symlink leads outside; a device that is something else already
	hostile "rmdir dev; ln -s $up$outside/dir dev"
	run_any '.mounts |= map(select(.destination != "/dev"))'
	hostile "ln -s $up$outside/dir/x dev/fd; ln -s $outside/file dev/tty; mkdir dev/zero"
	run_any '.mounts |= map(select(.destination != "/dev"))'
	hostile "ln -s $up$outside/dir made"
	run_any '.linux.devices = [{ path: "/made/null", type: "c", major: 1, minor: 3, fileMode: 511 }]'

	# the working directory is a symlink to the host, also through /proc (CVE-2024-21626)
	hostile "ln -s $up$outside cwd; ln -s /proc/1/root$outside cwd2; ln -s /proc/self/cwd/../.. cwd3"
	for n in cwd cwd2 cwd3; do
		run_any ".process.cwd = \"/$n\"" "[ ! -e $outside/file ] && [ ! -e ./outside ]"
	done
}

# run_any JQ-FILTER [COMMANDS]: the container may run or be refused in one line, as long as nothing outside changes
run_any() {
	new_id
	config "$1" "${2:-true}"
	run rt run --bundle "$bundle" "$id"
	[ "$status" = 0 ] || equal "$(wc -l <"$err")" 1 "$1: lines of error"
	unharmed "$1"
	nothing_left
}

for kind in $(kinds); do
	kind "$kind"
	attacks
done
