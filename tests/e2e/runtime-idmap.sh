#!/usr/bin/env bash
# Id-mapped mounts: with their own mapping or the container's, recursive or not; what cannot be mapped is refused.
# tools: busybox jq unshare
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

data=$tmp/data
mkdir "$data" "$data/sub"
touch "$bundle/rootfs/file" # a mount point, which root of a container could not make
echo hello >"$data/file"
chmod 777 "$data" "$data/sub"
maps() { # UID GID [SIZE]: what is 0 in the file system is UID:GID on the mount
	echo "uidMappings: [{ containerID: 0, hostID: $1, size: ${3:-1} }], gidMappings: [{ containerID: 0, hostID: $2, size: ${3:-1} }]"
}
# data OPTIONS [MORE]: a filter that binds the directory
data() { echo ".mounts += [{ destination: \"/data\", source: \"$data\", options: [$1]${2:+, $2} }]"; }
owner='stat -c %u:%g /data/file'

if ! is_root; then
	kind self
	refuses "mounts[3]: to map the ids of $data takes root" "$(data '"bind", "idmap"' "$(maps 0 0)")"
	refuses "mounts[3]: to map the ids of $data takes root" "$(data '"rbind", "ridmap"')"
	exit 0
fi
unshare --mount --propagation private sh -c 'mount -t tmpfs x "$1/sub" && chmod 777 "$1/sub"' sh "$data" || skip "cannot mount"

# ---- its own mapping, also where the container has none ----
kind none
inside "$owner; id -u" "$(data '"bind", "idmap"' "$(maps 1234 567)")"
says '1234:567
0'
# The other way: what the mapped user writes belongs to the file system's root; nobody else can write there.
inside 'echo x >/data/made; stat -c %u:%g /data/made' \
	"$(data '"bind", "idmap"' "$(maps 1234 567)") | .process.user = { uid: 1234, gid: 567 }"
says '1234:567'
equal "$(stat -c %u:%g "$data/made")" 0:0 "on the host"
inside 'touch /data/other 2>&1 || :' "$(data '"bind", "idmap"' "$(maps 1234 567)") | .process.user = { uid: 5, gid: 5 }"
has 'Value too large'
[ ! -e "$data/other" ] || fail "an id that is not mapped has made a file"
# Without the option, which only warns older runtimes.
inside "$owner" "$(data '"bind"' "$(maps 77 78)")"
says 77:78
# Several mounts, mapped alike and not.
inside 'stat -c %u:%g /a/file /b/file /c/file /d/file' ".mounts += [
	{ destination: \"/a\", source: \"$data\", options: [\"bind\", \"idmap\"], $(maps 1 2) },
	{ destination: \"/b\", source: \"$data\", options: [\"bind\"] },
	{ destination: \"/c\", source: \"$data\", options: [\"rbind\", \"ridmap\"], $(maps 3 4) },
	{ destination: \"/d\", source: \"$data\", options: [\"bind\", \"idmap\", \"ro\"], $(maps 1 2) }]"
says '1:2
0:0
3:4
1:2'
nothing_left
# The host's own mount is as it was.
equal "$(stat -c %u:%g "$data/file")" 0:0 "on the host"

# ---- the container's mapping ----
kind ranges
inside "$owner; echo x >/data/mine && stat -c %u:%g /data/mine" "$(data '"bind", "idmap"')"
says '0:0
0:0'
equal "$(stat -c %u:%g "$data/mine")" 0:0 "on the host"
inside "$owner" "$(data '"bind"')"
says 65534:65534
inside "$owner" "$(data '"bind", "idmap"' "$(maps 100007 200008)")"
says 7:8
# With locked mounts, and of a file.
inside 'cat /file; stat -c %u:%g /file; umount /file 2>/dev/null || echo locked' \
	".annotations = { \"run.cloister.lock\": \"true\" } |
	.mounts += [{ destination: \"/file\", source: \"$data/file\", options: [\"bind\", \"ro\", \"idmap\"] }] |
	.process.capabilities = { bounding: [\"CAP_SYS_ADMIN\"], effective: [\"CAP_SYS_ADMIN\"], permitted: [\"CAP_SYS_ADMIN\"] }"
says 'hello
0:0
locked'
# Of a user namespace that is joined by path.
new_id
other=$id
config . 'exec sleep 1000'
ok rt run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$other"
inside "$owner" "$(data '"bind", "idmap"') | .linux.namespaces |= map(select(.type != \"user\")) |
	.linux.namespaces += [{ type: \"user\", path: \"/proc/$(cat "$tmp/pid")/ns/user\" }] | del(.linux.uidMappings, .linux.gidMappings)"
says 0:0
ok rt delete --force "$other"
nothing_left

# ---- what lies below it ----
kind none
enter=(unshare --mount --propagation private sh -c 'd=$1; shift; mount -t tmpfs x "$d/sub" && touch "$d/sub/file" && exec "$@"' sh "$data")
below='stat -c %u:%g /data/file /data/sub/file'
inside "$below" "$(data '"rbind", "idmap"' "$(maps 5 6)")"
says '5:6
0:0'
inside "$below" "$(data '"rbind", "ridmap"' "$(maps 5 6)")"
says '5:6
5:6'
# A file system that cannot do it.
enter=(unshare --mount --propagation private sh -c 'd=$1; shift; mount -t proc x "$d/sub" && exec "$@"' sh "$data")
refuses "mounts[3]: map the ids of $data (its file system, or one below it, cannot do that on this kernel)" \
	"$(data '"rbind", "ridmap"' "$(maps 5 6)")"
enter=()

# ---- what makes no sense ----
refuses 'mounts[3]: only a bind mount can be id-mapped' '.mounts += [{ destination: "/data", type: "tmpfs", options: ["idmap"], '"$(maps 0 0)"' }]'
refuses 'mounts[3].options: idmap needs uidMappings and gidMappings, or a user namespace' "$(data '"bind", "idmap"')"
refuses 'mounts[3].gidMappings: is missing, but uidMappings is there' "$(data '"bind", "idmap"' 'uidMappings: [{ containerID: 0, hostID: 1, size: 1 }]')"
# root of a user namespace is not the one who mounted the host's file system
kind nested
enter=(unshare --user --map-root-user --mount)
refuses "mounts[3]: map the ids of $data (this takes root in the user namespace" "$(data '"bind", "idmap"' "$(maps 0 0)")"
nothing_left
