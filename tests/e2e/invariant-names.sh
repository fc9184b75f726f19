#!/usr/bin/env bash
# I8, R3: ids, annotations, file names and what programs say are data: no path is built from them unchecked, and an error
# stays one line, in the log as well, in text and in JSON.
# timeout: 400
# shellcheck disable=SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh
kind self
nl=$'\n' esc=$'\033' csi=$'\302\233' bad=$'\377\376'

# plain FILE: no control character but newlines, also none of the 8-bit ones, and all of it UTF-8
plain() {
	! LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1" || fail "control characters in: $(cat -v "$1")"
	iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1 || fail "no UTF-8: $(cat -v "$1")"
}

# told COMMAND...: (global options first) fails with one plain line, which is in the log too, in both formats
told() {
	local format
	for format in text json; do
		rm -f "$tmp/log"
		run "$cloister" --root "$state" --log "$tmp/log" --log-format "$format" "$@"
		[ "$status" != 0 ] || fail "this should have been refused: $*"
		[ "$status" -lt 126 ] || fail "exit status $status: $*"
		plain "$tmp/log"
		grep -q '"error"\|level=error' "$tmp/log" || fail "the log has no error: $(cat "$tmp/log")"
		if [ $format = json ]; then
			jq -es 'all(.[]; (.level | test("^(error|warning)$")) and (.msg | length > 0 and (test("\n") | not)) and
				(.time | fromdate > 0))' "$tmp/log" >/dev/null || fail "no JSON lines: $(cat "$tmp/log")"
			equal "$(jq -s 'map(select(.level == "error")) | length' "$tmp/log")" 1 "errors in the log"
			says ""
		else
			plain "$err"
			equal "$(wc -l <"$err")" 1 "lines of error"
		fi
	done
}

# ---- ids ----
mkdir -p "$tmp/outside/victim"
touch "$tmp/outside/victim/state.json"
before=$(find "$tmp/outside" | sort)
long=$(printf 'x%.0s' $(seq 300))
config . true
for bad_id in "" . .. ../x ../outside/victim "$tmp/outside/victim" a/b "a/../../outside/victim" "a b" "a${nl}b" "${esc}[31mx" \
	"${csi}31mx" "$bad" 'a$(touch x)' 'a;b' "$long" "%s%n" "é" "a:b" "a*" ".hidden"; do
	for command in "create --bundle $bundle" "run --bundle $bundle" start state kill "delete --force" delete; do
		# shellcheck disable=SC2086
		told $command -- "$bad_id"
	done
done
equal "$(find "$tmp/outside" | sort)" "$before" "what lies outside the state directory"
nothing_left
# and what is allowed
for good in a A.b-c_d+e 0 "$(printf 'x%.0s' $(seq 255))" x..y; do
	config '.hostname = "box"' true
	ok cl --cgroup-manager disabled run --bundle "$bundle" "$good"
done
nothing_left

# ---- texts of the config that end up in messages: newlines, escapes, bytes that are no UTF-8 ----
for text in "a${nl}b" "${esc}]0;title" "${csi}2J" "$(printf '\177')" "${bad}"; do
	for filter in '.process.args = [$t]' '.process.cwd = "/proc/" + $t' '.hostname = $t * 80' '.root.path = $t' \
		'.mounts += [{ destination: ("/" + $t), type: $t, source: $t }]' '.linux.maskedPaths = [$t]' \
		'.mounts += [{ destination: "/x", type: "bind", source: ("/" + $t), options: ["bind"] }]' \
		'.mounts += [{ destination: "/x", type: "tmpfs", source: "x", options: [$t] }]' \
		'.annotations["run.cloister.lock"] = $t' '.linux.namespaces[1].path = "/" + $t' '.linux.sysctl[$t] = "1"' \
		'.linux.sysctl["net." + $t] = $t' '.linux.seccomp = { defaultAction: $t }' '.ociVersion = $t' \
		'.hooks = { prestart: [{ path: ("/" + $t) }] }' '.process.rlimits = [{ type: $t, soft: 1, hard: 1 }]' \
		'.linux.cgroupsPath = "/../" + $t' '.hooks = { prestart: [{ path: "/bin/sh", args: ["sh", "-c", "printf \"%s\\n\" \"$1\"; exit 3",
			"sh", $t] }] }' '.[$t] = 1 | .process[$t] = 1 | .process.args = ["/none"]'; do
		new_id
		config . true
		jq --arg t "$text" "$filter" "$bundle/config.json" >"$tmp/c"
		mv "$tmp/c" "$bundle/config.json"
		# a name that is not UTF-8 must arrive as it is: JSON cannot hold it, so that it goes in behind jq's back
		[ "$text" != "$bad" ] || LC_ALL=C sed -i "s/\xef\xbf\xbd\xef\xbf\xbd/\xff\xfe/g" "$bundle/config.json"
		told run --bundle "$bundle" "$id"
		nothing_left
	done
done

# ---- harmless texts are no error, and are carried as data ----
config '.annotations = { "a\nb": "c\nd", "../../x": "\u001b[31m", "org.example.other": "x" }' true
new_id
ok cl create --bundle "$bundle" "$id"
ok cl state "$id"
equal "$(jq -r '.annotations["a\nb"]' "$out")" "c${nl}d"
plain "$out"
ok cl list
plain "$out"
ok cl delete --force "$id"
nothing_left

# ---- file names of the host ----
odd="$tmp/od d${nl}${esc}[31m$csi"
mkdir "$odd"
cp -a "$bundle/rootfs" "$odd/rootfs"
echo '{' >"$odd/config.json"
told run --bundle "$odd" x
told run --bundle "$odd/none" x
told run --bundle "$bundle" --pid-file "$odd/none/pid" x
told run --bundle "$bundle" --console-socket "$odd/none" x
told --root "$odd/config.json" create --bundle "$bundle" x
config . true
cp "$bundle/config.json" "$odd/config.json"
ok cl create --bundle "$odd" --pid-file "$odd/pid" "$id"
ok cl list
plain "$out"
equal "$(wc -l <"$out")" 2 "lines of list"
ok cl list --format json
equal "$(jq -r '.[0].bundle' "$out")" "$odd"
ok cl delete --force "$id"
nothing_left

# ---- a very long name: the reason is still told ----
deep=/$(printf 'y%.0s' $(seq 200))
deep=$deep$deep$deep$deep$deep$deep
config ".process.args = [\"$deep\"]"
told run --bundle "$bundle" "$id"
grep -q 'no such file or directory' "$tmp/log" || fail "the reason is cut off: $(cat "$tmp/log")"
nothing_left
