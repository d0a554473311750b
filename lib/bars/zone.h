/* SPDX-License-Identifier: MIT */
/*
 * zone.h - time zones: wall-clock time to UTC.
 */
#ifndef BCI_ZONE_H
#define BCI_ZONE_H

#include "common.h"

#define BCI_ZONE_NAME_MAX 63

/* From a moment on the wall clock is so far ahead of UTC. */
struct bci_zone_change {
	int64_t utc_ns;
	int64_t ahead_ns;
};

/*
 * Its changes in ascending order; the first holds from the beginning on.  No
 * wall clock is a day or more ahead or behind.
 */
struct bci_zone {
	char name[BCI_ZONE_NAME_MAX + 1];
	size_t count;
	struct bci_zone_change *changes; /* of the caller */
};

/*
 * A zone that never changes: "UTC", "GMT", "Z", "+02:00", "-0500", "UTC+2".
 * 'change' becomes its only change.  False if 'name' is none of these.
 */
bool bci_zone_fixed(const char *name, struct bci_zone_change *change,
                    struct bci_zone *out);

/*
 * An offset from UTC as it stands behind a time of day: "Z", "UTC", "GMT",
 * "+02:00", "-0500", "+02", "GMT+0200", "UTC+2".  Returns the first byte not
 * used, or NULL if there is none.
 */
const char *bci_zone_offset(const char *text, const char *end,
                            int64_t *ahead_s);

/*
 * The moments at which the wall clock shows 'local_ns': none while it is set
 * forward, two while it is set back (the earlier one first), else one.
 * Returns how many.  *hint speeds up neighbouring calls and begins as 0.
 */
int bci_zone_to_utc(const struct bci_zone *zone, int64_t local_ns,
                    size_t *hint, int64_t utc_ns[2]);

/* The wall-clock time at a moment. */
int64_t bci_zone_to_local(const struct bci_zone *zone, int64_t utc_ns,
                          size_t *hint);

#endif /* BCI_ZONE_H */
