#!/usr/bin/env bash
# cloister-build: what a derivation demands of its outputs: fixed hashes in every method and algorithm, floating paths as Nix
# makes them, references, sizes. --check and --keep-failed.
# tools: nix-instantiate nix-store busybox jq sqlite3
# timeout: 240
# shellcheck disable=SC1091,SC2154,SC2016,SC2034,SC2046
. tests/e2e/lib.sh
. tests/e2e/lib-drv.sh
. tests/e2e/lib-build.sh
drv_store
need nix-hash
root=$tmp/root
# no helper for a network is needed where none is used
build_() { built --network none --store "$root" "$@"; }

# ---- fixed outputs: in every method and algorithm one with its own hash, and one with another ----
echo 'a fixed text' >"$tmp/flat"
mkdir "$tmp/tree"
echo 'a fixed text' >"$tmp/tree/file"
flat_text='echo "a fixed text" >$out'
recursive_text='mkdir $out; echo "a fixed text" >$out/file'
all=
for algorithm in md5 sha1 sha256 sha512; do
	flat=$(nix-hash --flat --type $algorithm "$tmp/flat") recursive=$(nix-hash --type $algorithm "$tmp/tree")
	for mode in flat recursive; do
		hash=${!mode} text=${mode}_text
		all="$all (fixed \"$algorithm-$mode-right\" \"$mode\" \"$algorithm\" \"$hash\" ''${!text}'')"
		all="$all (fixed \"$algorithm-$mode-wrong\" \"$mode\" \"$algorithm\" \"${hash:1}${hash:0:1}\" ''${!text}'')"
	done
