/* SPDX-License-Identifier: MIT */
/*
 * cmd_verify.c - barcache verify: read and check every byte, and repair.
 *
 * The library marks what is damaged, so that it is a miss from then on; a
 * cache that cannot be written is checked all the same.
 */
#include "barcache.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "entry.h"
#include "output.h"
#include "tool.h"
#include "unit.h"

enum { VERIFY_DRY_RUN, VERIFY_QUARANTINE, VERIFY_REPAIR };

static const struct args_option verify_options[] = {
	[VERIFY_DRY_RUN] = { "dry-run", ARGS_FLAG, NULL,
	                     "With --repair: only print what would be done" },
	[VERIFY_QUARANTINE] = { "quarantine", ARGS_FLAG, NULL,
	                        "List what was dropped, and look no further" },
	[VERIFY_REPAIR] = { "repair", ARGS_FLAG, NULL,
	                    "Drop what is damaged and put the rest right" },
};

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

/* ---- repairing --------------------------------------------------------- */

/* A bc_progress. */
static void
verify_show(void *context, uint64_t done, uint64_t total)
{
	char read[UNIT_TEXT], all[UNIT_TEXT];

	(void)context;
	tool_progress("checked %s of %s", unit_format_bytes(done, read),
	              unit_format_bytes(total, all));
}

static void
repair_print_json(const struct bc_repair_report *report, bool dry, json_t *bad)
{
	json_t *object = json_object();

	output_add(object, "dry_run", json_boolean(dry));
	output_add_count(object, "entries", report->entries);
	output_add_count(object, "bytes", report->bytes);
	output_add_count(object, "bad_entries", report->bad_entries);
	output_add_count(object, "bad_segments", report->bad_segments);
	output_add_count(object, "dropped_entries", report->dropped_entries);
	output_add_count(object, "dropped_segments", report->dropped_segments);
	output_add_count(object, "accounts", report->accounts);
	output_add_count(object, "stamps", report->stamps);
	output_add_count(object, "rows", report->rows);
	output_add_count(object, "arenas", report->arenas);
	output_add(object, "bad", bad);
	output_json(object);
}

static void
repair_print(const struct bc_repair_report *report, bool dry)
{
	char bytes[UNIT_TEXT];

	printf("checked: %" PRIu64 " entries, %s\n", report->entries,
	       unit_format_bytes(report->bytes, bytes));
	printf("damaged: %" PRIu64 " entries, %" PRIu64 " segments\n",
	       report->bad_entries, report->bad_segments);
	if (!dry)
		printf("dropped: %" PRIu64 " entries, %" PRIu64 " segments\n",
		       report->dropped_entries, report->dropped_segments);
	printf("%s: %" PRIu64 " sums, %" PRIu64 " rows of tables, %" PRIu64
	       " stamps, %" PRIu64 " arenas\n",
	       dry ? "to put right" : "put right", report->accounts,
	       report->rows, report->stamps, report->arenas);
}

static enum tool_exit
verify_repair(struct tool *tool, bool dry)
{
	struct bc_repair_options options = BC_REPAIR_OPTIONS_INIT;
	struct bc_repair_report report;
	json_t *bad = tool->json ? json_array() : NULL;
	enum bc_status status;
	struct bc_error err;

	options.flags = dry ? BC_REPAIR_DRY_RUN : 0;
	options.function = verify_bad;
	options.context = bad;
	options.progress = verify_show;
	status = bc_repair(tool->cache, &options, &report, &err);
	tool_progress_end();
	if (status != BC_OK) {
		json_decref(bad);
		return tool_fail(&err);
	}
	if (tool->json)
		repair_print_json(&report, dry, bad);
	else
		repair_print(&report, dry);
	return report.bad_entries == 0 ? TOOL_DONE : TOOL_MISS;
}

/* ---- what was dropped -------------------------------------------------- */

