#!/usr/bin/env bash
# Nix's own garbage collector: it keeps a closure while the bundle is there, and takes it afterwards.
# tools: nix-build nix-store busybox jq
# timeout: 120
# shellcheck disable=SC1091,SC2154
. tests/e2e/lib.sh
. tests/e2e/lib-bundle.sh
make_store
chmod 755 "$tmp"

collect() { nix_store --gc >"$tmp/gc.log" 2>&1 || { cat "$tmp/gc.log"; fail "the collector failed"; } }
all_there() {
	local path
	for path in $closure; do
		[ -e "$store$path" ] || [ -L "$store$path" ] || fail "the collector took $path"
	done
}

# ---- an indirect root that lives as long as the bundle ----
bundle --require-gc-root "$top"
[ ! -s "$err" ] || fail "it should have been quiet"
equal "$(readlink "$b/gcroot")" "$top"
nix_store --gc --print-roots 2>/dev/null | grep -qF "$b/gcroot -> $top" || fail "Nix does not see the root"
collect
all_there
rm -rf "$b"
bundle "$busybox" "$pages" -- sh
equal "$(readlink "$b/gcroot")" "$busybox"
equal "$(readlink "$b/gcroot-2")" "$pages"
collect
[ ! -e "$store$top" ] || fail "the collector kept what no bundle needs"
{ [ -e "$store$busybox" ] && [ -e "$store$pages" ]; } || fail "the collector took a root of the bundle"

# ---- where it cannot be registered: a warning, silence, or an error, as was asked for ----
auto=$store/nix/var/nix/gcroots/auto
mv "$auto" "$auto-away"
ok "$cloister_bundle" path --store "$store" --output "$tmp/warned" "$busybox" -- sh
equal "$(cat "$err")" "cloister-bundle: warning: the closure is not protected from the garbage collector: open $auto: \
no such file or directory"
ok "$cloister_bundle" path --store "$store" --output "$tmp/silent" --no-gc-root "$busybox" -- sh
equal "$(cat "$err")" ""
refused "the closure cannot be protected from the garbage collector: open $auto: no such file or directory" \
	"$cloister_bundle" path --store "$store" --output "$tmp/required" --require-gc-root "$busybox" -- sh
[ ! -e "$tmp/required" ] || fail "a bundle was left"
mv "$auto-away" "$auto"

is_root || exit 0
# ---- the machine's own store and its daemon, which an ordinary user asks: in a root made of ours and /nix ----
top=$(contrib/demo/make-store.sh "$tmp/store")
user=$(contrib/ordinary-account)
root=$tmp/root
mkdir "$root" "$tmp/home"
chown "$user:" "$tmp/home"
cat >"$tmp/inside" <<'END'
set -eu
mount -t tmpfs root "$root"
for entry in /*; do
	name=${entry#/}
	case $name in nix | gnu | "*") continue ;; esac
	if [ -L "$entry" ]; then
		ln -s "$(readlink "$entry")" "$root/$name"
	elif [ -d "$entry" ]; then
		mkdir "$root/$name"
		mount --rbind "$entry" "$root/$name"
	fi
done
mkdir "$root/nix"
mount --bind "$store/nix" "$root/nix"
exec chroot "$root" sh -c '
	env -u NIX_REMOTE NIX_CONFIG="build-users-group =" nix-daemon >"$home/daemon.log" 2>&1 &
	daemon=$!
	for i in 1 2 3 4 5 6 7 8 9 10; do [ -S /nix/var/nix/daemon-socket/socket ] && break; sleep 0.2; done
	setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups \
		"$cloister_bundle" path --require-gc-root --output "$home/bundle" "$top"
	env -u NIX_REMOTE nix-store --gc --print-roots 2>/dev/null | grep -F "$home/bundle/gcroot -> $top"
	kill "$daemon"'
END
export root store top user cloister_bundle home=$tmp/home
ok unshare --mount --propagation private sh "$tmp/inside"
says "$home/bundle
$home/bundle/gcroot -> $top"
equal "$(stat -c %U "$home/bundle")" "$user"
equal "$(jq -c .store "$home/bundle/cloister.json")" '{"kind":"nix","dir":"/nix/store","root":"/"}'
equal "$(jq -r '.mounts[0].source' "$home/bundle/config.json" | cut -d/ -f1-3)" /nix/store
equal "$(jq -r '.linux.uidMappings[0].hostID' "$home/bundle/config.json")" "$(id -u "$user")"
