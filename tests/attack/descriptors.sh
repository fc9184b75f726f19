#!/usr/bin/env bash
# I5, I7: nothing of the runtime reaches the container, neither a descriptor nor its binary, neither while it is being
# made nor afterwards.
# timeout: 400
# shellcheck disable=SC2016
. tests/attack/lib.sh
compiled overwrite
compiled trace
cp "$tmp/overwrite" "$tmp/trace" "$bundle/rootfs/bin/"

list_fds='for i in $(seq 0 200); do [ -e /proc/$$/fd/$i ] || [ -L /proc/$$/fd/$i ] && echo -n "$i "; done; echo'

# ---- stray descriptors of the caller, the log, the state directory and /proc are not inherited ----
with_stray() { # COMMAND...: with the descriptors 3 to 50 open on a directory of the host
	(
		local n
		for n in $(seq 3 50); do eval "exec $n</"; done
		exec "$@"
	)
}
for kind in $(kinds); do
	kind "$kind"
	new_id
	config . "$list_fds"
	ok with_stray "${enter[@]}" "$cloister" --root "$state" --debug --log "$tmp/log" --log-format json run \
		--pid-file "$tmp/pid" --bundle "$bundle" "$id"
	says "0 1 2 "
	ok with_stray "${enter[@]}" "$cloister" --root "$state" run --preserve-fds 2 --bundle "$bundle" "$id"
	says "0 1 2 3 4 "
done
kind self
new_id
config . "$list_fds"
ok with_stray "$cloister" --root "$state" create --bundle "$bundle" "$id"
with_stray "$cloister" --root "$state" start "$id"
wait_for in_state "$id" stopped
says "0 1 2 "
ok cl delete "$id"

# ---- CVE-2024-21626: a working directory, a program or an interpreter behind a descriptor of the runtime ----
# The program lies on the host; it is static, so that it would run.
mkdir "$tmp/host"
cp "$(command -v busybox)" "$tmp/host/echo"
up=../../../../../../../..
for kind in self $(is_root && echo none); do
	kind "$kind"
	for n in $(seq 3 14); do
		new_id
		ln -sfn "/proc/self/fd/$n/$up$tmp/host/echo" "$bundle/rootfs/bin/link"
		config '.process.args = ["/bin/link", "ESCAPED"]'
		refused "/bin/link" rt run --bundle "$bundle" "$id"
		printf '#!/proc/self/fd/%d/%s%s/host/echo ESCAPED\n' "$n" "$up" "$tmp" >"$bundle/rootfs/bin/script"
		chmod +x "$bundle/rootfs/bin/script"
		config '.process.args = ["/bin/script"]'
		refused "/bin/script" rt run --bundle "$bundle" "$id"
		for cwd in "/proc/self/fd/$n" "/proc/self/fd/$n/.." "/proc/1/fd/$n/$up"; do
			config ".process.cwd = \"$cwd\"" "[ -d $tmp/host ] && echo ESCAPED; true"
			refused "process.cwd" rt run --bundle "$bundle" "$id"
		done
	done
	nothing_left
done

