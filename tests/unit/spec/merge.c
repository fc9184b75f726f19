/* What `update` makes of the limits that there are. In the JSON here ' stands for ". */
#include "tests/unit/arena.h"

#include "base/str.h"
#include "libocispec/field/read.h"
#include "libocispec/field/write.h"
#include "spec/merge.h"

static char *json_of(const char *text)
{
	char *json = arena_strdup(arena, text);

	for (char *c = json; *c; c++)
		if (*c == '\'')
			*c = '"';
	return json;
}

static struct oci_resources *read_resources(const char *text)
{
	char *json = json_of(text);
	void *r;

	assert_ok(oci_read(arena, &oci_resources_type, "r", json, strlen(json), &r, &err), &err);
	return r;
}

static void gives(const char *have, const char *asked, const char *all)
{
	_cleanup_str_ struct str text = STR_INIT;
	const struct oci_resources *old = have ? read_resources(have) : NULL;
	struct oci_resources *merged;
	_cleanup_str_ struct str before = STR_INIT, after = STR_INIT;

	if (old)
		oci_write(&before, &oci_resources_type, old, OCI_COMPACT);
	assert_ok(spec_merge_resources(arena, old, read_resources(asked), &merged, &err), &err);
	assert_int_equal(oci_write(&text, &oci_resources_type, merged, OCI_COMPACT), 0);
	assert_string_equal(text.text, json_of(all));
	/* what was there is still what it was: it is needed when the change fails */
	if (old)
		oci_write(&after, &oci_resources_type, old, OCI_COMPACT);
	assert_string_equal(str_text(&before), str_text(&after));
}

static void what_is_absent_or_zero_stays(void **state)
{
	static const char all[] =
		"{'unified':{'a.b':'1'},'devices':[{'allow':false}],'memory':{'limit':5,'reservation':3,'swap':6,"
		"'checkBeforeUpdate':true},'cpu':{'shares':7,'quota':8,'burst':1,'period':9,'cpus':'0','mems':'1','"
		"idle':1},"
		"'pids':{'limit':4},'blockIO':{'weight':10,'weightDevice':[{'major':8,'minor':0,'weight':20}]},"
		"'hugepageLimits':[{'pageSize':'2MB','limit':1}],'rdma':{'r':{'hcaHandles':1}}}";

	(void)state;
	gives(all, "{}", all);
	gives(all,
	      "{'unified':{},'devices':[],'memory':{'limit':0,'reservation':0,'swap':0,'kernel':0},"
	      "'cpu':{'shares':0,'quota':0,'period':0,'cpus':'','mems':''},'pids':{},"
	      "'blockIO':{'weight':0},'hugepageLimits':[],'rdma':{}}",
	      all);
	/* engines repeat the rules, or send rules of their own: those that hold stay */
	gives(all, "{'devices':[{'allow':true}]}", all);
	gives(NULL, "{'pids':{'limit':3}}", "{'pids':{'limit':3}}");
}

static void what_is_asked_for_is_taken(void **state)
{
	(void)state;
	gives("{'memory':{'limit':5,'swap':6,'checkBeforeUpdate':true}}",
	      "{'memory':{'reservation':1,'swap':-1,'checkBeforeUpdate':false}}",
	      "{'memory':{'limit':5,'reservation':1,'swap':-1,'checkBeforeUpdate':false}}");
	gives("{'cpu':{'shares':7,'idle':1,'burst':5}}", "{'cpu':{'quota':-1,'idle':0,'burst':0,'cpus':'2'}}",
	      "{'cpu':{'shares':7,'quota':-1,'burst':0,'cpus':'2','idle':0}}");
	gives("{'pids':{'limit':9}}", "{'pids':{'limit':0}}", "{'pids':{'limit':0}}");
	/* without a limit for memory there is none for memory and swap together, unless it is said */
	gives("{'memory':{'limit':5,'swap':6}}", "{'memory':{'limit':-1}}", "{'memory':{'limit':-1}}");
	gives("{'memory':{'limit':5,'swap':6}}", "{'memory':{'limit':-1,'swap':7}}",
	      "{'memory':{'limit':-1,'swap':7}}");
}

