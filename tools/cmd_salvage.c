/* SPDX-License-Identifier: MIT */
/*
 * cmd_salvage.c - barcache salvage: a new cache from what arenas hold.
 */
#include "barcache.h"

#include <inttypes.h>

#include "output.h"
#include "tool.h"
#include "unit.h"

static void
salvage_json(const char *path, const struct bc_salvage_report *report)
{
	json_t *object = json_object();

	output_add_text(object, "path", path);
	output_add_count(object, "arenas", report->arenas);
	output_add_count(object, "segments", report->segments);
	output_add_count(object, "stored", report->stored);
	output_add_count(object, "refused", report->refused);
	output_add_count(object, "entries", report->entries);
	output_add_count(object, "bytes", report->bytes);
	output_json(object);
}

static enum tool_exit
salvage_run(struct tool *tool)
{
	const char *lost = tool_path(tool), *path = tool->args.operands[0];
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_salvage_report report;
	struct bc_error err;
	char bytes[UNIT_TEXT];

	if (lost == NULL)
		return TOOL_CANNOT;
	options.name = "barcache";
	options.flags = tool_trust(tool);
	if (bc_salvage(lost, path, &options, &report, &err) != BC_OK)
		return tool_fail(&err);
	if (tool->json) {
		salvage_json(path, &report);
		return TOOL_DONE;
	}
	output_pair("arenas", "%" PRIu64, report.arenas);
	output_pair("segments", "%" PRIu64, report.segments);
	output_pair("stored", "%" PRIu64 ", %s", report.stored,
	            unit_format_bytes(report.bytes, bytes));
	if (report.refused != 0)
		output_pair("refused", "%" PRIu64, report.refused);
	output_pair("entries", "%" PRIu64, report.entries);
	return TOOL_DONE;
}

const struct tool_command cmd_salvage = {
	.name = "salvage",
	.summary = "Make a new cache in DEST from one whose catalogue is lost",
	.operands = "DEST",
	.operands_min = 1,
	.operands_max = 1,
	.run = salvage_run,
	.notes = "Looks through the arenas; the lost cache is not changed.  "
		 "Under each key comes back what was put last.  Values of up "
		 "to 1,400 bytes, the newest rows of series, expiry and what "
		 "was removed are not in arenas.\n\n"
		 "JSON: path, arenas, segments, stored, refused, entries, "
		 "bytes.",
};