# ---- CVE-2019-5736: the runtime's binary, by way of /proc/PID/exe; without a pid namespace, so that all are seen ----
# The binary belongs to the caller. The attacker is another container, with the same ids outside.
cp "$cloister" "$tmp/cloister"
before=$(sha256sum <"$tmp/cloister")
cp -a "$bundle" "$tmp/victims" # whose program must not be the attacker's
overwrite() { # FILE COMMAND...: the attack on the file runs beside the command; its output is in $tmp/attack
	local file=$1
	shift
	new_id
	config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.destination != "/proc"))
		| .mounts += [{ destination: "/proc", type: "bind", source: "/proc", options: ["rbind"] }]' \
		"exec overwrite $(stat -c '%d %i %s' "$file") 3"
	"$cloister" --root "$state" run --bundle "$bundle" "$id" >"$tmp/attack" 2>&1 &
	sleep 0.3
	"$@"
	wait $!
	grep -q '^seen' "$tmp/attack" || fail "the attack was not made: $(cat "$tmp/attack")"
}
lives() {
	local i
	for i in 1 2 3 4 5 6 7 8 9 10; do
		"$tmp/cloister" --root "$state" create --bundle "$tmp/victims" "$mark-v$i" || fail "create"
		sleep 0.02
		"$tmp/cloister" --root "$state" start "$mark-v$i" || fail "start"
		"$tmp/cloister" --root "$state" delete --force "$mark-v$i" || fail "delete"
		"$tmp/cloister" --root "$state" run --bundle "$tmp/victims" "$mark-v$i" || fail "run"
	done
}
for kind in self $(is_root && echo none); do
	kind "$kind"
	config . true
	cp "$bundle/config.json" "$tmp/victims/config.json"
	overwrite "$tmp/cloister" lives
	! grep -q WORKED "$tmp/attack" || fail "$kind: the runtime's binary was written to"
	equal "$(sha256sum <"$tmp/cloister")" "$before" "$kind: the runtime's binary"
	# and the attack is real: it works on a program that does not protect itself, unless a user namespace is between
	[ "$kind" = none ] || continue
	cp "$(command -v sleep)" "$tmp/victim"
	overwrite "$tmp/victim" setpriv --inh-caps=-all --bounding-set=-all "$tmp/victim" 0.5
	grep -q WORKED "$tmp/attack" || fail "$kind: the attack does not even work on an unprotected program"
done
# Nor is it within reach while a command runs that starts no container: access(2) knows of the read-only mount.
if is_root; then
	kind none
	new_id
	printf '#!/bin/sh\n[ -w /proc/$PPID/exe ]; echo $? >>%s\n' "$tmp/reach" >"$tmp/hook"
	chmod +x "$tmp/hook"
	config "{ path: \"$tmp/hook\" } as \$hook | .hooks = { prestart: [\$hook], poststart: [\$hook], poststop: [\$hook] }" true
	"$tmp/cloister" --root "$state" create --bundle "$bundle" "$id"
	"$tmp/cloister" --root "$state" start "$id"
	"$tmp/cloister" --root "$state" delete --force "$id"
	equal "$(tr -d '\n' <"$tmp/reach")" 111 "whether create, start and delete keep the binary out of reach"
fi
# a program that is the runtime itself, run in the container
printf '#!/proc/self/exe\n' >"$bundle/rootfs/bin/script"
chmod +x "$bundle/rootfs/bin/script"
kind self
new_id
config '.process.args = ["/bin/script"]'
run "$tmp/cloister" --root "$state" run --bundle "$bundle" "$id"
equal "$(sha256sum <"$tmp/cloister")" "$before" "#!/proc/self/exe: the runtime's binary"
nothing_left

# ---- CVE-2016-9962: init before its exec, in the pid and user namespace of another container that has all capabilities ----
kind self
new_id
first=$id
config "$(all_capabilities)" "trace cloister 3; sleep 100"
ok cl create --bundle "$bundle" --pid-file "$tmp/pid" "$first" >"$tmp/attack"
exec 3>"$tmp/attack"
cl delete --force "$first"
"$cloister" --root "$state" run --bundle "$bundle" --pid-file "$tmp/pid" "$first" >"$tmp/attack" 2>&1 &
background="$!"
wait_for in_state "$first" running
pid=$(cat "$tmp/pid")
config ".linux.namespaces |= map(if .type == \"user\" or .type == \"pid\" then .path = \"/proc/$pid/ns/\" + .type else . end)
	| del(.linux.uidMappings, .linux.gidMappings)" true
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	ok cl create --bundle "$bundle" "$mark-j$i"
	sleep 0.05
	ok cl start "$mark-j$i"
	ok cl delete --force "$mark-j$i"
done
wait_for grep -q '^seen' "$tmp/attack"
grep -q '^seen [1-9]' "$tmp/attack" || fail "the attack saw nothing: $(cat "$tmp/attack")"
! grep -q WORKED "$tmp/attack" || fail "init could be reached before its exec: $(sort "$tmp/attack" | uniq -c)"
ok cl delete --force "$first"
wait
nothing_left
