/* SPDX-License-Identifier: MIT */
/*
 * cmd_compact.c - barcache compact: a cache is put in order, once or again and
 * again.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "clock.h"
#include "interrupt.h"
#include "output.h"
#include "settings.h"
#include "tool.h"
#include "unit.h"

enum {
	COMPACT_PREFIX,
	COMPACT_POLICY,
	COMPACT_TARGET,
	COMPACT_COLD_TARGET,
	COMPACT_MAX_SECONDS,
	COMPACT_WATCH,
	COMPACT_DRY_RUN
};

static const struct args_option compact_options[] = {
	[COMPACT_PREFIX] = { "prefix", ARGS_TEXT, "PREFIX",
	                     "Only merge, and only series whose keys begin "
	                     "with it" },
	[COMPACT_POLICY] = { "policy", ARGS_CHOICE, SETTINGS_POLICIES,
	                     "What is evicted first, if not what the cache "
	                     "says" },
	[COMPACT_TARGET] = { "target", ARGS_SIZE, "SIZE",
	                     "Evict until no more than that is used in the "
	                     "warm tier" },
	[COMPACT_COLD_TARGET] = { "cold-target", ARGS_SIZE, "SIZE",
	                          "The same of the cold tier" },
	[COMPACT_MAX_SECONDS] = { "max-seconds", ARGS_COUNT, "N",
	                          "Begin no step later than that" },
	[COMPACT_WATCH] = { "watch", ARGS_DURATION, "SECONDS",
	                    "Do it again and again, that long apart, until a "
	                    "signal ends it" },
	[COMPACT_DRY_RUN] = { "dry-run", ARGS_FLAG, NULL,
	                      "Only print what would be done" },
};

/* A terminal is written to no more often than that. */
#define COMPACT_SHOW_NS (BCI_SECOND_NS / 10)

struct compact {
	struct tool *tool;
	struct bc_compact_options options;
	int signals;
	bool interrupted;
	uint64_t shown_ns; /* when progress was, after the pass began */
};

/* ---- what was done ------------------------------------------------------- */

static void
compact_json(const struct bc_compact_report *report, bool dry)
{
	json_t *object = json_object();

	output_add(object, "dry_run", json_boolean(dry));
	output_add_count(object, "entries", report->entries);
	output_add_count(object, "expired", report->expired);
	output_add_count(object, "evicted", report->evicted);
	output_add_count(object, "evicted_bytes", report->evicted_bytes);
	output_add_count(object, "demoted", report->demoted);
	output_add_count(object, "demoted_bytes", report->demoted_bytes);
	output_add_count(object, "dropped", report->dropped);
	output_add_count(object, "merged", report->merged);
	output_add_count(object, "segments_before", report->segments_before);
	output_add_count(object, "segments_after", report->segments_after);
	output_add_count(object, "bytes_written", report->bytes_written);
	output_add_count(object, "moved", report->moved);
	output_add_count(object, "moved_bytes", report->moved_bytes);
	output_add_count(object, "arenas_before", report->arenas_before);
	output_add_count(object, "arenas_after", report->arenas_after);
	output_add_count(object, "blocks_before", report->blocks_before);
	output_add_count(object, "blocks_after", report->blocks_after);
	output_add_count(object, "elapsed_ns", report->elapsed_ns);
	output_add(object, "incomplete", json_boolean(report->incomplete != 0));
	output_json(object);
}

/* A line "NAME   N segments, SIZE". */
static void
compact_segments(const char *name, uint64_t segments, uint64_t bytes)
{
	char text[UNIT_TEXT];

	output_pair(name, "%" PRIu64 " segment%s, %s", segments,
	            segments == 1 ? "" : "s", unit_format_bytes(bytes, text));
}

static void
compact_arenas(const char *name, uint64_t arenas, uint64_t blocks)
{
	char text[UNIT_TEXT];

	output_pair(name, "%" PRIu64 ", %s on the disk", arenas,
	            unit_format_bytes(blocks, text));
}

