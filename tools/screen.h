/* SPDX-License-Identifier: MIT */
/*
 * screen.h - a terminal as a screen of lines that is drawn anew now and then,
 * and keys as they are pressed.
 */
#ifndef TOOL_SCREEN_H
#define TOOL_SCREEN_H

#include <stdbool.h>

#define SCREEN_COLUMNS_MAX 400

struct screen {
	int rows, columns;
	int row; /* the next line to be drawn */
	char *text; /* what is to be shown, until it is */
	unsigned long used, room;
};

/* Take over the terminal; false if standard input or output is none. */
bool screen_begin(struct screen *screen);

/* Give it back as it was; also called when the program ends by a signal. */
void screen_end(struct screen *screen);

/* Begin to draw, on a terminal that may have another size by now. */
void screen_clear(struct screen *screen);

/*
 * Draw a line, cut at the right edge; what is below the last line is dropped.
 * Control characters become '?'.
 */
void screen_line(struct screen *screen, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void screen_bright(struct screen *screen, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Lines that are left. */
int screen_left(const struct screen *screen);

/* Show what was drawn. */
void screen_show(struct screen *screen);

/*
 * The next key, waiting up to 'ms' milliseconds: 0 if none came, or if the
 * size of the terminal changed; SCREEN_OVER if there is no terminal any more or
 * a signal asks for the end.
 */
#define SCREEN_OVER (-1)
int screen_key(int ms);

#endif /* TOOL_SCREEN_H */
