# shellcheck shell=bash disable=SC2154,SC2034
# What the runtime-*.sh scripts share, behind lib.sh: one bundle with a busybox, whose config is written anew for each
# container; the ways in which a container's ids come about; and a look at what is left behind.

bundle=$tmp/bundle
mark=${tmp##*/} # in every id, so that cgroups of this script can be told from others
count=0
enter=()
base=.

# One bundle for the whole script. Its folder can be entered by others than its owner, or not: see `closed`.
make_bundle "$bundle"
base_config >"$tmp/base.json"

# kind NAME: how the ids of the containers that follow come about.
#   self     one id, the caller's own
#   ranges   65536 ids or more: through newuidmap for a user, written directly by root
#   none     no user namespace (root only)
#   nested   none in the config, but the caller is uid 0 of a user namespace already, as under podman without root
#   within   ... and the config makes one more
kind() {
	kind=$1
	enter=()
	base=.
	case $kind in
	none | nested) base='del(.linux.uidMappings, .linux.gidMappings) | .linux.namespaces |= map(select(.type != "user"))' ;;
	within) base='.linux.uidMappings[0].hostID = 0 | .linux.gidMappings[0].hostID = 0' ;;
	ranges)
		if is_root; then
			base='.linux.uidMappings[0] |= (.hostID = 100000 | .size = 65536) |
				.linux.gidMappings[0] |= (.hostID = 200000 | .size = 65536)'
		else
			base=".linux.uidMappings[1] = { containerID: 1, hostID: $(subordinate uid), size: 65535 } |
				.linux.gidMappings[1] = { containerID: 1, hostID: $(subordinate gid), size: 65535 }"
		fi
		;;
	esac
	case $kind in
	nested | within) enter=(unshare --user --map-root-user) ;;
	esac
}

subordinate() { # uid|gid: the first of the caller's subordinate ids
	awk -F: -v name="$(id -un)" -v id="$(id -u)" '($1 == name || $1 == id) && $3 >= 65535 { print $2; exit }' "/etc/sub$1"
}

kinds() { # the kinds that can be tried as this user, here
	echo self
	is_root && echo none
	if is_root || { command -v newuidmap && [ -n "$(subordinate uid)" ] && [ -n "$(subordinate gid)" ]; } >/dev/null; then
		echo ranges
	fi
	unshare --user --map-root-user true 2>/dev/null && echo nested within
	return 0
}

rt() { "${enter[@]}" "$cloister" --root "$state" "$@"; }
new_id() { id=$mark-$((++count)); }

# config JQ-FILTER [SHELL-COMMANDS]: config.json of the bundle, for the kind of ids that is set.
config() {
	jq --arg sh "${2-}" "$base | (if \$sh == \"\" then . else .process.args = [\"sh\", \"-c\", \$sh] end) | ${1:-.}" \
		"$tmp/base.json" >"$bundle/config.json"
}

# inside SHELL-COMMANDS [JQ-FILTER]: they run in a container and must succeed; what they print is in $out.
inside() {
	new_id
	config "${2:-.}" "$1"
	ok rt run --bundle "$bundle" "$id"
}

# refuses TEXT JQ-FILTER: the container cannot be made; the one line of error has TEXT; nothing is left of it.
refuses() {
	new_id
	config "$2"
	refused "$1" rt run --bundle "$bundle" "$id"
	nothing_left
}

# A JQ filter that adds a mount: mount DEST TYPE SOURCE [OPTION...]
mount_json() {
	jq -nc '{ destination: $ARGS.positional[0], type: $ARGS.positional[1], source: $ARGS.positional[2],
		options: $ARGS.positional[3:] }' --args -- "$@"
}
with_mount() { echo ".mounts += [$(mount_json "$@")]"; }

# ---- what must not be left ----
runtime_processes() { # pids of processes that were started as the runtime on our state directory
	local file arg
	for file in /proc/[0-9]*/cmdline; do
		while IFS= read -r -d '' arg; do
			if [ "$arg" = "$state" ]; then
				file=${file#/proc/}
				echo "${file%/cmdline}"
				break
			fi
		done <"$file"
	done 2>/dev/null
	return 0
}

nothing_left() {
	local found
	if [ -d "$state" ]; then
		found=$(find "$state" -mindepth 1 -maxdepth 1 ! -name .seccomp-cache)
		[ -z "$found" ] || fail "state is left: $found"
	fi
	found=$(runtime_processes)
	[ -z "$found" ] || fail "processes are left: $(for p in $found; do echo "$p $(tr '\0' ' ' <"/proc/$p/cmdline")"; done)"
	found=$(grep -F " $bundle" /proc/self/mountinfo) || true
	[ -z "$found" ] || fail "mounts are left: $found"
	if [ -d /sys/fs/cgroup ]; then
		found=$(find /sys/fs/cgroup -name "*$mark*" 2>/dev/null) || true
		[ -z "$found" ] || fail "cgroups are left: $found"
	fi
}

# helper NAME: compiles tests/e2e/helpers/NAME.c to $tmp/NAME, statically, so that it runs in a container too. Where there
# is no compiler (tests/vm), it has been built before.
helper() {
	local compiler
	if [ -x "$B/tests/e2e/helpers/$1" ]; then
		cp "$B/tests/e2e/helpers/$1" "$tmp/$1"
		return
	fi
	for compiler in "${CC:-cc}" gcc clang; do
		command -v "$compiler" >/dev/null || continue
		"$compiler" -std=gnu17 -D_GNU_SOURCE -O1 -Wall -Wextra -static -o "$tmp/$1" "tests/e2e/helpers/$1.c" 2>"$err" && return
		fail "tests/e2e/helpers/$1.c cannot be compiled"
	done
	skip "there is no C compiler for tests/e2e/helpers/$1.c"
}

# ---- /proc/self/mountinfo of the container, which the last run has printed (proc_pid_mountinfo(5)) ----
mount_field() { # DEST FIELD: options | super | tags | type | root, of the topmost mount there
	awk -v dest="$1" -v want="$2" '
		$5 == dest {
			tags = ""
			for (i = 7; $i != "-"; i++) tags = tags (tags == "" ? "" : " ") $i
			found = want == "options" ? $6 : want == "super" ? $(i + 3) : want == "type" ? $(i + 1) : want == "root" ? $4 : tags
			any = 1
		}
		END { if (!any) found = "(nothing is mounted there)"; print found }' "$out"
}
has_options() { # DEST OPTION...: each is among the mount's, or with "!" in front it is not
	local dest=$1 have option
	have=,$(mount_field "$dest" options),
	shift
	for option; do
		case $option in
		!*) [[ $have != *,"${option#!}",* ]] || fail "$kind: $dest is ${option#!}: $have" ;;
		*) [[ $have == *,"$option",* ]] || fail "$kind: $dest is not $option: $have" ;;
		esac
	done
}
