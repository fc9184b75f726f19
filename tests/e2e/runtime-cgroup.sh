#!/usr/bin/env bash
# The container's cgroup: where it is, that everything in it dies with the container, that nobody else's is touched; and
# linux.resources.devices, which is a filter on it.
# tools: busybox jq
# timeout: 180
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

mount=$(awk '$(NF-2) == "cgroup2" || / - cgroup2 / { print $5; exit }' /proc/self/mountinfo)
[ -n "$mount" ] || skip "no cgroup2 file system is mounted"
own=$(sed -n 's/^0:://p' /proc/self/cgroup)
no_pid_ns='.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.type != "proc"))'
spawn='sleep 1000 & sleep 1000 & sleep 1000 & wait'
at() { echo ".linux.cgroupsPath = \"$1\""; }
count_in() { { cat "$mount$1"/cgroup.procs || true; } 2>/dev/null | wc -l; } # CGROUP
holds() { [ "$(count_in "$1")" = "$2" ]; }                       # CGROUP COUNT

if ! is_root; then
	# A user who may not make one goes without, unless the config asks for it.
	kind self
	if [ ! -w "$mount$own" ]; then
		inside 'true'
		refuses 'permission denied' "$(at "/$mark-a")"
		refuses "linux.cgroupsPath: cannot make the cgroup ${own%/}/$mark-a: permission denied" "$(at "$mark-a")"
	fi
	nothing_left
	exit
fi

kind none
# ---- its place ----
show='cat /proc/self/cgroup'
inside "$show" '.linux.namespaces |= map(select(.type != "cgroup"))'
has "^0::.*/cloister-$id$"
inside "$show" '.linux.namespaces |= (map(select(.type != "cgroup")) + [{ type: "cgroup" }])'
has '^0::/$'
for path in "/$mark-top/below/leaf" "$mark-top/below/leaf"; do
	inside "$show" ".linux.namespaces |= map(select(.type != \"cgroup\")) | $(at "$path")"
	has "^0::/$mark-top/below/leaf$"
	nothing_left # nor the parents, which were made for it
done
# parents that were there stay
mkdir "$mount/$mark-there"
inside true "$(at "/$mark-there/leaf")"
rmdir "$mount/$mark-there"
refuses 'holds ".."' "$(at "/$mark-a/../..")"
refuses 'is the root of all cgroups' "$(at /)"
refuses ' --systemd-cgroup' "$(at "system.slice:cloister:$mark")"
# without
new_id
config '.linux.namespaces |= map(select(.type != "cgroup"))' "$show"
ok rt --cgroup-manager disabled run --bundle "$bundle" "$id"
has "^0::$own$"

# A signal may come between fork and exec, where it is still the shell's to handle: so again, until all are gone.
end_all() { rt kill --all "$1" TERM && holds "$2" 0; } # ID CGROUP

