/* `cloister checkpoint` and `cloister restore`. */
#include <string.h>

#include "cli/create.h"
#include "plan/checkpoint.h"

struct options {
	struct create_options create;  /* restore only, and first: its rows have offsets of their own */
	const char *image_path, *work_path, *parent_path, *page_server, *cgroups_mode, *lsm_profile;
	struct option_list empty_ns;
	bool leave_running, pre_dump, tcp_established, ext_unix_sk, shell_job, file_locks, auto_dedup;
};

#define AT(field) offsetof(struct options, field)

#define COMMON_ROWS \
	{ "image-path", 0, OPTION_TEXT, AT(image_path), "DIR", \
	  "the checkpoint's directory (default: ./checkpoint)" }, \
	{ "work-path", 0, OPTION_TEXT, AT(work_path), "DIR", \
	  "where criu writes its log and statistics (default: the checkpoint's)" }, \
	{ "tcp-established", 0, OPTION_FLAG, AT(tcp_established), NULL, "allow open TCP connections" }, \
	{ "ext-unix-sk", 0, OPTION_FLAG, AT(ext_unix_sk), NULL, "allow unix sockets to outside" }, \
	{ "shell-job", 0, OPTION_FLAG, AT(shell_job), NULL, "allow the caller's terminal" }, \
	{ "file-locks", 0, OPTION_FLAG, AT(file_locks), NULL, "allow file locks" }, \
	{ "manage-cgroups-mode", 0, OPTION_TEXT, AT(cgroups_mode), "MODE", \
	  "what criu does with cgroups: ignore (default), none, soft, full or strict" }, \
	{ "empty-ns", 0, OPTION_LIST, AT(empty_ns), "NAMESPACE", \
	  "the namespace (network) is somebody else's to fill; repeatable" }, \
	{ "auto-dedup", 0, OPTION_FLAG, AT(auto_dedup), NULL, "keep memory that is in several images once" }

static const struct option_def checkpoint_defs[] = {
	COMMON_ROWS,
	{ "parent-path", 0, OPTION_TEXT, AT(parent_path), "DIR",
	  "an earlier --pre-dump, relative to --image-path: only what changed is written" },
	{ "leave-running", 0, OPTION_FLAG, AT(leave_running), NULL, "let the container go on" },
	{ "pre-dump", 0, OPTION_FLAG, AT(pre_dump), NULL, "only write the memory, and let the container go on" },
	{ "page-server", 0, OPTION_TEXT, AT(page_server), "ADDRESS:PORT",
	"send the memory to a criu page server there" },
	{ 0 },
};

static const struct option_def restore_defs[] = {
	{ "bundle", 'b', OPTION_TEXT, CREATE_AT(bundle), "DIR", "the bundle (default: the current directory)" },
	{ "console-socket", 0, OPTION_TEXT, CREATE_AT(console_socket), "PATH",
	  "send the terminal's descriptor to this unix socket" },
	{ "pid-file", 0, OPTION_TEXT, CREATE_AT(pid_file), "FILE",
	  "write the process id of the container to this file" },
	{ "detach", 'd', OPTION_FLAG, CREATE_AT(detach), NULL, "exit when the container runs" },
	{ "no-subreaper", 0, OPTION_FLAG, CREATE_AT(no_subreaper), NULL,
	"do not adopt what the container leaves behind" },
	{ "no-pivot", 0, OPTION_FLAG, CREATE_AT(no_pivot), NULL,
	  "not supported: without pivot_root isolation is weaker" },
	COMMON_ROWS,
	{ "lsm-profile", 0, OPTION_TEXT, AT(lsm_profile), "TYPE:NAME", "another AppArmor profile or SELinux label" },
	{ 0 },
};

static struct checkpoint_options to_run(const struct options *o)
{
	return (struct checkpoint_options){
		.image_path = cli_given(o->image_path) ? o->image_path : "checkpoint",
		.work_path = cli_given(o->work_path), .parent_path = cli_given(o->parent_path),
		.page_server = cli_given(o->page_server), .cgroups_mode = cli_given(o->cgroups_mode),
		.lsm_profile = cli_given(o->lsm_profile), .empty_ns = o->empty_ns.items,
		.empty_ns_len = o->empty_ns.len,
		.leave_running = o->leave_running, .pre_dump = o->pre_dump, .tcp_established = o->tcp_established,
		.ext_unix_sk = o->ext_unix_sk, .shell_job = o->shell_job, .file_locks = o->file_locks,
		.auto_dedup = o->auto_dedup,
	};
}

static int checkpoint(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	const struct checkpoint_options o = to_run(options);
	struct run_context context;
	int r = cli_context(c, &context, e);

	return r < 0 ? r : run_checkpoint(&context, words->items[0], &o, e);
}

static int restore(struct cli *c, void *options, const struct option_words *words, struct err *e)
{
	const struct options *given = options;
	const struct checkpoint_options o = to_run(given);
	struct run_create_options create;
	struct run_context context;
	int r = create_prepare(c, &given->create, words->items[0], &context, &create, e);

	return r < 0 ? r : run_restore(&context, &create, &o, &c->exit_status, e);
}

const struct cli_command cli_checkpoint = {
	.name = "checkpoint",
	.words = "CONTAINER",
	.help = "writes a running container to files, by criu",
	.min_words = 1,
	.max_words = 1,
	.options = checkpoint_defs,
	.options_size = sizeof(struct options),
	.run = checkpoint,
};

const struct cli_command cli_restore = {
	.name = "restore",
	.words = "CONTAINER",
	.help = "makes a container from such files, which goes on where it was",
	.min_words = 1,
	.max_words = 1,
	.options = restore_defs,
	.options_size = sizeof(struct options),
	.run = restore,
};
