#!/usr/bin/env bash
# /dev with its default devices and links, linux.devices, and paths that are masked or read-only.
# tools: busybox jq
# timeout: 120
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

root=$bundle/rootfs
info='cat /proc/self/mountinfo'
pts=".mounts += [$(mount_json /dev/pts devpts devpts nosuid noexec newinstance ptmxmode=0666 mode=0620)]"

# ---- config-linux.md, "Default Devices", and the links that runtimes make ----
list='cd /dev; for f in null zero full random urandom tty; do stat -c "%n %F %t:%T %a" $f; done
	for f in fd stdin stdout stderr ptmx; do echo $f $(readlink $f); done; ls core 2>/dev/null
	cat null; head -c 3 zero | od -An -tx1; echo x >null; echo x 2>&1 >full; head -c 4 urandom | wc -c; echo piped | cat stdin
	ls -A | grep -cvxE "null|zero|full|random|urandom|tty|fd|stdin|stdout|stderr|ptmx|core|pts"'
for k in $(kinds); do
	kind "$k"
	inside "$list; true" "$pts"
	equal "$(head -n 11 "$out")" 'null character special file 1:3 666
zero character special file 1:5 666
full character special file 1:7 666
random character special file 1:8 666
urandom character special file 1:9 666
tty character special file 5:0 666
fd /proc/self/fd
stdin /proc/self/fd/0
stdout /proc/self/fd/1
stderr /proc/self/fd/2
ptmx pts/ptmx' "$k"
	has '^ 00 00 00$'
	has 'No space left'
	has '^4$'
	has '^piped$'
	equal "$(tail -n 1 "$out")" 0 "$k: nothing else is in /dev"
	# those that are bound from the host: nothing is gained by an option that the host's /dev may lack
	inside "$info"
	for device in $(awk '$5 ~ "^/dev/" { print $5 }' "$out"); do has_options "$device" nosuid noexec; done
	nothing_left
done
# A /dev that is bound is its owner's: nothing is made in it.
kind self
mkdir "$tmp/mydev"
inside 'ls -A /dev' ".mounts = [.mounts[] | select(.destination != \"/dev\")] | $(with_mount /dev none "$tmp/mydev" bind)"
says ''
equal "$(ls -A "$tmp/mydev")" ''
# A /dev of the image, with its own null, which must be the null
for k in $(kinds); do
	[ "$k" != ranges ] || ! is_root || continue
	kind "$k"
	rm -rf "${root:?}/dev"
	mkdir "$root/dev"
	inside 'echo x >/dev/null; stat -c "%F %t:%T" /dev/null' '.mounts |= map(select(.destination != "/dev"))'
	says 'character special file 1:3'
done
if is_root; then
	rm -rf "${root:?}/dev"
	mkdir "$root/dev"
	echo trap >"$root/dev/null"
	kind none
	refuses 'make the device /dev/null: something else is there already' '.mounts |= map(select(.destination != "/dev"))'
	kind self # bound over it
	inside 'stat -c "%F %t:%T" /dev/null' '.mounts |= map(select(.destination != "/dev"))'
	says 'character special file 1:3'
	equal "$(cat "$root/dev/null")" trap
fi
rm -rf "${root:?}/dev"
mkdir "$root/dev"

# ---- linux.devices ----
devices='.linux.devices = [
	{ path: "/dev/mynull", type: "c", major: 1, minor: 3, fileMode: 384, uid: 5, gid: 6 },
	{ path: "/dev/sub/dir/zero", type: "u", major: 1, minor: 5 },
	{ path: "/dev/pipe", type: "p", fileMode: 432 },
	{ path: "/dev/block", type: "b", major: 7, minor: 200, fileMode: 288 },
	{ path: "/dev/null", type: "c", major: 1, minor: 3, fileMode: 420 },
	{ path: "/etc/random", type: "c", major: 1, minor: 8, fileMode: 511 }]'
stat_devices='cd /; for f in dev/mynull dev/sub/dir/zero dev/pipe dev/block dev/null etc/random; do stat -c "%n %F %t:%T %a %u:%g" $f; done'
if is_root; then
	kind none
	(umask 077 && inside "$stat_devices" "$devices")
	says 'dev/mynull character special file 1:3 600 5:6
dev/sub/dir/zero character special file 1:5 666 0:0
dev/pipe fifo 0:0 660 0:0
dev/block block special file 7:c8 440 0:0
dev/null character special file 1:3 644 0:0
etc/random character special file 1:8 777 0:0'
	rm "$root/etc/random"
	refuses 'linux.devices[0]' '.linux.devices = [{ path: "/proc/x", type: "c", major: 1, minor: 3 }]'
fi
for k in $(kinds); do
	[ "$k" != none ] || continue
	kind "$k"
	# the host's own are bound, if they are what was asked for
	inside 'stat -c "%F %t:%T" /dev/urandom; test -p /dev/pipe && stat -c %a /dev/pipe' \
		'.linux.devices = [{ path: "/dev/urandom", type: "c", major: 1, minor: 9 }, { path: "/dev/pipe", type: "p", fileMode: 384 }]'
	says 'character special file 1:9
600'
	# (real root makes them itself where it can map their owners: see below)
	case $(is_root && echo root)$k in rootself | rootranges) continue ;; esac
	refuses 'linux.devices[0]: bind the device /dev/nosuch of the host: no such file or directory' \
		'.linux.devices = [{ path: "/dev/nosuch", type: "c", major: 1, minor: 3 }]'
	refuses 'linux.devices[0]: /dev/zero of the host is not the device 1:3' \
		'.linux.devices = [{ path: "/dev/zero", type: "c", major: 1, minor: 3 }]'
