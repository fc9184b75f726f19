/* Why: a netlink library would be larger than all that is needed of it: five requests, each answered at once. */
#include "sys/netdev.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Flags of an address that are a wish; the others tell what has become of it. */
#define WISHES (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN)

enum { TRIES = 16 };

struct request {
	struct nlmsghdr header;
	union {
		struct ifinfomsg link;
		struct ifaddrmsg address;
	};
	char attributes[512];
};

static void begin(struct request *r, uint16_t type, uint16_t flags, size_t body)
{
	*r = (struct request){ .header = {
		.nlmsg_len = (uint32_t)NLMSG_LENGTH(body), .nlmsg_type = type,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | flags,
	} };
}

static void attribute(struct request *r, uint16_t type, const void *data, size_t len)
{
	struct rtattr *a = (struct rtattr *)((char *)r + NLMSG_ALIGN(r->header.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	r->header.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->header.nlmsg_len) + RTA_ALIGN(a->rta_len));
}

/* What is done with each answer. */
typedef void visit_function(const struct nlmsghdr *m, void *data);

/* 1: more to come; 0: that was all; or -errno. */
static int read_answers(int sock, visit_function *visit, void *data)
{
	static _Alignas(struct nlmsghdr) char buf[64 * 1024];
	ssize_t n = recv(sock, buf, sizeof buf, MSG_TRUNC);

	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	if ((size_t)n > sizeof buf)
		return -EMSGSIZE;
	for (struct nlmsghdr *m = (struct nlmsghdr *)buf; NLMSG_OK(m, n); m = NLMSG_NEXT(m, n)) {
		if (m->nlmsg_flags & NLM_F_DUMP_INTR)
			return -EAGAIN;
		if (m->nlmsg_type == NLMSG_ERROR)
			return ((struct nlmsgerr *)NLMSG_DATA(m))->error;
		if (m->nlmsg_type == NLMSG_DONE)
			return *(int *)NLMSG_DATA(m);
		if (visit)
			visit(m, data);
	}
	return 1;
}

