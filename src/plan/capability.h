/* Capability names and numbers: capabilities(7), config.md "capabilities". */
#pragma once

#include <stdint.h>

/* How many capabilities this program knows: 0 .. CAPABILITY_COUNT - 1. */
#define CAPABILITY_COUNT 41

#define CAPABILITY_BIT(n) (UINT64_C(1) << (n))

/* "CAP_CHOWN" -> 0, in any case of its letters. -1: unknown. */
int capability_number(const char *name);
/* "CAP_CHOWN"; NULL for a number that is unknown. */
const char *capability_name(unsigned number);
