#!/usr/bin/env bash
# What the options of create and run do that are not about isolation.
# tools: busybox jq setpriv
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

# ---- --config: another file than config.json ----
kind self
config . 'echo plain'
mkdir "$bundle/configs"
jq '.process.args = ["echo", "below the bundle"]' "$bundle/config.json" >"$bundle/configs/other.json"
jq '.process.args = ["echo", "elsewhere"]' "$bundle/config.json" >"$tmp/elsewhere.json"
for form in '--config configs/other.json' '--config=configs/other.json' '-f configs/other.json'; do
	new_id
	# shellcheck disable=SC2086
	ok rt run --bundle "$bundle" $form "$id"
	says 'below the bundle'
done
new_id
ok rt run --bundle "$bundle" --config "$tmp/elsewhere.json" "$id"
says elsewhere
new_id
(cd "$bundle/configs" && ok rt run --bundle .. --config configs/other.json "$id" && says 'below the bundle')
ok rt plan --bundle "$bundle" --config configs/other.json
has 'below the bundle'
new_id
ok rt create --bundle "$bundle" --config configs/other.json "$id"
ok rt delete --force "$id"
new_id
refused "bundle $(realpath "$bundle"): open none.json: no such file or directory" rt run --bundle "$bundle" --config none.json "$id"
echo '{' >"$bundle/configs/broken.json"
refused "bundle $(realpath "$bundle"): configs/broken.json:" rt run --bundle "$bundle" --config configs/broken.json "$id"
ok rt run --bundle "$bundle" --config '' "$id"
says plain
nothing_left

# ---- --pid-file of run: it is still there when the container has ended ----
new_id
config . 'true'
ok rt run --bundle "$bundle" --pid-file "$tmp/run.pid" "$id"
[[ $(cat "$tmp/run.pid") =~ ^[0-9]+$ ]] || fail "the pid file of run"

# ---- delete --regex ----
config . 'exec sleep 1000'
for id in "$mark-web1" "$mark-web2" "$mark-db"; do ok rt run --detach --bundle "$bundle" "$id"; done
refused "option --regex: '[' is no extended regular expression" rt delete --regex '['
ok rt delete --regex 'no-such-id'
# without --force those that run stay, and each is told of
run rt delete --regex "$mark-web[0-9]\$"
[ "$status" != 0 ] || fail 'running containers are not deleted without --force'
grep -q "warning.*$mark-web1.* that is not stopped" "$err" || fail 'nothing is said of the first'
grep -q "cannot delete container \"$mark-web2\" that is not stopped" "$err" || fail 'nothing is said of the last'
ok rt delete --force --regex "$mark-web[0-9]\$"
ok rt list --quiet
says "$mark-db"
# the whole text is no expression without the option
refused 'container id "web.*" is invalid' rt delete --force 'web.*'
ok rt delete --force --regex .
ok rt list --quiet
says ''
nothing_left

# ---- --debug: each step is told, on standard error or in the log; standard output is the container's ----
config . 'echo out'
new_id
ok rt --debug run --bundle "$bundle" "$id"
says out
grep -qE '^time="[^"]+" level=debug msg="init: hostname box"$' "$err" || fail "no step of init: $(cat "$err")"
grep -qE '^time="[^"]+" level=debug msg="start: exec sh -c \\"echo out\\""$' "$err" || fail "no step of start: $(cat "$err")"
for format in text json; do
	ok rt --debug --log "$tmp/log.$format" --log-format $format run --bundle "$bundle" "$id"
	says out
	[ ! -s "$err" ] || fail "with a log it is on standard error, too: $(cat "$err")"
done
grep -qE '^time="[^"]+" level=debug msg="init: hostname box"$' "$tmp/log.text" || fail "the log: $(cat "$tmp/log.text")"
jq -se 'any(.level == "debug" and .msg == "init: hostname box" and .time != null)' "$tmp/log.json" >/dev/null || fail "the log: $(cat "$tmp/log.json")"
ok rt run --bundle "$bundle" "$id"
[ ! -s "$err" ] || fail "without --debug: $(cat "$err")"
# where the filter forbids to write, the program runs all the same
filter='.linux.seccomp = { defaultAction: "SCMP_ACT_ALLOW", syscalls: [{ names: ["write"], action: "SCMP_ACT_KILL_PROCESS" }] } | .process.args = ["true"]'
for privileges in true false; do
	config "$filter | .process.noNewPrivileges = $privileges"
	ok rt --debug run --bundle "$bundle" "$id"
done
config . 'exec sleep 1000'
ok rt run --detach --bundle "$bundle" "$id"
ok rt --debug exec "$id" true
grep -q 'level=debug msg="outer: enter' "$err" || fail "no step of exec: $(cat "$err")"
ok rt delete --force "$id"
nothing_left

# ---- socket activation: LISTEN_FDS passes through to create and run, behind --preserve-fds' ----
config '.process.env += ["LISTEN_PID=77"]' 'echo $LISTEN_FDS $LISTEN_PID $LISTEN_FDNAMES; cat <&3; cat <&4; ls /proc/self/fd | tr "\n" " "'
LISTEN_FDS=2 LISTEN_PID=1 LISTEN_FDNAMES=a:b ok rt run --bundle "$bundle" "$id" 3<<<three 4<<<four
equal "$(head -n 3 "$out" | tr '\n' ,)" '2 1 a:b,three,four,'
LISTEN_FDS=1 ok rt run --bundle "$bundle" --preserve-fds 1 "$id" 3<<<three 4<<<four
equal "$(head -n 3 "$out" | tr '\n' ,)" '1 1,three,four,'
config '.linux.namespaces |= map(select(.type != "pid")) | .mounts |= map(select(.destination != "/proc"))' '[ $LISTEN_PID = $$ ] && echo mine'
LISTEN_FDS=1 ok rt run --bundle "$bundle" "$id" 3</dev/null
says mine
config . 'echo "$LISTEN_FDS,$LISTEN_PID"'
for nothing in '' 0 many; do
	LISTEN_FDS=$nothing ok rt run --bundle "$bundle" "$id"
	says ,
done
nothing_left

# ---- the standard streams are the user's, who can open them again; a device stays whose it is ----
if is_root; then
	kind none
	config '.process.user = { uid: 7, gid: 8 }' 'echo again >/proc/self/fd/1; stat -L -c %u:%g /proc/self/fd/1; stat -L -c %u:%g /proc/self/fd/0'
	rt run --bundle "$bundle" "$id" </dev/null 2>"$err" | cat >"$out"
	says "again
7:8
$(stat -c %u:%g /dev/null)"
	config . 'exec sleep 1000'
	ok rt run --detach --bundle "$bundle" "$id"
	rt exec --user 9:10 "$id" sh -c 'echo again >/proc/self/fd/1; stat -L -c %u:%g /proc/self/fd/1' </dev/null 2>"$err" | cat >"$out"
	says 'again
9:10'
	ok rt delete --force "$id"

	# ---- podman's keep-groups ----
	config '.annotations = { "run.oci.keep_original_groups": "1" }' 'id -G'
	ok setpriv --groups 3,5,7 -- "$cloister" --root "$state" run --bundle "$bundle" "$id"
	equal "$(tr ' ' '\n' <"$out" | sort -n | tr '\n' ' ')" '0 3 5 7 '
	config . 'id -G'
	ok setpriv --groups 3,5,7 -- "$cloister" --root "$state" run --bundle "$bundle" "$id"
	says 0
	nothing_left
fi
