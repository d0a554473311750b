/* SPDX-License-Identifier: MIT */
/*
 * cold.h - frames with a column of each type, for tests of the cold tier.
 */
#ifndef BARCACHE_TEST_COLD_H
#define BARCACHE_TEST_COLD_H

#include "support.h"

#define MINUTE INT64_C(60000000000)
#define START INT64_C(1600000020000000000)

#define COLD_COLUMNS 9
#define COLD_MANY 3000u /* words, which are worth packing */

/* A frame with a column of each type. */
struct cold_frame {
	struct bc_frame frame;
	struct bc_column columns[COLD_COLUMNS];
	int64_t *time_ns;
	void *data[COLD_COLUMNS];
};

/* Times a minute apart, or with a gap in every 'gap' rows. */
void cold_frame_make(struct cold_frame *out, uint64_t rows, uint64_t gap,
                     int64_t from_ns, uint64_t seed);
void cold_frame_free(struct cold_frame *frame);

/* Give its column of text COLD_MANY different words in place of a few. */
void cold_frame_say_much(struct cold_frame *frame, uint64_t seed);

/* A view of all columns shows rows [first, ...) of the frame, bit by bit. */
bool cold_frame_is(const struct cold_frame *frame, const struct bc_view *view,
                   uint64_t first);

/* The same of all rows; failing fails the test. */
void cold_expect(const struct bc_view *view, const struct cold_frame *frame);

#endif /* BARCACHE_TEST_COLD_H */
