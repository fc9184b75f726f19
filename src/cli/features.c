/* `cloister features`: what this build can do, from the tables by which it does it. */
#include "apply/seccomp.h"
#include "cli/cli.h"
#include "libocispec/field/write.h"
#include "plan/capability.h"
#include "plan/mount_options.h"
#include "plan/seccomp.h"
#include "spec/features.h"

static size_t count(const char *const *names)
{
	size_t n = 0;

	while (names[n])
		n++;
	return n;
}

static int fill_capabilities(struct arena *a, struct spec_implemented *have, struct err *e)
{
	const char **names = arena_array(a, CAPABILITY_COUNT, sizeof *names);

	if (!names)
		return err_oom(e);
	for (unsigned i = 0; i < CAPABILITY_COUNT; i++)
		names[i] = capability_name(i);
	have->capabilities = names;
	have->capabilities_len = CAPABILITY_COUNT;
	return 0;
}

static int fill_seccomp(struct arena *a, struct spec_implemented *have, struct err *e)
{
	enum oci_seccomp_arch *archs = arena_array(a, oci_seccomp_arch_words.len, sizeof *archs);
	enum oci_seccomp_flag *flags = arena_array(a, oci_seccomp_flag_words.len, sizeof *flags);

	if (!archs || !flags)
		return err_oom(e);
	for (size_t i = 1; i <= oci_seccomp_arch_words.len; i++)
		if (seccomp_knows_arch((enum oci_seccomp_arch)i))
			archs[have->seccomp_archs_len++] = (enum oci_seccomp_arch)i;
	for (size_t i = 1; i <= oci_seccomp_flag_words.len; i++)
		if (plan_seccomp_flag((enum oci_seccomp_flag)i))
			flags[have->seccomp_flags_len++] = (enum oci_seccomp_flag)i;
	have->seccomp_archs = archs;
	have->seccomp_flags = flags;
	have->libseccomp_version = seccomp_library_version(a);
	return 0;
}

static int features(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	struct spec_implemented have = { .mount_options = mount_option_names() };
	_cleanup_str_ struct str out = STR_INIT;
	struct oci_features *result = NULL;
	int r;

	(void)options, (void)words;
	have.mount_options_len = count(have.mount_options);
	r = fill_capabilities(c->arena, &have, e);
	if (r == 0)
		r = fill_seccomp(c->arena, &have, e);
	if (r == 0)
		r = spec_features(c->arena, &have, &result, e);
	if (r < 0)
		return r;
	if (oci_write(&out, &oci_features_type, result, OCI_INDENTED) < 0)
		return err_oom(e);
	return cli_print(&out, e);
}

const struct cli_command cli_features = {
	.name = "features",
	.words = "",
	.help = "shows what this runtime can do, as JSON",
	.run = features,
};
