/* SPDX-License-Identifier: MIT */
/*
 * selection.h - the entries that a command line names and selects.
 */
#ifndef TOOL_SELECTION_H
#define TOOL_SELECTION_H

#include "tool.h"

/* Keys, each once; zeroed: none.  The named ones come first. */
struct selection {
	char **keys;
	size_t count, named;
	size_t passed; /* entries that were selected and have no rows in time */
};

/* Whether any of the three options, which may be given together, is set. */
bool selection_wanted(const struct args_value *prefix,
                      const struct args_value *glob,
                      const struct args_value *regex);

/*
 * Gather the operands and then the entries with rows in time that all of the
 * options select.  TOOL_DONE, or the exit status after a message; none at all
 * is TOOL_MISS.
 */
enum tool_exit selection_gather(struct selection *selection,
                                const struct tool *tool,
                                const struct args_value *prefix,
                                const struct args_value *glob,
                                const struct args_value *regex);

void selection_free(struct selection *selection);

#endif /* TOOL_SELECTION_H */
