/* Why: "have I seen this path?" is asked for every reference of a closure, with names that others chose. */
#include "store/set.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct set_item *)a)->key, ((const struct set_item *)b)->key);
}

int set_add(struct set *s, const char *key, void *value, bool *ret_new)
{
	struct set_item *item = malloc(sizeof *item), **found;

	if (!item)
		return -ENOMEM;
	*item = (struct set_item){ key, value };
	found = tsearch(item, &s->root, compare);
	*ret_new = found && *found == item;
	if (!*ret_new)
		free(item);
	return found ? 0 : -ENOMEM;
}

const struct set_item *set_find(const struct set *s, const char *key)
{
	struct set_item **found = tfind(&(struct set_item){ .key = key }, &s->root, compare);

	return found ? *found : NULL;
}

void set_free(struct set *s)
{
	int saved = errno;

	tdestroy(s->root, free);
	s->root = NULL;
	errno = saved;
}
