/* From words to a recipe: program, shell, environment, user, and where the closure comes from. */
#include "kitchen.h"

static void command(struct kitchen *k, char **words)
{
	k->request.command = words;
	for (k->request.command_len = 0; words[k->request.command_len];)
		k->request.command_len++;
}
#define COMMAND(k, ...) command(k, (char *[]){ __VA_ARGS__, NULL })

static void defaults(void **state)
{
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	cook(&k);
	assert_string_equal(k.recipe.kind, "path");
	assert_string_equal(k.recipe.closure_source, "list");
	assert_string_equal(fake_text(&k.fake, &k.recipe.closure), HELLO "\n" GLIBC "\n" BASH "\n" LINK "\n");
	assert_int_equal(k.recipe.args_len, 1);
	assert_string_equal(k.recipe.args[0], HELLO "/bin/hello");
	assert_null(k.recipe.args[1]);
	assert_int_equal(k.recipe.env_len, 3);
	assert_string_equal(k.recipe.env[0], "PATH=" HELLO "/bin");
	assert_string_equal(k.recipe.env[1], "HOME=/");
	assert_string_equal(k.recipe.env[2], "TMPDIR=/tmp");
	assert_string_equal(k.recipe.hostname, "cloister");
	assert_string_equal(k.recipe.cwd, "/");
	assert_string_equal(k.recipe.bin_sh, BASH "/bin/sh");
	assert_int_equal(k.recipe.uid, 0);
	assert_int_equal(k.recipe.gid, 0);
	assert_false(k.recipe.host_network);
	assert_int_equal(k.recipe.places_len, 0);
	kitchen_end(&k);
}

static void programs(void **state)
{
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	COMMAND(&k, "hello", "-x", "");
	cook(&k);
	assert_int_equal(k.recipe.args_len, 3);
	assert_string_equal(k.recipe.args[0], HELLO "/bin/hello");
	assert_string_equal(k.recipe.args[1], "-x");
	assert_string_equal(k.recipe.args[2], "");
	COMMAND(&k, BASH "/bin/sh");
	cook(&k);
	assert_string_equal(k.recipe.args[0], BASH "/bin/sh");
	COMMAND(&k, LINK "/bin/../bin/sh");
	cook(&k);
	COMMAND(&k, "/bin/sh");
	cook(&k);
	k.paths[1] = LINK;
	k.request.paths_len = 2;
	COMMAND(&k, "bash");
	cook(&k);
	assert_string_equal(k.recipe.args[0], LINK "/bin/bash");
	assert_string_equal(k.recipe.env[0], "PATH=" HELLO "/bin:" LINK "/bin");
	k.request.command_len = 0;
	k.request.paths_len = 1;
	k.paths[0] = BASH "/bin/bash";
	cook(&k);
	assert_string_equal(k.recipe.args[0], BASH "/bin/bash");
	/* Two programs: the one with the package's name. */
	k.paths[0] = BASH;
	cook(&k);
	assert_string_equal(k.recipe.args[0], BASH "/bin/bash");
	k.paths[0] = HELLO;
	fake_file(&k.fake, HELLO "/bin/another", "", 0755);
	cook(&k);
	assert_string_equal(k.recipe.args[0], HELLO "/bin/hello");
	/* A store path that is a program itself. */
	k.paths[0] = GLIBC;
	assert_int_equal(chmod(arena_printf(k.fake.arena, "%s" GLIBC, k.fake.root), 0755), 0);
	cook(&k);
	assert_string_equal(k.recipe.args[0], GLIBC);
	assert_string_equal(k.recipe.env[0], "PATH=/bin");
	kitchen_end(&k);
}

