/* SPDX-License-Identifier: MIT */
/*
 * layout_name.h - the symbol, timeframe and variant that a file name spells.
 */
#ifndef TOOL_LAYOUT_NAME_H
#define TOOL_LAYOUT_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "layout_path.h"
#include "timeframe.h"

struct layout_name {
	struct layout_span symbol;
	char timeframe[BCI_TIMEFRAME_TEXT]; /* canonical; "" is unsaid */
	struct layout_span variant;
};

/*
 * Whether these bytes are a timeframe as file names have it, in 'out' the
 * canonical spelling: "1m", "5min", "M15", "1-MINUTE", "daily".  Numbers and
 * letters alone are none, nor are "US30", "5y" and "365d", which name other
 * things; "15M" is minutes, "1M" and "3M" are months.
 */
bool layout_name_timeframe(struct layout_span span,
                           char out[BCI_TIMEFRAME_TEXT]);

/* Cut a file name without its endings. */
void layout_name_cut(struct layout_span stem, struct layout_name *out);

#endif /* TOOL_LAYOUT_NAME_H */
