#!/usr/bin/env bash
# Docker on a host with both cgroup versions, where it believes in version 1: a choice of engine-docker.sh.
# needs: root
# tools: busybox jq dockerd containerd ip script
# timeout: 200
# no-sanitizers: what docker asks of the runtime, the other e2e scripts ask of it with sanitizers
# shellcheck disable=SC1091
[ -d /sys/fs/cgroup/unified ] || { echo "this host has cgroup version 2 alone"; exit 77; }
CASES=${CASES:-run detached stop pause exec exec_terminal top_stats devices cgroup no_controller remapped}
. tests/e2e/engine-docker.sh