static void no_program(void **state)
{
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	COMMAND(&k, "nope");
	spoil(&k, ENOENT, "no program 'nope' in " HELLO "/bin");
	COMMAND(&k, "readme");
	spoil(&k, ENOENT, "no program 'readme' in " HELLO "/bin");
	COMMAND(&k, HELLO "/bin/readme");
	spoil(&k, EACCES, "program " HELLO "/bin/readme is not an executable file");
	COMMAND(&k, BASH "/bin/out");
	spoil(&k, ENOENT, BASH "/bin/out is not in the closure: it leads to " OTHER);
	COMMAND(&k, OTHER "/bin/x");
	spoil(&k, ENOENT, OTHER "/bin/x is not in the closure");
	COMMAND(&k, "/bin/ls");
	spoil(&k, ENOENT, "/bin/ls is not in the closure");
	COMMAND(&k, "./hello");
	spoil(&k, EINVAL, "program './hello' is neither a name nor an absolute path");
	COMMAND(&k, "");
	spoil(&k, EINVAL, "program '' is neither a name nor an absolute path");
	k.request.command_len = 0;
	k.paths[0] = HELLO "/bin/readme";
	spoil(&k, ENOENT, HELLO "/bin/readme is not a program in the closure");
	k.paths[0] = GLIBC;
	spoil(&k, ENOENT, "which program shall run? " GLIBC " has none in bin: give one after --");
	k.paths[0] = HELLO;
	k.paths[1] = BASH;
	k.request.paths_len = 2;
	spoil(&k, ENOENT, "which program shall run? With 2 store paths, give one after --");
	k.request.paths_len = 1;
	fake_file(&k.fake, HELLO "/bin/b", "", 0755);
	fake_file(&k.fake, HELLO "/bin/a", "", 0755);
	unlink(arena_printf(k.fake.arena, "%s" HELLO "/bin/hello", k.fake.root));
	spoil(&k, ENOENT, "which program shall run? " HELLO "/bin has a, b: give one after --");
	for (int i = 0; i < 9; i++)
		fake_file(&k.fake, arena_printf(k.fake.arena, HELLO "/bin/z%d", i), "", 0755);
	spoil(&k, ENOENT,
	      "which program shall run? " HELLO "/bin has a, b, z0, z1, z2, z3, z4, z5 and 3 more: give one after --");
	kitchen_end(&k);
}

static void shells(void **state)
{
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	k.request.bin_sh = "none";
	cook(&k);
	assert_null(k.recipe.bin_sh);
	COMMAND(&k, "/bin/sh");
	spoil(&k, ENOENT, "/bin/sh is not in the closure");
	k.request.command_len = 0;
	k.request.bin_sh = BASH "/bin/bash";
	cook(&k);
	assert_string_equal(k.recipe.bin_sh, BASH "/bin/bash");
	k.request.bin_sh = BASH;
	cook(&k);
	assert_string_equal(k.recipe.bin_sh, BASH "/bin/sh");
	/* The shell's path is kept alive with the rest, but its programs are not what the bundle is for. */
	assert_int_equal(k.recipe.roots.len, 2);
	assert_string_equal(k.recipe.env[0], "PATH=" HELLO "/bin");
	k.request.bin_sh = GLIBC;
	spoil(&k, ENOENT, "--bin-sh " GLIBC "/bin/sh is not a program in the closure");
	k.request.bin_sh = "/nope";
	spoil(&k, ENOENT, "--bin-sh: /nope: no such file or directory");
	k.request.bin_sh = "default";
	cook(&k);
	fake_file(&k.fake, "/list", HELLO "\n", 0644);
	spoil(&k, ENOENT, "--bin-sh default: nothing in the closure has a bin/sh: give a store path of a shell");
	k.request.bin_sh = NULL;
	cook(&k);
	assert_null(k.recipe.bin_sh);
	kitchen_end(&k);
}

static void environment(void **state)
{
	static const char *env[] = { "A=1", "HOME=/home", "KITCHEN", "A=2", "EMPTY=" };
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	k.request.env = env;
	k.request.env_len = 5;
	k.request.terminal = true;
	unsetenv("KITCHEN");
	spoil(&k, ENOENT, "--env KITCHEN: there is no such variable here to pass on");
	setenv("KITCHEN", "x=y", 1);
	cook(&k);
	assert_int_equal(k.recipe.env_len, 7);
	assert_string_equal(k.recipe.env[1], "HOME=/home");
	assert_string_equal(k.recipe.env[3], "TERM=xterm");
	assert_string_equal(k.recipe.env[4], "A=2");
	assert_string_equal(k.recipe.env[5], "KITCHEN=x=y");
	assert_string_equal(k.recipe.env[6], "EMPTY=");
	env[0] = "=x";
	spoil(&k, EINVAL, "--env '=x': it is NAME=VALUE or NAME");
	env[0] = "";
	spoil(&k, EINVAL, "--env '': it is NAME=VALUE or NAME");
	kitchen_end(&k);
}

static void bad_user(struct kitchen *k, const char *user)
{
	k->request.user = user;
	spoil(k, EINVAL,
	      arena_printf(k->fake.arena, "--user %s: it is UID or UID:GID, numbers below 4294967295", user));
}

