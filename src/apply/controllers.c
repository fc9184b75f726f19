/* Why: see controllers.h. A limit that no controller heeds must be an error, and one that says where it got stuck. */
#include "apply/controllers.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "sys/cgroup.h"

enum { LIST_MAX = 512 };

/* One parent on the way down. */
struct level {
	int fd;
	char path[PATH_MAX];
	char have[LIST_MAX];  /* what it was given */
	char gives[LIST_MAX]; /* what it gives on */
};

static int read_list(int fd, const char *file, char *buf)
{
	int r = sys_cgroup_read(fd, file, buf, LIST_MAX);

	buf[r < 0 ? 0 : strcspn(buf, "\n")] = '\0';
	return r;
}

/* The next word of a list, or NULL; *list is left behind it. */
static const char *next_word(const char **list, size_t *ret_len)
{
	const char *word = *list + strspn(*list, " ");

	*ret_len = strcspn(word, " ");
	*list = word + *ret_len;
	return *ret_len ? word : NULL;
}

static bool has(const char *list, const char *word, size_t len)
{
	const char *item;
	size_t n;

	while ((item = next_word(&list, &n)))
		if (n == len && strncmp(item, word, len) == 0)
			return true;
	return false;
}

static bool has_all(const char *list, const char *words)
{
	const char *word;
	size_t len;

	while ((word = next_word(&words, &len)))
		if (!has(list, word, len))
			return false;
	return true;
}

static int explain(const struct level *level, const char *word, size_t len, int r, struct err *e)
{
	int n = (int)len;

	if (r == -EBUSY)
		return err_set(e, EBUSY,
			       "the cgroup %s has processes of its own, so it cannot give the controller %.*s to "
			       "cgroups below it: name another place by linux.cgroupsPath, or use --systemd-cgroup",
			       level->path, n, word);
	if (r == -EACCES || r == -EPERM || r == -EROFS)
		return err_set(e, -r,
			       "the cgroup %s does not give the controller %.*s to those below it, and the caller "
			       "may not change that: it must be delegated (systemd: Delegate=yes for user@.service)",
			       level->path, n, word);
	if (r == -EOPNOTSUPP)
		return err_set(e, -r, "the cgroup %s is a threaded one, which has no controller %.*s", level->path, n,
			       word);
	return err_sys(e, -r, "give the controller %.*s to the cgroups below %s", n, word, level->path);
}

static int explain_missing(const struct level *level, const char *word, size_t len, struct err *e)
{
	return err_set(e, ENODEV,
		       "the cgroup %s was not given the controller %.*s: version 1 may have it (boot with "
		       "cgroup_no_v1=%.*s), or it must be delegated (systemd: Delegate=yes for user@.service)",
		       level->path, (int)len, word, (int)len, word);
}

static int give_one(const struct level *level, const char *word, size_t len)
{
	char text[LIST_MAX + 2];

	snprintf(text, sizeof text, "+%.*s", (int)len, word);
	return sys_cgroup_write(level->fd, "cgroup.subtree_control", text);
}

/* All in one write, which the kernel takes or refuses as a whole. */
static int give_together(const struct level *level, const char *list)
{
	_cleanup_str_ struct str text = STR_INIT;
	const char *word;
	size_t len;

	while ((word = next_word(&list, &len)))
		if (!has(level->gives, word, len) && has(level->have, word, len))
			str_addf(&text, "%s+%.*s", text.len ? " " : "", (int)len, word);
	if (text.failed)
		return -ENOMEM;
	return text.len ? sys_cgroup_write(level->fd, "cgroup.subtree_control", text.text) : 0;
}

static int give(const struct level *level, const char *list, struct err *e)
{
	bool together = give_together(level, list) == 0;
	const char *word;
	size_t len;

	while ((word = next_word(&list, &len))) {
		int r = 0;

		if (has(level->gives, word, len))
			continue;
		if (!has(level->have, word, len))
			return explain_missing(level, word, len, e);
		if (!together)
			r = give_one(level, word, len);
		if (r < 0)
			return explain(level, word, len, r, e);
	}
	return 0;
}

static void give_what_we_may(const struct level *level)
{
	const char *list = level->have, *word;
	size_t len;

	if (give_together(level, list) == 0)
		return;
	while ((word = next_word(&list, &len)))
		if (!has(level->gives, word, len) && give_one(level, word, len) < 0)
			log_debug("the cgroup %s does not give the controller %.*s to those below it", level->path,
				  (int)len, word);
}

/* The cgroup of the first `len` bytes of the path. */
static int open_level(struct level *level, const char *path, size_t len)
{
	int r;

	if (len >= sizeof level->path)
		return -ENAMETOOLONG;
	snprintf(level->path, sizeof level->path, "%.*s", len ? (int)len : 1, len ? path : "/");
	level->fd = sys_cgroup_open(level->path);
	r = level->fd < 0 ? level->fd : read_list(level->fd, "cgroup.controllers", level->have);
	return r < 0 ? r : read_list(level->fd, "cgroup.subtree_control", level->gives);
}

/* Calls visit for each parent of the cgroup, from the root on. */
static int each_parent(const char *path, int (*visit)(const struct level *level, void *data, struct err *e), void *data,
		       struct err *e)
{
	for (const char *slash = path; slash && slash[1]; slash = strchr(slash + 1, '/')) {
		struct level level = { .fd = -1 };
		int r = open_level(&level, path, (size_t)(slash - path));

		if (r < 0)
			err_sys(e, -r, "look at the controllers of the cgroup %s", level.path);
		else
			r = visit(&level, data, e);
		close_fd(&level.fd);
		if (r < 0)
			return r;
	}
	return 0;
}

static int visit_give(const struct level *level, void *data, struct err *e)
{
	return give(level, data, e);
}

static int visit_give_all(const struct level *level, void *data, struct err *e)
{
	(void)data, (void)e;
	give_what_we_may(level);
	return 0;
}

int controllers_enable(const char *path, int fd, const char *list, struct err *e)
{
	char have[LIST_MAX];
	int r = read_list(fd, "cgroup.controllers", have);

	if (r < 0)
		return err_sys(e, -r, "look at the controllers of the cgroup %s", path);
	return has_all(have, list) ? 0 : each_parent(path, visit_give, (char *)list, e);
}

void controllers_enable_all(const char *path, int fd)
{
	_cleanup_close_ int root = sys_cgroup_open("/");
	char have[LIST_MAX], all[LIST_MAX];
	struct err e;

	if (root < 0 || read_list(root, "cgroup.controllers", all) < 0 ||
	    read_list(fd, "cgroup.controllers", have) < 0 || has_all(have, all))
		return;
	if (each_parent(path, visit_give_all, NULL, &e) < 0)
		log_debug("%s", e.text);
}
