/* For tests of functions that need an arena and report errors: `arena` and `err`, the arena new for each test. */
#pragma once

#include "base/arena.h"
#include "tests/unit/unit.h"

static struct arena *arena;
static struct err err;

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

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
