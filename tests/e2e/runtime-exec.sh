#!/usr/bin/env bash
# exec: where the program runs, as whom, with what; how it ends; what is refused.
# tools: busybox jq unshare script
# timeout: 240
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

show_ns='for n in user mnt pid net ipc uts cgroup time; do readlink /proc/$P/ns/$n; done'
start() { # [JQ-FILTER]: a container that sleeps; $id, $pid
	new_id
	config "${1:-.}" 'exec sleep 1000'
	ok rt run --detach --bundle "$bundle" --pid-file "$tmp/pid" "$id"
	pid=$(cat "$tmp/pid")
}
ex() { ok rt exec "$@"; }
gone() { # the compiled filters may stay
	rm -rf "$state/.seccomp-cache"
	nothing_left
}
processes() { tr '\0' ' ' <"/proc/$pid/root/proc/1/cmdline" >/dev/null && find "/proc/$pid/root/proc" -maxdepth 1 -name '[0-9]*' | wc -l; }
one_left() { [ "$(processes)" = 1 ]; }

# ---- where it is: in all namespaces of the first process, and in its cgroup ----
for kind in $(kinds); do
	case $kind in nested | within) continue ;; esac
	kind "$kind"
	start '.linux.namespaces += [{ type: "time" }]'
	ex "$id" sh -c "P=self; $show_ns; P=1; $show_ns; cat /proc/self/cgroup; echo \$\$; hostname; pwd"
	equal "$(sed -n 1,8p "$out")" "$(sed -n 9,16p "$out")" "$kind: namespaces"
	equal "$(grep -c '^0::/$' "$out")" 1 "$kind: the cgroup"
	has '^box$'
	[ "$(grep -cx 1 "$out")" = 0 ] || fail "$kind: it is process 1"
	# descriptors, session, signals: nothing of the caller
	ok rt exec "$id" sh -c 'for fd in /proc/self/fd/*; do [ -e "$fd" ] && echo "${fd##*/}"; done; exec grep -E "^(Tgid|Pid|NSsid|NSpid):" /proc/self/status' 9</etc/passwd 5</
	equal "$(sed -n 1,3p "$out" | tr '\n' ' ')" '0 1 2 ' "$kind: descriptors"
	equal "$(sed -n 4,7p "$out" | cut -f2 | uniq | wc -l)" 1 "$kind: it leads a session of its own"
	(trap '' QUIT && ok rt exec "$id" grep -E 'Sig(Blk|Ign)' /proc/self/status)
	equal "$(grep -c 0000000000000000 "$out")" 2 "$kind: signals"
	wait_for one_left
	ok rt delete --force "$id"
	gone
done
# the caller's own user namespace, and one more in it
unshare --user --map-root-user true 2>/dev/null && for kind in nested within; do
	kind "$kind"
	new_id
	config . 'exec sleep 1000'
	ok unshare --user --map-root-user sh -c '"$1" --root "$2" run --detach --bundle "$3" "$4" && "$1" --root "$2" exec "$4" hostname &&
		"$1" --root "$2" delete --force "$4"' sh "$cloister" "$state" "$bundle" "$id"
	says box
	gone
done
# with locked store paths
kind self
mkdir -p "$tmp/store/a"
echo content >"$tmp/store/a/f"
start ".annotations[\"run.cloister.lock\"] = \"true\" | .mounts += [$(mount_json /nix/store/a bind "$tmp/store/a" bind ro nosuid nodev)]"
ex "$id" sh -c 'cat /nix/store/a/f; P=self; '"$show_ns; P=1; $show_ns"
equal "$(sed -n 1p "$out")" content
equal "$(sed -n 2,9p "$out")" "$(sed -n 10,17p "$out")" "locked: namespaces"
ok rt delete --force "$id"
if is_root; then
	# the host's pid namespace
	kind none
	start '.linux.namespaces |= map(select(.type == "mount"))| del(.hostname)'
	ex "$id" readlink /proc/self/ns/pid
	says "$(readlink /proc/self/ns/pid)"
	run rt exec "$id" sh -c 'exit 3'
	equal "$status" 3
	ok rt delete --force "$id"
	gone
fi

# ---- as whom, with what: the container's process, and what options change ----
kind self
start '.process.env += ["A=1"] | .process.cwd = "/tmp" | .process.rlimits = [{ type: "RLIMIT_NOFILE", soft: 99, hard: 99 }] |
	.process.user.umask = 63 | .process.capabilities = { bounding: ["CAP_KILL"], effective: ["CAP_KILL"], permitted: ["CAP_KILL"] } |
	.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 117 }] }'
