/*
 * Why: "killed at any instruction" and "a failure at any step" are claims about every system call of every process of
 * the runtime, so they are tested by going through them. Runs a command under ptrace(2) and, at the N-th system call
 * of its P-th process (0: the command, 1 and 2: what it makes), kills that process or makes the call fail. What becomes
 * the container's own program is let go.
 *
 *     sweep count -- COMMAND...           prints a line "P CALLS" for each process
 *     sweep kill P N -- COMMAND...
 *     sweep fail P N ERRNO -- COMMAND...
 *
 * Exits as the command does, 128 + N for signal N, and with 125 for its own troubles; 77 on a machine it does not know.
 * $SWEEP_LOG gets the number of the system call that was hit, or "none".
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TROUBLE = 125, PROCESSES_MAX = 64, PROCESSES_LOOKED_AT = 3 };
enum action { COUNT, KILL, FAIL };

static struct process {
	pid_t pid;
	unsigned long calls;
	bool failing;               /* the call it is in is to fail */
} processes[PROCESSES_MAX];
static int processes_len;

static enum action action;
static int target;
static unsigned long target_call;
static int target_errno;
static bool started, done;

static _Noreturn void trouble(const char *what)
{
	fprintf(stderr, "sweep: %s: %s\n", what, strerror(errno));
	exit(TROUBLE);
}

static int index_of(pid_t pid)
{
	for (int i = 0; i < processes_len; i++)
		if (processes[i].pid == pid)
			return i;
	if (processes_len == PROCESSES_MAX) {
		errno = ENOSPC;
		trouble("too many processes");
	}
	processes[processes_len].pid = pid;
	return processes_len++;
}

static void tell(const char *text)
{
	const char *path = getenv("SWEEP_LOG");
	FILE *f = path ? fopen(path, "we") : NULL;

	if (!f)
		return;
	fprintf(f, "%s\n", text);
	fclose(f);
}

#if defined __x86_64__
static void skip_call(pid_t pid)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
		return;
	regs.orig_rax = (unsigned long long)-1;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}

static void set_result(pid_t pid, long value)
{
	struct user_regs_struct regs;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) < 0)
		return;
	regs.rax = (unsigned long long)value;
	ptrace(PTRACE_SETREGS, pid, NULL, &regs);
}
#elif defined __aarch64__
static void skip_call(pid_t pid)
{
	int none = -1;
	struct iovec v = { &none, sizeof none };

	ptrace(PTRACE_SETREGSET, pid, NT_ARM_SYSTEM_CALL, &v);
}

static void set_result(pid_t pid, long value)
{
	struct user_regs_struct regs;
	struct iovec v = { &regs, sizeof regs };

	if (ptrace(PTRACE_GETREGSET, pid, NT_PRSTATUS, &v) < 0)
		return;
	regs.regs[0] = (unsigned long long)value;
	ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, &v);
}
#else
#define UNKNOWN_MACHINE
static void skip_call(pid_t pid) { (void)pid; }
static void set_result(pid_t pid, long value) { (void)pid; (void)value; }
#endif

/*
 * Calls that the kernel never lets fail, and those of the C library before main, which ends the process in ways of its
 * own: a failure of theirs would prove nothing.
 */
static bool cannot_fail(unsigned long long number)
{
	static const int calls[] = {
		SYS_getpid, SYS_getppid, SYS_gettid, SYS_getuid, SYS_geteuid, SYS_getgid, SYS_getegid, SYS_umask,
		SYS_exit, SYS_exit_group, SYS_brk, SYS_mprotect, SYS_set_tid_address, SYS_set_robust_list, SYS_rseq,
		SYS_getrandom,
#ifdef SYS_arch_prctl
		SYS_arch_prctl,
#endif
	};

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (number == (unsigned long long)calls[i])
			return true;
	return false;
}

