/* Why: engines and scripts pass intervals as runc, which is written in Go, takes them. */
#include "cli/duration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	double ms;
} units[] = {
	{ "ns", 1e-6 }, { "us", 1e-3 }, { "ms", 1 }, { "s", 1000 }, { "m", 60e3 }, { "h", 3600e3 },
};

int duration_parse(const char *text, unsigned *ret_ms)
{
	double total = 0;

	do {
		size_t digits = strspn(text, "0123456789"), fraction = 0, unit, i = 0;
		double value = strtod(text, NULL);

		if (text[digits] == '.')
			fraction = 1 + strspn(text + digits + 1, "0123456789");
		if (digits + fraction == 0 || digits + (fraction ? fraction - 1 : 0) == 0)
			return -EINVAL;
		text += digits + fraction;
		unit = strcspn(text, "0123456789.");
		while (i < sizeof units / sizeof *units &&
		       !(strlen(units[i].name) == unit && strncmp(units[i].name, text, unit) == 0))
			i++;
		if (i == sizeof units / sizeof *units)
			return -EINVAL;
		total += value * units[i].ms;
		text += unit;
	} while (*text);
	if (!(total > 0) || total > UINT32_MAX)
		return -EINVAL;
	*ret_ms = (unsigned)total + ((double)(unsigned)total < total);
	return 0;
}
