#!/usr/bin/env bash
# cloister-bundle drv: real derivations, instantiated by Nix; what they are given, and what is refused.
# tools: nix-instantiate nix-store busybox jq
# cgroup: v2
# timeout: 240
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-drv.sh
drv_store

# refused_drv TEXT EXPRESSION ARGS...: no bundle can be made of it, and nothing is left.
refused_drv() {
	local text=$1
	instantiate "$2"
	shift 2
	refused "$text" "$cloister_bundle" drv --store "$store" --output "$tmp/refused" "$@" "$drv"
	[ ! -e "$tmp/refused" ] || fail "it left $tmp/refused"
	[ -z "$(find "$tmp" -maxdepth 1 -name '.cloister-bundle-*')" ] || fail "it left something unfinished"
}

# ---- a build, whose outputs appear in store/ ----
instantiate 'build { name = "two"; outputs = [ "out" "dev" ]; text = "mkdir $out; echo $name >$out/file; ln -s $out $dev; touch /tmp/x"; }'
drv_bundle
run_drv
equal "$status" 0
equal "$(cat "$(output two)/file")" two
equal "$(readlink "$(output two-dev)")" "/nix/store/$(basename "$(output two)")"
[ -e "$b/writable/tmp/x" ] || fail "/tmp is not the bundle's own"
equal "$(jq -r .kind "$b/cloister.json")" derivation
equal "$(jq -r '.roots[0]' "$b/cloister.json")" "$drv"
# it fails as the builder fails
instantiate 'build { name = "fails"; text = "exit 7"; }'
drv_bundle
run_drv
equal "$status" 7

# ---- with a floating output: a path for the build ----
instantiate 'build { name = "floating"; __contentAddressed = true; outputHashMode = "recursive"; outputHashAlgo = "sha256"; text = "echo $out $same >$out"; same = builtins.placeholder "out"; }'
drv_bundle
run_drv
equal "$status" 0
equal "$(cat "$(output floating)")" "/nix/store/$(basename "$(output floating)") /nix/store/$(basename "$(output floating)")"

# ---- inputs of every kind, and the output of another derivation, which must have been built ----
two='build { name = "two"; outputs = [ "out" "dev" ]; text = "mkdir $out; echo $name >$out/file; ln -s $out $dev; touch /tmp/x"; }'
needs='build { name = "needs"; text = "ls /nix/store; cat ${two.dev}/file; touch $out"; two = '"$two"'; }'
refused_drv "is missing: run 'nix-store --realise /nix/store/" "${needs//\$\{two.dev\}/\$\{($two).dev\}}"
if is_root; then
	run unshare --mount --propagation private bash -c '. tests/e2e/lib-drv.sh; tmp=$1 store=$2 store_dir=/nix/store nix_store=$2
		nix_ nix-store --realise "$(nix_ nix-store --query --references "$3" | grep two.drv)" --option sandbox true --option sandbox-paths ""' - "$tmp" "$store" "$drv"
	[ "$status" = 0 ] || fail "Nix could not build the input"
	drv_bundle
	run_drv
	equal "$status" 0
	equal "$(grep -c . "$out")" 4 "busybox, both outputs, and what is printed: $(cat "$out")"
	equal "$(tail -n 1 "$out")" two "through a link in the store"
fi

# ---- 32 bits ----
instantiate 'build { name = "narrow"; system = "i686-linux"; text = "uname -m >$out"; }'
drv_bundle
run_drv
equal "$(cat "$(output narrow)")" i686