static void lists_are_merged_by_key(void **state)
{
	(void)state;
	gives("{'blockIO':{'weight':10,'throttleReadBpsDevice':[{'major':8,'minor':0,'rate':1},{'major':8,'minor':1,'"
	      "rate':2}],"
	      "'throttleWriteIOPSDevice':[{'major':8,'minor':0,'rate':3}]}}",
	      "{'blockIO':{'weight':20,'throttleReadBpsDevice':[{'major':9,'minor':0,'rate':4},{'major':8,'minor':0,'"
	      "rate':5}],"
	      "'weightDevice':[{'major':8,'minor':0,'weight':30}]}}",
	      "{'blockIO':{'weight':20,'weightDevice':[{'major':8,'minor':0,'weight':30}],'throttleReadBpsDevice':["
	      "{'major':8,'minor':0,'rate':5},{'major':8,'minor':1,'rate':2},{'major':9,'minor':0,'rate':4}],"
	      "'throttleWriteIOPSDevice':[{'major':8,'minor':0,'rate':3}]}}");
	gives("{'hugepageLimits':[{'pageSize':'2MB','limit':1}]}",
	      "{'hugepageLimits':[{'pageSize':'1GB','limit':2},{'pageSize':'2MB','limit':3}]}",
	      "{'hugepageLimits':[{'pageSize':'2MB','limit':3},{'pageSize':'1GB','limit':2}]}");
	gives("{'unified':{'a.x':'1','b.x':'2'}}", "{'unified':{'c.x':'3','a.x':''}}",
	      "{'unified':{'a.x':'','b.x':'2','c.x':'3'}}");
	gives("{'rdma':{'r':{'hcaHandles':1}}}", "{'rdma':{'r':{'hcaObjects':0},'s':{'hcaHandles':2}}}",
	      "{'rdma':{'r':{'hcaHandles':1,'hcaObjects':0},'s':{'hcaHandles':2}}}");
}

static int merge_rdt(const struct oci_intel_rdt *have, const char *l3, const char *mb, struct oci_intel_rdt **ret)
{
	return spec_merge_rdt(arena, have, l3, mb, ret, &err);
}

static void caches(void **state)
{
	static char group[] = "gold", old[] = "L3:0=1";
	const struct oci_intel_rdt have = { .clos_id = group, .l3_cache_schema = old };
	struct oci_intel_rdt *r;

	(void)state;
	assert_ok(merge_rdt(&have, NULL, "MB:0=50", &r), &err);
	assert_string_equal(r->clos_id, "gold");
	assert_string_equal(r->l3_cache_schema, "L3:0=1");
	assert_string_equal(r->mem_bw_schema, "MB:0=50");
	assert_null(have.mem_bw_schema);
	assert_ok(merge_rdt(&have, "L3:0=f", NULL, &r), &err);
	assert_string_equal(r->l3_cache_schema, "L3:0=f");
	assert_error(merge_rdt(NULL, "L3:0=f", NULL, &r), &err, EINVAL,
		     "option --l3-cache-schema: the container has no group of resctrl (linux.intelRdt)");
	assert_error(merge_rdt(NULL, NULL, "MB:0=1", &r), &err, EINVAL,
		     "option --mem-bw-schema: the container has no group of resctrl (linux.intelRdt)");
	assert_error(merge_rdt(&have, "MB:0=1", NULL, &r), &err, EINVAL,
		     "option --l3-cache-schema: \"MB:0=1\" is not one line that begins with L3");
	assert_int_equal(merge_rdt(&have, NULL, "L3:0=1", &r), -EINVAL);
	assert_int_equal(merge_rdt(&have, NULL, "MB:0=1\nL3:0=1", &r), -EINVAL);
}

static const struct CMUnitTest tests[] = {
	TEST(what_is_absent_or_zero_stays),
	TEST(what_is_asked_for_is_taken),
	TEST(lists_are_merged_by_key),
	TEST(caches),
};

UNIT_MAIN(tests)
