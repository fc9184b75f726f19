#!/usr/bin/env bash
# Docker: a daemon of the script's own, in a network of its own, with the runtime as its default one.
# needs: root
# tools: busybox jq dockerd containerd ip script
# timeout: 400
# cgroup: v2
# no-sanitizers: what docker asks of the runtime, the other e2e scripts ask of it with sanitizers
# shellcheck disable=SC1091,SC2154,SC2016,SC2034
. tests/e2e/lib.sh
. tests/e2e/lib-engine.sh

engine=$tmp/docker # short: the path of a socket has 107 bytes
unset DOCKER_CONTEXT DOCKER_TLS_VERIFY
export DOCKER_HOST=unix://$engine/socket DOCKER_CONFIG=$engine/config DOCKER_BUILDKIT=0
docker() { /usr/bin/docker "$@"; } # docker.io's, whatever PATH says

daemon_says() { grep -aqF -- "$1" "$engine/log"; }
daemon_up() { /usr/bin/docker version; }

start_daemon() { # OPTION...
	mkdir -p "$engine/config"
	: >"$engine/log"
	jq -n --arg path "$runtime" '{ runtimes: { cloister: { path: $path } }, "default-runtime": "cloister" }' >"$engine/daemon.json"
	unshare --net sh -c 'ip link set lo up && exec "$@"' sh \
		dockerd --config-file "$engine/daemon.json" --data-root "$engine/data" --exec-root "$engine/exec" \
		--pidfile "$engine/pid" --host "$DOCKER_HOST" --iptables=false --ip6tables=false --cgroup-parent "/$mark" \
		--exec-opt native.cgroupdriver=cgroupfs --storage-driver overlay2 "$@" >>"$engine/log" 2>&1 &
	engines="$engines $!"
	disown # or bash tells of its death
	wait_for daemon_up
}

is() { # NAME STATUS
	[ "$(docker inspect --format '{{.State.Status}}' "$1")" = "$2" ]
}
inspect() { docker inspect --format "$2" "$1"; } # NAME TEMPLATE
logged() { docker logs "$1" 2>&1 | grep -qF -- "$2"; }
sleeper() { ok docker run --detach "$@"; } # [OPTION...] IMAGE COMMAND...

# ---- starting and ending ----
case_run() {
	ok docker run --rm box sh -c 'echo out; echo oops >&2'
	says out
	equal "$(cat "$err")" oops
	run docker run --rm box sh -c 'exit 7'
	equal "$status" 7
	echo typed | docker run --rm -i box cat >"$out"
	says typed
	ok docker run --rm --env GREETING=hello --workdir /new/place --entrypoint sh box -c 'echo "$GREETING $PWD"'
	says 'hello /new/place'
}

case_exit_codes() {
	run docker run --rm box no-such-program
	equal "$status" 127
	grep -qE 'no such file or directory|executable file not found' "$err" || fail "not the words that docker looks for"
	run docker run --rm box /no/such
	equal "$status" 127
	run docker run --rm box /etc/plain
	equal "$status" 126
	grep -q 'permission denied' "$err" || fail "not the words that docker looks for"
	run docker run --rm box /etc
	equal "$status" 126
}

case_detached() {
	sleeper --name detached box sh -c 'trap "echo bye; exit 5" TERM; echo up; while :; do sleep 0.1; done'
	wait_for logged detached up
	is detached running || fail "it does not run"
	ok docker ps --format '{{.Names}} {{.Status}}'
	has '^detached Up'
	ok docker stop detached
	equal "$(inspect detached '{{.State.ExitCode}}')" 5
	logged detached bye || fail "it was not asked to end"
	ok docker start detached
	is detached running || fail "it does not run again"
	ok docker rm --force detached
	refused 'No such' docker inspect detached
}

case_create() { # made, looked at and started later
	ok docker create --name later -i box sh -c 'read line; echo "got $line"; exit 3'
	is later created || fail "it is not created"
	status=0
	echo words | docker start --attach --interactive later >"$out" || status=$?
	equal "$status" 3
	says 'got words'
	ok docker rm later
}

