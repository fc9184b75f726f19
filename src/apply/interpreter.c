/*
 * Why: the commonest failure of a program out of a store is that its ELF loader or its #! interpreter is not in the
 * closure. The kernel says "no such file or directory" then, about a file that everyone can see.
 */
#include "apply/interpreter.h"

#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

#include "sys/exec.h"

#define HEAD_SIZE 4096

/* A script may name a script; the kernel follows that four times. */
#define CHAIN_MAX 5

static const struct { uint16_t machine; const char *name; } machines[] = {
	{ EM_X86_64, "x86_64" }, { EM_386, "i386" }, { EM_AARCH64, "aarch64" }, { EM_ARM, "arm" },
	{ EM_RISCV, "riscv" }, { EM_PPC64, "powerpc64" }, { EM_PPC, "powerpc" }, { EM_S390, "s390" },
	{ EM_MIPS, "mips" }, { EM_SPARCV9, "sparc64" }, { 258, "loongarch" },
};

static const char *machine_name(uint16_t machine)
{
	for (size_t i = 0; i < sizeof machines / sizeof machines[0]; i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return "an unknown machine";
}

/* The word after "#!", NULL if there is none. */
static const char *script_interpreter(struct arena *a, const char *head, size_t len)
{
	const char *end = memchr(head, '\n', len);
	const char *p = head + 2;

	if (!end)
		end = head + len;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	len = 0;
	while (p + len < end && p[len] != ' ' && p[len] != '\t' && p[len] != 0)
		len++;
	return len > 0 ? arena_strndup(a, p, len) : NULL;
}

struct segment {
	uint32_t type;
	uint64_t offset, size;
};

static bool segment_at(const char *head, size_t len, uint16_t index, struct segment *ret)
{
	if (head[EI_CLASS] == ELFCLASS64) {
		Elf64_Ehdr eh;
		Elf64_Phdr ph;

		if (len < sizeof eh)
			return false;
		memcpy(&eh, head, sizeof eh);
		if (index >= eh.e_phnum || eh.e_phoff > len || len - eh.e_phoff < (index + 1UL) * sizeof ph)
			return false;
		memcpy(&ph, head + eh.e_phoff + index * sizeof ph, sizeof ph);
		*ret = (struct segment){ ph.p_type, ph.p_offset, ph.p_filesz };
	} else {
		Elf32_Ehdr eh;
		Elf32_Phdr ph;

		if (len < sizeof eh)
			return false;
		memcpy(&eh, head, sizeof eh);
		if (index >= eh.e_phnum || eh.e_phoff > len || len - eh.e_phoff < (index + 1UL) * sizeof ph)
			return false;
		memcpy(&ph, head + eh.e_phoff + index * sizeof ph, sizeof ph);
		*ret = (struct segment){ ph.p_type, ph.p_offset, ph.p_filesz };
	}
	return true;
}

/* The PT_INTERP segment, if it lies within the head; NULL for a static program. */
static const char *elf_interpreter(struct arena *a, const char *head, size_t len)
{
	struct segment s;

	for (uint16_t i = 0; segment_at(head, len, i, &s); i++)
		if (s.type == PT_INTERP && s.offset < len && s.size > 1 && s.size <= len - s.offset)
			return arena_strndup(a, head + s.offset, s.size - 1);
	return NULL;
}

/* The machine that the running program itself was built for. */
static uint16_t own_machine(void)
{
#if defined(__x86_64__)
	return EM_X86_64;
#elif defined(__i386__)
	return EM_386;
#elif defined(__aarch64__)
	return EM_AARCH64;
#elif defined(__arm__)
	return EM_ARM;
#elif defined(__riscv)
	return EM_RISCV;
#elif defined(__powerpc64__)
	return EM_PPC64;
#elif defined(__s390__)
	return EM_S390;
#else
	return EM_NONE;
#endif
}

static const char *check_elf(struct arena *a, const char *head, size_t len, const char **ret_interpreter)
{
	const char own_order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;
	uint16_t machine;

	if (len < sizeof(Elf32_Ehdr))
		return "it is cut off within its ELF header";
	if (head[EI_DATA] != own_order)
		return "it is built for a machine of the other byte order";
	memcpy(&machine, head + offsetof(Elf64_Ehdr, e_machine), sizeof machine); /* the same place in both classes */
	/* An x86-64 kernel runs i386, an ARM one arm: then the interpreter decides. */
	if (machine != own_machine() && !(own_machine() == EM_X86_64 && machine == EM_386) &&
	    !(own_machine() == EM_AARCH64 && machine == EM_ARM))
		return arena_printf(a, "it is built for %s, and this machine is %s", machine_name(machine),
				    machine_name(own_machine()));
	*ret_interpreter = elf_interpreter(a, head, len);
	return NULL;
}

const char *interpreter_problem(struct arena *a, const char *path)
{
	const char *next = path;

	for (int i = 0; i < CHAIN_MAX && next; i++) {
		const char *problem = NULL, *file = next;
		char head[HEAD_SIZE];
		ssize_t n = sys_read_head(file, head, sizeof head);

		if (n == -ENOENT && i > 0)
			return arena_printf(a, "its interpreter \"%s\" is not in the container", file);
		if (n < 0)
			return NULL; /* a file may be executable and yet not readable */
		next = NULL;
		if (n > 2 && head[0] == '#' && head[1] == '!')
			next = script_interpreter(a, head, (size_t)n);
		else if (n > 4 && memcmp(head, ELFMAG, SELFMAG) == 0)
			problem = check_elf(a, head, (size_t)n, &next);
		else
			problem = "it is neither a program nor a script that begins with \"#!\" and an interpreter";
		if (problem)
			return i == 0 ? problem : arena_printf(a, "of its interpreter \"%s\": %s", file, problem);
	}
	return NULL;
}
