/* SPDX-License-Identifier: MIT */
/*
 * larger.h - bars that a test makes, and the larger bars that are made of them.
 */
#ifndef BARCACHE_TEST_LARGER_H
#define BARCACHE_TEST_LARGER_H

#include "unit.h"

#include "calendar.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MINUTE (60 * BCI_SECOND_NS)
#define HOUR (60 * MINUTE)
#define DAY BCI_DAY_NS
#define BARS_MAX 20000
#define BARS_PRICES 4 /* open, high, low, close */

/* Bars to be put, and the view of them. */
extern struct bars {
	uint64_t rows;
	int64_t time[BARS_MAX];
	double price[BARS_PRICES][BARS_MAX];
	double volume[BARS_MAX];
	int64_t trades[BARS_MAX];
	struct bc_view view;
} bars;

/* What was made of them. */
extern struct bc_view larger;

/* Lets go of both; the rest as unit_teardown(). */
int larger_teardown(void **state);

int64_t larger_moment(int64_t year, int64_t month, int64_t day,
                      int64_t minutes);

/* Add a bar of volume 1 and 2 trades. */
void bars_add(int64_t time_ns, double price);

/* One bar each 'step' from 'from_ns' to before 'to_ns', their prices rising. */
void bars_fill(int64_t from_ns, int64_t to_ns, int64_t step);

/* Bars [first, first + count) as a frame; 'columns' has room for six. */
struct bc_frame bars_frame(uint64_t first, uint64_t count,
                           struct bc_column columns[6]);

/* Put the bars as "bars" and get the view of them. */
void bars_put(void);

/* Append some of them to a series; 'flags' as of bc_append_options. */
void bars_append(const char *key, uint64_t first, uint64_t count,
                 unsigned flags);

/* Bars of this timeframe. */
struct bc_resample larger_rule(const char *timeframe);

/* Make larger bars of the view, which must work. */
void larger_make(const char *source, int64_t from_ns, int64_t to_ns,
                 const struct bc_resample *rule);

/* Row 'row' begins at that moment and is of so much volume. */
void larger_expect(uint64_t row, int64_t time_ns, double volume);

/* The flags are just these: "101"; "" if there is no such column. */
void larger_expect_partial(const char *flags);

/* What to derive; begun as it has to be. */
struct bc_derive larger_derive(const struct bc_resample *rule,
                               const char *const *add);

/* Release the view and derive into it, which must work. */
void larger_read(struct bc_view *view, const char *key, int64_t from_ns,
                 int64_t to_ns, unsigned flags, const struct bc_derive *derive);

#endif /* BARCACHE_TEST_LARGER_H */
