/* Masked and read-only paths: what covers them, and that nothing stays open in silence. */
#include "tests/unit/apply/fake_mount.h"

#include "apply/apply.h"

static struct op paths(char **list)
{
	struct op op = { .mask = { .paths = list } };

	while (list[op.mask.len])
		op.mask.len++;
	return op;
}

static void files_and_directories(void **state)
{
	char *list[] = { (char *)"/f", (char *)"/d1", (char *)"/missing", (char *)"/f/below", (char *)"/d2",
		(char *)"/link", NULL };
	struct op op = paths(list);

	(void)state;
	make(root_path, "/f");
	make(root_path, "/d1/");
	make(root_path, "/d2/");
	make(root_path, "/target/");
	make_link("target", "/link");
	assert_int_equal(apply_mask(&ctx, &op, &err), 0);
	/* one empty directory for all; a link hides what it leads to */
	assert_calls("clone /dev/null\n"
		     "attach /dev/null /f\n"
		     "fs-open tmpfs\n"
		     "fs-set mode=0555\n"
		     "fs-set nr_inodes=1\n"
		     "fs-create\n"
		     "fs-mount +f\n"
		     "attach host: /d1\n"
		     "clone-fd host:\n"
		     "attach host: /d2\n"
		     "clone-fd host:\n"
		     "attach host: /target\n");
	assert_int_equal(type_below_root("/missing"), 0);
}

static void what_cannot_be_masked_is_an_error(void **state)
{
	char *file[] = { (char *)"/f", NULL }, *dir[] = { (char *)"/d", NULL }, *loop[] = { (char *)"/loop", NULL };
	struct op op = paths(file);

	(void)state;
	make(root_path, "/f");
	make(root_path, "/d/");
	make_link("loop", "/loop");
	failing = "attach";
	failure = -EPERM;
	assert_error(apply_mask(&ctx, &op, &err), &err, EPERM, "mount onto /f: operation not permitted");
	failing = "clone";
	failure = -EMFILE;
	assert_int_equal(apply_mask(&ctx, &op, &err), -EMFILE);
	op = paths(dir);
	failing = "fs-create";
	failure = -ENOMEM;
	assert_int_equal(apply_mask(&ctx, &op, &err), -ENOMEM);
	assert_non_null(strstr(err.text, "make an empty directory to mask with"));
	failing = NULL;
	op = paths(loop);
	assert_error(apply_mask(&ctx, &op, &err), &err, ELOOP, "/loop: too many levels of symbolic links");
}

static void read_only_paths_are_bound_onto_themselves(void **state)
{
	char *list[] = { (char *)"/d", (char *)"/missing", (char *)"/f", NULL };
	struct op op = paths(list);

	(void)state;
	make(root_path, "/d/");
	make(root_path, "/f");
	assert_int_equal(apply_readonly(&ctx, &op, &err), 0);
	assert_calls("clone-fd /d rec\n"
		     "setattr /d rec +1 -0 \n"
		     "attach /d /d\n"
		     "clone-fd /f rec\n"
		     "setattr /f rec +1 -0 \n"
		     "attach /f /f\n");
	failing = "setattr";
	failure = -EPERM;
	assert_error(apply_readonly(&ctx, &op, &err), &err, EPERM, "make /d read-only: operation not permitted");
}

static const struct CMUnitTest tests[] = {
	FAKE_TEST(files_and_directories),
	FAKE_TEST(what_cannot_be_masked_is_an_error),
	FAKE_TEST(read_only_paths_are_bound_onto_themselves),
};

UNIT_MAIN(tests)
