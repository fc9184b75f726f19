/* Why: the C library has no bpf(2), and libbpf is a lot of code for two calls. */
#include "sys/bpf.h"

#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/result.h"

/* The kernel wants everything behind the fields of a command to be zero, padding too. */
static long call(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof *attr);
}

int sys_bpf_load_device(const struct bpf_insn *insns, size_t n)
{
	union bpf_attr attr;
	long fd;

	memset(&attr, 0, sizeof attr);
	attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	attr.insns = (uint64_t)(uintptr_t)insns;
	attr.insn_cnt = (uint32_t)n;
	attr.license = (uint64_t)(uintptr_t)"Apache-2.0";
	strcpy(attr.prog_name, "cloister_dev");
	fd = call(BPF_PROG_LOAD, &attr);
	return fd < 0 ? -errno : (int)fd;
}

int sys_bpf_attach_device(int cgroup_fd, int program_fd)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.target_fd = (uint32_t)cgroup_fd;
	attr.attach_bpf_fd = (uint32_t)program_fd;
	attr.attach_type = BPF_CGROUP_DEVICE;
	attr.attach_flags = BPF_F_ALLOW_MULTI;
	return sys_result(call(BPF_PROG_ATTACH, &attr));
}
