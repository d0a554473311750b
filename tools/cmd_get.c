/* SPDX-License-Identifier: MIT */
/*
 * cmd_get.c - barcache get: print an entry, or a part of it.
 */
#include "barcache.h"

#include <stdio.h>

#include "frame.h"
#include "output.h"
#include "range_args.h"
#include "tool.h"

enum { GET_HEAD, GET_TAIL, GET_FROM, GET_TO, GET_COLUMNS, GET_FORMAT };

static const struct args_option get_options[] = {
	[GET_HEAD] = { "head", ARGS_COUNT, "N", "Only the first N rows" },
	[GET_TAIL] = { "tail", ARGS_COUNT, "N", "Only the last N rows" },
	[GET_FROM] = RANGE_ARGS_FROM,
	[GET_TO] = RANGE_ARGS_TO,
	[GET_COLUMNS] = { "columns", ARGS_TEXT, "A,B,...",
	                  "Only these columns, and the time" },
	[GET_FORMAT] = { "format", ARGS_CHOICE, "table|csv|json|raw",
	                 "How to print; table on a terminal, else csv, raw for "
	                 "a blob" },
};

/* Options that only rows can have; -1 ends. */
static const int get_row_options[] = { GET_HEAD, GET_TAIL,    GET_FROM,
	                               GET_TO,   GET_COLUMNS, -1 };

/* Write the bytes of a blob as they are. */
static enum tool_exit
get_blob(struct tool *tool, const struct bc_view *view)
{
	const struct args_value *format = &tool->args.values[GET_FORMAT];
	const int *option;

	for (option = get_row_options; *option >= 0; ++option)
		if (tool->args.values[*option].set)
			return tool_usage(tool,
			                  "the entry is a blob: --%s is for "
			                  "rows",
			                  get_options[*option].name);
	if (tool->json || (format->set && format->number != OUTPUT_RAW))
		return tool_usage(tool, "the entry is a blob: only its raw "
		                        "bytes can be printed");
	if (!format->set && output_is_terminal())
		return tool_usage(tool, "the entry is a blob: --format raw "
		                        "prints its bytes to a terminal");
	fwrite(view->data, 1, view->bytes, stdout);
	return TOOL_DONE;
}

/* Narrow the rows down as the options say: by time, then by number. */
static enum tool_exit
get_narrow(struct tool *tool, struct frame *frame)
{
	const struct args_value *values = tool->args.values;
	const char *operand =
		tool->args.operand_count > 1 ? tool->args.operands[1] : NULL;
	struct bci_range range;
	enum tool_exit result;

	result = range_args_read(tool, operand, &values[GET_FROM],
	                         &values[GET_TO], &range);
	if (result != TOOL_DONE)
		return result;
	if ((operand != NULL || values[GET_FROM].set || values[GET_TO].set) &&
	    !frame->view->schema->has_time)
		return tool_usage(tool, "the entry has no times: ranges are "
		                        "for frames");
	if (values[GET_COLUMNS].set &&
	    !frame_select(frame, values[GET_COLUMNS].text))
		return TOOL_USAGE;
	if (range.from_ns != INT64_MIN)
		frame_from(frame, range.from_ns);
	if (range.to_ns != INT64_MAX)
		frame_to(frame, range.to_ns);
	if (values[GET_HEAD].set)
		frame_head(frame, values[GET_HEAD].number);
	if (values[GET_TAIL].set)
		frame_tail(frame, values[GET_TAIL].number);
	return TOOL_DONE;
}

static enum tool_exit
get_rows(struct tool *tool, const struct bc_view *view)
{
	const struct args_value *given = &tool->args.values[GET_FORMAT];
	enum output_format format = output_format_default();
	enum tool_exit result;
	struct frame frame;

	if (tool->json)
		format = OUTPUT_JSON;
	else if (given->set) /* the words are in the order of the enum */
		format = (enum output_format)given->number;
	if (format == OUTPUT_RAW)
		return tool_usage(tool, "the entry is no blob: it has no raw "
		                        "bytes to print");
	frame_init(&frame, view);
	result = get_narrow(tool, &frame);
	if (result == TOOL_DONE)
		frame_print(&frame, tool->args.operands[0], format);
	frame_free(&frame);
	return result;
}

static enum tool_exit
get_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	const char *key = tool->args.operands[0];
	enum tool_exit result;
	struct bc_view view;

	if (tool->json && values[GET_FORMAT].set &&
	    values[GET_FORMAT].number != OUTPUT_JSON)
		return tool_usage(tool,
		                  "--json and --format %s contradict "
		                  "each other",
		                  values[GET_FORMAT].text);
	result = tool_open(tool, TOOL_READ, NULL);
	if (result != TOOL_DONE)
		return result;
	result = tool_get(tool, key, &view);
	if (result != TOOL_DONE)
		return result;
	if (view.kind == BC_BLOB)
		result = get_blob(tool, &view);
	else
		result = get_rows(tool, &view);
	bc_view_release(&view);
	return result;
}

const struct tool_command cmd_get = {
	.name = "get",
	.summary = "Print an entry or a part of it",
	.operands = "KEY [RANGE]",
	.operands_min = 1,
	.operands_max = 2,
	.options = get_options,
	.option_count = sizeof(get_options) / sizeof(get_options[0]),
	.run = get_run,
	.notes = RANGE_ARGS_NOTES
	"  --head and --tail count among the rows of the range, --head "
	"first.\n\n"
	"Numbers are printed with the fewest digits that read back "
	"exactly; CSV can be imported again.\n\n"
	"JSON: key, kind, rows, columns, types, data (a list of "
	"rows; time in ns; what is not finite is null).",
};
