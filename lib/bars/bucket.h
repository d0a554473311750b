/* SPDX-License-Identifier: MIT */
/*
 * bucket.h - time cut into buckets: minutes, hours, days, weeks, months.
 */
#ifndef BCI_BUCKET_H
#define BCI_BUCKET_H

#include "timeframe.h"
#include "zone.h"

/* Where buckets shorter than a day are counted from. */
enum bci_origin {
	BCI_ORIGIN_EPOCH = 0, /* 1970-01-01 00:00 UTC */
	BCI_ORIGIN_DAY        /* each day anew; the last one of it is cut */
};

/*
 * How to cut.  Zeroed but for 'timeframe': UTC, weeks from Monday, days from
 * midnight, all else counted from 1970.
 *
 * Weeks, and other numbers of days that 7 divides, are counted from the first
 * week that begins in 1970; other numbers of days from 1970-01-01; months from
 * January 1970, so that quarters and years begin in January.
 */
struct bci_bucket_rule {
	struct bci_timeframe timeframe; /* how long a bucket is */
	enum bci_origin origin;
	/*
	 * A day begins so long after midnight by the wall clock, and so do
	 * weeks and months; with BCI_ORIGIN_EPOCH shorter buckets are shifted
	 * by as much.  More than minus a day and less than a day.
	 */
	int64_t offset_ns;
	/*
	 * Whose days; NULL: UTC.  Borrowed.  A day has 23 or 25 hours where
	 * the wall clock is set, and buckets within it count its real time.
	 */
	const struct bci_zone *zone;
	unsigned week_begins; /* 0 Monday to 6 Sunday */
};

/* [from_ns, to_ns) */
struct bci_bucket {
	int64_t from_ns, to_ns;
};

/*
 * Whether 'rule' cuts at all, and cuts bars of 'source' only where one ends.
 * 'source' may be zeroed: it is not known.  Returns BC_OK, or BC_INVALID with
 * the reason: out of range, finer than the source, no multiple of it, days or
 * months that begin within a bar.
 */
BC_CHECKED enum bc_status bci_bucket_check(const struct bci_bucket_rule *rule,
                                           const struct bci_timeframe *source,
                                           struct bc_error *err);

/*
 * The bucket that holds a moment.  False if its ends do not fit int64.  *hint
 * speeds up calls for neighbouring moments and begins as 0.
 */
bool bci_bucket_find(const struct bci_bucket_rule *rule, int64_t time_ns,
                     size_t *hint, struct bci_bucket *out);

#endif /* BCI_BUCKET_H */