case_stop() { # what does not want to end is killed
	sleeper --name deaf box sh -c 'trap "" TERM; echo up; while :; do sleep 0.1; done'
	wait_for logged deaf up
	ok docker stop --time 1 deaf
	equal "$(inspect deaf '{{.State.ExitCode}}')" 137
	ok docker rm deaf
	sleeper --name other --stop-signal USR1 box sh -c 'trap "exit 9" USR1; echo up; while :; do sleep 0.1; done'
	wait_for logged other up
	ok docker stop other
	equal "$(inspect other '{{.State.ExitCode}}')" 9
	ok docker rm other
}

case_kill() {
	sleeper --name victim box sh -c 'trap "echo heard" HUP; echo up; while :; do sleep 0.1; done'
	wait_for logged victim up
	ok docker kill --signal HUP victim
	wait_for logged victim heard
	ok docker kill victim
	wait_for is victim exited
	equal "$(inspect victim '{{.State.ExitCode}}')" 137
	run docker kill victim
	[ "$status" != 0 ] || fail "a dead container was killed"
	ok docker rm victim
}

case_wait() {
	sleeper --name short box sh -c 'sleep 0.3; exit 11'
	ok docker wait short
	says 11
	ok docker rm short
}

case_restart() {
	sleeper --name again box sh -c 'echo "start"; trap "exit 0" TERM; while :; do sleep 0.1; done'
	wait_for logged again start
	ok docker restart again
	wait_for sh -c '[ "$(/usr/bin/docker logs again | wc -l)" = 2 ]'
	ok docker rm --force again
	sleeper --name policy --restart on-failure:2 box false
	wait_for is policy exited
	equal "$(inspect policy '{{.RestartCount}}')" 2
	ok docker rm policy
}

case_pause() {
	sleeper --name frozen box sh -c 'i=0; while :; do i=$((i + 1)); echo $i; sleep 0.02; done'
	wait_for logged frozen 3
	ok docker pause frozen
	is frozen paused || fail "it is not paused"
	local before
	before=$(docker logs frozen | wc -l)
	sleep 0.3
	equal "$(docker logs frozen | wc -l)" "$before" "it goes on"
	refused paused docker exec frozen true
	ok docker unpause frozen
	is frozen running || fail "it is not running"
	wait_for sh -c "[ \$(/usr/bin/docker logs frozen | wc -l) -gt $before ]"
	ok docker pause frozen
	ok docker rm --force frozen # what is paused can be removed
}

case_rename_commit_diff() {
	sleeper --name old box sh -c 'echo new >/etc/new; rm /etc/plain; echo done; sleep 100'
	wait_for logged old 'done'
	ok docker rename old renamed
	ok docker diff renamed
	has '^A /etc/new'
	has '^D /etc/plain'
	ok docker commit renamed committed
	ok docker run --rm committed cat /etc/new
	says new
	docker export renamed | tar -t >"$out"
	has '^etc/new$'
	ok docker rm --force renamed
	ok docker rmi committed
}

# ---- entering ----
case_exec() {
	sleeper --name entered --env FROM=run box sleep 100
	ok docker exec entered sh -c 'echo out; echo oops >&2; echo $FROM'
	says $'out\nrun'
	equal "$(cat "$err")" oops
	run docker exec entered sh -c 'exit 6'
	equal "$status" 6
	ok docker exec --env A=b --workdir /etc --user 5:6 entered sh -c 'echo "$A $PWD $(id -u):$(id -g)"'
	says 'b /etc 5:6'
	ok docker exec --user one entered id -Gn
	says 'one more'
	echo typed | docker exec -i entered cat >"$out"
	says typed
	ok docker exec --detach entered sh -c 'echo $$ >/tmp/pid; sleep 100'
	wait_for docker exec entered test -s /tmp/pid
	ok docker exec entered cat /proc/1/comm
	says sleep
	run docker exec entered no-such-program
	grep -qE 'no such file or directory|executable file not found' "$out" || fail "not what runc says: $(cat "$out")"
	[ "$status" = 126 ] || [ "$status" = 127 ] || fail "exit status $status"
	run docker exec entered /etc/plain
	grep -q 'permission denied' "$out" || fail "not what runc says: $(cat "$out")"
	equal "$status" 126
	ok docker exec --privileged entered grep CapBnd /proc/self/status
	cp "$out" "$tmp/privileged"
	ok docker exec entered grep CapBnd /proc/self/status
	! cmp -s "$out" "$tmp/privileged" || fail "--privileged is the same as without"
	# a process that was killed: its signal
	run docker exec entered sh -c 'kill -KILL $$'
	equal "$status" 137
	ok docker rm --force entered
}

