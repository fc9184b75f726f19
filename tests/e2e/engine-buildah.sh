#!/usr/bin/env bash
# buildah with cloister as its runtime: containers from scratch, RUN steps, what they may ask for, and how they end.
# By hand: `bash tests/e2e/engine-buildah.sh [CASE...]`.
# tools: buildah crun busybox script jq
# cgroup: v2
# timeout: 300
# no-sanitizers: nearly all of the time is the engine's, and it gives the runtime no environment
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib-podman.sh
engine=buildah
engine_begin

path_of() { if [ "$runtime" = cloister ]; then echo "$cloister"; else command -v "$runtime"; fi; }
runs() { p run --isolation oci --runtime "$(path_of)" --network none "$@"; } # ARGS...
builds() { p build --isolation oci --runtime "$(path_of)" --network none "$@"; } # ARGS...

from_scratch() { # sets $c
	ok p from scratch
	c=$(cat "$out")
	ok p add -q "$c" "$tmp/box.tar" /
	ok p config --env PATH=/bin "$c"
}

run_it() {
	from_scratch
	ok runs "$c" -- echo hello
	says hello
	ok runs "$c" -- sh -c 'echo kept >/file'
	ok runs "$c" -- cat /file
	says kept
	echo typed | runs "$c" -- cat >"$out" 2>"$err"
	says typed
	run runs "$c" -- sh -c 'echo error >&2; exit 42'
	equal "$status" 42
	grep -q '^error$' "$err"
	run runs "$c" -- no-such-program
	[ "$status" != 0 ]
	grep -q no-such-program "$err"
	grep -qiE 'no such file|not found' "$err"
}

options() {
	from_scratch
	ok runs --user 1000:2000 "$c" -- sh -c 'id -u; id -g'
	says "$(printf '1000\n2000')"
	ok runs --env A=b --workingdir /tmp "$c" -- sh -c 'echo $A; pwd'
	says "$(printf 'b\n/tmp')"
	ok runs --hostname there "$c" -- hostname
	says there
	mkdir -p "$tmp/shared"
	echo outside >"$tmp/shared/file"
	ok runs --volume "$tmp/shared:/mnt:ro" "$c" -- cat /mnt/file
	says outside
	run runs --volume "$tmp/shared:/mnt:ro" "$c" -- touch /mnt/file
	[ "$status" != 0 ]
	ok runs --mount type=tmpfs,dst=/scratch "$c" -- grep -c ' /scratch tmpfs' /proc/mounts
	says 1
	ok runs "$c" -- grep CapEff /proc/self/status
	with=$(sed 's/.*:\t*//' "$out")
	ok runs --cap-drop CAP_CHOWN --cap-add CAP_SYS_PTRACE "$c" -- grep CapEff /proc/self/status
	equal "$((0x$(sed 's/.*:\t*//' "$out")))" "$(((0x$with & ~1) | 1 << 19))"
	ok runs "$c" -- sh -c 'grep Seccomp: /proc/self/status; echo $$; test -c /dev/null; ls /proc/self/fd'
	has 'Seccomp:.*2$'
	has '^1$'
	has '^3$'
	has_not '^4$'
}

terminal() {
	from_scratch
	tty_run $'exit 5\n' run --isolation oci --runtime "$(path_of)" --network none --tty "$c" -- sh -c 'test -t 0 && echo ready; exec sh'
	equal "$status" 5
	has ready
}

runtime_flags() { # each becomes a global option
	from_scratch
	ok runs --runtime-flag "log=$tmp/flag.log" --runtime-flag debug "$c" -- true
	[ "$runtime" != cloister ] || grep -q . "$tmp/flag.log" || fail 'the runtime has not been told of its log'
	BUILDAH_RUNTIME=$(path_of)
	export BUILDAH_RUNTIME
	ok p run --isolation oci --network none "$c" -- echo environment
	says environment
	unset BUILDAH_RUNTIME
}

build() {
	mkdir -p "$tmp/context"
	tar -C "$tmp/box" -cf "$tmp/context/box.tar" --owner=0 --group=0 .
	cat >"$tmp/context/Containerfile" <<-'END'
		FROM scratch AS first
		ADD box.tar /
		ENV PATH=/bin
		ARG WHAT=nothing
		RUN echo $WHAT >/built
		RUN --mount=type=tmpfs,target=/scratch grep -c ' /scratch tmpfs' /proc/mounts >>/built
		USER 1000
		WORKDIR /tmp
		RUN id -u >uid && pwd >>uid
		FROM scratch
		COPY --from=first / /
		COPY --from=first /tmp/uid /uid
		RUN ["/bin/sh", "-c", "cat /bin/../uid >>/built"]
	END
	ok builds --build-arg WHAT=argument -t built "$tmp/context"
	ok p from built
	c=$(cat "$out")
	ok runs "$c" -- /bin/cat /built
	says "$(printf 'argument\n1\n1000\n/tmp')"
	printf 'FROM built\nRUN ["/bin/sh", "-c", "exit 7"]\n' >"$tmp/context/Containerfile"
	run builds "$tmp/context"
	equal "$status" 7
	ok p rm "$c"
	ok p rmi -f built
}

user_namespace() {
	from_scratch
	ok p rm "$c"
	if is_root; then
		ok p from --userns-uid-map 0:100000:5000 --userns-gid-map 0:100000:5000 scratch
	else
		ok p from --userns-uid-map 0:1:5000 --userns-gid-map 0:1:5000 scratch
	fi
	c=$(cat "$out")
	ok p add -q "$c" "$tmp/box.tar" /
	ok p config --env PATH=/bin "$c"
	ok runs "$c" -- sh -c 'cat /proc/self/uid_map; id -u; touch /tmp/mine'
	has ' 5000$'
	has '^0$'
}

cases run_it options terminal runtime_flags build user_namespace
engine_end
