#!/usr/bin/env bash
# I6: what the process is given, and what it could inherit from the caller.
# timeout: 200
# shellcheck disable=SC2016
. tests/attack/lib.sh
compiled terminal
cp "$tmp/terminal" "$bundle/rootfs/bin/"

caps() { awk '/^Cap/ { printf "%s%s ", $1, $2 } END { print "" }' "$out"; }
none=0000000000000000

for kind in $(kinds); do
	kind "$kind"
	# CVE-2022-24769 (moby), CVE-2022-29162 (runc), CVE-2022-27650 (crun): inheritable capabilities that nobody asked for
	inside 'cat /proc/self/status' '.process.capabilities = { bounding: ["CAP_KILL"], permitted: ["CAP_KILL"], effective: ["CAP_KILL"] }'
	kill=0000000000000020
	# a program that root execs gets what the bounding set allows (capabilities(7))
	equal "$(caps)" "CapInh:$none CapPrm:$kill CapEff:$kill CapBnd:$kill CapAmb:$none " "$kind"
	inside 'cat /proc/self/status' .
	equal "$(caps)" "CapInh:$none CapPrm:$none CapEff:$none CapBnd:$none CapAmb:$none " "$kind: without capabilities"
	has '^NoNewPrivs:.1$'
	nothing_left
done
if is_root; then
	# what the caller has in its inheritable and ambient sets does not get in
	for kind in self none ranges; do
		kind "$kind"
		caller=+net_raw,+sys_admin
		enter=(setpriv "--inh-caps=$caller" "--ambient-caps=$caller")
		inside 'cat /proc/self/status' '.process.capabilities = { bounding: ["CAP_NET_RAW", "CAP_SYS_ADMIN"] } | .process.user = { uid: 0, gid: 0 }
			| .process.noNewPrivileges = false'
		equal "$(awk '/^CapInh|^CapAmb/ { print $2 }' "$out" | sort -u)" "$none" "$kind: from the caller"
		enter=()
	done
fi

# CVE-2017-5226 (bubblewrap): the caller's terminal, as standard input of a container without a terminal of its own
if command -v script >/dev/null; then
	for kind in self $(is_root && echo none); do
		kind "$kind"
		new_id
		config '.process.args = ["/bin/terminal"]'
		run script -qec "$cloister --root $state run --bundle $bundle $id" /dev/null
		equal "$(tr -d '\r' <"$out")" end "$kind: the caller's terminal"
	done
fi

# a set-user-ID program of the rootfs gains nothing, and nothing is inherited through the environment or the file mode
mkdir "$bundle/rootfs/suid"
cp "$(command -v busybox)" "$bundle/rootfs/suid/cat"
chmod 4755 "$bundle/rootfs/suid/cat"
kind self
inside 'exec /suid/cat /proc/self/status' .
equal "$(caps)" "CapInh:$none CapPrm:$none CapEff:$none CapBnd:$none CapAmb:$none " "set-user-ID"

# CVE-2020-5291 (bubblewrap): a user namespace made by a process in the container gives no right over what lies outside
inside 'unshare -Ur sh -c "mount -o remount,bind,rw / ; hostname changed; cat /proc/self/status" 2>/dev/null; hostname' \
	'.root.readonly = true'
has '^box$'
has_not '^changed$'
nothing_left
