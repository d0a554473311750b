/* SPDX-License-Identifier: MIT */
/*
 * figure.h - what a single cell of a file looks like: nothing, a number however
 * people write it, or text.
 */
#ifndef BCI_FIGURE_H
#define BCI_FIGURE_H

#include "common.h"
#include "field.h"

enum bci_figure_kind {
	BCI_FIGURE_EMPTY,   /* nothing, "null", "NaN", "n/a", "-" */
	BCI_FIGURE_INTEGER, /* plain digits with or without a sign */
	BCI_FIGURE_NUMBER,
	BCI_FIGURE_TEXT
};

/* The marks between the digits of a number, by which its style is known. */
struct bci_figure {
	enum bci_figure_kind kind;
	uint32_t points, commas;
	char other;      /* ' ' or '\'' between digits, or 0 */
	char last;       /* the last of '.' and ',', or 0 */
	uint32_t before; /* digits before the first of all marks */
	uint32_t after;  /* digits after the last of '.' and ',' */
};

/* Look at a cell of a text that can be read up to 'end'. */
struct bci_figure bci_figure_look(const struct bci_field *field,
                                  const char *end);

/* Whether 'field' is 'text', in small or capital letters. */
bool bci_figure_is(const struct bci_field *field, const char *text);

#endif /* BCI_FIGURE_H */