done
kind self
refuses 'linux.devices[0]' '.linux.devices = [{ path: "/dev/x", type: "q", major: 1, minor: 3 }]'
refuses 'linux.devices[0]' '.linux.devices = [{ path: "dev/x", type: "c", major: 1, minor: 3 }]'

# ---- masked and read-only paths ----
mkdir -p "$root/secret/dir" "$root/frozen/dir" "$root/mnt/target"
echo secret >"$root/secret/file"
echo frozen >"$root/frozen/file"
echo target >"$root/mnt/target/file"
ln -sfn /mnt/target "$root/to-target"
ln -sfn /nowhere "$root/to-nowhere"
chmod 777 "$root/frozen" "$root/mnt/target"
masks='.linux.maskedPaths = ["/secret/file", "/secret/dir", "/proc/keys", "/proc/fs", "/no/such", "/secret/file/below", "/to-target", "/to-nowhere"] |
	.linux.readonlyPaths = ["/proc/sys", "/frozen", "/no/such", "/bin/busybox", "/tmp/none"]'
for k in $(kinds); do
	kind "$k"
	inside "$info; cat /secret/file; ls -A /secret/dir /proc/fs /mnt/target; cat /proc/keys; echo x >/secret/file
		(echo x >/frozen/file) 2>&1; touch /frozen/x 2>&1; touch /secret/dir/x 2>&1; cat /frozen/file; (echo x >/proc/sys/kernel/domainname) 2>&1
		touch /mnt/target/x 2>&1; true" "$masks"
	has_options /secret/dir ro
	equal "$(mount_field /secret/dir type) $(mount_field /proc/fs type) $(mount_field /mnt/target type)" 'tmpfs tmpfs tmpfs' "$k"
	equal "$(mount_field /secret/file root)" /null "$k"
	equal "$(mount_field /proc/keys root)" /null "$k"
	has_options /proc/sys ro nosuid nodev noexec
	has_options /frozen ro
	has_options /bin/busybox ro
	has '^frozen$'
	has_not '^(secret|target|file)$'
	equal "$(grep -c 'Read-only file system' "$out")" 5 "$k: $(grep -v ' - ' "$out")"
	[ "$(cat "$root/secret/file")" = secret ] || fail "$k: written to a masked file"
	nothing_left
done
kind self
refuses 'linux.maskedPaths[0]' '.linux.maskedPaths = ["secret"]'
refuses 'linux.readonlyPaths[1]' '.linux.readonlyPaths = ["/a", "b"]'

# ---- a path that ends with a slash is that path ----
if is_root; then
	kind none
	inside 'stat -c "%F %t:%T" /dev/slash' '.linux.devices = [{ path: "/dev/slash/", type: "c", major: 1, minor: 3 }]'
	says 'character special file 1:3'
fi

# ---- a read-only /dev is that when all is in it ----
for k in $(kinds); do
	kind "$k"
	inside 'echo x >/dev/null; touch /dev/x 2>&1; ls /dev/pts/ptmx /dev/full' \
		"(.mounts[] | select(.destination == \"/dev\") | .options) += [\"ro\"] | $pts"
	has 'Read-only file system'
	has '^/dev/pts/ptmx$'
	has '^/dev/full$'
done

# ---- with a user namespace real root makes what the config wants, with its mode and owner, on the host or not ----
if is_root; then
	for k in self ranges; do
		kind "$k"
		ids='uid: 0, gid: 0'
		[ "$k" = self ] || ids='uid: 3, gid: 4'
		inside 'stat -c "%F %t:%T %a %u:%g" /dev/own /dev/sub/zero; echo x >/dev/own; head -c 2 /dev/sub/zero | od -An -tx1
			mknod /dev/more c 1 3 2>&1; cat /proc/self/mountinfo' ".linux.devices = [
			{ path: \"/dev/own\", type: \"c\", major: 1, minor: 3, fileMode: 384, $ids },
			{ path: \"/dev/sub/zero\", type: \"c\", major: 1, minor: 5 }]"
		equal "$(head -n 3 "$out" | tr '\n' ,)" "character special file 1:3 600 $(echo "$ids" | tr -dc '0-9,' | tr , :),character special file 1:5 666 0:0, 00 00,"
		has 'Operation not permitted'
		has_options /dev/own nosuid noexec '!nodev'
		# and the file system in which they were made is nowhere to be seen
		equal "$(grep -cE ' /dev/(own|sub/zero) ' "$out")" 2
		equal "$(awk '$5 == "/"' "$out" | wc -l)" 1 "$k: something is mounted on the root"
		nothing_left
	done
	refuses 'linux.devices[0].uid: 3 is not in linux.uidMappings' \
		"del(.linux.uidMappings, .linux.gidMappings) | .linux.devices = [{ path: \"/dev/own\", type: \"c\", major: 1, minor: 3, uid: 3 }]"
fi

# ---- what is masked twice is mounted once; a /dev that leads nowhere is no place for devices ----
kind self
inside "$info" '.linux.maskedPaths = ["/secret/file", "/secret/dir", "/secret/file", "/secret/../secret/dir", "/proc/keys", "/proc/keys"]'
for path in /secret/file /secret/dir /proc/keys; do
	equal "$(awk -v p="$path" '$5 == p' "$out" | wc -l)" 1 "how often $path is masked"
done
for k in self none; do
	[ "$k" = self ] || is_root || continue
	kind "$k"
	rm -rf "${root:?}/dev"
	ln -s "$tmp/mydev/nowhere" "$root/dev"
	refuses 'a symlink to nowhere' '.mounts |= map(select(.destination != "/dev"))'
	rm "$root/dev"
	mkdir "$root/dev"
done
