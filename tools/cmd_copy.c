/* SPDX-License-Identifier: MIT */
/*
 * cmd_copy.c - barcache copy: a cache as it is at one moment, in another place.
 */
#include "barcache.h"

#include <inttypes.h>

#include "entry.h"
#include "output.h"
#include "tool.h"
#include "unit.h"

enum { COPY_FREEZE, COPY_VERIFY };

static const struct args_option copy_options[] = {
	[COPY_FREEZE] = { "freeze", ARGS_FLAG, NULL, "Freeze the copy" },
	[COPY_VERIFY] = { "verify", ARGS_FLAG, NULL,
	                  "Read the copy back and check every byte" },
};

/* A bc_progress. */
static void
copy_show(void *context, uint64_t done, uint64_t total)
{
	char copied[UNIT_TEXT], all[UNIT_TEXT];

	(void)context;
	tool_progress("copied %s of %s", unit_format_bytes(done, copied),
	              unit_format_bytes(total, all));
}

static void
copy_json(const char *path, const struct bc_copy_report *report)
{
	json_t *object = json_object();

	output_add_text(object, "path", path);
	output_add_count(object, "revision", report->revision);
	output_add_ns(object, "committed_ns", report->committed_ns != 0,
	              report->committed_ns);
	output_add_count(object, "entries", report->entries);
	output_add_count(object, "arenas", report->arenas);
	output_add_count(object, "bytes", report->bytes);
	output_add_count(object, "lost_arenas", report->lost_arenas);
	output_add_count(object, "bad_entries", report->bad_entries);
	output_json(object);
}

static void
copy_print(const struct bc_copy_report *report)
{
	char bytes[UNIT_TEXT], clock[BCI_TIME_TEXT];

	output_pair("entries", "%" PRIu64, report->entries);
	output_pair("arenas", "%" PRIu64 ", %s", report->arenas,
	            unit_format_bytes(report->bytes, bytes));
	output_pair("revision", "%" PRIu64, report->revision);
	if (report->committed_ns != 0)
		output_pair("committed", "%s",
		            entry_clock(report->committed_ns, clock));
	if (report->lost_arenas != 0)
		output_pair("lost arenas", "%" PRIu64, report->lost_arenas);
	if (report->bad_entries != 0)
		output_pair("damaged", "%" PRIu64, report->bad_entries);
}

static enum tool_exit
copy_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	struct bc_copy_options options = BC_COPY_OPTIONS_INIT;
	const char *path = tool->args.operands[0];
	struct bc_copy_report report;
	enum bc_status status;
	enum tool_exit result;
	struct bc_error err;

	result = tool_open(tool, TOOL_READ, NULL);
	if (result != TOOL_DONE)
		return result;
	options.flags = (values[COPY_FREEZE].set ? BC_COPY_FREEZE : 0u) |
	                (values[COPY_VERIFY].set ? BC_COPY_VERIFY : 0u);
	options.progress = copy_show;
	status = bc_copy(tool->cache, path, &options, &report, &err);
	tool_progress_end();
	if (status != BC_OK && report.bad_entries == 0)
		return tool_fail(&err);
	if (tool->json)
		copy_json(path, &report);
	else
		copy_print(&report);
	return status == BC_OK ? TOOL_DONE : tool_fail(&err);
}

const struct tool_command cmd_copy = {
	.name = "copy",
	.summary = "Copy the cache, as it is now, to the directory DEST",
	.operands = "DEST",
	.operands_min = 1,
	.operands_max = 1,
	.options = copy_options,
	.option_count = sizeof(copy_options) / sizeof(copy_options[0]),
	.run = copy_run,
	.notes = "A backup, or a cache for another host.  Programs may go on "
		 "reading and writing: the copy shows one moment.  DEST must "
		 "not exist, or be an empty directory.  It is there once it "
		 "is complete and on the disk.  Counters and access times "
		 "begin anew.\n\n"
		 "Exit status 1 if --verify finds damage; the copy stays.\n\n"
		 "JSON: path, revision, committed_ns, entries, arenas, bytes, "
		 "lost_arenas, bad_entries.",
};
