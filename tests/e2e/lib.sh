# shellcheck shell=bash
# What the end-to-end scripts share: `. tests/e2e/lib.sh` is their first line after the head. tests/run calls them from
# the top of the tree; by hand: `bash tests/e2e/NAME.sh`.
#
# A script passes when it ends well, fails by `fail`, and skips by `skip`. It may run as root or as an ordinary user.
set -Eeuo pipefail

B=${B:-$PWD/build}
cloister=$B/cloister
# shellcheck disable=SC2034
cloister_bundle=$B/cloister-bundle
tmp=$(mktemp -d)
# The state directory of all containers of the script: whatever is left in it is deleted at the end.
state=$tmp/state
out=$tmp/out err=$tmp/err

is_root() { [ "$(id -u)" = 0 ]; }

fail() {
	echo "FAILED: $0:${BASH_LINENO[-2]}: $*" >&2
	[ ! -s "$err" ] || { echo "standard error of the last command:"; cat "$err"; } >&2
	exit 1
}

skip() { # the reason must be the last line
	echo "$*"
	exit 77
}

need() { # PROGRAM...
	local program
	for program; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

cleanup() {
	local status=$? id
	trap - ERR
	set +e
	if [ -d "$state" ]; then
		for id in "$state"/*/; do
			id=$(basename "$id")
			"$cloister" --root "$state" delete --force "$id" >/dev/null 2>&1
		done
	fi
	for id in $background; do kill -KILL "$id" 2>/dev/null; done
	chmod -R u+w "$tmp" 2>/dev/null # a store is read-only
	rm -rf "$tmp" 2>/dev/null
	exit $status
}
background=
trap cleanup EXIT
trap 'exit 130' INT TERM HUP
trap 'echo "FAILED: $0:$LINENO: $BASH_COMMAND" >&2' ERR

# cl ARGS...: the runtime, on this script's state directory.
cl() { "$cloister" --root "$state" "$@"; }

# run COMMAND...: its standard output goes to $out, its standard error to $err, its exit status to $status. Never fails.
# The files are new ones each time: a container's streams become its user's.
run() {
	status=0
	command -p rm -f "$out" "$err" # also where a test has taken away PATH
	"$@" >"$out" 2>"$err" </dev/null || status=$?
}

# ok COMMAND...: as run, and it must exit with 0.
ok() {
	run "$@"
	[ "$status" = 0 ] || fail "exit status $status: $*"
}

# refused TEXT COMMAND...: it must exit with something else and say TEXT (a fixed string) in one line on standard error.
refused() {
	local text=$1
	shift
	run "$@"
	[ "$status" != 0 ] || fail "this should have been refused: $*"
	grep -qF -- "$text" "$err" || fail "it did not say '$text': $*"
	[ "$(wc -l <"$err")" = 1 ] || fail "the error is not one line: $*"
}

says() { # TEXT: standard output of the last run, whole (without the final newline)
	[ "$(cat "$out")" = "$1" ] || fail "expected '$1', got '$(cat "$out")'"
}

has() { grep -qE -- "$1" "$out" || fail "no line matches '$1' in: $(cat "$out")"; }       # REGEX
has_not() { ! grep -qE -- "$1" "$out" || fail "a line matches '$1' in: $(cat "$out")"; }  # REGEX

equal() { [ "$1" = "$2" ] || fail "expected '$2', got '$1'${3:+ ($3)}"; } # GOT EXPECTED [WHAT]

# wait_for COMMAND...: until it succeeds, at most ten seconds.
wait_for() {
	local i
	for ((i = 0; i < 500; i++)); do
		if "$@" >/dev/null 2>&1; then return 0; fi
		sleep 0.02
	done
	fail "waited in vain for: $*"
}

in_state() { [ "$(cl state "$1" | jq -r .status)" = "$2" ]; } # ID STATUS

# make_bundle DIR [JQ-FILTER]: a bundle whose rootfs has a static busybox and nothing else, which works as root and as an
# ordinary user. The config is printed `jq`-filtered: `make_bundle "$tmp/b" '.process.args = ["true"]'`.
make_bundle() {
	local dir=$1 filter=${2:-.} applet busybox
	need jq busybox
	busybox=$(command -v busybox)
	mkdir -p "$dir/rootfs"/{bin,dev,proc,sys,tmp,etc,root}
	cp "$busybox" "$dir/rootfs/bin/busybox"
	# one process where we can: four hundred are most of a script's time where processes are slow (tests/vm)
	if command -v perl >/dev/null; then
		# shellcheck disable=SC2046
		(cd "$dir/rootfs/bin" && perl -e 'symlink "busybox", $_ for @ARGV' $("$busybox" --list))
	else
		for applet in $("$busybox" --list); do
			[ "$applet" = busybox ] || ln -sf busybox "$dir/rootfs/bin/$applet"
		done
	fi
	base_config | jq "$filter" >"$dir/config.json"
}

# One id mapped, so that nobody needs a range; as root too, since root in a user namespace is what a bundle has.
base_config() {
	cat <<END
{
	"ociVersion": "1.2.0",
	"root": { "path": "rootfs" },
	"process": {
		"args": ["true"], "cwd": "/", "user": { "uid": 0, "gid": 0 },
		"env": ["PATH=/bin"], "noNewPrivileges": true
	},
	"hostname": "box",
	"mounts": [
		{ "destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"] },
		{ "destination": "/dev", "type": "tmpfs", "source": "tmpfs",
		  "options": ["nosuid", "strictatime", "mode=755", "size=65536k"] },
		{ "destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "nodev", "mode=1777"] }
	],
	"linux": {
		"namespaces": [
			{ "type": "user" }, { "type": "mount" }, { "type": "pid" }, { "type": "ipc" }, { "type": "uts" },
			{ "type": "network" }, { "type": "cgroup" }
		],
		"uidMappings": [ { "containerID": 0, "hostID": $(id -u), "size": 1 } ],
		"gidMappings": [ { "containerID": 0, "hostID": $(id -g), "size": 1 } ]
	}
}
END
}
