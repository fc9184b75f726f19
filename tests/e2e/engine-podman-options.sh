#!/usr/bin/env bash
# podman --runtime cloister: what `podman run` can ask for, seen from inside the container.
# By hand: `bash tests/e2e/engine-podman-options.sh [CASE...]`.
# tools: podman conmon crun busybox script jq
# cgroup: v2
# timeout: 300
# no-sanitizers: nearly all of the time is the engine's, and it gives the runtime no environment
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib-podman.sh
engine_begin
import

capability() { # SET: of the container's process, as a number
	sed -n "s/^Cap$1:\t*//p" "$out"
}

users() {
	ok p run --rm --user 1000:2000 box sh -c 'id -u; id -g'
	says "$(printf '1000\n2000')"
	ok p run --rm --user user box id
	has 'uid=1000\(user\) gid=1000.*2000\(extra\)'
	ok p run --rm --user 0:0 --group-add 77 box id
	has 77
	ok p run --rm --user 1234 box sh -c 'id -u; cat /proc/self/status'
	has '^1234$'
	equal "$(capability Eff)" 0000000000000000
	ok p run --rm --umask 0077 box sh -c umask
	says 0077
	run p run --rm --user nobody-knows box true
	equal "$status" 126
}

image_user() {
	ok p import --change 'USER 1000' --change 'WORKDIR /var' --change 'ENV A=image' --change 'ENV PATH=/bin' \
		--change 'CMD ["sh", "-c", "id -u; pwd; echo $A"]' "$tmp/box.tar" withuser
	ok p run --rm withuser
	says "$(printf '1000\n/var\nimage')"
	ok p run --rm --user 0 --workdir /tmp --env A=mine withuser
	says "$(printf '0\n/tmp\nmine')"
	ok p run --rm --entrypoint '["echo", "entry"]' withuser more
	says 'entry more'
	ok p rmi -f withuser
}

names_and_hosts() {
	ok p run --rm --hostname there box hostname
	says there
	ok p run --rm --uts host box hostname
	says "$(hostname)"
	ok p run --rm --add-host other:10.1.2.3 --hostname there box cat /etc/hosts
	has '10.1.2.3.*other'
	ok p run --rm --network host --dns 10.9.8.7 --dns-search example.org box cat /etc/resolv.conf
	has 10.9.8.7
	has example.org
	ok p run --rm --tz UTC box date +%Z
	says UTC
	echo FROM_FILE=1 >"$tmp/env"
	ok p run --rm --env-file "$tmp/env" --env B=2 box sh -c 'echo $FROM_FILE$B'
	says 12
	ok p run --rm --label a=b --annotation c.d=e box true
	ok p create --name noted --annotation org.example.note=kept box true
	ok p inspect noted
	has '"org.example.note": "kept"'
}

read_only() {
	run p run --rm --read-only box touch /file
	[ "$status" != 0 ]
	grep -qi 'read-only file system' "$err"
	ok p run --rm --read-only box sh -c 'touch /tmp/file /run/file /dev/shm/file'
	run p run --rm --read-only --read-only-tmpfs=false box touch /tmp/file
	[ "$status" != 0 ]
	ok p run --rm --read-only --tmpfs /scratch:size=1m,mode=1700 box sh -c 'touch /scratch/file; grep " /scratch " /proc/mounts; stat -c %a /scratch'
	has 'tmpfs /scratch tmpfs rw,nosuid,nodev,.*size=1024k'
	has 1700
}

volumes() {
	mkdir -p "$tmp/shared"
	echo outside >"$tmp/shared/file"
	ok p run --rm -v "$tmp/shared:/mnt" box sh -c 'cat /mnt/file; echo inside >/mnt/other'
	says outside
	equal "$(cat "$tmp/shared/other")" inside
	run p run --rm -v "$tmp/shared:/mnt:ro" box touch /mnt/file
	[ "$status" != 0 ]
	grep -qi 'read-only file system' "$err"
	ok p run --rm -v "$tmp/shared/file:/etc/motd:ro" box cat /etc/motd
	says outside
	ok p run --rm -v "$tmp/shared:/mnt:O" box sh -c 'echo layer >/mnt/file; cat /mnt/file'
	says layer
	equal "$(cat "$tmp/shared/file")" outside
	ok p run --rm -v "$tmp/shared:/mnt:rshared,noexec,nosuid,nodev" box grep ' /mnt ' /proc/mounts
	has 'rw,nosuid,nodev,noexec'
	# a named volume, and what the image has at its place
	ok p run --rm -v named:/var box sh -c 'ls /var; echo kept >/var/tmp/kept'
	says tmp
	ok p run --rm -v named:/data:ro box cat /data/tmp/kept
	says kept
	ok p run -d --name one -v /anonymous box sh -c 'echo shared >/anonymous/file; sleep 600'
	wait_for p exec one test -s /anonymous/file
	ok p run --rm --volumes-from one box cat /anonymous/file
	says shared
}

