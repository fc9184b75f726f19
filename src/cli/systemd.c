/*
 * cloister-systemd: asks systemd to make, change or remove the unit of a container. The runtime calls it where the
 * systemd cgroup manager is asked for; nobody else has a use for it.
 *
 * Why a program of its own: it needs libsystemd, which has no static archive and whose loading takes longer than the
 * runtime needs for a container.
 *
 * The words of a property: systemd_property.h. Exit status 0; 1 with a line on standard output; 2 the same: there is no
 * such bus.
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <systemd/sd-bus.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/systemd_property.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define MANAGER SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager"

enum { JOB_SECONDS = 60, EXIT_NO_BUS = 2 };

static int bus_error(struct err *e, const sd_bus_error *error, int r, const char *what, const char *unit)
{
	return err_set(e, -r, "%s %s: systemd says: %s", what, unit,
		       error && error->message ? error->message : err_name(-r));
}

/* ---- the bus ---- */

/* Who we are outside of a user namespace in which we are root: whose bus it is. */
static unsigned long outer_uid(void)
{
	unsigned long inside, outside, size, uid = geteuid();
	FILE *f = fopen("/proc/self/uid_map", "re");

	while (f && fscanf(f, "%lu %lu %lu", &inside, &outside, &size) == 3)
		if (uid >= inside && uid - inside < size) {
			uid = outside + (uid - inside);
			break;
		}
	if (f)
		fclose(f);
	return uid;
}

static int open_bus(bool user, sd_bus **ret, struct err *e)
{
	const char *run = getenv("XDG_RUNTIME_DIR");
	char fallback[64];
	int r;

	if (user && (!run || !*run)) {
		snprintf(fallback, sizeof fallback, "/run/user/%lu", outer_uid());
		setenv("XDG_RUNTIME_DIR", fallback, 1);
		run = fallback;
	}
	r = user ? sd_bus_open_user(ret) : sd_bus_open_system(ret);
	if (r >= 0)
		return 0;
	if (user)
		return err_set(e, -r, "cannot reach the user's systemd over its bus (%s, else %s/bus): %s: log in, so "
			       "that there is one (or loginctl enable-linger), or use --cgroup-manager cgroupfs",
			       "$DBUS_SESSION_BUS_ADDRESS", run, err_name(-r));
	return err_set(e, -r, "cannot reach systemd over the system bus (/run/dbus/system_bus_socket): %s: start "
		       "dbus.service, or use --cgroup-manager cgroupfs", err_name(-r));
}

/* ---- jobs ---- */

/* A job that was asked for, and how it ended. Signals of jobs may come before the answer that says which is ours. */
struct job {
	const char *path;             /* NULL: not known yet */
	char ended[8][128], results[8][32];
	unsigned count;
};

