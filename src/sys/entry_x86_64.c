/*
 * Why: root could write to the binary that it runs, and so could a container whose root is root: the program is started
 * again from a read-only mount of itself (run/seal.h has the whole story). A second start would cost what the first one
 * did, and most of that is the C library's, which asks the processor about itself by some forty CPUID instructions:
 * each leaves the virtual machine, if this is one. So the second start happens here, at the process's first
 * instruction, before the C library's. Only system calls work at this point: there is no thread-local storage (so no
 * stack protector, no errno) and nothing is relocated yet.
 *
 * Whatever fails here is left to run/seal.c, which has another way, and words for it.
 */
#include <fcntl.h>
#include <linux/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline long call(long number, long a, const void *b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

/* `stack` is the process's first one: argc, the arguments, NULL, the environment (System V ABI for AMD64, 3.4.1). */
__attribute__((used, no_stack_protector)) static void start_from_read_only_mount(long *stack)
{
	static const char exe[] = "/proc/self/exe";
	const struct mount_attr read_only = { .attr_set = MOUNT_ATTR_RDONLY };
	char **argv = (char **)(stack + 1), **envp = argv + stack[0] + 1;
	long fd;

	/* EROFS the second time, and wherever the binary is installed on a read-only file system. */
	if (call(SYS_faccessat2, AT_FDCWD, exe, W_OK, AT_EACCESS, 0) < 0)
		return;
	fd = call(SYS_open_tree, AT_FDCWD, exe, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0, 0);
	if (fd < 0)
		return;
	if (call(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, (long)&read_only, sizeof read_only) == 0)
		call(SYS_execveat, fd, "", (long)argv, (long)envp, AT_EMPTY_PATH);
	call(SYS_close, fd, NULL, 0, 0, 0);
}

/* The linker is told to begin here (-e). Registers and stack are handed on to _start as the kernel left them. */
__asm__(".globl cloister_entry\n"
	".type cloister_entry, @function\n"
	"cloister_entry:\n"
	"	endbr64\n"
	"	mov %rsp, %rdi\n"
	"	push %rdx\n"
	"	push %rdi\n"
	"	call start_from_read_only_mount\n"
	"	pop %rdi\n"
	"	pop %rdx\n"
	"	jmp _start\n"
	".size cloister_entry, . - cloister_entry\n");
