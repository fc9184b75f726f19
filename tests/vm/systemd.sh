#!/usr/bin/env bash
# The systemd cgroup manager: the container's cgroup is a unit of systemd's, as root of the system's and as a user of the
# user's own; its place and name, limits that systemd knows of, and that it goes whatever happens.
# tools: busybox jq systemctl
# timeout: 300
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

if is_root; then
	kind none
	bus=--system slice=system.slice top=/system.slice
else
	kind self
	bus=--user slice=user.slice top=/user.slice/user-$(id -u).slice/user@$(id -u).service/user.slice
fi
sd() { "${enter[@]}" "$cloister" --root "$state" --systemd-cgroup "$@"; }
show() { systemctl $bus show -p "$2" --value "$1"; } # UNIT PROPERTY
gone() { [ "$(show "$1" LoadState)" = not-found ]; }   # UNIT
at() { echo ".linux.cgroupsPath = \"$1\""; }
no_cgroup_ns='.linux.namespaces |= map(select(.type != "cgroup"))'
in_unit() { # SHELL-COMMANDS [JQ-FILTER]: as `inside`
	new_id
	config "${2:-.}" "$1"
	ok sd run --bundle "$bundle" "$id"
}

# ---- its place and name ----
in_unit 'cat /proc/self/cgroup' "$no_cgroup_ns"
says "0::$top/cloister-$id.scope"
nothing_left
in_unit 'cat /proc/self/cgroup'
has '0::/$'
if is_root; then inside_slice=/machine.slice; else inside_slice=${top%/user.slice}/machine.slice; fi
in_unit 'cat /proc/self/cgroup' "$no_cgroup_ns | $(at "machine.slice:box:$mark")"
says "0::$inside_slice/box-$mark.scope"
in_unit 'cat /proc/self/cgroup' "$no_cgroup_ns | $(at ":box:$mark")"
says "0::$top/box-$mark.scope"
in_unit 'cat /proc/self/cgroup' "$no_cgroup_ns | $(at "one-two.slice::$mark")"
says "0::${inside_slice%/machine.slice}/one.slice/one-two.slice/$mark.scope"
new_id
for wrong in /a/b name a:b 'x.slice:a:b:c' 'x:a:b' 'x.slice:a:' 'x.slice:a:b/c' '--x.slice:a:b'; do
	config "$(at "$wrong")" true
	refused 'linux.cgroupsPath: ' sd run --bundle "$bundle" "$id"
done
# what systemd keeps is known as such, and said by the plan
config "$(at "machine.slice:box:$mark") | .linux.resources.pids.limit = 40" 'sleep 1000'
ok sd plan --bundle "$bundle" "$id"
has "unit box-$mark.scope in machine.slice of .* TasksMax t 40"
ok sd run --detach --bundle "$bundle" "$id"
equal "$(show "box-$mark.scope" ActiveState)" active
equal "$(show "box-$mark.scope" Delegate)" yes
equal "$(show "box-$mark.scope" Description)" "cloister container $id ($state)"
equal "$(show "box-$mark.scope" TasksMax)" 40

# ---- the life of a container: pause, ps, exec, kill ----
cgroup=/sys/fs/cgroup$inside_slice/box-$mark.scope
ok rt pause "$id"
equal "$(grep frozen "$cgroup/cgroup.events")" 'frozen 1'
ok rt resume "$id"
ok rt exec "$id" cat /proc/self/cgroup
has '^0::/$'
ok rt exec --detach "$id" sleep 1000
ok rt ps --format json "$id"
equal "$(jq length "$out")" 2
# what others have of the same name is left alone
new_id
other=$id
config "$(at "machine.slice:box:$mark")" true
refused "box-$mark.scope is there already" sd run --bundle "$bundle" "$other"
ok rt delete --force "$other"
equal "$(show "box-$mark.scope" ActiveState)" active
id=$mark-$((count - 1))
ok rt kill --all "$id" KILL
wait_for in_state "$id" stopped
ok rt delete "$id"
wait_for gone "box-$mark.scope"
nothing_left
