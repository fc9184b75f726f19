/* Memory is zeroed, aligned and apart; what cannot be had is remembered. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>

#include "tests/unit/unit.h"

static struct arena *arena;

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	return arena ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static void assert_zero(const char *p, size_t size)
{
	for (size_t i = 0; i < size; i++)
		assert_int_equal(p[i], 0);
}

/* Sizes around those at which a chunk ends; each object is filled, so that an overlap would show in the next. */
static void zeroed_aligned_apart(void **state)
{
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 100, 16383, 16384, 16385, 32767, 32768, 32769, 200000, 1, 0 };
	enum { N = sizeof sizes / sizeof *sizes };
	char *objects[N][3];

	(void)state;
	for (size_t round = 0; round < 3; round++)
		for (size_t i = 0; i < N; i++) {
			char *p = objects[i][round] = arena_alloc(arena, sizes[i]);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
			assert_zero(p, sizes[i]);
			memset(p, (int)(1 + i), sizes[i]);
		}
	for (size_t round = 0; round < 3; round++)
		for (size_t i = 0; i < N; i++)
			for (size_t at = 0; at < sizes[i]; at++)
				assert_int_equal(objects[i][round][at], (char)(1 + i));
	assert_false(arena_failed(arena));
}

/* An object of size 0 is one all the same: no other has its address. */
static void nothing_is_something(void **state)
{
	char *a = arena_alloc(arena, 0), *b = arena_alloc(arena, 0);

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_ptr_not_equal(a, b);
}

static void failure_is_remembered(void **state)
{
	(void)state;
	assert_false(arena_failed(arena));
	assert_null(arena_alloc(arena, SIZE_MAX));
	assert_true(arena_failed(arena));
	assert_non_null(arena_alloc(arena, 1));
	assert_true(arena_failed(arena));
}

static void each_way_to_fail(void **state)
{
	struct arena *a[4];
	size_t len = SIZE_MAX / 8 + 1;
	void *items = NULL;

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_non_null(a[i] = arena_new());
	assert_null(arena_array(a[0], SIZE_MAX / 2, 3));
	assert_null(arena_strndup(a[1], "", SIZE_MAX));
	assert_null(arena_push(a[2], &items, &len, 16));
	assert_int_equal(len, SIZE_MAX / 8 + 1);
	assert_null(items);
	assert_null(arena_alloc(a[3], SIZE_MAX / 2 + 1));
	for (size_t i = 0; i < 4; i++) {
		assert_true(arena_failed(a[i]));
		arena_free(a[i]);
	}
}

static void array(void **state)
{
	uint64_t *numbers = arena_array(arena, 1000, sizeof *numbers);

	(void)state;
	assert_non_null(numbers);
	assert_zero((const char *)numbers, 1000 * sizeof *numbers);
	memset(numbers, 0xff, 1000 * sizeof *numbers);
	assert_zero(arena_alloc(arena, 64), 64);
	assert_non_null(arena_array(arena, 0, 8));
	assert_non_null(arena_array(arena, 8, 0));
}

/* Other objects come between the elements, as they do in a parser. */
static void push(void **state)
{
	struct item {
		size_t n;
		char fill[20];
	} *items = NULL, *item;
	size_t len = 0;

	(void)state;
	for (size_t i = 0; i < 5000; i++) {
		item = arena_push(arena, &items, &len, sizeof *item);
		assert_ptr_equal(item, &items[i]);
		assert_int_equal(len, i + 1);
		assert_zero((const char *)item, sizeof *item);
		item->n = i;
		memset(item->fill, 0xee, sizeof item->fill);
		memset(arena_alloc(arena, 24), 0xdd, 24);
	}
	for (size_t i = 0; i < len; i++)
		assert_int_equal(items[i].n, i);
}

static void strings(void **state)
{
	static const char text[] = "store";
	char *copy = arena_strdup(arena, text);

	(void)state;
	assert_string_equal(copy, text);
	assert_ptr_not_equal(copy, text);
	assert_string_equal(arena_strdup(arena, ""), "");
	assert_string_equal(arena_strndup(arena, text, 3), "sto");
	assert_string_equal(arena_strndup(arena, text, 0), "");
	/* The bytes are copied, and a NUL byte is one of them. */
	assert_memory_equal(arena_strndup(arena, "a\0b", 3), "a\0b", 4);
}

static void printing(void **state)
{
	char longer[5000];

	(void)state;
	memset(longer, 'x', sizeof longer - 1);
	longer[sizeof longer - 1] = '\0';
	assert_string_equal(arena_printf(arena, "%s[%d]", "mounts", 3), "mounts[3]");
	assert_string_equal(arena_printf(arena, "%s", ""), "");
	assert_string_equal(arena_printf(arena, "%s", longer), longer);
	assert_false(arena_failed(arena));
}

static void no_arena_is_freed(void **state)
{
	_cleanup_arena_ struct arena *none = NULL;

	(void)state;
	arena_free(none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(zeroed_aligned_apart),
	TEST(nothing_is_something),
	TEST(failure_is_remembered),
	cmocka_unit_test(each_way_to_fail),
	TEST(array),
	TEST(push),
	TEST(strings),
	TEST(printing),
	cmocka_unit_test(no_arena_is_freed),
};

UNIT_MAIN(tests)
