/*
 * Why: what a Linux security module knows the process and its mounts by: config.md "apparmorProfile" and
 * "selinuxLabel", config-linux.md "Mount Label". They take effect at the exec, but /proc is out of reach by then, so
 * they are noted when the container is complete.
 */
#include <string.h>

#include "plan/build.h"

static bool is_given(const char *text)
{
	return text && *text;
}

static void add_label(struct build *b, enum plan_stage stage, const char *where, const char *file, const char *text)
{
	plan_add(b->plan, stage, OP_LABEL, where)->label = (struct op_label){ file, text };
}

int plan_check_labels(const struct build *b, struct err *e)
{
	const struct oci_process *process = b->spec->process;
	const char *where = process && is_given(process->selinux_label) ? "process.selinuxLabel"
		: b->spec->linux && is_given(b->spec->linux->mount_label) ? "linux.mountLabel" : NULL;

	if (where && !b->facts->selinux)
		return err_set(e, ENOTSUP, "%s: SELinux is not enabled on this host: leave the label out", where);
	/* Without AppArmor everything is unconfined. */
	if (process && is_given(process->apparmor_profile) && !b->facts->apparmor &&
	    strcmp(process->apparmor_profile, "unconfined") != 0)
		return err_set(e, ENOTSUP, "process.apparmorProfile: AppArmor is not enabled on this host: leave the "
			       "profile out");
	return 0;
}

/* The session keyring that is made next belongs to the process, and so does its label. */
void plan_key_label(struct build *b, enum plan_stage stage)
{
	const struct oci_process *process = b->spec->process;

	if (process && is_given(process->selinux_label))
		add_label(b, stage, "process.selinuxLabel", "attr/keycreate", process->selinux_label);
}

void plan_labels(struct build *b, enum plan_stage stage)
{
	const struct oci_process *process = b->spec->process;

	if (process && is_given(process->apparmor_profile) && b->facts->apparmor)
		add_label(b, stage, "process.apparmorProfile", "attr/apparmor/exec",
			  plan_text(b->plan, "exec %s", process->apparmor_profile));
	if (process && is_given(process->selinux_label))
		add_label(b, stage, "process.selinuxLabel", "attr/exec", process->selinux_label);
}

/* These have labels of their own, by path, which one for all would wipe out. */
static bool labels_itself(const char *fstype)
{
	return strcmp(fstype, "proc") == 0 || strcmp(fstype, "sysfs") == 0 || strcmp(fstype, "cgroup2") == 0;
}

const char *plan_mount_label(const struct build *b)
{
	return b->spec->linux && is_given(b->spec->linux->mount_label) ? b->spec->linux->mount_label : NULL;
}

void plan_label_mount(struct build *b, struct op_mount *m)
{
	const char *label = plan_mount_label(b);
	char **options;
	size_t n = 0;

	if (!label || labels_itself(m->fstype))
		return;
	for (; m->options[n]; n++)
		if (str_has_prefix(m->options[n], "context="))
			return;
	/* There is one mqueue for each ipc namespace, mounted or not: it takes a label, but no option. */
	if (strcmp(m->fstype, "mqueue") == 0) {
		m->label = label;
		return;
	}
	options = arena_array(b->plan->arena, n + 2, sizeof *options);
	if (!options) {
		b->plan->failed = true;
		return;
	}
	memcpy(options, m->options, n * sizeof *options);
	options[n] = (char *)plan_text(b->plan, "context=%s", label);
	m->options = options;
}
