/* Why: config-linux.md, Namespaces: each once, and what can only be had in a namespace of one's own. */
#include <string.h>

#include "spec/check.h"

/* Bytes of a host or domain name: __NEW_UTS_LEN. */
enum { UTS_NAME_MAX = 64 };

const struct oci_namespace *spec_namespace(const struct oci_spec *s, enum oci_namespace_type type)
{
	for (size_t i = 0; s->linux && i < s->linux->namespaces_len; i++)
		if (s->linux->namespaces[i].type == type)
			return &s->linux->namespaces[i];
	return NULL;
}

static int check_entries(const struct oci_linux *l, struct err *e)
{
	unsigned seen = 0;

	for (size_t i = 0; i < l->namespaces_len; i++) {
		const struct oci_namespace *n = &l->namespaces[i];

		if (seen & 1U << n->type)
			return err_set(e, EINVAL, "linux.namespaces[%zu].type: %s is there twice", i,
				       oci_namespace_type_name(n->type));
		seen |= 1U << n->type;
		if (is_given(n->path) && n->path[0] != '/')
			return err_set(e, EINVAL, "linux.namespaces[%zu].path: \"%s\" is not absolute", i, n->path);
	}
	return 0;
}

static int needs(const struct oci_spec *s, enum oci_namespace_type type, const char *what, struct err *e)
{
	if (spec_namespace(s, type))
		return 0;
	return err_set(e, EINVAL, "%s: needs a %s namespace: add {\"type\": \"%s\"} to linux.namespaces", what,
		       oci_namespace_type_name(type), oci_namespace_type_name(type));
}

/* With a user namespace that is joined, its own mappings count; engines write them into the config all the same. */
static int check_user(const struct oci_spec *s, struct err *e)
{
	const struct oci_linux *l = s->linux;
	const struct oci_namespace *user = spec_namespace(s, OCI_NAMESPACE_TYPE_USER);
	int r = check_mappings(l->uid_mappings, l->uid_mappings_len, "linux.uidMappings", e);

	if (r == 0)
		r = check_mappings(l->gid_mappings, l->gid_mappings_len, "linux.gidMappings", e);
	if (r < 0)
		return r;
	if (!user && l->uid_mappings_len > 0)
		return needs(s, OCI_NAMESPACE_TYPE_USER, "linux.uidMappings", e);
	if (!user && l->gid_mappings_len > 0)
		return needs(s, OCI_NAMESPACE_TYPE_USER, "linux.gidMappings", e);
	if (!user || is_given(user->path) || !l->uid_mappings_len == !l->gid_mappings_len)
		return 0;
	return err_set(e, EINVAL, "linux.%s: is missing, but linux.%s is there",
		       l->uid_mappings_len ? "gidMappings" : "uidMappings",
		       l->uid_mappings_len ? "uidMappings" : "gidMappings");
}

static int check_uts_name(const struct oci_spec *s, const char *name, const char *what, struct err *e)
{
	if (!is_given(name))
		return 0;
	if (strlen(name) > UTS_NAME_MAX)
		return err_set(e, EINVAL, "%s: has %zu bytes, at most %d are possible", what, strlen(name),
			       UTS_NAME_MAX);
	return needs(s, OCI_NAMESPACE_TYPE_UTS, what, e);
}

static int check_offset(const struct oci_time_offset *offset, const char *clock, struct err *e)
{
	if (offset && offset->nanosecs > 999999999)
		return err_set(e, EINVAL, "linux.timeOffsets.%s.nanosecs: %u is more than 999999999", clock,
			       offset->nanosecs);
	return 0;
}

static int check_time(const struct oci_spec *s, struct err *e)
{
	const struct oci_time_offsets *offsets = s->linux->time_offsets;
	int r;

	if (!offsets || (!offsets->monotonic && !offsets->boottime))
		return 0;
	r = needs(s, OCI_NAMESPACE_TYPE_TIME, "linux.timeOffsets", e);
	if (r == 0)
		r = check_offset(offsets->monotonic, "monotonic", e);
	return r < 0 ? r : check_offset(offsets->boottime, "boottime", e);
}

/* dev_valid_name() in the kernel. */
static bool is_device_name(const char *name)
{
	return *name && strlen(name) < 16 && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       !name[strcspn(name, "/: \t\n\v\f\r")];
}

static int check_net_devices(const struct oci_spec *s, struct err *e)
{
	const struct oci_net_device_map *devices = s->linux->net_devices;

	if (!devices || devices->len == 0)
		return 0;
	for (size_t i = 0; i < devices->len; i++) {
		const char *new_name = devices->values[i].name;

		if (!is_device_name(devices->keys[i]))
			return err_set(e, EINVAL, "linux.netDevices: \"%s\" is no name of a network device",
				       devices->keys[i]);
		if (is_given(new_name) && !is_device_name(new_name))
			return err_set(e, EINVAL, "linux.netDevices.%s.name: \"%s\" is no name of a network device",
				       devices->keys[i], new_name);
	}
	return needs(s, OCI_NAMESPACE_TYPE_NETWORK, "linux.netDevices", e);
}

int check_namespaces(const struct oci_spec *s, struct err *e)
{
	int r = s->linux ? check_entries(s->linux, e) : 0;

	if (r == 0)
		r = check_uts_name(s, s->hostname, "hostname", e);
	if (r == 0)
		r = check_uts_name(s, s->domainname, "domainname", e);
	if (r < 0 || !s->linux)
		return r;
	r = check_user(s, e);
	if (r == 0)
		r = check_time(s, e);
	if (r == 0)
		r = check_net_devices(s, e);
	if (r == 0 && s->linux->masked_paths_len > 0)
		r = needs(s, OCI_NAMESPACE_TYPE_MOUNT, "linux.maskedPaths", e);
	if (r == 0 && s->linux->readonly_paths_len > 0)
		r = needs(s, OCI_NAMESPACE_TYPE_MOUNT, "linux.readonlyPaths", e);
	return r;
}
