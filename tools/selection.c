/* SPDX-License-Identifier: MIT */
/*
 * selection.c - the entries that a command line names and selects.
 */
#include "selection.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"

/* Add a key unless it was named before. */
static void
selection_add(struct selection *selection, const char *key)
{
	char **keys = selection->keys;
	size_t i;

	for (i = 0; i < selection->named; ++i)
		if (strcmp(keys[i], key) == 0)
			return;
	keys = tool_grow(keys, selection->count, sizeof(*keys));
	keys[selection->count++] = tool_copy(key);
	selection->keys = keys;
}

/* A bc_list_function. */
static int
selection_listed(void *context, const struct bc_info *info)
{
	struct selection *selection = context;

	if (!selection->timed || info->kind == BC_FRAME ||
	    info->kind == BC_SERIES)
		selection_add(selection, info->key);
	else
		++selection->passed;
	return 0;
}

bool
selection_filter(const struct args_value *values, struct bc_filter *filter)
{
	int64_t now_ns = bci_clock_wall_ns();

	*filter = (struct bc_filter){
		.prefix = values[SELECTION_PREFIX].text,
		.glob = values[SELECTION_GLOB].text,
		.regex = values[SELECTION_REGEX].text,
		.tag = values[SELECTION_TAG].text,
		.backtest = values[SELECTION_BACKTEST].text,
		.source = values[SELECTION_SOURCE].text,
	};
	if (values[SELECTION_OLDER_THAN].set)
		filter->updated_before_ns =
			now_ns - values[SELECTION_OLDER_THAN].ns;
	if (values[SELECTION_UNUSED_FOR].set)
		filter->not_accessed_since_ns =
			now_ns - values[SELECTION_UNUSED_FOR].ns;
	for (size_t i = 0; i < SELECTION_CONDITIONS; ++i)
		if (values[i].set)
			return true;
	return false;
}

enum tool_exit
selection_where(struct selection *selection, const struct tool *tool,
                const struct bc_filter *filter)
{
	struct bc_error err;
	size_t i;

	for (i = 0; i < tool->args.operand_count; ++i) {
		selection_add(selection, tool->args.operands[i]);
		selection->named = selection->count;
	}
	if (filter != NULL && bc_list(tool->cache, filter, selection_listed,
	                              selection, &err) != BC_OK)
		return tool_fail(&err);
	if (selection->passed != 0)
		tool_say("left out %zu entr%s without rows in time",
		         selection->passed,
		         selection->passed == 1 ? "y" : "ies");
	if (selection->count == 0) {
		tool_say("nothing is selected");
		return TOOL_MISS;
	}
	return TOOL_DONE;
}

bool
selection_wanted(const struct args_value *prefix, const struct args_value *glob,
                 const struct args_value *regex)
{
	return prefix->set || glob->set || regex->set;
}

enum tool_exit
selection_gather(struct selection *selection, const struct tool *tool,
                 const struct args_value *prefix, const struct args_value *glob,
                 const struct args_value *regex)
{
	const struct bc_filter filter = {
		.prefix = prefix->text,
		.glob = glob->text,
		.regex = regex->text,
	};

	selection->timed = true;
	return selection_where(selection, tool,
	                       selection_wanted(prefix, glob, regex) ? &filter
	                                                             : NULL);
}

void
selection_free(struct selection *selection)
{
	size_t i;

	for (i = 0; i < selection->count; ++i)
		free(selection->keys[i]);
	free(selection->keys);
	*selection = (struct selection){ 0 };
}
