/*
 * What every fuzz target begins with. A target is one function: libFuzzer calls it with texts that it makes up
 * (`make fuzz`), replay.c with those of corpus/<target>/, which is what `make check` does on every machine.
 *
 * A crash, a sanitizer's report and a broken promise (fuzz_check) are findings.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/io.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define fuzz_check(promise)                                                                    \
	do {                                                                                   \
		if (!(promise)) {                                                              \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #promise); \
			abort();                                                               \
		}                                                                              \
	} while (0)

/* What err.h promises: a failure has a number and one plain line, a success is 0. True on success. */
static inline bool fuzz_succeeded(int r, const struct err *e)
{
	char plain[ERR_TEXT_MAX];

	fuzz_check(r <= 0);
	if (r == 0)
		return true;
	fuzz_check(e->num == -r && e->text[0] && memchr(e->text, '\0', sizeof e->text));
	strcpy(plain, e->text);
	str_make_plain(plain);
	fuzz_check(strcmp(plain, e->text) == 0);
	return false;
}

/* For what reads a file: the path of one with that content, good until the next call. */
static inline const char *fuzz_file(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", MFD_CLOEXEC);
	fuzz_check(fd >= 0 && ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	fuzz_check(io_write_all(fd, data, size) == 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return path;
}
