#!/usr/bin/env bash
# The command line: forms of options, usage errors, help, version, log, standard streams.
# tools: jq
# shellcheck disable=SC1091,SC2154
. tests/e2e/lib.sh

# usage_error TEXT ARGS...: that line, a usage line, exit status 1, nothing on standard output.
usage_error() {
	local text=$1
	shift
	run "$cloister" "$@"
	equal "$status" 1 "exit status of $*"
	equal "$(sed -n 1p "$err")" "cloister: $text" "$*"
	[[ $(sed -n 2p "$err") == "usage: cloister [GLOBAL OPTIONS] "* ]] || fail "no usage line: $*"
	equal "$(wc -l <"$err")" 2 "lines"
	[ ! -s "$out" ] || fail "something on standard output: $*"
}

usage_error "unknown option --bogus" --bogus list
usage_error "unknown option -bogus" -bogus=x list
usage_error "unknown option --bogus" list --bogus
usage_error "option --root needs a value" --root
usage_error "option --debug: 'maybe' is neither true nor false" --debug=maybe list
usage_error "option --rootless: only 'auto' is supported, not 'true': an error about a cgroup is never hidden" \
	--rootless=true list
usage_error "option --cgroup-manager: 'cgroup' is not cgroupfs, systemd or disabled" --cgroup-manager cgroup list
usage_error "unknown log format 'xml': it is 'text' or 'json'" --log-format xml list
usage_error "unknown command 'frobnicate': 'cloister help' lists them" frobnicate
usage_error "list takes no arguments" list a
for command in create start state delete run; do
	usage_error "$command requires exactly 1 argument" $command
	usage_error "$command requires exactly 1 argument" $command a b
done
usage_error "kill requires 1 to 2 arguments" kill
usage_error "kill requires 1 to 2 arguments" kill a TERM b
usage_error "plan requires 0 to 1 arguments" plan a b
usage_error "option --preserve-fds: '-1' is not a number from 0 to 2147483647" create --preserve-fds -1 a
usage_error "unknown option --detach" create --detach a

# No id becomes a path.
for id in ../x a/b . .. .cache '' 'a b'; do
	for command in create start state kill delete run; do
		refused "container id" cl $command -- "$id"
	done
	refused "container id" cl delete --force -- "$id"
done
refused 'container id "../x" is invalid' cl delete --force ../x

# Every form of a global option, each accepted by the same command.
mkdir "$tmp/root"
for form in "--root $tmp/root" "--root=$tmp/root" "-root $tmp/root" "-root=$tmp/root"; do
	# shellcheck disable=SC2086
	ok "$cloister" $form --debug --log-format=text --cgroup-manager cgroupfs --rootless auto list -q
	says ""
done
ok cl --root "$tmp/root" list -f json
says "[]"
# What an engine passes empty is as good as not given.
ok "$cloister" --root "$tmp/root" --log '' --log-format '' --cgroup-manager '' --rootless '' list --format ''

# Help: on standard output, of every command, and each option of the table is in it.
ok "$cloister"
cp "$out" "$tmp/help"
for form in --help -h -help help; do
	ok "$cloister" $form
	cmp -s "$out" "$tmp/help" || fail "'cloister $form' is another help"
done
for command in create start state kill delete run list plan spec features; do
	grep -q "^  $command  " "$tmp/help" || fail "help does not list $command"
	ok "$cloister" help $command
	cp "$out" "$tmp/one"
	has "^usage: cloister \[GLOBAL OPTIONS\] $command"
	for form in "$command --help" "$command -h" "$command x --help"; do
		# shellcheck disable=SC2086
		ok "$cloister" $form
		cmp -s "$out" "$tmp/one" || fail "'cloister $form' is another help"
	done
done
refused "unknown command 'nope'" "$cloister" help nope
# After "--" it is a word.
refused 'container "--help" does not exist' cl state -- --help

# Version: what docker and podman take apart.
for form in --version -v -version; do
	ok "$cloister" $form
	[[ $(sed -n 1p "$out") =~ ^cloister\ version\ [0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "first line of --version"
	has "^spec: 1\.[0-9]+\.[0-9]+$"
	equal "$(grep -c version "$out")" 1 "lines with the word version"
done

# The log: the error is there and on standard error.
refused 'cloister: container "nope" does not exist' cl --log "$tmp/log" --log-format json state nope
equal "$(jq -r '.level + ": " + .msg' "$tmp/log")" 'error: container "nope" does not exist'
jq -e '.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")' "$tmp/log" >/dev/null || fail "time"
refused 'cloister: container "nope" does not exist' cl --log "$tmp/log" --log-format json start nope
equal "$(wc -l <"$tmp/log")" 2 "the log is appended to"
refused 'cloister: container "nope" does not exist' cl --log "$tmp/text" state nope
grep -qE '^time="[^"]+" level=error msg="container \\"nope\\" does not exist"$' "$tmp/text" || fail "text log"
# A wrong option is in the log, too.
run cl --log "$tmp/usage" --log-format json state nope --bogus
equal "$(jq -r .msg "$tmp/usage")" "unknown option --bogus"
run "$cloister" --log "$tmp/usage2" --log-format json --bogus
equal "$(jq -r .msg "$tmp/usage2")" "unknown option --bogus"
# JSON without a file: standard error has JSON and nothing else.
run cl --log-format json state nope
equal "$status" 1
equal "$(jq -r .msg "$err")" 'container "nope" does not exist'
run cl --log-format json state
equal "$(jq -r .msg "$err")" "state requires exactly 1 argument"
refused "open log file $tmp/no/log: no such file or directory" "$cloister" --log "$tmp/no/log" features

# Closed streams: the first file opened must not become standard output.
"$cloister" --log "$tmp/closed" list <&- >&- 2>&- || [ $? = 1 ]
[ ! -s "$tmp/closed" ] || grep -q . "$tmp/closed"
"$cloister" --root "$tmp/root" --log "$tmp/closed2" list >&- || fail "list with standard output closed"
[ ! -s "$tmp/closed2" ] || fail "the table went into the log: $(cat "$tmp/closed2")"
refused "write to standard output: no space left on device" bash -c "'$cloister' features >/dev/full"
