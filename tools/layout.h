/* SPDX-License-Identifier: MIT */
/*
 * layout.h - what the path of a file says about the series in it.
 */
#ifndef TOOL_LAYOUT_H
#define TOOL_LAYOUT_H

#include "barcache.h"

#include <stdbool.h>

#include "layout_date.h"

/* Parts of a series key; "" is unsaid. */
struct layout {
	const char *name; /* of the layout: "binance", ..., "file name" */
	char source[BC_KEY_MAX + 1];
	char market[BC_KEY_MAX + 1];
	char symbol[BC_KEY_MAX + 1];
	char timeframe[BC_KEY_MAX + 1]; /* canonical */
	char variant[BC_KEY_MAX + 1];
	struct layout_period period; /* that the name states */
};

/* Take 'path' apart; see layout.c for the rules.  "-" says nothing. */
void layout_find(const char *path, struct layout *layout);

#endif /* TOOL_LAYOUT_H */
