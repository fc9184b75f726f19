/* Nix's base 32: 5 bits a character, the last bits first; digits and small letters without e, o, t and u. */
#pragma once

#include <stddef.h>

/* ret has room for (len * 8 + 4) / 5 characters and a NUL. */
void base32_encode(const unsigned char *bytes, size_t len, char *ret);
