/* SPDX-License-Identifier: MIT */
/*
 * plot_fold.c - rows folded to as many bars as a chart has columns.
 *
 * Each bar of the chart is made of the same number of stored ones, counted by
 * time and not by row, so that all are equally wide and what is missing leaves
 * a hole.  A row whose price is not finite is missing.
 */
#include "plot.h"

#include <math.h>

/* A month and a year, on the average. */
#define PLOT_MONTH_NS INT64_C(2629746000000000)

/* The value of a row in a role, NAN if the view does not have it. */
static double
plot_value(const struct plot_rows *rows, enum plot_role role, uint64_t row)
{
	const struct bc_view *view = rows->view;
	int index = rows->column[role];
	const void *data;

	if (index < 0)
		return NAN;
	data = bc_view_column(view, (uint32_t)index);
	switch (view->schema->columns[index].type) {
	case BC_F64:
		return ((const double *)data)[row];
	case BC_F32:
		return (double)((const float *)data)[row];
	case BC_I64:
		return (double)((const int64_t *)data)[row];
	case BC_I32:
		return ((const int32_t *)data)[row];
	case BC_U8:
		return ((const uint8_t *)data)[row];
	case BC_TEXT:
		break;
	}
	return NAN;
}

/* The bar of a row; false if it has no price. */
static bool
plot_row(const struct plot_rows *rows, uint64_t row, struct plot_bar *bar)
{
	bar->open = plot_value(rows, PLOT_OPEN, row);
	bar->high = plot_value(rows, PLOT_HIGH, row);
	bar->low = plot_value(rows, PLOT_LOW, row);
	bar->close = plot_value(rows, PLOT_CLOSE, row);
	bar->volume = plot_value(rows, PLOT_VOLUME, row);
	if (!isfinite(bar->volume) || bar->volume < 0)
		bar->volume = 0;
	bar->rows = 1;
	bar->time_ns = bc_view_time(rows->view)[row];
	return isfinite(bar->open) && isfinite(bar->high) &&
	       isfinite(bar->low) && isfinite(bar->close);
}

/* Add a later row to a bar. */
static void
plot_add(struct plot_bar *bar, const struct plot_bar *row)
{
	if (bar->rows == 0) {
		*bar = *row;
		return;
	}
	bar->high = fmax(bar->high, row->high);
	bar->low = fmin(bar->low, row->low);
	bar->close = row->close;
	bar->volume += row->volume;
	bar->rows += row->rows;
}

/* The shortest step between rows. */
static int64_t
plot_shortest(const struct bc_view *view)
{
	const int64_t *time_ns = bc_view_time(view);
	uint64_t shortest = INT64_MAX, row;

	for (row = 1; row < view->rows; ++row) {
		uint64_t step =
			(uint64_t)time_ns[row] - (uint64_t)time_ns[row - 1];

		if (step < shortest)
			shortest = step;
	}
	return view->rows > 1 ? (int64_t)shortest : 1;
}

void
plot_rows_begin(struct plot_rows *rows, const struct bci_timeframe *timeframe)
{
	struct plot_bar all = { 0 }, bar;
	uint64_t row;

	for (row = 0; row < rows->view->rows; ++row)
		if (plot_row(rows, row, &bar))
			plot_add(&all, &bar);
	rows->high = all.rows != 0 ? all.high : NAN;
	rows->low = all.rows != 0 ? all.low : NAN;
	rows->open = all.open;
	rows->last = all.close;
	rows->step_ns = timeframe->step_ns;
	if (timeframe->months != 0)
		rows->step_ns = timeframe->months * PLOT_MONTH_NS;
	if (rows->step_ns <= 0)
		rows->step_ns = plot_shortest(rows->view);
}

/* Which bar from the first row on a time belongs to: the nearest. */
static uint64_t
plot_slot(const struct plot_rows *rows, int64_t time_ns)
{
	uint64_t since = (uint64_t)time_ns - (uint64_t)rows->view->first_ns;

	return since / (uint64_t)rows->step_ns +
	       (since % (uint64_t)rows->step_ns > (uint64_t)rows->step_ns / 2);
}

void
plot_fold(const struct plot_rows *rows, size_t columns, struct plot_bars *bars)
{
	uint64_t last = plot_slot(rows, rows->view->last_ns);
	uint64_t merged = last / columns + 1, row;
	struct plot_bar bar;
	size_t i;

	*bars = (struct plot_bars){ .merged = merged,
		                    .first_ns = rows->view->first_ns };
	bars->count = (size_t)(last / merged + 1);
	/* One bar that begins near the end of time may be too long. */
	if (__builtin_mul_overflow(merged, rows->step_ns, &bars->bar_ns))
		bars->bar_ns = INT64_MAX;
	bars->items = tool_alloc(bars->count, sizeof(*bars->items));
	for (row = 0; row < rows->view->rows; ++row)
		if (plot_row(rows, row, &bar))
			plot_add(&bars->items[plot_slot(rows, bar.time_ns) /
			                      merged],
			         &bar);
	for (i = 0; i < bars->count; ++i)
		bars->volume = fmax(bars->volume, bars->items[i].volume);
}
