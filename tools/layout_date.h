/* SPDX-License-Identifier: MIT */
/*
 * layout_date.h - the dates in a file name, which say what part of a series the
 * file holds and not whose series it is.
 */
#ifndef TOOL_LAYOUT_DATE_H
#define TOOL_LAYOUT_DATE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * [from_ns, to_ns), by the wall clock of the file's times; both 0: not known.
 */
struct layout_period {
	int64_t from_ns, to_ns;
};

/*
 * Take the dates out of 'text', words separated by '-', '_', '.' and blanks:
 * "mark-2024-01" leaves "mark".  If there is just one, *period is that year,
 * month or day, else it is zeroed.
 *
 * A date is written 2024, 2024-01, 202401, 2024-01-31, 20240131 or 31.01.2024,
 * or is a number of seconds or milliseconds since 1970; "from" before one and
 * "to" between two go with them.
 */
void layout_date_take(char *text, struct layout_period *period);

/*
 * The same for a symbol, in which "202403" or "20240315" may be the month of a
 * contract: only what can be nothing else is taken, 2024-01-31 or two days one
 * after the other; and of a name that is a date all is left.
 */
void layout_date_take_from_symbol(char *text, struct layout_period *period);

#endif /* TOOL_LAYOUT_DATE_H */
