/* SPDX-License-Identifier: MIT */
/*
 * extent.c - the stretch of time that bars stand for.
 *
 * The timeframe knows what the rows do not: that a month has so many days, and
 * how long a bar is that came alone.
 */
#include "common.h"

#include "check.h"
#include "extent.h"
#include "timeframe.h"

/* The shortest step between neighbours, 1 if there are none. */
static uint64_t
extent_step(const int64_t *time_ns, uint64_t rows)
{
	uint64_t shortest = rows > 1 ? UINT64_MAX : 1;

	for (uint64_t i = 1; i < rows; i++) {
		uint64_t step = (uint64_t)time_ns[i] - (uint64_t)time_ns[i - 1];

		shortest = bci_min(shortest, step);
	}
	return shortest;
}

int64_t
bci_extent_end(const char *key, const int64_t *time_ns, uint64_t rows)
{
	int64_t last_ns = time_ns[rows - 1], end_ns;
	struct bci_timeframe timeframe;
	char text[BC_KEY_MAX + 8];
	struct bc_series series;
	uint64_t step;

	if (bc_key_parse(key, text, &series, NULL) == BC_OK &&
	    bci_timeframe_parse(series.timeframe, strlen(series.timeframe),
	                        &timeframe) &&
	    bci_timeframe_move(&timeframe, last_ns, 1, &end_ns))
		return end_ns;
	step = extent_step(time_ns, rows);
	/* Unsigned, since times may be far before 1970. */
	if (step > (uint64_t)INT64_MAX - (uint64_t)last_ns)
		return INT64_MAX;
	return (int64_t)((uint64_t)last_ns + step);
}
