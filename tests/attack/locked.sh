#!/usr/bin/env bash
# I2: with run.cloister.lock a store path can be neither changed, nor made writable, nor taken away, with all
# capabilities of the container's user namespace, in a mount namespace and in a user namespace nested below it.
# The store belongs to the caller, so that nothing but the mounts protects it.
# timeout: 400
. tests/attack/lib.sh
compiled locked

host=$tmp/store
mkdir -p "$host/a-dir" "$host/b-dir" "$bundle/rootfs/nix/store"
echo content >"$host/a-dir/f"
echo content >"$host/b-dir/f"
echo content >"$host/c-file"
chmod 644 "$host"/*/f "$host/c-file"
setfattr -n user.kept -v 1 "$host/a-dir/f" "$host/c-file" 2>/dev/null || true
cp "$tmp/locked" "$bundle/rootfs/bin/locked"
before=$(picture "$host")

store_mount() { # NAME
	mount_json "/nix/store/$1" bind "$host/$1" bind ro nosuid nodev
}

attack() { # JQ-FILTER of the mounts
	for kind in $(kinds); do
		# a lock needs a user namespace of the container's own
		case $kind in none | nested) continue ;; esac
		kind "$kind"
		inside "exec /bin/locked /nix/store /nix/store/a-dir /nix/store/c-file /tmp" \
			".annotations[\"run.cloister.lock\"] = \"true\" | $1 | $(all_capabilities)"
		has_not WORKED
		has_not unshare
		equal "$(grep -cE ': tried (8[5-9]|9[0-9])$' "$out")" 3 "$kind: the attacks of three places"
		equal "$(grep -cE ' /nix/store/[abc]-[a-z]+ ro,nosuid,nodev[ ,]' "$out")" 3 "$kind: the mounts afterwards"
		equal "$(picture "$host")" "$before" "$kind: the store afterwards"
		nothing_left
	done
}

# as a group with one parent, each on its own (options differ, so there is no group), and with /nix/store itself bound
attack ".mounts = [$(store_mount a-dir), $(store_mount b-dir), $(store_mount c-file)] + .mounts"
mount_b=$(mount_json /nix/store/b-dir bind "$host/b-dir" bind ro nosuid nodev noexec)
attack ".mounts = [$(store_mount a-dir), $mount_b, $(store_mount c-file)] + .mounts"

# and the attacks are real: without the lock they work
cp -a "$host" "$tmp/copy"
host=$tmp/copy
kind self
inside "exec /bin/locked /nix/store /nix/store/a-dir /nix/store/c-file /tmp" \
	".mounts = [$(store_mount a-dir), $(store_mount b-dir), $(store_mount c-file)] + .mounts | $(all_capabilities)"
has 'WORKED inside: remount rw /nix/store/a-dir'
has 'WORKED inside: umount /nix/store/c-file'
has 'WORKED inside: take ro off a copy of'
