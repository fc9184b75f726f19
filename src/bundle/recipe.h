/*
 * The recipe: what a bundle shall be, before it is a config or a folder. Whatever a closure comes from (a store path,
 * and later a derivation or a systemd service) becomes a recipe; everything behind it is the same for all.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/location.h"
#include "store/path.h"

/* Something beside the closure that is mounted in the container. */
struct recipe_place {
	char *destination;  /* absolute, in the container: normal form, no ".." */
	char *source;       /* absolute, on the host; NULL: a folder of the bundle's own, writable/DESTINATION */
	bool writable;
	bool directory;     /* else a file, a socket or a device */
	bool device;        /* a device node: nodev would make it useless */
	bool build;         /* without a source: the folder is build/ instead */
};

/* A file that is made for the bundle. */
struct recipe_file {
	const char *path, *text;
};

/* Which network a derivation's builder has, beside a loopback of its own. */
enum recipe_network {
	RECIPE_NETWORK_NONE,
	RECIPE_NETWORK_PASTA,   /* one of its own, which pasta(1) connects; the host's loopback is out of reach */
	RECIPE_NETWORK_SLIRP,   /* the same by slirp4netns(1) */
};

/* What the sandbox of a derivation has, and no other bundle: docs/sandbox.md. */
struct recipe_build {
	const char *drv;               /* the derivation: a store path */
	char *const *outputs;          /* where the outputs will be, logical */
	size_t outputs_len;
	const char *dir;               /* the build directory, in the container */
	bool own_dir;                  /* it is the bundle's build/, else a place of its own: that of a failed build */
	const struct recipe_file *files;   /* names in the build directory */
	size_t files_len;
	struct recipe_file etc[8];     /* absolute paths below /etc */
	size_t etc_len;
	const char *arg0;              /* what the program sees as its name */
	bool linux32, no_randomize;    /* personality(2) */
	bool filter;                   /* no setuid bits, no extended attributes */
	bool no_core;                  /* no core files */
	mode_t root_mode;              /* of / */
	enum recipe_network network;
	const char *network_helper;    /* pasta or slirp4netns: its absolute path */
	const char *hook;              /* cloister-bundle itself, which starts the helper: its absolute path */
};

/* What to do about the garbage collector. */
enum recipe_gc_root {
	GC_ROOT_TRY,      /* protect the closure; where that cannot be done, the caller is told */
	GC_ROOT_REQUIRE,  /* ... the bundle is not made */
	GC_ROOT_NONE,     /* do not protect it */
};

struct recipe {
	/* where it comes from */
	const char *kind;            /* "path", "derivation" */
	const char *closure_source;  /* "database", "closure-info", "path-info", "references-graph", "list", "scan" */
	const struct store *store;
	struct store_paths roots;    /* as they were given, each once */
	struct store_paths closure;  /* sorted; holds the roots */

	/* the process */
	char **args;                 /* args[0] is an absolute path in the container */
	size_t args_len;
	char **env;                  /* NAME=VALUE, each name once */
	size_t env_len;
	const char *cwd;
	uint32_t uid, gid;           /* inside; outside, they are the caller's own */
	bool terminal;

	/* the sandbox */
	const char *hostname;
	bool host_network;
	const char *bin_sh;          /* what /bin/sh links to, a path in the closure; NULL: there is no /bin/sh */

	/* sorted by destination, so that a place comes behind the one it lies in */
	struct recipe_place *places;
	size_t places_len;

	enum recipe_gc_root gc_root;
	const struct recipe_build *build;  /* NULL: not a derivation */
};