case_exec_terminal() {
	sleeper --name tty box sleep 100
	on_terminal 'hello\n' docker exec -it tty sh -c \
		'tty; while [ "$(stty size 2>&1)" != "33 99" ]; do sleep 0.02; done; stty size; echo "name?"; read line; echo "got $line"; exit 4'
	equal "$status" 4
	has '^/dev/pts/'
	has '^33 99$'
	has '^got hello$'
	# ^C is a signal there
	on_terminal '\003' docker exec -it tty sh -c 'trap "echo interrupted; exit 8" INT; echo "well?"; while :; do sleep 0.1; done'
	equal "$status" 8
	has 'interrupted'
	ok docker rm --force tty
}

case_run_terminal() {
	on_terminal 'hello\n' docker run --rm -it box sh -c 'tty; echo "name?"; read line; echo "got $line"; exit 4'
	equal "$status" 4
	has '^/dev/pts/0'
	has '^got hello$'
	# detached with a terminal, then attached, and left by the keys
	sleeper -it --name keys box sh -c 'echo "well?"; cat'
	wait_for logged keys 'well?'
	on_terminal 'word\n\020\021' sh -c 'echo "?"; exec /usr/bin/docker attach keys'
	is keys running || fail "the keys ended it"
	wait_for logged keys word
	ok docker rm --force keys
}

case_attach() {
	sleeper -i --name attached box sh -c 'read line; echo "got $line"; sleep 0.5; exit 3'
	status=0
	{ echo words; sleep 1; } | docker attach attached >"$out" || status=$?
	equal "$status" 3
	says 'got words'
	ok docker rm attached
}

# ---- looking ----
case_top_stats() {
	sleeper --name watched box sh -c 'sleep 101 & sleep 102'
	both() { docker top watched | grep -c 'sleep 10[12]$' | grep -qx 2; }
	wait_for both
	ok docker top watched
	has 'sleep 101'
	has 'sleep 102'
	equal "$(wc -l <"$out")" 3
	ok docker top watched -o pid,cmd
	has '^ *[0-9]+ +sleep 101$'
	ok docker stats --no-stream --format '{{.Name}} {{.CPUPerc}} {{.PIDs}}' watched
	has '^watched [0-9.]+%'
	ok docker inspect watched
	equal "$(tr '\0' ' ' <"/proc/$(jq .[0].State.Pid <"$out")/cmdline")" 'sleep 102 ' "the pid"
	ok docker rm --force watched
}

case_health() {
	sleeper --name well --health-cmd 'test -e /tmp/well' --health-interval 100ms --health-retries 1 box sleep 100
	healthy() { [ "$(inspect well '{{.State.Health.Status}}')" = "$1" ]; }
	wait_for healthy unhealthy
	ok docker exec well touch /tmp/well
	wait_for healthy healthy
	ok docker rm --force well
}

case_update() { # docker sends resources that are empty or zero, too
	sleeper --name updated box sleep 100
	ok docker update --restart=no updated
	ok docker update --memory-reservation 0 updated
	ok docker update --cpu-shares 0 --cpu-period 0 updated
	ok docker exec updated true
	ok docker rm --force updated
}

