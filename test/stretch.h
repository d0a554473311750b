/* SPDX-License-Identifier: MIT */
/*
 * stretch.h - a series of several segments and a tail whose rows follow from
 * their times, to be damaged and mended.
 */
#ifndef BARCACHE_TEST_STRETCH_H
#define BARCACHE_TEST_STRETCH_H

#include "unit.h"

#define STRETCH_KEY "test/damage/A/1m"
#define STRETCH_STEP (60 * UNIT_SECOND_NS)
#define STRETCH_BEGIN (INT64_C(1704067200) * UNIT_SECOND_NS)
#define STRETCH_SEGMENTS 16

/* The series of the running test, as it was made. */
extern struct stretch {
	char spare[TEST_PATH]; /* a copy of the cache */
	struct bci_locator segments[STRETCH_SEGMENTS];
	size_t segment_count;
	uint64_t rows, tail_rows;
} stretch;

/* Make it, and leave the cache of the fixture closed. */
int stretch_setup(void **state);

/* A fresh copy of the cache, so that damage does not pile up. */
void stretch_afresh(void);

int64_t stretch_time(uint64_t row);

/* Append the rows of [from_ns, to_ns), which is known then. */
enum bc_status stretch_append(struct bc_cache *cache, int64_t from_ns,
                              int64_t to_ns, struct bc_error *err);

/* Every row of a view is one that was stored, or the test ends. */
void stretch_check(const struct bc_view *view);

/* The rows of a range that are there, or -1 after a miss. */
int64_t stretch_read(struct bc_cache *cache, int64_t from_ns, int64_t to_ns,
                     unsigned flags);

/* The gaps of the whole series. */
size_t stretch_missing(struct bc_cache *cache, struct bc_gap *gaps,
                       size_t capacity);

/* Fetch all gaps anew; then everything must be there and right. */
void stretch_mend(struct bc_cache *cache);

/* For a child: read in all ways, then write until all is as it was. */
void stretch_use(void *unused);

#endif /* BARCACHE_TEST_STRETCH_H */
