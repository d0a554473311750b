/* SPDX-License-Identifier: MIT */
/*
 * cmd_demote.c - barcache demote, barcache promote: move entries to a tier.
 */
#include "barcache.h"

#include <stdio.h>

#include "output.h"
#include "selection.h"
#include "tool.h"
#include "unit.h"

enum { PLACE_ALL = SELECTION_CONDITIONS, PLACE_DRY_RUN };

static const struct args_option place_options[] = {
	[SELECTION_PREFIX] = { "prefix", ARGS_TEXT, "PREFIX",
	                       "Move what has a key that begins with it" },
	[SELECTION_GLOB] = { "glob", ARGS_TEXT, "GLOB",
	                     "Move what has a key that matches as a whole: "
	                     "* ? [a-z]" },
	[SELECTION_REGEX] = { "regex", ARGS_TEXT, "REGEX",
	                      "Move what has a key that matches somewhere: "
	                      "POSIX extended" },
	[SELECTION_TAG] = { "tag", ARGS_TEXT, "TAG", "Move what has the tag" },
	[SELECTION_BACKTEST] = { "backtest", ARGS_TEXT, "NAME",
	                         "Move what the backtest used" },
	[SELECTION_SOURCE] = { "source", ARGS_TEXT, "SOURCE",
	                       "Move the series and requests of a source" },
	[SELECTION_OLDER_THAN] = { "older-than", ARGS_DURATION, "DURATION",
	                           "Move what was not put or appended to for "
	                           "so long: 12h, 30d" },
	[SELECTION_UNUSED_FOR] = { "unused-for", ARGS_DURATION, "DURATION",
	                           "Move what was neither read nor put for so "
	                           "long" },
	[PLACE_ALL] = { "all", ARGS_FLAG, NULL, "Move everything" },
	[PLACE_DRY_RUN] = { "dry-run", ARGS_FLAG, NULL,
	                    "Only print what is meant" },
};

/* What was done to one entry. */
static void
place_report(const struct tool *tool, const char *key,
             const struct bc_place_report *report)
{
	char size[UNIT_TEXT];
	json_t *object;

	if (tool->json) {
		object = json_object();
		output_add_text(object, "key", key);
		output_add_count(object, "segments", report->segments);
		output_add_count(object, "bytes", report->bytes);
		output_add_count(object, "left", report->left);
		output_json(object);
		return;
	}
	printf("%s: moved %llu segment%s, %s", key,
	       (unsigned long long)report->segments,
	       report->segments == 1 ? "" : "s",
	       unit_format_bytes(report->bytes, size));
	if (report->left != 0)
		printf(", left %llu", (unsigned long long)report->left);
	printf("\n");
}

/* What the command line selects; *filter is NULL if only keys are named. */
static enum tool_exit
place_filter(const struct tool *tool, struct bc_filter *conditions,
             const struct bc_filter **filter)
{
	const struct args_value *values = tool->args.values;
	bool some = selection_filter(values, conditions);

	if (some && values[PLACE_ALL].set)
		return tool_usage(tool, "--all takes no conditions");
	some = some || values[PLACE_ALL].set;
	if (!some && tool->args.operand_count == 0)
		return tool_usage(tool, "%s needs a KEY, a condition, or --all",
		                  tool->command->name);
	*filter = some ? conditions : NULL;
	return TOOL_DONE;
}

/* One entry; what is gone since it was selected is passed over. */
static enum tool_exit
place_entry(struct tool *tool, const struct selection *selection, size_t i,
            enum bc_placement placement)
{
	const char *key = selection->keys[i];
	struct bc_place_report report;
	enum bc_status status;
	struct bc_error err;

	if (tool->args.values[PLACE_DRY_RUN].set) {
		output_line(key);
		return TOOL_DONE;
	}
	tool_progress("%zu of %zu: %s", i + 1, selection->count, key);
	status = bc_place(tool->cache, key, placement, &report, &err);
	tool_progress_end();
	if (status == BC_MISS && i >= selection->named)
		return TOOL_DONE;
	if (status != BC_OK)
		return tool_fail(&err);
	if (i < selection->named || report.segments != 0)
		place_report(tool, key, &report);
	return TOOL_DONE;
}

static enum tool_exit
place_run(struct tool *tool, enum bc_placement placement)
{
	bool dry = tool->args.values[PLACE_DRY_RUN].set;
	struct selection selection = { .keys = NULL };
	const struct bc_filter *filter = NULL;
	struct bc_filter conditions;
	enum tool_exit result;

	result = place_filter(tool, &conditions, &filter);
	if (result == TOOL_DONE)
		result = tool_open(tool, dry ? TOOL_READ : TOOL_WRITE, NULL);
	if (result == TOOL_DONE)
		result = selection_where(&selection, tool, filter);
	for (size_t i = 0; result == TOOL_DONE && i < selection.count; i++)
		result = place_entry(tool, &selection, i, placement);
	selection_free(&selection);
	return result;
}

static enum tool_exit
demote_run(struct tool *tool)
{
	return place_run(tool, BC_PLACE_COLD);
}

static enum tool_exit
promote_run(struct tool *tool)
{
	return place_run(tool, BC_PLACE_WARM);
}

#define PLACE_NOTES                                                            \
	"Conditions given together must all hold; keys that are named move "   \
	"besides.  Of what conditions select only what moved is printed, in "  \
	"steps that let other writers through.\n\n"                            \
	"JSON, a line each: key, segments, bytes, left."

const struct tool_command cmd_demote = {
	.name = "demote",
	.summary = "Move entries to the cold tier: packed, without loss",
	.operands = "[KEY...]",
	.operands_max = SIZE_MAX,
	.options = place_options,
	.option_count = sizeof(place_options) / sizeof(place_options[0]),
	.run = demote_run,
	.notes = "What packing would not make smaller by a tenth is left "
		 "where it is.  " PLACE_NOTES,
};

const struct tool_command cmd_promote = {
	.name = "promote",
	.summary =
		"Move entries to the warm tier, where they are read in place",
	.operands = "[KEY...]",
	.operands_max = SIZE_MAX,
	.options = place_options,
	.option_count = sizeof(place_options) / sizeof(place_options[0]),
	.run = promote_run,
	.notes = "Happens by itself to what is read cold twice.  " PLACE_NOTES,
};