case_cp() {
	sleeper --name copied box sleep 100
	echo words >"$tmp/words"
	ok docker cp "$tmp/words" copied:/etc/words
	ok docker exec copied cat /etc/words
	says words
	ok docker cp copied:/etc/plain "$tmp/back"
	equal "$(cat "$tmp/back")" plain
	ok docker stop --time 0 copied
	ok docker cp copied:/etc/words "$tmp/back"
	equal "$(cat "$tmp/back")" words
	ok docker rm copied
}

# ---- files ----
case_read_only() {
	run docker run --rm --read-only box touch /file
	[ "$status" != 0 ] || fail "the root can be written"
	grep -q 'Read-only file system' "$err" || fail "not read-only"
	ok docker run --rm --read-only --tmpfs /tmp:rw,size=1m,mode=1777,noexec box sh -c 'touch /tmp/file && grep " /tmp " /proc/mounts'
	has 'tmpfs rw,.*noexec.*size=1024k'
	ok docker run --rm --read-only box sh -c 'echo x >/dev/shm/file && echo x >/dev/null'
}

case_volumes() {
	mkdir -p "$tmp/volume/sub"
	echo inside >"$tmp/volume/file"
	ok docker run --rm --volume "$tmp/volume:/data" box sh -c 'cat /data/file; echo new >/data/new'
	says inside
	equal "$(cat "$tmp/volume/new")" new
	run docker run --rm --volume "$tmp/volume:/data:ro" box touch /data/no
	[ "$status" != 0 ] || fail "a read-only volume was written"
	ok docker run --rm --mount "type=bind,source=$tmp/volume/file,target=/etc/other,readonly" box cat /etc/other
	says inside
	ok docker run --rm --mount type=tmpfs,target=/small,tmpfs-size=65536,tmpfs-mode=1770 box sh -c 'stat -c %a /small; df /small'
	has '^1770$'
	has ' 64 '
	ok docker volume create "$mark"
	ok docker run --rm --volume "$mark:/etc" box cat /etc/plain # copied up from the image
	says plain
	ok docker run --rm --volume "$mark:/etc" box sh -c 'echo kept >/etc/kept'
	ok docker run --rm --volume "$mark:/there" box cat /there/kept
	says kept
	sleeper --name from --volume /anonymous box sh -c 'echo shared >/anonymous/file; sleep 100'
	wait_for docker exec from test -s /anonymous/file
	ok docker run --rm --volumes-from from box cat /anonymous/file
	says shared
	ok docker rm --force --volumes from
	ok docker volume rm "$mark"
}

case_propagation() { # a mount that is made on the host later is seen by a slave, not by a private one
	mkdir -p "$tmp/shared/later"
	mount --bind "$tmp/shared" "$tmp/shared"
	mount --make-shared "$tmp/shared"
	sleeper --name slave --volume "$tmp/shared:/slave:rslave" --volume "$tmp/shared:/private:rprivate" box sleep 100
	mount -t tmpfs later "$tmp/shared/later"
	ok docker exec slave cat /proc/self/mountinfo
	umount "$tmp/shared/later"
	umount "$tmp/shared"
	grep -q ' /slave/later ' "$out" || fail "the slave does not see it"
	! grep -q ' /private/later ' "$out" || fail "the private one sees it"
	ok docker rm --force slave
}

case_devices() {
	ok docker run --rm --device /dev/zero:/dev/my-zero box sh -c 'head -c 4 /dev/my-zero | wc -c; stat -c %t:%T /dev/my-zero'
	says $'4\n1:5'
	if [ -c /dev/fuse ]; then
		ok docker run --rm --device /dev/fuse:/dev/my-fuse:r box sh -c ': </dev/my-fuse'
		run docker run --rm --device /dev/fuse:/dev/my-fuse:r box sh -c ': 3<>/dev/my-fuse'
		grep -q 'not permitted' "$err" || fail "a device could be written that is for reading"
	fi
	run docker run --rm box sh -c 'mknod /tmp/loop b 7 0 && head -c 1 /tmp/loop'
	grep -qE 'not permitted|No such' "$err" || fail "a device could be opened that nobody allowed"
	ok docker run --rm --device-cgroup-rule 'c 10:* rwm' box sh -c 'mknod /tmp/fuse c 10 229 && exec 3<>/tmp/fuse'
	# what is always there
	ok docker run --rm box sh -c 'for d in null zero full random urandom tty; do test -c /dev/$d || exit 1; done
		test -L /dev/fd && test -L /dev/stdin && test -L /dev/ptmx && echo x >/dev/null && head -c 1 /dev/urandom | wc -c'
	says 1
}

