#!/usr/bin/env bash
# The sandbox of a Guix derivation (docs/sandbox.md, G1 and on): a builder that looks around says what is written there.
# The store is made by Nix, with Guix's names; what guix-daemon 1.5 answers to the same builder is stated in the document.
# tools: nix-instantiate nix-store busybox jq
# cgroup: v2
# timeout: 240
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-drv.sh
drv_store guix
cp tests/e2e/helpers/sandbox-probe.sh "$tmp/nix/probe.sh"
ln -s nowhere "$tmp/nix/link"

instantiate 'build {
	name = "probe";
	args = [ "-u" ./probe.sh "one two" ];
	text = "";
	input = busybox;
	file_input = script "input.txt" "some text\n";
	link_input = builtins.path { name = "link"; path = ./link; };
	HOME = "/home"; passAsFile = "big"; big = "as it is"; TERM = "vt100";
	placeholder = builtins.placeholder "out";
	exportReferencesGraph = [ "graph" busybox ];
}'
busybox=$(basename "$(echo "$store"/gnu/store/*-busybox)")
input=$(basename "$(echo "$store"/gnu/store/*-input.txt)")
drv_bundle --cores 3
run_drv
cp "$out" "$tmp/ours"
[ "$status" = 0 ] || fail "the probe: $(tail -n 3 "$out" "$err")"

is() { # NAME VALUE
	grep -qxF -- "$1: $2" "$tmp/ours" || fail "expected '$1: $2', got '$(grep -F -- "$1: " "$tmp/ours")'"
}
is_env() { grep -qxF "env: $1" "$tmp/ours" || fail "the environment lacks $1"; }
dir=/tmp/guix-build-probe.drv-0

# G1 ids and names
is ids 30001:30000
is user nixbld:nixbld
is host localhost
is domain '(none)'
# G2 the process
is args 'one two'
is pid 1
is cwd $dir
is umask 0022
is no-new-privs 1
is capabilities '0000000000000000 '
is fds '0 1 2 '
is randomize 00040000
# G3 the environment: no TERM and no NIX_LOG_FD but the derivation's, nothing is passed as a file, no placeholders
for line in HOME=/home NIX_BUILD_CORES=3 NIX_BUILD_TOP=$dir NIX_STORE=/gnu/store PWD=$dir TEMP=$dir TEMPDIR=$dir TERM=vt100 \
	TMP=$dir TMPDIR=$dir name=probe 'big=as it is' placeholder=/1rz4g4znpzjwh1xymhjpm42vipw92pr73vdgl6xs1hycac8kf2n9; do
	is_env "$line"
done
! grep -qE '^env: (NIX_LOG_FD|bigPath|NIX_OUTPUT_CHECKED)=' "$tmp/ours" || fail "variables of Nix"
is env-order sorted
equal "$(cat "$b/build/graph")" "/gnu/store/$busybox

0"
# G4 files
is 'mode /' 555
is 'list /' 'dev etc gnu proc tmp '
is 'list /bin' ''
is "mode $dir" 700
is 'mode /tmp' 1777
is 'list /tmp' 'guix-build-probe.drv-0 '
is 'mode /gnu/store' 1775
is 'list /etc' 'group hosts passwd '
is 'file /etc/passwd' 'nixbld:x:30001:30000:Nix build user:/:/noshell|nobody:x:65534:65534:Nobody:/:/noshell|'
is 'file /etc/group' 'nixbld:!:30000:|'
is 'file /etc/hosts' '127.0.0.1 localhost|::1 localhost|'
# G5 devices
for device in full:1:7 null:1:3 random:1:8 tty:5:0 urandom:1:9 zero:1:5; do is "device /dev/${device%%:*}" "${device#*:}"; done
# G6 what can be written, and what cannot
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
cmp "$tmp/nix/busybox/bin/busybox" "$store/gnu/store/$busybox/bin/busybox" || fail "the store was changed"
equal "$(cat "$store/gnu/store/$input")" "some text"
# G7 no filter
is seccomp 0
for bit in setuid setgid setuid-both sticky; do is $bit ok; done
# G8 the network
is interfaces 'lo '
is loopback 1
is network 'Network is unreachable'

# ---- the same under crun, but for what an OCI config cannot say ----
if command -v crun >/dev/null; then
	run_drv crun
	equal "$status" 0 "the probe under crun"
	other='^(arg0|fds|randomize|mounts|list /dev|device|mode /dev|signals|nested)'
	equal "$(diff <(grep -vE "$other" "$tmp/ours") <(grep -vE "$other" "$out"))" '' "crun"
fi

# ---- Guix's own: what a Guix derivation may not be asked of Nix ----
instantiate 'build { name = "x"; text = ""; __noChroot = true; requiredSystemFeatures = [ "any" ]; }' # means nothing there
drv_bundle
instantiate 'derivation { name = "x"; system = "x86_64-linux"; builder = "builtin:download"; url = "\"http://x/\""; outputHashAlgo = "sha256"; outputHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; }'
refused "its builder 'builtin:download' is a part of the Guix daemon itself: have it built there, by 'guix build /gnu/store/" \
	"$cloister_bundle" drv --store "$store" --output "$tmp/refused" "$drv"
instantiate 'build { name = "needs"; text = ""; other = build { name = "other"; text = ""; }; }'
refused "-other is missing: run 'guix build /gnu/store/" "$cloister_bundle" drv --store "$store" --output "$tmp/refused" "$drv"
