/*
 * Why: the path of a floating output is made from its hash, which is known only here. The way is the one by which Nix
 * makes the path of anything with a known content (Nix manual, "Store Path Specification").
 */
#include "build/address.h"

#include <string.h>

#include "base/str.h"
#include "store/base32.h"

/* TYPE:sha256:HEX:/nix/store:NAME, hashed, folded to 20 bytes. */
static char *make_path(struct arena *a, const struct store *s, const char *type, const char *hex, const char *name)
{
	char *text = arena_printf(a, "%s:sha256:%s:%s:%s", type, hex, s->dir, name), digest[STORE_HASH_LEN + 1];
	unsigned char folded[20];
	struct hasher h;
	struct hash hash;

	if (!text)
		return NULL;
	hasher_start(&h, HASH_SHA256);
	hasher_add(&h, text, strlen(text));
	hasher_end(&h, &hash);
	hash_fold(&hash, folded, sizeof folded);
	base32_encode(folded, sizeof folded, digest);
	return arena_printf(a, "%s/%s-%s", s->dir, digest, name);
}

static char *type_with_references(struct arena *a, const char *type, const struct build_content *c)
{
	_cleanup_str_ struct str text = STR_INIT;

	str_add(&text, type);
	for (size_t i = 0; i < c->references->len; i++)
		str_addf(&text, ":%s", c->references->items[i]);
	if (c->refers_to_itself)
		str_add(&text, ":self");
	return text.failed ? NULL : arena_strdup(a, text.text);
}

/* What is neither text nor the NAR's SHA-256 is hashed once more with its method and algorithm. */
static char *other_path(struct arena *a, const struct store *s, const char *name, const struct build_content *c)
{
	char hex[HASH_TEXT_MAX], *text;
	struct hasher h;
	struct hash hash;

	hash_spell(&c->hash, HASH_NAMED_HEX, hex);
	text = arena_printf(a, "fixed:out:%s%s:", drv_method_prefix(c->method), hex);
	if (!text)
		return NULL;
	hasher_start(&h, HASH_SHA256);
	hasher_add(&h, text, strlen(text));
	hasher_end(&h, &hash);
	hash_spell(&hash, HASH_HEX, hex);
	return make_path(a, s, "output:out", hex, name);
}

int build_address(struct arena *a, const struct store *s, const char *name, const struct build_content *c,
		  char **ret_path, char **ret_ca, struct err *e)
{
	bool source = c->method == DRV_METHOD_NAR && c->hash.algorithm == HASH_SHA256;
	char hex[HASH_TEXT_MAX], text[HASH_TEXT_MAX], *type;

	if (c->method == DRV_METHOD_GIT)
		return err_set(e, ENOTSUP, "git hashing is an experiment of Nix, which Cloister has not");
	if (c->refers_to_itself && !source)
		return err_set(e, EINVAL, "it refers to itself, which only content hashed as a NAR with sha256 may");
	if (c->references->len && !source && c->method != DRV_METHOD_TEXT)
		return err_set(e, EINVAL, "it refers to %s, but content hashed so may not refer to store paths",
			       c->references->items[0]);
	hash_spell(&c->hash, HASH_HEX, hex);
	hash_spell(&c->hash, HASH_NAMED_32, text);
	if (source || c->method == DRV_METHOD_TEXT) {
		type = type_with_references(a, source ? "source" : "text", c);
		*ret_path = type ? make_path(a, s, type, hex, name) : NULL;
	} else {
		*ret_path = other_path(a, s, name, c);
	}
	*ret_ca = c->method == DRV_METHOD_TEXT ? arena_printf(a, "text:%s", text) :
		  arena_printf(a, "fixed:%s%s", drv_method_prefix(c->method), text);
	return *ret_path && *ret_ca ? 0 : err_oom(e);
}

char *build_output_path(struct arena *a, const struct store *s, const char *output, const struct hash *hash,
			const char *name)
{
	char hex[HASH_TEXT_MAX], *type = arena_printf(a, "output:%s", output);

	hash_spell(hash, HASH_HEX, hex);
	return type ? make_path(a, s, type, hex, name) : NULL;
}