case_shm() {
	ok docker run --rm --shm-size 3m box sh -c 'df -k /dev/shm | tail -n 1'
	has ' 3072 '
}

# ---- who, and with which rights ----
case_user() {
	ok docker run --rm --user 5:6 --group-add 7 box id
	has '^uid=5 gid=6 groups=6,7'
	ok docker run --rm --user one box sh -c 'id -un; id -Gn; echo $HOME; touch /home/one/file'
	says $'one\none more\n/home/one'
	ok docker run --rm --user 5 box grep -E 'Cap(Eff|Prm|Amb)' /proc/self/status
	has_not '[1-9a-f]$'
}

case_capabilities() {
	ok docker run --rm box grep CapEff /proc/self/status
	has '00000000a80425fb'
	ok docker run --rm --cap-drop ALL box grep -E 'Cap' /proc/self/status
	has_not '[1-9a-f]$'
	ok docker run --rm --cap-drop ALL --cap-add CHOWN --cap-add NET_ADMIN box grep CapEff /proc/self/status
	has '0000000000001001$'
	ok docker run --rm --cap-add NET_ADMIN box ip link set lo mtu 1400
	run docker run --rm --cap-drop CHOWN box chown 5 /etc/plain
	[ "$status" != 0 ] || fail "a capability that was dropped is there"
}

case_seccomp() {
	ok docker run --rm box grep -E 'Seccomp:|NoNewPrivs' /proc/self/status
	has '^Seccomp:.2$'
	has '^NoNewPrivs:.0$'
	run docker run --rm box unshare --user true
	[ "$status" != 0 ] || fail "the default profile lets unshare pass"
	ok docker run --rm --security-opt seccomp=unconfined box sh -c 'unshare -U true && grep Seccomp: /proc/self/status'
	has '^Seccomp:.0$'
	jq -n '{ defaultAction: "SCMP_ACT_ALLOW", syscalls: [
		{ names: ["mkdir", "mkdirat"], action: "SCMP_ACT_ERRNO", errnoRet: 95 },
		{ names: ["kill"], action: "SCMP_ACT_ERRNO", args: [{ index: 1, value: 10, op: "SCMP_CMP_EQ" }] } ] }' >"$tmp/profile.json"
	run docker run --rm --security-opt "seccomp=$tmp/profile.json" box mkdir /made
	grep -q 'not supported' "$err" || fail "not the error of the profile"
	ok docker run --rm --security-opt "seccomp=$tmp/profile.json" box sh -c 'kill -USR1 1 2>/dev/null || kill -WINCH 1'
}

case_security_options() {
	ok docker run --rm --security-opt no-new-privileges box grep NoNewPrivs /proc/self/status
	has '1$'
	ok docker run --rm box sh -c 'cat /proc/kcore; ls /proc/acpi /sys/firmware; ! echo 1 2>/dev/null >/proc/sys/kernel/panic'
	says $'/proc/acpi:\n\n/sys/firmware:'
	ok docker run --rm --security-opt systempaths=unconfined box sh -c 'grep -c " /proc/\(sys\|keys\|acpi\) " /proc/mounts || true'
	says 0
	ok docker run --rm --security-opt apparmor=unconfined box true
}