static void
compact_print(const struct bc_compact_report *report, bool dry)
{
	char text[UNIT_TEXT];

	output_pair(dry ? "to expire" : "expired", "%" PRIu64, report->expired);
	compact_segments(dry ? "to evict" : "evicted", report->evicted,
	                 report->evicted_bytes);
	if (!dry)
		compact_segments("packed", report->demoted,
		                 report->demoted_bytes);
	output_pair(dry ? "to drop" : "dropped", "%" PRIu64, report->dropped);
	output_pair("entries", "%" PRIu64, report->entries);
	output_pair(dry ? "to merge" : "merged", "%" PRIu64, report->merged);
	output_pair("segments before", "%" PRIu64, report->segments_before);
	output_pair("segments after", "%" PRIu64, report->segments_after);
	output_pair(dry ? "to write" : "written", "%s",
	            unit_format_bytes(report->bytes_written, text));
	compact_segments(dry ? "to move" : "moved", report->moved,
	                 report->moved_bytes);
	compact_arenas("arenas before", report->arenas_before,
	               report->blocks_before);
	compact_arenas("arenas after", report->arenas_after,
	               report->blocks_after);
	output_pair("took", "%.3f s", (double)report->elapsed_ns / 1e9);
	output_pair("complete", "%s", report->incomplete != 0 ? "no" : "yes");
}

/* ---- doing it ------------------------------------------------------------ */

/* A bc_compact_function. */
static int
compact_show(void *context, const struct bc_compact_progress *progress)
{
	struct compact *compact = context;
	char used[UNIT_TEXT];

	compact->interrupted = interrupt_wait(compact->signals, 0);
	if (progress->elapsed_ns - compact->shown_ns >= COMPACT_SHOW_NS) {
		compact->shown_ns = progress->elapsed_ns;
		tool_progress("%s %" PRIu64 ", arenas %s", progress->step,
		              progress->done,
		              unit_format_bytes(progress->used_bytes, used));
	}
	return compact->interrupted;
}

/* One pass and its report. */
static enum bc_status
compact_pass(struct compact *compact, struct bc_error *err)
{
	bool dry = (compact->options.flags & BC_COMPACT_DRY_RUN) != 0;
	struct bc_compact_report report;
	enum bc_status status;

	compact->shown_ns = 0;
	status = bc_compact(compact->tool->cache, &compact->options, &report,
	                    err);
	tool_progress_end();
	if (status != BC_OK)
		return status;
	if (compact->tool->json)
		compact_json(&report, dry);
	else
		compact_print(&report, dry);
	fflush(stdout);
	return status;
}

static enum tool_exit
compact_once(struct compact *compact)
{
	struct bc_error err;

	if (compact_pass(compact, &err) != BC_OK)
		return tool_fail(&err);
	if (!compact->interrupted)
		return TOOL_DONE;
	tool_say("interrupted");
	return TOOL_CANNOT;
}

/* What another pass may find to be otherwise. */
static bool
compact_may_pass(enum bc_status status)
{
	return status == BC_BUSY || status == BC_FULL || status == BC_NOSPACE;
}

static enum tool_exit
compact_watch(struct compact *compact, int64_t every_ns)
{
	enum bc_status status;
	struct bc_error err;

	for (;;) {
		int64_t due_ns;

		status = compact_pass(compact, &err);
		if (status != BC_OK && !compact_may_pass(status))
			return tool_fail(&err);
		if (status != BC_OK)
			tool_fail(&err);
		if (output_failed(NULL))
			return TOOL_DONE; /* Whoever reads it is gone. */
		due_ns = bci_clock_monotonic_ns() + every_ns;
		while (!compact->interrupted) {
			int64_t left_ms = (due_ns - bci_clock_monotonic_ns()) /
			                  (BCI_SECOND_NS / 1000);

			if (left_ms < 0)
				break;
			compact->interrupted = interrupt_wait(
				compact->signals,
				left_ms < 60000 ? (int)left_ms + 1 : 60000);
		}
		if (compact->interrupted)
			return TOOL_DONE;
		if (!compact->tool->json)
			putchar('\n');
	}
}

/* ---- the command line ---------------------------------------------------- */

