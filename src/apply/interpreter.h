/* What the kernel needs besides an executable file itself: execve(2), "Interpreter scripts"; elf(5), PT_INTERP. */
#pragma once

#include "base/arena.h"

/*
 * Why execve(2) would answer ENOENT or ENOEXEC for a file that is there: a sentence in the arena, such as
 * `its interpreter "/lib/ld.so" is not in the container`. NULL if nothing is wrong, or it cannot be seen.
 */
const char *interpreter_problem(struct arena *a, const char *path);
