/* bpf(2), as far as a filter of device accesses needs it. -errno without a message. */
#pragma once

#include <linux/bpf.h>
#include <stddef.h>

/* Returns a descriptor (close-on-exec, the caller's). */
int sys_bpf_load_device(const struct bpf_insn *insns, size_t n);
/* On a cgroup, beside what its parents have: all must allow an access. It stays as long as the cgroup does. */
int sys_bpf_attach_device(int cgroup_fd, int program_fd);
