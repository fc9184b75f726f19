/* The generated program, run by a small interpreter and compared with what the rules say. */
#include "tests/unit/unit.h"

#include "apply/apply.h"
#include "apply/device_filter.h"
#include "sys/bpf.h"

static struct arena *arena;
static struct err err;
static int loaded = -1, attached_to = -1;
static int load_error;

int sys_bpf_load_device(const struct bpf_insn *insns, size_t n)
{
	(void)insns;
	(void)n;
	if (load_error)
		return -load_error;
	loaded = dup(2);
	return loaded;
}

int sys_bpf_attach_device(int cgroup_fd, int program_fd)
{
	assert_int_equal(program_fd, loaded);
	attached_to = cgroup_fd;
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static bool taken(uint8_t op, uint32_t a, int32_t b)
{
	return op == BPF_JNE ? a != (uint32_t)b : a == (uint32_t)b;
}

static uint32_t computed(uint8_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_MOV: return b;
	case BPF_AND: return a & b;
	case BPF_RSH: return a >> b;
	default: fail_msg("the program has an instruction that is not expected: %#x", op);
	}
	return 0;
}

/* What the program answers. Fails if it leaves its code, reads a register that it has not set, or goes on for ever. */
static uint32_t interpret(const struct bpf_insn *insns, size_t n, const struct bpf_cgroup_dev_ctx *ctx)
{
	uint32_t reg[11];
	bool set[11] = { [1] = true };

	for (size_t pc = 0, steps = 0; pc < n && steps <= n; pc++, steps++) {
		const struct bpf_insn *i = &insns[pc];
		uint8_t op = BPF_OP(i->code);

		switch (BPF_CLASS(i->code)) {
		case BPF_LDX:
			assert_int_equal(i->code, BPF_LDX | BPF_MEM | BPF_W);
			assert_int_equal(i->src_reg, 1);
			memcpy(&reg[i->dst_reg], (const char *)ctx + i->off, 4);
			set[i->dst_reg] = true;
			break;
		case BPF_ALU: {
			bool by_register = BPF_SRC(i->code) == BPF_X;

			assert_true((!by_register || set[i->src_reg]) && (op == BPF_MOV || set[i->dst_reg]));
			reg[i->dst_reg] = computed(op, op == BPF_MOV ? 0 : reg[i->dst_reg],
						   by_register ? reg[i->src_reg] : (uint32_t)i->imm);
			set[i->dst_reg] = true;
			break;
		}
		case BPF_JMP32:
			assert_true(set[i->dst_reg] && (op == BPF_JNE || op == BPF_JEQ));
			assert_true(i->off >= 0);
			if (taken(op, reg[i->dst_reg], i->imm))
				pc += (size_t)i->off;
			break;
		default:
			assert_int_equal(i->code, BPF_JMP | BPF_EXIT);
			assert_true(set[0]);
			return reg[0];
		}
	}
	fail_msg("the program does not end");
	return 0;
}

/* The meaning of the rules, as plan/device_filter.h says it. */
static uint32_t expected(const struct plan_device_filter *f, char type, uint32_t major, uint32_t minor, unsigned wanted)
{
	for (unsigned bit = 1; bit < 8; bit <<= 1) {
		bool allowed = false;

		for (size_t i = 0; i < f->len; i++) {
			const struct plan_device_rule *r = &f->rules[i];

			if ((r->access & bit) && (r->type == 'a' || r->type == type) &&
			    (r->major < 0 || r->major == major) && (r->minor < 0 || r->minor == minor))
				allowed = r->allow;
		}
		if ((wanted & bit) && !allowed)
			return 0;
	}
	return 1;
}

static void check_all_accesses(const struct plan_device_filter *f)
{
	size_t n;
	struct bpf_insn *insns = device_filter_compile(arena, f, &n);

	assert_non_null(insns);
	for (int type = 0; type < 2; type++)
		for (uint32_t major = 0; major < 3; major++)
			for (uint32_t minor = 0; minor < 3; minor++)
				for (unsigned wanted = 1; wanted < 8; wanted++) {
					uint32_t kind = type ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK;
					struct bpf_cgroup_dev_ctx ctx = { wanted << 16 | kind, major, minor };

					assert_int_equal(interpret(insns, n, &ctx),
							 expected(f, type ? 'c' : 'b', major, minor, wanted));
				}
}

static void programs_mean_what_the_rules_say(void **state)
{
	struct plan_device_rule rules[6];
	struct plan_device_filter f = { .rules = rules };

	(void)state;
	srand(1);
	for (int round = 0; round < 3000; round++) {
		f.len = (size_t)rand() % 7;
		for (size_t i = 0; i < f.len; i++)
			rules[i] = (struct plan_device_rule){
				.allow = rand() % 2, .type = "abc"[rand() % 3],
				.major = rand() % 4 - 1, .minor = rand() % 4 - 1, .access = 1U + (unsigned)rand() % 7,
			};
		check_all_accesses(&f);
	}
}

static void large_numbers_are_compared_whole(void **state)
{
	struct plan_device_rule rule = { true, 'c', 4095, 0xfffff, DEVICE_ALL };
	struct plan_device_filter f = { &rule, 1 };
	struct bpf_cgroup_dev_ctx ctx = { .access_type = DEVICE_READ << 16 | BPF_DEVCG_DEV_CHAR, .major = 4095 };
	size_t n;
	struct bpf_insn *insns = device_filter_compile(arena, &f, &n);

	(void)state;
	assert_int_equal(interpret(insns, n, &ctx), 0);
	ctx.minor = 0xfffff;
	assert_int_equal(interpret(insns, n, &ctx), 1);
}

static void the_operation(void **state)
{
	struct plan_device_rule rule = { .type = 'a', .major = -1, .minor = -1, .access = DEVICE_ALL };
	struct plan_device_filter f = { &rule, 1 };
	struct op op = { .type = OP_DEVICE_FILTER, .device_filter = &f };
	struct apply ctx = { .arena = arena, .cgroup_fd = 77 };

	(void)state;
	assert_ok(apply_device_filter(&ctx, &op, &err), &err);
	assert_int_equal(attached_to, 77);
	load_error = EPERM;
	assert_int_equal(apply_device_filter(&ctx, &op, &err), -EPERM);
	assert_non_null(strstr(err.text, "CAP_BPF"));
	load_error = 0;
	/* no silent weakening where there is no cgroup to attach it to */
	ctx.cgroup_fd = -1;
	assert_int_equal(apply_device_filter(&ctx, &op, &err), -EACCES);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

static const struct CMUnitTest tests[] = {
	TEST(programs_mean_what_the_rules_say),
	TEST(large_numbers_are_compared_whole),
	TEST(the_operation),
};

UNIT_MAIN(tests)
