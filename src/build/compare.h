/* How two trees differ, file by file, for a build that did not give the same twice. */
#pragma once

#include <stddef.h>

#include "store/nar.h"

/*
 * line(data, TEXT) is called for each difference: "bin/x: contents differ from byte 17 on", in the order of an archive.
 */
int build_compare(const struct nar_tree *first, const struct nar_tree *second,
		  void (*line)(void *data, const char *text), void *data, struct err *e);
