#!/usr/bin/env bash
# All six kinds of hooks: order, place, arguments, environment, the state on standard input, timeouts, failures.
# tools: busybox jq
# timeout: 180
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

root=$bundle/rootfs
log=$tmp/log
touch "$log" "$root/log"
chmod 666 "$log"
chmod 755 "$tmp" "$bundle"
# Called as: NAME WHERE-TO-LOG EXIT-STATUS. It runs on the host and in the container, with the shell that each has.
cat >"$tmp/hook" <<'END'
#!/bin/sh
state=$(cat)
{
	echo "$1 $(readlink /proc/self/ns/mnt) $(readlink /proc/self/ns/pid) $(env | grep -v -e '^PWD=' -e '^SHLVL=' -e '^_=' | tr '\n' ' ')"
	echo "$state"
} >>"$2"
[ "$3" = 0 ] || echo "no luck with $1" >&2
exit "$3"
END
chmod 755 "$tmp/hook"
cp "$tmp/hook" "$root/hook"
ln -sf busybox "$root/bin/env"
path='PATH=/bin:/usr/bin'

hook_json() { # NAME WHERE [EXIT-STATUS [TIMEOUT]]: hooks that only the container has run with its /hook and /log
	local hook=$tmp/hook to=$log
	[ "$1" != startContainer ] || { hook=/hook to=/log; }
	jq -nc --arg hook "$hook" --arg name "$1" --arg to "$to" --arg status "${2:-0}" --arg path "$path" \
		'{ path: $hook, args: ["hook", $name, $to, $status], env: [$path, "NAME=\($name)"] }'
}
all() { # [NAME=STATUS...]: one hook of each kind; poststop and poststart have two
	local kinds='prestart createRuntime createContainer startContainer poststart poststop' k s filter='.hooks = {}' pair
	for k in $kinds; do
		s=0
		for pair; do [ "${pair%=*}" != "$k" ] || s=${pair#*=}; done
		filter+=" | .hooks.$k = [$(hook_json "$k" "$s"), $(hook_json "$k" 0)]"
	done
	echo "$filter | .mounts += [$(mount_json /log none "$log" bind)] | .annotations = { \"org.example.key\": \"some \\\"value\\\"\" }"
}
names() { grep -v '^[{#]' "$log" | cut -d' ' -f1 | tr '\n' ' '; }
states() { grep '^{' "$log" | jq -r "$1" | tr '\n' ' '; }
is_stopped() { [ "$(rt state "$1" | jq -r .status)" = stopped ]; } # ID
host_mnt=$(readlink /proc/self/ns/mnt)
host_pid=$(readlink /proc/self/ns/pid)

for k in $(kinds); do
	kind "$k"
	: >"$log"
	new_id
	config "$(all)" 'echo "#$(readlink /proc/self/ns/mnt)" >>/log'
	ok rt create --bundle "$bundle" --pid-file "$tmp/pid" "$id" # what it prints goes where create's output goes
	equal "$(names)" 'prestart prestart createRuntime createRuntime createContainer createContainer ' "$k: create"
	equal "$(states .status)" 'creating creating creating creating creating creating ' "$k: create"
	equal "$(grep '^{' "$log" | head -n 4 | jq -r .pid | sort -u)" "$(cat "$tmp/pid")" "$k: the pid that the host's hooks get"
	ok rt start "$id"
	wait_for is_stopped "$id"
	equal "$(names | cut -d' ' -f7-)" 'startContainer startContainer poststart poststart ' "$k: start"
	ok rt delete --force "$id"
	equal "$(names | cut -d' ' -f11-)" 'poststop poststop ' "$k: delete"
	equal "$(states .status | cut -d' ' -f7-)" 'created created running running stopped stopped ' "$k"
	equal "$(states .id | tr ' ' '\n' | sort -u | tr -d '\n')" "$id" "$k"
	equal "$(states .bundle | tr ' ' '\n' | sort -u | tr -d '\n')" "$(realpath "$bundle")" "$k"
	equal "$(grep '^{' "$log" | jq -r '.annotations["org.example.key"]' | sort -u)" 'some "value"' "$k"
	equal "$(grep '^{' "$log" | jq -r .ociVersion | sort -u)" 1.2.0 "$k"
	mine=$(grep '^#' "$log" | tr -d '#')
	# where: the host's namespaces, or the container's
	while read -r name mnt pid env; do
		case $name in
		createContainer | startContainer)
			equal "$mnt" "$mine" "$k: the mount namespace of $name"
			[ "$pid" != "$host_pid" ] || fail "$k: the pid namespace of $name"
			;;
		*)
			equal "$mnt $pid" "$host_mnt $host_pid" "$k: the namespaces of $name"
			;;
		esac
		equal "$env" "NAME=$name $path" "$k: the environment of $name"
	done < <(grep -v '^[{#]' "$log" | sed 's/ $//')
	nothing_left
done