# ---- everything in it dies with the container, also without a pid namespace ----
for how in 'delete --force ID' 'kill ID KILL' 'kill --all ID KILL' TERM; do
	new_id
	config "$no_pid_ns | $(at "/$mark-kill")" "trap 'exit 3' TERM; $spawn"
	ok rt run --detach --bundle "$bundle" "$id"
	wait_for holds "/$mark-kill" 4
	# shellcheck disable=SC2086
	case $how in
	TERM) wait_for end_all "$id" "/$mark-kill" ;;
	*) ok rt ${how//ID/$id} ;;
	esac
	wait_for holds "/$mark-kill" 0
	ok rt delete --force "$id"
	nothing_left
done
# the first process has gone, the others have not
new_id
config "$no_pid_ns | $(at "/$mark-kill")" "$spawn"
ok rt run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$id"
wait_for holds "/$mark-kill" 4
kill -KILL "$(cat "$tmp/pid")"
wait_for in_state "$id" stopped
refused 'container not running' rt kill "$id" TERM
equal "$(count_in "/$mark-kill")" 3
ok rt kill "$id" KILL
wait_for holds "/$mark-kill" 0
refused 'container not running' rt kill "$id" KILL
ok rt kill --all "$id" KILL
ok rt delete "$id"
nothing_left
# what the first process leaves behind ends when `run` does
new_id
config "$no_pid_ns | $(at "/$mark-run")" 'sleep 1000 & sleep 1000 & exit 4'
run rt run --bundle "$bundle" "$id"
equal "$status" 4
nothing_left
# cgroups that the container has made below its own
new_id
cgroup_mount=$(with_mount /sys/fs/cgroup cgroup cgroup nosuid noexec nodev)
config "$no_pid_ns | .linux.namespaces |= (map(select(.type != \"cgroup\")) + [{ type: \"cgroup\" }]) | $cgroup_mount" \
	'cd /sys/fs/cgroup && mkdir -p a/b c && sleep 1000 & sleep 1000'
ok rt run --detach --bundle "$bundle" "$id"
wait_for test -d "$mount/cloister-$id/a/b"
ok rt delete --force "$id"
nothing_left

# ---- nor can it change whose it is, where it may write to its cgroup ----
helper xattr
cp "$tmp/xattr" "$bundle/rootfs/bin/xattr"
new_id
config "$no_pid_ns | $(at "/$mark-mark") | $(with_mount /sys/fs/cgroup cgroup cgroup nosuid noexec nodev) |
	.linux.namespaces |= (map(select(.type != \"cgroup\")) + [{ type: \"cgroup\" }])" \
	'cd /sys/fs/cgroup; for name in trusted.cloister user.cloister; do xattr $name "" .; xattr $name stranger .; done >/tmp/said
	sleep 1000 & touch /tmp/done; wait'
ok rt run --detach --bundle "$bundle" "$id"
wait_for test -e "/proc/$(rt state "$id" | jq .pid)/root/tmp/done"
ok rt delete --force "$id"
wait_for holds "/$mark-mark" 0
nothing_left

# ---- nobody else's is touched ----
mkdir "$mount/$mark-foreign"
sleep 1000 &
stranger=$!
background+=" $stranger"
echo $stranger >"$mount/$mark-foreign/cgroup.procs"
new_id
config "$(at "/$mark-foreign")"
refused 'is in use: there are processes in it' rt run --bundle "$bundle" "$id"
ok rt delete --force "$id"
kill -0 $stranger || fail 'a process of a foreign cgroup was killed'
kill $stranger
wait_for holds "/$mark-foreign" 0
wait_for rmdir "$mount/$mark-foreign"
# one that is frozen, itself or by its parent: an error, and not a wait without end
for frozen in "/$mark-ice" "/$mark-ice/below/deep"; do
	mkdir "$mount/$mark-ice"
	echo 1 >"$mount/$mark-ice/cgroup.freeze"
	new_id
	config "$(at "$frozen")"
	refused "the cgroup $frozen is frozen, or one above it" timeout 20 "$cloister" --root "$state" run --bundle "$bundle" "$id"
	[ -d "$mount/$mark-ice" ] || fail 'a foreign cgroup was removed'
	[ ! -d "$mount/$mark-ice/below" ] || fail 'a cgroup is left'
	echo 0 >"$mount/$mark-ice/cgroup.freeze"
	inside true "$(at "$frozen")"
	rmdir "$mount/$mark-ice" 2>/dev/null || true
done
nothing_left
# that of another container, which has ended
new_id
first=$id
config "$(at "/$mark-shared")" 'true'
ok rt run --detach --bundle "$bundle" "$first"
wait_for in_state "$first" stopped
new_id
refused "the cgroup /$mark-shared belongs to another container" rt run --bundle "$bundle" "$id"
[ -d "$mount/$mark-shared" ] || fail 'the cgroup of another container was removed'
ok rt delete "$first"
nothing_left

# two of the same id in different state roots do not stand in each other's way
new_id
config . 'sleep 1000'
ok rt run --detach --bundle "$bundle" "$id"
config . 'echo here'
ok "$cloister" --root "$tmp/other" run --bundle "$bundle" "$id"
says here
in_state "$id" running || fail 'a container of the same id in another state root was killed'
ok rt delete --force "$id"
nothing_left

# ---- device rules ----
open() { echo "mknod /dev/x c $2 $3 && (: </dev/x) 2>/dev/null; echo $1 \$?; rm -f /dev/x"; } # NAME MAJOR MINOR
caps='.process.capabilities = (["CAP_MKNOD", "CAP_SYSLOG"] | { bounding: ., permitted: ., effective: . })'
deny='.linux.resources.devices = [{ allow: false, access: "rwm" }]'
look="$(open zero 1 5); $(open kmsg 1 11)"
inside "$look" "$caps"
has '^kmsg 0$'
inside "$look" "$caps | $deny"
has '^zero 0$' # a default device
has '^kmsg 1$'
inside "$look" "$caps | $deny | .linux.resources.devices += [{ allow: true, type: \"c\", major: 1, minor: 11, access: \"r\" }]"
has '^kmsg 0$'
write='mknod /dev/x c 1 11; (: >>/dev/x) 2>/dev/null; echo write $?'
inside "$write" "$caps"
has '^write 0$'
inside "$write" \
	"$caps | $deny | .linux.resources.devices += [{ allow: true, type: \"c\", major: 1, minor: 11, access: \"r\" }]"
has '^write [1-9]'
new_id
config "$caps | $deny"
refused 'linux.resources.devices: ' rt --cgroup-manager disabled run --bundle "$bundle" "$id"
nothing_left
# ... but engines write the rules also where they want no cgroup: without CAP_MKNOD there is no device to be made
config "$deny"
ok rt --cgroup-manager disabled run --bundle "$bundle" "$id"
grep -q 'warning: linux.resources.devices: left out' "$err" || fail 'nothing is said of the rules'
nothing_left
# in a user namespace they ask for nothing
kind self
inside 'head -c 1 /dev/zero | wc -c' "$deny"
nothing_left
