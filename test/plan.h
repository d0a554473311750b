/* SPDX-License-Identifier: MIT */
/*
 * plan.h - dialects in a few words, and what is read by them.
 */
#ifndef BARCACHE_TEST_PLAN_H
#define BARCACHE_TEST_PLAN_H

#include "support.h"

#include "csv.h"

#define SECOND INT64_C(1000000000)
#define HOUR (3600 * SECOND)
#define DAY (24 * HOUR)
#define NEW_YEAR (INT64_C(1704067200) * SECOND) /* 2024-01-01 */

/* What the running test reads by, and what it read last. */
extern struct plan {
	struct bci_dialect dialect;
	const struct bci_zone *zone;
	struct bci_table table;
	struct bci_csv_report report;
} plan;

/*
 * Begin a dialect of commas and points with these fields, separated by blanks:
 * "time", "date", "clock", "symbol", "period" and "-" are what they say, "open"
 * and "close" prices, "count" a count, "text" text, "i64", "i32", "f32" and
 * "u8" values of that type, other names doubles.
 */
void plan_make(const char *fields, const char *time_format);

/*
 * Read a text in steps of 'step' bytes.  The second form reads a copy without a
 * byte to spare, for the sake of sanitizers, and must succeed, as does the
 * third with a string.
 */
enum bc_status plan_try(const struct bc_allocator *allocator, const char *text,
                        size_t bytes, size_t step, struct bc_error *err);
void plan_read_bytes(const char *text, size_t bytes, size_t step);
void plan_read(const char *text);

/* A cell of the table. */
double plan_f64(uint32_t column, uint64_t row);
const char *plan_word(uint32_t column, uint64_t row);

/* The teardown of a group of tests. */
int plan_forget(void **state);

#endif /* BARCACHE_TEST_PLAN_H */
