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
	bus=--system top=/system.slice
else
	kind self
	bus=--user top=/user.slice/user-$(id -u).slice/user@$(id -u).service/user.slice
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
ok rt features
equal "$(jq -c '[.linux.cgroup.systemd, .linux.cgroup.systemdUser]' "$out")" '[true,true]'

# ---- a failure after the unit was made leaves none ----
new_id
config "$(at "::$mark") | .hooks.createRuntime = [{ path: \"/bin/false\" }]" true
refused 'createRuntime' sd create --bundle "$bundle" "$id"
wait_for gone "$mark.scope"
nothing_left

# ---- a slice instead of a scope ----
config "$no_cgroup_ns | $(at "cloister.slice::cloister-one.slice")" 'cat /proc/self/cgroup; sleep 1000'
if is_root; then
	new_id
	ok sd create --bundle "$bundle" "$id"
	equal "$(show cloister-one.slice ActiveState)" active
	pid=$(rt state "$id" | jq .pid)
	equal "$(cat "/proc/$pid/cgroup")" '0::/cloister.slice/cloister-one.slice'
	ok rt delete --force "$id"
	equal "$(show cloister-one.slice ActiveState)" inactive # loaded is whatever slice is asked for
	nothing_left
fi

# ---- an exec from outside of what is delegated to the user is put there by systemd ----
new_id
config "$no_cgroup_ns | $(at "::$mark")" 'sleep 1000'
ok sd run --detach --bundle "$bundle" "$id"
ok rt exec "$id" cat /proc/self/cgroup
says "0::$top/$mark.scope"
is_root || ! : 2>/dev/null >"/sys/fs/cgroup$top/../../cgroup.procs" || fail 'the test is in no login session'

# ---- without the bus: a unit whose cgroup is removed goes by itself ----
no_bus=(env DBUS_SESSION_BUS_ADDRESS=unix:path=/nowhere DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nowhere)
if ! is_root; then
	ok "${no_bus[@]}" "$cloister" --root "$state" delete --force "$id"
	grep -q "warning: the unit $mark.scope is not removed: cannot reach the user's systemd" "$err" || fail 'no warning'
	wait_for gone "$mark.scope"
	nothing_left
	# the bus is found without the environment of a login
	new_id
	config "$no_cgroup_ns | $(at "::$mark")" 'cat /proc/self/cgroup'
	ok env -u DBUS_SESSION_BUS_ADDRESS -u XDG_RUNTIME_DIR "$cloister" --root "$state" --systemd-cgroup run --bundle "$bundle" "$id"
	says "0::$top/$mark.scope"
	# as root of a user namespace, under podman say, we are still the user to his systemd
	for kind in nested within; do
		kind $kind
		in_unit 'cat /proc/self/cgroup' "$no_cgroup_ns | $(at "::$mark")"
		says "0::$top/$mark.scope"
		wait_for gone "$mark.scope"
	done
	kind self
else
	ok rt delete --force "$id"
fi
nothing_left

# ---- all kinds of namespaces, made by outer or not, and the life in steps ----
for kind in $(kinds); do
	# root of a user namespace is not the system's root, and this one has no manager of his own
	case $kind in nested | within) ! is_root || continue ;; esac
	kind "$kind"
	new_id
	config "$(at "::$mark") | .linux.resources.pids.limit = 60" 'echo begun; exit 3'
	ok sd create --bundle "$bundle" "$id"
	equal "$(show "$mark.scope" ActiveState)" active
	ok rt start "$id"
	wait_for in_state "$id" stopped
	ok rt delete "$id"
	wait_for gone "$mark.scope"
	nothing_left
	run sd run --bundle "$bundle" "$id"
	equal "$status" 3
	says begun
	wait_for gone "$mark.scope"
done
