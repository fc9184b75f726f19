/* Why: an option is a row, not code. See mount_options.h. */
#include "plan/mount_options.h"

#include <linux/mount.h>
#include <string.h>
#include <sys/mount.h>

enum kind {
	SET,          /* a mount attribute is set */
	CLEAR,
	ATIME,        /* one of the values of the field MOUNT_ATTR__ATIME */
	REC_SET,      /* the same for the mount and all below it */
	REC_CLEAR,
	REC_ATIME,
	PROPAGATE,
	PROPAGATE_REC,
	SUPER,        /* a flag of the file system, not of the mount: goes to fsconfig(2) */
	HINT,         /* nothing to do: the kernel's default, or of no effect since Linux 5.15 */
	BIND,
	RBIND,
	REMOUNT,
	COPY_UP,
	IDMAP,
	RIDMAP,
	SOURCE_NOFOLLOW,
	DEST_NOFOLLOW,
};

static const struct option {
	const char *name;
	enum kind kind;
	unsigned long long value;
} options[] = {
	{ "async", SUPER, 0 },
	{ "atime", ATIME, MOUNT_ATTR_RELATIME },
	{ "bind", BIND, 0 },
	{ "defaults", HINT, 0 },
	{ "dest-nofollow", DEST_NOFOLLOW, 0 },
	{ "dev", CLEAR, MOUNT_ATTR_NODEV },
	{ "diratime", CLEAR, MOUNT_ATTR_NODIRATIME },
	{ "dirsync", SUPER, 0 },
	{ "exec", CLEAR, MOUNT_ATTR_NOEXEC },
	{ "idmap", IDMAP, 0 },
	{ "iversion", HINT, 0 },
	{ "lazytime", SUPER, 0 },
	{ "loud", HINT, 0 },
	{ "mand", HINT, 0 },
	{ "noatime", ATIME, MOUNT_ATTR_NOATIME },
	{ "nodev", SET, MOUNT_ATTR_NODEV },
	{ "nodiratime", SET, MOUNT_ATTR_NODIRATIME },
	{ "noexec", SET, MOUNT_ATTR_NOEXEC },
	{ "noiversion", HINT, 0 },
	{ "nolazytime", SUPER, 0 },
	{ "nomand", HINT, 0 },
	{ "norelatime", ATIME, MOUNT_ATTR_RELATIME },
	{ "nostrictatime", ATIME, MOUNT_ATTR_RELATIME },
	{ "nosuid", SET, MOUNT_ATTR_NOSUID },
	{ "nosymfollow", SET, MOUNT_ATTR_NOSYMFOLLOW },
	{ "private", PROPAGATE, MS_PRIVATE },
	{ "ratime", REC_ATIME, MOUNT_ATTR_RELATIME },
	{ "rbind", RBIND, 0 },
	{ "rdev", REC_CLEAR, MOUNT_ATTR_NODEV },
	{ "rdiratime", REC_CLEAR, MOUNT_ATTR_NODIRATIME },
	{ "relatime", ATIME, MOUNT_ATTR_RELATIME },
	{ "remount", REMOUNT, 0 },
	{ "rexec", REC_CLEAR, MOUNT_ATTR_NOEXEC },
	{ "ridmap", RIDMAP, 0 },
	{ "rnoatime", REC_ATIME, MOUNT_ATTR_NOATIME },
	{ "rnodev", REC_SET, MOUNT_ATTR_NODEV },
	{ "rnodiratime", REC_SET, MOUNT_ATTR_NODIRATIME },
	{ "rnoexec", REC_SET, MOUNT_ATTR_NOEXEC },
	{ "rnorelatime", REC_ATIME, MOUNT_ATTR_RELATIME },
	{ "rnostrictatime", REC_ATIME, MOUNT_ATTR_RELATIME },
	{ "rnosuid", REC_SET, MOUNT_ATTR_NOSUID },
	{ "rnosymfollow", REC_SET, MOUNT_ATTR_NOSYMFOLLOW },
	{ "ro", SET, MOUNT_ATTR_RDONLY },
	{ "rprivate", PROPAGATE_REC, MS_PRIVATE },
	{ "rrelatime", REC_ATIME, MOUNT_ATTR_RELATIME },
	{ "rro", REC_SET, MOUNT_ATTR_RDONLY },
	{ "rrw", REC_CLEAR, MOUNT_ATTR_RDONLY },
	{ "rshared", PROPAGATE_REC, MS_SHARED },
	{ "rslave", PROPAGATE_REC, MS_SLAVE },
	{ "rstrictatime", REC_ATIME, MOUNT_ATTR_STRICTATIME },
	{ "rsuid", REC_CLEAR, MOUNT_ATTR_NOSUID },
	{ "rsymfollow", REC_CLEAR, MOUNT_ATTR_NOSYMFOLLOW },
	{ "runbindable", PROPAGATE_REC, MS_UNBINDABLE },
	{ "rw", CLEAR, MOUNT_ATTR_RDONLY },
	{ "shared", PROPAGATE, MS_SHARED },
	{ "silent", HINT, 0 },
	{ "slave", PROPAGATE, MS_SLAVE },
	{ "src-nofollow", SOURCE_NOFOLLOW, 0 },
	{ "strictatime", ATIME, MOUNT_ATTR_STRICTATIME },
	{ "suid", CLEAR, MOUNT_ATTR_NOSUID },
	{ "symfollow", CLEAR, MOUNT_ATTR_NOSYMFOLLOW },
	{ "sync", SUPER, 0 },
	{ "tmpcopyup", COPY_UP, 0 },
	{ "unbindable", PROPAGATE, MS_UNBINDABLE },
};

