#!/usr/bin/env bash
# The network of a builder whose output is fixed (docs/sandbox.md, F1 and on): one of its own, connected by pasta or
# slirp4netns, in which the host's loopback and its abstract sockets are out of reach.
# tools: nix-instantiate nix-store busybox jq python3
# timeout: 240
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-drv.sh
drv_store

# Two services of the host, on its loopback and as an abstract socket.
python3 - "$tmp" <<'END' &
import socket, sys
tcp = socket.create_server(("127.0.0.1", 0))
unix = socket.socket(socket.AF_UNIX)
unix.bind("\0" + sys.argv[1])
unix.listen()
open(sys.argv[1] + "/port", "w").write(str(tcp.getsockname()[1]))
tcp.settimeout(200)
while True:
    tcp.accept()[0].close()
END
background="$background $!"
disown # bash would say that it was killed
wait_for test -s "$tmp/port"
port=$(cat "$tmp/port")

fixed() { # TEXT
	instantiate 'build { name = "fixed"; outputHashAlgo = "sha256"; outputHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
		impureEnvVars = [ "http_proxy" "no_such" ]; port = "'"$port"'"; text = '"''$1''"'; }'
}

# ---- F1 none, if that is wanted; the environment, and what other builders do not have ----
fixed 'sed -n "s/^ *\([a-z0-9]*\):.*/\1/p" /proc/net/dev; echo "$http_proxy,$no_such,$NIX_OUTPUT_CHECKED"; cat /etc/hosts | head -n 1; ls /etc'
http_proxy=http://proxy/ drv_bundle --network none
run_drv
says "lo
http://proxy/,,1
127.0.0.1 localhost
group
hosts
passwd"
equal "$(jq -r '.hooks // "none"' "$b/config.json")" none

# ---- F2 the host's, if that is wanted: then its loopback can be reached ----
fixed 'nc -w 5 127.0.0.1 $port </dev/null && echo reached; [ ! -e /etc/resolv.conf ] || echo names; cat /etc/nsswitch.conf'
drv_bundle --network host
run_drv
equal "$(head -n 1 "$out")" reached "the host's network"
has '^hosts: files dns$'
equal "$(jq -r '[.linux.namespaces[].type] | index("network") // "none"' "$b/config.json")" none

# ---- F3 without a helper it is an error ----
mkdir "$tmp/empty"
fixed ''
if ! [ -x /usr/bin/slirp4netns ] && ! [ -x /usr/bin/pasta ]; then
	refused "the derivation may use a network, which takes pasta or slirp4netns" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" "$drv"
fi
for helper in pasta slirp4netns; do
	PATH=$PATH:/usr/sbin:/sbin command -v $helper >/dev/null ||
		refused "--network $helper: there is no program of that name" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" --network $helper "$drv"
done
# the hook says why, and no container is left
cat >"$tmp/empty/pasta" <<'END'
#!/bin/sh
echo "what goes wrong" >&2
exit 3
END
chmod 755 "$tmp/empty/pasta"
PATH=$tmp/empty:$PATH drv_bundle --network pasta
run_drv
[ "$status" != 0 ] || fail "a network that failed was not noticed"
grep -q "pasta failed: what goes wrong" "$err" || fail "the helper's own words are not in the error: $(cat "$err")"
equal "$(find "$tmp/state-cloister" -mindepth 1 -maxdepth 1 -type d ! -name '.*' | wc -l)" 0 "containers left"

# No helper for a process of this script's is left: those that there are have another parent's container.
none_left() {
	local comm
	for comm in $(grep -lsxE 'pasta|pasta.avx2|slirp4netns' /proc/[0-9]*/comm); do
		! tr '\0' '\n' <"${comm%comm}cmdline" 2>/dev/null | grep -qE "^(/proc/)?$container(/ns/net)?$" || return 1
	done
}

# ---- F4 one of its own ----
[ -r /dev/net/tun ] && [ -w /dev/net/tun ] || skip "no rights on /dev/net/tun, which the helpers need"
helpers=$(for helper in pasta slirp4netns; do ! PATH=$PATH:/usr/sbin:/sbin command -v $helper >/dev/null || echo $helper; done)
[ -n "$helpers" ] || skip "neither pasta nor slirp4netns is installed"
fixed 'sed -n "s/^ *\([a-z0-9]*\):.*/\1/p" /proc/net/dev | sort | tr "\n" " "
	ip route | grep -c ^default
	for address in 127.0.0.1 $(ip route | sed -n "s/^default via \([^ ]*\) .*/\1/p"); do
		nc -w 3 $address $port </dev/null 2>/dev/null && echo "reached $address"
	done
	cut -d@ -f2 /proc/net/unix | grep -c tmp || true
	grep -c nameserver /etc/resolv.conf; cat /etc/nsswitch.conf'
for helper in $helpers; do
	drv_bundle --network $helper
	# the hook tells the container's process to the helper: here a note of it is kept on the way
	jq --arg log "$tmp/pid" '.hooks.createRuntime = [{ path: "/bin/sh", args: ["sh", "-c", "/bin/cat >\($log)"] }] + .hooks.createRuntime | del(.process.rlimits)' \
		"$b/config.json" >"$tmp/config" && cp "$tmp/config" "$b/config.json"
	run_drv
	[ "$status" = 0 ] || fail "$helper: $(cat "$err")"
	container=$(jq .pid "$tmp/pid")
	has '^[a-z0-9]* lo 1$|^lo [a-z0-9]* 1$'
	has_not reached
	equal "$(sed -n 2,3p "$out" | tr '\n' ' ')" '0 1 ' "$helper: abstract sockets, name servers"
	has '^hosts: files dns$'
	equal "$(jq -r '.hooks.createRuntime[1].args[2]' "$b/config.json")" $helper
	wait_for none_left
done
# without a choice: the first that there is
drv_bundle
equal "$(jq -r '.hooks.createRuntime[0].args[2]' "$b/config.json")" "$(echo "$helpers" | head -n 1)"
