# shellcheck shell=bash disable=SC2154,SC2034
# What the bundle-*.sh scripts share, behind lib.sh: the demo store in $tmp/store, and its paths by name.

make_store() {
	need nix-build nix-store jq
	top=$(contrib/demo/make-store.sh "$tmp/store")
	store=$tmp/store
	busybox=$(path_of busybox-static)
	pages=$(path_of hello-pages)
	current=$(path_of hello-current)
	conf=$(path_of httpd.conf)
	closure=$(printf '%s\n' "$top" "$busybox" "$pages" "$current" "$conf" | LC_ALL=C sort)
}

path_of() { basename "$(echo "$store/nix/store"/*-"$1")" | sed 's,^,/nix/store/,'; } # NAME

# Nix on the store, without the network, the system's daemon or the user's settings.
nix_store() {
	env -u NIX_REMOTE -u NIX_PATH HOME="$tmp" NIX_CONF_DIR="$tmp" nix-store --store "$store" --option build-users-group '' \
		--option substituters '' "$@"
}

# bundle ARGS...: cloister-bundle path on the demo store, into a new folder, whose name is in $b.
bundle() {
	b=$tmp/bundle-$((++bundles))
	ok "$cloister_bundle" path --store "$store" --output "$b" "$@"
	says "$b"
}
bundles=0

# The runtimes that this machine can try, by name, and run_in RUNTIME BUNDLE: as `run`, with a time limit.
runtimes() {
	local runtime
	[ ! -x "$cloister" ] || echo cloister
	for runtime in crun runc; do
		! PATH=$PATH:/usr/sbin:/sbin command -v $runtime >/dev/null || echo $runtime
	done
}

run_in() {
	local runtime=$1 options=()
	case $runtime in
	cloister) runtime=$cloister ;;
	crun) is_root || options=(--cgroup-manager=disabled) ;;
	esac
	PATH=$PATH:/usr/sbin:/sbin run timeout 60 "$runtime" --root "$tmp/$1-state" "${options[@]}" run --bundle "$2" "${tmp##*/}-$((++runs))"
}
runs=0