/* A bc_quarantine_function. */
static int
verify_dropped(void *context, const struct bc_quarantined *dropped)
{
	char clock[BCI_TIME_TEXT];
	json_t *object;

	if (context == NULL) {
		printf("%s ", entry_clock(dropped->time_ns, clock));
		output_text(stdout, dropped->key, strlen(dropped->key));
		printf(": ");
		if (dropped->arena != 0)
			printf("arena %" PRIu32 " at %" PRIu64 ": ",
			       dropped->arena, dropped->offset);
		output_line(dropped->reason);
		return 0;
	}
	object = json_object();
	output_add_count(object, "number", dropped->number);
	output_add_ns(object, "time_ns", true, dropped->time_ns);
	output_add_text(object, "key", dropped->key);
	output_add_text(object, "reason", dropped->reason);
	output_add_count(object, "arena", dropped->arena);
	output_add_count(object, "offset", dropped->offset);
	output_add_count(object, "bytes", dropped->bytes);
	json_array_append_new(context, object);
	return 0;
}

static enum tool_exit
verify_quarantine(struct tool *tool)
{
	json_t *list = tool->json ? json_array() : NULL;
	json_t *object;
	struct bc_error err;

	if (bc_quarantine(tool->cache, verify_dropped, list, NULL, &err) !=
	    BC_OK) {
		json_decref(list);
		return tool_fail(&err);
	}
	if (list == NULL)
		return TOOL_DONE;
	object = json_object();
	output_add(object, "quarantine", list);
	output_json(object);
	return TOOL_DONE;
}

/* ---- a process of its own ---------------------------------------------- */

/*
 * What LMDB does with a catalogue whose pages are damaged is not defined, so a
 * child looks at the cache; how it ends is a result, too.  In the child *result
 * is -1.
 */
static bool
verify_apart(int *result)
{
	pid_t child;
	int status;

	*result = -1;
	fflush(NULL);
	child = fork();
	if (child <= 0)
		return child == 0;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	if (WIFEXITED(status)) {
		*result = WEXITSTATUS(status);
		return true;
	}
	tool_say("the catalogue is damaged: reading it ended by signal %d; "
	         "barcache salvage gets out what the arenas hold",
	         WTERMSIG(status));
	*result = TOOL_MISS;
	return true;
}

static enum tool_exit
verify_read(struct tool *tool)
{
	const char *prefix =
		tool->args.operand_count == 0 ? NULL : tool->args.operands[0];
	struct bc_verify_report report = { 0 };
	enum bc_status status;
	struct bc_error err;
	int64_t start_ns;
	json_t *bad;

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

static enum tool_exit
verify_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	enum tool_exit result;
	int ended;

	if ((values[VERIFY_REPAIR].set || values[VERIFY_QUARANTINE].set) &&
	    tool->args.operand_count != 0)
		return tool_usage(tool, "verify: --repair and --quarantine are "
		                        "about all of the cache");
	if (values[VERIFY_DRY_RUN].set && !values[VERIFY_REPAIR].set)
		return tool_usage(tool, "verify: --dry-run goes with --repair");
	if (!verify_apart(&ended)) {
		tool_say("cannot begin a process: %s", strerror(errno));
		return TOOL_CANNOT;
	}
	if (ended >= 0)
		return (enum tool_exit)ended;
	result = tool_open(tool, TOOL_WRITE, NULL);
	if (result != TOOL_DONE)
		return result;
	if (values[VERIFY_QUARANTINE].set)
		return verify_quarantine(tool);
	if (values[VERIFY_REPAIR].set)
		return verify_repair(tool, values[VERIFY_DRY_RUN].set);
	return verify_read(tool);
}

const struct tool_command cmd_verify = {
	.name = "verify",
	.summary = "Check every byte of the entries that begin with PREFIX",
	.operands = "[PREFIX]",
	.operands_max = 1,
	.options = verify_options,
	.option_count = sizeof(verify_options) / sizeof(verify_options[0]),
	.run = verify_run,
	.notes = "Lists each bad entry; they are misses from then on.  Exit "
		 "status 1 if there is one.  A process of its own looks at the "
		 "cache, so that a catalogue that cannot be read ends only "
		 "that.\n\n"
		 "JSON: entries, segments, bytes, bad_entries, "
		 "bad_segments, elapsed_ns, bad (key and reason each); with "
		 "--repair: dry_run, entries, bytes, bad_entries, "
		 "bad_segments, dropped_entries, dropped_segments, accounts, "
		 "stamps, rows, arenas, bad; with --quarantine: quarantine "
		 "(number, time_ns, key, reason, arena, offset and bytes "
		 "each).",
};
