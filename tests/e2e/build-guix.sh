#!/usr/bin/env bash
# cloister-build with a store of Guix: derivations of /gnu/store, which Nix has made for want of a Guix, are built in Guix's
# sandbox, into a store with a database of Guix's schema.
# needs: user
# tools: nix-instantiate nix-store busybox jq sqlite3
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-drv.sh
. tests/e2e/lib-build.sh
drv_store guix
root=$tmp/root

instantiate 'let first = build { name = "first"; text = "id -u; pwd; mkdir $out; echo x >$out/x"; }; in
	build { name = "second"; text = "echo ${first} $out >$out"; }'
built --store "$root" --print-build-logs "$drv"
output=$(cat "$out")
[[ $output = /gnu/store/*-second ]]
grep -qx 'first> 30001' "$err"
grep -qx 'first> /tmp/guix-build-first.drv-0' "$err"
database=$root/var/guix/db/db.sqlite
equal "$(cat "$root/var/guix/db/schema")" 7
equal "$(sqlite3 "$database" "select group_concat(name) from pragma_table_info('ValidPaths')")" \
	id,path,hash,registrationTime,deriver,narSize
equal "$(sqlite3 "$database" "select count(*) from Refs join ValidPaths on id = referrer where path = '$output'")" 2
equal "$(sqlite3 "$database" "select hash, narSize from ValidPaths where path = '$output'")" \
	"sha256:$(nix-hash --type sha256 "$root$output")|$(nix-store --dump "$root$output" | wc -c)"
equal "$(sqlite3 "$database" "select deriver from ValidPaths where path = '$output'")" "$drv"
equal "$(sqlite3 "$database" "select DerivationOutputs.path from DerivationOutputs join ValidPaths v on v.id = drv where v.path = '$drv'")" "$output"
[ -f "$root/var/log/guix/drvs/$(basename "$drv" | sed 's,^..,&/,')" ]
# the runtime's converter takes the store for one of Guix
ok "$cloister_bundle" closure --store "$root" "$output"
equal "$(wc -l <"$out")" 2
built --store "$root" --check "$drv"
