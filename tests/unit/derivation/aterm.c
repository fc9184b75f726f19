/* The text of a .drv file: what is read is written again, and what is wrong is refused with its byte. */
#include "tests/unit/unit.h"

#include <dirent.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "derivation/aterm.h"

#define H0 "/nix/store/00000000000000000000000000000000-"
#define H1 "/nix/store/11111111111111111111111111111111-"
#define OUTPUTS "[(\"out\",\"" H0 "x\",\"\",\"\")]"
#define TAIL "\"x86_64-linux\",\"/bin/sh\",[],[])"
#define SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct arena *arena;
static struct store nix, guix;

static int setup(void **state)
{
	struct err e;

	(void)state;
	arena = arena_new();
	assert_non_null(arena);
	assert_ok(store_describe(arena, STORE_NIX, NULL, &nix, &e), &e);
	assert_ok(store_describe(arena, STORE_GUIX, NULL, &guix, &e), &e);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static int parse_bytes(const char *text, size_t len, struct derivation *ret, struct err *e)
{
	return aterm_read(arena, &nix, "x.drv", "x", text, len, ret, e);
}

static int parse(const char *text, struct derivation *ret, struct err *e)
{
	return parse_bytes(text, strlen(text), ret, e);
}

static void assert_same(const char *text, size_t len, const struct derivation *d)
{
	struct str out = STR_INIT;

	aterm_write(d, &out);
	assert_false(out.failed);
	assert_int_equal(out.len, len);
	assert_memory_equal(out.text, text, len);
	str_free(&out);
}

static void assert_round_trip(const char *text, struct derivation *ret)
{
	struct err e = { 0 };

	assert_ok(parse(text, ret, &e), &e);
	assert_same(text, strlen(text), ret);
}

static void reads_every_part(void **state)
{
	struct derivation d;

	(void)state;
	assert_round_trip("Derive([(\"dev\",\"" H0 "x-dev\",\"\",\"\"),(\"out\",\"" H0 "x\",\"\",\"\")],"
			  "[(\"" H0 "a.drv\",[\"lib\",\"out\"]),(\"" H1 "b.drv\",[\"out\"])],"
			  "[\"" H0 "source\"],\"x86_64-linux\",\"/bin/sh\",[\"-c\",\"exit\",\"-c\"],"
			  "[(\"name\",\"x\"),(\"out\",\"" H0 "x\")])", &d);
	assert_string_equal(d.name, "x");
	assert_int_equal(d.outputs_len, 2);
	assert_int_equal(drv_kind(&d), DRV_OUTPUT_INPUT_ADDRESSED);
	assert_string_equal(drv_output(&d, "dev")->path, H0 "x-dev");
	assert_null(drv_output(&d, "doc"));
	assert_int_equal(d.inputs_len, 2);
	assert_string_equal(d.inputs[0].path, H0 "a.drv");
	assert_int_equal(d.inputs[0].wanted.outputs.len, 2);
	assert_string_equal(d.inputs[0].wanted.outputs.items[1], "out");
	assert_int_equal(d.sources.len, 1);
	assert_string_equal(d.system, "x86_64-linux");
	assert_string_equal(d.builder, "/bin/sh");
	assert_int_equal(d.args.len, 3);
	assert_string_equal(d.args.items[2], "-c");
	assert_string_equal(drv_env(&d, "name"), "x");
	assert_null(drv_env(&d, "src"));
	assert_false(d.dynamic);
}

static void reads_every_kind_of_output(void **state)
{
	static const struct {
		const char *text;
		enum drv_output_kind kind;
		enum drv_method method;
		const char *algorithm;
	} cases[] = {
		{ "\"\",\"\",\"\"", DRV_OUTPUT_DEFERRED, DRV_METHOD_FLAT, NULL },
		{ "\"" H0 "x\",\"sha256\",\"" SHA256 "\"", DRV_OUTPUT_FIXED, DRV_METHOD_FLAT, "sha256" },
		{ "\"" H0 "x\",\"r:sha256\",\"" SHA256 "\"", DRV_OUTPUT_FIXED, DRV_METHOD_NAR, "sha256" },
		{ "\"" H0 "x\",\"text:sha256\",\"" SHA256 "\"", DRV_OUTPUT_FIXED, DRV_METHOD_TEXT, "sha256" },
		{ "\"" H0 "x\",\"git:sha1\",\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"", DRV_OUTPUT_FIXED,
		  DRV_METHOD_GIT, "sha1" },
		{ "\"" H0 "x\",\"md5\",\"d41d8cd98f00b204e9800998ecf8427e\"", DRV_OUTPUT_FIXED,
		  DRV_METHOD_FLAT, "md5" },
		{ "\"\",\"r:sha512\",\"\"", DRV_OUTPUT_FLOATING, DRV_METHOD_NAR, "sha512" },
		{ "\"\",\"r:sha256\",\"impure\"", DRV_OUTPUT_IMPURE, DRV_METHOD_NAR, "sha256" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct derivation d;

		assert_round_trip(arena_printf(arena, "Derive([(\"out\",%s)],[],[]," TAIL, cases[i].text), &d);
		assert_int_equal(drv_kind(&d), cases[i].kind);
		assert_int_equal(d.outputs[0].method, cases[i].method);
		if (cases[i].algorithm)
			assert_string_equal(d.outputs[0].algorithm, cases[i].algorithm);
		else
			assert_null(d.outputs[0].algorithm);
	}
}

static void reads_dynamic_outputs(void **state)
{
	struct derivation d;

	(void)state;
	assert_round_trip("DrvWithVersion(\"xp-dyn-drv\"," OUTPUTS ",[(\"" H0 "a.drv\",[\"out\"]),(\"" H1 "b.drv\","
			  "([\"out\"],[(\"a\",[\"dev\"]),(\"out\",([],[(\"out\",[\"x\"])]))]))],[]," TAIL, &d);
	assert_true(d.dynamic);
	assert_int_equal(d.inputs[0].wanted.dynamic_len, 0);
	assert_int_equal(d.inputs[1].wanted.dynamic_len, 2);
	assert_string_equal(d.inputs[1].wanted.dynamic[0].output, "a");
	assert_string_equal(d.inputs[1].wanted.dynamic[0].wanted.outputs.items[0], "dev");
	assert_string_equal(d.inputs[1].wanted.dynamic[1].wanted.dynamic[0].wanted.outputs.items[0], "x");
}

static void strings_hold_every_byte_but_nul(void **state)
{
	struct str text = STR_INIT;
	struct err e = { 0 };
	struct derivation d;

	(void)state;
	str_add(&text, "Derive(" OUTPUTS ",[],[],\"\",\"\",[\"");
	for (int c = 1; c < 256; c++)
		if (c == '\n' || c == '\r' || c == '\t')
			str_addf(&text, "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
		else
			str_addf(&text, c == '"' || c == '\\' ? "\\%c" : "%c", c);
	str_add(&text, "\"],[])");
	assert_ok(parse_bytes(text.text, text.len, &d, &e), &e);
	for (int c = 1; c < 256; c++)
		assert_int_equal((unsigned char)d.args.items[0][c - 1], c);
	assert_int_equal(strlen(d.args.items[0]), 255);
	assert_same(text.text, text.len, &d);
	str_free(&text);
}

static void refuses_with_the_byte(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{ "", "byte 0: expected 'D', found the end of the text" },
		{ "Derivation(", "byte 5: expected 'e', found 'a'" },
		{ "\177ELF", "byte 0: expected 'D', found the byte 0x7f" },
		{ "Derive([],[],[]," TAIL, "byte 7: a derivation has at least one output, this one has none" },
		{ "Derive([(\"out\",\"/etc/passwd\",\"\",\"\")],[],[]," TAIL,
		  "byte 15: output 'out': '/etc/passwd' is not a store path of /nix/store" },
		{ "Derive([(\"out\",\"" H0 "x/../y\",\"\",\"\")],[],[]," TAIL,
		  "byte 15: output 'out': '" H0 "x/../y' is not a store path of /nix/store" },
		{ "Derive([(\"o/t\",\"\",\"\",\"\")],[],[]," TAIL, "byte 9: 'o/t' cannot be the name of an output" },
		{ "Derive([(\"out\",\"\",\"sha3\",\"\")],[],[]," TAIL,
		  "byte 15: output 'out': 'sha3' is not a known hash algorithm" },
		{ "Derive([(\"out\",\"\",\"\",\"00\")],[],[]," TAIL,
		  "byte 15: output 'out': there is a hash, but no algorithm" },
		{ "Derive([(\"out\",\"" H0 "x\",\"sha256\",\"00\")],[],[]," TAIL,
		  "byte 15: output 'out': '00' is not a sha256 hash in small hexadecimal digits" },
		{ "Derive([(\"out\",\"" H0 "x\",\"sha256\",\"\")],[],[]," TAIL,
		  "byte 15: output 'out': there is a path, though the content decides about it" },
		{ "Derive([(\"a\",\"\",\"\",\"\"),(\"out\",\"\",\"sha256\",\"\")],[],[]," TAIL,
		  "byte 7: the outputs 'a' and 'out' are not of one kind" },
		{ "Derive([(\"bin\",\"" H0 "x\",\"sha256\",\"" SHA256 "\")],[],[]," TAIL,
		  "byte 7: a fixed output stands alone and is called 'out'" },
		{ "Derive([(\"out\",\"\",\"\",\"\"),(\"dev\",\"\",\"\",\"\")],[],[]," TAIL,
		  "byte 25: 'dev' is not in its order, sorted by bytes" },
		{ "Derive(" OUTPUTS ",[(\"" H0 "a\",[\"out\"])],[]," TAIL,
		  "byte 73: '" H0 "a' is not the path of a derivation in /nix/store" },
		{ "Derive(" OUTPUTS ",[(\"" H0 "a.drv\",[])],[]," TAIL,
		  "byte 125: no output of an input derivation is wanted" },
		{ "Derive(" OUTPUTS ",[(\"" H0 "a.drv\",([\"out\"],[]))],[]," TAIL,
		  "byte 125: expected '[', found '('" },
		{ "Derive(" OUTPUTS ",[],[\"" H0 "a\",\"" H0 "a\"]," TAIL, "byte 123: '" H0 "a' comes twice" },
		{ "Derive(" OUTPUTS ",[],[],\"\",\"\",[\"\\x\"],[])",
		  "byte 85: a string holds an escape that is none of \\n \\r \\t \\\" \\\\" },
		{ "Derive(" OUTPUTS ",[],[],\"\",\"\",[\"a\nb\"],[])",
		  "byte 86: a string holds the byte 0x0a, which has to be escaped" },
		{ "Derive(" OUTPUTS ",[],[],\"\",\"\",[\"a", "byte 84: a string does not end" },
		{ "Derive(" OUTPUTS ",[],[],\"\",\"\",[\"a\\", "byte 84: a string does not end" },
		{ "Derive(" OUTPUTS ",[],[],\"\",\"\",[],[(\"b\",\"\"),(\"b\",\"\")])", "byte 97: 'b' comes twice" },
		{ "Derive(" OUTPUTS ",[],[]," TAIL "\n",
		  "byte 108: expected the end of the text, found the byte 0x0a" },
		{ "DrvWithVersion(\"2\",", "byte 15: the format '2' is not known, only 'xp-dyn-drv' is" },
		{ "DrvWithVersion(\"xp-dyn-drv\"," OUTPUTS ",[(\"" H0 "a.drv\",([\"out\"],[]))],[]," TAIL,
		  "byte 146: an empty list of dynamic outputs" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct derivation d;
		struct err e = { 0 };
		const char *message = arena_printf(arena, "x.drv: %s", cases[i].message);

		assert_true(parse(cases[i].text, &d, &e) < 0);
		assert_string_equal(e.text, message);
	}
}

static void refuses_nul(void **state)
{
	static const char text[] = "Derive(" OUTPUTS ",[],[],\"a\0b\",\"\",[],[])";
	struct derivation d;
	struct err e;

	(void)state;
	assert_error(parse_bytes(text, sizeof text - 1, &d, &e), &e, EINVAL,
		     "x.drv: byte 79: a string holds a NUL byte (0x00)");
}

static void refuses_depth_and_number(void **state)
{
	struct str text = STR_INIT;
	struct derivation d;
	struct err e;

	(void)state;
	str_add(&text, "DrvWithVersion(\"xp-dyn-drv\"," OUTPUTS ",[(\"" H0 "a.drv\",");
	for (int i = 0; i < 100 * 1000; i++)
		str_add(&text, "([],[(\"out\",");
	assert_int_equal(parse_bytes(text.text, text.len, &d, &e), -E2BIG);
	assert_non_null(strstr(e.text, "dynamic outputs are nested more than 32 deep"));
	text.len = 0;
	str_add(&text, "Derive(" OUTPUTS ",[],[],\"\",\"\",[\"\"");
	for (int i = 0; i < DRV_ELEMENTS_MAX; i++)
		str_add(&text, ",\"\"");
	assert_int_equal(parse_bytes(text.text, text.len, &d, &e), -E2BIG);
	assert_non_null(strstr(e.text, "a list has more than 200000 elements"));
	str_free(&text);
}

static void every_beginning_is_refused(void **state)
{
	static const char text[] =
		"DrvWithVersion(\"xp-dyn-drv\"," OUTPUTS ",[(\"" H1 "b.drv\",([\"out\"],[(\"a\",[\"dev\"])]))],"
		"[\"" H0 "s\"],\"s\\n\",\"b\",[\"a\"],[(\"n\",\"v\")])";
	struct derivation d;
	struct err e;

	(void)state;
	assert_round_trip(text, &d);
	for (size_t n = 0; n < sizeof text - 1; n++)
		assert_true(parse_bytes(text, n, &d, &e) < 0);
}

/* The 230 derivations below Guix's hello are not a part of the project; where they lie beside it they are read. */
static void reads_a_real_graph(void **state)
{
	static const char corpus[] = "../shared/corpus/guix-hello-drv.tar.zst";
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *entry;
	const char *dir;
	size_t count = 0;

	(void)state;
	if (access(corpus, R_OK) < 0) {
		print_message("there is no %s\n", corpus);
		skip();
	}
	dir = unit_temp_dir();
	assert_int_equal(system(arena_printf(arena, "tar --zstd -xf %s -C '%s'", corpus, dir)), 0);
	d = opendir(dir);
	assert_non_null(d);
	while ((entry = readdir(d))) {
		struct derivation drv;
		struct err e = { 0 };
		char *text;
		size_t len;

		if (!strstr(entry->d_name, ".drv"))
			continue;
		assert_ok(io_read_file(arena, dirfd(d), entry->d_name, DRV_BYTES_MAX, &text, &len, &e), &e);
		assert_ok(aterm_read(arena, &guix, entry->d_name, "x", text, len, &drv, &e), &e);
		assert_same(text, len, &drv);
		count++;
	}
	assert_int_equal(count, 230);
	unit_remove_tree(dir);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test_setup_teardown(reads_every_part, setup, teardown),
	cmocka_unit_test_setup_teardown(reads_every_kind_of_output, setup, teardown),
	cmocka_unit_test_setup_teardown(reads_dynamic_outputs, setup, teardown),
	cmocka_unit_test_setup_teardown(strings_hold_every_byte_but_nul, setup, teardown),
	cmocka_unit_test_setup_teardown(refuses_with_the_byte, setup, teardown),
	cmocka_unit_test_setup_teardown(refuses_nul, setup, teardown),
	cmocka_unit_test_setup_teardown(refuses_depth_and_number, setup, teardown),
	cmocka_unit_test_setup_teardown(every_beginning_is_refused, setup, teardown),
	cmocka_unit_test_setup_teardown(reads_a_real_graph, setup, teardown),
};

UNIT_MAIN(tests)
