/* SPDX-License-Identifier: MIT */
/*
 * known.h - what is known of a range of an entry, and what is not.
 */
#ifndef TOOL_KNOWN_H
#define TOOL_KNOWN_H

#include "range.h"
#include "tool.h"
#include "timeframe.h"

#include <jansson.h>

/*
 * The whole of a range, cut where what is known of it changes: ascending,
 * without holes; BC_KNOWN_NOTHING is what is missing.
 */
struct known {
	struct bc_interval *items; /* freed by known_free() */
	size_t count;
};

/*
 * What is known of 'range' of an entry with rows in time.  An end of the range
 * that is open becomes the first or the last moment that anything is known of.
 * Of a frame its rows are known, from the first to the end of the last.
 * TOOL_DONE, or the exit status after a message.
 */
enum tool_exit known_read(const struct tool *tool, const struct bc_info *info,
                          struct bci_range *range, struct known *known);

void known_free(struct known *known);

/* How many stretches are missing. */
size_t known_missing(const struct known *known);

/* Say on stderr which are, but of many only the first. */
void known_say(const struct known *known, const char *key);

/* The missing ones as a list of objects with from_ns and to_ns. */
json_t *known_json(const struct known *known);

/*
 * Ask for an entry that must have rows in time.  TOOL_DONE, or the exit status
 * after a message.
 */
enum tool_exit known_info(const struct tool *tool, const char *key,
                          char text[BC_KEY_MAX + 1], struct bc_info *info);

/*
 * The timeframe of an entry: that of its key, else the step of its rows.
 * False if neither says it.
 */
bool known_timeframe(const struct bc_info *info,
                     struct bci_timeframe *timeframe);

#endif /* TOOL_KNOWN_H */
