#!/usr/bin/env bash
# cloister-build external-builder: what Nix 2.34 asks for, by a file like Nix's own; and, as root on Debian with a network,
# by Nix 2.34 itself, as root and as an ordinary user.
# tools: nix-instantiate nix-store busybox jq
# timeout: 240
# no-sanitizers: what it runs beside Nix runs with sanitizers in the other build-* tests
# shellcheck disable=SC1091,SC2154,SC2016,SC2046
. tests/e2e/lib.sh
. tests/e2e/lib-drv.sh
. tests/e2e/lib-build.sh
drv_store
need nix

# request EXPRESSION [JQ-FILTER]: the file that Nix would write for it, $json; the derivation's output is $output.
request() {
	instantiate "$1"
	top=$tmp/builds/top
	chmod -R u+rwx "$top" 2>/dev/null || :
	rm -rf "$top"
	mkdir -p "$top/build"
	json=$top/build.json
	output=$(nix_ nix-store --query --outputs "$drv")
	nix_ nix --extra-experimental-features nix-command show-derivation "$drv" 2>/dev/null | jq --arg top "$top" --arg real "$store/nix/store" \
		--argjson inputs "$(nix_ nix-store --query --requisites $(nix_ nix-store --query --references "$drv" | grep -v '\.drv$') | jq -R . | jq -s .)" \
		'.[] | { version: 1, builder, args, topTmpDir: $top, tmpDir: ($top + "/build"), tmpDirInSandbox: "/build", storeDir: "/nix/store",
			realStoreDir: $real, system, inputPaths: $inputs, outputs: (.outputs | map_values(.path)),
			env: (.env + { NIX_BUILD_TOP: "/build", TMPDIR: "/build", HOME: "/homeless-shelter" }) }' | jq "${2:-.}" >"$json"
}
external() { run timeout 60 "$cloister_build" external-builder "$json"; }
clean() { equal "$(ls "$top")" "$(printf 'build\nbuild.json')"; }

request 'build { name = "plain"; text = "echo to the log; echo in the log >&2; id -u; pwd; echo left >left; umask; echo made >$out; chmod 600 $out; chmod 700 ${busybox} || echo no chmod"; }'
external
equal "$status" 0
equal "$(head -c 2 "$err" | od -An -c | tr -d ' ')" '002\n'
has '^to the log$'
has '^1000$'
has '^/build$'
grep -q '^in the log$' "$err"
grep -q '^chmod: .*Read-only file system' "$err"
equal "$(cat "$store$output")" made
equal "$(stat -c '%a %u' "$store$output")" "444 $(id -u)"
equal "$(cat "$top/build/left")" left
clean

# the builder's exit status is ours, and nothing comes into the store
request 'build { name = "fails"; text = "echo >$out; exit 5"; }'
external
equal "$status" 5
[ ! -e "$store$output" ]
clean

# what is refused, before the byte that says that the sandbox is there
refuse() { # TEXT JQ-FILTER
	request 'build { name = "refused"; text = "echo >$out"; }' "$2"
	refused "$1" "$cloister_build" external-builder "$json"
	clean
}
refuse 'version 2 of Nix'"'"'s protocol for external builders is not known' '.version = 2'
refuse "'tmpDir' is not an absolute path" '.tmpDir = "x"'
refuse "is not a store path of /nix/store" '.outputs.out = "/nix/store/../../etc/x"'
refuse "is not a store path of /nix/store" '.inputPaths += ["/etc"]'
refuse "storeDir is /gnu/store" '.storeDir = "/gnu/store"'
refuse "member 'env' is missing" 'del(.env)'
refuse "builder 'builtin:fetchurl' is not a program of the store" '.builder = "builtin:fetchurl"'
echo '{' >"$json"
refused 'build.json:' "$cloister_build" external-builder "$json"