static void users(void **state)
{
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	k.request.user = "1000";
	cook(&k);
	assert_int_equal(k.recipe.uid, 1000);
	assert_int_equal(k.recipe.gid, 1000);
	k.request.user = "4294967294:0";
	cook(&k);
	assert_int_equal(k.recipe.uid, 4294967294);
	assert_int_equal(k.recipe.gid, 0);
	bad_user(&k, "4294967295");
	bad_user(&k, "root");
	bad_user(&k, "1:");
	bad_user(&k, ":1");
	bad_user(&k, "1:2:3");
	bad_user(&k, "-1");
	kitchen_end(&k);
}

static void other_options(void **state)
{
	char longest[66];
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	memset(longest, 'h', 65);
	longest[64] = '\0';
	k.request.hostname = longest;
	k.request.cwd = "/var//lib/.";
	k.request.network = "none";
	cook(&k);
	assert_string_equal(k.recipe.cwd, "/var/lib");
	longest[64] = 'h';
	longest[65] = '\0';
	spoil(&k, EINVAL, arena_printf(k.fake.arena, "--hostname '%s': it has 1 to 64 characters", longest));
	k.request.hostname = "a b";
	spoil(&k, EINVAL, "--hostname 'a b': only letters, digits, '-', '_' and '.' are allowed");
	k.request.hostname = NULL;
	k.request.cwd = "var";
	spoil(&k, EINVAL, "--cwd: 'var' is not an absolute path");
	k.request.cwd = "/tmp/x";
	spoil(&k, EINVAL, "--cwd: /tmp/x cannot be there, because /tmp is empty at every start");
	k.request.cwd = "/tmp";
	cook(&k);
	k.request.cwd = BASH "/bin";
	cook(&k);
	k.request.cwd = BASH "/bin/bash";
	spoil(&k, ENOTDIR, "--cwd: " BASH "/bin/bash: not a directory");
	k.request.cwd = OTHER;
	spoil(&k, ENOENT, "--cwd: " OTHER " is not in the closure");
	k.request.cwd = NULL;
	k.request.network = "bridge";
	spoil(&k, EINVAL, "--network bridge: it is 'none' or 'host'");
	kitchen_end(&k);
}

static void sources(void **state)
{
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	k.paths[0] = OTHER;
	spoil(&k, EINVAL, "the list that --closure gives does not hold " OTHER);
	k.paths[0] = HELLO;
	k.request.scan = true;
	spoil(&k, EINVAL,
	      "only one of --closure, --closure-info, --path-info, --references-graph, --scan and --database can say "
	      "what the closure is");
	/* No database: the store is scanned. */
	k.request.scan = false;
	k.request.closure_list = NULL;
	cook(&k);
	assert_string_equal(k.recipe.closure_source, "scan");
	assert_int_equal(k.recipe.closure.len, 5);
	fake_database(&k.fake, "10");
	spoil(&k, ENOENT,
	      arena_printf(k.fake.arena, "store path " HELLO " is not valid: the store database %s does not list it",
			   k.fake.store.database));
	fake_valid(&k.fake, HELLO);
	cook(&k);
	assert_string_equal(k.recipe.closure_source, "database");
	assert_int_equal(k.recipe.closure.len, 1);
	k.request.scan = true;
	cook(&k);
	assert_string_equal(k.recipe.closure_source, "scan");
	/* A database that is asked for by name is never replaced by a scan. */
	k.request.scan = false;
	k.request.store.database = "/no/such.sqlite";
	spoil(&k, ENOENT, "open store database /no/such.sqlite: no such file or directory");
	kitchen_end(&k);
}

static void gone(void **state)
{
	struct kitchen k;

	(void)state;
	kitchen_begin(&k);
	fake_file(&k.fake, "/list", HELLO "\n/nix/store/" A32 "-gone\n", 0644);
	spoil(&k, ENOENT,
	      arena_printf(k.fake.arena,
			   "store path %s/nix/store/" A32 "-gone of the closure: no such file or "
			   "directory",
			   k.fake.root));
	kitchen_end(&k);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(defaults),      cmocka_unit_test(programs),    cmocka_unit_test(no_program),
	cmocka_unit_test(shells),        cmocka_unit_test(environment), cmocka_unit_test(users),
	cmocka_unit_test(other_options), cmocka_unit_test(sources),     cmocka_unit_test(gone),
};
UNIT_MAIN(tests)
