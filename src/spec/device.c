/* Why: config-linux.md, Devices and Allowed Device list. */
#include <string.h>
#include <sys/stat.h>

#include "spec/check.h"

/* What fits into the kernel's dev_t. */
enum { MAJOR_MAX = 4095, MINOR_MAX = 1048575 };

static int check_number(int64_t number, int64_t max, const char *name, struct err *e)
{
	if (number < 0 || number > max)
		return err_set(e, EINVAL, "%s: %lld is out of range, which is 0 to %lld", name, (long long)number,
			       (long long)max);
	return 0;
}

static int check_device(const struct oci_device *d, struct err *e)
{
	bool fifo = strcmp(d->type, "p") == 0;

	if (!fifo && strcmp(d->type, "c") != 0 && strcmp(d->type, "b") != 0 && strcmp(d->type, "u") != 0)
		return err_set(e, EINVAL, "type: \"%s\" is not one of c, b, u, p", d->type);
	if (d->path[0] != '/')
		return err_set(e, EINVAL, "path: \"%s\" is not an absolute path", d->path);
	if (!fifo && !d->has_major)
		return err_set(e, EINVAL, "major: is missing, but type is %s", d->type);
	if (!fifo && !d->has_minor)
		return err_set(e, EINVAL, "minor: is missing, but type is %s", d->type);
	/* Engines leave the bits of the file type in. */
	if (d->file_mode & ~(uint32_t)(S_IFMT | 07777))
		return err_set(e, EINVAL, "fileMode: %u is no file mode", d->file_mode);
	if (fifo)
		return 0;
	return check_number(d->major, MAJOR_MAX, "major", e) < 0 ? -e->num :
								   check_number(d->minor, MINOR_MAX, "minor", e);
}

int check_devices(const struct oci_linux *l, struct err *e)
{
	for (size_t i = 0; i < l->devices_len; i++)
		if (check_device(&l->devices[i], e) < 0)
			return spec_err_in(e, "devices[%zu]", i);
	return 0;
}

/* -1 means every number there: runc and the engines above it write that. */
static int check_rule(const struct oci_device_cgroup *rule, struct err *e)
{
	const char *type = is_given(rule->type) ? rule->type : "a";

	if (strlen(type) != 1 || !strchr("abc", *type))
		return err_set(e, EINVAL, "type: \"%s\" is not one of a, b, c", type);
	if (rule->access && rule->access[strspn(rule->access, "rwm")])
		return err_set(e, EINVAL, "access: \"%s\" holds more than the letters r, w, m", rule->access);
	if (rule->has_major && rule->major != -1 && check_number(rule->major, MAJOR_MAX, "major", e) < 0)
		return -e->num;
	if (rule->has_minor && rule->minor != -1)
		return check_number(rule->minor, MINOR_MAX, "minor", e);
	return 0;
}

int check_device_rules(const struct oci_resources *r, struct err *e)
{
	for (size_t i = 0; i < r->devices_len; i++)
		if (check_rule(&r->devices[i], e) < 0)
			return spec_err_in(e, "devices[%zu]", i);
	return 0;
}
