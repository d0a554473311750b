/* SPDX-License-Identifier: MIT */
/*
 * selection.h - the entries that a command line names and selects.
 */
#ifndef TOOL_SELECTION_H
#define TOOL_SELECTION_H

#include "tool.h"

/* The conditions, as the first options of a command that has them all. */
enum {
	SELECTION_PREFIX,
	SELECTION_GLOB,
	SELECTION_REGEX,
	SELECTION_TAG,
	SELECTION_BACKTEST,
	SELECTION_SOURCE,
	SELECTION_OLDER_THAN,
	SELECTION_UNUSED_FOR,
	SELECTION_CONDITIONS
};

/* What the conditions among 'values' say; false: there are none. */
bool selection_filter(const struct args_value *values,
                      struct bc_filter *filter);

/* Keys, each once; zeroed: none.  The named ones come first. */
struct selection {
	char **keys;
	size_t count, named;
	bool timed;    /* only entries with rows in time are selected */
	size_t passed; /* others that would have been */
};

/*
 * Gather the operands and then the entries that the filter selects, unless it
 * is NULL.  TOOL_DONE, or the exit status after a message; none at all is
 * TOOL_MISS.
 */
enum tool_exit selection_where(struct selection *selection,
                               const struct tool *tool,
                               const struct bc_filter *filter);

/* Whether any of the three options, which may be given together, is set. */
bool selection_wanted(const struct args_value *prefix,
                      const struct args_value *glob,
                      const struct args_value *regex);

/* The same of entries with rows in time that all of the options select. */
enum tool_exit selection_gather(struct selection *selection,
                                const struct tool *tool,
                                const struct args_value *prefix,
                                const struct args_value *glob,
                                const struct args_value *regex);

void selection_free(struct selection *selection);

#endif /* TOOL_SELECTION_H */
