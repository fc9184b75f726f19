#!/usr/bin/env bash
# What the config may ask for and this version does not do is refused, with its JSON path, by create, run and plan; and
# so is what has no sense. Nothing is made before.
# tools: busybox jq
# timeout: 120
# shellcheck disable=SC1091,SC2154
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

kind self
new_id
tried=' '
while IFS='|' read -r text filter; do
	# a line whose property has arrived is no longer a row of the table in the source
	grep -q "^	{ \"$text\"," src/spec/unsupported.c || continue
	tried="$tried$text "
	config "$filter"
	refused "$text: is not supported by this version" rt create --bundle "$bundle" "$id"
	refused "$text: is not supported by this version" rt run --bundle "$bundle" "$id"
	refused "$text: is not supported by this version" rt plan --bundle "$bundle"
	[ ! -e "$state/$id" ] || fail "$text: the state directory was made"
done <<'END'
linux.netDevices|.linux.netDevices = { eth0: { name: "eth1" } }
linux.intelRdt|.linux.intelRdt = { closID: "x" }
linux.resources.memory|.linux.resources.memory.limit = 100000000
linux.resources.cpu|.linux.resources.cpu.shares = 512
linux.resources.pids|.linux.resources.pids.limit = 0
linux.resources.pids|.linux.resources.pids.limit = 20
linux.resources.blockIO|.linux.resources.blockIO.weight = 100
linux.resources.hugepageLimits|.linux.resources.hugepageLimits = [{ pageSize: "2MB", limit: 0 }]
linux.resources.network|.linux.resources.network.classID = 5
linux.resources.rdma|.linux.resources.rdma = { mlx5: { hcaHandles: 1 } }
linux.resources.unified|.linux.resources.unified = { "memory.high": "1" }
END
# ... and each row has a line here; labels depend on the host
while read -r row; do
	case $row in process.apparmorProfile | process.selinuxLabel) continue ;; esac
	[[ $tried == *" $row "* ]] || fail "$row is not tried here"
done < <(sed -n 's/^	{ "\([^"]*\)",.*/\1/p' src/spec/unsupported.c)
refuses process.apparmorProfile '.process.apparmorProfile = "no-such-profile"'
refuses process.selinuxLabel '.process.selinuxLabel = "no:such:label"'
# what engines write and what asks for nothing
inside 'echo fine' '.linux.resources = { memory: {}, cpu: { shares: 0 }, blockIO: { weight: 0 }, pids: { limit: -1 }, unified: {} } |
	.process.apparmorProfile = "" | .linux.mountLabel = "" | .linux.seccomp = null | .hooks = {} | .annotations = null'
says fine

# unknown properties must be ignored (config.md, "Extensibility"); known ones have a type
inside 'echo fine' '.["org.example"] = 1 | .process.future = [1] | .linux.more = {}'
says fine
while IFS='|' read -r text filter; do
	[ -n "$text" ] || continue
	config "$filter"
	refused "$text" rt run --bundle "$bundle" "$id"
	[ ! -e "$state/$id" ] || fail "$text: the state directory was made"
done <<'END'
process.args[0]: expected a string|.process.args = [1]
mounts[0].options: expected an array|.mounts[0].options = "ro"
linux.uidMappings[0].size|.linux.uidMappings[0].size = -1
linux.uidMappings[0].hostID|.linux.uidMappings[0].hostID = 4294967296
ociVersion|.ociVersion = "7.0.0"
"ociVersion" is missing|del(.ociVersion)
linux.namespaces[1].type|.linux.namespaces[1].type = "moon"
linux.namespaces|.linux.namespaces += [{ type: "pid" }]
linux.uidMappings|del(.linux.uidMappings)
linux.cgroupsPath|.linux.cgroupsPath = "/a/../../b"
END
printf '{"ociVersion": "1.2.0", }' >"$bundle/config.json"
refused 'config.json:1:' rt run --bundle "$bundle" "$id"
: >"$bundle/config.json"
refused 'config.json' rt run --bundle "$bundle" "$id"
rm "$bundle/config.json"
mkdir "$bundle/config.json"
refused 'config.json' rt run --bundle "$bundle" "$id"
rmdir "$bundle/config.json"
# options that would weaken
config .
refused 'no-pivot' rt run --no-pivot --bundle "$bundle" "$id"
refused 'systemd-cgroup' "$cloister" --root "$state" --systemd-cgroup run --bundle "$bundle" "$id"
for bad in '' . .. a/b ../x "$(printf 'a\nb')" "$(printf '%01030d' 1)"; do
	refused 'id' rt run --bundle "$bundle" "$bad"
done
nothing_left
