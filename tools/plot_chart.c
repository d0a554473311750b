/* SPDX-License-Identifier: MIT */
/*
 * plot_chart.c - the panels and the axes of a chart, and what is in them.
 */
#include "plot.h"

#include <stdlib.h>
#include <string.h>

/* Lines of the axis of times. */
#define PLOT_LINES_TIMES 2

/* Columns from one bar to the next, at most. */
#define PLOT_STRIDE_MAX 4

/* How many characters the longest label of the axis of prices has. */
static size_t
plot_label_width(const struct plot_chart *chart)
{
	char text[PLOT_LABEL];
	size_t longest = chart->low != 0 ? 5 : 0;
	int64_t k;

	for (k = chart->scale.first; k <= chart->scale.last; ++k) {
		plot_scale_label(&chart->scale, k, text);
		if (strlen(text) > longest)
			longest = strlen(text);
	}
	return longest;
}

void
plot_chart_begin(struct plot_chart *chart, size_t width, size_t height)
{
	size_t lines = height - PLOT_LINES_TIMES;

	chart->low = chart->volume ? lines / 5 + 1 : 0;
	chart->prices = lines - chart->low;
	plot_scale_begin(&chart->scale, chart->rows.low, chart->rows.high,
	                 chart->prices);
	chart->width = width - plot_label_width(chart) - 2;
	plot_fold(&chart->rows, chart->width, &chart->bars);
	chart->stride = chart->width / chart->bars.count;
	if (chart->stride > PLOT_STRIDE_MAX)
		chart->stride = PLOT_STRIDE_MAX;
	plot_canvas_begin(&chart->canvas, width, height);
}

void
plot_chart_free(struct plot_chart *chart)
{
	free(chart->bars.items);
	plot_canvas_free(&chart->canvas);
}

/* A character of Unicode, or of ASCII for those who have no other. */
static const char *
plot_glyph(const struct plot_chart *chart, const char *unicode,
           const char *ascii)
{
	return chart->canvas.ascii ? ascii : unicode;
}

/* The axis of prices on the right, and of volume. */
static void
plot_draw_prices(struct plot_chart *chart)
{
	struct plot_canvas *canvas = &chart->canvas;
	const char *tick = plot_glyph(chart, "├", "+");
	char text[PLOT_LABEL];
	int64_t k;
	size_t y;

	for (y = 0; y < chart->prices + chart->low; ++y)
		plot_put(canvas, chart->width, y, plot_glyph(chart, "│", "|"),
		         PLOT_PLAIN);
	for (k = chart->scale.first; k <= chart->scale.last; ++k) {
		y = plot_scale_at(&chart->scale, (double)k * chart->scale.step,
		                  chart->prices) /
		    2;
		plot_put(canvas, chart->width, y, tick, PLOT_PLAIN);
		plot_scale_label(&chart->scale, k, text);
		plot_put_label(canvas, chart->width + 2, y, text);
	}
	if (chart->low == 0)
		return;
	plot_put(canvas, chart->width, chart->prices, tick, PLOT_PLAIN);
	plot_short(chart->bars.volume, text);
	plot_put_label(canvas, chart->width + 2, chart->prices, text);
}

/* The axis of times below. */
static void
plot_draw_times(struct plot_chart *chart)
{
	struct plot_canvas *canvas = &chart->canvas;
	struct plot_calendar calendar = plot_calendar_choose(
		chart->bars.bar_ns / (int64_t)chart->stride);
	size_t y = chart->prices + chart->low, x, i, free_from = 0;
	char text[PLOT_LABEL];

	for (x = 0; x < chart->width; ++x)
		plot_put(canvas, x, y, plot_glyph(chart, "─", "-"), PLOT_PLAIN);
	plot_put(canvas, x, y, plot_glyph(chart, "┘", "+"), PLOT_PLAIN);
	for (i = 0; i < chart->bars.count; ++i) {
		int64_t from_ns, to_ns;

		if (__builtin_mul_overflow(chart->bars.bar_ns, (int64_t)i,
		                           &from_ns) ||
		    __builtin_add_overflow(from_ns, chart->bars.first_ns,
		                           &from_ns) ||
		    __builtin_add_overflow(from_ns, chart->bars.bar_ns, &to_ns))
			break;
		x = i * chart->stride;
		if (x < free_from ||
		    !plot_calendar_tick(&calendar, from_ns, to_ns, text) ||
		    x + strlen(text) > canvas->width)
			continue;
		plot_put(canvas, x, y, plot_glyph(chart, "┬", "+"), PLOT_PLAIN);
		plot_put_label(canvas, x, y + 1, text);
		free_from = x + strlen(text) + 1;
	}
	if (free_from == 0) {
		plot_calendar_name(chart->bars.first_ns, text);
		plot_put(canvas, 0, y, plot_glyph(chart, "┬", "+"), PLOT_PLAIN);
		plot_put_label(canvas, 0, y + 1, text);
	}
}

/* The line, level from one bar to the next. */
static void
plot_draw_line(struct plot_chart *chart)
{
	size_t i, x, before = 0, now;
	bool drawn = false;

	for (i = 0; i < chart->bars.count; ++i) {
		const struct plot_bar *bar = &chart->bars.items[i];

		if (bar->rows == 0) {
			drawn = false;
			continue;
		}
		now = plot_scale_at(&chart->scale, bar->close, chart->prices);
		for (x = 0; x < chart->stride; ++x) {
			plot_step(&chart->canvas, i * chart->stride + x,
			          drawn ? before : now, now);
			before = now;
			drawn = true;
		}
	}
}

static void
plot_draw_bars(struct plot_chart *chart)
{
	size_t i;

	for (i = 0; i < chart->bars.count; ++i) {
		const struct plot_bar *bar = &chart->bars.items[i];

		if (bar->rows == 0)
			continue;
		if (!chart->line)
			plot_candle(&chart->canvas, i * chart->stride,
			            chart->prices, &chart->scale, bar);
		if (chart->low != 0 && chart->bars.volume > 0)
			plot_volume(&chart->canvas, i * chart->stride,
			            chart->prices, chart->low,
			            bar->volume / chart->bars.volume,
			            bar->close >= bar->open ? PLOT_RISING
			                                    : PLOT_FALLING);
	}
	if (chart->line)
		plot_draw_line(chart);
}

void
plot_chart_print(struct plot_chart *chart)
{
	plot_draw_bars(chart);
	plot_draw_prices(chart);
	plot_draw_times(chart);
	plot_canvas_print(&chart->canvas);
}
