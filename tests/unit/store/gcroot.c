/* GC roots: written by hand where we may, asked of a daemon where one listens. The daemon is a thread of the test. */
#include "store/gcroot.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "fake.h"
#include "store/daemon.h"

#define BUNDLE_LINK "/home/u/bundle/gcroot"

static char *only_root(struct fake *f, const char *name)
{
	static char target[4096];
	ssize_t n = readlink(arena_printf(f->arena, "%s/gcroots/auto/%s", f->store.state_dir, name), target,
			     sizeof target - 1);

	assert_true(n > 0);
	target[n] = '\0';
	return target;
}

static void by_hand(void **state)
{
	/* base 32 of the first 20 bytes of SHA-256 of the link's path */
	static const char name[] = "fzmvjllqc0577lk815yfy0sm028r3bbv";
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	assert_error(gcroot_register(&f.store, BUNDLE_LINK, &f.e), &f.e, ENOENT,
		     arena_printf(f.arena, "open %s/gcroots/auto: no such file or directory", f.store.state_dir));
	fake_dir(&f, "/nix/var/nix/gcroots/auto");
	assert_ok(gcroot_register(&f.store, BUNDLE_LINK, &f.e), &f.e);
	assert_string_equal(only_root(&f, name), BUNDLE_LINK);
	assert_ok(gcroot_register(&f.store, BUNDLE_LINK, &f.e), &f.e);
	/* Someone else's link of that name is replaced, whole. */
	unlink(arena_printf(f.arena, "%s/gcroots/auto/%s", f.store.state_dir, name));
	fake_link(&f, arena_printf(f.arena, "/nix/var/nix/gcroots/auto/%s", name), "/elsewhere");
	assert_ok(gcroot_register(&f.store, BUNDLE_LINK, &f.e), &f.e);
	assert_string_equal(only_root(&f, name), BUNDLE_LINK);
	chmod(arena_printf(f.arena, "%s/gcroots/auto", f.store.state_dir), 0555);
	assert_error(gcroot_register(&f.store, BUNDLE_LINK ".2", &f.e), &f.e, EACCES,
		     arena_printf(f.arena, "write to %s/gcroots/auto: permission denied", f.store.state_dir));
	chmod(arena_printf(f.arena, "%s/gcroots/auto", f.store.state_dir), 0755);
	fake_end(&f);
}

/* One conversation: what the daemon says at once, and how many bytes it then waits for before each further part. */
struct part {
	size_t wait;
	const char *bytes;
	size_t len;
};

struct server {
	int listener;
	const struct part *parts;
	size_t parts_len;
	char heard[4096];
	size_t heard_len;
	pthread_t thread;
};

static void *serve(void *data)
{
	struct server *s = data;
	int fd = accept(s->listener, NULL, NULL);

	for (size_t i = 0; i < s->parts_len; i++) {
		while (s->heard_len < s->parts[i].wait) {
			ssize_t n = read(fd, s->heard + s->heard_len, sizeof s->heard - s->heard_len);

			if (n <= 0)
				break;
			s->heard_len += (size_t)n;
		}
		if (write(fd, s->parts[i].bytes, s->parts[i].len) < 0)
			break;
	}
	close(fd);
	return NULL;
}