case_privileged() {
	run docker run --rm --privileged box sh -c \
		'grep CapEff /proc/self/status; grep Seccomp: /proc/self/status; ls /dev | wc -l; mount -t tmpfs t /tmp && touch /tmp/a; grep " /sys " /proc/mounts'
	[ "$status" = 0 ] || ! grep -q 'rlimit\|capab' "$err" || leave_out "root here has not all capabilities: $(cat "$err")"
	equal "$status" 0
	has '^Seccomp:.0$'
	has 'sysfs rw'
	has 'CapEff:.*f[ef]ffffff$'
}

case_ulimits() {
	ok docker run --rm --ulimit nofile=100:200 --ulimit core=0 --ulimit cpu=60 box sh -c 'ulimit -n; ulimit -Hn; ulimit -c; ulimit -t'
	says $'100\n200\n0\n60'
	ok docker run --rm --oom-score-adj 500 box cat /proc/self/oom_score_adj
	says 500
}

# ---- namespaces ----
case_names() {
	ok docker run --rm --hostname inner --domainname example.org --add-host other:10.1.2.3 --dns 10.9.9.9 box sh -c \
		'hostname; cat /proc/sys/kernel/domainname; grep other /etc/hosts; grep ^nameserver /etc/resolv.conf'
	says $'inner\nexample.org\n10.1.2.3\tother\nnameserver 10.9.9.9'
}

case_sysctl() {
	ok docker run --rm --sysctl net.ipv4.ip_forward=0 --sysctl kernel.msgmax=12345 box sh -c \
		'cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax'
	says $'0\n12345'
}

case_network() {
	ok docker run --rm box sh -c 'ip -4 addr show dev eth0 | grep -c "inet 172"; ip route | grep -c default'
	says $'1\n1'
	ok docker run --rm --network none box sh -c 'ip -o link | wc -l'
	says 1
	sleeper --name server --publish 127.0.0.1:8080:80 box sh -c 'while :; do echo served | nc -l -p 80; done'
	local address
	address=$(inspect server '{{.NetworkSettings.IPAddress}}')
	get() { docker run --rm "${@:3}" box sh -c "echo | nc -w 5 $1 $2" >"$out" && grep -q served "$out"; }
	wait_for get "$address" 80
	wait_for get 127.0.0.1 8080 --network host
	wait_for get 127.0.0.1 80 --network container:server
	ok docker network create "$mark"
	ok docker network connect "$mark" server # moves a device into a running container
	ok docker exec server ip -4 addr show dev eth1
	ok docker network disconnect "$mark" server
	ok docker rm --force server
	ok docker network rm "$mark"
}

case_share_namespaces() {
	sleeper --name first --ipc shareable box sh -c 'echo of-first >/dev/shm/file; sleep 103'
	wait_for docker exec first test -s /dev/shm/file
	ok docker run --rm --pid container:first box ps
	has 'sleep 103'
	ok docker run --rm --ipc container:first box cat /dev/shm/file
	says of-first
	ok docker exec first readlink /proc/self/ns/net
	local net
	net=$(cat "$out")
	ok docker run --rm --network container:first box readlink /proc/self/ns/net
	says "$net"
	ok docker rm --force first
	ok docker run --rm --pid host box sh -c 'ls -d /proc/[0-9]* | wc -l'
	[ "$(cat "$out")" -gt 3 ] || fail "not the host's processes"
	ok docker run --rm --uts host --ipc host --network host --cgroupns host --pid host box sh -c \
		'for n in uts ipc cgroup pid; do readlink /proc/self/ns/$n; done'
	equal "$(cat "$out")" "$(for n in uts ipc cgroup pid; do readlink /proc/self/ns/$n; done)"
	ok docker run --rm --ipc none box sh -c '! grep -q /dev/shm /proc/mounts'
}

case_cgroup() {
	ok docker run --rm --cgroupns private box grep ^0:: /proc/self/cgroup
	says 0::/
	ok docker run --rm --cgroupns host box grep ^0:: /proc/self/cgroup
	has "/$mark/"
	ok docker run --rm --cgroupns host --cgroup-parent "/$mark/below" box grep ^0:: /proc/self/cgroup
	has "/$mark/below/[0-9a-f]{64}$"
	ok docker run --rm box sh -c 'test -e /sys/fs/cgroup/cgroup.procs && ! mkdir /sys/fs/cgroup/no 2>/dev/null'
}

