#!/usr/bin/env bash
# Mounts: every kind of file system and every option, as /proc/self/mountinfo in the container shows them.
# tools: busybox jq unshare
# timeout: 180
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

info='cat /proc/self/mountinfo'

# ---- file systems ----
apis=".mounts += [
	$(mount_json /sys sysfs sysfs nosuid noexec nodev ro),
	$(mount_json /dev/pts devpts devpts nosuid noexec newinstance ptmxmode=0666 mode=0620),
	$(mount_json /dev/mqueue mqueue mqueue nosuid noexec nodev),
	$(mount_json /dev/shm tmpfs shm nosuid noexec nodev mode=1770 size=65536k nr_inodes=100)]"
for k in $(kinds); do
	kind "$k"
	inside "$info; stat -c %a /dev/shm; test -c /dev/pts/ptmx && ls /dev/mqueue && ls /sys/class/net" "$apis"
	equal "$(mount_field /proc type) $(mount_field /sys type) $(mount_field /dev/pts type) $(mount_field /dev/mqueue type) $(mount_field /dev/shm type)" \
		'proc sysfs devpts mqueue tmpfs' "$k"
	has_options /proc nosuid noexec nodev rw
	has_options /sys ro nosuid noexec nodev
	has_options /dev/pts nosuid noexec !nodev
	has_options /dev nosuid '!noatime' '!relatime'
	case ,$(mount_field /dev/pts super), in *,ptmxmode=666,*) ;; *) fail "$k: $(mount_field /dev/pts super)" ;; esac
	case ,$(mount_field /dev/pts super), in *,mode=620,*) ;; *) fail "$k: $(mount_field /dev/pts super)" ;; esac
	case ,$(mount_field /dev/shm super), in *,size=65536k,nr_inodes=100,mode=1770,*) ;; *) fail "$k: $(mount_field /dev/shm super)" ;; esac
	equal "$(tail -n 2 "$out" | tr '\n' ' ')" "1770 lo " "$k: the files in them"
done

# ---- cgroups: the container sees its own as the root of the tree, with a cgroup namespace and without ----
if grep -q ' - cgroup2 ' /proc/self/mountinfo; then
	for k in $(kinds); do
		kind "$k"
		inside "$info; cat /sys/fs/cgroup/cgroup.procs" \
			"$apis | .mounts += [$(mount_json /sys/fs/cgroup cgroup cgroup nosuid noexec nodev relatime ro)]"
		equal "$(mount_field /sys/fs/cgroup type)" cgroup2 "$k"
		has_options /sys/fs/cgroup ro nosuid noexec nodev relatime
		equal "$(mount_field /sys/fs/cgroup root)" / "$k: the root of the cgroup mount"
		[ "$k" != none ] || equal "$(grep -c '^1$' "$out")" 1 "init is in the cgroup that is mounted"
	done
	if is_root; then
		kind none
		inside 'cat /sys/fs/cgroup/cgroup.procs; cat /sys/fs/cgroup/x/cgroup.procs; mkdir /sys/fs/cgroup/y 2>&1; cat /proc/self/cgroup' \
			"$apis | .linux.namespaces |= map(select(.type != \"cgroup\")) |
			.mounts += [$(mount_json /sys/fs/cgroup cgroup2 cgroup nosuid noexec nodev ro)]"
		has '^1$'
		has "^0::/cloister-$id\$"
		has 'Read-only file system'
	fi
fi
nothing_left

