#!/usr/bin/env bash
# state and list: of real containers, of hand-made records, of what a kill leaves, while containers come and go.
# tools: jq busybox
# shellcheck disable=SC1091,SC2154
. tests/e2e/lib.sh

refused "open state root $state: no such file or directory" cl list
mkdir -m 700 "$state"
ok cl list
says "ID          PID         STATUS      BUNDLE      CREATED     OWNER"
ok cl list --format json
says "[]"
refused "option --format: 'xml' is neither table nor json" cl list --format xml

# A record by hand: what is shown of it, to the byte.
start_time() { sed 's/.*) //' "/proc/$1/stat" | cut -d' ' -f20; } # PID
record() { # ID STATUS PID START [BUNDLE]
	mkdir -p "$state/$1"
	printf '{"version":1,"id":"%s","ociVersion":"1.2.0","bundle":"%s","rootfs":"%s/rootfs","status":"%s","pid":%s,%s}' \
		"$1" "${5:-/b}" "${5:-/b}" "$2" "$3" \
		"\"pidStartTime\":$4,\"created\":\"2026-01-02T03:04:05.678Z\"" >"$state/$1/state.json"
}
sleep 600 &
background="$background $!"
pid=$!
me=$(id -un)
record web running $pid "$(start_time $pid)"
record db created $pid "$(start_time $pid)" /a/bundle/with/a/long/path
record old running $pid 1
ok cl list
says "ID          PID         STATUS      BUNDLE                       CREATED                    OWNER
db          $(printf %-11s $pid) created     /a/bundle/with/a/long/path   2026-01-02T03:04:05.678Z   $me
old         0           stopped     /b                           2026-01-02T03:04:05.678Z   $me
web         $(printf %-11s $pid) running     /b                           2026-01-02T03:04:05.678Z   $me"
ok cl list -q
says "db
old
web"
ok cl list --format=json
equal "$(jq -c '[.[] | [.ociVersion, .id, .status, .pid, .bundle, .rootfs, .created, .owner]]' "$out")" \
	"[[\"1.2.0\",\"db\",\"created\",$pid,\"/a/bundle/with/a/long/path\",\"/a/bundle/with/a/long/path/rootfs\",\"2026-01-02T03:04:05.678Z\",\"$me\"],[\"1.2.0\",\"old\",\"stopped\",0,\"/b\",\"/b/rootfs\",\"2026-01-02T03:04:05.678Z\",\"$me\"],[\"1.2.0\",\"web\",\"running\",$pid,\"/b\",\"/b/rootfs\",\"2026-01-02T03:04:05.678Z\",\"$me\"]]"
ok cl state web
equal "$(jq -c . "$out")" \
	"{\"ociVersion\":\"1.2.0\",\"id\":\"web\",\"status\":\"running\",\"pid\":$pid,\"bundle\":\"/b\",\"rootfs\":\"/b/rootfs\",\"created\":\"2026-01-02T03:04:05.678Z\",\"owner\":\"$me\"}"

# Neither waits for a command that holds the lock.
exec 9<"$state/web"
flock 9
ok timeout 10 "$cloister" --root "$state" state web
ok timeout 10 "$cloister" --root "$state" list
exec 9<&-
kill $pid
wait $pid || true
ok cl state web
equal "$(jq -r '.status, .pid' "$out" | xargs)" "stopped 0"
rm -r "${state:?}"/*

# What a killed create leaves is shown, and delete --force removes it.
mkdir -m 700 "$state/half" "$state/tmp-only"
echo '{"vers' >"$state/tmp-only/.state.json.tmp"
ok cl list -q
says "half
tmp-only"
ok cl list -f json
equal "$(jq -c '[.[] | [.id, .status]]' "$out")" '[["half","creating"],["tmp-only","creating"]]'
refused "container \"half\" has no state: its creation is still running or was interrupted, then 'cloister delete --force half' removes it" \
	cl state half
ok cl delete --force half
ok cl delete --force tmp-only
ok cl list -q
says ""

# A record that cannot be read: said once, and the others are shown all the same.
record good running 1 1
mkdir -m 700 "$state/bad" "$state/other"
echo '{"version":1,}' >"$state/bad/state.json"
sed 's/"good"/"evil"/' "$state/good/state.json" >"$state/other/state.json"
ok cl list -q
says "good"
grep -q 'container "bad": state.json:1:' "$err" || fail "nothing said about the bad record"
grep -q 'container "other": state.json is that of "evil"' "$err" || fail "nothing said about the foreign record"
refused 'container "bad": state.json:1:' cl state bad
# No container at all.
touch "$state/file"
ln -s good "$state/link"
mkdir "$state/no id" "$state/.cache"
ok cl list -q
says "good"
refused 'container "link" does not exist' cl state link
rm -r "$state"

# A real one from its creation to its end. Other users may have containers of the same name, also in the cgroup tree.
box=list-$me-$RANDOM
make_bundle "$tmp/b" '.process.args = ["sleep", "600"] | .annotations = { "a.b": "c" }'
ok cl create --bundle "$tmp/b" --pid-file "$tmp/pid" "$box"
ok cl state "$box"
equal "$(jq -c '[.ociVersion, .id, .status, .pid, .bundle, .rootfs, .annotations, .owner]' "$out")" \
	"[\"1.2.0\",\"$box\",\"created\",$(cat "$tmp/pid"),\"$(realpath "$tmp/b")\",\"$(realpath "$tmp/b")/rootfs\",{\"a.b\":\"c\"},\"$me\"]"
jq -e '.created | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{9}Z$")' "$out" >/dev/null ||
	fail "creation time"
ok cl start "$box"
ok cl state "$box"
equal "$(jq -r .status "$out")" running
ok cl kill "$box" KILL
wait_for in_state "$box" stopped
ok cl delete "$box"
refused "container \"$box\" does not exist" cl state "$box"

# Others come and go while somebody lists: what has vanished meanwhile is passed over.
mkdir -p "$state"
(
	for ((i = 0; i < 300; i++)); do
		record "c$((i % 7))" running 1 1
		rm -rf "$state/c$(((i + 3) % 7))"
	done
) &
writer=$!
while kill -0 $writer 2>/dev/null; do
	"$cloister" --root "$state" list -f json >"$tmp/list" 2>"$tmp/warnings" || fail "list failed: $(cat "$tmp/warnings")"
	jq -e 'all(.[]; .id | startswith("c"))' "$tmp/list" >/dev/null || fail "$(cat "$tmp/list")"
done
wait $writer
rm -rf "$state"
