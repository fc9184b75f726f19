#!/usr/bin/env bash
# features: the JSON of features.md, and what it promises is true.
# tools: jq
# shellcheck disable=SC1091,SC2154
. tests/e2e/lib.sh

ok cl features
cp "$out" "$tmp/features"
feature() { jq -r "$1" "$tmp/features"; }
equal "$(feature .ociVersionMin)" 1.0.0
equal "spec: $(feature .ociVersionMax)" "$("$cloister" --version | grep ^spec:)"
equal "$(feature '.hooks | join(" ")')" "prestart createRuntime createContainer startContainer poststart poststop"
equal "$(feature '.linux.namespaces | sort | join(" ")')" "cgroup ipc mount network pid time user uts"
equal "$(feature '.linux.capabilities | length')" 41
equal "$(feature '.linux.seccomp.enabled')" true
feature '.linux.seccomp.archs[]' | grep -qx SCMP_ARCH_X86_64 || fail "no SCMP_ARCH_X86_64"

mkdir -p "$tmp/b/rootfs"
# planned JQ-FILTER: such a config is accepted.
planned() {
	base_config | jq "$1" >"$tmp/b/config.json"
	ok cl plan --bundle "$tmp/b"
}
# Every mount option, capability, architecture, action and flag that is named is one that is taken.
for option in $(feature '.mountOptions[]'); do
	case $option in
	bind | rbind) planned ".mounts += [{ \"destination\": \"/x\", \"source\": \"/\", \"options\": [\"$option\"] }]" ;;
	remount | tmpcopyup | idmap | ridmap | copyup | *-nofollow) ;; # these need a mount of their own kind: tested with the mounts
	*) planned ".mounts += [{ \"destination\": \"/x\", \"type\": \"tmpfs\", \"source\": \"x\", \"options\": [\"$option\"] }]" ;;
	esac
done
planned ".process.capabilities.bounding = $(jq -c .linux.capabilities "$tmp/features")"
[ ! -s "$err" ] || fail "a warning: $(cat "$err")"
for action in $(feature '.linux.seccomp.actions[]'); do
	planned ".linux.seccomp = { \"defaultAction\": \"$action\", \"listenerPath\": \"/run/x\" }"
done
for arch in $(feature '.linux.seccomp.archs[]'); do
	planned ".linux.seccomp = { \"defaultAction\": \"SCMP_ACT_ALLOW\", \"architectures\": [\"$arch\"] }"
done
planned ".linux.seccomp = { \"defaultAction\": \"SCMP_ACT_ALLOW\", \"flags\": $(jq -c .linux.seccomp.supportedFlags "$tmp/features") }"
