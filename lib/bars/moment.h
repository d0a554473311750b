/* SPDX-License-Identifier: MIT */
/*
 * moment.h - moments as people and exchanges write them.
 */
#ifndef BCI_MOMENT_H
#define BCI_MOMENT_H

#include "common.h"

/*
 * Parse a moment: an integer (s, ms, us, ns by magnitude), "2024-01-02",
 * "2024-01-02 03:04[:05[.fraction]]" with 'T' or a space, and an optional "Z",
 * "UTC" or "+hh[:mm]" offset; without one it is UTC.  A date may be separated
 * by '/' or '.' or by nothing ("20240102"), a time of day by nothing, too
 * ("030405").  Returns the first byte not used or NULL.  *unit_ns is the unit
 * of an integer, else 0.
 *
 * Magnitudes are refused where two units might be meant: seconds reach from
 * 1e8 to 1e10, which is 1973 to 2286, and the other units as far.  Zero is the
 * same moment in all of them.
 */
const char *bci_time_parse(const char *text, const char *end, int64_t *time_ns,
                           int64_t *unit_ns);

/* The unit an integer of this magnitude must be in, in ns; 0 if none. */
int64_t bci_moment_unit(int64_t value);

/* The halves, for files that keep them in columns of their own. */
const char *bci_date_parse(const char *text, const char *end, int64_t *date_ns);
const char *bci_clock_parse(const char *text, const char *end,
                            int64_t *clock_ns);

#define BCI_TIME_TEXT 40

/* "2024-01-02T03:04:05Z", with as many digits of a fraction as needed. */
size_t bci_time_format(int64_t time_ns, char text[BCI_TIME_TEXT]);

#endif /* BCI_MOMENT_H */