# outputs are taken as those of a build are: nothing that a store must not have
request 'build { name = "fifo"; text = "mkdir $out; mkfifo $out/x"; }'
external
equal "$status" 1
grep -q 'is neither a file nor a folder nor a symbolic link$' "$err"
[ ! -e "$store$output" ]
clean

# Nix kills us: nothing of the builder is left
marker=$((2000000 + RANDOM))
left() { grep -lsaz "^$marker\$" /proc/[0-9]*/cmdline >/dev/null; }
request "build { name = \"killed\"; text = \"(setsid sleep $marker &); exec sleep $marker\"; }"
setsid "$cloister_build" external-builder "$json" >"$out" 2>"$err" &
wait_for left
kill -KILL -- -$!
gone() { ! left && [ "$(ls "$top")" = "$(printf 'build\nbuild.json')" ]; }
wait_for gone

# ---- the real Nix ----
is_root && command -v mmdebstrap >/dev/null || exit 0
if [ -z "${NIX_TREE:-}" ]; then
	NIX_TREE=$tmp/tree
	timeout 150 mmdebstrap --quiet --variant=extract --aptopt='Acquire::Check-Valid-Until "false"' --include=nix-bin sid "$NIX_TREE" \
		http://deb.debian.org/debian >"$tmp/mmdebstrap" 2>&1 || {
		echo "without Nix 2.34, since it could not be had: $(tail -n 1 "$tmp/mmdebstrap")"
		exit 0
	}
fi
chmod 755 "$tmp" "$tmp/nix"
user=$(contrib/ordinary-account 2>/dev/null)
libraries=$NIX_TREE/usr/lib/$(uname -m)-linux-gnu
loader=$(echo "$NIX_TREE"/usr/lib*/ld-linux-*.so.*)
cat >"$tmp/nix/expression.nix" <<'NIX'
with import ./lib.nix;
let first = build { name = "first"; text = "mkdir $out; echo $$ >$out/pid; id -u >$out/uid; chmod 755 ${busybox} && exit 9 || true"; };
in raw {
	name = "second"; outputs = [ "out" "dev" ]; __structuredAttrs = true; list = [ 1 "two" ];
	builder = "${busybox}/bin/sh";
	args = [ "-euc" ''
		export PATH=${busybox}/bin
		path() { sed "s/.*\"$1\":\"\\(\/nix\/store\/[^\"]*\\)\".*/\\1/" "$NIX_ATTRS_JSON_FILE"; }
		grep -o "\"list\":[^]]*]" "$NIX_ATTRS_JSON_FILE"
		cp -r ${first} $(path out)
		path out >$(path dev)
	'' ];
}
NIX
for account in root "$user"; do
	home=$tmp/home-$account
	mkdir "$home"
	chown "$account" "$home"
	run timeout 100 setpriv --reuid="$account" --regid="$(id -g "$account")" --init-groups env -i PATH="$PATH" HOME="$home" NIX_CONF_DIR="$home" \
		NIX_CONFIG="experimental-features = nix-command external-builders
external-builders = [{\"systems\": [\"$(uname -m)-linux\"], \"program\": \"$cloister_build\", \"args\": [\"external-builder\"]}]
build-users-group =
build-hook =
substituters =
sandbox = false" \
		"$loader" --library-path "$libraries" --argv0 nix "$NIX_TREE/usr/bin/nix" build -L --store "$home/store" --no-link --print-out-paths \
		-f "$tmp/nix/expression.nix" out dev
	[ "$status" = 0 ] || fail "nix build as $account: $(cat "$err")"
	grep -qxF 'second> "list":[1,"two"]' "$err" || fail "the structured attributes"
	result=$(grep -- '-second$' "$out" | sort -u)
	equal "$(cat "$home/store$result/pid" "$home/store$result/uid" | tr '\n' ' ')" '1 1000 ' "in the sandbox, as $account"
	equal "$(cat "$home/store$(grep -- '-second-dev$' "$out" | sort -u)")" "$result"
done
