/* Reference graphs that others wrote: each format, each way in which it can be wrong. */
#include "store/graph.h"

#include "fake.h"
#include "store/closure.h"

typedef int reader(struct arena *a, const struct store *s, const char *file, struct graph *ret, struct err *e);

static const char whole[] = HELLO "\n" GLIBC "\n" BASH "\n";

static const char registration[] =
	HELLO "\nsha256:00\n10\n" OTHER "\n2\n" HELLO "\n" GLIBC "\n"
	GLIBC "\nsha256:00\n10\n\n1\n" BASH "\n"
	BASH "\nsha256:00\n10\n\n0\n"
	OTHER "\nsha256:00\n10\n\n0\n";

static const char exported[] =
	HELLO "\n" OTHER "\n2\n" HELLO "\n" GLIBC "\n" GLIBC "\n\n1\n" BASH "\n" BASH "\n\n0\n";

static const char v1[] =
	"[{\"path\":\"" HELLO "\",\"narSize\":3,\"references\":[\"" GLIBC "\"],\"signatures\":[\"a\",{\"b\":[]}]},"
	"{\"references\":[\"" BASH "\"],\"path\":\"" GLIBC "\"},{\"path\":\"" BASH "\",\"references\":[]}]";

static const char v2[] = "{\"" HELLO "\":{\"ca\":null,\"references\":[\"" GLIBC "\"]},\"" GLIBC
			 "\":{\"path\":\"ignored\",\"references\":[\"" BASH "\"]},\"" BASH
			 "\":{\"references\":[],\"x\":{\"y\":[1,[2]]}}}";

static const char v3[] = "{\"version\":2,\"storeDir\":\"/nix/store\",\"info\":{\"" A32
			 "-hello-2.12\":{\"references\":[\"" B32 "-glibc\"]},\"" B32 "-glibc\":{\"references\":[\"" C32
			 "-bash\"]},\"" C32 "-bash\":{\"references\":[]}},\"more\":{\"a\":{}}}";

static const char *read_text(struct fake *f, const char *text)
{
	fake_file(f, "/graph", text, 0644);
	return arena_printf(f->arena, "%s/graph", f->root);
}

static void gives_whole(struct fake *f, reader *read, const char *text)
{
	struct store_paths roots = fake_list(f, HELLO), closure;
	struct graph graph = { 0 };

	assert_ok(read(f->arena, &f->store, read_text(f, text), &graph, &f->e), &f->e);
	assert_ok(closure_compute(f->arena, &(struct reference_source){ "test", graph_references, &graph }, &roots,
				  &closure, &f->e),
		  &f->e);
	assert_string_equal(fake_text(f, &closure), whole);
	graph_free(&graph);
}

static void formats(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	gives_whole(&f, graph_read_registration, registration);
	gives_whole(&f, graph_read_export, exported);
	gives_whole(&f, graph_read_path_info, v1);
	gives_whole(&f, graph_read_path_info, v2);
	gives_whole(&f, graph_read_path_info, v3);
	fake_end(&f);
}

/* The file's name is in front of every message; it is left out of the expected ones. */
static void refused(struct fake *f, reader *read, const char *text, const char *message)
{
	const char *file = read_text(f, text);
	struct graph graph = { 0 };

	assert_error(read(f->arena, &f->store, file, &graph, &f->e), &f->e, EINVAL,
		     arena_printf(f->arena, "%s%s", file, message));
	graph_free(&graph);
}

static void bad_lines(void **state)
{
	static const char unlike[] = HELLO "\nh\n1\n\n1\n" GLIBC "\n" HELLO "\nh\n1\n\n1\n" BASH "\n";
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	refused(&f, graph_read_registration, "/etc\n", ": line 1: expected a store path of this store");
	refused(&f, graph_read_registration, HELLO "\nh\n1\n", ": line 3: expected the number of references");
	refused(&f, graph_read_registration, HELLO "\nh\n1\n\n-1\n", ": line 5: expected the number of references");
	refused(&f, graph_read_registration, HELLO "\nh\n1\n\n9999999999\n",
		": line 5: expected the number of references");
	refused(&f, graph_read_registration, HELLO "\nh\n1\n\n2\n" GLIBC "\n",
		": line 6: the file ends where a reference is expected");
	refused(&f, graph_read_registration, HELLO "\nh\n1\n\n1\n../x\n",
		": line 6: expected a store path of this store");
	refused(&f, graph_read_registration, unlike, ": " HELLO " comes twice with different references");
	refused(&f, graph_read_export, registration, ": line 5: expected a store path of this store");
	fake_end(&f);
}

