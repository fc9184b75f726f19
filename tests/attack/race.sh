#!/usr/bin/env bash
# I3: components of mount destinations change into symlinks to the host, and back, while containers are made
# (CVE-2021-30465, CVE-2023-27561, CVE-2024-45310, CVE-2025-31133, CVE-2025-52565, CVE-2025-52881). Whatever comes of a
# container, the host's files and mounts stay as they are, and no container sees a file of the host.
# timeout: 400
# shellcheck disable=SC2016
. tests/attack/lib.sh
compiled swap

outside=$tmp/outside
mkdir -p "$outside/sub" "$outside/self/attr"
echo host >"$outside/secret"
echo host >"$outside/file"
r=$bundle/rootfs
mkdir -p "$r/a/sub" "$r/b" "$r/c" "$r/made"
touch "$r/a/file"
ln -s "../../../../../../../..$outside" "$r/a2"
ln -s "$outside" "$r/b2"
ln -s "../../../../../../../..$outside" "$r/c2"
ln -s "../../../../../../../..$outside" "$r/proc2"
ln -s "../../../../../../../..$outside/file" "$r/a/file2"
before=$(picture "$outside")
mounts() { sed 's/^[0-9]* [0-9]* //' /proc/self/mountinfo | grep -F "$tmp" || true; }
mounts_before=$(mounts)

"$tmp/swap" "$r/a" "$r/a2" "$r/b" "$r/b2" "$r/c" "$r/c2" "$r/proc" "$r/proc2" 2>/dev/null &
background=$!
disown

rounds=${ROUNDS:-50}
made=0
for kind in self $(is_root && echo none); do
	kind "$kind"
	for volume in false true; do
		# in the second half a volume is mounted first, whose components change as well
		config "$(with_mount /a/sub tmpfs tmpfs) | $(with_mount /a/file bind "$bundle/config.json" bind ro) |
			$(with_mount /b/new/dir tmpfs tmpfs) | $(with_mount /c/up tmpfs tmpfs tmpcopyup) |
			.linux.maskedPaths = [\"/c/secret\", \"/a/sub\"] | .linux.readonlyPaths = [\"/b\"] |
			if $volume then .mounts = [$(mount_json /vol bind "$r" rbind rw)] +
				(.mounts + [$(mount_json /vol/a/sub/x tmpfs tmpfs), $(mount_json /vol/b/y tmpfs tmpfs)]) else . end" \
			'for f in /a/secret /b/secret /c/secret /proc/secret /vol/a/secret; do [ ! -s $f ] || cat $f; done'
		for ((i = 0; i < rounds; i++)); do
			new_id
			run rt run --bundle "$bundle" "$id"
			if [ "$status" = 0 ]; then
				made=$((made + 1))
				says ""
			else
				equal "$(wc -l <"$err")" 1 "lines of error"
			fi
		done
		equal "$(picture "$outside")" "$before" "$kind, volume $volume: the host's files"
		equal "$(mounts)" "$mounts_before" "$kind, volume $volume: the host's mounts"
	done
	nothing_left
done
[ "$made" -gt 0 ] || fail "the attacker was always faster: nothing was tested"
echo "$made containers were made"
