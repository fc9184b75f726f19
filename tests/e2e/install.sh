#!/usr/bin/env bash
# make install and make uninstall: what is where; podman is told where the runtime is.
# needs: root
# tools: make
# no-sanitizers: nothing is run that they could look at
# shellcheck disable=SC1091,SC2154
. tests/e2e/lib.sh

installed() { find "$tmp/dest" -type f -o -type l | sed "s,^$tmp/dest,," | sort; }
into() { make -s B="$B" DESTDIR="$tmp/dest" "$@"; }

ok into install PREFIX=/opt/cloister
installed >"$out"
for file in /opt/cloister/bin/cloister /opt/cloister/bin/cloister-bundle /opt/cloister/share/man/man1/cloister.1 \
	/opt/cloister/share/bash-completion/completions/cloister /etc/containers/containers.conf.d/cloister.conf; do
	has "^$file\$"
done
ok "$tmp/dest/opt/cloister/bin/cloister" --version
grep -A 2 '^cloister = ' "$tmp/dest/etc/containers/containers.conf.d/cloister.conf" >"$out"
has '^	"/opt/cloister/bin/cloister",$'
ok into uninstall PREFIX=/opt/cloister
[ -z "$(installed)" ] || fail "uninstall leaves $(installed)"

# below one's home: podman's configuration of that user
ok into install PREFIX="$tmp/home/.local" HOME="$tmp/home"
installed >"$out"
has "^$tmp/home/.config/containers/containers.conf.d/cloister.conf\$"
ok into uninstall PREFIX="$tmp/home/.local" HOME="$tmp/home"
[ -z "$(installed)" ] || fail "uninstall leaves $(installed)"
