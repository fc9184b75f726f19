# shellcheck shell=bash disable=SC2154,SC2034
# What the engine-*.sh scripts share, in place of lib.sh: an engine (podman, buildah) with storage, state and
# configuration of its own, which touches nothing of the machine's; and cases, each run in a shell of its own.
#
# The control: a case that fails is tried again with crun and runc. What fails with both as well is a limit of this
# machine, and is skipped with that reason; what works with one of them is a failure of ours.

# As root: mounts, and a view of the cgroups, that are this script's own. So what it leaves behind can be seen.
if [ "$(id -u)" = 0 ] && [ -z "${ENGINE_PRIVATE:-}" ]; then
	unified=/sys/fs/cgroup
	[ ! -d $unified/unified ] || unified=$unified/unified
	# not by our pid, which in a namespace of its own is that of others, too
	if own=$(mktemp -d "$unified/cloister-engine-XXXXXX" 2>/dev/null); then
		home=$unified$(sed -n 's/^0:://p' /proc/self/cgroup)
		status=0
		# shellcheck disable=SC2016
		ENGINE_PRIVATE=1 sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec unshare --mount --propagation private --cgroup "$@"' \
			sh "$own" bash "$0" "$@" || status=$?
		echo $$ >"$home/cgroup.procs" 2>/dev/null
		for ((i = 0; i < 100; i++)); do
			find "$own" -depth -type d -exec rmdir {} + 2>/dev/null && break
			sleep 0.02
		done
		[ ! -d "$own" ] || { find "$own" -type d; echo "FAILED: processes are left in a cgroup"; status=1; }
		exit $status
	fi
	echo "no cgroup can be made here for the engine"
	exit 77
fi

. tests/e2e/lib.sh

if [ "$(id -u)" = 0 ]; then
	unset XDG_RUNTIME_DIR
	runtime_dir=/run # a file system of the script's own, see engine_configure
else
	export XDG_RUNTIME_DIR=${XDG_RUNTIME_DIR:-$tmp}
	runtime_dir=$XDG_RUNTIME_DIR
fi
states=$runtime_dir/cloister # what the runtime keeps when podman calls it
engine=podman      # what p calls: podman or buildah
runtime=cloister   # or crun or runc, for the control
driver=overlay
# As much of each as the engine may give away, since root may lack CAP_SYS_RESOURCE.
limits='"nofile=1024:1024", "nproc=1024:1024"'

engine_command() { # its name and the options of this script, one a line
	printf '%s\n' "$engine" --root "$tmp/r" --runroot "$runtime_dir/rr" --storage-driver "$driver" "${driver_options[@]}"
	[ $engine = buildah ] ||
		printf '%s\n' --tmpdir "$runtime_dir/t" --runtime "$runtime" --cgroup-manager cgroupfs
}
p() { # ARGS...: the engine
	local command
	mapfile -t command < <(engine_command)
	timeout --kill-after=2 60 "${command[@]}" "$@"
}
driver_options=()

# The configuration: what `make install` installs, and beside it a file for this machine, none of the machine's own.
engine_configure() {
	local dir
	if is_root; then
		mkdir -p "$tmp/containers"
		dir=$tmp/containers
	else
		export HOME=$tmp/home
		dir=$HOME/.config/containers
	fi
	mkdir -p "$dir/containers.conf.d"
	echo '{ "default": [ { "type": "insecureAcceptAnything" } ] }' >"$dir/policy.json"
	echo 'unqualified-search-registries = []' >"$dir/registries.conf"
	cat >"$dir/containers.conf" <<-END
		[containers]
		default_ulimits = [$limits]
		pids_limit = 0
		netns = "none"
		[engine]
		lock_type = "file"
		events_logger = "file"
	END
	sed "s,/usr/local/bin/cloister,$cloister," contrib/containers.conf.d/cloister.conf \
		>"$dir/containers.conf.d/cloister.conf"
	is_root || return 0
	[ -d /etc/containers ] || skip "podman has no /etc/containers here"
	mount --bind "$dir" /etc/containers
	mount -t tmpfs -o mode=755 tmpfs /run
	# not directly: the kernel refuses to mount it over itself
	mkdir "$tmp/cgroup"
	mount -t cgroup2 cgroup2 "$tmp/cgroup"
	mount --move "$tmp/cgroup" /sys/fs/cgroup
	mkdir /sys/fs/cgroup/test
	echo $$ >/sys/fs/cgroup/test/cgroup.procs
}

