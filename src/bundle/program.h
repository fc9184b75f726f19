/* Which program a bundle runs: by name, by path, or the one that a store path obviously means. */
#pragma once

#include "bundle/recipe.h"

/*
 * Sets r->args: the command's own words, with an absolute path in the container as the first. No words: the program
 * that `below` (NULL or something below the only root, "/bin/x") names, else the only one in the only root's bin, else
 * the one there with the package's name, else the root itself if it is a program. -ENOENT with where it looked.
 */
int program_set(struct arena *a, struct recipe *r, char **words, size_t words_len, const char *below, struct err *e);

/*
 * Sets r->bin_sh. choice: "none"; "default": the closure's own shell, an error if it has none; NULL: the same, but none
 * is fine; else a path in the closure.
 */
int program_set_shell(struct arena *a, struct recipe *r, const char *choice, struct err *e);
