#!/usr/bin/env bash
# podman --runtime cloister: pods, Kubernetes files, images that are built, and the ways in which images are stored.
# By hand: `bash tests/e2e/engine-podman-pods.sh [CASE...]`.
# tools: podman conmon crun busybox script jq catatonit
# cgroup: v2
# timeout: 300
# no-sanitizers: nearly all of the time is the engine's, and it gives the runtime no environment
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib-podman.sh
engine_begin
import

# With the cgroupfs manager and version 2, podman 4.3 forbids all devices in the cgroup of a pod of root's: there each
# container gets a cgroup beside it.
pod_create() { p pod create --network none --share-parent="$(is_root && echo false || echo true)" --name "$@"; }

pod() {
	ok pod_create group --share ipc,net,uts --hostname grouped
	ok p run -d --pod group --name one box sh -c 'echo mark >/dev/shm/mark; sleep 600'
	wait_for p exec one test -s /dev/shm/mark
	ok p run --rm --pod group box sh -c 'cat /dev/shm/mark; hostname; readlink /proc/self/ns/net'
	has '^mark$'
	has '^grouped$'
	net=$(tail -n 1 "$out")
	ok p exec one readlink /proc/self/ns/net
	says "$net"
	ok p pod ps --format '{{.Name}} {{.Status}} {{.NumberOfContainers}}'
	says 'group Running 2'
	ok p pod top group
	has 'sleep 600'
	ok p pod stats --no-stream group
	ok p pod inspect group
	ok p pod stop -t 1 group
	ok p inspect -f '{{.State.Running}}' one
	says false
	ok p pod start group
	ok p pod restart group
	ok p inspect -f '{{.State.Running}}' one
	says true
	ok p pod kill group
	ok p wait one
	says 137
	ok p pod rm -f -t 0 group
}

pod_pids() {
	ok pod_create group --share pid
	ok p run -d --pod group --name one box sleep 614
	ok p run --rm --pod group box ps
	has 'sleep 614'
	has 'catatonit|pause'
	ok p pod rm -f -t 0 group
}

pod_pause() {
	ok pod_create group
	ok p run -d --pod group --name one box sleep 600
	ok p pod pause group
	ok p inspect -f '{{.State.Status}}' one
	says paused
	ok p pod unpause group
	ok p exec one true
}

pod_init_container() {
	ok pod_create group
	ok p create --pod group --init-ctr once -v handed:/handed --name first box sh -c 'echo prepared >/handed/file'
	ok p create --pod group -v handed:/handed --name main box cat /handed/file
	ok p pod start group
	ok p wait main
	ok p logs main
	says prepared
	ok p pod rm -f -t 0 group
}

kubernetes() {
	mkdir -p "$tmp/host"
	cat >"$tmp/pod.yaml" <<-END
		apiVersion: v1
		kind: Pod
		metadata:
		  name: played
		  annotations: { org.example.note: kept }
		spec:
		  restartPolicy: Never
		  hostname: played-host
		  volumes:
		  - name: host
		    hostPath: { path: $tmp/host, type: Directory }
		  containers:
		  - name: writer
		    image: localhost/box:latest
		    command: ["sh", "-c", "echo \$A \$(hostname) \$(id -u) >/host/file; sleep 600"]
		    env:
		    - { name: A, value: from-yaml }
		    volumeMounts:
		    - { name: host, mountPath: /host }
		    securityContext:
		      capabilities: { drop: ["NET_BIND_SERVICE"] }
		  - name: reader
		    image: localhost/box:latest
		    command: ["sleep", "600"]
		    securityContext: { readOnlyRootFilesystem: true, runAsUser: 1000 }
	END
	ok p play kube --network none "$tmp/pod.yaml"
	wait_for test -s "$tmp/host/file"
	equal "$(cat "$tmp/host/file")" 'from-yaml played-host 0'
	run p exec played-reader touch /file
	[ "$status" != 0 ]
	ok p exec played-reader id -u
	says 1000
	ok p generate kube played
	has 'name: played-writer'
	ok p play kube --down "$tmp/pod.yaml"
	run p pod exists played
	[ "$status" != 0 ]
}

build() {
	mkdir -p "$tmp/context"
	echo copied >"$tmp/context/file"
	cat >"$tmp/context/Containerfile" <<-'END'
		FROM box
		ARG WHAT=nothing
		COPY file /file
		RUN cat /file >/built && echo $WHAT >>/built
		USER 1000
		WORKDIR /tmp
		RUN id -u >/tmp/uid && pwd >>/tmp/uid
		CMD ["cat", "/built", "/tmp/uid"]
	END
	ok p build --isolation oci --network none --build-arg WHAT=argument -t built "$tmp/context"
	ok p run --rm built
	says "$(printf 'copied\nargument\n1000\n/tmp')"
	ok p rmi -f built
	printf 'FROM box\nRUN exit 7\n' >"$tmp/context/Containerfile"
	run p build --isolation oci --network none "$tmp/context"
	[ "$status" != 0 ]
	grep -q 'exit status 7' "$err"
	printf 'FROM box\nRUN no-such-program\n' >"$tmp/context/Containerfile"
	run p build --isolation oci --network none "$tmp/context"
	[ "$status" != 0 ]
	printf 'FROM box\nRUN ulimit -n >/n; cat /mnt/Containerfile >>/n; grep -c size=1024k /proc/mounts >>/n\n' \
		>"$tmp/context/Containerfile"
	ok p build --isolation oci --network none --cap-add sys_ptrace --ulimit nofile=99 --volume "$tmp/context:/mnt:ro" --shm-size 1m \
		-t built "$tmp/context"
	ok p run --rm built cat /n
	has '^99$'
	has '^1$'
	ok p rmi -f built
}

# Other ways of storing images, on the same machine.
with_storage() { # DRIVER [OPTION...]
	driver=$1
	driver_options=("${@:2}")
	tmp=$tmp/other
	mkdir "$tmp"
	ok p import --change 'ENV PATH=/bin' "${tmp%/other}/box.tar" box
	ok p run --rm box echo hello
	says hello
	ok p run -d --name long box sh -c 'echo mark >/mark; sleep 600'
	wait_for p exec long test -s /mark
	ok p commit -q long changed
	ok p run --rm changed cat /mark
	says mark
	ok p run --rm --read-only box true
	ok p rm -f -t 0 long
	ok p system reset -f
}
storage_vfs() { with_storage vfs; }
storage_fuse() {
	[ -w /dev/fuse ] || fail '/dev/fuse is not to be opened'
	with_storage overlay --storage-opt "overlay.mount_program=$(command -v fuse-overlayfs)"
}

cases pod pod_pids pod_pause pod_init_container kubernetes build storage_vfs storage_fuse
engine_end