# A root file system that has a busybox and nothing else, as a folder and as the image `box`.
engine_image() {
	local applet busybox
	need busybox
	busybox=$(command -v busybox)
	mkdir -p "$tmp/box"/{bin,dev,proc,sys,tmp,etc,root,run,var/tmp}
	chmod 1777 "$tmp/box/tmp" "$tmp/box/var/tmp"
	cp "$busybox" "$tmp/box/bin/busybox"
	for applet in $("$busybox" --list); do
		[ "$applet" = busybox ] || ln -sf busybox "$tmp/box/bin/$applet"
	done
	printf '%s\n' root:x:0:0:root:/root:/bin/sh user:x:1000:1000:user:/:/bin/sh >"$tmp/box/etc/passwd"
	printf '%s\n' root:x:0: user:x:1000: extra:x:2000:user >"$tmp/box/etc/group"
	tar -C "$tmp/box" --owner=0 --group=0 --numeric-owner -cf "$tmp/box.tar" .
}
import() { ok p import --change 'ENV PATH=/bin' --change 'CMD ["sh"]' "$tmp/box.tar" box; }

engine_begin() {
	need "$engine" conmon crun busybox
	is_root || need newuidmap
	engine_configure
	engine_image
	run p info
	[ "$status" = 0 ] || skip "$engine does not work here: $(tail -n 1 "$err")"
}

# ---- cases ----
attempt() { # RUNTIME CASE: in a shell of its own, where the first command that fails ends it
	local status=0
	runtime=$1
	(
		trap - EXIT
		out=$tmp/out-$2 err=$tmp/err-$2
		"$2"
	) >"$tmp/log" 2>&1 </dev/null &
	wait $! || status=$?
	clear_away >>"$tmp/log" 2>&1 || status=$?
	[ "$runtime" != cloister ] || no_cgroups_left >>"$tmp/log" || status=$?
	return $status
}

# What one case made is gone before the next begins.
clear_away() {
	local left
	[ $engine = podman ] || { p rm -a >/dev/null; return; }
	left=$(p ps -aq)$(p pod ps -q)$(p volume ls -q)
	[ -n "$left" ] || return 0
	p pod rm -fa -t 0 >/dev/null
	p rm -fa -t 0 >/dev/null
	p volume rm -fa >/dev/null
}

beyond_this_machine() { # CASE
	local control any=1
	[ "${CONTROL:-1}" = 1 ] || return 1
	for control in crun runc; do
		command -v $control >/dev/null || continue
		! attempt $control "$1" || return 1
		# crun leaves the cgroup of a container that it could not make
		! is_root || find /sys/fs/cgroup -depth -type d -name 'libpod-*' -exec rmdir {} + 2>/dev/null
		any=0
	done
	return $any
}

cases() { # CASE...: or, behind the name of the script on the command line, just those
	local case
	wanted=" ${only-} "
	for case; do
		[ -z "${only-}" ] || [[ $wanted == *" $case "* ]] || continue
		# Once more: when the machine is busy, podman attaches too late to a container that has ended, and loses what
		# it has printed, with any runtime.
		if attempt cloister "$case" || { cp "$tmp/log" "$tmp/log-first"; attempt cloister "$case"; }; then
			passed=$((passed + 1))
			continue
		fi
		cp "$tmp/log" "$tmp/log-$case"
		cp "$tmp/err-$case" "$err" 2>/dev/null || :
		if beyond_this_machine "$case"; then
			limits_met=$((limits_met + 1))
			echo "# SKIP $case: crun and runc fail here as well: $(tail -n 1 "$tmp/log")"
			continue
		fi
		failures+=("$case")
		echo "---- $case"
		cat "$tmp/log-$case"
	done
}
passed=0 limits_met=0 failures=()
only=$*

