#!/usr/bin/env bash
# process.scheduler, process.ioPriority, linux.memoryPolicy, process.execCPUAffinity.
# tools: busybox jq unshare
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

scheduler() { echo ".process.scheduler = $1"; }
io() { echo ".process.ioPriority = { class: \"IOPRIO_CLASS_$1\", priority: $2 }"; }
memory() { echo ".linux.memoryPolicy = $1"; }

# nice value, real-time priority, policy: proc_pid_stat(5)
show='cut -d" " -f19,40,41 /proc/$$/stat; ionice -p $$'

for k in $(kinds); do
	kind "$k"
	# what everybody may: to be worse
	inside "$show" "$(scheduler '{ policy: "SCHED_BATCH", nice: 7 }') | $(io BE 6)"
	says '7 0 3
best-effort: prio 6'
	inside "$show" "$(scheduler '{ policy: "SCHED_IDLE" }') | $(io IDLE 3)"
	says '0 0 5
idle'
	nothing_left
done

# ---- to be better: the host's CAP_SYS_NICE, also for a container that does not have it ----
better=$(scheduler '{ policy: "SCHED_OTHER", nice: -4 }')
for k in $(kinds); do
	kind "$k"
	case $(id -u):$k in
	0:self | 0:none | 0:ranges)
		inside "$show" "$better | $(io RT 2)"
		says '-4 0 0
realtime: prio 2'
		inside "$show" "$(scheduler '{ policy: "SCHED_RR", priority: 3, flags: ["SCHED_FLAG_RESET_ON_FORK"] }')"
		has '^0 3 2$'
		continue
		;;
	esac
	# A user's own limit may allow it; then nothing is refused.
	[ "$(ulimit -e)" -ge 24 ] 2>/dev/null || refuses 'process.scheduler: set the policy SCHED_OTHER (a policy or nice value that is better' "$better"
	refuses 'process.ioPriority: set the class IOPRIO_CLASS_RT (real time needs' "$(io RT 0)"
done
kind self
refuses 'process.scheduler: set the policy SCHED_ISO (this kernel does not have' "$(scheduler '{ policy: "SCHED_ISO" }')"

# ---- memory ----
if [ -e /proc/self/numa_maps ]; then
	policy='head -n 1 /proc/self/numa_maps | cut -d" " -f2'
	for k in $(kinds); do
		kind "$k"
		inside "$policy" "$(memory '{ mode: "MPOL_BIND", nodes: "0" }')"
		says 'bind:0'
		inside "$policy" "$(memory '{ mode: "MPOL_INTERLEAVE", nodes: "0-0", flags: ["MPOL_F_STATIC_NODES"] }')"
		says 'interleave=static:0'
		inside "$policy" "$(memory '{ mode: "MPOL_LOCAL" }')"
		says local
	done
	kind self
	refuses 'linux.memoryPolicy: set MPOL_BIND (this kernel does not have the mode or a flag, or no node of 1000 is there and allowed)' \
		"$(memory '{ mode: "MPOL_BIND", nodes: "1000" }')"
fi
kind self
refuses 'linux.memoryPolicy.nodes: "0-x" is not a list' "$(memory '{ mode: "MPOL_BIND", nodes: "0-x" }')"

# ---- execCPUAffinity is for processes that are added, not for the first one ----
kind self
inside 'grep ^Cpus_allowed_list /proc/self/status | tr -d "\t"' '.process.execCPUAffinity = { initial: "0", final: "0" }'
says "$(grep ^Cpus_allowed_list /proc/self/status | tr -d '\t')"
