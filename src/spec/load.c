/* Why: see load.h. */
#include "spec/load.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "libocispec/field/read.h"
#include "spec/validate.h"

static void drop_empty(char **text)
{
	if (*text && !**text)
		*text = NULL;
}

/* Programs written in Go give "" for what they do not set: from here on it is absent, so that nobody need ask twice. */
static void normalize(struct oci_spec *s)
{
	drop_empty(&s->hostname);
	drop_empty(&s->domainname);
	for (size_t i = 0; i < s->mounts_len; i++) {
		drop_empty(&s->mounts[i].type);
		drop_empty(&s->mounts[i].source);
	}
	if (!s->linux)
		return;
	drop_empty(&s->linux->cgroups_path);
	for (size_t i = 0; i < s->linux->namespaces_len; i++)
		drop_empty(&s->linux->namespaces[i].path);
}

int spec_parse(struct arena *a, const char *name, const char *json, size_t len, struct oci_spec **ret, struct err *e)
{
	struct oci_spec *spec;
	int r = oci_read(a, &oci_spec_type, name, json, len, &spec, e);

	if (r < 0)
		return r;
	if (spec_validate(spec, e) < 0)
		return err_prefix(e, "%s", name);
	normalize(spec);
	*ret = spec;
	return 0;
}

int spec_load(struct arena *a, int bundle_fd, const char *path, struct oci_spec **ret, struct err *e)
{
	char *text;
	size_t len;
	int r = io_read_file(a, bundle_fd, path, OCI_READ_BYTES_MAX, &text, &len, e);

	return r < 0 ? r : spec_parse(a, path, text, len, ret, e);
}

int spec_parse_process(struct arena *a, const char *name, const char *json, size_t len, struct oci_process **ret,
		       struct err *e)
{
	struct oci_process *process;
	int r = oci_read(a, &oci_process_type, name, json, len, &process, e);

	if (r < 0)
		return r;
	if (spec_validate_process(process, e) < 0)
		return err_prefix(e, "%s", name);
	*ret = process;
	return 0;
}

int spec_read_process(struct arena *a, int dirfd, const char *path, struct oci_process **ret, struct err *e)
{
	_cleanup_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char *text;
	size_t len;
	int r;

	if (fd < 0)
		return err_sys(e, errno, "open %s", path);
	r = io_read_fd(a, fd, path, OCI_READ_BYTES_MAX, &text, &len, e);
	return r < 0 ? r : spec_parse_process(a, path, text, len, ret, e);
}
