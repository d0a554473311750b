/* SPDX-License-Identifier: MIT */
/*
 * series.h - a series whose layout a test chooses segment by segment, and whose
 * every value follows from its row.
 */
#ifndef BARCACHE_TEST_SERIES_H
#define BARCACHE_TEST_SERIES_H

#include "unit.h"

#include "ledger.h"

#define SERIES_KEY "x/spot/A/1m"
#define SERIES_CUTS 40
#define SERIES_STEP_NS (60 * UNIT_SECOND_NS)

/* What to make.  Columns: time, close f64, symbol text (with 'text'), count
 * i32, flag u8, volume i64. */
struct series {
	uint64_t cuts[SERIES_CUTS]; /* rows of the segments, up to a 0 */
	unsigned older;             /* so many of them go to `segments` */
	unsigned tail;              /* rows of the tail */
	bool gaps;                  /* nights and week-ends are left out */
	bool open;                  /* the last row has not ended */
	bool text;
	bool unknown; /* nothing of it is known */
};

/* The series of the running test, and where its segments lie. */
extern struct series_made {
	struct series series;
	uint64_t rows; /* with the tail */
	size_t count;
	struct bci_locator locators[SERIES_CUTS];
	uint64_t entry_id;
} made;

/* Make it under SERIES_KEY in the cache of the fixture, opened anew. */
void series_make(const struct series *series);

/* The time of a row, and what its columns hold. */
int64_t series_time(uint64_t row);
double series_close(uint64_t row);
const char *series_symbol(uint64_t row);

/* The view must show these rows of the series, whatever columns it has. */
#define expect_rows(view, first, count)                                        \
	series_expect((view), (first), (count), __FILE__, __LINE__)
void series_expect(const struct bc_view *view, uint64_t first, uint64_t count,
                   const char *file, int line);

/* Flip a bit of the segment 'index' in its file. */
void series_flip(size_t index, uint64_t at);

/* Where an element of column 'index' of a segment is, from its beginning. */
uint64_t series_place(size_t index, uint32_t column, uint64_t row);

#endif /* BARCACHE_TEST_SERIES_H */