# ---- every option of config.md, "Linux mount options": on a new tmpfs, in the kinds of user namespaces ----
# options (comma), what then is so. Each stands behind its opposite, so that it must do something.
options='
rw,ro                   ro
ro,rw                   rw
suid,nosuid             nosuid
nosuid,suid             !nosuid
dev,nodev               nodev
exec,noexec             noexec
noexec,exec             !noexec
atime,noatime           noatime !relatime
noatime,atime           relatime !noatime
relatime,strictatime    !relatime !noatime
strictatime,relatime    relatime
noatime,nostrictatime   relatime
noatime,norelatime      relatime
diratime,nodiratime     nodiratime
nodiratime,diratime     !nodiratime
symfollow,nosymfollow   nosymfollow
nosymfollow,symfollow   !nosymfollow
rrw,rro                 ro
rsuid,rnosuid           nosuid
rdev,rnodev             nodev
rexec,rnoexec           noexec
ratime,rnoatime         noatime
rrelatime,rstrictatime  !relatime !noatime
rnoatime,rrelatime      relatime
rnoatime,rnostrictatime relatime
rnoatime,rnorelatime    relatime
rdiratime,rnodiratime   nodiratime
rsymfollow,rnosymfollow nosymfollow
rnoexec,rexec           !noexec
defaults                rw
nodev,noexec,nosuid,ro  nodev noexec nosuid ro
async,loud,nomand,mand,iversion,noiversion,silent,nolazytime,rw rw
'
option_mounts() { # SOURCE TYPE [FIRST-OPTION]: a JSON array of mounts at /m/0, /m/1 ...
	grep . <<<"$options" | jq -R --arg source "$1" --arg type "$2" --arg first "${3-}" \
		'[., input_line_number] | { destination: "/m/\(.[1])", type: $type, source: $source,
		options: ((if $first == "" then [] else [$first] end) + (.[0] | split(" ")[0] | split(","))) }' | jq -s .
}
check_options() {
	local i=0 names wanted
	while read -r names wanted; do
		[ -n "$names" ] || continue
		i=$((i + 1))
		# shellcheck disable=SC2086
		has_options "/m/$i" $wanted
	done <<<"$options"
}
for k in $(kinds); do
	kind "$k"
	[ "$k" = ranges ] && is_root && continue # mount points are missing, and this root owns nothing in the bundle
	inside "$info" ".mounts += $(option_mounts tmpfs tmpfs)"
	check_options
done
# ... and on binds, where nothing is locked by a user namespace
if is_root; then
	kind none
	mkdir "$tmp/source"
	inside "$info" ".mounts += $(option_mounts "$tmp/source" none bind)"
	check_options
	inside "$info" ".mounts += $(option_mounts "$tmp/source" none rbind)"
	check_options
fi
# file systems' own: sync, dirsync, lazytime; any other is the file system's business
kind self
inside "$info" "$(with_mount /m/1 tmpfs tmpfs sync dirsync lazytime mode=711 uid=0)"
case ,$(mount_field /m/1 super), in *,sync,dirsync,*mode=711,*) ;; *) fail "$(mount_field /m/1 super)" ;; esac
# ---- a tmpfs without a mode has that of what it covers; one that covers nothing has that of a new directory ----
mkdir -p "$bundle/rootfs/odd"
chmod 1712 "$bundle/rootfs/odd"
for k in $(kinds); do
	kind "$k"
	inside 'stat -c %a /odd /odd/given' "$(with_mount /odd tmpfs tmpfs) | $(with_mount /odd/given tmpfs tmpfs mode=700)"
	says '1712
700'
done
kind self
refuses "mounts[3]: tmpfs does not take the option 'nosuch=1'" "$(with_mount /m/1 tmpfs tmpfs nosuch=1)"
refuses "mounts[3]: tmpfs does not take the option 'size=many'" "$(with_mount /m/1 tmpfs tmpfs size=many)"
refuses "mounts[3]: the kernel has no file system 'nosuchfs'" "$(with_mount /m/1 nosuchfs none)"

# ---- propagation ----
for k in $(kinds); do
	kind "$k"
	[ "$k" = ranges ] && is_root && continue
	inside "$info" ".mounts += [
		$(mount_json /m/1 tmpfs t shared), $(mount_json /m/2 tmpfs t private), $(mount_json /m/3 tmpfs t unbindable),
		$(mount_json /m/4 tmpfs t rshared), $(mount_json /m/5 tmpfs t runbindable), $(mount_json /m/6 tmpfs t shared slave),
		$(mount_json /m/7 tmpfs t shared rprivate)]"
	for i in 1 4; do case $(mount_field /m/$i tags) in shared:*) ;; *) fail "$k: /m/$i: $(mount_field /m/$i tags)" ;; esac; done
	for i in 3 5; do equal "$(mount_field /m/$i tags)" unbindable "$k: /m/$i"; done
	for i in 2 6 7; do equal "$(mount_field /m/$i tags)" '' "$k: /m/$i"; done

	for p in private rprivate slave rslave shared rshared unbindable runbindable; do
		inside "$info" ".linux.rootfsPropagation = \"$p\""
		case $p:$(mount_field / tags) in
		*shared:shared:*) ;;
		*unbindable:unbindable) ;;
		*private: | *slave: | *slave:master:*) ;;
		*) fail "$k: the root is $p: $(mount_field / tags)" ;;
		esac
	done