static int job_removed(sd_bus_message *m, void *data, sd_bus_error *error)
{
	struct job *job = data;
	const char *path, *unit, *result;
	uint32_t id;

	(void)error;
	if (sd_bus_message_read(m, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	snprintf(job->ended[job->count % 8], sizeof *job->ended, "%s", path);
	snprintf(job->results[job->count % 8], sizeof *job->results, "%s", result);
	job->count++;
	return 0;
}

static int watch_jobs(sd_bus *bus, struct job *job, struct err *e)
{
	int r = sd_bus_match_signal(bus, NULL, MANAGER, "JobRemoved", job_removed, job);

	if (r >= 0)
		r = sd_bus_call_method(bus, MANAGER, "Subscribe", NULL, NULL, NULL);
	return r < 0 ? err_sys(e, -r, "listen to systemd's jobs") : 0;
}

static const char *result_of(const struct job *job)
{
	for (unsigned i = 0; i < job->count && i < 8; i++)
		if (strcmp(job->ended[i], job->path) == 0)
			return job->results[i];
	return NULL;
}

static int await_job(sd_bus *bus, struct job *job, const char *what, const char *unit, struct err *e)
{
	time_t end = time(NULL) + JOB_SECONDS;
	const char *result;

	while (!(result = result_of(job))) {
		int r = sd_bus_process(bus, NULL);

		if (r == 0)
			r = sd_bus_wait(bus, 1000 * 1000);
		if (r < 0)
			return err_sys(e, -r, "%s %s: wait for systemd", what, unit);
		if (time(NULL) > end)
			return err_set(e, ETIMEDOUT, "%s %s: systemd is not done with it after %d s", what, unit,
				       JOB_SECONDS);
	}
	if (strcmp(result, "done") != 0 && strcmp(result, "skipped") != 0)
		return err_set(e, EIO, "%s %s: systemd's job ended with '%s': journalctl tells more", what, unit,
			       result);
	return 0;
}

/* ---- the commands ---- */

static const char *interface_of(const char *unit)
{
	const char *suffix = strrchr(unit, '.');

	return suffix && strcmp(suffix, ".slice") == 0 ? SYSTEMD ".Slice" : SYSTEMD ".Scope";
}

/* In *ret, to be freed; NULL: systemd does not know the unit. */
static int unit_path(sd_bus *bus, const char *unit, char **ret, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	const char *path;
	int r = sd_bus_call_method(bus, MANAGER, "GetUnit", &error, &reply, "s", unit);

	*ret = NULL;
	if (sd_bus_error_has_name(&error, SYSTEMD ".NoSuchUnit"))
		r = 0;
	else if (r >= 0)
		r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		bus_error(e, &error, r, "look at the unit", unit);
	else if (reply && !(*ret = strdup(path)))
		r = err_oom(e);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 0;
}

static int read_property(sd_bus *bus, const char *path, const char *interface, const char *name, char **ret)
{
	return sd_bus_get_property_string(bus, SYSTEMD, path, interface, name, NULL, ret);
}

/* Its mark, so that nobody else's unit is taken for the container's: the description. */
static int is_ours(sd_bus *bus, const char *path, const char *description)
{
	char *text = NULL;
	int r = read_property(bus, path, SYSTEMD ".Unit", "Description", &text);

	if (r >= 0)
		r = strcmp(text, description) == 0;
	free(text);
	return r;
}

static int print_cgroup(sd_bus *bus, const char *unit, struct err *e)
{
	char *path = NULL, *cgroup = NULL;
	int r = unit_path(bus, unit, &path, e);

	if (r < 0)
		return r;
	r = path ? read_property(bus, path, interface_of(unit), "ControlGroup", &cgroup) : -ESRCH;
	if (r >= 0 && !*cgroup)
		r = -ESRCH;
	if (r >= 0)
		puts(cgroup);
	else
		err_set(e, -r, "the unit %s is gone again: its process has ended", unit);
	free(path);
	free(cgroup);
	return r < 0 ? r : 0;
}

/* A request to start it with these properties, sent. In *ret the answer, which names the job. */
static int request_start(sd_bus *bus, const char *unit, struct words w, sd_bus_error *error, sd_bus_message **ret,
			 struct err *e)
{
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(bus, &m, MANAGER, "StartTransientUnit");

	*ret = NULL;
	if (r >= 0)
		r = sd_bus_message_append(m, "ss", unit, "fail");
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sv)");
	if (r < 0)
		err_sys(e, -r, "write to systemd");
	if (r >= 0)
		r = properties_append(m, &w, e);
	if (r >= 0) {
		sd_bus_message_close_container(m);
		sd_bus_message_append(m, "a(sa(sv))", 0);
		r = sd_bus_call(bus, m, 0, error, ret);
		if (r < 0)
			bus_error(e, error, r, "start the unit", unit);
	}
	sd_bus_message_unref(m);
	return r < 0 ? r : 0;
}

static int start(sd_bus *bus, struct words *w, struct err *e)
{
	const char *unit = words_next(w);
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	struct job job = { 0 };
	int r = watch_jobs(bus, &job, e);

	if (r == 0)
		r = request_start(bus, unit, *w, &error, &reply, e);
	/* One that has failed stays until somebody has seen it. It has no process any more, so nobody misses it. */
	if (r < 0 && sd_bus_error_has_name(&error, SYSTEMD ".UnitExists") &&
	    sd_bus_call_method(bus, MANAGER, "ResetFailedUnit", NULL, NULL, "s", unit) >= 0) {
		sd_bus_error_free(&error);
		r = request_start(bus, unit, *w, &error, &reply, e);
	}
	if (r < 0 && sd_bus_error_has_name(&error, SYSTEMD ".UnitExists"))
		r = err_set(e, EEXIST, "the unit %s is there already: another container has it, or somebody else: "
			    "choose another name", unit);
	if (r == 0 && (r = sd_bus_message_read(reply, "o", &job.path)) < 0)
		err_sys(e, -r, "read systemd's answer");
	if (r >= 0)
		r = await_job(bus, &job, "start the unit", unit, e);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return r < 0 ? r : print_cgroup(bus, unit, e);
}

static int set(sd_bus *bus, struct words *w, struct err *e)
{
	const char *unit = words_next(w);
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *m = NULL;
	int r = sd_bus_message_new_method_call(bus, &m, MANAGER, "SetUnitProperties");

	if (r >= 0)
		r = sd_bus_message_append(m, "sb", unit, true);
	if (r >= 0)
		r = sd_bus_message_open_container(m, 'a', "(sv)");
	if (r < 0)
		err_sys(e, -r, "write to systemd");
	if (r >= 0)
		r = properties_append(m, w, e);
	if (r >= 0) {
		sd_bus_message_close_container(m);
		r = sd_bus_call(bus, m, 0, &error, NULL);
		if (r < 0)
			bus_error(e, &error, r, "change the unit", unit);
	}
	sd_bus_error_free(&error);
	sd_bus_message_unref(m);
	return r < 0 ? r : 0;
}

static int stop_known(sd_bus *bus, const char *unit, struct err *e)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	sd_bus_message *reply = NULL;
	struct job job = { 0 };
	int r = watch_jobs(bus, &job, e);

	if (r < 0)
		return r;
	/* Whatever is left in it has had its time. */
	sd_bus_call_method(bus, MANAGER, "KillUnit", NULL, NULL, "ssi", unit, "all", SIGKILL);
	r = sd_bus_call_method(bus, MANAGER, "StopUnit", &error, &reply, "ss", unit, "replace");
	if (r >= 0)
		r = sd_bus_message_read(reply, "o", &job.path);
	if (r >= 0)
		r = await_job(bus, &job, "stop the unit", unit, e);
	else if (sd_bus_error_has_name(&error, SYSTEMD ".NoSuchUnit"))
		r = 0;
	else
		bus_error(e, &error, r, "stop the unit", unit);
	if (r >= 0)
		sd_bus_call_method(bus, MANAGER, "ResetFailedUnit", NULL, NULL, "s", unit);
	sd_bus_error_free(&error);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 0;
}

