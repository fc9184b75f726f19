# shellcheck shell=bash disable=SC2154,SC2034
# What the scripts about derivations share, behind lib.sh: a store in $tmp/store with a static busybox to build with.

# drv_store [guix]: of Nix, or one that Nix fills and Guix would read.
drv_store() {
	need nix-instantiate nix-store jq busybox
	local applet busybox_here
	store=$tmp/store store_dir=/nix/store nix_store=$tmp/store
	if [ "${1:-nix}" = guix ]; then
		store_dir=/gnu/store
		nix_store="local?store=/gnu/store&real=$store/gnu/store&state=$store/var/guix&log=$tmp/log"
		mkdir -p "$store"
	fi
	busybox_here=$(command -v busybox)
	mkdir -p "$tmp/nix/busybox/bin" "$tmp/conf"
	cp "$busybox_here" "$tmp/nix/busybox/bin/busybox"
	for applet in $("$busybox_here" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$tmp/nix/busybox/bin/$applet"
	done
	cat >"$tmp/nix/lib.nix" <<'NIX'
rec {
  busybox = builtins.path { name = "busybox"; path = ./busybox; };
  script = name: text: builtins.toFile name text;
  raw = args: derivation ({ system = builtins.currentSystem; builder = "${busybox}/bin/sh"; } // args);
  # A builder with busybox in its PATH.
  build = args: raw ({ PATH = "${busybox}/bin"; args = [ "-euc" args.text ]; } // removeAttrs args [ "text" ]);
}
NIX
}

# Nix on the store, without the network, the system's daemon or the user's settings.
nix_() { # PROGRAM ARGS...
	local program=$1
	shift
	env -u NIX_REMOTE -u NIX_PATH HOME="$tmp" NIX_CONF_DIR="$tmp/conf" NIX_LOG_DIR="$tmp/log" NIX_STORE_DIR="$store_dir" \
		"$program" --store "$nix_store" --option build-users-group '' --option substituters '' "$@"
}

# instantiate EXPRESSION: the path of the derivation that it is (with what lib.nix has), in $drv.
instantiate() {
	echo "with import ./lib.nix; $1" >"$tmp/nix/expression.nix"
	[ ! -e "$store/var/guix/db/schema" ] || printf 10 >"$store/var/guix/db/schema"
	drv=$(cd "$tmp/nix" && nix_ nix-instantiate --option experimental-features 'ca-derivations nix-command' expression.nix 2>"$err") ||
		fail "nix-instantiate: $1"
	drv=${drv%%!*}
	# Guix's tables are a part of Nix's, and its own number says so.
	[ "$store_dir" = /nix/store ] || printf 7 >"$store/var/guix/db/schema"
}

# drv_bundle ARGS...: a bundle of $drv, in $b.
drv_bundle() {
	b=$tmp/drv-bundle-$((++drv_bundles))
	ok "$cloister_bundle" drv --store "$store" --no-gc-root --output "$b" "$drv" "$@"
	says "$b"
}
drv_bundles=0

# run_drv [RUNTIME]: runs the bundle in $b: its output is in $out and $err, its exit status in $status.
run_drv() {
	local runtime=${1:-$cloister} options=()
	[ "${runtime##*/}" != crun ] || is_root || options=(--cgroup-manager=disabled)
	run timeout --kill-after=5 60 "$runtime" --root "$tmp/state-${runtime##*/}" "${options[@]}" run --bundle "$b" "${tmp##*/}-$((++drv_runs))"
}
drv_runs=0

# output NAME: where the bundle has the output of a derivation, by the end of its path.
output() { echo "$b/store/"*-"$1"; }