done
if is_root; then
	# The host's own mounts survive a shared root, also on a host where all is shared, as under systemd.
	kind none
	enter=(unshare --mount --propagation private sh -c '
		mount --make-rshared / && cut -d" " -f5 /proc/self/mountinfo >"$1/before" && shift && "$@" &&
		cut -d" " -f5 /proc/self/mountinfo' sh "$tmp")
	for p in shared rshared slave private unbindable; do
		inside true ".linux.rootfsPropagation = \"$p\""
		cmp -s "$tmp/before" "$out" || fail "$p: the host's mounts have changed: $(diff "$tmp/before" "$out")"
	done
fi
if is_root; then
	# What the host mounts below the root appears in it if the config says so, and only then.
	mkdir -p "$tmp/late/it" "$bundle/rootfs/mnt"
	for k in self none ranges; do
		kind "$k"
		enter=(unshare --mount --propagation private sh -c '
			mount --make-rshared / && "$@" >"$0.out" & until grep -qs up "$0.out"; do sleep 0.01; done
			mount --bind "$0" "$0/../bundle/rootfs/mnt"; wait; cat "$0.out"; rm "$0.out"' "$tmp/late")
		for p in null '"slave"' '"rslave"' '"private"' '"shared"'; do
			inside 'echo up; sleep 0.3; ls /mnt' ".linux.rootfsPropagation = $p"
			case $p in
			*slave*) has '^it$' ;;
			*) has_not '^it$' ;;
			esac
		done
	done
	# What a container mounts below a bind does not appear on such a host, whoever has opened the source, and whatever the
	# root's propagation; without a user namespace it may be asked for.
	mkdir -p "$tmp/src/sub" "$bundle/rootfs/mnt"
	for k in self none ranges; do
		kind "$k"
		enter=(unshare --mount --propagation private sh -c 'mount --make-rshared / && "$@" && cat /proc/self/mountinfo' sh)
		for p in slave shared private unbindable; do
			[ "$k:$p" != none:shared ] || continue
			inside 'mount -t tmpfs below /mnt/sub' ".linux.rootfsPropagation = \"$p\" | $(with_mount /mnt none "$tmp/src" rbind) |
				.process.capabilities = { bounding: [\"CAP_SYS_ADMIN\"], permitted: [\"CAP_SYS_ADMIN\"], effective: [\"CAP_SYS_ADMIN\"] }"
			has_not ' below '
		done
	done
fi
refuses rootfsPropagation '.linux.rootfsPropagation = "sideways"'

# ---- trees with a mount inside: what is recursive and what is not ----
# The tree: $tmp/tree with a tmpfs at "in"; the second with every flag set that can be taken off again.
mkdir -p "$tmp/tree/in" "$tmp/full"
on_trees() { # a private mount namespace with the trees, for the runtime to be called in
	local new=(--mount --propagation private)
	case $kind in nested | within) new+=(--user --map-root-user) ;; esac
	enter=(unshare "${new[@]}" sh -c '
		cd "$1" && shift && mount -t tmpfs in tree/in && mkdir tree/in/deep && mount -t tmpfs full full && mkdir full/in &&
		mount -t tmpfs -o ro,nosuid,nodev,noexec,noatime,nodiratime in full/in &&
		mount -o remount,bind,ro,nosuid,nodev,noexec,noatime,nodiratime full && exec "$@"' sh "$tmp")
}
trees='nested within'
is_root && trees='none self nested within'
for k in $trees; do
	kind "$k"
	on_trees
	inside "$info; ls /m/1/in" ".mounts += [
		$(mount_json /m/1 none "$tmp/tree" rbind ro nosuid), $(mount_json /m/2 none "$tmp/tree" rbind rro rnosuid rnodev rnoexec),
		$(mount_json /m/3 none "$tmp/tree" rbind ro rnosuid nodev)]"
	says_deep() { grep -qx deep "$out" || fail "$k: the mount below is not there"; }
	says_deep
	has_options /m/1 ro nosuid
	has_options /m/1/in rw !nosuid
	has_options /m/2 ro nosuid nodev noexec
	has_options /m/2/in ro nosuid nodev noexec
	has_options /m/3 ro nosuid nodev
	has_options /m/3/in rw nosuid !nodev
	if [ "$k" = none ]; then
		inside "$info; ls -A /m/1/in" ".mounts += [
			$(mount_json /m/1 none "$tmp/tree" bind ro), $(mount_json /m/2 none "$tmp/tree" rbind rnoatime rnodiratime rnosymfollow),
			$(mount_json /m/3 none "$tmp/tree" rbind rstrictatime), $(mount_json /m/4 none "$tmp/full" rbind rw suid dev),
			$(mount_json /m/5 none "$tmp/full" rbind rrw rsuid rdev rexec rrelatime rdiratime rsymfollow),
			$(mount_json /m/6 none "$tmp/full" rbind), $(mount_json /m/7 none "$tmp/full" rbind rexec ro)]"
		equal "$(mount_field /m/1/in options)" '(nothing is mounted there)' "bind without rbind"
		for at in /m/2 /m/2/in; do has_options $at noatime nodiratime nosymfollow; done
		for at in /m/3 /m/3/in; do has_options $at !noatime !relatime; done
		has_options /m/4 rw !nosuid !nodev noexec noatime
		has_options /m/4/in ro nosuid nodev noexec
		for at in /m/5 /m/5/in; do has_options $at rw !nosuid !nodev !noexec !noatime relatime !nodiratime; done
		for at in /m/6 /m/6/in; do has_options $at ro nosuid nodev noexec noatime nodiratime; done
		has_options /m/7 ro !noexec
		has_options /m/7/in ro nosuid !noexec

		inside "$info" ".mounts += [$(mount_json /m/1 none "$tmp/tree" rbind rshared),
			$(mount_json /m/2 none "$tmp/tree" rbind shared), $(mount_json /m/3 none "$tmp/tree" rbind runbindable)]"
		for at in /m/1 /m/1/in /m/2; do case $(mount_field $at tags) in shared:*) ;; *) fail "$at: $(mount_field $at tags)" ;; esac; done
		equal "$(mount_field /m/2/in tags)" '' 'shared is not recursive'
		for at in /m/3 /m/3/in; do equal "$(mount_field $at tags)" unbindable; done
	elif [ "$k" != nested ]; then
		# What the host's mount has, a user namespace cannot take off; and it cannot look below a mount.
		refuses 'cannot be taken off in a user namespace' "$(with_mount /m/1 none "$tmp/full" rbind rw)"
		refuses 'other mounts lie below it' "$(with_mount /m/1 none "$tmp/tree" bind)"
	fi