# ---- what fails before start: an error, nothing is left, and poststop hooks undo what the others did ----
kind self
for name in prestart createRuntime createContainer; do
	: >"$log"
	new_id
	config "$(all "$name=3")"
	refused "hooks.$name: hook #0: $tmp/hook ended with exit code 3: no luck with $name" rt create --bundle "$bundle" "$id"
	case $(names) in
	*"$name $name "*) fail "the second $name hook ran" ;;
	*"$name poststop poststop ") ;;
	*) fail "$name: $(names)" ;;
	esac
	nothing_left
	refused "hooks.$name" rt run --bundle "$bundle" "$id"
	nothing_left
done
# ---- startContainer: start fails ----
: >"$log"
new_id
config "$(all startContainer=4)" 'echo it ran >>/log'
ok rt create --bundle "$bundle" "$id"
refused 'hooks.startContainer: hook #0: /hook ended with exit code 4' rt start "$id"
! grep -q 'it ran' "$log" || fail 'the program ran'
rt delete --force "$id" || fail delete
nothing_left
# ---- poststart: the container is stopped and destroyed ----
: >"$log"
new_id
config "$(all poststart=5)" 'exec sleep 1000'
ok rt create --bundle "$bundle" "$id"
run rt start "$id"
[ "$status" != 0 ] || fail 'a failed poststart hook is an error'
grep -q "$tmp/hook ended with exit code 5" "$err" || fail 'nothing is said about poststart'
nothing_left
# ---- poststop: a warning ----
: >"$log"
new_id
config "$(all poststop=6)"
ok rt run --bundle "$bundle" "$id"
grep -q 'poststop.*ended with exit code 6' "$err" || fail 'no warning about poststop'
case $(names) in *'poststop poststop ') ;; *) fail "the second poststop hook did not run: $(names)" ;; esac
nothing_left

# ---- a hook without an environment has the runtime's, in the container the container's; its directory ----
cp "$(command -v busybox)" "$bundle/busybox"
chmod 755 "$bundle/busybox"
for k in $(kinds); do
	kind "$k"
	: >"$log"
	new_id
	tell="echo \"\$1 \$PWD \$OF_THE_HOST \$OF_THE_CONTAINER\" >>"
	config "[\"prestart\", \"createRuntime\", \"createContainer\", \"poststart\", \"poststop\"] as \$kinds
		| .hooks = ([\$kinds[] | { key: ., value: [{ path: \"/bin/sh\", args: [\"sh\", \"-c\", \"$(echo "$tell" | sed 's/"/\\"/g')$log\", \"sh\", .] }] }] | from_entries)
		| .hooks.startContainer = [{ path: \"/bin/sh\", args: [\"sh\", \"-c\", \"$(echo "$tell" | sed 's/"/\\"/g')/log\", \"sh\", \"startContainer\"] }]
		| .process.env += [\"OF_THE_CONTAINER=inside\"] | .mounts += [$(mount_json /log none "$log" bind)]"
	(cd / && OF_THE_HOST=outside ok rt run --bundle "$bundle" "$id")
	real=$(realpath "$bundle")
	here=$real
	# the container's root cannot get there
	[ "$k" != ranges ] || is_root || here="($real|/)"
	for name in prestart createRuntime poststart poststop; do
		grep -qxE "$name $real outside " "$log" || fail "$k: $name: $(cat "$log")"
	done
	grep -qxE "createContainer $here outside " "$log" || fail "$k: createContainer: $(cat "$log")"
	grep -qx "startContainer /  inside" "$log" || fail "$k: startContainer: $(cat "$log")"
	nothing_left
done

# ---- timeouts; what cannot be executed; what hangs on to its output ----
new_id
config ".hooks.createRuntime = [{ path: \"/bin/sh\", args: [\"sh\", \"-c\", \"sleep 1000\"], env: [\"$path\"], timeout: 1 }]"
SECONDS=0
refused 'hooks.createRuntime: hook #0: /bin/sh was killed: it did not end within its timeout of 1 s' rt create --bundle "$bundle" "$id"
[ $SECONDS -lt 20 ] || fail "it took $SECONDS s"
nothing_left
refuses 'hooks.prestart: hook #0: cannot execute /no/such/hook: no such file or directory' '.hooks.prestart = [{ path: "/no/such/hook" }]'
refuses 'permission denied' ".hooks.prestart = [{ path: \"$log\" }]"
refuses 'hooks.createContainer[0]' '.hooks.createContainer = [{ path: "hook" }]'
refuses 'timeout' '.hooks.poststop = [{ path: "/bin/true", timeout: 0 }]'
refuses 'was killed by signal 9' ".hooks.prestart = [{ path: \"/bin/sh\", args: [\"sh\", \"-c\", \"kill -9 \$\$\"] }]"
# a hook that reads nothing, and one that leaves a child with its output open
inside 'echo ran' '.hooks.prestart = [{ path: "/bin/true" }, { path: "/bin/sh", args: ["sh", "-c", "sleep 2 & exit 0"], env: ["PATH=/bin:/usr/bin"] }]'
says ran
nothing_left
