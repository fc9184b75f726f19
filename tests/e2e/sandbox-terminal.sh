#!/usr/bin/env bash
# What a builder's standard streams are under cloister-build (docs/sandbox.md, N9 and G10): as under Nix a terminal that
# translates nothing; under Guix a pipe; and nothing to read from.
# tools: nix-instantiate nix-store busybox jq sqlite3
# timeout: 120
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-drv.sh
. tests/e2e/lib-build.sh

streams='build { name = "streams"; text = "
	for fd in 0 1 2; do [ -t $fd ] && echo $fd is a terminal; done
	readlink /proc/self/fd/0
	(: </dev/tty) 2>/dev/null && echo it controls
	stty -a <&2 2>/dev/null | tr \" \" \"\\n\" | grep -xE -- \"-?(opost|echo|icanon|isig)\" | sort | tr \"\\n\" \" \"
	echo; printf \"line\\r\\nlast words\" >&2; echo >$out"; }'
streams() { # [guix]: what the builder says, by the log
	drv_store "$@"
	instantiate "$streams"
	mkdir "$tmp/logs-${1:-nix}"
	built --store "$tmp/root-${1:-nix}" --log-dir "$tmp/logs-${1:-nix}" "$drv"
	cat "$tmp/logs-${1:-nix}"/*streams.drv.log
}

equal "$(streams)" "1 is a terminal
2 is a terminal
/dev/null
-echo -icanon -isig -opost 
line
last words" "Nix"
chmod -R u+w "$tmp/store"; rm -rf "$tmp/store" "$tmp/nix"
equal "$(streams guix | tr -d '\r')" "/dev/null

line
last words" "Guix"
