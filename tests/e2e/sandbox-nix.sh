#!/usr/bin/env bash
# The sandbox of a Nix derivation (docs/sandbox.md, N1 and on): a builder that looks around says what is written there,
# and, as root, the same as in Nix's own sandbox but for the differences that are written there too.
# tools: nix-instantiate nix-store busybox jq
# cgroup: v2
# timeout: 240
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-drv.sh
drv_store
cp tests/e2e/helpers/sandbox-probe.sh "$tmp/nix/probe.sh"
ln -s nowhere "$tmp/nix/link"

probe='build {
	name = "probe";
	args = [ "-u" ./probe.sh "one two" "" "$x\n" ];
	text = "";
	input = busybox;
	file_input = script "input.txt" "some text\n";
	link_input = builtins.path { name = "link"; path = ./link; };
	HOME = "/home"; NIX_LOG_FD = "9";
	out_is = builtins.placeholder "out";
	big = "passed\nas a file"; passAsFile = [ "big" ];
}'
instantiate "$probe"
busybox=$(basename "$(echo "$store"/nix/store/*-busybox)")
link=$(basename "$(find "$store/nix/store" -name '*-link')")
input=$(basename "$(echo "$store"/nix/store/*-input.txt)")
out_path=$(nix_ nix-store --query --outputs "$drv")
drv_bundle --cores 3 --bin-sh none
run_drv
cp "$out" "$tmp/ours"
[ "$status" = 0 ] || fail "the probe: $(tail -n 3 "$out" "$err")"
cp "$out" "$tmp/ours"

is() { # NAME VALUE
	grep -qxF -- "$1: $2" "$tmp/ours" || fail "expected '$1: $2', got '$(grep -F -- "$1: " "$tmp/ours")'"
}
is_env() { grep -qxF "env: $1" "$tmp/ours" || fail "the environment lacks $1"; }

# N1 ids and names
is ids 1000:100
is user nixbld:nixbld
is host localhost
is domain '(none)'
# N2 the process
is args 'one two  $x'
is pid 1
is pids /proc/1
is cwd /build
is umask 0022
is no-new-privs 1
is core 0
is capabilities '0000000000000000 '
is signals '0000000000000000 0000000000000000'
is fds '0 1 2 '
is stdin /dev/null
is randomize 00040000 # ADDR_NO_RANDOMIZE
# N3 the environment
for line in HOME=/home NIX_BUILD_CORES=3 NIX_BUILD_TOP=/build NIX_LOG_FD=2 NIX_STORE=/nix/store PWD=/build TEMP=/build \
	TEMPDIR=/build TERM=xterm-256color TMP=/build TMPDIR=/build name=probe "out=$out_path" "out_is=$out_path" \
	"PATH=/nix/store/$busybox/bin" "input=/nix/store/$busybox"; do
	is_env "$line"
done
is env-order sorted
! grep -q '^env: big=' "$tmp/ours" || fail "a variable that is passed as a file is in the environment too"
file=$(sed -n 's/^env: bigPath=//p' "$tmp/ours")
equal "$file" "/build/.attr-$(nix-hash --type sha256 --to-base32 "$(printf big | sha256sum | cut -d' ' -f1)")"
equal "$(cat "$b$file")" "passed
as a file"
# N4 files
is 'mode /' 750
is 'list /' 'build dev etc nix proc tmp '
is 'mode /build' 700
is 'mode /tmp' 1777
is 'list /tmp' ''
is 'mode /nix/store' 1775
is 'list /etc' 'group hosts passwd '
is 'file /etc/passwd' 'root:x:0:0:Nix build user:/build:/noshell|nixbld:x:1000:100:Nix build user:/build:/noshell|nobody:x:65534:65534:Nobody:/:/noshell|'
is 'file /etc/group' 'root:x:0:|nixbld:!:100:|nogroup:x:65534:|'
is 'file /etc/hosts' '127.0.0.1 localhost|::1 localhost|'
grep -qE "^list /nix/store: $(printf '%s\n' "$busybox" "$input" "$link" "$(sed -n 's,^arg0: /nix/store/,,p' "$tmp/ours")" | LC_ALL=C sort | tr '\n' ' ')$" "$tmp/ours" ||
	fail "the store: $(grep '^list /nix/store' "$tmp/ours")"
