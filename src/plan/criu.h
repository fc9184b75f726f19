/*
 * What criu(8) is asked over its socket, and what it answers: the messages of its RPC (criu.org, "RPC"), which are
 * Protocol Buffers. Only the few kinds of fields that occur are written here, so that no library is needed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/str.h"

enum criu_type { CRIU_DUMP = 1, CRIU_RESTORE = 2, CRIU_PRE_DUMP = 4, CRIU_NOTIFY = 6 };

/* Options by the numbers that they have in the protocol. */
enum criu_option {
	CRIU_IMAGES_DIR = 1,          /* a descriptor of the asking process */
	CRIU_PID = 2,
	CRIU_LEAVE_RUNNING = 3,
	CRIU_EXT_UNIX_SK = 4,
	CRIU_TCP_ESTABLISHED = 5,
	CRIU_SHELL_JOB = 7,
	CRIU_FILE_LOCKS = 8,
	CRIU_LOG_LEVEL = 9,
	CRIU_LOG_FILE = 10,
	CRIU_PAGE_SERVER = 11,
	CRIU_NOTIFY_SCRIPTS = 12,
	CRIU_ROOT = 13,
	CRIU_PARENT_IMAGE = 14,
	CRIU_TRACK_MEM = 15,
	CRIU_AUTO_DEDUP = 16,
	CRIU_WORK_DIR = 17,           /* a descriptor of the asking process */
	CRIU_CGROUP_ROOT = 25,
	CRIU_SIBLING = 26,
	CRIU_INHERIT = 27,            /* a descriptor of criu itself */
	CRIU_EXT_SHARING = 29,
	CRIU_EXT_MASTERS = 30,
	CRIU_CGROUPS_MODE = 34,
	CRIU_EXTERNAL = 37,
	CRIU_EMPTY_NS = 38,           /* CLONE_NEW* */
	CRIU_JOIN_NS = 39,
	CRIU_ORPHAN_PTS_MASTER = 50,
	CRIU_LSM_PROFILE = 53,
};

/* A request that grows, as bytes and, for people and tests, as text with a line for each option. */
struct criu_request {
	enum criu_type type;
	struct str options, text;
};

void criu_number(struct criu_request *r, enum criu_option option, uint64_t value);
void criu_text(struct criu_request *r, enum criu_option option, const char *value);
/* Two values: key and descriptor (INHERIT), namespace and file (JOIN_NS), address and port (PAGE_SERVER). */
void criu_inherit(struct criu_request *r, const char *key, int fd);
void criu_join(struct criu_request *r, const char *ns, const char *file);
void criu_page_server(struct criu_request *r, const char *address, uint16_t port);
/* For all controllers. */
void criu_cgroup_root(struct criu_request *r, const char *path);
/* The whole message. */
void criu_encode(const struct criu_request *r, struct str *out);
/* The answer to a notification: all is done, go on. */
void criu_encode_notified(struct str *out, bool success);
void criu_free(struct criu_request *r);

struct criu_answer {
	int type;                     /* that of the request, or CRIU_NOTIFY */
	bool success;
	pid_t pid;                    /* restored, or what a notification is about; 0: not said */
	const char *script;           /* what a notification is called */
	int number;                   /* an errno value; 0: not said */
	const char *message;          /* NULL: not said */
};

/* Texts live in the arena. -EBADMSG: that is no answer. */
int criu_decode(struct arena *a, const void *bytes, size_t len, struct criu_answer *ret);