ex "$id" sh -c 'echo $A; pwd; ulimit -n; umask; grep -E "^Cap(Inh|Prm|Eff|Bnd|Amb)|NoNew|Seccomp:" /proc/self/status | tr -d "\n\t"; echo; mkdir /tmp/x 2>&1; echo $HOME'
says '1
/tmp
99
0077
CapInh:0000000000000000CapPrm:0000000000000020CapEff:0000000000000020CapBnd:0000000000000020CapAmb:0000000000000000NoNewPrivs:1Seccomp:2
mkdir: can'"'"'t create directory '"'"'/tmp/x'"'"': Structure needs cleaning
/'
ex --env A=2 -e B=3 --cwd / --cap CAP_CHOWN -c CAP_FOWNER "$id" sh -c 'echo $A $B; pwd; grep -E "^Cap(Inh|Eff|Bnd)" /proc/self/status | tr -d "\n\t"'
says '2 3
/
CapInh:0000000000000000CapEff:0000000000000029CapBnd:0000000000000029'
# options behind the id are the program's
ex "$id" echo --tty -d
says '--tty -d'
jq '.process | .args = ["sh", "-c", "echo $C; ulimit -n; grep Seccomp: /proc/self/status | tr -d \"\\t\""] | .env = ["PATH=/bin", "C=4"] | del(.rlimits)' \
	"$bundle/config.json" >"$tmp/process.json"
ex --process "$tmp/process.json" "$id"
equal "$(sed -n 1p "$out")" 4
equal "$(sed -n 2p "$out")" "$(ulimit -n)"
has 'Seccomp:2'
ex --process <(cat "$tmp/process.json") "$id"
equal "$(sed -n 1p "$out")" 4
ex --process /dev/fd/3 "$id" 3<"$tmp/process.json"
equal "$(sed -n 1p "$out")" 4
refused 'read /: is a directory' rt exec --process / "$id"
refused 'both' rt exec --process "$tmp/process.json" "$id" sh
for option in --user=1 --env=A=1 --cwd=/ --cap=CAP_KILL --no-new-privs --additional-gids=1 --apparmor=x --process-label=x; do
	refused "option ${option%%=*} cannot be combined with --process" rt exec --process "$tmp/process.json" "$option" "$id"
done
refused 'process.apparmorProfile' rt exec --apparmor x "$id" true
refused 'process.selinuxLabel' rt exec --process-label x "$id" true
refused "option --user: 'root' is not a number" rt exec --user root "$id" true
refused "option --user: '' is not a number" rt exec --user 0: "$id" true
refused "option --additional-gids: '-1' is not a number" rt exec --additional-gids=-1 "$id" true
refused 'process.user: cannot become gid 5: it is not mapped in linux.gidMappings' rt exec --user 5:5 "$id" true
refused 'cwd: "tmp" is not an absolute path' rt exec --cwd tmp "$id" true
refused 'env[2]: has no '"'='" rt exec --env X "$id" true
printf '%s' '{"cwd":"/"}' >"$tmp/bad.json"
refused 'bad.json: args: is missing' rt exec --process "$tmp/bad.json" "$id"
refused 'no such file' rt exec --process "$tmp/none.json" "$id"
refused 'exec requires a program' rt exec "$id"
refused 'process.cwd: cannot enter the working directory "/nowhere": no such file or directory' rt exec --cwd /nowhere "$id" true
refused 'descriptor 3 is not open' rt exec --preserve-fds 1 "$id" true
ok rt exec --preserve-fds 2 "$id" cat /proc/self/fd/4 3</dev/null 4<<<kept
says kept
ok rt delete --force "$id"
gone
kind ranges
if kinds | grep -x ranges >/dev/null; then
	start '.process.user.additionalGids = [7]'
	ex --user 5:6 -g 8 --additional-gids 9 "$id" sh -c 'id -u; id -g; id -G'
	equal "$(tr '\n' ' ' <"$out")" '5 6 6 8 9 '
	ex -g 8 "$id" id -G
	says '0 7 8'
	ex --user 5 "$id" sh -c 'id -u; id -g; id -G'
	equal "$(tr '\n' ' ' <"$out")" '5 0 0 '
	ok rt delete --force "$id"
fi

# ---- process.execCPUAffinity: where it runs, which create says nothing about ----
kind self
start '.process.execCPUAffinity = { initial: "0", final: "0" }'
ex "$id" grep Cpus_allowed_list /proc/self/status
equal "$(cut -f2 "$out")" 0
jq '.process | .args = ["grep", "Cpus_allowed_list", "/proc/self/status"] | .execCPUAffinity = { initial: "0" }' "$bundle/config.json" >"$tmp/process.json"
ex --process "$tmp/process.json" "$id"
equal "$(cut -f2 "$out")" "$(sed -n 's/^Cpus_allowed_list:.//p' /proc/1/status)" "the first must not last"
jq '.execCPUAffinity = { final: "8000" }' "$tmp/process.json" >"$tmp/bad.json"
refused 'process.execCPUAffinity.final: run on the processors "8000" (none of them is there and allowed)' rt exec --process "$tmp/bad.json" "$id"
ok rt delete --force "$id"

