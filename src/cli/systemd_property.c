/* Why: the runtime, which plans a unit's properties, knows nothing of D-Bus; so they come as words with a signature. */
#include "cli/systemd_property.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *words_next(struct words *w)
{
	return *w->next ? *w->next++ : NULL;
}

/* How long the first complete type of a signature is. */
static size_t type_len(const char *signature)
{
	size_t len = 1;

	if (*signature == 'a')
		return 1 + type_len(signature + 1);
	if (*signature != '(')
		return 1;
	while (signature[len] && signature[len] != ')')
		len += type_len(signature + len);
	return len + 1;
}

static int append_number(sd_bus_message *m, char type, const char *word)
{
	char *end;
	long long i;
	unsigned long long u;

	errno = 0;
	i = strtoll(word, &end, 10);
	u = word[0] == '-' ? (unsigned long long)i : strtoull(word, &end, 10);
	if (errno || end == word || *end)
		return -EINVAL;
	switch (type) {
	case 'y': return sd_bus_message_append(m, "y", (int)u);
	case 'n': return sd_bus_message_append(m, "n", (int)i);
	case 'q': return sd_bus_message_append(m, "q", (int)u);
	case 'i': return sd_bus_message_append(m, "i", (int32_t)i);
	case 'u': return sd_bus_message_append(m, "u", (uint32_t)u);
	case 'x': return sd_bus_message_append(m, "x", (int64_t)i);
	case 't': return sd_bus_message_append(m, "t", (uint64_t)u);
	}
	return -EINVAL;
}

static int append_value(sd_bus_message *m, const char *signature, struct words *w);

static int append_sequence(sd_bus_message *m, const char *signature, size_t len, struct words *w)
{
	int r = 0;

	for (size_t at = 0; r >= 0 && at < len; at += type_len(signature + at))
		r = append_value(m, signature + at, w);
	return r;
}

static int append_array(sd_bus_message *m, const char *element, struct words *w)
{
	const char *word = words_next(w);
	unsigned long count = word ? strtoul(word, NULL, 10) : 0;
	char type[32];
	int r;

	snprintf(type, sizeof type, "%.*s", (int)type_len(element), element);
	r = sd_bus_message_open_container(m, 'a', type);
	for (unsigned long i = 0; r >= 0 && i < count; i++)
		r = append_value(m, element, w);
	return r < 0 ? r : sd_bus_message_close_container(m);
}

/* One value, of the first type in signature. */
static int append_value(sd_bus_message *m, const char *signature, struct words *w)
{
	const char *word;
	char inner[32];
	double number;
	int r;

	if (*signature == 'a')
		return append_array(m, signature + 1, w);
	if (*signature == '(') {
		size_t len = type_len(signature) - 2;

		snprintf(inner, sizeof inner, "%.*s", (int)len, signature + 1);
		r = sd_bus_message_open_container(m, 'r', inner);
		if (r >= 0)
			r = append_sequence(m, signature + 1, len, w);
		return r < 0 ? r : sd_bus_message_close_container(m);
	}
	word = words_next(w);
	if (!word)
		return -EINVAL;
	switch (*signature) {
	case 's': return sd_bus_message_append(m, "s", word);
	case 'o': return sd_bus_message_append(m, "o", word);
	case 'b': return sd_bus_message_append(m, "b", strcmp(word, "true") == 0);
	case 'd':
		number = strtod(word, NULL);
		return sd_bus_message_append_basic(m, 'd', &number);
	default: return append_number(m, *signature, word);
	}
}

int properties_append(sd_bus_message *m, struct words *w, struct err *e)
{
	const char *name;

	while ((name = words_next(w))) {
		const char *signature = words_next(w);
		int r = signature ? sd_bus_message_open_container(m, 'r', "sv") : -EINVAL;

		if (r >= 0)
			r = sd_bus_message_append(m, "s", name);
		if (r >= 0)
			r = sd_bus_message_open_container(m, 'v', signature);
		if (r >= 0)
			r = append_value(m, signature, w);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
		if (r >= 0)
			r = sd_bus_message_close_container(m);
		if (r < 0)
			return err_set(e, -r, "the property %s: its value is not of type '%s'", name,
				       signature ? signature : "");
	}
	return 0;
}
