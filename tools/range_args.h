/* SPDX-License-Identifier: MIT */
/*
 * range_args.h - the range of time that a command line asks for: an operand
 * RANGE, or --from and --to.
 */
#ifndef TOOL_RANGE_ARGS_H
#define TOOL_RANGE_ARGS_H

#include "range.h"
#include "tool.h"

/* What --help says of the two options and of RANGE. */
#define RANGE_ARGS_FROM                                                        \
	{                                                                      \
		"from", ARGS_TIME, "TIME", "Only rows at TIME or later"        \
	}
#define RANGE_ARGS_TO                                                          \
	{                                                                      \
		"to", ARGS_TIME, "TIME",                                       \
			"Only rows before TIME: the range is half-open"        \
	}
#define RANGE_ARGS_NOTES                                                       \
	"TIME is UTC: 2024-01-31, 2024-01-31T09:30[:00], with Z or +01:00 "    \
	"behind it, or an integer of s, ms, us or ns since 1970.  RANGE is "   \
	"two of them, of which one may be missing, with \"..\", / or - "       \
	"between them (20240101-20240201, 20240101-, 2024-01-01..2024-02), "   \
	"or one day, month or year; its end is not part of it.  --from and "   \
	"--to say the same."

/*
 * The range that 'operand' (NULL: there is none) or the two options say; an
 * end that nobody names is INT64_MIN or INT64_MAX.  Options that end before
 * they begin are a range without rows.  TOOL_DONE, or the exit status after a
 * message.
 */
enum tool_exit range_args_read(const struct tool *tool, const char *operand,
                               const struct args_value *from,
                               const struct args_value *to,
                               struct bci_range *out);

/*
 * For a command that takes any number of keys and then RANGE: take the last
 * operand off the list if it is a range, and return it; else NULL.  It is a
 * key where the options say the range, or where it is the only operand and
 * 'selected' is false: then no other names an entry.
 */
const char *range_args_take(struct tool *tool, bool selected,
                            const struct args_value *from,
                            const struct args_value *to);

#endif /* TOOL_RANGE_ARGS_H */