# ---- another program in the same sandbox ----
instantiate 'build { name = "fails"; text = "echo half >half; exit 7"; passAsFile = [ "x" ]; x = "X"; }'
drv_bundle
run_drv
equal "$status" 7
kept=$tmp/kept
mv "$b/build" "$kept"
busybox=/nix/store/$(basename "$(echo "$store"/nix/store/*-busybox)")
drv_bundle --shell --build-dir "$kept" -- "$busybox/bin/sh" -c 'echo "$0 $1 $name"; pwd; cat half "$xPath"; echo seen >seen' sh -x
run_drv
says "sh -x fails
/build
half
X"
equal "$(cat "$kept/seen")" seen
[ ! -e "$b/build" ] || fail "there is a second build directory"
drv_bundle --shell # a person gets the sandbox's shell and a terminal
equal "$(jq -c '[.process.args, .process.terminal]' "$b/config.json")" '[["/bin/sh"],true]'
refused "--shell: there is no bash among the inputs and the sandbox has no /bin/sh" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" --shell --bin-sh none "$drv"
refused "--shell: bash is not the absolute path of a program among the inputs" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" --shell "$drv" -- bash
refused "--build-dir: /no/such: no such file or directory" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" --build-dir /no/such "$drv"

# ---- /bin/sh and sandbox paths ----
instantiate 'raw { name = "sh"; builder = "/bin/sh"; args = [ "-c" "read x <$file; echo $0 $x" ]; file = "/etc/extra"; }'
echo hello >"$tmp/extra"
drv_bundle --sandbox-path "/etc/extra=$tmp/extra" --sandbox-path '/no/such?'
run_drv
says "sh hello"
drv_bundle --bin-sh "$busybox/bin/busybox" --sandbox-path "/etc/extra=$tmp/extra"
run_drv
says "sh hello"
refused "its builder is /bin/sh, which the sandbox has not: give a shell with --bin-sh" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" --bin-sh none "$drv"
refused "--sandbox-path /no/such: /no/such: no such file or directory" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" --sandbox-path /no/such "$drv"
for place in / /nix /nix/store/x /proc /dev /tmp /build/x; do
	refused ": $place is the sandbox's own" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" --sandbox-path "$place=/etc/passwd" "$drv"
done
refused "'..' is not allowed in a path of the container" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" --sandbox-path "/a/../nix=/etc/passwd" "$drv"

# ---- from JSON, as nix derivation show prints it, of a derivation that is not in the store any more ----
instantiate 'build { name = "shown"; text = "echo $name $greeting >$out"; greeting = "hello"; }'
ok nix_ nix --extra-experimental-features nix-command show-derivation "$drv"
jq '.[].name = "shown"' "$out" >"$tmp/shown.json" # what Nix 2.8 does not say
chmod u+w "$store/nix/store"
mv "$store$drv" "$tmp/away"
b=$tmp/from-json
ok "$cloister_bundle" drv --store "$store" --no-gc-root --json "$tmp/shown.json" -o "$b"
run_drv
equal "$(cat "$(output shown)")" "shown hello"
equal "$(jq -r .kind "$b/cloister.json")" derivation
from_json() { # TEXT FILE [DRV]: it is refused
	refused "$1" "$cloister_bundle" drv --store "$store" --json "$2" -o "$tmp/refused" ${3:+"$3"}
}
from_json "does not have /nix/store/" "$tmp/shown.json" /nix/store/00000000000000000000000000000000-x.drv
jq '.[].env.greeting = "bye"' "$tmp/shown.json" >"$tmp/changed.json"
from_json "derivation $drv should be /nix/store/" "$tmp/changed.json"
jq '.[]' "$tmp/changed.json" >"$tmp/one.json" # it does not say where it lies, but where its output is to be
from_json "output 'out' has the path /nix/store/" "$tmp/one.json"
echo nothing >"$tmp/one.json"
from_json "one.json:1:1: not valid JSON" "$tmp/one.json"
mv "$tmp/away" "$store$drv"

