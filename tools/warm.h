/* SPDX-License-Identifier: MIT */
/*
 * warm.h - what barcache warm warms: entries, each with a range.
 */
#ifndef TOOL_WARM_H
#define TOOL_WARM_H

#include "range.h"
#include "tool.h"

/* Entries, sorted, each once with the same range; zeroed: none. */
struct warm_list {
	struct bc_warm_key *keys; /* whose texts are of the list, too */
	size_t count;
};

/* Add an entry, there or not. */
void warm_list_add(struct warm_list *list, const char *key,
                   const struct bci_range *range);

/* Add what the filter selects; TOOL_DONE or the status after a message. */
enum tool_exit warm_list_select(struct warm_list *list, const struct tool *tool,
                                const struct bc_filter *filter,
                                const struct bci_range *range);

/*
 * Add what a profile says; "-" is standard input.  A line is a key, or a
 * pattern with * ? or [, and perhaps a range behind a blank; 'range' is that of
 * lines without one.  Blank lines and what follows a # at the begin of a word
 * pass.  TOOL_DONE or the exit status after a message.
 */
enum tool_exit warm_list_read(struct warm_list *list, const struct tool *tool,
                              const char *path, const struct bci_range *range);

/* Sort it, and drop what is there twice. */
void warm_list_sort(struct warm_list *list);

/*
 * Fetch what is missing of the series by 'command', up to 'jobs' at once, or
 * print what would be run.  Entries that are none are left as they are, and so
 * is what has no range and is not there: nothing says where to begin.
 * TOOL_DONE; TOOL_MISS if something failed; another status after a message.
 */
enum tool_exit warm_fetch(const struct warm_list *list, struct tool *tool,
                          const char *command, uint64_t jobs, bool dry);

void warm_list_free(struct warm_list *list);

#endif /* TOOL_WARM_H */
