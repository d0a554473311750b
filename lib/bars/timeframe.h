/* SPDX-License-Identifier: MIT */
/*
 * timeframe.h - lengths of bars: "1m", "4h", "1d", "1w", "1M" and the other
 * spellings in use.
 */
#ifndef BCI_TIMEFRAME_H
#define BCI_TIMEFRAME_H

#include "common.h"

struct bci_timeframe {
	int64_t step_ns; /* length of a bar; 0 where it counts in months */
	uint32_t months; /* length in calendar months; 0 where it is fixed */
};

#define BCI_TIMEFRAME_TEXT 24

/*
 * Parse a spelling of any of the sources ("1m", "1min", "60", "M1", "1-MINUTE",
 * "D", "1Mo").  "1m" is a minute, "1M" a month, "M1" a minute, "MN1" a month.
 * False if it is none.
 */
bool bci_timeframe_parse(const char *text, size_t bytes,
                         struct bci_timeframe *out);

/* The canonical spelling: with the largest unit that divides it ("1h"). */
void bci_timeframe_name(const struct bci_timeframe *timeframe,
                        char text[BCI_TIMEFRAME_TEXT]);

/*
 * The moment that lies 'bars' bars after 'time_ns', or before it if that is
 * negative.  False if it leaves the range of times.
 */
bool bci_timeframe_move(const struct bci_timeframe *timeframe, int64_t time_ns,
                        int32_t bars, int64_t *out_ns);

/* The timeframe whose step is 'step_ns'; false if it has no spelling. */
bool bci_timeframe_of_step(int64_t step_ns, struct bci_timeframe *out);

#endif /* BCI_TIMEFRAME_H */
