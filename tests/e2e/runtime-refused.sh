#!/usr/bin/env bash
# What the config may ask for and no host can do is refused, with its JSON path, by create, run and plan; and so is what
# has no sense. Nothing is made before.
# tools: busybox jq
# timeout: 120
# shellcheck disable=SC1091,SC2154
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

kind self
new_id
while IFS='|' read -r text filter; do
	config "$filter"
	refused "linux.resources.$text: " rt create --bundle "$bundle" "$id"
	refused "linux.resources.$text: " rt run --bundle "$bundle" "$id"
	refused "linux.resources.$text: " rt plan --bundle "$bundle"
	[ ! -e "$state/$id" ] || fail "$text: the state directory was made"
done <<'END'
memory.kernel|.linux.resources.memory.kernel = 1
memory.kernelTCP|.linux.resources.memory.kernelTCP = 1
memory.swappiness|.linux.resources.memory.swappiness = 60
memory.disableOOMKiller|.linux.resources.memory.disableOOMKiller = true
cpu.realtimeRuntime|.linux.resources.cpu.realtimeRuntime = 1
cpu.realtimePeriod|.linux.resources.cpu.realtimePeriod = 1
blockIO|.linux.resources.blockIO.leafWeight = 100
network|.linux.resources.network.classID = 5
END
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
# one who cannot be reached makes no cgroup, and none is made in his place
for form in --systemd-cgroup --cgroup-manager=systemd; do
	config .
	refused "use --cgroup-manager cgroupfs" env DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere \
		DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere "$cloister" --root "$state" $form run --bundle "$bundle" "$id"
	config '.linux.cgroupsPath = "/a/b"'
	refused 'linux.cgroupsPath: "/a/b" is not of the form slice:prefix:name' \
		"$cloister" --root "$state" $form run --bundle "$bundle" "$id"
done
for bad in '' . .. a/b ../x "$(printf 'a\nb')" "$(printf '%01030d' 1)"; do
	refused 'id' rt run --bundle "$bundle" "$bad"
done
nothing_left
