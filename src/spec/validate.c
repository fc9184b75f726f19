/* Why: see validate.h. This file has the parts of the config that belong to no subject of their own. */
#include "spec/validate.h"

#include <stdio.h>
#include <string.h>

#include "spec/check.h"

/* One of the dot-separated identifiers of a semantic version; a number has no leading zero. */
static const char *skip_identifier(const char *s, bool number, bool no_leading_zero)
{
	size_t len =
		strspn(s, number ? "0123456789" : "0123456789-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

	if (len == 0)
		return NULL;
	if (no_leading_zero && s[0] == '0' && len > 1 && strspn(s, "0123456789") == len)
		return NULL;
	return s + len;
}

static const char *skip_identifiers(const char *s, bool no_leading_zero)
{
	for (;;) {
		s = skip_identifier(s, false, no_leading_zero);
		if (!s || *s != '.')
			return s;
		s++;
	}
}

/* https://semver.org: 1.2.3, 1.2.3-rc.1, 1.2.3+build */
static bool is_semver(const char *s)
{
	for (int i = 0; i < 3; i++) {
		if (i > 0 && *s++ != '.')
			return false;
		s = skip_identifier(s, true, true);
		if (!s)
			return false;
	}
	if (*s == '-')
		s = skip_identifiers(s + 1, true);
	if (s && *s == '+')
		s = skip_identifiers(s + 1, false);
	return s && *s == '\0';
}

static int check_version(const char *version, struct err *e)
{
	if (!is_semver(version))
		return err_set(e, EINVAL, "ociVersion: \"%.100s\" is not a version like 1.2.0", version);
	/* Within a major version, configs stay compatible both ways: config.md, Specification version. */
	if (version[0] != '1' || version[1] != '.')
		return err_set(e, EINVAL, "ociVersion: %.100s is not supported, only versions 1.x are", version);
	return 0;
}

static int check_root(const struct oci_root *root, struct err *e)
{
	if (!root)
		return err_set(e, EINVAL, "root: is missing, but a Linux container needs one");
	if (!*root->path)
		return err_set(e, EINVAL, "root.path: is empty");
	return 0;
}

static int check_hook(const struct oci_hook *hook, struct err *e)
{
	if (hook->path[0] != '/')
		return err_set(e, EINVAL, "path: \"%s\" is not absolute", hook->path);
	if (hook->has_timeout && hook->timeout <= 0)
		return err_set(e, EINVAL, "timeout: %lld is not greater than 0", (long long)hook->timeout);
	return 0;
}

static int check_hooks(const struct oci_hooks *h, struct err *e)
{
	if (!h)
		return 0;
	const struct {
		const char *name;
		const struct oci_hook *hooks;
		size_t len;
	} kinds[] = {
		{ "prestart", h->prestart, h->prestart_len },
		{ "createRuntime", h->create_runtime, h->create_runtime_len },
		{ "createContainer", h->create_container, h->create_container_len },
		{ "startContainer", h->start_container, h->start_container_len },
		{ "poststart", h->poststart, h->poststart_len },
		{ "poststop", h->poststop, h->poststop_len },
	};

	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		for (size_t i = 0; i < kinds[k].len; i++)
			if (check_hook(&kinds[k].hooks[i], e) < 0)
				return spec_err_in(e, "hooks.%s[%zu]", kinds[k].name, i);
	return 0;
}

static int check_annotations(const struct oci_string_map *annotations, struct err *e)
{
	for (size_t i = 0; annotations && i < annotations->len; i++)
		if (!*annotations->keys[i])
			return err_set(e, EINVAL, "annotations: a key is empty");
	return 0;
}

/* An error of process.c and resources.c is about the part alone, so that both can be read alone as well. */
static int check_parts(const struct oci_spec *s, struct err *e)
{
	if (s->process && spec_validate_process(s->process, e) < 0)
		return spec_err_in(e, "process");
	if (s->linux && s->linux->resources && spec_validate_resources(s->linux->resources, e) < 0)
		return spec_err_in(e, "linux.resources");
	if (s->linux && s->linux->seccomp && check_seccomp(s->linux->seccomp, e) < 0)
		return spec_err_in(e, "linux.seccomp");
	return 0;
}

static int check_personality(const struct oci_personality *p, struct err *e)
{
	if (!p)
		return 0;
	if (!p->domain)
		return err_set(e, EINVAL, "personality.domain: is missing");
	if (p->flags_len > 0)
		return err_set(e, EINVAL, "personality.flags[0]: \"%s\" is not known, there are no flags", p->flags[0]);
	return 0;
}

/* A ".." there could only mean to leave the place that the runtime gives a container. */
static int check_cgroups_path(const char *path, struct err *e)
{
	for (const char *p = path; p && *p; p += strcspn(p, "/")) {
		p += strspn(p, "/");
		if (strcspn(p, "/") == 2 && p[0] == '.' && p[1] == '.')
			return err_set(e, EINVAL, "cgroupsPath: \"%s\" holds \"..\"", path);
	}
	return 0;
}

static int check_linux(const struct oci_linux *l, struct err *e)
{
	int r;

	if (!l)
		return 0;
	r = check_devices(l, e);
	if (r == 0)
		r = check_sysctl(l, e);
	if (r == 0)
		r = check_personality(l->personality, e);
	if (r == 0)
		r = check_cgroups_path(l->cgroups_path, e);
	if (r == 0)
		r = check_memory_policy(l->memory_policy, e);
	if (r == 0)
		r = check_intel_rdt(l->intel_rdt, e);
	return r < 0 ? spec_err_in(e, "linux") : 0;
}

int spec_validate(const struct oci_spec *s, struct err *e)
{
	int r = check_version(s->oci_version, e);

	if (r == 0)
		r = check_root(s->root, e);
	if (r == 0)
		r = check_parts(s, e);
	if (r == 0)
		r = check_namespaces(s, e);
	if (r == 0)
		r = check_linux(s->linux, e);
	if (r == 0)
		r = check_mounts(s, e);
	if (r == 0)
		r = check_hooks(s->hooks, e);
	if (r == 0)
		r = check_annotations(s->annotations, e);
	return r;
}

int spec_check_id(const char *id, struct err *e)
{
	size_t len = strlen(id);

	if (len == 0)
		return err_set(e, EINVAL, "a container id is empty");
	if (len > 1024)
		return err_set(e, EINVAL, "a container id has %zu bytes, at most 1024 are allowed", len);
	if (strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_+-.") != len)
		return err_set(e, EINVAL,
			       "invalid container id \"%s\": only letters, digits and the characters _+-. may occur",
			       id);
	if (strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		return err_set(e, EINVAL, "invalid container id \"%s\"", id);
	return 0;
}

int spec_err_in(struct err *e, const char *fmt, ...)
{
	char path[256], old[ERR_TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof path, fmt, ap);
	va_end(ap);
	memcpy(old, e->text, sizeof old);
	return err_set(e, e->num, "%s.%s", path, old);
}
