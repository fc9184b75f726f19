/*
 * The subjects of spec_validate, a file each. Private to spec/. They fail as spec_validate does; a message begins with
 * the path below the object that was given, to which the caller adds its own part (spec_err_in).
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "oci_spec.h"

/* "type: is wrong" in "mounts[3]" -> "mounts[3].type: is wrong". Returns -e->num. */
int spec_err_in(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int check_mounts(const struct oci_spec *s, struct err *e);               /* mount.c: with masked and readonly paths */
int check_devices(const struct oci_linux *l, struct err *e);             /* device.c */
int check_device_rules(const struct oci_resources *r, struct err *e);    /* device.c */
int check_namespaces(const struct oci_spec *s, struct err *e);           /* namespace.c: with what needs one of them */
int check_mappings(const struct oci_id_mapping *mappings, size_t len, const char *name, struct err *e); /* mapping.c */
int check_sysctl(const struct oci_linux *l, struct err *e);              /* sysctl.c */
int check_seccomp(const struct oci_seccomp *s, struct err *e);           /* seccomp.c */
int check_memory_policy(const struct oci_memory_policy *p, struct err *e); /* resources.c */
int check_intel_rdt(const struct oci_intel_rdt *r, struct err *e);       /* resources.c */

/* A list of cpus or memory nodes: "0-3,7"; "" is one, too. resources.c */
int check_list(const char *list, const char *name, struct err *e);

/* The entry of that type, or NULL; s->linux may be absent. namespace.c */
const struct oci_namespace *spec_namespace(const struct oci_spec *s, enum oci_namespace_type type);

/* "" is as good as absent: engines written in Go produce it. */
static inline bool is_given(const char *text)
{
	return text && *text;
}
