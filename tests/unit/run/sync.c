/* What the processes of one creation say to each other, and what is heard when one of them goes away. */
#include "run/sync.h"

#include <sys/socket.h>

#include "base/cleanup.h"
#include "tests/unit/unit.h"

static void a_message_arrives_whole(void **state)
{
	struct sync_message m;
	int pair[2];

	(void)state;
	assert_int_equal(sync_pair(pair), 0);
	assert_int_equal(sync_send(pair[0], SYNC_INIT, 4711), 0);
	assert_int_equal(sync_recv(pair[1], &m), 1);
	assert_int_equal(m.type, SYNC_INIT);
	assert_int_equal(m.value, 4711);
	assert_int_equal(send(pair[0], &m, 3, 0), 3);
	assert_int_equal(sync_recv(pair[1], &m), -EBADMSG);
	close(pair[0]);
	assert_int_equal(sync_recv(pair[1], &m), 0);
	assert_int_equal(sync_send(pair[1], SYNC_READY, 0), -EPIPE);
	close(pair[1]);
}

/* Whether it has read what it was sent decides whether it did what it was told. */
static void gone_without_reading(void **state)
{
	struct sync_message m;
	struct err e = { 0 };
	int pair[2];

	(void)state;
	assert_int_equal(sync_pair(pair), 0);
	assert_int_equal(sync_send(pair[0], SYNC_START, 0), 0);
	close(pair[1]);
	assert_int_equal(sync_recv(pair[0], &m), -ECONNRESET);
	close(pair[0]);

	assert_int_equal(sync_pair(pair), 0);
	assert_int_equal(sync_send(pair[0], SYNC_RELEASE, 0), 0);
	close(pair[1]);
	assert_error(sync_expect(pair[0], SYNC_DONE, &e), &e, ECONNRESET, "the other process ended unexpectedly");
	close(pair[0]);
}

static void an_error_is_heard_all_the_same(void **state)
{
	struct err e = { 0 }, heard;
	int pair[2];

	(void)state;
	assert_int_equal(sync_pair(pair), 0);
	assert_int_equal(sync_send(pair[0], SYNC_RELEASE, 0), 0);
	err_set(&e, EPERM, "mounts[3]: no");
	assert_int_equal(sync_send_error(pair[1], &e), 0);
	close(pair[1]);
	assert_error(sync_expect(pair[0], SYNC_DONE, &heard), &heard, EPERM, "mounts[3]: no");
	close(pair[0]);
}

static void another_message_than_expected(void **state)
{
	struct err e;
	int pair[2];

	(void)state;
	assert_int_equal(sync_pair(pair), 0);
	assert_int_equal(sync_send(pair[0], SYNC_READY, 0), 0);
	assert_error(sync_expect(pair[1], SYNC_DONE, &e), &e, EBADMSG, "unexpected message 4 from the other process");
	close(pair[0]);
	assert_error(sync_expect(pair[1], SYNC_DONE, &e), &e, ECONNRESET, "the other process ended unexpectedly");
	close(pair[1]);
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(a_message_arrives_whole),
	cmocka_unit_test(gone_without_reading),
	cmocka_unit_test(an_error_is_heard_all_the_same),
	cmocka_unit_test(another_message_than_expected),
};

UNIT_MAIN(tests)
