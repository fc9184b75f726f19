/* Why: five kinds of outputs are written as three strings, and the same five again in JSON; here is what they mean. */
#include "derivation/output.h"

#include <string.h>

static const char *const prefixes[DRV_METHODS] = {
	[DRV_METHOD_FLAT] = "",
	[DRV_METHOD_NAR] = "r:",
	[DRV_METHOD_TEXT] = "text:",
	[DRV_METHOD_GIT] = "git:",
};

static const struct {
	const char *name;
	size_t bytes;
} algorithms[] = {
	{ "md5", 16 },      { "sha1", 20 },     { "sha256", 32 },      { "sha512", 64 },
	{ "blake3", 32 },   { "sha3-256", 32 }, { "sha3-512", 64 },    { "blake2s-256", 32 },
};

const char *drv_method_prefix(enum drv_method method)
{
	return prefixes[method];
}

const char *drv_algorithm(const char *name, size_t len, size_t *ret_bytes)
{
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
		if (strlen(algorithms[i].name) != len || memcmp(name, algorithms[i].name, len) != 0)
			continue;
		*ret_bytes = algorithms[i].bytes;
		return algorithms[i].name;
	}
	return NULL;
}

int output_parse_algorithm(const char *text, enum drv_method *ret_method, const char **ret_algorithm,
			   size_t *ret_bytes, struct err *e)
{
	size_t prefix = 0;

	*ret_method = DRV_METHOD_FLAT;
	for (int m = DRV_METHOD_FLAT + 1; m < DRV_METHODS; m++)
		if (str_has_prefix(text, prefixes[m])) {
			*ret_method = (enum drv_method)m;
			prefix = strlen(prefixes[m]);
		}
	*ret_algorithm = drv_algorithm(text + prefix, strlen(text) - prefix, ret_bytes);
	if (*ret_algorithm)
		return 0;
	return err_set(e, EINVAL, "'%.100s' is not a known hash algorithm", text);
}

static int set_fixed(struct arena *a, const struct store *s, const char *path, const char *hash, size_t bytes,
		     struct drv_output *ret, struct err *e)
{
	ret->kind = DRV_OUTPUT_FIXED;
	if (!store_path_ok(s, path))
		return err_set(e, EINVAL, "'%.300s' is not a store path of %s", path, s->dir);
	if (strlen(hash) != 2 * bytes || strspn(hash, "0123456789abcdef") != 2 * bytes)
		return err_set(e, EINVAL, "'%.150s' is not a %s hash in small hexadecimal digits", hash,
			       ret->algorithm);
	ret->path = arena_strdup(a, path);
	ret->hash = arena_strdup(a, hash);
	return ret->path && ret->hash ? 0 : err_oom(e);
}

int output_classify(struct arena *a, const struct store *s, const char *path, const char *algorithm, const char *hash,
		    struct drv_output *ret, struct err *e)
{
	size_t bytes = 0;
	int r;

	if (!*algorithm) {
		if (*hash)
			return err_set(e, EINVAL, "there is a hash, but no algorithm");
		ret->kind = *path ? DRV_OUTPUT_INPUT_ADDRESSED : DRV_OUTPUT_DEFERRED;
		if (!*path)
			return 0;
		if (!store_path_ok(s, path))
			return err_set(e, EINVAL, "'%.300s' is not a store path of %s", path, s->dir);
		ret->path = arena_strdup(a, path);
		return ret->path ? 0 : err_oom(e);
	}
	r = output_parse_algorithm(algorithm, &ret->method, &ret->algorithm, &bytes, e);
	if (r < 0)
		return r;
	if (*hash && strcmp(hash, "impure") != 0)
		return set_fixed(a, s, path, hash, bytes, ret, e);
	ret->kind = *hash ? DRV_OUTPUT_IMPURE : DRV_OUTPUT_FLOATING;
	return *path ? err_set(e, EINVAL, "there is a path, though the content decides about it") : 0;
}

bool output_name_ok(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!store_is_name_char((unsigned char)*p))
			return false;
	return *name && strlen(name) <= STORE_NAME_MAX;
}

enum drv_output_kind drv_kind(const struct derivation *d)
{
	return d->outputs[0].kind;
}

int output_check_all(const struct derivation *d, struct err *e)
{
	if (d->outputs_len == 0)
		return err_set(e, EINVAL, "a derivation has at least one output, this one has none");
	if (d->outputs_len > DRV_OUTPUTS_MAX)
		return err_set(e, E2BIG, "%zu outputs are more than %d", d->outputs_len, DRV_OUTPUTS_MAX);
	for (size_t i = 1; i < d->outputs_len; i++) {
		if (d->outputs[i].kind != d->outputs[0].kind)
			return err_set(e, EINVAL, "the outputs '%s' and '%s' are not of one kind", d->outputs[0].name,
				       d->outputs[i].name);
		if (d->outputs[i].algorithm != d->outputs[0].algorithm)
			return err_set(e, EINVAL, "the outputs '%s' and '%s' have not the same hash algorithm",
				       d->outputs[0].name, d->outputs[i].name);
	}
	if (drv_kind(d) == DRV_OUTPUT_FIXED && (d->outputs_len > 1 || strcmp(d->outputs[0].name, "out") != 0))
		return err_set(e, EINVAL, "a fixed output stands alone and is called 'out'");
	return 0;
}

const struct drv_output *drv_output(const struct derivation *d, const char *name)
{
	for (size_t i = 0; i < d->outputs_len; i++)
		if (strcmp(d->outputs[i].name, name) == 0)
			return &d->outputs[i];
	return NULL;
}

const char *drv_env(const struct derivation *d, const char *name)
{
	for (size_t i = 0; i < d->env_len; i++)
		if (strcmp(d->env[i].name, name) == 0)
			return d->env[i].value;
	return NULL;
}
