/* "%i" and its like in the values of a unit (systemd.unit(5), "Specifiers"). */
#pragma once

#include "unit/load.h"

/* What they tell of the host, and of the manager whose part the container plays. Strings may be NULL: unknown. */
struct unit_host {
	const char *architecture;  /* "x86-64" */
	const char *hostname, *pretty_hostname, *machine_id, *kernel_release;
	const char *os_id, *os_version_id, *os_variant_id, *os_build_id, *image_id, *image_version;
	/* a service's user, as it is in the container */
	const char *user, *group, *home, *shell;
	unsigned uid, gid;
};

/*
 * The text with all of them replaced; "%%" is "%", and a "%" with a character that is none stays, as systemd leaves it.
 * In the container the directories are those of the system's manager: /run, /var/lib and so on.
 *
 * -EINVAL without context: one that has no meaning in a bundle (%b), or that this host does not know.
 */
int unit_expand(struct arena *a, const struct unit *u, const struct unit_host *h, const char *text, char **ret,
		struct err *e);

/* The host as it is now: uname(2), /etc/os-release, /etc/machine-id, /etc/machine-info. User and group: root's. */
int unit_host_read(struct arena *a, struct unit_host *ret, struct err *e);

/* "a-b\x2dc" is "a/b-c". NULL: no memory, or an escape that is none. */
char *unit_unescape(struct arena *a, const char *name);
