/* SPDX-License-Identifier: MIT */
/*
 * cmd_compact.c - barcache compact: series to fewer and larger segments.
 */
#include "barcache.h"

#include <inttypes.h>

#include "output.h"
#include "tool.h"
#include "unit.h"

enum { COMPACT_PREFIX, COMPACT_DRY_RUN };

static const struct args_option compact_options[] = {
	[COMPACT_PREFIX] = { "prefix", ARGS_TEXT, "PREFIX",
	                     "Only series whose keys begin with it" },
	[COMPACT_DRY_RUN] = { "dry-run", ARGS_FLAG, NULL,
	                      "Only print what would be done" },
};

static void
compact_json(const struct bc_compact_report *report, bool dry)
{
	json_t *object = json_object();

	output_add(object, "dry_run", json_boolean(dry));
	output_add_count(object, "entries", report->entries);
	output_add_count(object, "merged", report->merged);
	output_add_count(object, "segments_before", report->segments_before);
	output_add_count(object, "segments_after", report->segments_after);
	output_add_count(object, "bytes_written", report->bytes_written);
	output_json(object);
}

static enum tool_exit
compact_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	struct bc_compact_report report = { 0 };
	bool dry = values[COMPACT_DRY_RUN].set;
	enum tool_exit result;
	struct bc_error err;
	char bytes[UNIT_TEXT];

	result = tool_open(tool, TOOL_WRITE, NULL);
	if (result != TOOL_DONE)
		return result;
	options.prefix = values[COMPACT_PREFIX].text;
	options.flags = dry ? BC_COMPACT_DRY_RUN : 0;
	if (bc_compact(tool->cache, &options, &report, &err) != BC_OK)
		return tool_fail(&err);
	if (tool->json) {
		compact_json(&report, dry);
		return TOOL_DONE;
	}
	output_pair("entries", "%" PRIu64, report.entries);
	output_pair(dry ? "to merge" : "merged", "%" PRIu64, report.merged);
	output_pair("segments before", "%" PRIu64, report.segments_before);
	output_pair("segments after", "%" PRIu64, report.segments_after);
	output_pair(dry ? "to write" : "written", "%s",
	            unit_format_bytes(report.bytes_written, bytes));
	return TOOL_DONE;
}

const struct tool_command cmd_compact = {
	.name = "compact",
	.summary = "Merge the segments of series to fewer and larger ones",
	.operands = "",
	.options = compact_options,
	.option_count = sizeof(compact_options) / sizeof(compact_options[0]),
	.run = compact_run,
	.notes = "Series that grew in many small steps are read faster "
		 "afterwards.  Each series is a commit of its own, so that "
		 "others can write in between; readers go on.\n\n"
		 "JSON: dry_run, entries, merged, segments_before, "
		 "segments_after, bytes_written.",
};