# N5 devices
for device in full:1:7 null:1:3 random:1:8 tty:5:0 urandom:1:9 zero:1:5; do is "device /dev/${device%%:*}" "${device#*:}"; done
for link in fd:/proc/self/fd stdin:/proc/self/fd/0 stdout:/proc/self/fd/1 stderr:/proc/self/fd/2; do
	is "device /dev/${link%%:*}" "-> ${link#*:}"
done
# N6 what can be written, and what cannot
for place in /tmp /dev/shm /dev/null build store; do is "write $place" ok; done
is 'write /dev/full' 'No space left on device'
for place in / /etc; do is "write $place" 'Read-only file system'; done
for attack in 'chmod input' 'chmod input file'; do is "$attack" 'Read-only file system'; done
for attack in 'write input' 'remove input' 'write input file'; do # the mode of its file or folder may refuse it first
	grep -qE "^$attack: (Read-only file system|Permission denied)$" "$tmp/ours" || is "$attack" 'Read-only file system'
done
is 'rename input' 'Device or resource busy'
is 'remount input' 'permission denied (are you root?)'
is 'unmount input' 'Operation not permitted'
is 'nested mount' ok
is 'nested remount' 'permission denied (are you root?)'
is 'nested unmount' 'Invalid argument'
is 'nested write' 'permission denied (are you root?)'
is whole yes
is link nowhere
grep -q '^input-mounts: nodev nosuid ro $' "$tmp/ours" || fail "$(grep ^input-mounts "$tmp/ours")"
cmp "$tmp/nix/busybox/bin/busybox" "$store/nix/store/$busybox/bin/busybox" || fail "the store was changed"
equal "$(cat "$store/nix/store/$input")" "some text"
# N7 the filter
is seccomp 2
for bit in setuid setgid setuid-both; do is $bit 'Operation not permitted'; done
is sticky ok
# N8 the network
is interfaces 'lo '
is loopback 1
is network 'Network is unreachable'

# ---- the same under crun, but for what an OCI config cannot say ----
if command -v crun >/dev/null; then
	run_drv crun
	equal "$status" 0 "the probe under crun"
	equal "$(diff <(grep -vE '^(arg0|fds|randomize|mounts|list /dev|device|mode /dev|signals|nested)' "$tmp/ours") \
		<(grep -vE '^(arg0|fds|randomize|mounts|list /dev|device|mode /dev|signals|nested)' "$out"))" '' "crun"
fi

# ---- the same in Nix's own sandbox ----
is_root || exit 0
mkdir -p "$tmp/conf"
run unshare --mount --propagation private env TMPDIR=/tmp bash -c '. tests/e2e/lib-drv.sh; tmp=$1 store=$2 store_dir=/nix/store nix_store=$2
	nix_ nix-store --realise "$3" --option sandbox true --option sandbox-fallback false --option sandbox-paths "" --option cores 3' \
	- "$tmp" "$store" "$drv"
grep -q '^arg0: ' "$err" || skip "Nix's own sandbox does not work here: $(tail -n 1 "$err")"
names=$(sed -n 's/^\([a-z].*\): .*/\1/p' "$tmp/ours" | cut -d: -f1 | sort -u | paste -sd'|')
grep -E "^($names): " "$err" >"$tmp/theirs"
# What differs, all of it: docs/sandbox.md, "Safer than Nix".
differs='^(capabilities|mounts|input-mounts|write /|write /etc|write /dev|write input|chmod input|remove input|rename input|chmod input file|write input file|remount input|unmount input|nested [a-z]*|whole|list /dev|mode /dev|mode /dev/shm|device /dev/(kvm|core)|device /dev/ptmx|signals|fds)'
equal "$(diff <(grep -vE "$differs: " "$tmp/theirs") <(grep -E "^($names): " "$tmp/ours" | grep -vE "$differs: "))" '' "Nix's own sandbox, and ours"
