#!/usr/bin/env bash
# I1: a signal that is sent arrives: `kill --all` also where the container could not be given a cgroup.
# shellcheck disable=SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

for kind in $(kinds); do
	kind "$kind"
	for all in "" --all; do
		new_id
		config . 'trap "exit 9" TERM; echo ready >/tmp/ready; while :; do sleep 0.02; done'
		ok rt create --bundle "$bundle" "$id"
		ok rt start "$id"
		sleep 0.2
		# shellcheck disable=SC2086
		ok rt kill $all "$id" TERM
		wait_for in_state "$id" stopped
		ok rt delete "$id"
		nothing_left
	done
done