static void on_entry(struct process *p, unsigned long long number)
{
	char text[32];

	p->calls++;
	if (done || action == COUNT || p != &processes[target] || p->calls != target_call)
		return;
	done = true;
	snprintf(text, sizeof text, "%llu", number);
	tell(text);
	if (action == KILL) {
		kill(p->pid, SIGKILL);
		return;
	}
	if (cannot_fail(number))
		return;
	/* close(2) closes, whatever it then says. */
	if (number != SYS_close)
		skip_call(p->pid);
	p->failing = true;
}

static void on_call(pid_t pid)
{
	struct process *p = &processes[index_of(pid)];
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) < 0)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY && (started || pid != processes[0].pid))
		on_entry(p, info.entry.nr);
	if (info.op == PTRACE_SYSCALL_INFO_EXIT && p->failing) {
		set_result(pid, -target_errno);
		p->failing = false;
	}
}

/* A process that execs is the container's program or a helper: its system calls are not ours. */
static bool let_go(pid_t pid, int event)
{
	int i = index_of(pid);

	if (event == PTRACE_EVENT_EXEC && i == 0)
		started = true;
	if ((event == PTRACE_EVENT_EXEC && i > 0) || i >= PROCESSES_LOOKED_AT) {
		ptrace(PTRACE_DETACH, pid, NULL, NULL);
		return true;
	}
	return false;
}

static void on_stop(pid_t pid, int status)
{
	int sig = WSTOPSIG(status), event = status >> 16;
	unsigned long child;

	if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE) {
		if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &child) == 0)
			index_of((pid_t)child);
	}
	if (let_go(pid, event))
		return;
	if (sig == (SIGTRAP | 0x80))
		on_call(pid);
	ptrace(done && !processes[index_of(pid)].failing ? PTRACE_CONT : PTRACE_SYSCALL, pid, NULL,
	       event || sig == (SIGTRAP | 0x80) ? 0L : (long)sig);
}

/* Returns the command's exit status. What else is still running is let go by our end. */
static int follow(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, __WALL)) > 0) {
		if (WIFSTOPPED(status)) {
			on_stop(pid, status);
			continue;
		}
		if (pid == processes[0].pid)
			return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	trouble("waitpid");
}

static void start(char **argv)
{
	int go[2];
	char c;
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0 || (pid = fork()) < 0)
		trouble("fork");
	if (pid == 0) {
		close(go[1]);
		if (read(go[0], &c, 1) == 1)
			execvp(argv[0], argv);
		_exit(127);
	}
	index_of(pid);
	if (ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
		   PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC) < 0) {
		kill(pid, SIGKILL);
		trouble("ptrace (is it forbidden here?)");
	}
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) < 0 || write(go[1], "", 1) != 1)
		trouble("start the command");
	close(go[0]);
	close(go[1]);
}

static char **parse(char **argv)
{
	if (argv[1] && strcmp(argv[1], "count") == 0) {
		argv += 2;
	} else if (argv[1] && argv[2] && argv[3]) {
		action = strcmp(argv[1], "kill") == 0 ? KILL : FAIL;
		target = atoi(argv[2]);
		target_call = strtoul(argv[3], NULL, 10);
		target_errno = action == FAIL && argv[4] ? atoi(argv[4]) : 0;
		argv += action == FAIL ? 5 : 4;
	} else {
		exit(TROUBLE);
	}
	if (!argv[0] || strcmp(argv[0], "--") != 0 || !argv[1])
		exit(TROUBLE);
	return argv + 1;
}

int main(int argc, char **argv)
{
	int status;

#ifdef UNKNOWN_MACHINE
	return 77;
#endif
	if (argc < 3)
		return TROUBLE;
	argv = parse(argv);
	start(argv);
	status = follow();
	if (action == COUNT)
		for (int i = 0; i < processes_len && i < PROCESSES_LOOKED_AT; i++)
			fprintf(stderr, "%d %lu\n", i, processes[i].calls);
	else if (!done)
		tell("none");
	return status;
}