mount_types() {
	mkdir -p "$tmp/shared"
	echo outside >"$tmp/shared/file"
	ok p run --rm --mount "type=bind,src=$tmp/shared,dst=/mnt,ro=true" box cat /mnt/file
	says outside
	ok p run --rm --mount type=tmpfs,dst=/scratch,tmpfs-size=1m,tmpfs-mode=0711 box sh -c 'stat -c %a /scratch; grep " /scratch " /proc/mounts'
	has '^711$'
	has 'size=1024k'
	ok p run --rm --mount type=volume,src=vol,dst=/vol box touch /vol/file
	ok p run --rm --mount type=image,src=box,dst=/image box /image/bin/echo 'from the image'
	says 'from the image'
	run p run --rm --mount type=image,src=box,dst=/image,rw=false box touch /image/file
	[ "$status" != 0 ]
	ok p run --rm --mount type=devpts,dst=/dev/more box sh -c 'grep -c "devpts /dev/more" /proc/mounts'
	says 1
}

secrets() {
	echo hush >"$tmp/hush"
	ok p secret create secret "$tmp/hush"
	ok p run --rm --secret secret box sh -c 'cat /run/secrets/secret; stat -c %a /run/secrets/secret'
	says "$(printf 'hush\n444')"
	ok p run --rm --secret secret,type=mount,uid=1000,mode=0400,target=mine box stat -c '%u %a' /run/secrets/mine
	says '1000 400'
	ok p run --rm --secret secret,type=env,target=HUSH box sh -c 'echo $HUSH'
	says hush
	ok p secret rm secret
}

capabilities() {
	ok p run --rm box cat /proc/self/status
	equal "$(capability Eff)" "$(capability Bnd)"
	equal "$(capability Inh)" 0000000000000000
	plain=$(capability Eff)
	ok p run --rm --cap-drop all box cat /proc/self/status
	equal "$(capability Bnd)" 0000000000000000
	ok p run --rm --cap-drop all --cap-add net_bind_service,chown box cat /proc/self/status
	equal "$(capability Eff)" 0000000000000401
	ok p run --rm --cap-add sys_ptrace box cat /proc/self/status
	equal "$((0x$(capability Eff)))" $((0x$plain | 1 << 19))
	ok p run --rm --user 1000 --cap-add net_raw box cat /proc/self/status
	equal "$((0x$(capability Amb) & 1 << 13))" $((1 << 13)) 'an added capability is ambient for a user'
	run p run --rm --cap-drop chown box chown 1:1 /tmp
	[ "$status" != 0 ]
}

seccomp() {
	ok p run --rm box grep Seccomp: /proc/self/status
	has '2$'
	ok p run --rm --security-opt seccomp=unconfined box grep Seccomp: /proc/self/status
	has '0$'
	# the default profile denies what needs a capability that the container has not
	run p run --rm box unshare -m true
	[ "$status" != 0 ]
	jq -n '{ defaultAction: "SCMP_ACT_ALLOW", architectures: ["SCMP_ARCH_X86_64"],
		syscalls: [{ names: ["chmod", "fchmod", "fchmodat", "fchmodat2"], action: "SCMP_ACT_ERRNO", errnoRet: 38 }] }' >"$tmp/profile.json"
	run p run --rm --security-opt "seccomp=$tmp/profile.json" box chmod 700 /tmp
	[ "$status" != 0 ]
	grep -qi 'function not implemented' "$err"
	ok p run --rm --security-opt no-new-privileges box grep NoNewPrivs /proc/self/status
	has '1$'
	ok p run --rm box grep NoNewPrivs /proc/self/status
	has '0$'
}

privileged() {
	ok p run --rm --privileged box sh -c 'cat /proc/self/status; mount -t tmpfs tmpfs /var; grep " /var " /proc/mounts; ls /dev'
	has 'tmpfs /var'
	has 'Seccomp:.*0'
	has '^full$'
	ok p run --rm --privileged box sh -c 'grep " /sys " /proc/mounts'
	if is_root; then has 'sysfs rw'; fi
}

masked() {
	ok p run --rm box sh -c 'cat /proc/kcore | wc -c; ls /sys/firmware | wc -l'
	says "$(printf '0\n0')"
	run p run --rm box sh -c 'echo 1 >/proc/sys/kernel/domainname'
	[ "$status" != 0 ]
	ok p run --rm --security-opt mask=/etc/passwd box wc -c /etc/passwd
	has '^0 '
	ok p run --rm --security-opt unmask=ALL box sh -c 'grep -c "/proc/sys " /proc/mounts || true'
	says 0
}

