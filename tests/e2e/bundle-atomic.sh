#!/usr/bin/env bash
# A bundle is there whole or not at all, whatever ends its writer; a thousand paths are no problem.
# tools: jq sqlite3
# shellcheck disable=SC1091,SC2154
. tests/e2e/lib.sh

# ---- a store of a thousand paths, each of which refers to the next ----
paths=1000
store=$tmp/store
db=$store/nix/var/nix/db
mkdir -p "$store/nix/store" "$db"
echo 10 >"$db/schema"
seq -f '/nix/store/%032.0f-path' 1 $paths >"$tmp/list"
(cd "$store/nix/store" && sed 's,^/nix/store/,,' "$tmp/list" | xargs mkdir)
top=$(head -n 1 "$tmp/list")
mkdir "$store$top/bin"
printf '#!/bin/true\n' >"$store$top/bin/x"
chmod +x "$store$top/bin/x"
{
	echo "create table ValidPaths (id integer primary key autoincrement not null, path text unique not null);"
	echo "create table Refs (referrer integer not null, reference integer not null, primary key (referrer, reference));"
	echo "begin;"
	sed "s/.*/insert into ValidPaths (path) values ('&');/" "$tmp/list"
	echo "insert into Refs select id, id + 1 from ValidPaths where id < $paths;"
	echo "commit;"
} | sqlite3 "$db/db.sqlite"
convert=("$cloister_bundle" path --store "$store" --no-gc-root)

ok "${convert[@]}" --output "$tmp/whole" "$top"
equal "$(jq '.mounts | length' "$tmp/whole/config.json")" $((paths + 7))
equal "$(find "$tmp/whole/rootfs/nix/store" -mindepth 1 | wc -l)" $paths
cp "$tmp/whole/config.json" "$tmp/expected"

# ---- ended at many moments: by a signal that it can see, nothing is left; killed, only what its name tells ----
mkdir "$tmp/here"
killed=0 finished=0
for signal in INT TERM HUP KILL; do
	for delay in 0 0.002 0.005 0.01 0.02 0.03 0.05; do
		status=0
		timeout --signal=$signal $delay "${convert[@]}" --output "$tmp/here/bundle" "$top" >"$out" 2>"$err" || status=$?
		if [ -e "$tmp/here/bundle" ]; then
			finished=$((finished + 1))
			sed "s,$tmp/here/bundle,$tmp/whole,g" "$tmp/here/bundle/config.json" | cmp - "$tmp/expected" ||
				fail "a bundle that is not whole after SIG$signal"
			equal "$(find "$tmp/here/bundle/rootfs/nix/store" -mindepth 1 | wc -l)" $paths
			rm -rf "$tmp/here/bundle"
		else
			killed=$((killed + 1))
			[ "$status" != 0 ] || fail "exit status 0 and no bundle"
		fi
		left=$(find "$tmp/here" -mindepth 1 -maxdepth 1)
		case $signal,$left in
		*,) ;;
		KILL,"$tmp/here/.cloister-bundle-"*) rm -rf "$left" ;;
		*) fail "left after SIG$signal: $left" ;;
		esac
	done
done
[ $killed -gt 0 ] || fail "no writer was ended"

# ---- two writers, one place: one wins, whole ----
for i in 1 2 3 4 5; do
	wins=0
	"${convert[@]}" --output "$tmp/here/race" "$top" >/dev/null 2>"$tmp/first" &
	first=$!
	"${convert[@]}" --output "$tmp/here/race" "$top" >/dev/null 2>"$tmp/second" && wins=$((wins + 1))
	wait $first && wins=$((wins + 1))
	equal $wins 1 "winners of race $i"
	cat "$tmp/first" "$tmp/second" | grep -q "exists already" || fail "the loser of race $i did not say why"
	equal "$(find "$tmp/here" -mindepth 1 -maxdepth 1)" "$tmp/here/race"
	equal "$(find "$tmp/here/race/rootfs/nix/store" -mindepth 1 | wc -l)" $paths
	rm -rf "$tmp/here/race"
done

# ---- no room left on the device: an error, and nothing is left ----
if is_root; then
	mkdir "$tmp/small"
	mount -t tmpfs -o size=64k,nr_inodes=500 small "$tmp/small"
	refused "no space left on device" "${convert[@]}" --output "$tmp/small/bundle" "$top"
	left=$(ls -A "$tmp/small")
	umount "$tmp/small"
	equal "$left" ""
fi
