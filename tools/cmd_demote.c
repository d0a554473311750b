/* SPDX-License-Identifier: MIT */
/*
 * cmd_demote.c - barcache demote, barcache promote: move entries to a tier.
 */
#include "barcache.h"

#include <stdio.h>

#include "output.h"
#include "tool.h"
#include "unit.h"

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
	printf("%s: %llu segments of %s moved", key,
	       (unsigned long long)report->segments,
	       unit_format_size(report->bytes, size));
	if (report->left != 0)
		printf(", %llu left", (unsigned long long)report->left);
	printf("\n");
}

static enum tool_exit
place_run(struct tool *tool, enum bc_placement placement)
{
	enum tool_exit result = tool_open(tool, TOOL_WRITE, NULL);
	struct bc_place_report report;
	struct bc_error err;

	for (size_t i = 0; result == TOOL_DONE && i < tool->args.operand_count;
	     i++) {
		const char *key = tool->args.operands[i];

		if (bc_place(tool->cache, key, placement, &report, &err) !=
		    BC_OK)
			return tool_fail(&err);
		place_report(tool, key, &report);
	}
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

const struct tool_command cmd_demote = {
	.name = "demote",
	.summary = "Move entries to the cold tier: packed, without loss",
	.operands = "KEY...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.run = demote_run,
	.notes = "What packing would not make smaller by a tenth is left "
		 "where it is.\n\n"
		 "JSON, a line each: key, segments, bytes, left.",
};

const struct tool_command cmd_promote = {
	.name = "promote",
	.summary =
		"Move entries to the warm tier, where they are read in place",
	.operands = "KEY...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.run = promote_run,
	.notes = "Happens by itself to what is read cold twice.\n\n"
		 "JSON, a line each: key, segments, bytes, left.",
};
