/* SPDX-License-Identifier: MIT */
/*
 * zonerule.h - the rule by which a wall clock is set each year, as POSIX writes
 * it in TZ and zone files have it at their end.
 */
#ifndef BCI_ZONERULE_H
#define BCI_ZONERULE_H

#include "common.h"

/* A day of each year, and a wall-clock time on it. */
struct bci_zone_day {
	enum { BCI_DAY_JULIAN, BCI_DAY_ORDINAL, BCI_DAY_WEEK } form;
	int day;   /* 1 to 365 without 29 February; 0 to 365 with it; or of the
	              week: 0 Sunday to 6 */
	int month; /* 1 to 12 */
	int week;  /* 1 to 5, the last */
	int32_t time_s; /* since midnight; may be of another day */
};

struct bci_zone_rule {
	int32_t standard_s; /* ahead of UTC */
	int32_t daylight_s; /* from 'begin' to 'end' */
	bool twice;         /* the clock is set twice a year */
	struct bci_zone_day begin, end;
};

/* Read "EST5EDT,M3.2.0,M11.1.0" and the like; false if it is none. */
bool bci_zone_rule_parse(const char *text, size_t bytes,
                         struct bci_zone_rule *out);

/* The wall-clock moment of such a day, in seconds as if it were UTC. */
int64_t bci_zone_day_seconds(const struct bci_zone_day *day, int64_t year);

#endif /* BCI_ZONERULE_H */
