/* Why a table: not every C library can name signals, and none reads "rtmin+1". */
#include "cli/signal.h"

#include <signal.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"

static const struct {
	const char *name;
	int number;
} signals[] = {
	{ "HUP", SIGHUP }, { "INT", SIGINT }, { "QUIT", SIGQUIT }, { "ILL", SIGILL }, { "TRAP", SIGTRAP },
	{ "ABRT", SIGABRT }, { "IOT", SIGABRT }, { "BUS", SIGBUS }, { "FPE", SIGFPE }, { "KILL", SIGKILL },
	{ "USR1", SIGUSR1 }, { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 }, { "PIPE", SIGPIPE }, { "ALRM", SIGALRM },
	{ "TERM", SIGTERM },
#ifdef SIGSTKFLT
	{ "STKFLT", SIGSTKFLT },
#endif
	{ "CHLD", SIGCHLD }, { "CLD", SIGCHLD }, { "CONT", SIGCONT }, { "STOP", SIGSTOP }, { "TSTP", SIGTSTP },
	{ "TTIN", SIGTTIN }, { "TTOU", SIGTTOU }, { "URG", SIGURG }, { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
	{ "VTALRM", SIGVTALRM }, { "PROF", SIGPROF }, { "WINCH", SIGWINCH }, { "IO", SIGIO }, { "POLL", SIGIO },
	{ "PWR", SIGPWR }, { "SYS", SIGSYS },
};

/* RTMIN, RTMIN+N, RTMAX, RTMAX-N; 0 for anything else. */
static int realtime_signal(const char *name)
{
	bool from_min = strncasecmp(name, "RTMIN", 5) == 0;
	unsigned long long n = 0;

	if (!from_min && strncasecmp(name, "RTMAX", 5) != 0)
		return 0;
	name += 5;
	if (*name && (*name != (from_min ? '+' : '-') ||
		      parse_u64(name + 1, (unsigned long long)(SIGRTMAX - SIGRTMIN), &n) < 0))
		return 0;
	return from_min ? SIGRTMIN + (int)n : SIGRTMAX - (int)n;
}

static int named_signal(const char *name)
{
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		if (strcasecmp(signals[i].name, name) == 0)
			return signals[i].number;
	return realtime_signal(name);
}

int cli_parse_signal(const char *text, int *ret, struct err *e)
{
	unsigned long long n;

	if (parse_u64(text, (unsigned long long)SIGRTMAX, &n) == 0) {
		*ret = (int)n;
		return 0;
	}
	*ret = named_signal(strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text);
	if (*ret == 0)
		return err_set(e, EINVAL, "unknown signal '%s': give a name such as TERM or a number up to %d", text,
			       SIGRTMAX);
	return 0;
}
