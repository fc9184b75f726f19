/* Why: what the runtime says about itself comes from the tables by which it works, so that it cannot be wrong. */
#include "spec/features.h"

#include <string.h>

#include "spec/version.h"

static char *hooks[] = { "prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop" };
/* Annotations with this beginning change what the runtime does. */
static char *unsafe_annotations[] = { "run.cloister." };

static struct oci_features_enabled *enabled(struct arena *a)
{
	struct oci_features_enabled *f = arena_alloc(a, sizeof *f);

	if (f)
		*f = (struct oci_features_enabled){ .enabled = true, .has_enabled = true };
	return f;
}

/* Every constant of an enumeration. The element is an enum, so an int. */
static void *all_words(struct arena *a, const struct oci_enum *words, size_t *ret_len)
{
	int *list = arena_array(a, words->len, sizeof *list);

	*ret_len = 0;
	for (int word = 1; list && word <= (int)words->len; word++)
		list[(*ret_len)++] = word;
	return list;
}

static struct oci_features_seccomp *seccomp(struct arena *a, const struct spec_implemented *have)
{
	struct oci_features_seccomp *f = arena_alloc(a, sizeof *f);

	if (!f)
		return NULL;
	f->enabled = f->has_enabled = true;
	f->actions = all_words(a, &oci_seccomp_action_words, &f->actions_len);
	f->operators = all_words(a, &oci_seccomp_operators_words, &f->operators_len);
	f->archs = (enum oci_seccomp_arch *)have->seccomp_archs;
	f->archs_len = have->seccomp_archs_len;
	f->known_flags = all_words(a, &oci_seccomp_flag_words, &f->known_flags_len);
	f->supported_flags = (enum oci_seccomp_flag *)have->seccomp_flags;
	f->supported_flags_len = have->seccomp_flags_len;
	return f;
}

static struct oci_features_cgroup *cgroup(struct arena *a)
{
	struct oci_features_cgroup *f = arena_alloc(a, sizeof *f);

	if (f)
		*f = (struct oci_features_cgroup){ .has_v1 = true, .v2 = true, .has_v2 = true, .has_systemd = true,
						   .systemd = CLOISTER_SYSTEMD, .has_systemd_user = true,
						   .systemd_user = CLOISTER_SYSTEMD, .rdma = true, .has_rdma = true };
	return f;
}

static struct oci_features_memory_policy *memory_policy(struct arena *a)
{
	struct oci_features_memory_policy *f;

	f = arena_alloc(a, sizeof *f);
	if (!f)
		return NULL;
	f->modes = all_words(a, &oci_memory_policy_mode_words, &f->modes_len);
	f->flags = all_words(a, &oci_memory_policy_flag_words, &f->flags_len);
	return f;
}

static struct oci_features_linux *linux_section(struct arena *a, const struct spec_implemented *have)
{
	struct oci_features_linux *f = arena_alloc(a, sizeof *f);

	if (!f)
		return NULL;
	f->namespaces = all_words(a, &oci_namespace_type_words, &f->namespaces_len);
	f->capabilities = (char **)have->capabilities;
	f->capabilities_len = have->capabilities_len;
	f->cgroup = cgroup(a);
	f->seccomp = seccomp(a, have);
	f->apparmor = enabled(a);
	f->selinux = enabled(a);
	f->memory_policy = memory_policy(a);
	f->intel_rdt = arena_alloc(a, sizeof *f->intel_rdt);
	if (f->intel_rdt)
		*f->intel_rdt = (struct oci_features_intel_rdt){
			.enabled = true, .has_enabled = true, .schemata = true, .has_schemata = true,
			.monitoring = true, .has_monitoring = true,
		};
	f->mount_extensions = arena_alloc(a, sizeof *f->mount_extensions);
	if (f->mount_extensions)
		f->mount_extensions->idmap = enabled(a);
	f->net_devices = enabled(a);
	return f;
}

static struct oci_string_map *annotations(struct arena *a, const char *libseccomp_version)
{
	struct oci_string_map *map = arena_alloc(a, sizeof *map);
	size_t len = libseccomp_version ? 2 : 1;

	if (!map)
		return NULL;
	map->keys = arena_array(a, len, sizeof *map->keys);
	map->values = arena_array(a, len, sizeof *map->values);
	if (!map->keys || !map->values)
		return NULL;
	map->len = len;
	map->keys[0] = "run.cloister.version";
	map->values[0] = CLOISTER_VERSION;
	if (libseccomp_version) {
		map->keys[1] = "io.github.seccomp.libseccomp.version";
		map->values[1] = arena_strdup(a, libseccomp_version);
	}
	return map;
}

int spec_features(struct arena *a, const struct spec_implemented *have, struct oci_features **ret, struct err *e)
{
	struct oci_features *f = arena_alloc(a, sizeof *f);

	if (!f)
		return err_oom(e);
	f->oci_version_min = SPEC_VERSION_MIN;
	f->oci_version_max = SPEC_VERSION;
	f->hooks = hooks;
	f->hooks_len = sizeof hooks / sizeof *hooks;
	f->mount_options = (char **)have->mount_options;
	f->mount_options_len = have->mount_options_len;
	f->linux = linux_section(a, have);
	f->annotations = annotations(a, have->libseccomp_version);
	f->potentially_unsafe_config_annotations = unsafe_annotations;
	f->potentially_unsafe_config_annotations_len = sizeof unsafe_annotations / sizeof *unsafe_annotations;
	if (arena_failed(a))
		return err_oom(e);
	*ret = f;
	return 0;
}
