/*
 * The state directory: ROOT/ID per container, its lock, its files.
 *
 *     ROOT/ID/state.json    the record (codec.h), always replaced as a whole
 *     ROOT/ID/config.json   what later commands need of the config: the process's, linux; without mounts and hooks
 *     ROOT/ID/start.sock    the socket on which init waits for start
 *
 * Ids come from outside: every function here that takes one checks it before it becomes part of a path.
 *
 * A killed runtime leaves one of these, and `delete --force` cleans each: an empty directory (state_open succeeds,
 * state_read says -ENODATA); a record with or without the other files and ".NAME.tmp" leavings (state_read succeeds);
 * a directory that state_remove has half emptied, record last (either of the two). The lock dies with its holders.
 *
 * All functions return 0 or -errno with a message.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

struct oci_record;
struct oci_spec;

#define STATE_FILE_CONFIG "config.json"
#define STATE_FILE_SOCKET "start.sock"

/* An opened ROOT/ID. Both descriptors are close-on-exec. */
struct state_dir {
	int fd;                  /* the directory; -1 when closed */
	int root_fd;
	char id[NAME_MAX + 1];
};

#define STATE_DIR_INIT ((struct state_dir){ .fd = -1, .root_fd = -1 })

/*
 * Letters, digits and _ + - . ; as long as a file name may be. It does not begin with a dot: such names in ROOT are
 * caches and temporary files.
 */
int state_check_id(const char *id, struct err *e);

/*
 * Where state is kept without --root: /run/cloister for root of the initial user namespace; else
 * $XDG_RUNTIME_DIR/cloister; else /tmp/cloister-UID, which is made if it is missing and refused if it is not ours
 * alone.
 */
int state_root_default(struct arena *a, bool in_initial_userns_root, char **ret, struct err *e);

/*
 * Makes ROOT (0700, with parents) and ROOT/ID, locked. -EEXIST: such a container is there already. The record must be
 * written before anything else: a directory without one is free for whoever gets its lock.
 */
int state_create(const char *root, const char *id, struct state_dir *ret, struct err *e);

/* Opens ROOT/ID and waits for its lock. -ENOENT: there is no such container, or no more when the lock was got. */
int state_open(const char *root, const char *id, struct state_dir *ret, struct err *e);

/* Opens ROOT/ID without the lock, only to read the record: `state` and `list` never wait for a long create. */
int state_peek(const char *root, const char *id, struct state_dir *ret, struct err *e);

/* The same for another container of the root that `dir` has open: `list` looks at a thousand. */
int state_peek_another(struct state_dir *dir, const char *id, struct err *e);

/*
 * Closes both descriptors. The lock goes when the last copy of `fd` is closed, so a child that outlives the command
 * (init) must close its copy before it waits for anything.
 */
void state_close(struct state_dir *dir);
#define _cleanup_state_dir_ __attribute__((cleanup(state_close)))

/*
 * The same, and the lock goes at once, also where a child has copies that it cannot close: it may be frozen at
 * birth.
 */
void state_unlock(struct state_dir *dir);

/*
 * Gives the lock up and keeps the descriptors, and gets it again. -ENOENT: the container was removed meanwhile; the
 * name may be another's by now.
 */
void state_let_go(struct state_dir *dir);
int state_lock_again(struct state_dir *dir, struct err *e);

/* Replaces the record. */
int state_write(const struct state_dir *dir, const struct oci_record *record, struct err *e);

/*
 * Reads the record into the arena. -ENODATA: there is none (yet), the container's creation is running or was
 * interrupted. -ENOENT: the container was removed meanwhile (only after state_peek).
 */
int state_read(struct arena *a, const struct state_dir *dir, struct oci_record **ret, struct err *e);

/* Keeps the config; to be called once, before the record says "created". -EINVAL: it holds text that is not UTF-8. */
int state_write_config(const struct state_dir *dir, const struct oci_spec *config, struct err *e);
/* Puts another in its place, at once. */
int state_replace_config(const struct state_dir *dir, const struct oci_spec *config, struct err *e);
int state_read_config(struct arena *a, const struct state_dir *dir, struct oci_spec **ret, struct err *e);

/* Removes the directory with its files, the record last, and closes it. The lock must be held. */
int state_remove(struct state_dir *dir, struct err *e);

/* The ids below ROOT, sorted, in the arena. -ENOENT: there is no such ROOT. What is no container is passed over. */
int state_list(struct arena *a, const char *root, char ***ret, size_t *ret_len, struct err *e);
