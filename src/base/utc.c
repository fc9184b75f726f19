/*
 * Why: gmtime_r(3) reads /etc/localtime, though UTC needs nothing from there: seven system calls in each start of a
 * container, and one more file of the host that a runtime would have to trust.
 */
#include "base/utc.h"

#include <stdint.h>
#include <stdio.h>

enum { DAY = 24 * 60 * 60, DAYS_OF_400_YEARS = 146097, DAYS_FROM_MARCH_0_TO_1970 = 719468 };

struct date {
	int64_t year;
	int month, day;
};

/* Years that begin in March have the leap day last, so that the lengths of months follow one line: 153 days in five. */
static struct date date_of(int64_t days_since_1970)
{
	int64_t days = days_since_1970 + DAYS_FROM_MARCH_0_TO_1970;
	int64_t era = (days >= 0 ? days : days - DAYS_OF_400_YEARS + 1) / DAYS_OF_400_YEARS;
	int of_era = (int)(days - era * DAYS_OF_400_YEARS);
	int year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int of_year = of_era - (365 * year + year / 4 - year / 100);
	int month = (5 * of_year + 2) / 153;

	return (struct date){
		.year = era * 400 + year + (month >= 10),
		.month = month < 10 ? month + 3 : month - 9,
		.day = of_year - (153 * month + 2) / 5 + 1,
	};
}

void utc_text(const struct timespec *t, bool nanoseconds, char ret[UTC_TEXT_MAX])
{
	int64_t days = t->tv_sec / DAY, second = t->tv_sec % DAY;
	char fraction[16] = "";

	if (second < 0) {
		second += DAY;
		days--;
	}
	struct date d = date_of(days);
	if (nanoseconds)
		snprintf(fraction, sizeof fraction, ".%09ld", t->tv_nsec);
	snprintf(ret, UTC_TEXT_MAX, "%04lld-%02d-%02dT%02d:%02d:%02d%sZ", (long long)d.year, d.month, d.day,
		 (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60), fraction);
}