static int ask(int sock, const struct request *r, visit_function *visit, void *data)
{
	ssize_t n;
	int result;

	do
		n = send(sock, r, r->header.nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	do
		result = read_answers(sock, visit, data);
	while (result > 0);
	return result;
}

int sys_netdev_open(int netns_fd)
{
	_cleanup_close_ int home = -1;
	int sock;

	if (netns_fd >= 0) {
		home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
		/* Not everybody may come back, and entering one's own namespace takes what that takes. */
		if (home < 0 || setns(home, CLONE_NEWNET) < 0 || setns(netns_fd, CLONE_NEWNET) < 0)
			return -errno;
	}
	sock = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (sock < 0)
		sock = -errno;
	/* It has just worked; if it did not, nothing could be trusted any more. */
	if (home >= 0 && setns(home, CLONE_NEWNET) < 0)
		_exit(1);
	return sock;
}

static void take_index(const struct nlmsghdr *m, void *data)
{
	if (m->nlmsg_type == RTM_NEWLINK)
		*(int *)data = ((struct ifinfomsg *)NLMSG_DATA(m))->ifi_index;
}

int sys_netdev_index(int sock, const char *name)
{
	uint32_t mask = RTEXT_FILTER_SKIP_STATS;
	struct request r;
	int index = 0, n;

	if (strlen(name) >= IFNAMSIZ)
		return -ENODEV;
	begin(&r, RTM_GETLINK, 0, sizeof r.link);
	attribute(&r, IFLA_IFNAME, name, strlen(name) + 1);
	attribute(&r, IFLA_EXT_MASK, &mask, sizeof mask);
	n = ask(sock, &r, take_index, &index);
	return n < 0 ? n : index > 0 ? index : -ENODEV;
}

struct indices {
	int wanted, highest;
	bool taken;
};

static void see_index(const struct nlmsghdr *m, void *data)
{
	const struct ifinfomsg *link = NLMSG_DATA(m);
	struct indices *i = data;

	if (m->nlmsg_type != RTM_NEWLINK)
		return;
	i->taken |= link->ifi_index == i->wanted;
	if (link->ifi_index > i->highest)
		i->highest = link->ifi_index;
}

int sys_netdev_free_index(int sock, int wanted)
{
	struct indices i = { .wanted = wanted };
	struct request r;
	int n;

	begin(&r, RTM_GETLINK, NLM_F_DUMP, sizeof r.link);
	for (int tries = 0; (n = ask(sock, &r, see_index, &i)) == -EAGAIN && tries < TRIES; tries++)
		;
	return n < 0 ? n : i.taken ? i.highest + 1 : wanted;
}

struct addresses {
	struct arena *arena;
	int index;
	struct sys_address *items;
	size_t len;
};

static void take_bytes(const struct rtattr *a, uint8_t *ret, uint8_t *ret_has, size_t len)
{
	if (RTA_PAYLOAD(a) != len)
		return;
	memcpy(ret, RTA_DATA(a), len);
	*ret_has = 1;
}

static void take_attribute(struct sys_address *t, const struct rtattr *a)
{
	switch (a->rta_type) {
	case IFA_LOCAL:
		take_bytes(a, t->local, &t->has_local, t->len);
		break;
	case IFA_ADDRESS:
		take_bytes(a, t->address, &t->has_address, t->len);
		break;
	case IFA_BROADCAST:
		take_bytes(a, t->broadcast, &t->has_broadcast, t->len);
		break;
	case IFA_FLAGS:
		memcpy(&t->flags, RTA_DATA(a), sizeof t->flags);
		break;
	case IFA_RT_PRIORITY:
		memcpy(&t->metric, RTA_DATA(a), sizeof t->metric);
		break;
	}
}

static void take_address(const struct nlmsghdr *m, void *data)
{
	const struct ifaddrmsg *address = NLMSG_DATA(m);
	struct addresses *all = data;
	struct sys_address t = { .family = address->ifa_family, .prefix_len = address->ifa_prefixlen,
				 .flags = address->ifa_flags, .len = address->ifa_family == AF_INET ? 4 : 16 };
	int left = (int)IFA_PAYLOAD(m);

	if (m->nlmsg_type != RTM_NEWADDR || (int)address->ifa_index != all->index ||
	    address->ifa_scope != RT_SCOPE_UNIVERSE || (t.family != AF_INET && t.family != AF_INET6))
		return;
	for (const struct rtattr *a = IFA_RTA(address); RTA_OK(a, left); a = RTA_NEXT(a, left))
		take_attribute(&t, a);
	if (!(t.flags & IFA_F_PERMANENT))
		return;
	t.flags &= WISHES;
	struct sys_address *added = arena_push(all->arena, &all->items, &all->len, sizeof *added);
	if (added)
		*added = t;
}

int sys_netdev_addresses(int sock, int index, struct arena *a, struct sys_address **ret, size_t *ret_len)
{
	struct addresses all = { .arena = a, .index = index };
	struct request r;
	int n;

	begin(&r, RTM_GETADDR, NLM_F_DUMP, sizeof r.address);
	for (int tries = 0; (n = ask(sock, &r, take_address, &all)) == -EAGAIN && tries < TRIES; tries++)
		all.len = 0;
	if (n == 0 && arena_failed(a))
		n = -ENOMEM;
	*ret = all.items;
	*ret_len = all.len;
	return n;
}

int sys_netdev_move(int sock, const struct sys_netdev_move *m)
{
	struct request r;

	begin(&r, RTM_NEWLINK, 0, sizeof r.link);
	r.link.ifi_index = m->index;
	attribute(&r, IFLA_NET_NS_FD, &m->netns_fd, sizeof m->netns_fd);
	attribute(&r, IFLA_IFNAME, m->name, strlen(m->name) + 1);
	attribute(&r, IFLA_NEW_IFINDEX, &m->new_index, sizeof m->new_index);
	return ask(sock, &r, NULL, NULL);
}

int sys_netdev_add_address(int sock, int index, const struct sys_address *t)
{
	struct request r;

	begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof r.address);
	r.address = (struct ifaddrmsg){ .ifa_family = t->family, .ifa_prefixlen = t->prefix_len,
		.ifa_index = (unsigned)index,
					.ifa_scope = RT_SCOPE_UNIVERSE };
	if (t->has_local)
		attribute(&r, IFA_LOCAL, t->local, t->len);
	if (t->has_address)
		attribute(&r, IFA_ADDRESS, t->address, t->len);
	if (t->has_broadcast)
		attribute(&r, IFA_BROADCAST, t->broadcast, t->len);
	if (t->flags)
		attribute(&r, IFA_FLAGS, &t->flags, sizeof t->flags);
	if (t->metric)
		attribute(&r, IFA_RT_PRIORITY, &t->metric, sizeof t->metric);
	return ask(sock, &r, NULL, NULL);
}

int sys_netdev_up(int sock, int index)
{
	struct request r;

	begin(&r, RTM_NEWLINK, 0, sizeof r.link);
	r.link.ifi_index = index;
	r.link.ifi_flags = r.link.ifi_change = IFF_UP;
	return ask(sock, &r, NULL, NULL);
}
