/* Why: config-linux.md, "Block IO". Who weighs requests is the host's choice, and each has a file of its own. */
#include <inttypes.h>

#include "plan/resources.h"

/* 10 to 1000, as version 1 and BFQ have it, becomes 1 to 10000 in a straight line. */
unsigned io_weight(unsigned weight)
{
	return 1 + (weight - 10) * 9999 / 990;
}

static const char *device_text(struct plan *p, int64_t major, int64_t minor)
{
	return plan_text(p, "%" PRId64 ":%" PRId64, major, minor);
}

static void add_weights(struct limits *l, const struct oci_block_io *b)
{
	struct op_cgroup_write *w;

	if (b->weight) {
		w = limit_add(l, "blockIO.weight", "io.bfq.weight", "%u", b->weight);
		w->else_file = "io.weight";
		w->else_value = plan_text(l->plan, "%u", io_weight(b->weight));
	}
	for (size_t i = 0; i < b->weight_device_len; i++) {
		const struct oci_block_io_weight *d = &b->weight_device[i];
		const char *device = device_text(l->plan, d->major, d->minor);

		if (!d->weight)
			continue;
		w = limit_add_element(l, "blockIO.weightDevice", i, "io.bfq.weight",
				      plan_text(l->plan, "%s %u", device, d->weight));
		w->else_file = "io.weight";
		w->else_value = plan_text(l->plan, "%s %u", device, io_weight(d->weight));
	}
}

/* A rate of 0 is none, as in version 1. */
static void add_rates(struct limits *l, const char *where, const char *key, const struct oci_block_io_throttle *list,
		      size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const char *device = device_text(l->plan, list[i].major, list[i].minor);
		const char *rate = list[i].rate ? plan_text(l->plan, "%" PRIu64, list[i].rate) : "max";

		limit_add_element(l, where, i, "io.max", plan_text(l->plan, "%s %s=%s", device, key, rate))->if_there =
			list[i].rate == 0;
	}
}

int limit_block_io(struct limits *l, struct err *e)
{
	const struct oci_block_io *b = l->asked->block_io;
	bool leaf = b && b->leaf_weight;

	for (size_t i = 0; b && i < b->weight_device_len; i++)
		leaf |= b->weight_device[i].leaf_weight;
	if (leaf)
		return err_set(e, ENOTSUP,
			       "blockIO: cgroup version 2 has no leafWeight: weight alone, in a cgroup "
			       "whose children have none, is the same");
	if (!b)
		return 0;
	add_weights(l, b);
	add_rates(l, "blockIO.throttleReadBpsDevice", "rbps", b->throttle_read_bps_device,
		  b->throttle_read_bps_device_len);
	add_rates(l, "blockIO.throttleWriteBpsDevice", "wbps", b->throttle_write_bps_device,
		  b->throttle_write_bps_device_len);
	add_rates(l, "blockIO.throttleReadIOPSDevice", "riops", b->throttle_read_iops_device,
		  b->throttle_read_iops_device_len);
	add_rates(l, "blockIO.throttleWriteIOPSDevice", "wiops", b->throttle_write_iops_device,
		  b->throttle_write_iops_device_len);
	return 0;
}
