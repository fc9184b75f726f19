/*
 * Errors are values.
 *
 * A function that can fail returns 0 or -errno and fills the `struct err` of its caller. The struct holds number and
 * text by value: no allocation, and one write(2) carries it whole from a child to its parent. Each caller may put its
 * own context in front (err_prefix); only cli/ prints.
 *
 * A message is one line: what, which object, why, what to do. It starts with a small letter and has no full stop.
 */
#pragma once

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>

#define ERR_TEXT_MAX 1024

struct err {
	int num;                  /* a positive errno value, 0: no error */
	char text[ERR_TEXT_MAX];  /* NUL-terminated, cut in its middle if too long; plain as by str_make_plain */
};

/* Sets number and text. Returns -num, so that `return err_set(e, EINVAL, ...)` reads well. num must not be 0. */
int err_set(struct err *e, int num, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* As err_set, with ": <what the number means>" behind the text, in the lower case that engines search for. */
int err_sys(struct err *e, int num, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts "<context>: " in front of the text. Returns -e->num. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The arena or the heap is used up. */
int err_oom(struct err *e);

/* strerror(3) with a small first letter: "no such file or directory". Valid until the next call. */
const char *err_name(int num);
