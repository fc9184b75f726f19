/*
 * A store with a small closure and no database, and a request for it: hello (bin/hello, bin/.hidden) -> bash (bin/sh),
 * glibc (a file) and link (a symbolic link to bash). "other" is in the store but not in the closure.
 */
#pragma once

#include "../store/fake.h"
#include "bundle/path.h"
#include "bundle/place.h"

struct kitchen {
	struct fake fake;
	struct path_request request;
	struct recipe recipe;
	const char *paths[3];
};

static inline void kitchen_begin(struct kitchen *k)
{
	struct fake *f = &k->fake;

	*k = (struct kitchen){ 0 };
	fake_begin(f, STORE_NIX);
	fake_file(f, HELLO "/bin/hello", "#!" BASH "/bin/sh " GLIBC " " LINK, 0755);
	fake_file(f, HELLO "/bin/.hidden", "", 0755);
	fake_file(f, HELLO "/bin/readme", "", 0644);
	fake_file(f, BASH "/bin/bash", "", 0755);
	fake_link(f, BASH "/bin/sh", "bash");
	fake_link(f, BASH "/bin/out", "/nix/store/" F32 "-other/bin/x");
	fake_file(f, GLIBC, "", 0644);
	fake_link(f, LINK, BASH);
	fake_file(f, OTHER "/bin/x", "", 0755);
	k->paths[0] = HELLO;
	k->request = (struct path_request){ .paths = k->paths, .paths_len = 1, .store = { .root = f->root },
					    .closure_list = arena_printf(f->arena, "%s/list", f->root) };
	fake_file(f, "/list", HELLO "\n" BASH "\n" GLIBC "\n" LINK "\n", 0644);
}

static inline void kitchen_end(struct kitchen *k)
{
	fake_end(&k->fake);
}

static inline void cook(struct kitchen *k)
{
	assert_ok(bundle_path_recipe(k->fake.arena, &k->request, &k->recipe, &k->fake.e), &k->fake.e);
}

static inline void spoil(struct kitchen *k, int number, const char *text)
{
	assert_error(bundle_path_recipe(k->fake.arena, &k->request, &k->recipe, &k->fake.e), &k->fake.e, number, text);
}
