/* SPDX-License-Identifier: MIT */
/*
 * cmd_verify.c - barcache verify: read and check every byte.
 *
 * The library marks what is damaged, so that it is a miss from then on; a
 * cache that cannot be written is checked all the same.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "output.h"
#include "tool.h"
#include "unit.h"

/*
 * A bc_verify_function: one bad entry, printed or, if 'context' is not NULL,
 * added to that list.
 */
static void
verify_bad(void *context, const char *key, const char *reason)
{
	json_t *object;

	tool_progress_end();
	if (context != NULL) {
		object = json_object();
		output_add_text(object, "key", key);
		output_add_text(object, "reason", reason);
		json_array_append_new(context, object);
		return;
	}
	printf("bad: ");
	output_text(stdout, key, strlen(key));
	printf(": ");
	output_line(reason);
}

/* Say on a terminal how much there is to check. */
static void
verify_announce(struct tool *tool)
{
	char bytes[UNIT_TEXT];
	struct bc_stats stats;

	if (bc_stats(tool->cache, &stats, NULL) == BC_OK)
		tool_progress("checking %" PRIu64 " entries with %s",
		              stats.entries,
		              unit_format_bytes(stats.live_bytes, bytes));
}

static void
verify_print_json(const struct bc_verify_report *report, int64_t elapsed_ns,
                  json_t *bad)
{
	json_t *object = json_object();

	output_add_count(object, "entries", report->entries);
	output_add_count(object, "segments", report->segments);
	output_add_count(object, "bytes", report->bytes);
	output_add_count(object, "bad_entries", report->bad_entries);
	output_add_count(object, "bad_segments", report->bad_segments);
	output_add_ns(object, "elapsed_ns", true, elapsed_ns);
	output_add(object, "bad", bad);
	output_json(object);
}

static void
verify_print(const struct bc_verify_report *report)
{
	char bytes[UNIT_TEXT];

	printf("checked: %" PRIu64 " entries, %" PRIu64 " segments, %s\n",
	       report->entries, report->segments,
	       unit_format_bytes(report->bytes, bytes));
	printf("damaged: %" PRIu64 " entries, %" PRIu64 " segments\n",
	       report->bad_entries, report->bad_segments);
}

static enum tool_exit
verify_run(struct tool *tool)
{
	const char *prefix =
		tool->args.operand_count == 0 ? NULL : tool->args.operands[0];
	struct bc_verify_report report = { 0 };
	enum bc_status status;
	enum tool_exit result;
	struct bc_error err;
	int64_t start_ns;
	json_t *bad;

	result = tool_open(tool, TOOL_WRITE, NULL);
	if (result != TOOL_DONE)
		return result;
	bad = tool->json ? json_array() : NULL;
	verify_announce(tool);
	start_ns = bci_clock_monotonic_ns();
	status = bc_verify(tool->cache, prefix, verify_bad, bad, &report, &err);
	tool_progress_end();
	if (status != BC_OK && status != BC_CORRUPT) {
		json_decref(bad);
		return tool_fail(&err);
	}
	if (tool->json)
		verify_print_json(&report, bci_clock_monotonic_ns() - start_ns,
		                  bad);
	else
		verify_print(&report);
	return status == BC_OK ? TOOL_DONE : TOOL_MISS;
}

const struct tool_command cmd_verify = {
	.name = "verify",
	.summary = "Check every byte of the entries that begin with PREFIX",
	.operands = "[PREFIX]",
	.operands_max = 1,
	.run = verify_run,
	.notes = "Lists each bad entry; they are misses from then on.  Exit "
		 "status 1 if there is one.\n\n"
		 "JSON: entries, segments, bytes, bad_entries, "
		 "bad_segments, elapsed_ns, bad (key and reason each).",
};
