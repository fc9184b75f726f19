#!/usr/bin/env bash
# The annotation run.cloister.lock: the container is the same in all else, and what cannot be locked is an error. That the
# locks hold is in tests/attack/locked.sh.
# tools: busybox jq
# timeout: 120
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

store=$tmp/store
mkdir -p "$store/a/sub" "$store/b" "$bundle/rootfs/nix/store"/{a,b} "$bundle/rootfs/single" "$bundle/rootfs/full"
touch "$bundle/rootfs/nix/store/file" "$bundle/rootfs/full/below"
echo content >"$store/a/sub/f"
echo file >"$store/file"
path_mount() { mount_json "/nix/store/$1" none "$store/$1" bind ro nosuid nodev; } # NAME
lock='.annotations["run.cloister.lock"] = "true"'
binds=".mounts = [$(path_mount a), $(path_mount b), $(path_mount file)] + .mounts"
info='cat /proc/self/mountinfo'
all_capabilities='.process.capabilities = (["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "SETPCAP", "SYS_CHROOT", "SYS_ADMIN",
	"MKNOD", "NET_ADMIN", "SYS_PTRACE"] | map("CAP_" + .) | { bounding: ., permitted: ., effective: ., inheritable: ., ambient: . })'

for k in $(kinds); do
	kind "$k"
	case $k in
	none | nested)
		refuses 'annotations."run.cloister.lock": mounts can only be locked with a user namespace' "$binds | $lock"
		continue
		;;
	esac
	# what is mounted is the same as without the lock; the store paths have the same options
	view="$info; cat /nix/store/a/sub/f /nix/store/file; ls /nix/store; id -u; id -g; hostname; cat /proc/self/uid_map /proc/self/setgroups | tr -s ' '"
	inside "$view" "$binds"
	cut -d' ' -f5,6 "$out" | sort >"$tmp/without"
	grep -v ' - ' "$out" >"$tmp/view"
	inside "$view" "$binds | $lock"
	for at in /nix/store/a /nix/store/b /nix/store/file; do has_options $at ro nosuid nodev; done
	# the group's directory is one more mount, with the options of the paths
	has_options /nix/store ro nosuid nodev
	diff "$tmp/without" <(grep -v ' /nix/store ' "$out" | cut -d' ' -f5,6 | sort) >&2 || fail "$k: another view of the mounts"
	# (within the inner namespace every id maps to itself)
	diff <(grep -v '^ *[0-9]* [0-9]* [0-9]*$' "$tmp/view") <(grep -v ' - ' "$out" | grep -v '^ *[0-9]* [0-9]* [0-9]*$') >&2 ||
		fail "$k: another view"
	# the config's own ids outside: init is who the config says
	new_id
	config "$binds | $lock" 'exec sleep 1000'
	ok rt run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	wanted=$(id -u)
	[ "$k" != ranges ] || ! is_root || wanted=100000
	[ "$k" != ranges ] || is_root || wanted=$(id -u)
	equal "$(stat -c %u "/proc/$(cat "$tmp/pid")/root" 2>/dev/null || stat -c %u "/proc/$(cat "$tmp/pid")")" \
		"$(stat -c %u "/proc/$(cat "$tmp/pid")")"
	equal "$(awk '/^Uid/ { print $2 }' "/proc/$(cat "$tmp/pid")/status")" "$wanted" "$k: the uid on the host"
	ok rt delete --force "$id"
	nothing_left

	# the simplest attacks
	inside 'echo x >/nix/store/a/sub/f; chmod 777 /nix/store/a; rm -f /nix/store/file
		mount -o remount,rw,bind /nix/store/a; umount /nix/store/a; umount -l /nix/store; umount /nix/store/file
		unshare -Urm sh -c "mount -o remount,rw,bind /nix/store/a; umount /nix/store/a; echo x >/nix/store/a/sub/f"
		cat /nix/store/a/sub/f; ls /nix/store' "$binds | $lock | $all_capabilities"
	says 'content
a
b
file'
	equal "$(cat "$store/a/sub/f")" content "$k"
	# other mounts are the container's to take away and to change
	inside 'umount /tmp && mount -t tmpfs t /tmp && touch /tmp/x && echo free' "$binds | $lock | $all_capabilities"
	says free

	# with the rest of it: a read-only root, hooks, masks, one single locked path at another place
	inside "$info; touch /x 2>&1; ls -A /tmp" "$binds | .mounts = [$(mount_json /single none "$store/a" rbind ro)] + .mounts |
		$lock | .root.readonly = true | .linux.maskedPaths = [\"/nix/store/b\"] | .linux.rootfsPropagation = \"private\" |
		.hooks.createRuntime = [{ path: \"/bin/true\" }] | .process.noNewPrivileges = false"
	has_options / ro
	has_options /single ro
	equal "$(mount_field /nix/store/b type)" tmpfs "$k"
	has 'Read-only file system'

	# what comes before a read-only bind at the same place cannot be kept in order
	refuses 'mounts[1]: /full/below cannot be locked, because mounts[0] at /full comes before it' \
		".mounts = [$(mount_json /full tmpfs tmpfs), $(mount_json /full/below none "$store/file" bind ro)] + .mounts | $lock"
	inside "$info; cat /full/below" \
		".mounts = [$(mount_json /full none "$bundle/rootfs/full" bind ro), $(mount_json /full/below none "$store/file" bind ro)] + .mounts | $lock"
	has '^file$'
done
kind self
refuses "annotations.\"run.cloister.lock\": 'yes' is neither 'true' nor 'false'" '.annotations["run.cloister.lock"] = "yes"'
inside "$info" "$binds | .annotations[\"run.cloister.lock\"] = \"false\""
equal "$(mount_field /nix/store options)" '(nothing is mounted there)'
nothing_left
