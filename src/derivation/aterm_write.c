/* Why: the hash of a derivation is the hash of this text, so every byte of it matters. */
#include <string.h>

#include "derivation/aterm.h"

void aterm_write_string(struct str *out, const char *text)
{
	size_t plain;

	str_addc(out, '"');
	for (; *text; text += plain) {
		plain = strcspn(text, "\"\\\n\r\t");
		str_addn(out, text, plain);
		if (!text[plain])
			break;
		str_addc(out, '\\');
		str_addc(out, text[plain] == '\n' ? 'n' : text[plain] == '\r' ? 'r' : text[plain] == '\t' ? 't' :
			 text[plain]);
		plain++;
	}
	str_addc(out, '"');
}

void aterm_write_words(struct str *out, char *const *words, size_t len)
{
	str_addc(out, '[');
	for (size_t i = 0; i < len; i++) {
		if (i)
			str_addc(out, ',');
		aterm_write_string(out, words[i]);
	}
	str_addc(out, ']');
}

static void write_output(struct str *out, const struct drv_output *o)
{
	str_addc(out, '(');
	aterm_write_string(out, o->name);
	str_addc(out, ',');
	aterm_write_string(out, o->path ? o->path : "");
	if (o->algorithm)
		str_addf(out, ",\"%s%s\",\"%s\")", drv_method_prefix(o->method), o->algorithm,
			 o->kind == DRV_OUTPUT_IMPURE ? "impure" : o->hash ? o->hash : "");
	else
		str_add(out, ",\"\",\"\")");
}

/* The reader limits the depth. */
static void write_wanted(struct str *out, const struct drv_wanted *w)
{
	if (w->dynamic_len)
		str_addc(out, '(');
	aterm_write_words(out, w->outputs.items, w->outputs.len);
	if (w->dynamic_len == 0)
		return;
	str_add(out, ",[");
	for (size_t i = 0; i < w->dynamic_len; i++) {
		str_add(out, i ? ",(" : "(");
		aterm_write_string(out, w->dynamic[i].output);
		str_addc(out, ',');
		write_wanted(out, &w->dynamic[i].wanted);
		str_addc(out, ')');
	}
	str_add(out, "])");
}

static void write_env(struct str *out, const struct derivation *d)
{
	str_addc(out, '[');
	for (size_t i = 0; i < d->env_len; i++) {
		str_add(out, i ? ",(" : "(");
		aterm_write_string(out, d->env[i].name);
		str_addc(out, ',');
		aterm_write_string(out, d->env[i].value);
		str_addc(out, ')');
	}
	str_addc(out, ']');
}

void aterm_write(const struct derivation *d, struct str *out)
{
	str_add(out, d->dynamic ? "DrvWithVersion(\"xp-dyn-drv\",[" : "Derive([");
	for (size_t i = 0; i < d->outputs_len; i++) {
		if (i)
			str_addc(out, ',');
		write_output(out, &d->outputs[i]);
	}
	str_add(out, "],[");
	for (size_t i = 0; i < d->inputs_len; i++) {
		str_add(out, i ? ",(" : "(");
		aterm_write_string(out, d->inputs[i].path);
		str_addc(out, ',');
		write_wanted(out, &d->inputs[i].wanted);
		str_addc(out, ')');
	}
	str_add(out, "],");
	aterm_write_words(out, d->sources.items, d->sources.len);
	str_addc(out, ',');
	aterm_write_string(out, d->system);
	str_addc(out, ',');
	aterm_write_string(out, d->builder);
	str_addc(out, ',');
	aterm_write_words(out, d->args.items, d->args.len);
	str_addc(out, ',');
	write_env(out, d);
	str_addc(out, ')');
}
