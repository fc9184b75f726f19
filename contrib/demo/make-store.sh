#!/bin/sh
# Makes a small, real Nix store in a folder, offline, as any user: make-store.sh ROOT
#
# Why: the demo and the tests need a closure whose references Nix itself found, on a machine that has neither network nor
# /nix. Nix builds four derivations in its own sandbox, in the relocated store ROOT/nix/store; the only input is the
# host's static busybox. The result is a web service, `bin/httpd`, which serves a page on 127.0.0.1:8080, or where
# HTTPD_LISTEN says; its closure has every kind of store path: directories, a regular file and a symbolic link.
# Prints the store path of the service.
set -eu

die() { echo "make-store.sh: $*" >&2; exit 1; }

[ $# -eq 1 ] || die "usage: make-store.sh ROOT"
mkdir -p "$1"
root=$(cd "$1" && pwd -P)
command -v nix-build >/dev/null || die "nix-build is not installed (Debian: nix-bin)"
busybox=$(command -v busybox) || die "busybox is not installed (Debian: busybox-static)"
case $("$busybox" --list | tr '\n' ' ') in *" httpd "*) ;; *) die "$busybox has no httpd: install busybox-static" ;; esac
if command -v ldd >/dev/null && ldd "$busybox" 2>/dev/null | grep -q '=>'; then
	die "$busybox is not linked statically: install busybox-static"
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
mkdir "$work/busybox" "$work/busybox/bin" "$work/home"
cp "$busybox" "$work/busybox/bin/busybox"
for applet in $("$busybox" --list); do
	[ "$applet" = busybox ] || ln -s busybox "$work/busybox/bin/$applet"
done

cat >"$work/demo.nix" <<'NIX'
let
  busybox = builtins.path { name = "busybox-static"; path = ./busybox; };
  build = name: script: derivation {
    inherit name;
    system = builtins.currentSystem;
    builder = "${busybox}/bin/sh";
    args = [ "-euc" script ];
    PATH = "${busybox}/bin";
  };
  pages = build "hello-pages" ''
    mkdir $out
    echo '<!doctype html><title>Cloister</title><h1>Hello from the store</h1>' >$out/index.html
    echo '<!doctype html><title>Cloister</title><h1>No such page</h1>' >$out/404.html
    echo 'served out of a Nix closure' >$out/about.txt
  '';
  current = build "hello-current" "ln -s ${pages} $out";
  conf = build "httpd.conf" ''
    echo '.txt:text/plain' >$out
    echo "E404:${current}/404.html" >>$out
  '';
in build "hello-httpd" ''
  mkdir -p $out/bin
  echo '#!${busybox}/bin/sh' >$out/bin/httpd
  echo 'listen=''${HTTPD_LISTEN:-127.0.0.1:8080}' >>$out/bin/httpd
  echo "exec ${busybox}/bin/httpd -f -p \"\$listen\" -c ${conf} -h ${current}" >>$out/bin/httpd
  chmod +x $out/bin/httpd
''
NIX

# A caller's own Nix settings must not lead to another store, to the network or to the system's daemon.
unset NIX_REMOTE NIX_PATH NIX_CONFIG NIX_STORE_DIR NIX_STATE_DIR NIX_DATA_DIR NIX_LOG_DIR
HOME=$work/home XDG_CACHE_HOME=$work/home NIX_CONF_DIR=$work/home \
	nix-build --store "$root" --no-out-link --option substituters '' --option build-users-group '' \
	--option sandbox true "$work/demo.nix" 2>"$work/log" >"$work/out" || {
	cat "$work/log" >&2
	die "Nix could not build the demo store in $root"
}
cat "$work/out"