sysctls_and_limits() {
	ok p run --rm --sysctl net.ipv4.ip_unprivileged_port_start=77 box cat /proc/sys/net/ipv4/ip_unprivileged_port_start
	says 77
	ok p run --rm --sysctl kernel.msgmax=4096 --ipc private box cat /proc/sys/kernel/msgmax
	says 4096
	run p run --rm --sysctl kernel.panic=1 box true
	[ "$status" != 0 ]
	ok p run --rm --ulimit nofile=128:256 --ulimit core=0 --ulimit nproc=1024:1024 box sh -c 'ulimit -n; ulimit -Hn; ulimit -c'
	says "$(printf '128\n256\n0')"
	ok p run --rm --shm-size 1m box grep /dev/shm /proc/mounts
	has 'size=1024k'
	ok p run --rm --oom-score-adj 123 box cat /proc/self/oom_score_adj
	says 123
}

devices() {
	ok p run --rm --device /dev/null:/dev/nothing box sh -c 'test -c /dev/nothing && echo x >/dev/nothing && cat /dev/nothing'
	ok p run --rm --device /dev/zero:/dev/nil:r box sh -c 'head -c 3 /dev/nil | wc -c'
	says 3
	if is_root; then
		mknod "$tmp/kmsg" c 1 11
		ok p run --rm --cap-add syslog --device "$tmp/kmsg:/dev/kmsg:rw" box sh -c 'exec 3</dev/kmsg 4>/dev/kmsg'
		ok p run --rm --device "$tmp/kmsg:/dev/kmsg:w" box sh -c 'exec 3>/dev/kmsg'
		run p run --rm --cap-add syslog --device "$tmp/kmsg:/dev/kmsg:w" box sh -c 'exec 3</dev/kmsg'
		[ "$status" != 0 ] || fail 'what is only to be written was opened for reading'
		run p run --rm --cap-add mknod box sh -c 'mknod /tmp/kmsg c 1 11 && cat /tmp/kmsg'
		[ "$status" != 0 ] || fail 'a device that nobody granted was opened'
	fi
	ok p run --rm box sh -c 'for d in null zero full random urandom tty ptmx; do test -c /dev/$d || exit 1; done; ls -l /dev/fd'
}

pid_sharing() {
	ok p run -d --name one box sleep 612
	ok p run --rm --pid container:one box ps
	has 'sleep 612'
	ok p run --rm --pid container:one box sh -c 'kill -0 1'
	ok p run --rm box sh -c 'echo $$'
	says 1
	ok p run --rm --pid host box sh -c 'readlink /proc/self/ns/pid'
	says "$(readlink /proc/self/ns/pid)"
	# a container without a pid namespace of its own is stopped whole
	ok p run -d --name guest --pid container:one box sleep 613
	ok p stop -t 1 guest
	ok p rm guest
	ok p exec one ps
	has_not 'sleep 613'
	has 'sleep 612'
	ok p rm -f -t 0 one
}

ipc_and_uts_sharing() {
	ok p run -d --ipc shareable --name one box sh -c 'echo mark >/dev/shm/mark; sleep 600'
	wait_for p exec one test -s /dev/shm/mark
	ok p run --rm --ipc container:one box cat /dev/shm/mark
	says mark
	ok p run --rm --ipc none box sh -c 'ls /dev/shm 2>/dev/null | wc -l'
	ok p run -d --uts private --hostname shared --name two box sleep 600
	ok p run --rm --uts container:two box hostname
	says shared
}

ipc_of_host() {
	ok p run --rm --ipc host box readlink /proc/self/ns/ipc
	says "$(readlink /proc/self/ns/ipc)"
}

network_sharing() {
	ok p run -d --name one box sleep 600
	ok p exec one readlink /proc/self/ns/net
	shared=$(cat "$out")
	ok p run --rm --network container:one box readlink /proc/self/ns/net
	says "$shared"
	ok p run --rm --network host box readlink /proc/self/ns/net
	says "$(readlink /proc/self/ns/net)"
	ok p run --rm --network none box sh -c 'ip -o link | wc -l; ping -c 1 127.0.0.1 >/dev/null 2>&1; cat /sys/class/net/lo/operstate'
	has unknown
	[ "$shared" != "$(readlink /proc/self/ns/net)" ]
}

network_bridge() {
	ok p run --rm --network bridge box sh -c 'ip -o -4 addr'
	has eth0
}