done

# ---- remount: later options on a mount of the container's own ----
for k in $(kinds); do
	kind "$k"
	inside "$info; touch /tmp/x; touch /dev/x && echo dev" ".mounts += [$(mount_json /tmp none none remount ro noexec)]" || true
	has_options /tmp ro noexec nosuid nodev
	has '^dev$'
	refuses 'mounts[3]: remount /etc: nothing is mounted there' "$(with_mount /etc none none remount ro)"
done

# ---- the root ----
for k in $(kinds); do
	kind "$k"
	inside "$info; touch /x 2>&1; touch /tmp/x /dev/x && echo others" '.root.readonly = true'
	has_options / ro
	has 'Read-only file system'
	has '^others$'
	inside "$info" '.root.readonly = false'
	has_options / rw
	devices=' /dev/null /dev/zero /dev/full /dev/random /dev/urandom /dev/tty'
	[ "$k" != none ] || devices=
	equal "$(cut -d' ' -f5 "$out" | tr '\n' ' ')" "/ /proc /dev /tmp$devices " "$k: mounts in the container, and no more"
done
if is_root; then
	kind self
	chmod 700 "$tmp" "$bundle"
	inside 'ls /bin/busybox'
	kind ranges # below a directory that only the host's root may enter
	inside 'ls /bin/busybox; cat /proc/self/uid_map'
fi
kind self
refuses 'root' 'del(.root)'
refuses "root.path: open the root file system $bundle/nowhere: no such file or directory" '.root.path = "nowhere"'
refuses 'not a directory' '.root.path = "config.json"'
nothing_left
