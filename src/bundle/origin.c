/* Why: a bundle outlives the command that made it. The digest tells whether two bundles have the same closure. */
#include "bundle/origin.h"

#include <errno.h>

#include "libocispec/field/write.h"
#include "store/closure.h"

static int add_member(struct str *out, const char *before, const char *name, const char *text)
{
	str_addf(out, "%s\"%s\": ", before, name);
	return oci_write_string(out, text);
}

int origin_write(struct arena *a, const struct recipe *r, struct str *out)
{
	const char *digest = closure_digest(a, &r->closure);
	int result;

	if (!digest)
		return -ENOMEM;
	result = add_member(out, "{\n\t", "version", CLOISTER_VERSION);
	result |= add_member(out, ",\n\t", "kind", r->kind);
	result |= add_member(out, ",\n\t\"store\": { ", "kind", store_kind_name(r->store->kind));
	result |= add_member(out, ", ", "dir", r->store->dir);
	result |= add_member(out, ", ", "root", *r->store->root ? r->store->root : "/");
	str_add(out, " },\n\t\"roots\": [");
	for (size_t i = 0; i < r->roots.len; i++) {
		str_add(out, i ? ",\n\t\t" : "\n\t\t");
		result |= oci_write_string(out, r->roots.items[i]);
	}
	str_addf(out, "\n\t],\n\t\"closure\": { \"paths\": %zu", r->closure.len);
	result |= add_member(out, ", ", "digest", digest);
	result |= add_member(out, ", ", "source", r->closure_source);
	str_add(out, " }\n}\n");
	if (out->failed)
		return -ENOMEM;
	return result ? -EINVAL : 0;
}
