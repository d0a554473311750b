/* SPDX-License-Identifier: MIT */
/*
 * plot_canvas.c - cells of characters, and what is drawn to them.
 *
 * A cell has two halves, one above the other, so that a candle ends at half a
 * line: there are characters for all pairs of nothing, wick and body.  In ASCII
 * a cell is a body if one of its halves is.
 */
#include "plot.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "output.h"

/* What half a cell of a candle is. */
enum plot_half { PLOT_NOTHING, PLOT_WICK, PLOT_BODY, PLOT_HALVES };

/* By the upper and the lower half. */
static const char *const plot_rising[PLOT_HALVES][PLOT_HALVES] = {
	{ NULL, "╷", "╻" },
	{ "╵", "│", "╽" },
	{ "╹", "╿", "┃" },
};
static const char *const plot_falling[PLOT_HALVES][PLOT_HALVES] = {
	{ NULL, "╷", "▄" },
	{ "╵", "│", "▄" },
	{ "▀", "▀", "█" },
};

void
plot_canvas_begin(struct plot_canvas *canvas, size_t width, size_t height)
{
	canvas->width = width;
	canvas->height = height;
	canvas->cells = tool_alloc(width * height, sizeof(*canvas->cells));
}

void
plot_canvas_free(struct plot_canvas *canvas)
{
	free(canvas->cells);
	*canvas = (struct plot_canvas){ 0 };
}

void
plot_put(struct plot_canvas *canvas, size_t x, size_t y, const char *text,
         enum plot_colour colour)
{
	struct plot_cell *cell = &canvas->cells[y * canvas->width + x];

	if (x >= canvas->width || y >= canvas->height)
		return;
	cell->colour = colour;
	snprintf(cell->text, sizeof(cell->text), "%s", text);
}

void
plot_put_label(struct plot_canvas *canvas, size_t x, size_t y, const char *text)
{
	for (; *text != '\0'; ++text)
		plot_put(canvas, x++, y, (char[2]){ *text, '\0' }, PLOT_PLAIN);
}

/* What the half line 'at' of a candle is. */
static enum plot_half
plot_candle_half(size_t at, size_t high, size_t low, size_t top, size_t bottom)
{
	if (at >= top && at <= bottom)
		return PLOT_BODY;
	return at >= high && at <= low ? PLOT_WICK : PLOT_NOTHING;
}

void
plot_candle(struct plot_canvas *canvas, size_t x, size_t lines,
            const struct plot_scale *scale, const struct plot_bar *bar)
{
	bool rising = bar->close >= bar->open;
	size_t high = plot_scale_at(scale, bar->high, lines);
	size_t low = plot_scale_at(scale, bar->low, lines);
	size_t top =
		plot_scale_at(scale, rising ? bar->close : bar->open, lines);
	size_t bottom =
		plot_scale_at(scale, rising ? bar->open : bar->close, lines);
	size_t y;

	for (y = 0; y < lines; ++y) {
		enum plot_half above =
			plot_candle_half(2 * y, high, low, top, bottom);
		enum plot_half below =
			plot_candle_half(2 * y + 1, high, low, top, bottom);
		const char *text =
			(rising ? plot_rising : plot_falling)[above][below];

		if (text == NULL)
			continue;
		if (canvas->ascii)
			text = above != PLOT_BODY && below != PLOT_BODY ? "|"
			       : rising                                 ? "O"
			                                                : "#";
		plot_put(canvas, x, y, text,
		         rising ? PLOT_RISING : PLOT_FALLING);
	}
}

void
plot_step(struct plot_canvas *canvas, size_t x, size_t before, size_t now)
{
	size_t from = before / 2, to = now / 2, y;
	bool down = to > from;

	if (from == to) {
		plot_put(canvas, x, to, canvas->ascii ? "-" : "─", PLOT_LINE);
		return;
	}
	for (y = (down ? from : to) + 1; y < (down ? to : from); ++y)
		plot_put(canvas, x, y, canvas->ascii ? "|" : "│", PLOT_LINE);
	plot_put(canvas, x, from,
	         canvas->ascii ? down ? "." : "'"
	         : down        ? "╮"
	                       : "╯",
	         PLOT_LINE);
	plot_put(canvas, x, to,
	         canvas->ascii ? down ? "'" : "."
	         : down        ? "╰"
	                       : "╭",
	         PLOT_LINE);
}

void
plot_volume(struct plot_canvas *canvas, size_t x, size_t y, size_t lines,
            double part, enum plot_colour colour)
{
	static const char *const blocks[] = { "▁", "▂", "▃", "▄",
		                              "▅", "▆", "▇", "█" };
	size_t eighths = (size_t)ceil(part * (double)lines * 8), i;

	for (i = 0; i < lines && eighths > 0; ++i) {
		size_t here = eighths < 8 ? eighths : 8;

		plot_put(canvas, x, y + lines - 1 - i,
		         !canvas->ascii ? blocks[here - 1]
		         : here > 4     ? "#"
		                        : ".",
		         colour);
		eighths -= here;
	}
}

/* Change the colour of what is printed next. */
static void
plot_colour(enum plot_colour *now, enum plot_colour next)
{
	static const char *const codes[] = { "\033[0m", "\033[32m", "\033[31m",
		                             "\033[36m" };

	if (*now != next)
		fputs(codes[next], stdout);
	*now = next;
}

/* One line of the canvas. */
static void
plot_canvas_line(const struct plot_canvas *canvas,
                 const struct plot_cell *cells)
{
	enum plot_colour colour = PLOT_PLAIN;
	size_t count = canvas->width, i;

	while (count > 0 && cells[count - 1].text[0] == '\0')
		--count;
	for (i = 0; i < count; ++i) {
		if (canvas->colour && cells[i].text[0] != '\0')
			plot_colour(&colour, cells[i].colour);
		fputs(cells[i].text[0] == '\0' ? " " : cells[i].text, stdout);
	}
	plot_colour(&colour, PLOT_PLAIN);
	putchar('\n');
}

void
plot_canvas_print(const struct plot_canvas *canvas)
{
	size_t y;

	for (y = 0; y < canvas->height; ++y)
		plot_canvas_line(canvas, canvas->cells + y * canvas->width);
}
