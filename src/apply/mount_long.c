/*
 * Why: fsconfig(2) takes values of 255 bytes, and an overlay of an engine's layers has longer ones (podman's
 * `--volume DIR:/dir:O`, `--mount type=image`). Only mount(2) takes them, all options as one text. It cannot mount
 * without a place, so there is one aside, from which the mount is then taken: what follows is as for any other.
 */
#include <string.h>
#include <unistd.h>

#include "apply/mount.h"
#include "base/str.h"
#include "sys/mount.h"

enum {
	FSCONFIG_VALUE_MAX = 255,
	MOUNT_DATA_MAX = 4095, /* a page and its last byte; of what is longer, mount(2) drops the rest without a word */
};

bool mount_is_long(const struct op_mount *m)
{
	if (strlen(m->source) > FSCONFIG_VALUE_MAX)
		return true;
	for (char **o = m->options; *o; o++) {
		const char *value = strchr(*o, '=');

		if (value && strlen(value + 1) > FSCONFIG_VALUE_MAX)
			return true;
	}
	return false;
}

static int join_options(const struct op_mount *m, struct str *out, struct err *e)
{
	for (char **o = m->options; *o; o++) {
		if (strchr(*o, ','))
			return err_set(e, EINVAL, "the option '%s' of %s has a comma in it, which only options of at "
				       "most %d bytes may have", *o, m->fstype, FSCONFIG_VALUE_MAX);
		str_addf(out, "%s%s", out->len > 0 ? "," : "", *o);
	}
	if (out->failed)
		return err_oom(e);
	if (out->len > MOUNT_DATA_MAX)
		return err_set(e, E2BIG, "the options of %s are longer together than the kernel takes (%d bytes)",
			       m->fstype, MOUNT_DATA_MAX);
	return 0;
}

int mount_make_long(const struct op_mount *m, uint64_t attrs, struct err *e)
{
	_cleanup_str_ struct str data = { 0 };
	int r = join_options(m, &data, e), fd;

	if (r < 0)
		return r;
	fd = sys_mount_aside(m->fstype, m->source, str_text(&data));
	if (fd == -ENODEV)
		return err_set(e, ENODEV, "the kernel has no file system '%s'", m->fstype);
	if (fd < 0)
		return err_sys(e, -fd, "mount %s onto %s", m->fstype, m->dest);
	r = mount_set_attrs(fd, &(struct mount_attrs){ .set = attrs }, e);
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}
