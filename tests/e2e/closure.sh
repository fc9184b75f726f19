#!/usr/bin/env bash
# The annotations run.cloister.closure and run.cloister.path: the closure of store paths in any container, read-only, at
# its own place, on top of what its root file system has.
# tools: busybox jq nix-store
# timeout: 240
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-bundle.sh
. tests/e2e/lib-runtime.sh
make_store
rt() { "${enter[@]}" "$cloister" --root "$state" --store "$store" "$@"; }
named() { # WORDS [PATH]
	printf '.annotations["run.cloister.closure"] = "%s"' "$1"
	[ -z "${2-}" ] || printf ' | .annotations["run.cloister.path"] = "%s"' "$2"
}
names=$(echo "$closure" | sed 's,.*/,,')
is_closure() { equal "$(grep -E '^[0-9a-z]{32}-' "$out")" "$names" "$kind: what is in /nix/store"; }

# ---- cloister-bundle closure, the helper ----
ok "$cloister_bundle" closure --store "$store" "$top"
says "$closure"
ok "$cloister_bundle" closure --store "$store" -- "$pages" "$busybox" "$pages"
says "$(printf "%s\n" "$pages" "$busybox" | LC_ALL=C sort)"
refused 'closure requires a store path' sh -c '"$1" closure 2>&1 >/dev/null | head -n 1 >&2; exit 2' sh "$cloister_bundle"
refused 'is not an absolute path' "$cloister_bundle" closure --store "$store" nix/store
refused "/nix/store holds paths named HASH-NAME" "$cloister_bundle" closure --store "$store" /nix/store/hello
refused 'is not valid: the store database' "$cloister_bundle" closure --store "$store" "${top}x"

# ---- the closure of a store path ----
for kind in $(kinds); do
	kind "$kind"
	# where the root file system is not the container's own, nobody can make anything in it
	[ "$kind" != ranges ] || mkdir -p "$bundle/rootfs/nix/store"
	inside 'ls /nix/store; cat /nix/store/*-hello-current/index.html; cat /proc/self/mountinfo' "$(named "$top")"
	is_closure
	has '[Hh]ello'
	for path in "$top" "$busybox" "$pages" "$conf"; do has_options "$path" ro nosuid nodev; done
	has_options /nix/store ro nosuid nodev
	# its name is the only thing that is left in the root file system
	equal "$(find "$bundle/rootfs/nix" | LC_ALL=C sort)" "$(printf '%s\n' "$bundle/rootfs/nix" "$bundle/rootfs/nix/store")" "$kind: left in the rootfs"
	nothing_left
	rm -r "$bundle/rootfs/nix"
done
kind self

# ---- PATH ----
inside 'echo $PATH' "$(named "$busybox")"
says /bin
inside 'echo $PATH' "$(named "$busybox" none)"
says /bin
inside 'echo $PATH' "$(named "$busybox $top" prepend)"
says "$busybox/bin:$top/bin:/bin"
inside 'echo $PATH' "$(named "$busybox" append)"
says "/bin:$busybox/bin"
inside 'echo $PATH' "$(named "$busybox,$conf" replace)"
says "$busybox/bin:$conf/bin"
inside 'echo $PATH' ".process.env = [] | $(named "$busybox" append)"
says "$busybox/bin"
# a root file system with nothing at all, a command by name, and the same for exec
mkdir "$tmp/empty"
empty=".root.path = \"$tmp/empty\" | $(named "$busybox" replace)"
new_id
config "$empty | .process.args = [\"echo\", \"from the store\"]"
ok rt run --bundle "$bundle" "$id"
says 'from the store'
new_id
config "$empty" 'exec sleep 1000'
ok rt run --detach --bundle "$bundle" "$id"
ok rt exec "$id" sh -c 'echo $PATH'
says "$busybox/bin"
ok rt delete --force "$id"
# read-only, with mount points in place
new_id
config "$empty | .root.readonly = true | .process.args = [\"ls\", \"/nix/store\"]"
ok rt run --bundle "$bundle" "$id"
says "${busybox##*/}"

# one that is read-only itself, and has no place for a store
if is_root; then
	rm -r "$bundle/rootfs/nix"
	for kind in $(kinds); do
		kind "$kind"
		enter=(unshare --mount --propagation private sh -c 'mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; shift; exec "$@"' sh
			"$bundle/rootfs" "${enter[@]}")
		new_id
		config "$(named "$top")" 'ls /nix/store; stat -c "%a %u" /; ls /; touch /x /nix/x; cat /proc/self/mountinfo'
		ok rt run --bundle "$bundle" "$id"
		is_closure
		has '^busybox$|^bin$'
		has_options / ro
		has_options /nix/store ro nosuid nodev
		has_options "$busybox" ro nosuid nodev
	done
	[ ! -e "$bundle/rootfs/nix" ] || fail "something was made in it"
	nothing_left
	kind self
