#!/usr/bin/env bash
# cloister-build: a graph of derivations is built, and is in the store what Nix itself would have built there.
# tools: nix-instantiate nix-store busybox jq sqlite3
# timeout: 240
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-drv.sh
. tests/e2e/lib-build.sh
drv_store

graph='rec {
	first = build { name = "first"; text = "mkdir -p $out/bin $out/empty; echo hello >$out/file; ln -s ../file $out/bin/link; chmod 600 $out/file
		echo \"#!/bin/sh\" >$out/bin/run; chmod 711 $out/bin/run; touch -d 2001-01-01 $out/file; ln $out/file $out/twice"; };
	second = build { name = "second"; outputs = [ "out" "dev" ]; text = "echo ${first} >$out; ln -s $out $dev"; };
	third = build { name = "third"; text = "echo ${first}/file $out ${second.dev} >$out; echo the third"; };
}'
instantiate "($graph).third"
third=$drv
output=$(nix_ nix-store --query --outputs "$third")

# --dry-run builds nothing
build --dry-run --store "$tmp/dry" "$third"
equal "$(wc -l <"$out")" 3
equal "$(tail -n 1 "$out")" "$third"
equal "$(ls "$tmp/dry/nix/store")" ''

built --store "$tmp/root" "$third"
says "$output"
equal "$(grep -c '^built ' "$err")" 3
grep -qx "building $third" "$err"
# once more there is nothing to do
built --store "$tmp/root" "$third"
says "$output"
equal "$(cat "$err")" ''

# Nix takes the store for its own, and has built the same
ok in_root "$tmp/root" nix-store --verify --check-contents
cp -a "$store" "$tmp/reference"
sandbox=$(is_root && echo true || echo false)
ok in_root "$tmp/reference" nix-store --option sandbox "$sandbox" --realise "$third"
for path in $(in_root "$tmp/reference" nix-store --query --requisites "$output"); do
	equal "$(hash_in "$tmp/root" "$path")" "$(hash_in "$tmp/reference" "$path")" "$path"
	equal "$(in_root "$tmp/root" nix-store --query --references "$path" | sort)" \
		"$(in_root "$tmp/reference" nix-store --query --references "$path" | sort)" "references of $path"
	equal "$(in_root "$tmp/root" nix-store --query --deriver "$path")" \
		"$(in_root "$tmp/reference" nix-store --query --deriver "$path")" "deriver of $path"
done
equal "$(in_root "$tmp/root" nix-store --query --outputs "$third")" "$output"
equal "$(sqlite3 "$tmp/root/nix/var/nix/db/db.sqlite" 'select count(*) from DerivationOutputs')" 4
equal "$(sqlite3 "$tmp/root/nix/var/nix/db/db.sqlite" 'select count(*) from ValidPaths where ultimate')" 4
first=$(in_root "$tmp/root" nix-store --query --references "$output" | grep -- -first)
equal "$(stat -c '%a %Y %h' "$tmp/root$first" "$tmp/root$first/file" "$tmp/root$first/bin/run" | cut -d' ' -f1,2 | tr '\n' ' ')" \
	'555 1 444 1 555 1 '
equal "$(stat -c %h "$tmp/root$first/file")" 1
log=$tmp/root/nix/var/log/nix/drvs/$(basename "$third" | sed 's,^..,&/,')
equal "$(cat "$log")" 'the third'

# into a folder: nothing but outputs, and they serve as inputs of others
instantiate "($graph).second"
built --output "$tmp/folder" "$drv"
equal "$(grep -c "^$tmp/folder/.*-second" "$out")" 2
built --output "$tmp/folder" "$third" --log-dir "$tmp/conf" --print-build-logs
equal "$(grep -c '^built ' "$err")" 1
grep -qx 'third> the third' "$err"
equal "$(cat "$tmp/conf/$(basename "$third").log")" 'the third'
equal "$(ls "$tmp/folder" | wc -l)" 4
cmp "$tmp/folder/${output##*/}" "$tmp/root$output"

# what the inputs' store has is not built but copied
in_root "$tmp/reference" nix-store --option sandbox false --realise "$third" >/dev/null 2>&1
store=$tmp/reference
built --store "$tmp/copy" "$third"
! grep '^built ' "$err" || fail "this should not be there"
ok in_root "$tmp/copy" nix-store --verify --check-contents
equal "$(hash_in "$tmp/copy" "$output")" "$(hash_in "$tmp/root" "$output")"
store=$tmp/store

# several at once, of which two cannot build the same path twice
instantiate 'build { name = "wide"; text = "echo ${toString (map (n: build { name = "part-${n}"; text = "sleep 2; echo ${n} >$out"; }) [ "1" "2" "3" "4" "5" "6" ])} >$out"; }'
build --store "$tmp/wide" --jobs 6 "$drv" &
sleep 0.3
SECONDS=0
run timeout 100 env TMPDIR="$tmp/builds" "$cloister_build" --from "$store" --store "$tmp/wide" --jobs 6 "$drv"
wait
[ "$status" = 0 ] || fail "two at once"
[ $SECONDS -lt 11 ] || fail "six builds of two seconds took $SECONDS"
ok in_root "$tmp/wide" nix-store --verify --check-contents
equal "$(sqlite3 "$tmp/wide/nix/var/nix/db/db.sqlite" "select count(*) from ValidPaths where ultimate")" 7
nothing_left

# the default place
instantiate 'build { name = "home"; text = "echo >$out"; }'
built "$drv"
[ -e "$tmp/.local/share/cloister/root$(cat "$out")" ]

# on a terminal: a line for what runs and one that counts are redrawn, and are gone in the end
if command -v python3 >/dev/null; then
	instantiate 'build { name = "shown"; text = "echo first words; sleep 2; echo ${build { name = "before"; text = "echo >$out"; }} >$out"; }'
	TERM=xterm TMPDIR=$tmp/builds timeout 60 python3 - "$cloister_build" --from "$store" --store "$tmp/root" "$drv" >"$out" <<-'END'
		import pty, sys
		sys.exit(pty.spawn(sys.argv[1:], stdin_read=lambda fd: b"") >> 8)
	END
	grep -qaE $'^\r?(\033\\[[0-9]*[AJ])*  shown [0-9]+s  first words' "$out" || fail "no line of what runs: $(cat -v "$out")"
	grep -qaF '[0 of 2 done, 1 running, 1 waiting] waits: shown' "$out"
	grep -qaF '[1 of 2 done, 1 running, 0 waiting]' "$out"
	grep -qaE "built $drv in [0-9]+s" "$out"
	tail -n 1 "$out" | grep -qa -- '-shown'
fi
