/* SPDX-License-Identifier: MIT */
/*
 * grown.h - the series of the golden cache of format version 2: what was done
 * to make them, and the rows that they hold after it.
 */
#ifndef BARCACHE_GOLDEN_GROWN_H
#define BARCACHE_GOLDEN_GROWN_H

#include <stdbool.h>

#include "barcache.h"

#define GOLDEN_SERIES 5

/* The values of content.h that lie beside them: the first ones. */
#define GOLDEN_BESIDE 5

struct golden_rows {
	uint64_t rows;
	int64_t *time_ns;
	void *memory[5];
	struct bc_column columns[5];
	uint32_t column_count;
};

/* The key of a series. */
const char *golden_series_key(unsigned series);

/* Put, append and remove until the series are what they should be. */
enum bc_status golden_series_make(struct bc_cache *cache, struct bc_error *err);

/*
 * The last bar once more, which then has ended, and one behind it, as a later
 * library would append them.
 */
enum bc_status golden_series_grow(struct bc_cache *cache, unsigned series,
                                  struct bc_error *err);

/* The rows of a series, with one more or without.  Fails by abort(). */
void golden_rows_make(struct golden_rows *rows, unsigned series, bool grown);
void golden_rows_free(struct golden_rows *rows);

#endif /* BARCACHE_GOLDEN_GROWN_H */
