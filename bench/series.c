/* SPDX-License-Identifier: MIT */
/*
 * series.c - see series.h.
 */
#include "series.h"

/* Rows of minute bars in the months of 2024, from January on. */
static const uint64_t series_month_days[] = {31, 29, 31, 30, 31, 30,
                                             31, 31, 30, 31, 30, 31};
#define SERIES_MONTHS (sizeof(series_month_days) / sizeof(uint64_t))
#define SERIES_DAY_ROWS 1440

struct bc_frame
bench_part(const struct bench_bars *bars, uint64_t first, uint64_t rows,
           struct bc_column columns[BENCH_COLUMNS - 1])
{
	struct bc_frame part = bars->frame;

	for (uint32_t i = 0; i < part.column_count; i++) {
		columns[i] = bars->columns[i];
		columns[i].data = (const double *)columns[i].data + first;
	}
	part.columns = columns;
	part.time_ns += first;
	part.rows = rows;
	return part;
}

void
bench_append(struct bc_cache *cache, const char *key,
             const struct bc_frame *frame)
{
	struct bc_error err;

	if (bc_append(cache, key, frame, NULL, NULL, &err) != BC_OK)
		bench_die("bc_append: %s", err.message);
}

void
bench_series_append(struct bc_cache *cache, const char *key,
                    const struct bench_bars *bars, uint64_t step)
{
	struct bc_column columns[BENCH_COLUMNS - 1];
	uint64_t rows, piece;
	size_t month = 0;

	for (uint64_t at = 0; at < bars->frame.rows; at += rows) {
		struct bc_frame part;

		piece = step != BENCH_MONTHS
		                ? step
		                : SERIES_DAY_ROWS *
		                          series_month_days[month++ %
		                                            SERIES_MONTHS];
		rows = bars->frame.rows - at < piece ? bars->frame.rows - at
		                                     : piece;
		part = bench_part(bars, at, rows, columns);
		bench_append(cache, key, &part);
	}
}

void
bench_series_compact(struct bc_cache *cache)
{
	struct bc_error err;

	if (bc_compact(cache, NULL, NULL, &err) != BC_OK)
		bench_die("bc_compact: %s", err.message);
}

void
bench_range_read(struct bc_cache *cache, const char *key, int64_t from_ns,
                 int64_t to_ns, const char *const *columns, unsigned flags,
                 struct bc_view *view)
{
	enum bc_status status =
	        bc_read(cache, key, from_ns, to_ns, columns, flags, view);

	if (status != BC_OK)
		bench_die("bc_read %s: %s (%s)", key, bc_strerror(status),
		          bc_miss_name(view->miss));
}
