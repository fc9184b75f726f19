/* Records as bytes, the rules between their fields, and what the world is shown of them. */
#include "libocispec/field/write.h"
#include "state/codec.h"
#include "tests/unit/unit.h"

static int decode(const char *json, struct err *e)
{
	_cleanup_arena_ struct arena *a = arena_new();
	struct oci_record *record;

	return state_decode(a, json, strlen(json), &record, e);
}

#define RECORD(rest) "{\"version\":1,\"id\":\"web\",\"bundle\":\"/b\",\"rootfs\":\"/b/r\"," rest "}"

static void round_trip(void **state)
{
	static const char json[] =
		"{\"version\":1,\"id\":\"web\",\"ociVersion\":\"1.3.0\",\"bundle\":\"/b\",\"rootfs\":\"/b/r\","
		"\"created\":\"2026-11-24T15:00:00.5Z\",\"status\":\"running\",\"pid\":77,"
		"\"pidStartTime\":18446744073709551615,\"cgroupPath\":\"/c\","
		"\"rootless\":true,\"terminal\":true,\"annotations\":{\"b\":\"\\\"\\n\",\"a\":\"ü\"}}";
	_cleanup_arena_ struct arena *a = arena_new();
	_cleanup_str_ struct str out = STR_INIT;
	struct oci_record *record;
	struct err e;

	(void)state;
	assert_ok(state_decode(a, json, strlen(json), &record, &e), &e);
	assert_ok(state_encode(&out, record, &e), &e);
	assert_string_equal(str_text(&out), json);
}

static void rules_between_fields(void **state)
{
	struct err e;

	(void)state;
	assert_ok(decode(RECORD("\"status\":\"creating\""), &e), &e);
	assert_ok(decode(RECORD("\"status\":\"creating\",\"pid\":1,\"pidStartTime\":0"), &e), &e);
	assert_ok(decode(RECORD("\"status\":\"created\",\"pid\":2147483647,\"pidStartTime\":1"), &e), &e);
	assert_error(decode(RECORD("\"status\":\"created\""), &e), &e, EINVAL,
		     "state.json: status is created, but pid is missing");
	assert_error(decode(RECORD("\"status\":\"running\",\"pid\":5"), &e), &e, EINVAL,
		     "state.json: pid is set, but pidStartTime is missing");
	assert_error(decode(RECORD("\"status\":\"creating\",\"pid\":5"), &e), &e, EINVAL,
		     "state.json: pid is set, but pidStartTime is missing");
	assert_error(decode(RECORD("\"status\":\"stopped\",\"pid\":5,\"pidStartTime\":1"), &e), &e, EINVAL,
		     "state.json: status is stopped, which is never recorded");
	assert_error(decode(RECORD("\"status\":\"paused\",\"pid\":5,\"pidStartTime\":1"), &e), &e, EINVAL,
		     "state.json: status is paused, which is never recorded");
	assert_error(decode(RECORD("\"status\":\"created\",\"pid\":2147483648,\"pidStartTime\":1"), &e), &e, EINVAL,
		     "state.json: pid is out of range");
	assert_int_equal(decode(RECORD("\"status\":\"created\",\"pid\":-1,\"pidStartTime\":1"), &e), -EINVAL);
}

static void another_version(void **state)
{
	struct err e;

	(void)state;
	assert_error(
		decode("{\"version\":2,\"id\":\"web\",\"bundle\":\"\",\"rootfs\":\"\",\"status\":\"creating\"}", &e),
		&e, EINVAL, "state.json: version 2 is unknown: written by another release");
}

static void shows_the_state(void **state)
{
	char *keys[] = { (char *)"k" }, *values[] = { (char *)"v" };
	struct oci_string_map annotations = { .keys = keys, .values = values, .len = 1 };
	struct oci_record record = {
		.version = 1,
		.id = (char *)"web",
		.oci_version = (char *)"1.0.2",
		.bundle = (char *)"/b",
		.rootfs = (char *)"/b/r",
		.status = OCI_STATUS_CREATED,
		.has_pid = true,
		.pid = 77,
		.annotations = &annotations,
	};
	_cleanup_str_ struct str out = STR_INIT, dead = STR_INIT;
	struct oci_state shown;

	(void)state;
	state_describe(&record, OCI_STATUS_CREATED, &shown);
	assert_int_equal(oci_write(&out, &oci_state_type, &shown, OCI_COMPACT), 0);
	assert_string_equal(str_text(&out),
			    "{\"ociVersion\":\"1.0.2\",\"id\":\"web\",\"status\":\"created\",\"pid\":77,"
			    "\"bundle\":\"/b\",\"annotations\":{\"k\":\"v\"}}");
	record.oci_version = NULL;
	record.annotations = NULL;
	state_describe(&record, OCI_STATUS_STOPPED, &shown);
	assert_int_equal(oci_write(&dead, &oci_state_type, &shown, OCI_COMPACT), 0);
	assert_string_equal(str_text(&dead), "{\"ociVersion\":\"\",\"id\":\"web\",\"status\":\"stopped\",\"pid\":0,"
					     "\"bundle\":\"/b\"}");
}

static const struct CMUnitTest tests[] = {
	cmocka_unit_test(round_trip),
	cmocka_unit_test(rules_between_fields),
	cmocka_unit_test(another_version),
	cmocka_unit_test(shows_the_state),
};

UNIT_MAIN(tests)
