/* Structured attributes as .attrs.json and, for a builder that is a bash, as .attrs.sh. */
#pragma once

#include "derivation/json_tree.h"

/*
 * Adds `declare` lines for the members that bash can have as variables: strings, whole numbers, booleans and null;
 * lists and objects of those. The others are left out, as Nix leaves them out.
 */
void shell_write(const struct json_tree *attrs, struct str *out);
