/*
 * The log that an engine asks for with --log: one line per message, as text or as runc's JSON
 * ({"level":"error","msg":"...","time":"..."}). Without --log, messages below `error` go to standard error as text;
 * cli/ prints the final error itself. Debug messages look the same everywhere. Standard output is never used.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * Opens the log (appending, close-on-exec); path NULL: standard error. format: "text" or "json". debug: also debug
 * messages. Called once, before the first message.
 */
int log_open(const char *path, const char *format, bool debug, struct err *e);

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Whether debug messages are wanted: where it costs something to write one. */
bool log_wants_debug(void);

/* True if --log named a file, so that a final error belongs both there and on standard error. */
bool log_has_file(void);
/* The log's descriptor, which must survive closing all others until exec; 2 without --log. */
int log_fd(void);
