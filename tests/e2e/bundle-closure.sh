#!/usr/bin/env bash
# Each source of the closure gives the same five paths, as root and as someone who may not write to the store.
# tools: nix-build nix-store busybox jq sqlite3
# shellcheck disable=SC1091,SC2154
. tests/e2e/lib.sh
. tests/e2e/lib-bundle.sh
make_store
export cloister_bundle

digest_of() { jq -r .closure.digest "$1/cloister.json"; }
expected=sha256:$(echo "$closure" | sha256sum | cut -d' ' -f1)

same() { # SOURCE: what the last bundle says about itself
	equal "$(jq -r .closure.source "$b/cloister.json")" "$1"
	equal "$(digest_of "$b")" "$expected" "$1"
	equal "$(jq -r '.mounts[].destination | select(startswith("/nix/store/"))' "$b/config.json")" \
		"$(echo "$closure" | grep -v "$current")" "$1"
}

db=$store/nix/var/nix/db
before=$(ls -la "$db")
bundle --no-gc-root "$top"
same database
equal "$(ls -la "$db")" "$before" "reading the database leaves no trace"
bundle --scan "$top"
same scan
nix_store -qR "$top" >"$tmp/list"
bundle --closure "$tmp/list" "$top"
same list
b=$tmp/from-pipe
nix_store -qR "$top" | "$cloister_bundle" path --store "$store" --closure - --output "$b" "$top" >/dev/null
same list

mkdir "$tmp/info"
nix_store --dump-db >"$tmp/info/registration"
cp "$tmp/list" "$tmp/info/store-paths"
bundle --closure-info "$tmp/info" "$top"
same closure-info
awk 'NR == 1 || left == 0 { print; getline; getline; getline; print; getline; print; left = $1; next } { print; left-- }' \
	"$tmp/info/registration" >"$tmp/graph"
bundle --references-graph "$tmp/graph" "$top"
same references-graph

if env HOME="$tmp" nix --extra-experimental-features nix-command path-info --store "$store" --json -r "$top" >"$tmp/v1" 2>/dev/null; then
	bundle --path-info "$tmp/v1" "$top"
	same path-info
	jq 'if type == "array" then map({(.path): del(.path)}) | add else . end' "$tmp/v1" >"$tmp/v2"
	bundle --path-info "$tmp/v2" "$top"
	same path-info
fi

# ---- links that lead to a store path ----
ln -s "$top" "$tmp/result"
bundle "$tmp/result"
same database
bundle "$tmp/result/bin/httpd"
equal "$(jq -r '.process.args[0]' "$b/config.json")" "$top/bin/httpd"
bundle "$store$top"
same database

# ---- a store that is read-only for us, in WAL mode; with a writer; with the leavings of a killed one ----
sqlite3 "$db/db.sqlite" 'pragma journal_mode = wal' >/dev/null
is_root || chmod a-w "$db" "$db"/*
bundle --no-gc-root "$top"
same database
is_root || chmod u+w "$db" "$db"/*
# The references are taken away, in the WAL alone: an answer from the main file would be an old one.
mkfifo "$tmp/fifo"
sqlite3 "$db/db.sqlite" <"$tmp/fifo" >"$tmp/sqlite" &
background="$background $!"
exec 7>"$tmp/fifo"
echo "pragma wal_autocheckpoint = 0; create table mark (x); delete from Refs where referrer <> reference; select 'done';" >&7
wait_for grep -q "done" "$tmp/sqlite"
bundle --no-gc-root "$busybox" -- sh
equal "$(jq .closure.paths "$b/cloister.json")" 1
run "$cloister_bundle" path --store "$store" --no-gc-root --output "$tmp/open" "$top"
equal "$(jq .closure.paths "$tmp/open/cloister.json")" 1 "the WAL of an open writer is read"
kill -KILL "${background##* }"
exec 7>&-
[ -s "$db/db.sqlite-wal" ] || fail "the writer left no WAL"
rm -f "$db/db.sqlite-shm"
is_root || chmod a-w "$db" "$db"/*
run "$cloister_bundle" path --store "$store" --no-gc-root --output "$tmp/killed" "$top"
equal "$(jq .closure.paths "$tmp/killed/cloister.json")" 1 "the WAL of a killed writer is read"
is_root || chmod u+w "$db" "$db"/*

# ---- refusals ----
mkdir "$store/nix/store/00000000000000000000000000000000-stray"
refused "is not valid: the store database" "$cloister_bundle" path --store "$store" --output "$tmp/x" \
	/nix/store/00000000000000000000000000000000-stray
refused "exists already" "$cloister_bundle" path --store "$store" --output "$b" "$top"
[ ! -e "$tmp/x" ] || fail "a failed run left its output"
equal "$(find "$tmp" -maxdepth 1 -name '.cloister*')" "" "leavings"

# ---- Guix: another store directory, schema 7 ----
guix=$tmp/guix
mkdir -p "$guix/gnu/store" "$guix/var/guix/db"
echo 7 >"$guix/var/guix/db/schema"
app=/gnu/store/0123456789abcdfghijklmnpqrsvwxyz-app-1.0
lib=/gnu/store/11111111111111111111111111111111-lib
mkdir -p "$guix$app/bin" "$guix$lib"
cp "$(command -v busybox)" "$guix$app/bin/app"
sqlite3 "$guix/var/guix/db/db.sqlite" "
	create table ValidPaths (id integer primary key autoincrement not null, path text unique not null, hash text not null,
		registrationTime integer not null, deriver text, narSize integer);
	create table Refs (referrer integer not null, reference integer not null, primary key (referrer, reference));
	create table DerivationOutputs (drv integer not null, id text not null, path text not null, primary key (drv, id));
	insert into ValidPaths (path, hash, registrationTime) values ('$app', 'x', 1), ('$lib', 'x', 1);
	insert into Refs values (1, 2), (2, 2);"
ok "$cloister_bundle" path --store "$guix" --no-gc-root --output "$tmp/guix-bundle" "$app"
b=$tmp/guix-bundle
equal "$(jq -c .store "$b/cloister.json")" "{\"kind\":\"guix\",\"dir\":\"/gnu/store\",\"root\":\"$guix\"}"
equal "$(jq -r '.mounts[].destination | select(startswith("/gnu/"))' "$b/config.json")" "$app
$lib"
equal "$(jq -r '.annotations["run.cloister.store"]' "$b/config.json")" /gnu/store
