#!/usr/bin/env bash
# process.apparmorProfile, process.selinuxLabel, linux.mountLabel: refused where the host has no such module.
# tools: busybox jq unshare
# shellcheck disable=SC1091,SC2154,SC2016
. tests/e2e/lib.sh
. tests/e2e/lib-runtime.sh

kind self
if [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ]; then
	refuses 'process.apparmorProfile: set "exec no-such-profile" (is the profile loaded' '.process.apparmorProfile = "no-such-profile"'
	inside 'cat /proc/self/attr/apparmor/current' '.process.apparmorProfile = "unconfined"'
	has '^unconfined'
else
	refuses 'process.apparmorProfile: AppArmor is not enabled on this host: leave the profile out' '.process.apparmorProfile = "docker-default"'
	inside 'echo ran' '.process.apparmorProfile = "unconfined"'
	says ran
fi
if [ -e /sys/fs/selinux/enforce ]; then
	refuses 'process.selinuxLabel' '.process.selinuxLabel = "no:such:label"'
	refuses 'context' '.linux.mountLabel = "no:such:label"'
else
	refuses 'process.selinuxLabel: SELinux is not enabled on this host: leave the label out' '.process.selinuxLabel = "a:b:c"'
	refuses 'linux.mountLabel: SELinux is not enabled on this host: leave the label out' '.linux.mountLabel = "a:b:c"'
fi
# What says nothing asks for nothing.
inside 'echo ran' '.process.apparmorProfile = "" | .process.selinuxLabel = "" | .linux.mountLabel = ""'
says ran
nothing_left
