# shellcheck shell=bash disable=SC2154,SC2034
# What the build-*.sh scripts share, behind lib.sh and lib-drv.sh: cloister-build from the store in $tmp/store.

cloister_build=$B/cloister-build
mkdir -p "$tmp/builds"

# build ARGS...: cloister-build on that store, build directories in $tmp/builds. As `run`.
build() { run timeout 100 env HOME="$tmp" TMPDIR="$tmp/builds" "$cloister_build" --from "$store" "$@"; }

# built ARGS...: and it must succeed.
built() {
	build "$@"
	[ "$status" = 0 ] || fail "exit status $status: cloister-build $*"
	nothing_left
}

# build_fails STATUS TEXT ARGS...: and it must fail so, its last line having that text, and leave nothing.
build_fails() {
	local expected=$1 text=$2
	shift 2
	build "$@"
	[ "$status" = "$expected" ] || fail "exit status $status and not $expected: cloister-build $*"
	tail -n 1 "$err" | grep -qF -- "$text" || fail "it did not say '$text': cloister-build $*"
	nothing_left
}

nothing_left() {
	[ -z "$(ls -A "$tmp/builds")" ] || fail "left behind: $(find "$tmp/builds" | head)"
	[ -z "$(find "$tmp" -path "$tmp/kept" -prune -o \( -name '*.lock' ! -name gc.lock -o -name '.tmp-cloister*' \) -print 2>/dev/null)" ] ||
		fail "left behind: $(find "$tmp" -name '*.lock' -o -name '.tmp-cloister*')"
}

# in_root ROOT PROGRAM ARGS...: Nix on another store.
in_root() {
	local store=$1 nix_store=$1
	shift
	nix_ "$@"
}

# hash_in ROOT PATH: what its database has.
hash_in() { sqlite3 "$1/nix/var/nix/db/db.sqlite" "select hash, narSize from ValidPaths where path = '$2'"; }
