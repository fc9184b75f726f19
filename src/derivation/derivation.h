/*
 * A derivation: what to build, from what, by which program. Nix and Guix keep one in each .drv file of their store.
 *
 * The struct is what the file says, in the file's order, which is always sorted by bytes. Everything lives in an arena.
 * What a reader accepts keeps these rules, so that nothing behind it has to check them again:
 *   - store paths are store paths of the store that was given; names of outputs are fit for a store path's name
 *   - outputs, inputs, sources and variables are sorted and come once; there is at least one output
 *   - all outputs are of one kind (below); a fixed one stands alone and is called "out"
 *   - strings hold any byte but NUL
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "store/location.h"
#include "store/path.h"

enum drv_output_kind {
	DRV_OUTPUT_INPUT_ADDRESSED,  /* path: known, made from the hash of the derivation */
	DRV_OUTPUT_FIXED,            /* path, method, algorithm, hash: known, made from what the content must be */
	DRV_OUTPUT_FLOATING,         /* method, algorithm: the content decides about the path */
	DRV_OUTPUT_DEFERRED,         /* nothing: input-addressed, once floating inputs are built */
	DRV_OUTPUT_IMPURE,           /* method, algorithm: as floating, and never the same twice */
};

/* How an output's content is hashed. */
enum drv_method {
	DRV_METHOD_FLAT,  /* ""      one file's bytes */
	DRV_METHOD_NAR,   /* "r:"    the NAR of it */
	DRV_METHOD_TEXT,  /* "text:" one file's bytes, with references; how .drv files themselves are hashed */
	DRV_METHOD_GIT,   /* "git:"  as git would hash it */
};
enum { DRV_METHODS = 4 };

struct drv_output {
	char *name;             /* "out" */
	enum drv_output_kind kind;
	char *path;             /* NULL if not known before the build */
	enum drv_method method;
	const char *algorithm;  /* "sha256" and so on; NULL where the content does not matter */
	char *hash;             /* of a fixed output: small hexadecimal digits; else NULL */
};

struct drv_words {
	char **items;
	size_t len;
};

struct drv_dynamic;

/* Which outputs of a derivation are wanted; and of the derivations that are such outputs, which outputs again. */
struct drv_wanted {
	struct drv_words outputs;
	struct drv_dynamic *dynamic;
	size_t dynamic_len;
};

struct drv_dynamic {
	char *output;
	struct drv_wanted wanted;
};

struct drv_input {
	char *path;             /* the .drv file, logical */
	struct drv_wanted wanted;
};

struct drv_variable {
	char *name, *value;
};

struct derivation {
	char *name;             /* "hello-2.12": that of the .drv file, without hash and suffix */
	bool dynamic;           /* written as DrvWithVersion("xp-dyn-drv", */
	struct drv_output *outputs;
	size_t outputs_len;
	struct drv_input *inputs;
	size_t inputs_len;
	struct store_paths sources;
	char *system;           /* "x86_64-linux" */
	char *builder;          /* a path, or "builtin:..." */
	struct drv_words args;
	struct drv_variable *env;
	size_t env_len;
};

/* Hard limits: what exceeds them is refused, in time and memory that follow the size of the text. */
enum {
	DRV_BYTES_MAX = 64 * 1024 * 1024,  /* of a file */
	DRV_ELEMENTS_MAX = 200 * 1000,     /* of one list */
	DRV_OUTPUTS_MAX = 256,
	DRV_DEPTH_MAX = 32,                /* of dynamic outputs in each other */
};

/*
 * Reads the .drv file of a store path of `s` that ends in ".drv". -EINVAL: it is none, or not as a derivation must be;
 * the message says the byte. -ENOENT: it is not there.
 */
int drv_load(struct arena *a, const struct store *s, const char *path, struct derivation *ret, struct err *e);

/* The derivation's name in the path of its file: "hello-2.12" of /nix/store/HASH-hello-2.12.drv; NULL if it is none. */
char *drv_name_of_path(struct arena *a, const struct store *s, const char *path);

/* By name; NULL if there is none. */
const struct drv_output *drv_output(const struct derivation *d, const char *name);
const char *drv_env(const struct derivation *d, const char *name);

/* The kind of its outputs, of which there is only one. */
enum drv_output_kind drv_kind(const struct derivation *d);
/* "", "r:", "text:", "git:": what stands before the algorithm in a .drv file. */
const char *drv_method_prefix(enum drv_method method);
/* Its own "sha256" for a known name of an algorithm, and the bytes of its hashes; NULL: unknown. */
const char *drv_algorithm(const char *name, size_t len, size_t *ret_bytes);