case_init() {
	ok docker run --rm --init box sh -c 'cat /proc/1/comm; test $$ != 1'
	says docker-init
	run docker run --rm --init box sh -c 'exit 5'
	equal "$status" 5
}

# ---- images ----
case_build() {
	mkdir -p "$tmp/build"
	echo copied >"$tmp/build/file"
	cat >"$tmp/build/Dockerfile" <<'END'
FROM box
ARG WHAT=nothing
ENV GREETING=hello
WORKDIR /work
COPY file .
RUN echo "$GREETING $WHAT $(cat file)" >built
RUN ["sh", "-c", "id -u >>built"]
USER one
RUN id -un >>/tmp/who
VOLUME /volume
HEALTHCHECK CMD true
STOPSIGNAL USR1
ENTRYPOINT ["sh", "-c"]
CMD ["cat built /tmp/who"]
END
	ok docker build --build-arg WHAT=world --tag built "$tmp/build"
	ok docker run --rm built
	says $'hello world copied\n0\none'
	echo 'FROM box
RUN exit 3' >"$tmp/build/Dockerfile"
	run docker build --force-rm "$tmp/build"
	grep -q 'returned a non-zero code: 3' "$err" || fail "the build did not fail with 3"
	ok docker rmi built
}

# ---- the daemon ----
case_errors() { # the runtime's own line arrives at the person who typed the command
	run docker run --rm --volume "$tmp:/proc" box true
	[ "$status" = 125 ] || fail "a mount over /proc: exit status $status"
	grep -q 'OCI runtime create failed: .*mounts\[' "$err" || fail "no JSON path in the error"
}

case_annotation() { # it arrives at the runtime, which locks mounts by one
	/usr/bin/docker run --help | grep -q -- --annotation || leave_out "this docker has no annotations"
	[ "$runtime" = "$cloister" ] || leave_out "another runtime"
	run docker run --rm --annotation run.cloister.lock=no-number box true
	grep -q 'run.cloister.lock' "$err" || fail "the annotation was not seen"
}

case_no_controller() { # where docker sees the controllers of version 1, the runtime must refuse what it cannot do
	[ -d /sys/fs/cgroup/memory ] || leave_out "this host has cgroup version 2 alone"
	run docker run --rm --memory 64m box true
	equal "$status" 125
	grep -q 'memory' "$err" || fail "the error does not name the controller"
}

case_parallel() {
	local i pids=()
	for i in 1 2 3 4 5 6; do
		docker run --rm box sh -c "echo $i; exit $i" >"$tmp/parallel$i" &
		pids+=($!)
	done
	for i in 1 2 3 4 5 6; do
		status=0
		wait "${pids[i - 1]}" || status=$?
		equal "$status" "$i"
		equal "$(cat "$tmp/parallel$i")" "$i"
	done
}

case_shim_killed() { # containerd then has the runtime clean up
	sleeper --name orphan box sh -c 'echo up; exec sleep 104'
	wait_for logged orphan up
	local pid shim
	pid=$(inspect orphan '{{.State.Pid}}')
	shim=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
	grep -q containerd-shim "/proc/$shim/cmdline" || fail "not the shim: $(tr '\0' ' ' <"/proc/$shim/cmdline")"
	kill -KILL "$shim"
	wait_for ended "$pid"
	wait_for is orphan exited
	ok docker start orphan
	ok docker rm --force orphan
}

case_daemon_killed() { # what ran is ended by the next daemon; or it goes on, with --live-restore
	sleeper --name lost box sh -c 'echo up; exec sleep 105'
	wait_for logged lost up
	local pid
	pid=$(inspect lost '{{.State.Pid}}')
	restart_daemon
	wait_for is lost exited
	wait_for ended "$pid"
	ok docker rm lost
}

