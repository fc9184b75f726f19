#!/usr/bin/env bash
# The command line of cloister-bundle: exit statuses, where output goes, one line for each error.
# shellcheck disable=SC1091,SC2154
. tests/e2e/lib.sh

wrong() { # TEXT ARGS...: exit status 2, the complaint and the usage line on standard error
	local text=$1
	shift
	run "$cloister_bundle" "$@"
	equal "$status" 2 "exit status of: $*"
	equal "$(head -n 1 "$err")" "cloister-bundle: $text"
	equal "$(sed -n 2p "$err" | cut -d' ' -f1-2)" "usage: cloister-bundle"
	equal "$(wc -l <"$err")" 2
	equal "$(cat "$out")" ""
}

wrong "a command is needed"
wrong "unknown command 'pth'" pth
wrong "unknown option '--bogus'" --bogus
wrong "path requires a store path" path
wrong "path requires a store path" path -- sh
wrong "unknown option --bogus" path --bogus x
wrong "option --output needs a value" path x --output
wrong "a program must follow --" path x --
wrong "--no-gc-root and --require-gc-root contradict each other" path x --no-gc-root --require-gc-root
wrong "drv requires one derivation" drv
wrong "drv requires one derivation" drv a b
wrong "a program after -- needs --shell: without it the builder runs" drv x -- sh
wrong "a program must follow --" drv x --shell --
wrong "--no-gc-root and --require-gc-root contradict each other" drv x --no-gc-root --require-gc-root
wrong "network-hook requires a helper's name and its program" network-hook

ok "$cloister_bundle" --version
has '^cloister-bundle version [0-9]+\.[0-9]+\.[0-9]+$'
for words in --help -h help "path --help" "path -h" "drv --help"; do
	# shellcheck disable=SC2086
	ok "$cloister_bundle" $words
	has '^usage: cloister-bundle '
	equal "$(cat "$err")" ""
done
# Every option of the help is in the manual, and the other way round.
in_manual() { # COMMAND FROM TO
	ok "$cloister_bundle" "$1" --help
	equal "$(grep -oE '^  (-[a-z], )?--[a-z-]+' "$out" | grep -oE -- '--[a-z-]+' | sort)" \
		"$(sed -n "/^## $2/,/^## $3/p" docs/cloister-bundle.1.md | grep '^\*\*--' | grep -oE '\*\*--[a-z-]+' | tr -d '*' | sort)" "help, manual"
}
in_manual path Options Files
in_manual drv Derivations Options

refused "cloister-bundle: /no/such: no such file or directory" "$cloister_bundle" path /no/such
equal "$status" 1
refused "cloister-bundle: open store root /no/such: no such file or directory" "$cloister_bundle" path --store /no/such x
# A name that holds a newline and an escape is still one line, and does not drive the terminal.
refused "no such file or directory" "$cloister_bundle" path $'a\nb\e[31m'
! grep -q $'\e' "$err" || fail "an escape got through"

# Nowhere to print to: an error, not silence.
if [ -w /dev/full ]; then
	status=0
	"$cloister_bundle" --version >/dev/full 2>"$err" || status=$?
	equal "$status" 1
	equal "$(cat "$err")" "cloister-bundle: write to standard output: no space left on device"
fi
status=0
"$cloister_bundle" path /no/such >&- 2>&- <&- || status=$?
equal "$status" 1 "with all streams closed"