static void bad_json(void **state)
{
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	refused(&f, graph_read_path_info, "1", ":1:1: expected what nix path-info --json writes, found a number");
	refused(&f, graph_read_path_info, "[1]", ":1:2: expected an object, found a number");
	refused(&f, graph_read_path_info, "[{}]", ":1:3: a record without \"path\"");
	refused(&f, graph_read_path_info, "[{\"path\":\"" BASH "\"}]",
		":1:60: " BASH " has no \"references\": it is not valid in the store that was asked");
	refused(&f, graph_read_path_info, "[{\"path\":1}]", ":1:10: expected a store path, found a number");
	refused(&f, graph_read_path_info, "[{\"path\":\"/etc\"}]",
		":1:10: path-info: '/etc' is not a store path of /nix/store");
	refused(&f, graph_read_path_info, "{\"" BASH "\":null}",
		":1:53: " BASH " is not valid in the store that was asked");
	refused(&f, graph_read_path_info, "{\"" BASH "\":{\"references\":{}}}",
		":1:67: expected an array of references, found an object");
	refused(&f, graph_read_path_info, "{\"" BASH "\":{\"references\":[\"..\"]}}",
		":1:68: path-info: '/nix/store/..' is not a store path of /nix/store");
	fake_end(&f);
}

static void lists(void **state)
{
	struct store_paths list;
	struct fake f;
	const char *file;

	(void)state;
	fake_begin(&f, STORE_NIX);
	file = read_text(&f, GLIBC "\n\n" HELLO "\n" GLIBC);
	assert_ok(graph_read_list(f.arena, &f.store, file, &list, &f.e), &f.e);
	assert_string_equal(fake_text(&f, &list), HELLO "\n" GLIBC "\n");
	read_text(&f, "\n\n");
	assert_error(graph_read_list(f.arena, &f.store, file, &list, &f.e), &f.e, EINVAL,
		     arena_printf(f.arena, "%s lists no store path", file));
	read_text(&f, HELLO "\n" HELLO "/bin\n");
	assert_error(graph_read_list(f.arena, &f.store, file, &list, &f.e), &f.e, EINVAL,
		     arena_printf(f.arena, "%s: line 2: expected a store path of this store", file));
	fake_bytes(&f, "/graph", HELLO "\0\n", sizeof HELLO + 1, 0644);
	assert_error(graph_read_list(f.arena, &f.store, file, &list, &f.e), &f.e, EINVAL,
		     arena_printf(f.arena, "%s holds a NUL byte: it is not a text file", file));
	fake_end(&f);
}

static void closure_info(void **state)
{
	struct graph graph = { 0 };
	struct fake f;
	const char *dir;

	(void)state;
	fake_begin(&f, STORE_NIX);
	fake_file(&f, "/info/registration", registration, 0644);
	fake_file(&f, "/info/store-paths", HELLO "\n" GLIBC "\n" BASH "\n", 0644);
	dir = arena_printf(f.arena, "%s/info", f.root);
	assert_ok(graph_read_closure_info(f.arena, &f.store, dir, &graph, &f.e), &f.e);
	graph_free(&graph);
	fake_file(&f, "/info/store-paths", LINK "\n", 0644);
	assert_error(
		graph_read_closure_info(f.arena, &f.store, dir, &graph, &f.e), &f.e, EINVAL,
		arena_printf(f.arena, "closureInfo folder %s: store-paths lists " LINK ", registration does not", dir));
	graph_free(&graph);
	fake_end(&f);
}

static void incomplete(void **state)
{
	struct store_paths roots, closure;
	struct graph graph = { 0 };
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	roots = fake_list(&f, HELLO);
	assert_ok(graph_read_export(f.arena, &f.store, read_text(&f, HELLO "\n\n1\n" GLIBC "\n"), &graph, &f.e), &f.e);
	assert_error(closure_compute(f.arena, &(struct reference_source){ "test", graph_references, &graph }, &roots,
				     &closure, &f.e),
		     &f.e, ENOENT, GLIBC " is not in the reference graph that was given: make it of the whole closure");
	graph_free(&graph);
	fake_end(&f);
}

/* Cut off anywhere, a graph is refused or is a smaller one; it never crashes. */
static void cut_off(void **state)
{
	static const struct { reader *read; const char *text; } all[] = {
		{ graph_read_registration, registration }, { graph_read_export, exported },
		{ graph_read_path_info, v1 }, { graph_read_path_info, v2 }, { graph_read_path_info, v3 },
	};
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (size_t n = 0; n < strlen(all[i].text); n++) {
			const char *file = read_text(&f, arena_strndup(f.arena, all[i].text, n));
			struct graph graph = { 0 };
			int r = all[i].read(f.arena, &f.store, file, &graph, &f.e);

			assert_true(r == 0 || (r < 0 && f.e.text[0]));
			if (all[i].read == graph_read_path_info)
				assert_true(r < 0);
			graph_free(&graph);
		}
	fake_end(&f);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(formats), cmocka_unit_test(bad_lines), cmocka_unit_test(bad_json), cmocka_unit_test(lists),
	cmocka_unit_test(closure_info), cmocka_unit_test(incomplete), cmocka_unit_test(cut_off),
};
UNIT_MAIN(tests)
