/* SPDX-License-Identifier: MIT */
/*
 * shape_unit.h - three bars to write as text, and what is expected of it.
 */
#ifndef BARCACHE_TEST_SHAPE_UNIT_H
#define BARCACHE_TEST_SHAPE_UNIT_H

#include "support.h"

#include "calendar.h"
#include "shape.h"

#define MINUTE (60 * BCI_SECOND_NS)
#define HOUR (60 * MINUTE)
#define DAY BCI_DAY_NS

/* 2024-01-01T00:00:00Z */
#define BEGIN (INT64_C(1704067200) * BCI_SECOND_NS)

/* The rows of the running test, minutes unless it says otherwise. */
extern struct shape_unit {
	int64_t time_ns[3];
	double open[3], high[3], low[3], close[3], volume[3];
	struct bci_shape_column columns[8];
	struct bci_shape_frame frame;
	struct bci_shape_options options;
	char text[65536]; /* what came out */
	size_t bytes;
	struct bc_error err;
} t;

/* A cmocka setup: three bars with a volume. */
int shape_unit_setup(void **state);

/* One more column, or another first time and step. */
void shape_unit_column(const char *name, enum bc_type type, const void *data);
void shape_unit_step(int64_t first_ns, int64_t step_ns);

/* Write everything with this much room at a time; 0: as little as can be. */
enum bc_status shape_unit_write(size_t room);

/* What must come out, in the shape of the options or of a preset. */
void expect(const char *text);
void expect_preset(const char *preset, const char *text);

/* Writing must fail at this row, or before any with -1, and say 'reason'. */
void expect_refusal(int64_t row, const char *reason);
void expect_preset_refusal(const char *preset, int64_t row,
                           const char *reason);

#endif /* BARCACHE_TEST_SHAPE_UNIT_H */