network_slirp() {
	ok p run --rm --network slirp4netns box sh -c 'ip -o -4 addr'
	has tap0
}

user_namespaces() {
	if is_root; then
		ok p run --rm --uidmap 0:100000:5000 --gidmap 0:200000:5000 box sh -c 'cat /proc/self/uid_map; id -u; touch /tmp/mine; stat -c %u /bin/busybox'
		has '0 +100000 +5000'
		has '^0$'
		ok p run --rm --uidmap 0:100000:5000 -v "$tmp/box:/mnt:ro" box stat -c %u /mnt
		says 65534
	else
		ok p run --rm --userns keep-id box sh -c 'id -u; id -g; cat /proc/self/uid_map'
		has "^$(id -u)\$"
		mkdir -p "$tmp/mine"
		ok p run --rm --userns keep-id -v "$tmp/mine:/mnt" box touch /mnt/file
		equal "$(stat -c %u "$tmp/mine/file")" "$(id -u)"
		ok p run --rm --userns nomap box cat /proc/self/uid_map
		ok p run --rm --uidmap 0:1:5000 --uidmap 5000:0:1 box cat /proc/self/uid_map
		has '0 +1 +5000'
	fi
	ok p run -d --name one --uidmap 0:1:500 box sleep 600
	ok p exec one cat /proc/self/uid_map
	has '0 +1 +500'
	# joined by another
	ok p run --rm --userns container:one box cat /proc/self/uid_map
	has '0 +1 +500'
	ok p run --rm --userns host box readlink /proc/self/ns/user
}

userns_auto() {
	if is_root; then return 0; fi # takes ranges of the account "containers", which the machine may not have
	ok p run --rm --userns auto:size=2000 box cat /proc/self/uid_map
	has ' 2000$'
}

cgroup_namespaces() {
	ok p run --rm --cgroupns private box cat /proc/self/cgroup
	has '^0::/$'
	ok p run --rm --cgroupns host box sh -c 'cat /proc/self/cgroup; grep -c cgroup2 /proc/mounts'
	ok p run --rm --cgroups disabled box echo without
	says without
	if is_root; then
		ok p run --rm --cgroup-parent /engine-parent --cgroupns host box cat /proc/self/cgroup
		has '/engine-parent/libpod-'
	fi
}

systemd_mode() {
	ok p run --rm --systemd always box sh -c 'grep " /run " /proc/mounts; grep " /sys/fs/cgroup" /proc/mounts; echo $container'
	has 'tmpfs /run tmpfs rw'
	has podman
}

root_filesystems() {
	cp -r "$tmp/box" "$tmp/rootfs"
	ok p run --rm --rootfs "$tmp/rootfs" /bin/echo 'no image'
	says 'no image'
	ok p run --rm --rootfs "$tmp/rootfs:O" /bin/sh -c '/bin/touch /layer; echo written'
	says written
	[ ! -e "$tmp/rootfs/layer" ]
	ok p run --rm --read-only --rootfs "$tmp/rootfs" /bin/echo read
	says read
	chmod -R u+w "$tmp/rootfs"
	rm -rf "$tmp/rootfs"
}

# A closure in its own place, with the skeleton that cloister-bundle has made of it.
bundle_rootfs() {
	local program=00000000000000000000000000000000-busybox
	mkdir -p "$tmp/store/nix/store/$program/bin"
	cp "$tmp/box/bin/busybox" "$tmp/store/nix/store/$program/bin/busybox"
	echo "/nix/store/$program" >"$tmp/closure"
	ok "$cloister_bundle" path --store "$tmp/store" --closure "$tmp/closure" --no-gc-root --output "$tmp/bundle" "/nix/store/$program" \
		-- busybox echo hello 
	ok p run --rm -v "$tmp/store/nix/store:/nix/store:ro" --rootfs "$tmp/bundle/rootfs" \
		"/nix/store/$program/bin/busybox" echo 'from the store'
	says 'from the store'
}


drop_in() { # podman understands all of the file that is installed
	ok p --log-level debug info
	! grep -i 'decode.*cloister.conf' "$err"
	# from there it knows where the runtime is
	[ "$runtime" != cloister ] || grep -qF "Using OCI runtime \\\"$cloister" "$err" || fail 'podman does not find the runtime'
}

cases users image_user names_and_hosts read_only volumes mount_types secrets capabilities seccomp privileged masked \
	sysctls_and_limits devices pid_sharing ipc_and_uts_sharing ipc_of_host network_sharing network_bridge network_slirp \
	user_namespaces userns_auto cgroup_namespaces systemd_mode root_filesystems bundle_rootfs drop_in
engine_end