# ---- without no_new_privs the filter is in force before the process exists ----
kind self
start '.process.noNewPrivileges = false | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [
	{ names: ["clone3"], action: "SCMP_ACT_ERRNO", errnoRet: 38 }, { names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO" }] }'
ex "$id" sh -c 'grep -E "NoNew|Seccomp:" /proc/self/status | tr -d "\n\t"'
says 'NoNewPrivs:0Seccomp:2'
ok rt delete --force "$id"
start '.process.noNewPrivileges = false | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [
	{ names: ["clone"], action: "SCMP_ACT_ERRNO" }] }'
refused 'make the process (without process.noNewPrivileges, linux.seccomp must allow clone): operation not permitted' rt exec "$id" true
ex --no-new-privs "$id" echo yes
says yes
ok rt delete --force "$id"
start '.process.noNewPrivileges = false | .linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [
	{ names: ["clone"], action: "SCMP_ACT_KILL_PROCESS" }] }'
refused 'killed by signal 31 before it was in the container: without process.noNewPrivileges, linux.seccomp must allow clone' rt exec "$id" true
ok rt delete --force "$id"
gone

# ---- how it ends ----
start
run rt exec "$id" sh -c 'exit 42'
equal "$status" 42
run rt exec "$id" sh -c 'kill -KILL $$'
equal "$status" 137
refused 'executable file not found in $PATH' rt exec "$id" nosuch
equal "$status" 255
refused 'exec "/etc"' rt exec "$id" /etc
equal "$status" 255
equal "$(echo through | rt exec "$id" cat)" through
# signals go to it
"$cloister" --root "$state" exec "$id" sh -c 'trap "echo got; exit 9" TERM; echo ready; while :; do sleep 0.1; done' >"$out" 2>"$err" &
child=$!
wait_for grep -q ready "$out"
kill -TERM $child
status=0
wait $child || status=$?
equal "$status" 9
has got
wait_for one_left

# ---- detached ----
ok rt exec --detach --pid-file "$tmp/exec.pid" "$id" sleep 500
other=$(cat "$tmp/exec.pid")
equal "$(tr '\0' ' ' <"/proc/$other/cmdline")" 'sleep 500 '
equal "$(wc -c <"$tmp/exec.pid")" ${#other} "there is a newline in the pid file"
equal "$(readlink "/proc/$other/ns/pid")" "$(readlink "/proc/$pid/ns/pid")"
kill "$other"
wait_for one_left
refused 'nosuch' rt exec --detach --pid-file "$tmp/none.pid" "$id" nosuch
[ ! -e "$tmp/none.pid" ] || fail "there is a pid file of nothing"
refused '--pid-file /nowhere/pid' rt exec --detach --pid-file /nowhere/pid "$id" sleep 500
wait_for one_left
# many at once
for i in 1 2 3 4 5 6 7 8; do rt exec "$id" sh -c "echo $i" & done >"$tmp/many"
wait
equal "$(sort "$tmp/many" | tr -d '\n')" 12345678
# it dies with the container
ok rt exec --detach --pid-file "$tmp/exec.pid" "$id" sleep 500
ok rt kill "$id" KILL
wait_for in_state "$id" stopped
refused 'cannot exec in a container that has stopped' rt exec "$id" true
equal "$status" 255
[ ! -e "/proc/$(cat "$tmp/exec.pid")" ] || fail "it outlives the container"
ok rt delete "$id"
refused 'does not exist' rt exec "$id" true
gone
# without a pid namespace it does not die with the command that made it, and delete reaches it
start 'del(.process.terminal) | .linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.destination != "/proc"))'
ok rt exec --detach --pid-file "$tmp/exec.pid" "$id" sleep 500
other=$(cat "$tmp/exec.pid")
sleep 0.3
equal "$(tr '\0' ' ' <"/proc/$other/cmdline")" 'sleep 500 ' 'a detached process without a pid namespace'
kill -KILL "$pid"
wait_for in_state "$id" stopped
if rt delete "$id" 2>"$err" && [ -n "$(cat /proc/self/cgroup)" ] && is_root; then
	[ ! -e "/proc/$other" ] || fail 'delete has left a process'
fi
kill -KILL "$other" 2>/dev/null || true
gone

# ---- --cap: ambient too, where the config lets programs inherit it, so that another user has something of it ----
kind self
start '.process.capabilities = ({} | .bounding = ["CAP_CHOWN", "CAP_KILL"] | .permitted = ["CAP_CHOWN"] | .effective = ["CAP_CHOWN"]
	| .inheritable = ["CAP_KILL"])'
