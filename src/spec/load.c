/* Why: see load.h. */
#include "spec/load.h"

#include "base/io.h"
#include "libocispec/field/read.h"
#include "spec/validate.h"

static int read_document(struct arena *a, int dirfd, const char *path, const struct oci_type *type, void *ret,
			 struct err *e)
{
	char *text;
	size_t len;
	int r = io_read_file(a, dirfd, path, OCI_READ_BYTES_MAX, &text, &len, e);

	return r < 0 ? r : oci_read(a, type, path, text, len, ret, e);
}

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

int spec_load(struct arena *a, int bundle_fd, const char *bundle_path, struct oci_spec **ret, struct err *e)
{
	struct oci_spec *spec;

	if (read_document(a, bundle_fd, "config.json", &oci_spec_type, &spec, e) < 0)
		return err_prefix(e, "bundle %s", bundle_path);
	if (spec_validate(spec, e) < 0)
		return err_prefix(e, "bundle %s: config.json", bundle_path);
	normalize(spec);
	*ret = spec;
	return 0;
}

int spec_read_process(struct arena *a, int dirfd, const char *path, struct oci_process **ret, struct err *e)
{
	struct oci_process *process;
	int r = read_document(a, dirfd, path, &oci_process_type, &process, e);

	if (r < 0)
		return r;
	if (spec_validate_process(process, e) < 0)
		return err_prefix(e, "%s", path);
	*ret = process;
	return 0;
}
