/*
 * Why: the C structs and the field tables of every OCI document come from one source, the schema, so they cannot
 * disagree. Usage: gen OUTDIR SCHEMA.json...; writes OUTDIR/oci_spec.h and OUTDIR/oci_spec.c.
 */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libocispec/gen/schema.h"

static FILE *out;

static void put(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void put(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(out, fmt, ap);
	va_end(ap);
}

/* "SCMP_ACT_KILL" of seccomp_action -> OCI_SECCOMP_ACTION_SCMP_ACT_KILL */
static void put_constant(const char *name, const char *word)
{
	put("OCI_");
	for (; *name; name++)
		fputc(toupper((unsigned char)*name), out);
	fputc('_', out);
	for (; *word; word++)
		fputc(isalnum((unsigned char)*word) ? toupper((unsigned char)*word) : '_', out);
}

static void put_doc(const char *indent, const char *doc)
{
	if (doc)
		put("%s/* %s */\n", indent, doc);
}

static bool is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* ---- oci_spec.h ---- */

static void put_enum(const struct definition *d)
{
	put("\n");
	put_doc("", d->doc);
	put("enum oci_%s {\n\t", d->name);
	put_constant(d->name, "UNSET");
	for (size_t i = 0; i < d->words_len; i++) {
		put(",\n\t");
		put_constant(d->name, d->words[i]);
	}
	put(",\n};\n");
	put("/* The JSON text, NULL for UNSET and for what is no constant. */\n");
	put("const char *oci_%s_name(enum oci_%s value);\n", d->name, d->name);
	put("extern const struct oci_enum oci_%s_words;\n", d->name);
}

static const char *map_name(const struct property *p)
{
	return p->ref_name ? p->ref_name : "string";
}

static void put_map(const struct property *p)
{
	bool object = is(p->kind, "OBJECT");

	if (!object && !is(p->kind, "STRING"))
		die("%s: maps are of strings or objects", p->json_name);
	put("\nstruct oci_%s_map {\n\tchar **keys;\n\t%s%s%s*values;\n\tsize_t len;\n};\n", map_name(p),
	    object ? "struct oci_" : "char *", object ? p->ref_name : "", object ? " " : "");
}

/* Every kind of map once. */
static void put_maps(const struct schema *s)
{
	const char *done[64];
	size_t n = 0;

	for (size_t i = 0; i < s->len; i++)
		for (size_t k = 0; k < s->definitions[i].properties_len; k++) {
			const struct property *p = &s->definitions[i].properties[k];
			size_t seen = 0;

			if (!is(p->shape, "MAP"))
				continue;
			while (seen < n && !is(done[seen], map_name(p)))
				seen++;
			if (seen < n)
				continue;
			if (n == sizeof done / sizeof *done)
				die("too many kinds of maps");
			done[n++] = map_name(p);
			put_map(p);
		}
}

static bool has_flag(const struct property *p)
{
	return is(p->shape, "ONE") && !p->required && (is(p->kind, "BOOL") || is(p->kind, "INTEGER"));
}

static void put_member(const struct property *p)
{
	bool object = is(p->kind, "OBJECT");
	const char *type = object ? format("struct oci_%s", p->ref_name) : p->c_type;
	const char *space = type[strlen(type) - 1] == '*' ? "" : " ";

	put_doc("\t", p->doc);
	if (is(p->shape, "MAP")) {
		put("\tstruct oci_%s_map *%s;\n", map_name(p), p->c_name);
	} else if (is(p->shape, "ARRAY")) {
		put("\t%s%s*%s;\n\tsize_t %s_len;\n", type, space, p->c_name, p->c_name);
	} else {
		put("\t%s%s%s%s;\n", type, space, object ? "*" : "", p->c_name);
		if (has_flag(p))
			put("\tbool has_%s;\n", p->c_name);
	}
}

static void put_struct(const struct definition *d)
{
	put("\n");
	put_doc("", d->doc);
	put("struct oci_%s {\n", d->name);
	for (size_t i = 0; i < d->properties_len; i++)
		put_member(&d->properties[i]);
	put("};\nextern const struct oci_type oci_%s_type;\n", d->name);
}

static void put_header(const struct schema *s)
{
	put("/* Made by libocispec/gen from libocispec/schema: see libocispec/field/type.h for how to read it. */\n"
	    "#pragma once\n\n#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n"
	    "#include \"libocispec/field/type.h\"\n\n"
	    "/* The GNU dialects define it as 1, but here it is a name. */\n#undef linux\n");
	for (size_t i = 0; i < s->len; i++)
		if (s->definitions[i].words)
			put_enum(&s->definitions[i]);
	put("\n");
	for (size_t i = 0; i < s->len; i++)
		if (!s->definitions[i].words)
			put("struct oci_%s;\n", s->definitions[i].name);
	put_maps(s);
	for (size_t i = 0; i < s->len; i++)
		if (!s->definitions[i].words)
			put_struct(&s->definitions[i]);
}

/* ---- oci_spec.c ---- */

static void put_words(const struct definition *d)
{
	put("\nstatic const char *const %s_texts[] = {\n", d->name);
	for (size_t i = 0; i < d->words_len; i++)
		put("\t\"%s\",\n", d->words[i]);
	put("};\nconst struct oci_enum oci_%s_words = { %s_texts, %zu };\n\n", d->name, d->name, d->words_len);
	put("const char *oci_%s_name(enum oci_%s value)\n{\n", d->name, d->name);
	put("\treturn value >= 1 && value <= %zu ? %s_texts[value - 1] : NULL;\n}\n", d->words_len, d->name);
}

static void put_field(const struct definition *d, const struct property *p)
{
	put("\t{ .name = \"%s\", .name_len = %zu, .kind = OCI_KIND_%s, .shape = OCI_SHAPE_%s", p->json_name,
	    strlen(p->json_name), p->kind, p->shape);
	if (p->width)
		put(", .width = %d", p->width);
	if (p->is_signed)
		put(", .is_signed = true");
	if (p->required)
		put(", .required = true");
	if (p->always_written)
		put(", .always_written = true");
	put(",\n\t  .offset = offsetof(struct oci_%s, %s)", d->name, p->c_name);
	if (is(p->shape, "ARRAY"))
		put(", .extra = offsetof(struct oci_%s, %s_len)", d->name, p->c_name);
	else if (has_flag(p))
		put(", .extra = offsetof(struct oci_%s, has_%s)", d->name, p->c_name);
	if (is(p->kind, "INTEGER"))
		put(",\n\t  .min = %s, .max = %s", p->min, p->max);
	if (p->ref)
		put(",\n\t  .%s = &oci_%s_%s", p->ref->words ? "values" : "type", p->ref_name,
		    p->ref->words ? "words" : "type");
	put(" },\n");
}

static void put_type(const struct definition *d)
{
	put("\nstatic const struct oci_field %s_fields[] = {\n", d->name);
	for (size_t i = 0; i < d->properties_len; i++)
		put_field(d, &d->properties[i]);
	put("};\nconst struct oci_type oci_%s_type = {\n\t.name = \"oci_%s\", .fields = %s_fields,\n", d->name,
	    d->name, d->name);
	put("\t.fields_len = %zu,\n", d->properties_len);
	put("\t.size = sizeof(struct oci_%s), .closed = %s,\n};\n", d->name, d->closed ? "true" : "false");
}

static void put_source(const struct schema *s)
{
	put("/* Made by libocispec/gen from libocispec/schema. */\n#include \"oci_spec.h\"\n");
	for (size_t i = 0; i < s->len; i++)
		if (s->definitions[i].words)
			put_words(&s->definitions[i]);
		else
			put_type(&s->definitions[i]);
}

static void write_file(const char *dir, const char *name, void (*put_all)(const struct schema *),
		       const struct schema *s)
{
	const char *path = format("%s/%s", dir, name);

	out = fopen(path, "w");
	if (!out)
		die("cannot write %s", path);
	put_all(s);
	if (fclose(out) != 0)
		die("cannot write %s", path);
}

int main(int argc, char **argv)
{
	struct schema s = { 0 };

	if (argc < 3)
		die("usage: gen OUTDIR SCHEMA.json...");
	for (int i = 2; i < argc; i++)
		schema_load(&s, argv[i]);
	schema_resolve(&s);
	/* The header last: make then sees it as newer than the source, from which it takes that both are there. */
	write_file(argv[1], "oci_spec.c", put_source, &s);
	write_file(argv[1], "oci_spec.h", put_header, &s);
	return 0;
}
