#!/usr/bin/env bash
# linux.netDevices: devices of the host's network namespace move in, with their names, addresses and state.
# tools: busybox jq unshare
# timeout: 120
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

devices() { echo ".linux.netDevices = $1"; }

if ! is_root; then
	kind self
	refuses 'linux.netDevices: to give lo away takes root on the host' "$(devices '{ lo: {} }')"
	exit 0
fi
need ip
unshare --net ip link add one type veth peer name two 2>/dev/null || skip "cannot make a pair of network devices"

# The runtime's network namespace is one of this test's own, made by these commands.
net() { enter=(unshare --net sh -c "$1"' && shift && exec "$@"' sh x); }
pair='ip link add one type veth peer name two && ip link set one mtu 1280 address 02:00:00:00:00:07 &&
	ip addr add 10.1.2.3/24 broadcast 10.1.2.255 dev one && ip addr add 10.9.0.1 peer 10.9.0.2/32 dev one &&
	ip addr add 10.1.2.4/24 dev one && ip addr add 169.254.0.9/16 scope link dev one && ip addr add 10.5.5.5/8 valid_lft 1000 preferred_lft 900 dev one &&
	ip link set two up && { ip -6 addr add fd00::5/64 nodad dev one || [ ! -e /proc/sys/net/ipv6 ]; } && ip link set one up'
six=
[ ! -e /proc/sys/net/ipv6 ] || [ "$(unshare --net cat /proc/sys/net/ipv6/conf/all/disable_ipv6)" = 1 ] || six=1
show() { echo "ip -o addr show dev $1 | grep -v 'inet6 fe80' | sed 's/^[0-9]*: *//; s/ *valid_lft.*//' | tr -s ' \\\\' ' ' | cut -d' ' -f2- | sort; ip -o link show dev $1"; }

for k in self none ranges; do
	kind "$k"
	net "$pair"
	inside "$(show one); cat /proc/sys/net/ipv4/conf/one/forwarding; ls /sys/class/net 2>/dev/null; ip -o link | wc -l" \
		"$(devices '{ one: {} }') | .linux.sysctl = { \"net/ipv4/conf/one/forwarding\": \"1\" }"
	has '^inet 10\.1\.2\.3/24 brd 10\.1\.2\.255 scope global'
	has '^inet 10\.1\.2\.4/24 .*scope global'
	has '^inet 10\.9\.0\.1 peer 10\.9\.0\.2/32 scope global'
	[ -z "$six" ] || has '^inet6 fd00::5/64 scope global'
	# neither those of one link only, nor those that expire
	has_not '169\.254\.0\.9'
	has_not '10\.5\.5\.5'
	has 'one.*[<,]UP[,>].* mtu 1280 .*02:00:00:00:00:07'
	# the sysctl that is about it; and there is nothing but lo and it
	equal "$(tail -n 2 "$out" | tr '\n' ' ')" "1 2 " "$k: sysctl and the number of devices"
	nothing_left

	# another name; and one that the kernel completes
	inside "$(show inner)"' | tail -n 1; ip -o link | sed -n "s/^[0-9]*: \(net[0-9]\)@.*/\1/p"' "$(devices '{ one: { name: "inner" }, two: { name: "net%d" } }')"
	has 'inner'
	has '^net0$'
done

# ---- an index that is taken in the container: lo has 1, a joined namespace may have any ----
kind none
# a namespace with several devices, kept by a process
unshare --net sh -c 'for i in 1 2 3 4 5 6; do ip link add a$i type veth peer name b$i || exit 1; done; exec sleep 1000' &
holder=$!
background="$background $holder"
wait_for sh -c "nsenter --net=/proc/$holder/ns/net ip link show b6"
net 'ip link add here type veth peer name other && ip addr add 10.7.7.7/24 dev here'
join=".linux.namespaces |= map(select(.type != \"network\")) | .linux.namespaces += [{ type: \"network\", path: \"/proc/$holder/ns/net\" }]"
inside 'ip -o -4 addr show dev moved | grep -o "10.7.7.7/24"; ip -o link | cut -d: -f1 | sort | uniq -d | wc -l; ip -o link | grep -c "a[1-6]@"' \
	"$join | $(devices '{ here: { name: "moved" } }')"
says '10.7.7.7/24
0
6'
refuses 'linux.netDevices.here: the container has a network device a3 already: file exists' "$join | $(devices '{ here: { name: "a3" } }')"
kill "$holder"

# ---- what cannot be ----
net true
refuses 'linux.netDevices.nosuch: there is no such network device here' "$(devices '{ nosuch: {} }')"
refuses 'linux.netDevices.lo: the container has a network device lo already' "$(devices '{ lo: {} }')"
refuses 'linux.netDevices.lo: move it to the container (is it one of those that cannot leave' "$(devices '{ lo: { name: "x" } }')"
refuses 'linux.netDevices.two.name: one cannot be called a, too' "$(devices '{ one: { name: "a" }, two: { name: "a" } }')"
refuses 'may hold one %d, and no other %' "$(devices '{ one: { name: "a%s" } }')"
refuses 'linux.netDevices: needs a network namespace' "$(devices '{ one: {} }') | .linux.namespaces |= map(select(.type != \"network\"))"
# root of a user namespace has no say about the host's devices
kind within
any=$(find /sys/class/net -mindepth 1 -maxdepth 1 ! -name lo -printf '%f\n' | head -n 1)
[ -z "$any" ] || refuses "linux.netDevices.$any: move it to the container (this takes root on the host" "$(devices "{ \"$any\": { name: \"x\" } }")"
# A device that was found wrong is still here.
kind self
net 'ip link add one type veth peer name two'
enter=(unshare --net sh -c 'ip link add one type veth peer name two; "$@"; ip -o link show dev one >&2 && exit 9' sh)
new_id
config "$(devices '{ one: { name: "lo" } }')"
run rt run --bundle "$bundle" "$id"
equal "$status" 9 "the device stays where it is"
nothing_left
