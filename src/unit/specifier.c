/*
 * Why: a bundle has no manager that could ask at each start, so specifiers are replaced once, by what they mean in the
 * container. Those that change with each boot are refused rather than frozen.
 */
#include "unit/specifier.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

struct context {
	struct arena *arena;
	const struct unit *unit;
	const struct unit_host *host;
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *unit_unescape(struct arena *a, const char *name)
{
	_cleanup_str_ struct str out = STR_INIT;

	for (; *name; name++) {
		if (*name == '-') {
			str_addc(&out, '/');
		} else if (*name == '\\') {
			int high = name[1] == 'x' ? hex_digit(name[2]) : -1;
			int low = high < 0 ? -1 : hex_digit(name[3]);

			if (low < 0 || high + low == 0)
				return NULL;
			str_addc(&out, (char)(high << 4 | low));
			name += 3;
		} else {
			str_addc(&out, *name);
		}
	}
	return out.failed ? NULL : arena_strndup(a, str_text(&out), out.len);
}

/* ---- names ---- */

static const char *instance(const struct context *c)
{
	return c->unit->instance ? c->unit->instance : "";
}

static const char *name_without_type(const struct context *c)
{
	return arena_strndup(c->arena, c->unit->name, strlen(c->unit->name) - strlen(".service"));
}

/* Of "a-b-c" it is "c". */
static const char *last_part(const struct context *c)
{
	const char *dash = strrchr(c->unit->prefix, '-');

	return dash ? dash + 1 : c->unit->prefix;
}

static const char *as_path(const struct context *c)
{
	const char *text = unit_unescape(c->arena, c->unit->instance ? c->unit->instance : c->unit->prefix);

	return text ? arena_printf(c->arena, "/%s", text + strspn(text, "/")) : NULL;
}

static const char *directory(const struct context *c)
{
	const char *slash = strrchr(c->unit->path, '/');

	return arena_strndup(c->arena, c->unit->path, slash ? (size_t)(slash - c->unit->path) : 0);
}

static const char *short_hostname(const struct context *c)
{
	const char *name = c->host->hostname;

	return name ? arena_strndup(c->arena, name, strcspn(name, ".")) : NULL;
}

/* NULL: the host does not know it. */
static const char *value_of(const struct context *c, char letter)
{
	const struct unit_host *h = c->host;
	const struct unit *u = c->unit;

	switch (letter) {
	case 'n': return u->name;
	case 'N': return name_without_type(c);
	case 'p': return u->prefix;
	case 'P': return unit_unescape(c->arena, u->prefix);
	case 'i': return instance(c);
	case 'I': return unit_unescape(c->arena, instance(c));
	case 'j': return last_part(c);
	case 'J': return unit_unescape(c->arena, last_part(c));
	case 'f': return as_path(c);
	case 'y': return u->path;
	case 'Y': return directory(c);
	case 't': return "/run";
	case 'S': return "/var/lib";
	case 'C': return "/var/cache";
	case 'L': return "/var/log";
	case 'E': return "/etc";
	case 'D': return "/usr/share";
	case 'T': return "/tmp";
	case 'V': return "/var/tmp";
	case 'd': return arena_printf(c->arena, "/run/credentials/%s", u->name);
	case 'u': return h->user;
	case 'g': return h->group;
	case 'h': return h->home;
	case 's': return h->shell;
	case 'U': return arena_printf(c->arena, "%u", h->uid);
	case 'G': return arena_printf(c->arena, "%u", h->gid);
	case 'a': return h->architecture;
	case 'H': return h->hostname;
	case 'l': return short_hostname(c);
	case 'q': return h->pretty_hostname ? h->pretty_hostname : h->hostname;
	case 'm': return h->machine_id;
	case 'v': return h->kernel_release;
	case 'o': return h->os_id;
	/* os-release(5): these may be absent, and are empty then */
	case 'w': return h->os_version_id ? h->os_version_id : "";
	case 'W': return h->os_variant_id ? h->os_variant_id : "";
	case 'B': return h->os_build_id ? h->os_build_id : "";
	case 'M': return h->image_id ? h->image_id : "";
	case 'A': return h->image_version ? h->image_version : "";
	default: return NULL;
	}
}

static int expand_one(const struct context *c, struct str *out, char letter, struct err *e)
{
	static const char known[] = "nNpPiIjJfyYtSCLEDTVdughsUGaHlqmvowWBMA";
	const char *value;

	if (letter == '%') {
		str_addc(out, '%');
		return 0;
	}
	if (letter == 'b')
		return err_set(e, EINVAL, "%%b, the boot's id, is another one at each boot: a bundle cannot hold it");
	if (!strchr(known, letter)) {
		str_addc(out, '%');
		str_addc(out, letter);
		return 0;
	}
	value = value_of(c, letter);
	if (arena_failed(c->arena))
		return err_oom(e);
	if (!value)
		return err_set(e, EINVAL, "%%%c has no value here: %s", letter,
			       strchr("IPJf", letter) ? "the name has an escape that is none" :
			       "this host does not say it");
	str_add(out, value);
	return 0;
}

int unit_expand(struct arena *a, const struct unit *u, const struct unit_host *h, const char *text, char **ret,
		struct err *e)
{
	const struct context c = { .arena = a, .unit = u, .host = h };
	_cleanup_str_ struct str out = STR_INIT;

	for (; *text; text++) {
		int r = 0;

		if (*text == '%' && text[1])
			r = expand_one(&c, &out, *++text, e);
		else
			str_addc(&out, *text);
		if (r < 0)
			return r;
		if (out.len > UNIT_LINE_MAX)
			return err_set(e, E2BIG, "with its specifiers replaced it is longer than %d bytes",
				       UNIT_LINE_MAX);
	}
	*ret = out.failed ? NULL : arena_strndup(a, str_text(&out), out.len);
	return *ret ? 0 : err_oom(e);
}
