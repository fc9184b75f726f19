/*
 * What a derivation asks for beside a builder with arguments and an environment: attributes with a meaning of their
 * own, either variables or, with __structuredAttrs, members of the JSON in the variable __json.
 * Nix manual, "Advanced attributes". Guix knows exportReferencesGraph and impureEnvVars only.
 */
#pragma once

#include "derivation/derivation.h"
#include "derivation/json_tree.h"

struct drv_export {
	char *name;                /* of a file, or with structured attributes of a member */
	struct drv_words paths;    /* store paths, or something below them; or placeholders */
};

struct drv_options {
	struct json_tree *attrs;   /* NULL: the derivation has no structured attributes */
	struct drv_words pass_as_file;      /* sorted */
	struct drv_export *exports;
	size_t exports_len;
	struct drv_words impure_env;        /* impureEnvVars */
	struct drv_words features;          /* requiredSystemFeatures */
	struct drv_words impure_host_deps;  /* __impureHostDeps */
	bool no_chroot;                     /* __noChroot */
};

enum { DRV_EXPORTS_MAX = 1000 };

/* file: for messages. Nothing is refused but what has not the form that Nix wants. */
int drv_options_read(struct arena *a, enum store_kind kind, const char *file, const struct derivation *d,
		     struct drv_options *ret, struct err *e);

/* Single attributes, from wherever the derivation has them; for who needs others. Absent: *ret stays as it is. */
int drv_option_words(struct arena *a, const struct derivation *d, const struct json_tree *attrs, const char *name,
		     struct drv_words *ret, struct err *e);
int drv_option_flag(const struct derivation *d, const struct json_tree *attrs, const char *name, bool *ret,
		    struct err *e);