left_processes() { # those that have the script's files mounted in a namespace of theirs, or are named on a command line
	local file ours theirs files=(/proc/[0-9]*/mountinfo /proc/[0-9]*/cmdline)
	ours=$(readlink /proc/self/ns/mnt)
	# the name is not an argument of grep's, which would find itself
	for file in $(echo "$tmp" | grep -lF --file=- "${files[@]}" 2>/dev/null || true); do
		theirs=$(readlink "${file%/*}/ns/mnt") || continue # it has ended
		[[ $file == *mountinfo && $theirs == "$ours" ]] || echo "${file%/*}"
	done
}
no_processes_left() { [ -z "$(left_processes)" ]; }

nothing_left() {
	local found i
	is_root || stop_pause
	# podman's cleanup, which conmon calls, may just be ending
	for ((i = 0; i < 100; i++)); do
		if no_processes_left; then break; fi
		sleep 0.05
	done
	found=$(for found in $(left_processes); do echo "$found: $(tr '\0' ' ' 2>/dev/null <"$found/cmdline" || :)"; done)
	[ -z "$found" ] || fail "processes are left: $found"
	found=$(find "$states" -mindepth 1 -maxdepth 1 ! -name .seccomp-cache 2>/dev/null) || true
	[ -z "$found" ] || fail "state is left: $found"
	found=$(grep -F "$tmp" /proc/self/mountinfo | grep -vE " (/etc/containers|$tmp/r/overlay) ") || true
	[ -z "$found" ] || fail "mounts are left: $found"
	no_cgroups_left
}
no_cgroups_left() {
	local found i
	is_root || return 0
	for ((i = 0; i < 50; i++)); do
		found=$(find /sys/fs/cgroup -mindepth 1 -type d -name 'libpod-*' 2>/dev/null) || true
		[ -n "$found" ] || return 0
		sleep 0.02
	done
	echo "cgroups are left: $found"
	return 1
}

# Podman without root keeps a process that holds its namespaces.
stop_pause() {
	local file pid
	for file in "$runtime_dir/t/pause.pid" "$XDG_RUNTIME_DIR/libpod/tmp/pause.pid"; do
		[ -s "$file" ] || continue
		pid=$(<"$file")
		kill -KILL "$pid" 2>/dev/null || :
		wait_for test ! -d "/proc/$pid"
	done
}

engine_end() {
	nothing_left
	echo "$engine: $passed passed, ${#failures[@]} failed, $limits_met are beyond this machine"
	[ ${#failures[@]} = 0 ] || fail "failed: ${failures[*]}"
	[ $passed -gt 0 ] || fail "no case has been run"
}

# Storage has files of subordinate ids, which only the user's namespace can remove.
engine_cleanup() {
	local status=$?
	set +e
	trap - ERR
	if [ -d "$runtime_dir/rr" ]; then
		clear_away
		is_root || $engine unshare rm -rf "$tmp/r" "$runtime_dir/rr" 2>/dev/null
		is_root || stop_pause
	fi
	umount "$tmp/r/overlay" /etc/containers 2>/dev/null
	return $status
}
trap 'engine_cleanup; cleanup' EXIT

# ---- what cases use ----
# tty_run INPUT ARGS...: the engine with a terminal, into which INPUT is typed once there is a line "ready".
tty_run() {
	local input=$1 command i
	shift
	mapfile -t command < <(engine_command)
	: >"$out"
	status=0
	{
		for ((i = 0; i < 500; i++)); do
			if grep -q ready "$out"; then break; fi
			sleep 0.02
		done
		printf '%s' "$input"
		# until it has been read
		sleep 1
	} | timeout --kill-after=2 60 script -qefc "$(printf '%q ' "${command[@]}" "$@")" /dev/null >"$out" 2>"$err" || status=$?
}
