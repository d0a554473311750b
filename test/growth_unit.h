/* SPDX-License-Identifier: MIT */
/*
 * growth_unit.h - series as the storage has them: read row by row without the
 * calls that read ranges, compared with what they should hold, and with the
 * rules that every layout keeps.
 */
#ifndef BARCACHE_TEST_GROWTH_UNIT_H
#define BARCACHE_TEST_GROWTH_UNIT_H

#include "unit.h"

#define SERIES_MINUTE_NS (60 * UNIT_SECOND_NS)

/* Rows of bars: open, high, low, close, volume; a label if 'labels' is set. */
struct series_rows {
	uint64_t rows, room;
	int64_t *time_ns;
	double *columns[5];
	uint32_t *codes;
	const char *const *labels; /* of the codes */
	uint32_t label_count;
};

void series_free(struct series_rows *rows);

/* Append rows [first, first + count) of a fixed endless series of bars. */
void series_generate(struct series_rows *rows, int64_t from_ns, int64_t step_ns,
                     uint64_t count, uint64_t seed);

/* Append one row. */
void series_add(struct series_rows *rows, int64_t time_ns, double close);

/* Replace or insert rows by time, or remove those of a range. */
void series_set(struct series_rows *rows, int64_t time_ns, double close);
void series_merge(struct series_rows *rows, const struct series_rows *fresh);
void series_remove(struct series_rows *rows, int64_t from_ns, int64_t to_ns);

/* Rows [first, first + count) as a frame; 'columns' has room for six. */
struct bc_frame series_frame(const struct series_rows *rows, uint64_t first,
                             uint64_t count, struct bc_column *columns);

/* Append rows [first, first + count); 'options' may be NULL. */
enum bc_status series_append(const char *key, const struct series_rows *rows,
                             uint64_t first, uint64_t count,
                             const struct bc_append_options *options,
                             struct bc_counts *counts, struct bc_error *err);

/* Append one bar; 'options' may be NULL. */
enum bc_status series_bar(const char *key, int64_t time_ns, double close,
                          const struct bc_append_options *options,
                          struct bc_counts *counts, struct bc_error *err);

/* So many rows went each way. */
void series_expect_counts(const struct bc_counts *counts, uint64_t inserted,
                          uint64_t updated, uint64_t identical,
                          uint64_t conflicting, uint64_t rejected);

/* The rows of the running test; series_teardown() frees them. */
extern struct series_rows all;
int series_teardown(void **state);

/* Append rows [first, first + count) of 'all', which must work. */
struct bc_counts series_grow(const char *key, uint64_t first, uint64_t count);

/* How a series is stored. */
struct series_layout {
	uint64_t id, revision;
	uint64_t rows, tail_rows;
	int64_t first_ns, last_ns;
	unsigned segment_count, older_count;
	bool open;
	struct bci_locator segments[512];
};

/*
 * The layout of 'key', which must be a series, after checking all that it says
 * of itself.
 */
void series_layout(const char *key, struct series_layout *layout);

/* The series must hold just these rows. */
#define expect_rows(key, rows)                                                 \
	series_expect_rows((key), (rows), __FILE__, __LINE__)
void series_expect_rows(const char *key, const struct series_rows *rows,
                        const char *file, int line);

/* What is known of the series, as "b[1,2) e[2,3) o[3,4)", in units of time. */
const char *series_known(const char *key, int64_t origin_ns, int64_t unit_ns);

#endif /* BARCACHE_TEST_GROWTH_UNIT_H */
