#!/usr/bin/env bash
# What a Nix builder finds in its build directory (docs/sandbox.md, N3): structured attributes, passAsFile and both forms
# of exportReferencesGraph; byte for byte what Nix itself writes, where its sandbox works.
# tools: nix-instantiate nix-store busybox jq
# timeout: 240
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-drv.sh
drv_store

realise() { # DRV...: by Nix, in its own sandbox; fails where that does not work
	unshare --mount --propagation private bash -c '. tests/e2e/lib-drv.sh; tmp=$1 store=$2 store_dir=/nix/store nix_store=$2; shift 2
		nix_ nix-store --realise "$@" --option sandbox true --option sandbox-fallback false --option sandbox-paths ""' - "$tmp" "$store" "$@" \
		>"$tmp/realised" 2>"$err" </dev/null
}

# The same builder, in both: it keeps what it finds.
compare() { # NAME EXPRESSION
	instantiate "$2"
	drv_bundle
	run_drv
	equal "$status" 0 "$1"
	cp -R "$(output "$1")" "$tmp/ours-$1"
	is_root || return 0
	realise "$drv" || { echo "Nix's own sandbox does not work here: $(tail -n 1 "$err")"; return 0; }
	equal "$(diff -r "$tmp/ours-$1" "$store$(cat "$tmp/realised")")" '' "$1: what Nix writes, and we"
	compared=1
}
compared=0

# Two paths of which one refers to the other, made by Nix itself if it can.
graph='let
	leaf = builtins.path { name = "leaf"; path = ./leaf; };
	tree = script "tree" "points to ${leaf}\n";
in'
mkdir "$tmp/nix/leaf"
echo leaf >"$tmp/nix/leaf/file"

compare keep "$graph"' build {
	name = "keep";
	text = "mkdir $out; cp .attr-* $out/; [ -s $bPath ]; cp tree $out/tree; cp both $out/both; env | sort | grep -v ^_= >$out/env; for f in $out/*; do stat -c %a $f; done >$out/modes";
	a = "one\ntwo"; b = "\ttabs and ${"\\"}back";
	passAsFile = [ "a" "b" ];
	exportReferencesGraph = [ "tree" tree "both" busybox ];
}'
equal "$(sed 's,.*-,,' "$tmp/ours-keep/tree" | sort | tr '\n' ' ')" '  0 1 leaf leaf tree ' "two paths, no deriver, one reference"

compare attrs "$graph"' raw {
	name = "attrs";
	__structuredAttrs = true;
	outputs = [ "out" ];
	args = [ "-euc" "export PATH=${busybox}/bin; out=${builtins.placeholder "out"}; mkdir $out; cp $NIX_ATTRS_JSON_FILE $NIX_ATTRS_SH_FILE $out; env | sort | grep -v ^_= | grep -v ^PATH= >$out/env" ];
	"not-a-name" = "left out"; quoted = "it'"'"'s $HOME `id` \"x\" \\ \n"; empty = ""; truth = true; lie = false; nothing = null;
	whole = 42; negative = -7; fraction = 2.5; large = 3000000000; list = [ 1 "two" false null ]; mixed = [ 1 [ 2 ] ];
	map = { a = "b"; "c d" = 1; }; deep = { a.b = 1; }; unicode = "ä€𝄞";
	exportReferencesGraph = { graph = [ tree [ busybox ] ]; one = leaf; };
}'
for line in "declare quoted='it'\\''s \$HOME \`id\` \"x\" \\ " 'declare truth=1' 'declare lie=' "declare nothing=''" 'declare whole=42' \
	"declare -a list=(1 'two'  '' )" "declare -A map=(['a']='b' ['c d']=1 )"; do
	grep -qxF -- "$line" "$tmp/ours-attrs/.attrs.sh" || fail "no line '$line' in $(cat "$tmp/ours-attrs/.attrs.sh")"
done
equal "$(bash -euc '. "$1"; echo "$quoted|${list[1]}|${map[c d]}|${outputs[out]}"' - "$tmp/ours-attrs/.attrs.sh")" \
	"$(printf 'it'\''s $HOME `id` "x" \\ \n|two|1|/nix/store/%s' "$(basename "$(output attrs)")")" "bash reads it"
! grep -qE 'not-a-name|fraction|deep|mixed' "$tmp/ours-attrs/.attrs.sh" || fail "what bash cannot have was not left out"
equal "$(jq -r '.outputs.out' "$tmp/ours-attrs/.attrs.json")" "/nix/store/$(basename "$(output attrs)")"
equal "$(jq -c '[.graph[].path | sub(".*-"; "")] | sort' "$tmp/ours-attrs/.attrs.json")" '["busybox","leaf","tree"]'
equal "$(jq -c '.one[0] | keys' "$tmp/ours-attrs/.attrs.json")" '["ca","closureSize","narHash","narSize","path","references","valid"]'
echo "compared with Nix itself: $compared"