static enum tool_exit
compact_parse(struct compact *compact)
{
	const struct args_value *values = compact->tool->args.values;
	const struct args_value *seconds = &values[COMPACT_MAX_SECONDS];
	struct bc_compact_options *options = &compact->options;

	if (values[COMPACT_PREFIX].set &&
	    (values[COMPACT_POLICY].set || values[COMPACT_TARGET].set ||
	     values[COMPACT_COLD_TARGET].set))
		return tool_usage(compact->tool,
		                  "with --prefix nothing is evicted: no "
		                  "--policy, no --target");
	if (seconds->set &&
	    (seconds->number == 0 ||
	     seconds->number > (uint64_t)(INT64_MAX / BCI_SECOND_NS)))
		return tool_usage(compact->tool,
		                  "--max-seconds is between 1 and %" PRId64,
		                  INT64_MAX / BCI_SECOND_NS);
	options->prefix = values[COMPACT_PREFIX].text;
	/* The words are in the order of the enum. */
	options->policy = (enum bc_policy)values[COMPACT_POLICY].number;
	options->target_bytes = values[COMPACT_TARGET].number;
	options->cold_target_bytes = values[COMPACT_COLD_TARGET].number;
	options->max_ns = (int64_t)seconds->number * BCI_SECOND_NS;
	options->flags =
		(values[COMPACT_DRY_RUN].set ? BC_COMPACT_DRY_RUN : 0u) |
		(values[COMPACT_TARGET].set ? BC_COMPACT_TARGET : 0u) |
		(values[COMPACT_COLD_TARGET].set ? BC_COMPACT_COLD_TARGET : 0u);
	options->progress = compact_show;
	options->context = compact;
	return TOOL_DONE;
}

static enum tool_exit
compact_run(struct tool *tool)
{
	const struct args_value *watch = &tool->args.values[COMPACT_WATCH];
	struct compact compact = {
		.tool = tool,
		.options = BC_COMPACT_OPTIONS_INIT,
	};
	enum tool_exit result = compact_parse(&compact);

	if (result == TOOL_DONE)
		result = tool_open(tool, TOOL_WRITE, NULL);
	if (result != TOOL_DONE)
		return result;
	compact.signals = interrupt_open();
	result = watch->set ? compact_watch(&compact, watch->ns)
	                    : compact_once(&compact);
	close(compact.signals);
	return result;
}

const struct tool_command cmd_compact = {
	.name = "compact",
	.summary = "Put the cache in order: expire, evict, merge, give back "
		   "room",
	.operands = "",
	.options = compact_options,
	.option_count = sizeof(compact_options) / sizeof(compact_options[0]),
	.run = compact_run,
	.notes = "Removes what has expired, evicts from each tier down to "
		 "the low-water mark or the target, drops what was made of "
		 "entries that are gone "
		 "or have changed, merges the segments of series to fewer and "
		 "larger ones, and moves what is live out of arenas that are "
		 "mostly dead, whose files then go.  Commits evict by "
		 "themselves once a budget is used up; this is for room "
		 "before that, and for series that grew in many small steps, "
		 "which are read faster afterwards.\n\n"
		 "Each step is a commit of its own, so that others can write "
		 "in between; readers go on.  It may be killed at any time.  "
		 "What is evicted from the warm tier is packed into the cold "
		 "one where that pays.  Policies that go by arenas (s3fifo, "
		 "adaptive) evict as lru does here.\n\n"
		 "--dry-run looks at each step as if those before it did "
		 "nothing.  With --watch a signal ends it after the step "
		 "under way, with exit status 0; without, with 3 and the "
		 "report of what was done.  A pass that finds the cache busy "
		 "or full says so, and the next one tries again.\n\n"
		 "JSON, a line for each pass: dry_run, entries, expired, "
		 "evicted, evicted_bytes, demoted, demoted_bytes (of what was "
		 "packed, in the warm tier), dropped, merged, segments_before, "
		 "segments_after, bytes_written, moved, moved_bytes, "
		 "arenas_before, arenas_after, blocks_before, blocks_after "
		 "(bytes of the disk), elapsed_ns, incomplete.",
};