done
instantiate "let fixed = name: mode: algorithm: hash: text: build { inherit name text; outputHashMode = mode; outputHashAlgo = algorithm; outputHash = hash; };
	in build { name = \"all\"; text = \"\"; all = [ $all ]; }"
build_fails 102 'hash mismatch in fixed-output derivation' --network none --store "$root" --jobs 4 --keep-going "$drv"
for algorithm in md5 sha1 sha256 sha512; do
	flat=$(nix-hash --flat --type $algorithm "$tmp/flat") recursive=$(nix-hash --type $algorithm "$tmp/tree")
	for mode in flat recursive; do
		hash=${!mode}
		path=$(echo "$root"/nix/store/*-$algorithm-$mode-right)
		equal "$(cat "$path/file" 2>/dev/null || cat "$path")" 'a fixed text'
		equal "$(sqlite3 "$root/nix/var/nix/db/db.sqlite" "select ca from ValidPaths where path = '${path#"$root"}'")" \
			"fixed:$([ $mode = flat ] || echo r:)$algorithm:$(nix-hash --to-base32 --type $algorithm "$hash")"
		[ -z "$(find "$root/nix/store" -name "*-$algorithm-$mode-wrong")" ]
		grep -q "hash mismatch in fixed-output derivation '.*-$algorithm-$mode-wrong.drv': specified: $algorithm-.* got: $algorithm-$(
			printf '%s' "$hash" | sed 's/../\\x&/g' | xargs -0 printf | base64 -w0)\$" "$err"
	done
done
fixed='outputHashMode = "flat"; outputHashAlgo = "sha1"; outputHash = "0000000000000000000000000000000000000000"'
instantiate "build { name = \"executable\"; $fixed; text = \"echo x >\$out; chmod +x \$out\"; }"
build_fails 1 'should be a regular file that is not executable' --network none --store "$root" "$drv"
hash=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 # of nothing
instantiate "build { name = \"flat-folder\"; outputHashMode = \"flat\"; outputHashAlgo = \"sha256\"; outputHash = \"$hash\"; text = \"mkdir \$out\"; }"
build_fails 1 'should be a regular file that is not executable' --network none --store "$root" "$drv"
# a fixed output may not refer to anything
instantiate 'build { name = "referring"; outputHashMode = "flat"; outputHashAlgo = "sha256"; outputHash = "0000000000000000000000000000000000000000000000000000"; text = "echo ${busybox} >$out"; }'
build_fails 102 'hash mismatch' --network none --store "$root" "$drv"
got=$(sed -n 's/.* got: //p' "$err" | tail -n 1)
instantiate "build { name = \"referring\"; outputHashMode = \"flat\"; outputHashAlgo = null; outputHash = \"$got\"; text = \"echo \${busybox} >\$out\"; }"
build_fails 1 'fixed-output derivations must not reference store paths' --network none --store "$root" "$drv"

# ---- floating outputs get the paths that Nix gives them,
# and what needs them is resolved as Nix resolves it.
ca='__contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256";'
instantiate "let
	one = build { name = \"one\"; $ca outputs = [ \"out\" \"dev\" ]; text = ''
		mkdir \$out \$dev; echo \$out >\$out/self; ln -s \$out/self \$out/link; echo \$dev \$out \${busybox} >\$dev/all''; };
	plain = build { name = \"plain\"; text = \"echo plain >\$out\"; };
	two = build { name = \"two\"; text = \"echo \${one} \${one.dev} \${plain} \$out >\$out\"; };
	three = build { name = \"three\"; $ca text = \"echo \${two} \${one.dev} >\$out\"; };
	in build { name = \"four\"; text = \"echo \${three} \${two} >\$out; echo \$out >\$lib\"; outputs = [ \"out\" \"lib\" ]; }"
build_ --jobs 2 "$drv"
ours=$(sort "$out")
ok in_root "$root" nix-store --verify --check-contents
cp -a "$store" "$tmp/reference"
theirs=$(in_root "$tmp/reference" nix-store --option experimental-features ca-derivations --realise "$drv" 2>/dev/null | sort)
equal "$ours" "$theirs"
closure=$(in_root "$tmp/reference" nix-store --query --requisites $theirs)
equal "$(echo "$closure" | wc -l)" 8
for path in $closure; do
	equal "$(hash_in "$root" "$path")" "$(hash_in "$tmp/reference" "$path")" "$path"
	equal "$(in_root "$root" nix-store --query --references "$path" | sort)" "$(in_root "$tmp/reference" nix-store --query --references "$path" | sort)"
	equal "$(in_root "$root" nix-store --query --deriver "$path")" "$(in_root "$tmp/reference" nix-store --query --deriver "$path")"
done
build_ "$drv" # again: the same paths, which stay as they are
equal "$(sort "$out")" "$ours"

# ---- references and sizes ----
refers='text = "echo ${busybox} $out >$out"'
demand() { # STATUS TEXT ATTRIBUTES
	instantiate "build { name = \"demands\"; $refers; $3; }"
	if [ "$1" = 0 ]; then build_ "$drv"; else build_fails "$1" "$2" --store "$root" "$drv"; fi
}
demand 0 '' 'allowedReferences = [ busybox "out" ]'
demand 1 'is not allowed to refer to the following paths: ' 'allowedReferences = [ "out" ]'
demand 1 '(allowedReferences)' 'allowedReferences = [ busybox ]'
demand 1 '(disallowedReferences)' 'disallowedReferences = [ busybox ]'
demand 0 '' 'allowedRequisites = [ busybox ]'
demand 1 '(allowedRequisites)' 'allowedRequisites = [ ]'
demand 1 '(disallowedRequisites)' 'disallowedRequisites = [ busybox ]'
structured() { # STATUS TEXT CHECKS
	instantiate "raw { name = \"sizes\"; __structuredAttrs = true; outputChecks = $3; args = [ \"-euc\" ''
		export PATH=\${busybox}/bin
		out=\$(sed 's/.*\"out\":\"\\([^\"]*\\)\".*/\\1/' \"\$NIX_ATTRS_JSON_FILE\"); echo \"\${busybox}\" >\$out'' ]; }"
	if [ "$1" = 0 ]; then build_ "$drv"; else build_fails "$1" "$2" --store "$root" "$drv"; fi
}
structured 0 '' '{ out = { maxSize = 168; maxClosureSize = 10000000; }; }'
structured 1 "is too large at 168 bytes; limit is 167 bytes (maxSize)" '{ out.maxSize = 167; }'
structured 1 '(maxClosureSize)' '{ out.maxClosureSize = 10000; }'
structured 1 '(disallowedRequisites)' '{ out.disallowedRequisites = [ busybox ]; }'
equal "$(in_root "$root" nix-store --query --references "$(sqlite3 "$root/nix/var/nix/db/db.sqlite" "select path from ValidPaths where path like '%-sizes'")" | wc -l)" 1

# ---- --check ----
instantiate 'build { name = "steady"; text = "mkdir $out; echo x >$out/x"; }'
build_fails 1 'some outputs of ' --check --store "$root" "$drv"
build_ "$drv"
build_ --check "$drv"
grep -q '^built again, with the same result, ' "$err"
instantiate 'build { name = "shaky"; text = "mkdir $out; cd $out; echo same >same; cat /proc/sys/kernel/random/uuid >differs; echo a long beginning $(cat differs) >later
	touch only-$(cat differs); ln -s $(cat differs) link; [ ! -e /build/x ] || true"; }'
build_ "$drv"
shaky=$(cat "$out")
build_fails 104 "derivation '$drv' may not be deterministic: output '$root$shaky' differs from '$root$shaky.check'" --check --store "$root" "$drv"
grep -q "^difference in $drv: differs: contents differ from byte " "$err"
grep -q "^difference in $drv: later: contents differ from byte [0-9][0-9]* on\$" "$err"
grep -q "^difference in $drv: link: leads to '.*' in the first, to '.*' in the second\$" "$err"
equal "$(grep -c "^difference in $drv: only-.*: only in the first\$" "$err") $(grep -c "only in the second\$" "$err")" '1 1'
! grep -q 'difference.* same:' "$err" || fail "this should not be there"
equal "$(cat "$root$shaky.check/same")" same
ok in_root "$root" nix-store --verify --check-contents

# ---- --keep-failed ----
instantiate 'build { name = "kept"; text = "mkdir -p a/b; echo here >a/b/file; cp ${busybox}/bin/busybox a/program; chmod 0 a/b; chmod 777 a; exit 1"; }'
run timeout 60 env TMPDIR="$tmp/builds" "$cloister_build" --from "$store" --store "$root" --keep-failed "$drv"
equal "$status" 100
kept=$tmp/builds/cloister-build-kept.drv-0
grep -qx "kept the build directory of $drv: $kept" "$err"
equal "$(stat -c '%a %u' "$kept")" "700 $(id -u)"
equal "$(cat "$kept/a/b/file")" here
equal "$(find "$tmp/builds" -mindepth 1 -maxdepth 1)" "$kept"
run timeout 60 env TMPDIR="$tmp/builds" "$cloister_build" --from "$store" --store "$root" -K "$drv"
equal "$(find "$tmp/builds" -mindepth 1 -maxdepth 1 | sort)" "$(printf '%s\n' "$kept" "${kept%0}1")"
