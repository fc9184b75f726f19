/* store/hash: known hashes in all spellings, and back; what is no hash. */
#include "tests/unit/unit.h"

#include "store/hash.h"

static const struct {
	const char *input, *named_hex, *named_32, *sri;
} known[] = {
	{ "", "md5:d41d8cd98f00b204e9800998ecf8427e", "md5:3y8bwfr609h3lh9ch0izcqq7fl",
	  "md5-1B2M2Y8AsgTpgAmY7PhCfg==" },
	{ "abc", "md5:900150983cd24fb0d6963f7d28e17f72", "md5:3jgzhjhz9zjvbb0kyj7jc500ch", NULL },
	{ "abc", "sha1:a9993e364706816aba3e25717850c26c9cd0d89d", "sha1:kpcd173cq987hw957sx6m0868wv3x6d9",
	  "sha1-qZk+NkcGgWq6PiVxeFDCbJzQ2J0=" },
	{ "abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	  "sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s",
	  "sha256-ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=" },
	{ "abc",
	  "sha512:ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd45"
	  "4d4423643ce80e2a9ac94fa54ca49f",
	  "sha512:2gs8k559z4rlahfx0y688s49m2vvszylcikrfinm30ly9rak69236nkam5ydvly1ai7xac99vxfc4ii84hawjbk876blyk1jfh"
	  "kbbyx",
	  "sha512-3a81oZNherrMQXNJriBBMRLm+k6JqX6iCp7u5ktV05ohkpkqJ0/BqDa6PCOj/uu9RU1EI2Q86A4qmslPpUyknw==" },
};

static void spellings(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		const char *const texts[] = { known[i].named_hex, known[i].named_32, known[i].sri };
		char name[8] = "", text[HASH_TEXT_MAX];
		struct hash hash, parsed;
		struct err e = { 0 };
		struct hasher h;

		memcpy(name, known[i].named_hex, strcspn(known[i].named_hex, ":"));
		assert_ok(hash_find_algorithm(name, &hash.algorithm, &e), &e);
		hasher_start(&h, hash.algorithm);
		for (const char *p = known[i].input; *p; p++)
			hasher_add(&h, p, 1);
		hasher_end(&h, &hash);
		hash_spell(&hash, HASH_NAMED_HEX, text);
		assert_string_equal(text, known[i].named_hex);
		hash_spell(&hash, HASH_HEX, text);
		assert_string_equal(text, strchr(known[i].named_hex, ':') + 1);
		hash_spell(&hash, HASH_NAMED_32, text);
		assert_string_equal(text, known[i].named_32);
		if (known[i].sri) {
			hash_spell(&hash, HASH_SRI, text);
			assert_string_equal(text, known[i].sri);
		}
		for (size_t k = 0; k < 3 && texts[k]; k++) {
			assert_ok(hash_parse(texts[k], NULL, &parsed, &e), &e);
			assert_true(hash_equal(&parsed, &hash));
			assert_ok(hash_parse(texts[k], name, &parsed, &e), &e);
			assert_ok(hash_parse(strpbrk(texts[k], ":-") + 1, name, &parsed, &e), &e);
			assert_true(hash_equal(&parsed, &hash));
		}
	}
}

static void refused(void **state)
{
	static const struct {
		const char *text, *algorithm, *says;
	} cases[] = {
		{ "d41d8cd98f00b204e9800998ecf8427e", NULL, "does not say its algorithm" },
		{ "d41d8cd98f00b204e9800998ecf8427", "md5", "is not a hash of algorithm md5" },
		{ "d41d8cd98f00b204e9800998ecf8427g", "md5", "is not a hash of algorithm md5" },
		{ "md5:zzzzzzzzzzzzzzzzzzzzzzzzzz", NULL, "is not a hash of algorithm md5" },
		{ "md5-1B2M2Y8AsgTpgAmY7PhCfh==", NULL, "is not a hash of algorithm md5" },
		{ "md5-d41d8cd98f00b204e9800998ecf8427e", NULL, "is not a hash of algorithm md5" },
		{ "sha256:abc", "sha1", "is not of algorithm sha1" },
		{ "blake3-abc", NULL, "'blake3' is an experiment" },
		{ "sha3-abc", NULL, "'sha3' is unknown" },
		{ "", "sha256", "is not a hash" },
		{ "", "", "does not say" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct err e = { 0 };
		struct hash h;

		assert_true(hash_parse(cases[i].text, cases[i].algorithm, &h, &e) < 0);
		assert_non_null(strstr(e.text, cases[i].says));
	}
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(spellings), cmocka_unit_test(refused) };
UNIT_MAIN(tests)