# ---- what is refused ----
refused_drv "it asks to be built without a sandbox (__noChroot)" 'build { name = "x"; text = ""; __noChroot = true; }'
refused_drv "it asks to be built without a sandbox (__noChroot)" 'build { name = "x"; text = ""; __structuredAttrs = true; __noChroot = true; }'
refused_drv "it asks for files of the host (__impureHostDeps)" 'build { name = "x"; text = ""; __impureHostDeps = [ "/etc" ]; }'
refused_drv "its builder 'builtin:fetchurl' is a part of Nix itself: have it built there, by 'nix-store --realise /nix/store/" \
	'derivation { name = "x"; system = "builtin"; builder = "builtin:fetchurl"; url = "http://x/"; outputHashAlgo = "sha256"; outputHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"; }'
refused_drv "its builder 'sh' is not an absolute path" 'raw { name = "x"; builder = "sh"; }'
refused_drv "it is for the system 'riscv64-linux', whose programs this machine does not run" 'build { name = "x"; text = ""; system = "riscv64-linux"; }'
refused_drv "it requires the system feature 'big-fast': if this machine has it, say so with --feature" 'build { name = "x"; text = ""; requiredSystemFeatures = [ "big-fast" ]; }'
ok "$cloister_bundle" drv --store "$store" --no-gc-root -o "$tmp/featured" --feature big-fast "$drv"
refused_drv "it requires the system feature 'recursive-nix', which this sandbox does not have" \
	'build { name = "x"; text = ""; requiredSystemFeatures = [ "recursive-nix" ]; }' --feature recursive-nix
refused_drv "--network host: the output of the derivation is not fixed" 'build { name = "x"; text = ""; }' --network host
refused_drv "--network all: it is default, none, host, pasta or slirp4netns" 'build { name = "x"; text = ""; }' --network all
refused "is not a derivation: give the .drv file" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" "$busybox"
mkdir -p "$tmp/bare/nix/store"
cp "$store$drv" "$tmp/bare/nix/store"
refused "the store has no database $tmp/bare/nix/var/nix/db/db.sqlite" "$cloister_bundle" drv --store "$tmp/bare" -o "$tmp/refused" "$drv"
refused "no such file or directory" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" /nix/store/00000000000000000000000000000000-x.drv

# ---- derivations that somebody has changed ----
instantiate 'build { name = "x"; text = ""; }'
file=$store$drv
chmod u+w "$store/nix/store" "$file"
cp "$file" "$tmp/good"
refused_as() { # TEXT SED-SCRIPT
	sed "$2" "$tmp/good" >"$file"
	refused "$1" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" "$drv"
}
refused_as "output 'out' has the path /nix/store/" 's/"-euc"/"-ec"/'
refused_as "the variable 'out' is '/etc', but it should be /nix/store/" 's,("out"\,"[^"]*")\,("system,("out"\,"/etc")\,("system,'
refused_as "byte 0: expected 'D', found 'X'" 's/^Derive/XX/'
refused_as "a string does not end" 's,"x86.*,"x86,'
head -c 100 "$tmp/good" >"$file"
refused "byte 75: a string does not end" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" "$drv"
: >"$file"
refused "byte 0: expected 'D', found the end of the text" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" "$drv"
head -c 70000000 /dev/zero >"$file"
refused "derivation" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" "$drv"
rm "$file"
mkfifo "$file"
refused "derivation" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" "$drv"
rm "$file"
cp "$tmp/good" "$file"

# ---- a graph that needs itself ----
for name in a b; do
	other=$([ $name = a ] && echo b || echo a)
	zeros=0000000000000000000000000000000
	printf 'Derive([("out","/nix/store/%s0-%s","","")],[("/nix/store/%s%s-%s.drv",["out"])],[],"x86_64-linux","/bin/sh",[],[])' \
		$zeros $name $zeros "$([ $other = a ] && echo 1 || echo 2)" $other >"$store/nix/store/$zeros$([ $name = a ] && echo 1 || echo 2)-$name.drv"
done
refused "needs itself, by way of" "$cloister_bundle" drv --store "$store" -o "$tmp/refused" "/nix/store/${zeros}1-a.drv"
[ ! -e "$tmp/refused" ] || fail "something was left"