ex --cap CAP_KILL --cap CAP_FOWNER "$id" grep -E '^Cap(Inh|Prm|Bnd|Amb)' /proc/self/status
equal "$(tr -d '\n\t' <"$out")" 'CapInh:0000000000000020CapPrm:0000000000000029CapBnd:0000000000000029CapAmb:0000000000000020'
ex "$id" grep -E '^CapAmb' /proc/self/status
equal "$(tr -d '\n\t' <"$out")" 'CapAmb:0000000000000000'
ok rt delete --force "$id"
gone

# ---- a terminal ----
start ".mounts += [$(mount_json /dev/pts devpts devpts newinstance ptmxmode=0666 mode=0620)]"
refused '--console-socket' rt exec --tty --detach "$id" true
refused '--console-socket: no terminal is asked for' rt exec --detach --console-socket "$tmp/sock" "$id" true
script -qec "stty rows 33 cols 77; '$cloister' --root '$state' exec --tty '$id' sh -c 'tty; stty size; cut -d\" \" -f6,7,8 /proc/self/stat; exit 5'" /dev/null >"$out" 2>"$err" </dev/null || status=$?
equal "$status" 5
# the terminal shows the end of input that script(1) passes on
sed 's|\^[@D]||; s|\r||; s|\x08||g' <"$out" >"$tmp/o" && mv "$tmp/o" "$out"
has '/dev/pts/0$'
has '^33 77$'
has '^([0-9]+) [1-9][0-9]* \1$'
ok rt delete --force "$id"
gone

# and over a console socket, as engines want it
helper console
start ".mounts += [$(mount_json /dev/pts devpts devpts newinstance ptmxmode=0666 mode=0620)]"
jq '.process | .terminal = true | .consoleSize = { width: 44, height: 11 } | .args = ["sh", "-c", "tty; stty size; echo \"?\"; read x; echo got $x"]' \
	"$bundle/config.json" >"$tmp/process.json"
"$tmp/console" "$tmp/socket" $'hello\n' >"$tmp/screen" 2>"$err" &
engine=$!
background+=" $engine"
wait_for test -S "$tmp/socket"
ok rt exec --process "$tmp/process.json" --detach --console-socket "$tmp/socket" --pid-file "$tmp/exec.pid" "$id"
wait "$engine"
tr -d '\r' <"$tmp/screen" >"$out"
has '^message: /dev/pts/0$'
has '^size: 44x11$'
has '^11 44$'
has '^got hello$'
[ "$(cat "$tmp/exec.pid")" -gt 1 ]
refused '--console-socket: in the foreground' rt exec --process "$tmp/process.json" --console-socket "$tmp/socket" "$id"
refused 'connect to the console socket' rt exec --process "$tmp/process.json" --detach --console-socket "$tmp/nowhere" "$id"
wait_for one_left
ok rt delete --force "$id"
gone

# ---- created, not yet started; paused ----
new_id
config . 'exec sleep 1000'
ok rt create --bundle "$bundle" "$id"
if is_root; then
	ex "$id" hostname
	says box
else
	refused 'until it is started, only root may look into it' rt exec "$id" hostname
fi
ok rt start "$id"
ex "$id" hostname
says box
if rt pause "$id" 2>/dev/null; then
	refused 'cannot exec in a paused container (use --ignore-paused to override)' rt exec "$id" true
	rt exec --ignore-paused "$id" echo late >"$out" 2>"$err" </dev/null &
	child=$!
	sleep 0.2
	has_not late
	# and nobody waits for it: the lock is free
	ok rt state "$id"
	ok rt resume "$id"
	wait $child
fi
ok rt delete --force "$id"
gone

# ---- cgroups below the container's ----
if is_root && [ -w /sys/fs/cgroup/unified/cgroup.procs ]; then
	kind none
	start '.linux.cgroupsPath = "/'"$mark"'/c"'
	cgroup=/sys/fs/cgroup/unified/$mark/c
	mkdir -p "$cgroup/a/b"
	ex --cgroup a/b "$id" cat /proc/self/cgroup
	has '^0::/a/b$'
	ex --cgroup /a "$id" cat /proc/self/cgroup
	has '^0::/a$'
	refused '--cgroup: open "none" below the container'"'"'s cgroup: no such file' rt exec --cgroup none "$id" true
	refused '--cgroup: open "../.." below' rt exec --cgroup ../.. "$id" true
	ok rt delete --force "$id"
	gone
fi
