/* Names of kernel parameters: sysctl(8), config-linux.md "sysctl". */
#pragma once

#include "base/err.h"

/*
 * The path below /proc/sys of a parameter. As sysctl(8) has it, the first separator decides: in
 * "net.ipv4.conf.eth0/1.x" it is the dot, and a slash then stands for a dot inside a name; "net/ipv4/conf/eth0.1/x" is
 * the same. The result has
 * the length of the key, so ret is a buffer of strlen(key) + 1 bytes. Returns 0, or -EINVAL with a message: an empty
 * part, "." or "..".
 */
int spec_sysctl_path(const char *key, char *ret, struct err *e);