enum { OPTION_COUNT = sizeof options / sizeof *options };

const char *const *mount_option_names(void)
{
	static const char *names[OPTION_COUNT + 1];

	for (size_t i = 0; i < OPTION_COUNT; i++)
		names[i] = options[i].name;
	return names;
}

static const struct option *find_option(const char *name)
{
	size_t low = 0, high = OPTION_COUNT;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int c = strcmp(name, options[mid].name);

		if (c == 0)
			return &options[mid];
		if (c < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static void set_attr(uint64_t *set, uint64_t *clear, uint64_t value)
{
	*set |= value;
	*clear &= ~value;
}

static void clear_attr(uint64_t *set, uint64_t *clear, uint64_t value)
{
	*set &= ~value;
	*clear |= value;
}

/* mount_setattr(2): the field is changed by clearing all of it and setting the new value. */
static void set_atime(uint64_t *set, uint64_t *clear, uint64_t value)
{
	*set = (*set & ~(uint64_t)MOUNT_ATTR__ATIME) | value;
	*clear |= MOUNT_ATTR__ATIME;
}

static void apply_option(struct mount_options *m, const struct option *o)
{
	struct mount_attrs *t = &m->attrs;

	switch (o->kind) {
	case SET:
		set_attr(&t->set, &t->clear, o->value);
		break;
	case CLEAR:
		clear_attr(&t->set, &t->clear, o->value);
		break;
	case ATIME:
		set_atime(&t->set, &t->clear, o->value);
		break;
	case REC_ATIME:
		set_atime(&t->rec_set, &t->rec_clear, o->value);
		break;
	case REC_SET:
		set_attr(&t->rec_set, &t->rec_clear, o->value);
		break;
	case REC_CLEAR:
		clear_attr(&t->rec_set, &t->rec_clear, o->value);
		break;
	case PROPAGATE:
	case PROPAGATE_REC:
		t->propagation = o->value;
		t->propagation_rec = o->kind == PROPAGATE_REC;
		break;
	case BIND:
		m->bind = true;
		break;
	case RBIND:
		m->bind = m->recursive = true;
		break;
	case REMOUNT:
		m->remount = true;
		break;
	case COPY_UP:
		m->copy_up = true;
		break;
	case IDMAP:
		m->idmap = true;
		break;
	case RIDMAP:
		m->idmap = m->idmap_recursive = true;
		break;
	case SOURCE_NOFOLLOW:
		m->source_nofollow = true;
		break;
	case DEST_NOFOLLOW:
		m->dest_nofollow = true;
		break;
	case SUPER:
	case HINT:
		break;
	}
}

int mount_options_parse(struct arena *a, char *const *names, size_t len, struct mount_options *ret, struct err *e)
{
	size_t n = 0;

	*ret = (struct mount_options){ .fs_options = arena_array(a, len + 1, sizeof(char *)) };
	if (!ret->fs_options)
		return err_oom(e);
	for (size_t i = 0; i < len; i++) {
		const struct option *o = find_option(names[i]);

		/* Between two commas there is no option; podman 5 writes such ones for --systemd=always. */
		if (names[i][0] == '\0')
			continue;
		if (o)
			apply_option(ret, o);
		if (o && o->kind == SUPER)
			ret->fs_only = o->name;
		if (!o || o->kind == SUPER)
			ret->fs_options[n++] = names[i];
	}
	return 0;
}
