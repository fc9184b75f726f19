/* build/address: paths that Nix itself gave to contents (nix-store --add, --add-fixed, builtins.toFile). */
#include "tests/unit/unit.h"

#include "build/address.h"

static const struct {
	const char *name, *hash, *reference, *path, *ca;
	enum drv_method method;
	bool self;
} known[] = {
	{ "t", "sha256:82165d7faed529d65568ce926aa663724199b733b08993690aeaedebf4341b03",
	  NULL, "/nix/store/xfhdsnlbbpg339jr4b852sgcccgbzx5w-t",
	  "fixed:r:sha256:00qv6ksfpvga19lr72dh6fvrjhbjcfk6m4nfd1axcafmmrzms5l2", DRV_METHOD_NAR, false },
	{ "f", "sha1:a9993e364706816aba3e25717850c26c9cd0d89d",
	  NULL, "/nix/store/d49n0xmdwzs514sdqnb96j4rl697h1h3-f",
	  "fixed:sha1:kpcd173cq987hw957sx6m0868wv3x6d9", DRV_METHOD_FLAT, false },
	{ "t", "sha512:8342ca46d487f9f9ef0f5c82149f9735de70d6b9b11fb2fbfec8dce6a194b7a2fe7"
	  "4ad14ea4f1dba86363a1528c7652705da80a3acc44ef28f3a9c1a0443f5a2",
	  NULL, "/nix/store/41p2zida35hv4w4jzz9ilr7xm8kf8599-t",
	  "fixed:r:sha512:2igahq43af3m3zj9v2ar8w0v82jfrf750akldl6p8flzshlmmsgx8mpjjhydp68zvxv47"
	  "xip7b71pimjygi90jw1zpzkyc7si3clhl3", DRV_METHOD_NAR, false },
	{ "a", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	  NULL, "/nix/store/msgzipq9fnc1zxs3msr7s9daxag9934q-a",
	  "text:sha256:1b8m03r63zqhnjf7l5wnldhh7c134ap5vpj0850ymkq1iyzicy5s", DRV_METHOD_TEXT, false },
	{ "b", "sha256:6916d46d6adb3074ca084beb659f07abcd0c8fc4262429077bf6db83110f2dac",
	  "/nix/store/msgzipq9fnc1zxs3msr7s9daxag9934q-a", "/nix/store/w9abbvp4x6frqszy91jgiky1vrm5hck0-b",
	  "text:sha256:1b1d1w8q7nzngc3jj916qj7hrkdb0ygnbssb13578c6vd9nx85k9", DRV_METHOD_TEXT, false },
};

static void addresses(void **state)
{
	struct arena *a = arena_new();
	struct store nix;
	struct err e = { 0 };

	(void)state;
	assert_ok(store_describe(a, STORE_NIX, NULL, &nix, &e), &e);
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		struct store_paths references = { (char *[]){ (char *)known[i].reference },
						  known[i].reference != NULL };
		struct build_content c = { .method = known[i].method, .references = &references,
					   .refers_to_itself = known[i].self };
		char *path, *ca;

		assert_ok(hash_parse(known[i].hash, NULL, &c.hash, &e), &e);
		assert_ok(build_address(a, &nix, known[i].name, &c, &path, &ca, &e), &e);
		assert_string_equal(path, known[i].path);
		assert_string_equal(ca, known[i].ca);
	}
	arena_free(a);
}

static void refused(void **state)
{
	struct arena *a = arena_new();
	struct store_paths one = { (char *[]){ (char *)"/nix/store/x" }, 1 }, none = { 0 };
	struct build_content c = { .method = DRV_METHOD_FLAT, .references = &one };
	struct store nix;
	struct err e = { 0 };
	char *path, *ca;

	(void)state;
	assert_ok(store_describe(a, STORE_NIX, NULL, &nix, &e), &e);
	assert_ok(hash_parse("md5:d41d8cd98f00b204e9800998ecf8427e", NULL, &c.hash, &e), &e);
	assert_error(build_address(a, &nix, "x", &c, &path, &ca, &e), &e, EINVAL,
		     "it refers to /nix/store/x, but content hashed so may not refer to store paths");
	c = (struct build_content){ .method = DRV_METHOD_TEXT, .references = &none, .refers_to_itself = true };
	assert_error(build_address(a, &nix, "x", &c, &path, &ca, &e), &e, EINVAL,
		     "it refers to itself, which only content hashed as a NAR with sha256 may");
	c = (struct build_content){ .method = DRV_METHOD_GIT, .references = &none };
	assert_int_equal(build_address(a, &nix, "x", &c, &path, &ca, &e), -ENOTSUP);
	arena_free(a);
}

static const struct CMUnitTest tests[] = { cmocka_unit_test(addresses), cmocka_unit_test(refused) };
UNIT_MAIN(tests)
