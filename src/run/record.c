/* Why: what is written down about a container, and what others are told of it, while it is being created. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/utc.h"
#include "libocispec/field/write.h"
#include "run/container.h"
#include "state/codec.h"

int container_fill_record(struct container *c, struct err *e)
{
	struct arena *a = c->context->arena;
	struct oci_record *rec = &c->record;
	char now[UTC_TEXT_MAX];
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	utc_text(&ts, true, now);
	*rec = (struct oci_record){
		.version = STATE_RECORD_VERSION,
		.id = (char *)c->options->id,
		.oci_version = c->spec->oci_version,
		.bundle = (char *)c->bundle,
		.rootfs = c->spec->root ? c->spec->root->path : NULL,
		.created = arena_strdup(a, now),
		.status = OCI_STATUS_CREATING,
		.cgroup_path = (char *)c->plan.cgroup_path,
		.systemd_unit = c->plan.unit ? (char *)c->plan.unit->name : NULL,
		.systemd_user = c->plan.unit && c->plan.unit->user,
		.has_systemd_user = c->plan.unit,
		.rdt_path = (char *)c->plan.rdt_path,
		.rootless = !(c->facts.euid == 0 && c->facts.initial_userns),
		.has_rootless = true,
		.terminal = c->spec->process && c->spec->process->terminal,
		.has_terminal = true,
		.keyring = !c->options->no_new_keyring,
		.has_keyring = true,
		.annotations = c->spec->annotations,
		.hooks = c->spec->hooks,
	};
	if (rec->rootfs && rec->rootfs[0] != '/')
		rec->rootfs = arena_printf(a, "%s/%s", c->bundle, rec->rootfs);
	return arena_failed(a) ? err_oom(e) : 0;
}

const char *container_state_json(struct container *c, enum oci_status status, pid_t pid)
{
	_cleanup_str_ struct str text = STR_INIT;
	struct oci_record rec = c->record;
	struct oci_state state;

	rec.pid = pid;
	rec.has_pid = true;
	state_describe(&rec, status, &state);
	if (oci_write(&text, &oci_state_type, &state, OCI_COMPACT) < 0 || text.failed)
		return NULL;
	return arena_strdup(c->context->arena, text.text);
}

const char *process_state_json(struct arena *a, struct oci_state *state, const char *metadata, pid_t pid)
{
	_cleanup_str_ struct str text = STR_INIT;
	char *fds[] = { "seccompFd" };
	struct oci_container_process_state process = {
		.oci_version = state->oci_version, .fds = fds, .fds_len = 1, .pid = pid, .metadata = (char *)metadata,
		.state = state,
	};

	if (oci_write(&text, &oci_container_process_state_type, &process, OCI_COMPACT) < 0 || text.failed)
		return NULL;
	return arena_strdup(a, text.text);
}

const char *container_process_state_json(struct container *c, const char *metadata, pid_t pid)
{
	struct oci_record rec = c->record;
	struct oci_state state;

	rec.pid = pid;
	rec.has_pid = true;
	/* As in the specification's example, and as agents know it. */
	state_describe(&rec, OCI_STATUS_CREATING, &state);
	return process_state_json(c->context->arena, &state, metadata, pid);
}