case_live_restore() {
	sleeper --name lasting --network none box sh -c 'echo up; exec sleep 106'
	wait_for logged lasting up
	local pid
	pid=$(inspect lasting '{{.State.Pid}}')
	restart_daemon --userns-remap "$account" --live-restore
	is lasting running || fail "it is not running"
	equal "$(inspect lasting '{{.State.Pid}}')" "$pid"
	ok docker exec lasting cat /proc/1/comm
	says sleep
	ok docker stop --time 0 lasting
	equal "$(inspect lasting '{{.State.ExitCode}}')" 137
	ok docker rm lasting
}

case_remapped() { # --userns-remap
	local first
	first=$(awk -F: -v name="$account" '$1 == name { print $2; exit }' /etc/subuid)
	ok docker run --rm box sh -c 'tr -s " " </proc/self/uid_map; stat -c %u /etc/plain; echo x >/etc/new'
	says " 0 $first 65536"$'\n0'
	mkdir -p "$tmp/owned"
	chmod 777 "$tmp/owned"
	ok docker run --rm --volume "$tmp/owned:/data" --user 5 box touch /data/file
	equal "$(stat -c %u "$tmp/owned/file")" "$((first + 5))"
	run docker run --rm --volume "$tmp/root:/data" box touch /data/etc/plain
	[ "$status" != 0 ] || fail "a file of the host's root was written"
	sleeper --name mapped --init box sleep 107
	ok docker exec mapped cat /proc/self/uid_map
	has "$first"
	ok docker exec mapped sh -c 'echo x >/dev/null; ls -l /dev/pts /dev/shm >/dev/null'
	ok docker pause mapped
	ok docker unpause mapped
	on_terminal 'hello\n' docker exec -it mapped sh -c 'echo "name?"; read line; echo "got $line"; exit 4'
	equal "$status" 4
	has '^got hello$'
	ok docker stop --time 1 mapped
	ok docker rm mapped
	ok docker run --rm --tmpfs /tmp --read-only --shm-size 1m --sysctl net.ipv4.ip_forward=1 box sh -c 'echo x >/tmp/file; hostname >/dev/null'
	ok docker run --rm --userns host box cat /proc/self/uid_map
	has ' 4294967295$'
}

restart_daemon() { # OPTION...: killed and started again
	kill -KILL "$(cat "$engine/pid")"
	wait_for ended "$(cat "$engine/pid")"
	rm -f "$engine/pid"
	start_daemon "$@"
}

load_image() { tar -C "$tmp/root" -c . | docker import - box >/dev/null; }

released() { # a daemon may leave mounts of its own, which are busy for a moment
	local mount
	for mount in "$engine/exec/netns/default" "$engine/data" "$engine"/data/[0-9]*.*; do
		while umount "$mount" 2>/dev/null; do :; done
	done
	! grep -qE " $engine/data(/[0-9.]+)? " /proc/self/mountinfo
}

no_containers() { [ -z "$(docker ps --all --quiet)" ]; }

finish_daemon() { # nothing is left; but a case that failed may leave what it likes
	docker ps --all --no-trunc >"$err"
	[ ${#cases_failed[@]} != 0 ] || wait_for no_containers # --rm may take its time
	end_engine "$(cat "$engine/pid")"
	wait_for released
	[ ${#cases_failed[@]} != 0 ] || engine_left_nothing "$engine" "$engine/exec/runtime-runc/moby" "$mark"
}

chmod 711 "$tmp" # the root of a user namespace has to pass
mkdir "$tmp/root"
make_rootfs "$tmp/root"

start_daemon
load_image
try run exit_codes detached create stop kill wait restart pause rename_commit_diff exec exec_terminal run_terminal attach \
	top_stats health update cp read_only volumes propagation devices shm user capabilities seccomp security_options privileged \
	ulimits names sysctl network share_namespaces cgroup init build errors parallel shim_killed daemon_killed annotation \
	no_controller
finish_daemon

account=$(contrib/ordinary-account)
start_daemon --userns-remap "$account" --live-restore
load_image
try remapped
try live_restore
finish_daemon
cases_done
