/* SPDX-License-Identifier: MIT */
/*
 * plot.h - a chart of bars in characters: the rows folded to columns, the axes,
 * the cells they are drawn to.
 */
#ifndef TOOL_PLOT_H
#define TOOL_PLOT_H

#include "timeframe.h"
#include "tool.h"

/* ------------------------------------------------------------------------ */
/*  Rows                                                                    */
/* ------------------------------------------------------------------------ */

/* The columns of a view that are drawn; of a line all prices are one column. */
enum plot_role {
	PLOT_OPEN,
	PLOT_HIGH,
	PLOT_LOW,
	PLOT_CLOSE,
	PLOT_VOLUME,
	PLOT_ROLES
};

/* The values of a view, which is borrowed. */
struct plot_rows {
	const struct bc_view *view;
	int column[PLOT_ROLES]; /* index in the view, or -1 */
	double high, low;       /* of all rows; NAN if no row has a price */
	double open, last;      /* of the first and the last row that has one */
	int64_t step_ns;        /* from one bar to the next, about */
};

/* Look at all rows, of which there are some; 'timeframe' may be all 0. */
void plot_rows_begin(struct plot_rows *rows,
                     const struct bci_timeframe *timeframe);

/* What a column of the chart shows: the bar of its rows. */
struct plot_bar {
	uint64_t rows;   /* with a price; 0: nothing is shown */
	int64_t time_ns; /* of the first of them */
	double open, high, low, close, volume;
};

/* Bars that are equally long; time goes on where there are none. */
struct plot_bars {
	struct plot_bar *items;
	size_t count;
	int64_t first_ns; /* where the first one begins */
	int64_t bar_ns;   /* how long each is */
	uint64_t merged;  /* stored bars that each of them is made of */
	double volume;    /* the largest one */
};

/* Fold the rows to at most 'columns' bars, freed by the caller. */
void plot_fold(const struct plot_rows *rows, size_t columns,
               struct plot_bars *bars);

/* ------------------------------------------------------------------------ */
/*  Axes                                                                    */
/* ------------------------------------------------------------------------ */

#define PLOT_LABEL 32

/* Round prices from 'from' to 'to': k * step for first <= k <= last. */
struct plot_scale {
	double from, to; /* a little apart where all prices are the same */
	double step;
	int64_t first, last;
	int decimals; /* of the labels; -1: as %g has them */
};

/* Scale the prices for 'lines' lines. */
void plot_scale_begin(struct plot_scale *scale, double low, double high,
                      size_t lines);

/* The half line, counted from the top, of a price on so many lines. */
size_t plot_scale_at(const struct plot_scale *scale, double price,
                     size_t lines);

/* The label of tick k. */
void plot_scale_label(const struct plot_scale *scale, int64_t k,
                      char text[PLOT_LABEL]);

/* A number with about three digits: "1.23M". */
void plot_short(double value, char text[PLOT_LABEL]);

/* How a time axis is divided: into a multiple of ns, or of months. */
struct plot_calendar {
	int64_t step_ns; /* 0: in months */
	int64_t months;
};

/*
 * Choose a division that leaves room for its labels where a character is
 * 'cell_ns' long.
 */
struct plot_calendar plot_calendar_choose(int64_t cell_ns);

/* Whether a division begins in [from_ns, to_ns), and its label. */
bool plot_calendar_tick(const struct plot_calendar *calendar, int64_t from_ns,
                        int64_t to_ns, char text[PLOT_LABEL]);

/* A label of any moment: the minute of the day, or of its beginning the day. */
void plot_calendar_name(int64_t ns, char text[PLOT_LABEL]);

/* ------------------------------------------------------------------------ */
/*  Cells                                                                   */
/* ------------------------------------------------------------------------ */

enum plot_colour { PLOT_PLAIN, PLOT_RISING, PLOT_FALLING, PLOT_LINE };

/* A character of at most three bytes, none for a blank, and its colour. */
struct plot_cell {
	char text[4];
	enum plot_colour colour;
};

struct plot_canvas {
	struct plot_cell *cells; /* lines of 'width' each */
	size_t width, height;
	bool ascii, colour;
};

void plot_canvas_begin(struct plot_canvas *canvas, size_t width, size_t height);
void plot_canvas_free(struct plot_canvas *canvas);

/* Put a character; outside of the canvas nothing happens. */
void plot_put(struct plot_canvas *canvas, size_t x, size_t y, const char *text,
              enum plot_colour colour);

/* Put text of ASCII. */
void plot_put_label(struct plot_canvas *canvas, size_t x, size_t y,
                    const char *text);

/*
 * Draw a candle to the 'lines' lines from the top: rising ones are thin, and
 * falling ones are solid, so that both are told apart without colours.
 */
void plot_candle(struct plot_canvas *canvas, size_t x, size_t lines,
                 const struct plot_scale *scale, const struct plot_bar *bar);

/* Draw the part of a line that comes from half line 'before' to 'now'. */
void plot_step(struct plot_canvas *canvas, size_t x, size_t before, size_t now);

/* Draw a bar of 'part' (0 to 1) of the 'lines' lines from 'y' on. */
void plot_volume(struct plot_canvas *canvas, size_t x, size_t y, size_t lines,
                 double part, enum plot_colour colour);

/* Print the canvas; blanks at the end of a line are left out. */
void plot_canvas_print(const struct plot_canvas *canvas);

/* ------------------------------------------------------------------------ */
/*  Chart                                                                   */
/* ------------------------------------------------------------------------ */

/* The first members are of the caller. */
struct plot_chart {
	struct plot_rows rows; /* begun */
	bool line;             /* of the closes, not candles */
	bool volume;           /* with a panel for it */
	struct plot_bars bars;
	struct plot_scale scale;
	struct plot_canvas canvas;
	size_t width;       /* of the panels, without the axis of prices */
	size_t stride;      /* columns from one bar to the next */
	size_t prices, low; /* lines of prices, and of volume */
};

/* Fold the rows to what has room; to be freed. */
void plot_chart_begin(struct plot_chart *chart, size_t width, size_t height);

void plot_chart_print(struct plot_chart *chart);
void plot_chart_free(struct plot_chart *chart);

#endif /* TOOL_PLOT_H */
