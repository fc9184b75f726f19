#!/usr/bin/env bash
# Namespaces: every kind new, and joined by path, alone and together; what belongs to them (hostname, sysctl, loopback).
# tools: busybox jq unshare
# timeout: 180
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

all='user mnt pid net ipc uts cgroup time'
show='for n in user mnt pid net ipc uts cgroup time; do readlink /proc/self/ns/$n; done'
time='.linux.namespaces += [{ type: "time" }]'

# ---- new: another one than ours, for each kind ----
for k in $(kinds); do
	kind "$k"
	inside "$show" "$time"
	mapfile -t got <"$out"
	i=0
	for n in $all; do
		ours=$(readlink "/proc/self/ns/$n")
		case $k:$n in
		none:user) equal "${got[i]}" "$ours" "$k: no user namespace was asked for" ;;
		*) [ "${got[i]}" != "$ours" ] || fail "$k: the $n namespace is ours" ;;
		esac
		i=$((i + 1))
	done
	nothing_left
done

# ---- shared: what the config does not name stays the caller's ----
for k in $(kinds); do
	kind "$k"
	inside 'for n in net ipc uts cgroup time; do readlink /proc/self/ns/$n; done' \
		'.linux.namespaces |= map(select(.type == "mount" or .type == "user" or .type == "pid")) | del(.hostname)'
	equal "$(cat "$out")" "$(for n in net ipc uts cgroup time; do readlink "/proc/self/ns/$n"; done)" "$k: shared namespaces"
done
if is_root; then
	# Without a pid namespace too: the host's /proc is mounted then, and init is no process 1.
	kind none
	inside 'readlink /proc/self/ns/pid; [ $$ != 1 ] && echo other' '.linux.namespaces |= map(select(.type == "mount")) | del(.hostname)'
	says "$(readlink /proc/self/ns/pid)
other"
fi

# ---- what belongs to a namespace ----
for k in $(kinds); do
	kind "$k"
	inside 'hostname; cat /proc/sys/kernel/domainname; echo $$; ls /proc | grep -c "^[0-9]*$"; cat /proc/sys/kernel/shmmax
		cat /proc/sys/net/ipv4/ip_forward; ip -o link show up | cut -d: -f2; ping -c 1 127.0.0.1 | grep -c " 0% packet loss"' \
		'.hostname = "fish" | .domainname = "sea.example" |
		.linux.sysctl = { "kernel.shmmax": "123456", "net.ipv4.ip_forward": "1", "net/ipv4/ping_group_range": "0 0" } |
		.process.capabilities = { bounding: ["CAP_NET_RAW"], effective: ["CAP_NET_RAW"], permitted: ["CAP_NET_RAW"] }'
	equal "$(sed -n 1,2p "$out" | tr '\n' ' ')" "fish sea.example " "$k: names"
	equal "$(sed -n 3p "$out")" 1 "$k: the first process"
	[ "$(sed -n 4p "$out")" -le 5 ] || fail "$k: /proc shows other processes: $(cat "$out")"
	equal "$(sed -n 5,8p "$out" | tr '\n' ' ')" "123456 1  lo 1 " "$k: sysctl and the loopback interface"
	equal "$(hostname)" "$(uname -n)"
	[ "$(hostname)" != fish ] || fail "$k: the host's name was changed"
done
kind self
refuses 'hostname' '.linux.namespaces |= map(select(.type != "uts"))'
refuses 'linux.sysctl' '.linux.namespaces |= map(select(.type != "network")) | .linux.sysctl = { "net.ipv4.ip_forward": "1" }'
refuses 'vm.swappiness' '.linux.sysctl = { "vm.swappiness": "1" }'
refuses 'linux.sysctl."net.ipv4.no_such": set it to '"'1'"': no such file or directory' '.linux.sysctl = { "net.ipv4.no_such": "1" }'
refuses 'mount namespace' '.linux.namespaces |= map(select(.type != "mount")) | .mounts = []'

# ---- joined: another container's, by path ----
holder() { # a container that sleeps; its id in $other, its pid in $pid
	new_id
	other=$id
	config "$time" 'exec sleep 1000'
	ok rt run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$other"
	pid=$(cat "$tmp/pid")
}
ns_name() { case $1 in mnt) echo mount ;; net) echo network ;; *) echo "$1" ;; esac; }
# join NS...: a filter that joins these of the holder, and drops what can then not be applied
join() {
	local n filter=. path=$1
	shift
	for n; do
		filter+=" | .linux.namespaces |= map(select(.type != \"$(ns_name "$n")\"))"
		filter+=" | .linux.namespaces += [{ type: \"$(ns_name "$n")\", path: \"$path/$n\" }]"
		case $n in
		user) filter+=' | del(.linux.uidMappings, .linux.gidMappings)' ;;
		mnt) filter+=' | .mounts = []' ;;
		uts) filter+=' | del(.hostname)' ;;
		esac
	done
	echo "$filter"
}
same() { # NS... : the container saw the holder's
	local n i=0
	for n; do
		i=$((i + 1))
		equal "$(sed -n "${i}p" "$out")" "$(readlink "/proc/$pid/ns/$n")" "$k: joined $n"
	done
}
links() { printf 'readlink /proc/self/ns/%s;' "$@"; }

