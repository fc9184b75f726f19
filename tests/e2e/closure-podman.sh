#!/usr/bin/env bash
# Store closures in podman's containers: with an empty root file system, in an image, in a user namespace; and a bundle's
# rootfs under podman.
# tools: podman busybox jq nix-store
# cgroup: v2
# timeout: 240
# no-sanitizers: nearly all of the time is the engine's, and it gives the runtime no environment
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-bundle.sh
make_store

# conmon's sockets need short names; limits that this machine may not raise; no networks, no cgroups to set up
short=$(mktemp -d /tmp/cXXXXXX)
export XDG_RUNTIME_DIR=$short CONTAINERS_CONF=$tmp/containers.conf HOME=$tmp/home
mkdir -p "$tmp/home" "$tmp/empty"
cat >"$CONTAINERS_CONF" <<END
[containers]
default_ulimits = ["nofile=512:512", "nproc=512:512"]
pids_limit = 0
$(is_root || echo 'cgroups = "disabled"')
[engine]
runtime_supports_nocgroups = ["cloister"]
runtime_supports_nocgroup = ["cloister"]
runtime_supports_json = ["cloister"]
[engine.runtimes]
cloister = ["$cloister"]
END
podman() {
	timeout 60 podman --log-level error --root "$tmp/images" --runroot "$short/c" --tmpdir "$short/t" --storage-driver vfs \
		--cgroup-manager cgroupfs --events-backend file --runtime cloister --runtime-flag "store=$store" "$@"
}
leave() {
	local result=$?
	trap - ERR
	set +e
	{
		podman rm --all --force --time 0
		podman unshare rm -rf "$tmp/images" "$tmp/empty"
		rm -rf "$tmp/images" "$short"
	} >/dev/null 2>&1
	(exit $result)
	cleanup
}
trap leave EXIT
run_it() { ok podman run --rm --network none "$@"; }
with=(--annotation "run.cloister.closure=$busybox" --annotation run.cloister.path=prepend)
run podman info
[ "$status" = 0 ] || skip "podman does not work here: $(tail -n 1 "$err")"

# nothing but the closure, and a command by its name
run_it "${with[@]}" --rootfs "$tmp/empty" echo 'hello from the store'
says 'hello from the store'
run_it "${with[@]}" --rootfs "$tmp/empty" sh -c 'ls /nix/store; touch /nix/store/x 2>&1 || true; umount -l /nix/store 2>&1 || true; ls /nix/store'
equal "$(grep -cx "${busybox##*/}" "$out")" 2
has 'Read-only file system'
run_it --read-only "${with[@]}" --rootfs "$tmp/empty" ls /nix/store
says "${busybox##*/}"
equal "$(ls "$tmp/empty/nix/store")" '' "left in the root file system"

# an image, with programs of its own; its PATH comes first
mkdir -p "$tmp/image/bin" "$tmp/image/nix/store/00000000000000000000000000000000-own"
cp "$(command -v busybox)" "$tmp/image/bin/busybox"
ln -s busybox "$tmp/image/bin/sh"
tar -C "$tmp/image" -c . | podman import - image >/dev/null 2>"$err" || fail "podman import"
run_it --annotation "run.cloister.closure=$top" image sh -c 'busybox ls /nix/store; echo $PATH'
has '0-own$'
has "^${top##*/}$"
has_not "$top"
equal "$(grep -cE '^[0-9a-z]{32}-' "$out")" 6
# exec finds the programs as well
ok podman run --detach --name box --network none "${with[@]}" image busybox sleep 1000
ok podman exec box wc -l /dev/null
says '0 /dev/null'
ok podman rm --force --time 0 box
# what is wrong is said in one line by podman, too
run podman run --rm --network none --annotation run.cloister.closure=/etc/shadow image sh
[ "$status" != 0 ] || fail "/etc/shadow is no store path"
grep -q 'run.cloister.closure' "$err" || fail "podman does not say why"
run podman run --rm --network none --privileged "${with[@]}" image sh
grep -q 'store paths cannot be locked against a container with CAP_SYS_ADMIN' "$err" || fail "--privileged"

# a user namespace of its own: locked, and then also for a container with all capabilities
if is_root; then own=(--uidmap 0:100000:65536 --gidmap 0:100000:65536); else own=(--userns keep-id --user 0); fi
run_it "${own[@]}" --cap-add SYS_ADMIN "${with[@]}" image sh -c \
	'mount -o remount,rw,bind /nix/store; umount -l /nix/store; umount -l '"$busybox"'; grep -c " /nix/store" /proc/self/mountinfo; id -u'
says "$(printf '3\n0')"

# the rootfs that cloister-bundle made: the closure comes by annotation, and the links, /etc and /bin/sh are there
bundle "$top"
run_it --annotation "run.cloister.closure=$top" --rootfs "$b/rootfs" sh -c 'cat /nix/store/*-hello-current/index.html'
has '[Hh]ello'