static void start(struct fake *f, struct server *s, const struct part *parts, size_t len)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	*s = (struct server){ .parts = parts, .parts_len = len };
	fake_dir(f, "/nix/var/nix/daemon-socket");
	snprintf(address.sun_path, sizeof address.sun_path, "%.60s/daemon-socket/socket", f->store.state_dir);
	unlink(address.sun_path);
	s->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(listen(s->listener, 1), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void stop(struct server *s)
{
	pthread_join(s->thread, NULL);
	close(s->listener);
}

#define GREETING "oixd\0\0\0\0" "\x23\x01\0\0\0\0\0\0"
#define LAST "stla\0\0\0\0"
#define ONE "\x01\0\0\0\0\0\0\0"
#define LOG "gmlo\0\0\0\0" "\x03\0\0\0\0\0\0\0" "log\0\0\0\0\0"
#define ERROR "ptxc\0\0\0\0" "\x0b\0\0\0\0\0\0\0" "not for you\0\0\0\0\0" ONE
#define PART(wait, text) { wait, text, sizeof text - 1 }

enum { ASKED = 4 * 8 + 8 + 8 + 24 };  /* greeting, version, two numbers; operation; the text's length and bytes */

static void daemon_agrees(void **state)
{
	static const struct part parts[] = { PART(0, GREETING), PART(32, LAST), PART(ASKED, LOG LAST ONE) };
	static const char expected[] = "cxin\0\0\0\0" "\x12\x01\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0"
				       "\x0c\0\0\0\0\0\0\0" "\x15\0\0\0\0\0\0\0" BUNDLE_LINK "\0\0\0";
	struct server server;
	struct fake f;

	(void)state;
	fake_begin(&f, STORE_NIX);
	start(&f, &server, parts, 3);
	assert_ok(gcroot_register(&f.store, BUNDLE_LINK, &f.e), &f.e);
	stop(&server);
	assert_int_equal(server.heard_len, ASKED);
	assert_memory_equal(server.heard, expected, ASKED);
	fake_end(&f);
}

static void talk(struct fake *f, const struct part *parts, size_t len, int number, const char *message)
{
	struct server server;

	start(f, &server, parts, len);
	assert_error(daemon_add_indirect_root(&f->store, BUNDLE_LINK, &f->e), &f->e, number, message);
	stop(&server);
}

static void daemon_refuses(void **state)
{
	static const struct part refuses[] = { PART(0, GREETING), PART(32, LAST), PART(ASKED, ERROR) };
	static const struct part at_once[] = { PART(0, GREETING), PART(32, ERROR) };
	static const struct part closes[] = { PART(0, GREETING), PART(32, LAST), PART(ASKED, "") };
	static const struct part stranger[] = { PART(8, "HTTP/1.1 400 Bad Request") };
	static const struct part later[] = { PART(8, "oixd\0\0\0\0" "\x03\x02\0\0\0\0\0\0") };
	static const struct part babbles[] = { PART(0, GREETING), PART(32, "gmlo\0\0\0\0" "\0\0\0\0\0\0\0\x7f") };
	static const struct part no[] = { PART(0, GREETING), PART(32, LAST), PART(ASKED, LAST "\0\0\0\0\0\0\0\0") };
	struct fake f;
	const char *socket, *lost;

	(void)state;
	fake_begin(&f, STORE_NIX);
	socket = arena_printf(f.arena, "%s/daemon-socket/socket", f.store.state_dir);
	lost = arena_printf(f.arena, "talk to the daemon at %s: ", socket);
	assert_error(daemon_add_indirect_root(&f.store, BUNDLE_LINK, &f.e), &f.e, ENOENT,
		     arena_printf(f.arena, "%sno such file or directory", lost));
	talk(&f, refuses, 3, EPERM, arena_printf(f.arena, "the daemon at %s refused the GC root: not for you", socket));
	talk(&f, at_once, 2, EPERM, arena_printf(f.arena, "the daemon at %s refused the GC root: not for you", socket));
	talk(&f, closes, 3, ECONNRESET, arena_printf(f.arena, "%sconnection reset by peer", lost));
	talk(&f, stranger, 1, EPROTO, arena_printf(f.arena, "what listens at %s is not a store daemon", socket));
	talk(&f, later, 1, EPROTO,
	     arena_printf(f.arena, "the daemon at %s speaks protocol 2.3, not 1.14 or later", socket));
	talk(&f, babbles, 2, EMSGSIZE, arena_printf(f.arena, "%smessage too long", lost));
	talk(&f, no, 3, EPROTO, arena_printf(f.arena, "%sprotocol error", lost));
	/* Where the daemon refuses and we cannot write either, its answer is the one that is reported. */
	struct server server;
	start(&f, &server, refuses, 3);
	assert_error(gcroot_register(&f.store, BUNDLE_LINK, &f.e), &f.e, EPERM,
		     arena_printf(f.arena, "the daemon at %s refused the GC root: not for you", socket));
	stop(&server);
	fake_end(&f);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(by_hand), cmocka_unit_test(daemon_agrees), cmocka_unit_test(daemon_refuses),
};
UNIT_MAIN(tests)
