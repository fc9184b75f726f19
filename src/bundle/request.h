/* What a person asks `cloister-bundle path` for, before anything of it was looked at. */
#pragma once

#include "bundle/recipe.h"
#include "store/resolve.h"

/* NULL or 0: not given. */
struct path_request {
	const char *const *paths;      /* STORE-PATH..., at least one */
	size_t paths_len;
	char **command;                /* behind "--"; command[0] is a name or an absolute path */
	size_t command_len;

	struct store_options store;
	const char *closure_info;      /* at most one of these five says where references come from; else the store's */
	const char *closure_list;      /* database does, or a scan where the store has none */
	const char *path_info;
	const char *references_graph;
	bool scan;

	const char *const *env;        /* NAME=VALUE, or NAME: as it is in the caller's environment */
	size_t env_len;
	const char *const *binds;
	size_t binds_len;
	const char *const *writable;
	size_t writable_len;
	const char *network;           /* "none" (default), "host" */
	const char *bin_sh;            /* "none", "default", a store path of a shell */
	const char *hostname;          /* "cloister" */
	const char *user;              /* UID[:GID], "0" */
	const char *cwd;               /* "/" */
	bool terminal;
	enum recipe_gc_root gc_root;
};
