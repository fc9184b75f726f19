#!/usr/bin/env bash
# What a builder could try against whoever builds it with cloister-build: to have files read or written that are not its
# own, to change its inputs, to leave something that works later. (CVE-2024-27297, CVE-2024-38531, CVE-2024-45593,
# CVE-2025-52991 and their like.)
# tools: nix-instantiate nix-store busybox jq sqlite3
# timeout: 240
# no-sanitizers: the same code runs with sanitizers in e2e/build-*
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-drv.sh
. tests/e2e/lib-build.sh
drv_store
root=$tmp/root
secret=$tmp/secret
echo 'the secret' >"$secret"
mkdir "$tmp/victim"
echo 'as it was' >"$tmp/victim/file"
chmod 644 "$tmp/victim/file"
before() { find "$tmp/victim" "$secret" "$store" -printf '%p %y %m %T@ %s %l\n' -type f -exec sha256sum {} + | sort; }
unchanged() { equal "$(before)" "$was" "${1:-}"; }

attack() { # NAME TEXT: builds it; status as of the build
	instantiate "build { name = \"$1\"; text = ''$2''; }"
	was=$(before)
	build --store "$root" "$drv"
	nothing_left
	unchanged "$1"
	result=$root$(nix_ nix-store --query --outputs "$drv")
}
no_result() { [ ! -e "$result" ] && [ ! -L "$result" ] || fail "there is an output"; }

# links in an output are links, wherever they lead; nothing is read or written through them
attack links "mkdir \$out; ln -s $secret \$out/absolute; ln -s ../../../../../../../../../..$secret \$out/up; ln -s $tmp/victim \$out/folder; ln -s . \$out/loop"
equal "$status" 0
equal "$(readlink "$result/absolute")" "$secret"
equal "$(find "$result" -type f | wc -l)" 0

# the output itself is a link: to a file of the host, to another output, to itself
attack itself "ln -s $tmp/victim \$out"
equal "$status" 0
[ -L "$result" ]
attack selfloop 'ln -s $out $out'
equal "$status" 0
[ -L "$result" ]

# an output of the name of something else, beside the outputs
attack beside 'echo >$out; echo x >/nix/store/00000000000000000000000000000000-beside; mkdir /nix/store/.links; ln -s / "/nix/store/ x"'
equal "$status" 0
equal "$(find "$root/nix/store" -mindepth 1 -maxdepth 1 -name "*beside*" | wc -l)" 2 # with its derivation
[ ! -e "$root/nix/store/.links" ]

# inputs: written, removed, renamed, linked, remounted, changed in mode
attack inputs 'd=${busybox}; b=$d/bin/busybox
	echo x >>$b && exit 11; rm -rf $d 2>/dev/null || true; chmod 777 $b && exit 12; mv $d $d.old && exit 13; ln $b $out && exit 14
	touch $b && exit 15; mount -o remount,rw $d && exit 16; umount $d && exit 17; mkdir $d/x && exit 18; mv $out $d && exit 19; $b true; echo >$out'
equal "$status" 0
attack inputs-as-root 'd=${busybox}; b=$d/bin/busybox
	unshare -Umr sh -c "mount -o remount,rw,bind $d || umount $d || umount -l $d || echo x >>$b" && exit 21; unshare -Urm sh -c "mount -t tmpfs x $d; echo y >$d/x" ; $b true; echo >$out'
equal "$status" 0

# files that would work later with the rights of whoever built them
attack setuid 'mkdir $out; cp ${busybox}/bin/busybox $out/x; chmod 4755 $out/x && exit 31; chmod u+s $out/x && exit 32; chmod g+s $out && exit 33; umask 0; mknod $out/m p 2>/dev/null && rm $out/m; echo ok >$out/ok'
equal "$status" 0
equal "$(find "$result" -perm /7000)" ''
attack device 'mknod $out c 1 3 || exit 41; echo'
equal "$status" 100
no_result
attack socket 'mkdir $out; cd $out; timeout 1 nc -ll -p 1 local:s 2>/dev/null || true; [ -S s ] || mkfifo s'
equal "$status" 1
no_result
# a hard link to what somebody writes later is broken by the copy
attack hardlink 'echo x >/nix/store/x; ln /nix/store/x $out; (setsid sh -c "sleep 2; echo y >/nix/store/x" >/dev/null 2>&1 </dev/null &)'
equal "$status" 0
equal "$(stat -c %h "$result")" 1

# a lock, a passing name or a leftover of the output that is in the way, as a link to somewhere else
instantiate 'build { name = "planted"; text = "mkdir $out; echo made >$out/file"; }'
name=$(basename "$(nix_ nix-store --query --outputs "$drv")")
ln -s "$tmp/victim" "$root/nix/store/$name"
was=$(before)
built --store "$root" "$drv"
unchanged planted
[ ! -L "$root/nix/store/$name" ]
ln -s "$tmp/victim/lock" "$tmp/folder-lock"
mkdir -p "$tmp/folder"
ln -s "$tmp/victim/lock" "$tmp/folder/$name.lock"
run env TMPDIR="$tmp/builds" "$cloister_build" --from "$store" --output "$tmp/folder" "$drv"
equal "$status" 1
[ ! -e "$tmp/victim/lock" ]
rm "$tmp/folder/$name.lock"

# the build directory that is kept: links in it are not followed when modes are changed
instantiate "build { name = \"keep\"; text = \"ln -s $tmp/victim/file link; ln -s $tmp/victim folder; ln -s $secret x; exit 1\"; }"
was=$(before)
run env TMPDIR="$tmp/builds" "$cloister_build" --from "$store" --store "$root" --keep-failed "$drv"
equal "$status" 100
unchanged keep
[ -L "$tmp/builds/cloister-build-keep.drv-0/folder" ]
rm -rf "$tmp/builds"/*
# where it would be kept lies a link
ln -s "$tmp/victim" "$tmp/builds/cloister-build-keep.drv-0"
run env TMPDIR="$tmp/builds" "$cloister_build" --from "$store" --store "$root" --keep-failed "$drv"
unchanged 'keep over a link'
[ -L "$tmp/builds/cloister-build-keep.drv-1/link" ]
rm -rf "$tmp/builds"/*

# the log drives no terminal, and an output's names are not trusted in messages
attack terminal 'printf "\033]0;owned\007\033[2J\n"; mkdir $out; mkfifo "$out/$(printf "a\033[31mb\nc")"'
equal "$status" 1
! grep -q "$(printf '\033')" "$err" || fail "this should not be there"

# two builds cannot reach each other: not by abstract sockets, not by processes, not by /tmp
instantiate 'build { name = "meets"; text = "echo ${toString (map (n: build { name = "meet-${n}"; text = "
	echo ${n} >/tmp/hello; ps >ps; [ $(wc -l <ps) -lt 5 ]; sleep 1; [ $(ls /tmp) = hello ]; [ $(cat /tmp/hello) = ${n} ]; echo >$out"; }) [ "1" "2" ])} >$out"; }'
built --store "$root" --jobs 2 "$drv"
