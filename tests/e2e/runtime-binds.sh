#!/usr/bin/env bash
# Bind mounts of directories, files and symlinks; the mount points that they need; tmpcopyup.
# tools: busybox jq unshare
# timeout: 180
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

info='cat /proc/self/mountinfo'
src=$tmp/src
root=$bundle/rootfs
mkdir -p "$src/dir/sub" "$root"/mnt/{a,b,c}
echo file >"$src/file"
echo deep >"$src/dir/sub/deep"
ln -s file "$src/link"
ln -s dir "$src/dirlink"
ln -s /nowhere "$src/dangling"
touch "$root/mnt/f"
# who runs in `ranges` as root owns nothing of this: mount points must be there then
can_make() { ! { [ "$kind" = ranges ] && is_root; }; }
make_points() { mkdir -p "$root/new/deep" "$root/rel"; touch "$root/new/file" "$root/new/link" "$root/new/linked"; }
drop_points() { rm -rf "$root/new" "$root/rel"; }

# ---- directories, files, symlinks; mount points that are there, and such as must be made ----
for k in $(kinds); do
	kind "$k"
	drop_points
	can_make || make_points
	can_make || ln -sfn nothing "$root/new/link"
	inside 'cat /new/deep/sub/deep; cat /new/file; cat /new/linked; readlink /new/link; ls /rel; touch /mnt/a/x 2>/dev/null; { echo more >>/new/file; } 2>/dev/null; true' \
		".mounts += [
		$(mount_json /mnt/a '' "$src/dir" bind), $(mount_json /new/deep '' "$src/dir" bind ro),
		$(mount_json /new/file '' "$src/file" bind), $(mount_json /new/linked '' "$src/link" bind),
		$(mount_json /new/link '' "$src/link" bind src-nofollow dest-nofollow),
		$(mount_json rel bind "$src/dir" rbind)]"
	equal "$(cat "$out")" "deep
file
file
file
sub" "$k"
	if can_make; then
		equal "$(cat "$src/file")" "file
more" "$k: a writable bind"
		[ -e "$src/dir/x" ] || fail "$k: a writable bind of a directory"
	fi
	echo file >"$src/file"
	rm -f "$src/dir/x"
	if can_make; then
		equal "$(stat -c '%F %a' "$root/new/deep" "$root/new/file" "$root/new/link" "$root/rel" | tr '\n' ' ')" \
			'directory 755 regular empty file 644 regular empty file 644 directory 755 ' "$k: mount points that were made"
	fi
	nothing_left
done
drop_points

# A relative source is relative to the bundle (config.md, "Mounts").
kind self
mkdir "$bundle/data"
echo here >"$bundle/data/file"
inside 'cat /mnt/a/file' "$(with_mount /mnt/a bind data bind)"
says here

# ---- symlinks in the rootfs lead within it, whatever they say ----
ln -sfn /mnt/b "$root/to-b"
ln -sfn ../../../../../mnt/c "$root/mnt/up"
ln -sfn /mnt/f "$root/to-f"
for k in $(kinds); do
	kind "$k"
	inside "cat /mnt/b/sub/deep /mnt/c/sub/deep /mnt/f; $info" ".mounts += [$(mount_json /to-b '' "$src/dir" bind),
		$(mount_json /mnt/up '' "$src/dir" bind), $(mount_json /to-f '' "$src/file" bind)]"
	equal "$(head -n 3 "$out" | tr '\n' ' ')" 'deep deep file ' "$k: over symlinks"
	# dest-nofollow: onto the link itself
	inside "$info; cat /mnt/f" "$(with_mount /to-f '' "$src/link" bind src-nofollow dest-nofollow)"
	equal "$(mount_field /to-f options)" "$(mount_field /to-f options | grep -o '^rw.*')" "$k: dest-nofollow"
done
kind self
# A link to nowhere: where it leads within the root, the mount point is made, and nothing on the host instead.
ln -sfn "$tmp/made-by-mistake" "$root/dangling"
inside "$info" "$(with_mount /dangling/x tmpfs tmpfs)"
equal "$(mount_field "$tmp/made-by-mistake/x" type)" tmpfs
[ ! -e "$tmp/made-by-mistake" ] || fail 'a mount point was made outside'
rm -rf "${root:?}/${tmp#/}"
nothing_left

# ---- what cannot be bound ----
for k in $(kinds); do
	kind "$k"
	refuses "$src/nowhere" "$(with_mount /mnt/a '' "$src/nowhere" bind)"
