/* Why: programs ask these files who they are and where localhost is, and builds must get the same answer everywhere. */
#include "bundle/drv_etc.h"

#include "bundle/place.h"

/* Where the helpers answer for the host's name servers. */
static const char *const name_servers[] = {
	[RECIPE_NETWORK_PASTA] = "169.254.1.53",
	[RECIPE_NETWORK_SLIRP] = "10.0.2.3",
};

static void add(struct recipe_build *b, const struct recipe *r, const char *path, const char *text)
{
	if (!place_covers(r, path))
		b->etc[b->etc_len++] = (struct recipe_file){ path, text };
}

int drv_etc_set(struct arena *a, const struct recipe *r, struct recipe_build *b, struct err *e)
{
	const char *passwd, *group;
	bool nix = r->store->kind == STORE_NIX;

	passwd = arena_printf(a, "%snixbld:x:%u:%u:Nix build user:%s:/noshell\nnobody:x:65534:65534:Nobody:/:/noshe"
		"ll\n",
			      nix ? "root:x:0:0:Nix build user:/build:/noshell\n" : "", r->uid, r->gid,
			      nix ? "/build" : "/");
	group = nix ? arena_printf(a, "root:x:0:\nnixbld:!:%u:\nnogroup:x:65534:\n", r->gid) :
		arena_printf(a, "nixbld:!:%u:\n", r->gid);
	add(b, r, "/etc/passwd", passwd);
	add(b, r, "/etc/group", group);
	add(b, r, "/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n");
	if (b->network != RECIPE_NETWORK_NONE || r->host_network)
		add(b, r, "/etc/nsswitch.conf", "hosts: files dns\nservices: files\n");
	if (b->network != RECIPE_NETWORK_NONE)
		add(b, r, "/etc/resolv.conf", arena_printf(a, "nameserver %s\n", name_servers[b->network]));
	return arena_failed(a) ? err_oom(e) : 0;
}
