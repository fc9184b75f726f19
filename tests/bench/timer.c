/*
 * Times commands against each other: reads one contender a line from standard input, a name and the words of its
 * command, separated by tabs; runs them in turn, ROUNDS times, beginning each round with another one, so that whatever
 * else the machine does meets all alike. Prints for each: name, median, least and 90th percentile, in microseconds.
 *
 *   timer ROUNDS <contenders
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { MAX_CONTENDERS = 16, MAX_WORDS = 32, WARM_UP = 3 };

struct contender {
	char line[4096];
	char *words[MAX_WORDS + 1];   /* the name, the command, NULL */
	double *times;
};

extern char **environ;
static struct contender all[MAX_CONTENDERS];
static posix_spawn_file_actions_t quiet;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double run(const struct contender *c)
{
	double start = now();
	int status, err;
	pid_t pid;

	err = posix_spawnp(&pid, c->words[1], &quiet, NULL, c->words + 1, environ);
	if (err) {
		fprintf(stderr, "timer: %s: %s: %s\n", c->words[0], c->words[1], strerror(err));
		exit(1);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "timer: %s failed\n", c->words[0]);
		exit(1);
	}
	return now() - start;
}

static int by_time(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static size_t read_contenders(size_t rounds)
{
	size_t n = 0;

	while (n < MAX_CONTENDERS && fgets(all[n].line, sizeof all[n].line, stdin)) {
		struct contender *c = &all[n++];
		char *save = NULL, *word = strtok_r(c->line, "\t\n", &save);

		for (size_t i = 0; word && i < MAX_WORDS; i++, word = strtok_r(NULL, "\t\n", &save))
			c->words[i] = word;
		c->times = calloc(rounds, sizeof *c->times);
		if (!c->words[0] || !c->words[1] || !c->times) {
			fprintf(stderr, "timer: a contender is a name and a command\n");
			exit(1);
		}
	}
	return n;
}

int main(int argc, char **argv)
{
	long rounds = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	size_t n;

	if (rounds < 1 || rounds > 1000000) {
		fprintf(stderr, "usage: timer ROUNDS <contenders\n");
		return 2;
	}
	n = read_contenders((size_t)rounds);
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	for (size_t warm = 0; warm < WARM_UP; warm++)
		for (size_t i = 0; i < n; i++)
			run(&all[i]);
	for (size_t round = 0; round < (size_t)rounds; round++) {
		for (size_t i = 0; i < n; i++) {
			struct contender *c = &all[(round + i) % n];

			c->times[round] = run(c);
		}
	}
	for (size_t i = 0; i < n; i++) {
		qsort(all[i].times, (size_t)rounds, sizeof(double), by_time);
		printf("%s\t%.0f\t%.0f\t%.0f\n", all[i].words[0], all[i].times[rounds / 2], all[i].times[0],
		       all[i].times[rounds * 9 / 10]);
	}
	return 0;
}
