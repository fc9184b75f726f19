#!/usr/bin/env bash
# run.cloister.closure is set by whoever may set annotations, and applied to an image that may be hostile. Neither may get
# more out of it than store paths that everybody can read, where they belong.
# tools: busybox jq nix-store
# timeout: 200
# shellcheck disable=SC1091,SC2154,SC2016
. tests/attack/lib.sh
. tests/e2e/lib-bundle.sh
make_store
compiled locked
rt() { "${enter[@]}" "$cloister" --root "$state" --store "$store" "$@"; }
named() { jq -nr --arg text "$1" '".annotations[\"run.cloister.closure\"] = \($text | tojson)"'; }
closure='annotations."run.cloister.closure": '

# ---- what the annotation names: no path outside the store, however it is written ----
for word in /etc /etc/shadow /root / /dev/zero /proc/1/environ /nix/store/../../etc /nix/store "$busybox/../../../etc" \
	"$busybox/" "$busybox//bin" "/nix/store/./${busybox##*/}" "$busybox/bin/sh" "$busybox/bin/none" /nix/storex "${busybox%?}" \
	'*' '$(id)' "-$busybox" --store=/ "'$busybox'"; do
	refuses "$closure" "$(named "$word")"
	refuses "$closure" "$(named "$busybox $word")"
done
refuses "holds a control character" "$(named "$busybox
/etc")"
refuses "$closure" "$(named "$(printf '%s\033[2J' "$busybox")")"
! grep -q "$(printf '\033')" "$err" || fail "an escape sequence reached the terminal"
refuses 'is longer than 65536 bytes' "$(named "$(printf "$busybox %.0s" {1..2000})")"

# a list that names other things, and one that is no list: its content is not shown
mkfifo "$tmp/fifo"
printf '/etc/passwd\n' >"$tmp/list"
printf '%s\n' "$busybox/../x" >"$tmp/list2"
chmod 644 "$tmp"/list*
chmod a+x "$tmp"
for list in "$tmp/list" "$tmp/list2" "$tmp/fifo"; do refuses "$closure" "$(named "$list")"; done
# of a file that not everybody may read, not even a line: root reads it with nobody's rights
echo "secret of root" >"$tmp/secret"
chmod 600 "$tmp/secret"
ln -s "$tmp/secret" "$tmp/link"
for file in secret link; do
	refuses "$closure" "$(named "$tmp/$file")"
	! grep -q 'secret of' "$err" || fail "a line of the file is shown"
	! is_root || grep -qi 'permission denied' "$err" || fail "$file was read by root"
done
# whoever may build can put such a link into the store
chmod u+w "$store/nix/store"
evil=/nix/store/00000000000000000000000000000000-evil
mkdir "$store$evil"
ln -s "$tmp/secret" "$store$evil/list"
ln -s "$tmp" "$store$evil/dir"
refuses 'leads out of the store' "$(named "$evil/list")"
refuses 'leads out of the store' "$(named "$evil/dir/list")"
refuses 'is not valid' "$(named "$evil")"
# what a build has not finished is nobody else's
unfinished=/nix/store/11111111111111111111111111111111-unfinished
mkdir -m 750 "$store$unfinished"
echo "$unfinished" >"$store$evil/unfinished"
refuses 'is not readable for everybody' "$(named "$evil/unfinished")"

# ---- the environment does not choose the helper ----
mkdir "$tmp/bin"
printf '#!/bin/sh\ntouch %s\n' "$tmp/called" | tee "$tmp/bin/cloister-bundle" >"$bundle/rootfs/bin/cloister-bundle"
chmod +x "$tmp/bin/cloister-bundle" "$bundle/rootfs/bin/cloister-bundle"
PATH=$tmp/bin:$PATH LD_PRELOAD='' inside 'ls /nix/store' "$(named "$busybox") | .process.env = [\"PATH=$tmp/bin:/bin\"]"
[ ! -e "$tmp/called" ] || fail "another cloister-bundle was called"

# ---- the image: links that lead elsewhere are not followed, and nothing is made where they lead ----
mkdir "$tmp/outside"
for target in "$tmp/outside" ../../outside /etc /proc / /tmp/outside; do
	for link in nix nix/store; do
		rm -rf "$bundle/rootfs/nix"
		[ $link = nix ] || mkdir "$bundle/rootfs/nix"
		ln -s "$target" "$bundle/rootfs/$link"
		refuses 'leads over a symlink' "$(named "$busybox")"
		equal "$(find "$tmp/outside" "$bundle/rootfs/etc")" "$tmp/outside
$bundle/rootfs/etc" "made by a link $link to $target"
	done
done
rm -rf "$bundle/rootfs/nix"
echo file >"$bundle/rootfs/nix"
refuses "$closure" "$(named "$busybox")"
rm "$bundle/rootfs/nix"
# the image's own paths are links to the host's files: they stay links, within the container
mkdir -p "$bundle/rootfs/nix/store"
ln -s /etc/hostname "$bundle/rootfs$busybox"
ln -s "$tmp/outside" "$bundle/rootfs$pages"
before=$(picture "$bundle/rootfs/nix")
inside "ls $busybox/bin/sh $pages/index.html; grep -c ' /nix/store/' /proc/self/mountinfo" "$(named "$top")"
has '^4$'
equal "$(picture "$bundle/rootfs/nix")" "$before" "the image afterwards"
equal "$(find "$tmp/outside")" "$tmp/outside"
rm -rf "$bundle/rootfs/nix"

# ---- the container: with all capabilities of a user namespace nothing can be written, unmounted or uncovered ----
cp "$tmp/locked" "$bundle/rootfs/bin/locked"
mkdir -p "$bundle/rootfs/nix/store"
before=$(picture "$store/nix/store")
for kind in $(kinds); do
	case $kind in
	none | nested)
		kind "$kind"
		refuses 'store paths cannot be locked against a container with CAP_SYS_ADMIN' "$(named "$top") | $(all_capabilities)"
		continue
		;;
	esac
	kind "$kind"
	inside "exec /bin/locked /nix/store $pages $conf /tmp" "$(named "$top") | $(all_capabilities)"
	has_not WORKED
	has_not unshare
	equal "$(grep -cE ': tried (8[5-9]|9[0-9])$' "$out")" 3 "$kind: the attacks of three places"
	equal "$(picture "$store/nix/store")" "$before" "$kind: the store afterwards"
	nothing_left
done