done
kind self
refuses "bind $src/dangling: no such file or directory" "$(with_mount /mnt/a '' "$src/dangling" bind)"
refuses 'mounts[3]: mount onto /mnt/f: one of the two is a directory, the other is not' "$(with_mount /mnt/f '' "$src/dir" bind)"
refuses 'mounts[3]: mount onto /mnt/a: one of the two is a directory, the other is not' "$(with_mount /mnt/a '' "$src/file" bind)"
refuses 'mounts[3]: the mount point /mnt/f/x' "$(with_mount /mnt/f/x '' "$src/dir" bind)"
refuses 'needs one' "$(with_mount /mnt/a '' '' bind)"

# ---- onto the root itself: that is the root then, for what is mounted later as well ----
mkdir -p "$src/root"/{bin,proc,dev,tmp,mnt}
cp "$root/bin/busybox" "$src/root/bin/"
for applet in sh cat ls touch; do ln -sf busybox "$src/root/bin/$applet"; done
echo new >"$src/root/new"
for k in $(kinds); do
	kind "$k"
	inside 'cat /new /mnt/sub/deep; ls /dev/null; touch /new 2>&1; true' ".root.readonly = true |
		.mounts = [$(mount_json /x/.. '' "$src/root" rbind)] + .mounts + [$(mount_json /mnt '' "$src/dir" bind)]"
	equal "$(head -n 3 "$out" | tr '\n' ' ')" 'new deep /dev/null ' "$k: a new root"
	has 'Read-only file system'
done
kind self
refuses 'mounts[0]: tmpcopyup' ".mounts = [$(mount_json / tmpfs tmpfs tmpcopyup)] + .mounts"
refuses 'mounts[0].destination: is empty' '.mounts[0].destination = ""'

# ---- a read-only rootfs with the mount point missing ----
if is_root; then
	kind none
	enter=(unshare --mount --propagation private sh -c 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"' sh "$root")
	refuses 'mounts[3]: the mount point /missing is missing in the root file system and cannot be made there' \
		"$(with_mount /missing tmpfs tmpfs)"
	inside 'touch /mnt/a/x; touch /y 2>&1; true' "$(with_mount /mnt/a tmpfs tmpfs)"
	has 'Read-only file system'
fi

# ---- tmpcopyup ----
full=$root/full
mkdir -p "$full/d/e"
printf 'hello\n' >"$full/a"
head -c 300000 /dev/urandom >"$full/big"
printf 's\n' >"$full/d/e/secret"
ln -s ../a "$full/d/link"
ln -s /nowhere "$full/dangling"
mkfifo "$full/fifo"
set_modes() { # after a change of owner, too
	chmod 4711 "$full/a"
	chmod 1770 "$full/d"
	chmod 700 "$full/d/e"
	chmod 2755 "$full"
}
set_modes
touch -d 2001-02-03T04:05:06Z "$full/d/e/secret"
list='cd /full && find . | sort | while read f; do stat -c "%n %F %a %u %g %s" "$f"; done | sed "s/\( directory .*\) [0-9]*$/\1/"; readlink d/link dangling
	md5sum <big; stat -c %Y d/e/secret; cat d/e/secret'
for k in $(kinds); do
	kind "$k"
	if ! can_make; then # what it cannot read, it cannot copy
		refuses 'mounts[3]: tmpcopyup of /full: ' "$(with_mount /full tmpfs tmpfs tmpcopyup)"
		chown -hR 100000:200000 "$full"
		chown -h 100005:200006 "$full/big" "$full/d/link"
		set_modes
	fi
	inside "$list"
	cp "$out" "$tmp/wanted"
	inside "$info; touch /full/new && echo written" "$(with_mount /full tmpfs tmpfs tmpcopyup nosuid size=10m)"
	equal "$(mount_field /full type)" tmpfs
	has_options /full nosuid
	has '^written$'
	[ ! -e "$full/new" ] || fail "$k: it was written to the rootfs"
	# the mode of the tmpfs itself is the file system's own, or an option
	inside "$list" "$(with_mount /full tmpfs tmpfs tmpcopyup mode=2755)"
	diff "$tmp/wanted" "$out" >&2 || fail "$k: the copy differs"
	inside "$info; touch /full/new 2>&1; cat /full/a" "$(with_mount /full tmpfs tmpfs ro noatime tmpcopyup)"
	has_options /full ro noatime
	has 'Read-only file system'
	has '^hello$'
	can_make || chown -hR 0:0 "$full"
done
kind self
refuses 'tmpcopyup is for a tmpfs only' "$(with_mount /full none "$src" bind tmpcopyup)"
refuses 'mounts[3]: tmpcopyup of /full: copy big: no space left on device' "$(with_mount /full tmpfs tmpfs tmpcopyup size=4k)"
# what is not there yet: an empty tmpfs
inside 'ls -A /fresh && touch /fresh/x' "$(with_mount /fresh tmpfs tmpfs tmpcopyup)"
nothing_left
