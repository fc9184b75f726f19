/*
 * Why: commands on one container must come one after the other, commands on different ones must never wait for each
 * other, and a runtime may be killed between any two of the calls below. So each container has a directory of its own;
 * its creation is exclusive by mkdir(2), its lock is flock(2) on the directory itself, which no kill can leave behind,
 * and its record is replaced by rename(2).
 */
#include "state/store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/io.h"
#include "base/str.h"
#include "libocispec/field/read.h"
#include "libocispec/field/write.h"
#include "oci_spec.h"
#include "state/codec.h"

/* Annotations come from config.json, and so does this limit. */
#define RECORD_MAX (16u << 20)

static int no_such_container(const char *id, struct err *e)
{
	return err_set(e, ENOENT, "container \"%s\" does not exist", id);
}

int state_check_id(const char *id, struct err *e)
{
	size_t len = strlen(id);

	if (len == 0)
		return err_set(e, EINVAL, "container id must not be empty");
	if (len > NAME_MAX)
		return err_set(e, EINVAL, "container id has %zu characters, the limit is %d", len, NAME_MAX);
	if (*id == '.')
		return err_set(e, EINVAL, "container id \"%s\" is invalid: it must not begin with a dot", id);
	if (strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-.") != len)
		return err_set(e, EINVAL, "container id \"%s\" is invalid: use letters, digits and the signs _ + - .",
			       id);
	return 0;
}

static int open_root(const char *root, int *ret_fd, struct err *e)
{
	int fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return err_sys(e, errno, "open state root %s", root);
	*ret_fd = fd;
	return 0;
}

/*
 * Makes the root with its parents. The sticky bit has no meaning for a directory of mode 0700 but one: cleaners of
 * $XDG_RUNTIME_DIR leave it alone (XDG base directory specification).
 */
static int make_root(const char *root, struct err *e)
{
	_cleanup_free_ char *path = strdup(root);

	if (!path)
		return err_oom(e);
	for (char *p = path; *p; p++) {
		if (*p != '/' || p == path)
			continue;
		*p = '\0';
		if (mkdir(path, 0700) < 0 && errno != EEXIST)
			return err_sys(e, errno, "create %s for state root %s", path, root);
		*p = '/';
	}
	if (mkdir(path, 01700) < 0 && errno != EEXIST)
		return err_sys(e, errno, "create state root %s", root);
	return 0;
}

void state_close(struct state_dir *dir)
{
	close_fd(&dir->fd);
	close_fd(&dir->root_fd);
}

void state_unlock(struct state_dir *dir)
{
	if (dir->fd >= 0)
		flock(dir->fd, LOCK_UN);
	state_close(dir);
}

static int begin(const char *id, struct state_dir *ret, struct err *e)
{
	int r = state_check_id(id, e);

	*ret = STATE_DIR_INIT;
	if (r == 0)
		strcpy(ret->id, id);
	return r;
}

static int open_dir(struct state_dir *dir, struct err *e)
{
	dir->fd = openat(dir->root_fd, dir->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->fd >= 0)
		return 0;
	if (errno == ENOENT || errno == ENOTDIR || errno == ELOOP)
		return no_such_container(dir->id, e);
	return err_sys(e, errno, "open state directory of container \"%s\"", dir->id);
}

/*
 * 1 if ROOT/ID still is the directory that was locked, 0 if it was removed while we waited for the lock. What its
 * record says is acted upon (a process is killed), so it must be our own: else anybody could use a privileged caller's
 * hands.
 */
static int lock_dir(struct state_dir *dir, struct err *e)
{
	struct stat ours, named;
	int r;

	do
		r = flock(dir->fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	if (r < 0 || fstat(dir->fd, &ours) < 0)
		return err_sys(e, errno, "lock state directory of container \"%s\"", dir->id);
	if (ours.st_uid != geteuid())
		return err_set(e, EPERM, "container \"%s\" belongs to uid %u: run the command as that user", dir->id,
			       (unsigned)ours.st_uid);
	if (fstatat(dir->root_fd, dir->id, &named, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno == ENOENT)
			return 0;
		return err_sys(e, errno, "stat state directory of container \"%s\"", dir->id);
	}
	return ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static int already_exists(const struct state_dir *dir, struct err *e)
{
	return err_set(e, EEXIST, "container with id \"%s\" already exists", dir->id);
}

/* `delete --force` may come between the steps of a creation. */
static int lost_it(const struct state_dir *dir, struct err *e)
{
	return err_set(e, ENOENT, "container \"%s\" was deleted while it was being created", dir->id);
}

/*
 * mkdir(2) alone decides nothing: before the lock is got, the directory may have been deleted, and made anew by another
 * create. Who has the lock of a directory without a record is its owner.
 */
static int make_locked(struct state_dir *dir, struct err *e)
{
	int r;

	if (mkdirat(dir->root_fd, dir->id, 0700) < 0) {
		if (errno == EEXIST)
			return already_exists(dir, e);
		return err_sys(e, errno, "create state directory of container \"%s\"", dir->id);
	}
	r = open_dir(dir, e);
	if (r == -ENOENT)
		return lost_it(dir, e);
	if (r < 0) {
		unlinkat(dir->root_fd, dir->id, AT_REMOVEDIR);
		return r;
	}
	r = lock_dir(dir, e);
	if (r == 0)
		return lost_it(dir, e);
	if (r < 0) {
		unlinkat(dir->root_fd, dir->id, AT_REMOVEDIR);
		return r;
	}
	if (faccessat(dir->fd, STATE_FILE_RECORD, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return already_exists(dir, e);
	return 0;
}

int state_create(const char *root, const char *id, struct state_dir *ret, struct err *e)
{
	int r = begin(id, ret, e);

	if (r == 0)
		r = open_root(root, &ret->root_fd, e);
	if (r == -ENOENT) {
		r = make_root(root, e);
		if (r == 0)
			r = open_root(root, &ret->root_fd, e);
	}
	if (r == 0)
		r = make_locked(ret, e);
	if (r < 0)
		state_close(ret);
	return r;
}

int state_peek(const char *root, const char *id, struct state_dir *ret, struct err *e)
{
	int r = begin(id, ret, e);

	if (r == 0)
		r = open_root(root, &ret->root_fd, e);
	if (r == -ENOENT)
		r = no_such_container(id, e);
	if (r == 0)
		r = open_dir(ret, e);
	if (r < 0)
		state_close(ret);
	return r;
}

int state_peek_another(struct state_dir *dir, const char *id, struct err *e)
{
	int r = state_check_id(id, e);

	close_fd(&dir->fd);
	if (r < 0)
		return r;
	strcpy(dir->id, id);
	return open_dir(dir, e);
}

int state_open(const char *root, const char *id, struct state_dir *ret, struct err *e)
{
	int r = state_peek(root, id, ret, e);

	/* A new container may have taken the name of the one that we waited for: then that one is meant. */
	while (r == 0) {
		r = lock_dir(ret, e);
		if (r > 0)
			return 0;
		if (r == 0) {
			close_fd(&ret->fd);
			r = open_dir(ret, e);
		}
	}
	state_close(ret);
	return r;
}

void state_let_go(struct state_dir *dir)
{
	flock(dir->fd, LOCK_UN);
}

int state_lock_again(struct state_dir *dir, struct err *e)
{
	int r = lock_dir(dir, e);

	return r > 0 ? 0 : r < 0 ? r : no_such_container(dir->id, e);
}

int state_write(const struct state_dir *dir, const struct oci_record *record, struct err *e)
{
	_cleanup_str_ struct str json = STR_INIT;
	int r = state_encode(&json, record, e);

	if (r == 0)
	r = io_write_file_atomic(dir->fd, STATE_FILE_RECORD, json.text, json.len, 0600, e);
	if (r < 0)
		return err_prefix(e, "container \"%s\"", dir->id);
	return 0;
}

/* Why there is no record: the directory itself is gone, or it never had one. */
static int explain_missing(const struct state_dir *dir, struct err *e)
{
	struct stat st;

	if (fstat(dir->fd, &st) == 0 && st.st_nlink == 0)
		return no_such_container(dir->id, e);
	return err_set(e, ENODATA,
		       "container \"%s\" has no state: its creation is still running or was interrupted, then "
		       "'cloister delete --force %s' removes it",
		       dir->id, dir->id);
}

int state_read(struct arena *a, const struct state_dir *dir, struct oci_record **ret, struct err *e)
{
	size_t len;
	char *json;
	int r = io_read_file(a, dir->fd, STATE_FILE_RECORD, RECORD_MAX, &json, &len, e);

	if (r == -ENOENT)
		return explain_missing(dir, e);
	if (r == 0)
		r = state_decode(a, json, len, ret, e);
	if (r == 0 && strcmp((*ret)->id, dir->id) != 0)
		r = err_set(e, EINVAL, STATE_FILE_RECORD " is that of \"%s\"", (*ret)->id);
	if (r < 0)
		return err_prefix(e, "container \"%s\"", dir->id);
	return 0;
}

/* Written before the record names it created, and from then on only replaced: so whoever reads it finds it whole. */
static int write_config(const struct state_dir *dir, const struct str *json)
{
	_cleanup_close_ int fd =
		openat(dir->fd, STATE_FILE_CONFIG, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : io_write_all(fd, json->text, json->len);
}

static int encode_config(const struct state_dir *dir, const struct oci_spec *config, struct str *json, struct err *e)
{
	const struct oci_spec kept = {
		.oci_version = config->oci_version, .process = config->process, .linux = config->linux,
	};
	int r = oci_write(json, &oci_spec_type, &kept, OCI_COMPACT);

	if (r == -EINVAL)
		return err_set(e, EINVAL, "container \"%s\": the config holds text that is not UTF-8", dir->id);
	return r < 0 || json->failed ? err_oom(e) : 0;
}

int state_write_config(const struct state_dir *dir, const struct oci_spec *config, struct err *e)
{
	_cleanup_str_ struct str json = STR_INIT;
	int r = encode_config(dir, config, &json, e);

	if (r < 0)
		return r;
	r = write_config(dir, &json);
	return r < 0 ? err_sys(e, -r, "container \"%s\": write " STATE_FILE_CONFIG, dir->id) : 0;
}

int state_replace_config(const struct state_dir *dir, const struct oci_spec *config, struct err *e)
{
	_cleanup_str_ struct str json = STR_INIT;
	int r = encode_config(dir, config, &json, e);

	if (r < 0)
		return r;
	r = io_write_file_atomic(dir->fd, STATE_FILE_CONFIG, json.text, json.len, 0600, e);
	return r < 0 ? err_prefix(e, "container \"%s\"", dir->id) : 0;
}

int state_read_config(struct arena *a, const struct state_dir *dir, struct oci_spec **ret, struct err *e)
{
	size_t len;
	char *json;
	int r = io_read_file(a, dir->fd, STATE_FILE_CONFIG, OCI_READ_BYTES_MAX, &json, &len, e);

	if (r == 0)
		r = oci_read(a, &oci_spec_type, STATE_FILE_CONFIG, json, len, ret, e);
	return r < 0 ? err_prefix(e, "container \"%s\"", dir->id) : 0;
}

/*
 * The entries of a directory. The stream has a descriptor of its own: closing it leaves fd, and its lock, alone, and it
 * begins at the first entry. NULL with errno set on failure.
 */
static DIR *list_dir(int fd)
{
	_cleanup_close_ int copy = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);

	if (d)
		take_fd(&copy);
	return d;
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int unlink_file(const struct state_dir *dir, const char *name, struct err *e)
{
	if (unlinkat(dir->fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	return err_sys(e, errno, "remove %s from the state directory of container \"%s\"", name, dir->id);
}

static int empty_dir(const struct state_dir *dir, struct err *e)
{
	_cleanup_closedir_ DIR *d = list_dir(dir->fd);
	struct dirent *entry;
	int r;

	if (!d)
		return err_sys(e, errno, "list state directory of container \"%s\"", dir->id);
	while ((errno = 0, entry = readdir(d))) {
		if (is_dots(entry->d_name) || strcmp(entry->d_name, STATE_FILE_RECORD) == 0)
			continue;
		r = unlink_file(dir, entry->d_name, e);
		if (r < 0)
			return r;
	}
	if (errno)
		return err_sys(e, errno, "list state directory of container \"%s\"", dir->id);
	return unlink_file(dir, STATE_FILE_RECORD, e);
}

int state_remove(struct state_dir *dir, struct err *e)
{
	int r = empty_dir(dir, e);

	if (r < 0)
		return r;
	if (unlinkat(dir->root_fd, dir->id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return err_sys(e, errno, "remove state directory of container \"%s\"", dir->id);
	state_close(dir);
	return 0;
}

static bool is_container(int root_fd, const struct dirent *entry)
{
	struct err ignored;
	struct stat st;

	if (state_check_id(entry->d_name, &ignored) < 0)
		return false;
	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(root_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int state_list(struct arena *a, const char *root, char ***ret, size_t *ret_len, struct err *e)
{
	_cleanup_close_ int root_fd = -1;
	_cleanup_closedir_ DIR *d = NULL;
	struct dirent *entry;
	char **ids = NULL;
	size_t len = 0;
	int r = open_root(root, &root_fd, e);

	if (r < 0)
		return r;
	d = list_dir(root_fd);
	if (!d)
		return err_sys(e, errno, "list state root %s", root);
	while ((errno = 0, entry = readdir(d))) {
		char **slot;

		if (!is_container(root_fd, entry))
			continue;
		slot = arena_push(a, &ids, &len, sizeof *ids);
		if (!slot || !(*slot = arena_strdup(a, entry->d_name)))
			return err_oom(e);
	}
	if (errno)
		return err_sys(e, errno, "list state root %s", root);
	if (len)
		qsort(ids, len, sizeof *ids, compare_ids);
	*ret = ids;
	*ret_len = len;
	return 0;
}