/* Nothing happens to one that is not there, or not ours. */
static int stop(sd_bus *bus, struct words *w, struct err *e)
{
	const char *unit = words_next(w), *description = words_next(w);
	char *path;
	int r = unit_path(bus, unit, &path, e);

	if (r == 0 && path && is_ours(bus, path, description) > 0)
		r = stop_known(bus, unit, e);
	free(path);
	return r;
}

/* Puts a process into a unit that is there, where its owner may not do so by himself. */
static int attach(sd_bus *bus, struct words *w, struct err *e)
{
	const char *unit = words_next(w), *pid = words_next(w);
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = sd_bus_call_method(bus, MANAGER, "AttachProcessesToUnit", &error, NULL, "ssau", unit, "", 1,
				   (uint32_t)strtoul(pid, NULL, 10));

	if (r < 0)
		bus_error(e, &error, r, "put a process into the unit", unit);
	sd_bus_error_free(&error);
	return r < 0 ? r : 0;
}

static const struct command {
	const char *name;
	int words;                    /* at least */
	int (*run)(sd_bus *bus, struct words *w, struct err *e);
} commands[] = {
	{ "start", 1, start },        /* UNIT PROPERTY...: says its cgroup */
	{ "set", 1, set },            /* UNIT PROPERTY... */
	{ "stop", 2, stop },          /* UNIT DESCRIPTION */
	{ "attach", 2, attach },      /* UNIT PID */
};

static const struct command *find_command(int argc, char **argv)
{
	bool bus = argc > 2 && (strcmp(argv[1], "system") == 0 || strcmp(argv[1], "user") == 0);

	for (size_t i = 0; bus && i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[2], commands[i].name) == 0 && argc - 3 >= commands[i].words)
			return &commands[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct command *command = find_command(argc, argv);
	struct err e = { 0 };
	sd_bus *bus = NULL;
	int r;

	if (!command) {
		puts("cloister-systemd is a part of cloister(1) and not called by people");
		return EXIT_FAILURE;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	r = open_bus(strcmp(argv[1], "user") == 0, &bus, &e);
	if (r < 0) {
		puts(e.text);
		return EXIT_NO_BUS;
	}
	r = command->run(bus, &(struct words){ argv + 3 }, &e);
	sd_bus_flush_close_unref(bus);
	if (r < 0)
		puts(e.text);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
