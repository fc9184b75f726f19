#!/usr/bin/env bash
# spec: the config that it writes runs as it is, here and under other runtimes; nothing is overwritten.
# tools: jq busybox
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh

make_bundle "$tmp/b"
rm "$tmp/b/config.json"
rootless=()
is_root || rootless=(--rootless)
ok cl spec "${rootless[@]}" --bundle "$tmp/b"
says ""
equal "$(stat -c %a "$tmp/b/config.json")" "$(printf %o $((0666 & ~$(umask))))" "mode"
cp "$tmp/b/config.json" "$tmp/first"
refused "file config.json exists: remove it first" cl spec --bundle "$tmp/b"
cmp "$tmp/first" "$tmp/b/config.json"
equal "$(ls -A "$tmp/b")" "config.json
rootfs" "what is in the bundle"
# A dangling symlink is an existing file, too.
mkdir "$tmp/link"
ln -s nowhere "$tmp/link/config.json"
refused "file config.json exists: remove it first" cl spec -b "$tmp/link"
refused "open the bundle $tmp/nowhere: no such file or directory" cl spec -b "$tmp/nowhere"
(cd "$tmp/link" && rm config.json && "$cloister" spec && jq -e . config.json >/dev/null)

# What a reader of runc's may rely on.
jq -e '.process.terminal and .process.args == ["sh"] and .root == { "path": "rootfs", "readonly": true } and
	.process.noNewPrivileges and (.linux.maskedPaths | length > 5)' "$tmp/first" >/dev/null || fail "$(cat "$tmp/first")"
jq -e 'any(.linux.namespaces[]; .type == "user") | not' "$tmp/link/config.json" >/dev/null || fail "user namespace"
equal "$(jq -c .linux.resources "$tmp/link/config.json")" '{"devices":[{"allow":false,"access":"rwm"}]}'
mkdir "$tmp/user"
ok cl spec --rootless --bundle "$tmp/user"
equal "$(jq -c .linux.resources "$tmp/user/config.json")" null
ok cl plan --bundle "$tmp/b"

# It runs with nothing changed but the terminal and the command.
change='.process.terminal = false | .process.args = ["sh", "-c", "echo $0 $(id -u) $(hostname)", "ran"]'
jq "$change" "$tmp/first" >"$tmp/b/config.json"
host=$(jq -r .hostname "$tmp/first")
ok cl run --bundle "$tmp/b" "spec-$(id -un)-$RANDOM"
says "ran 0 $host"
for other in crun runc; do
	PATH=$PATH:/usr/sbin:/sbin command -v $other >/dev/null || continue
	is_root || continue
	# The version is not what is tested: an old runtime may know only an older one.
	jq "$change | .ociVersion = \"1.0.2\" | del(.mounts[] | select(.type == \"cgroup\"))" "$tmp/first" >"$tmp/b/config.json"
	run env PATH="$PATH:/usr/sbin:/sbin" $other --root "$tmp/$other" run --bundle "$tmp/b" "spec-$other-$RANDOM"
	if grep -qi cgroup "$err"; then echo "$other cannot use the cgroups of this machine: $(cat "$err")"; continue; fi
	equal "$status" 0 "exit status of $other: $(cat "$err")"
	says "ran 0 $host"
done
