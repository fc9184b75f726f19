/*
 * Why: cgroup v2 has no file for device rules, but a hook for a program. It is generated here, not written, since
 * each rule is two comparisons at most; no compiler for BPF is needed, and the plan's rules are all there is to
 * read.
 */
#include "apply/device_filter.h"

#include <errno.h>

#include "apply/apply.h"
#include "base/cleanup.h"
#include "sys/bpf.h"

/* Instructions that a rule has at most, and those around the rules. */
enum { RULE_MAX = 8, FRAME = 6 };

/* What the registers hold while the program runs. R1 is the context that it is called with. */
enum {
	RESULT = BPF_REG_0,
	CONTEXT = BPF_REG_1,
	TYPE = BPF_REG_2,
	WANTED = BPF_REG_3,
	MAJOR = BPF_REG_4,
	MINOR = BPF_REG_5,
	SCRATCH = BPF_REG_6,
};

struct program {
	struct bpf_insn *insns;
	size_t len;
};

static void emit(struct program *p, struct bpf_insn insn)
{
	p->insns[p->len++] = insn;
}

static void load(struct program *p, unsigned reg, size_t offset)
{
	emit(p, (struct bpf_insn){
		.code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = reg, .src_reg = CONTEXT, .off = (int16_t)offset });
}

static void compute(struct program *p, unsigned operation, unsigned reg, int32_t value)
{
	emit(p, (struct bpf_insn){
		.code = (uint8_t)(BPF_ALU | operation | BPF_K), .dst_reg = reg & 0xf, .imm = value });
}

static void copy(struct program *p, unsigned to, unsigned from)
{
	emit(p, (struct bpf_insn){ .code = BPF_ALU | BPF_MOV | BPF_X, .dst_reg = to & 0xf, .src_reg = from & 0xf });
}

/* A jump whose distance is set later, to the end of the rule. */
static void jump(struct program *p, unsigned condition, unsigned reg, int32_t value)
{
	emit(p, (struct bpf_insn){
		.code = (uint8_t)(BPF_JMP32 | condition | BPF_K), .dst_reg = reg & 0xf, .imm = value });
}

static void answer(struct program *p, int32_t value)
{
	compute(p, BPF_MOV, RESULT, value);
	emit(p, (struct bpf_insn){ .code = BPF_JMP | BPF_EXIT });
}

/*
 * If the rule is about the device: one that allows takes its accesses off those that are still wanted, and all is
 * well when none is left; one that denies ends it if any of its accesses is still wanted.
 */
static void add_rule(struct program *p, const struct plan_device_rule *rule)
{
	size_t begin = p->len;

	if (rule->type != 'a')
		jump(p, BPF_JNE, TYPE, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	if (rule->major >= 0)
		jump(p, BPF_JNE, MAJOR, (int32_t)rule->major);
	if (rule->minor >= 0)
		jump(p, BPF_JNE, MINOR, (int32_t)rule->minor);
	if (rule->allow) {
		compute(p, BPF_AND, WANTED, ~(int32_t)rule->access);
		jump(p, BPF_JNE, WANTED, 0);
		answer(p, 1);
	} else {
		copy(p, SCRATCH, WANTED);
		compute(p, BPF_AND, SCRATCH, (int32_t)rule->access);
		jump(p, BPF_JEQ, SCRATCH, 0);
		answer(p, 0);
	}
	for (size_t i = begin; i < p->len; i++)
		if (BPF_CLASS(p->insns[i].code) == BPF_JMP32)
			p->insns[i].off = (int16_t)(p->len - i - 1);
}

struct bpf_insn *device_filter_compile(struct arena *a, const struct plan_device_filter *filter, size_t *ret_len)
{
	struct program p = { .insns = arena_array(a, filter->len * RULE_MAX + FRAME + 2, sizeof(struct bpf_insn)) };

	if (!p.insns)
		return NULL;
	load(&p, TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	copy(&p, WANTED, TYPE);
	compute(&p, BPF_AND, TYPE, 0xffff);
	compute(&p, BPF_RSH, WANTED, 16);
	load(&p, MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	load(&p, MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	/* The last word is the one that counts, so it is heard first. */
	for (size_t i = filter->len; i > 0; i--)
		add_rule(&p, &filter->rules[i - 1]);
	answer(&p, 0);
	*ret_len = p.len;
	return p.insns;
}

int apply_device_filter(struct apply *ctx, const struct op *op, struct err *e)
{
	_cleanup_close_ int program = -1;
	struct bpf_insn *insns;
	size_t len;
	int r;

	if (ctx->cgroup_fd < 0)
		return err_set(e, EACCES, "rules about devices apply to a cgroup, and none could be made for the "
			       "container (see --debug)");
	insns = device_filter_compile(ctx->arena, op->device_filter, &len);
	if (!insns)
		return err_oom(e);
	program = sys_bpf_load_device(insns, len);
	if (program < 0)
		return err_sys(e, -program, "cannot load the filter of %zu device rules (this needs CAP_BPF and "
			       "CAP_NET_ADMIN, or CAP_SYS_ADMIN, and CONFIG_CGROUP_BPF)", op->device_filter->len);
	r = sys_bpf_attach_device(ctx->cgroup_fd, program);
	return r < 0 ? err_sys(e, -r, "cannot attach the filter of device rules to the cgroup") : 0;
}
