/* `cloister spec`: a config.json to begin with. */
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "cli/cli.h"
#include "libocispec/field/write.h"
#include "spec/defaults.h"

#define CONFIG "config.json"

struct spec_options {
	const char *bundle;
	bool rootless;
};

static const struct option_def spec_defs[] = {
	{ "bundle", 'b', OPTION_TEXT, offsetof(struct spec_options, bundle), "DIR",
	  "write it there (default: the current directory)" },
	{ "rootless", 0, OPTION_FLAG, offsetof(struct spec_options, rootless), NULL,
	  "for a caller who is not root: with a user namespace in which root is the caller" },
	{ 0 },
};

static int write_new(int dir_fd, const struct str *text, struct err *e)
{
	_cleanup_close_ int fd = openat(dir_fd, CONFIG, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int r;

	if (fd < 0 && errno == EEXIST)
		return err_set(e, EEXIST, "file " CONFIG " exists: remove it first");
	if (fd < 0)
		return err_sys(e, errno, "create " CONFIG);
	r = io_write_all(fd, text->text, text->len);
	if (r == 0)
		return 0;
	unlinkat(dir_fd, CONFIG, 0);
	return err_sys(e, -r, "write " CONFIG);
}

static int spec(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	const struct spec_options *o = options;
	const char *bundle = cli_given(o->bundle) ? o->bundle : ".";
	_cleanup_close_ int fd = open(bundle, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	_cleanup_str_ struct str out = STR_INIT;
	const struct oci_spec *config;

	(void)words;
	if (fd < 0)
		return err_sys(e, errno, "open the bundle %s", bundle);
	config = o->rootless ? spec_default_rootless(c->arena, geteuid(), getegid()) : spec_default(c->arena);
	if (!config || oci_write(&out, &oci_spec_type, config, OCI_INDENTED) < 0 || out.failed)
		return err_oom(e);
	return write_new(fd, &out, e);
}

const struct cli_command cli_spec = {
	.name = "spec",
	.words = "",
	.help = "writes a config.json to begin with",
	.details = "An existing config.json is never overwritten.\n",
	.options = spec_defs,
	.options_size = sizeof(struct spec_options),
	.run = spec,
};