for k in $(kinds); do
	case $k in nested | within) continue ;; esac # the holder's user namespace would be another invocation's
	kind "$k"
	holder
	proc=/proc/$pid/ns
	if [ "$k" = none ]; then
		for n in net ipc uts cgroup time pid; do
			inside "$(links "$n")" "$(join "$proc" "$n")"
			same "$n"
		done
		inside "$(links mnt pid)" "$(join "$proc" mnt pid)"
		same mnt pid
		# /proc of the joined pid namespace: its first process is the holder's
		inside 'tr "\0" " " </proc/1/cmdline; echo $$' "$(join "$proc" pid)"
		has '^sleep 1000 [0-9]+$'
		user=
	else
		user=user
	fi
	# several at once: with the user namespace that owns them, the order in the config does not matter
	inside "$(links $user net ipc uts time)" "$(join "$proc" net $user ipc uts time)"
	same $user net ipc uts time
	inside "$(links $user net)" "$(join "$proc" $user net)"
	same $user net
	# the score of the OOM killer is set while the process's files in /proc are still its own
	inside 'cat /proc/self/oom_score_adj' "$(join "$proc" $user net) | .process.oomScoreAdj = 500"
	equal "$(cat "$out")" 500 "$k: oomScoreAdj"
	inside "$(links $user pid net)" "$(join "$proc" $user pid net)"
	same $user pid net
	# all of them: also the mount namespace, with what the holder sees
	inside "$(links $user pid net ipc uts cgroup time mnt) ls -A /tmp" \
		"$(join "$proc" mnt pid $user net ipc uts cgroup time)"
	same $user pid net ipc uts cgroup time mnt
	# joined and new ones together
	inside "$(links $user net pid mnt)" "$(join "$proc" $user net)"
	[ "$(tail -n 1 "$out")" != "$(readlink "/proc/$pid/ns/mnt")" ] || fail "$k: the mount namespace was joined, too"
	if [ "$k" = self ] && ! is_root; then
		inside 'id -u; touch /tmp/x; stat -c %u /tmp/x' "$(join "$proc" user)"
		says '0
0'
	fi
	ok rt delete --force "$other"
	nothing_left
done

# ---- a namespace that somebody else has pinned to a file ----
if is_root; then
	kind none
	config "$(join "$tmp" net)" "$(links net)"
	: >"$tmp/net"
	ok unshare --mount --propagation private sh -c '
		unshare --net="$1/net" true && readlink /proc/self/ns/mnt >"$1/where" &&
		"$2" --root "$3" run --bundle "$4" "$5" && unshare --user true; stat -L -c "net:[%i]" "$1/net"; umount "$1/net"' \
		sh "$tmp" "$cloister" "$state" "$bundle" "$mark-pinned"
	equal "$(sed -n 1p "$out")" "$(sed -n 2p "$out")" "the pinned network namespace"
	nothing_left
fi

# ---- what cannot be joined ----
kind self
refuses "linux.namespaces: open the ipc namespace /nowhere/ipc: no such file or directory" "$(join /nowhere ipc)"
touch "$tmp/file"
refuses "linux.namespaces: join $tmp/ipc: is not a ipc namespace" \
	"$(ln -sf file "$tmp/ipc"; join "$tmp" ipc)"
ln -sf /proc/self/ns/uts "$tmp/ipc"
refuses 'ipc namespace' "$(join "$tmp" ipc)"
refuses 'mounts: cannot be applied in a mount namespace that is joined by path' \
	"$(join /proc/self/ns mnt) | .mounts = [$(mount_json /tmp tmpfs tmpfs)]"
if ! is_root; then
	# the host's own network namespace belongs to nobody but root
	ln -sf /proc/self/ns/net "$tmp/net"
	kind self
	inside "$(links net)" '.linux.namespaces |= map(select(.type != "network"))'
	refuses 'without root, new namespaces need a user namespace' \
		'.linux.namespaces |= map(select(.type != "user")) | del(.linux.uidMappings, .linux.gidMappings)'
fi
nothing_left

# ---- a user namespace without mappings: the caller is root, and there is nobody else ----
kind self
inside 'cat /proc/self/uid_map /proc/self/gid_map; id -u' 'del(.linux.uidMappings, .linux.gidMappings)'
equal "$(tr -s ' ' <"$out" | sed 's/^ //')" "0 $(id -u) 1
0 $(id -g) 1
0"
refuses 'process.user.uid: 5 is not in linux.uidMappings' 'del(.linux.uidMappings, .linux.gidMappings) | .process.user.uid = 5'
refuses 'linux.gidMappings: is missing, but linux.uidMappings is there' 'del(.linux.gidMappings)'