fi

# ---- the other things that can be named ----
mkdir "$tmp/info"
closure_info() { # DIR: as nixpkgs' closureInfo makes it
	nix_store --dump-db >"$1/registration"
	printf '%s\n' "$closure" >"$1/store-paths"
}
closure_info "$tmp/info"
printf '%s\n' "$closure" >"$tmp/list"
chmod -R a+rX "$tmp/info" "$tmp/list"
chmod a+x "$tmp"
for what in "$tmp/info" "$tmp/list"; do
	# as root, files are read with nobody's rights: those of the test's own directory above are its business
	if is_root && ! setpriv --reuid 65534 --clear-groups test -r "$tmp/list"; then continue; fi
	inside 'ls /nix/store' "$(named "$what")"
	is_closure
	inside 'ls /nix/store; echo $PATH' "$(named "$what $busybox" prepend)"
	is_closure
	has "^$busybox/bin:/bin$"
	refuses "names a list only" "$(named "$what" prepend)"
done
# in the store itself
chmod u+w "$store/nix/store"
info=/nix/store/0123456789abcdfghijklmnpqrsvwxyz-closure-info
mkdir "$store$info"
closure_info "$store$info"
chmod -R a+rX,a-w "$store$info" "$store/nix/store"
inside 'ls /nix/store' "$(named "$info")"
is_closure
inside 'ls /nix/store' "$(named "$info/store-paths")"
is_closure

# ---- an image with a store of its own ----
own=/nix/store/abcdfghijklmnpqrsvwxyz0123456789-own
mkdir -p "$bundle/rootfs$own" "$bundle/rootfs$busybox"
echo mine >"$bundle/rootfs$own/file"
echo old >"$bundle/rootfs$busybox/hidden"
for kind in $(kinds); do
	kind "$kind"
	inside "cat $own/file; ls $busybox; ls /nix/store; touch /nix/store/x $own/y; cat /proc/self/mountinfo" "$(named "$top")"
	has '^mine$'
	has '^bin$'
	has_not '^hidden$'
	has_options /nix/store ro nosuid nodev
	for path in $names ${own##*/}; do has "^$path$"; done
	nothing_left
done
rm -r "$bundle/rootfs/nix"
kind self

# ---- plan shows it, and touches nothing ----
config "$(named "$top" prepend)"
ok rt plan --bundle "$bundle"
has "^  store /nix/store $current "
has "^  bind $store$pages $pages "
has "^  find-exec PATH=$top/bin:/bin$"
[ ! -e "$bundle/rootfs/nix" ] || fail "plan has made something"

# ---- what is refused: one line, and nothing is left ----
closure='annotations."run.cloister.closure": '
refuses "$closure'hello' is not an absolute path" "$(named hello)"
refuses "${closure}'/nix/store/bad' is not a store path" "$(named /nix/store/bad)"
refuses 'run.cloister.closure" is empty' "$(named ' , ')"
refuses "annotations.\"run.cloister.path\": 'first' is not prepend, append, replace or none" "$(named "$top" first)"
refuses 'run.cloister.path" is about the store paths of run.cloister.closure, which is missing' '.annotations["run.cloister.path"] = "append"'
refuses 'annotations."run.cloister.closures": there is no such annotation' '.annotations["run.cloister.closures"] = "/nix"'
for at in /nix /nix/store; do
	refuses "$at would cover the store paths" "$(named "$top") | $(with_mount $at tmpfs tmpfs)"
done
refuses "$busybox/bin is a store path of" "$(named "$top") | $(with_mount "$busybox/bin" tmpfs tmpfs)"
refused 'option --store: ' "$cloister" --root "$state" --store "$tmp/nowhere" plan --bundle "$bundle"
# without a database there is no closure of a path, but there may be a list
mkdir -p "$tmp/bare/nix"
cp -a "$store/nix/store" "$tmp/bare/nix/"
store=$tmp/bare
refuses "its store has no database" "$(named "$top")"
inside 'ls /nix/store' "$(named "$info")"
is_closure

# ---- what is installed calls what is installed beside it ----
if [ -w "$B" ] && [ "${B##*/}" != san ]; then
	DESTDIR='' "${MAKE:-make}" -s B="$(realpath --relative-to=. "$B")" install PREFIX="$tmp/prefix" \
		CONTAINERSDIR="$tmp/prefix/etc" >"$tmp/install" 2>&1 </dev/null || {
		cat "$tmp/install" >&2
		fail "make install"
	}
	cloister=$tmp/prefix/bin/cloister
	inside 'ls /nix/store' "$(named "$info")"
	is_closure
	mv "$tmp/prefix/bin/cloister-bundle" "$tmp/prefix/bin/away"
	refuses "run $tmp/prefix/bin/cloister-bundle, which reads the store's database: no such file" "$(named "$info")"
fi
