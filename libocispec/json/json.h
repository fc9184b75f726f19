/*
 * JSON text to events, with the place of every one of them. This is the only part of the runtime that knows yajl.
 * Stricter than yajl: a string that is not UTF-8, a NUL in a string, half a surrogate pair, a byte order mark and
 * anything behind the value are errors.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_OBJECT,
	JSON_ARRAY,
	JSON_KEY,
	JSON_END,  /* of the innermost object or array */
};

struct json_event {
	enum json_type type;
	bool value;        /* JSON_BOOL */
	const char *text;  /* JSON_NUMBER: as it is written; JSON_STRING, JSON_KEY: decoded; not NUL-terminated */
	size_t len;
	size_t at;         /* offset of its first byte in the input; the handler may set another place for its error */
};

/* Deals with one event. Returns 0, or -errno with e filled, which ends the parse. */
typedef int json_handler(void *context, struct json_event *event, struct err *e);

/* At most so many objects and arrays may be open at once. */
#define JSON_DEPTH_MAX 128

/*
 * Parses the whole text, which must be one value. An error of the text or of the handler (but for ENOMEM) gets
 * "<name>:<line>:<column>: " in front; columns count characters, both from 1. Returns 0 or -errno.
 */
int json_parse(const char *name, const char *text, size_t len, json_handler *handler, void *context, struct err *e);

/* "an object", "a number", ...: for messages. */
const char *json_type_name(enum json_type type);

/* True if the bytes are UTF-8 as RFC 3629 has it: shortest forms, no surrogates, nothing above U+10FFFF. */
bool json_is_utf8(const char *text, size_t len);
