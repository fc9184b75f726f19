/* How sys/ answers: the C library's -1 and errno become -errno, and success 0. */
#pragma once

#include <errno.h>

static inline int sys_result(long n)
{
	return n < 0 ? -errno : 0;
}
