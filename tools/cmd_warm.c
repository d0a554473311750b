/* SPDX-License-Identifier: MIT */
/*
 * cmd_warm.c - barcache warm: bring entries into memory before they are needed.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "output.h"
#include "range_args.h"
#include "unit.h"
#include "warm.h"

#define WARM_JOBS_MAX 64

enum {
	WARM_PREFIX,
	WARM_GLOB,
	WARM_TAG,
	WARM_FROM,
	WARM_TO,
	WARM_PROFILE,
	WARM_EXEC,
	WARM_JOBS_AT_ONCE,
	WARM_VERIFY,
	WARM_DRY_RUN
};

static const struct args_option warm_options[] = {
	[WARM_PREFIX] = { "prefix", ARGS_TEXT, "PREFIX",
	                  "Warm the keys that begin with it" },
	[WARM_GLOB] = { "glob", ARGS_TEXT, "GLOB",
	                "Warm the keys that match as a whole: * ? [a-z]" },
	[WARM_TAG] = { "tag", ARGS_TEXT, "TAG", "Warm what has the tag" },
	[WARM_FROM] = RANGE_ARGS_FROM,
	[WARM_TO] = RANGE_ARGS_TO,
	[WARM_PROFILE] = { "profile", ARGS_TEXT, "FILE",
	                   "Warm what the lines of FILE say; - is standard "
	                   "input" },
	[WARM_EXEC] = { "exec", ARGS_TEXT, "COMMAND",
	                "Fetch what is missing of series first, as update "
	                "does" },
	[WARM_JOBS_AT_ONCE] = { "jobs", ARGS_COUNT, "N",
	                        "Entries at once, by default as many as "
	                        "processors; fetched 4" },
	[WARM_VERIFY] = { "verify", ARGS_FLAG, NULL, "Check the bytes, too" },
	[WARM_DRY_RUN] = { "dry-run", ARGS_FLAG, NULL,
	                   "Only say what there is, and would be fetched" },
};

struct warm_run {
	struct warm_list list;
	struct bc_warmed *entries; /* in the order of the list */
	size_t done;
	uint64_t bytes;
	struct bc_warm_report report;
};

/* A bc_warm_function. */
static int
warm_done(void *context, const struct bc_warmed *entry)
{
	struct warm_run *run = context;
	char bytes[UNIT_TEXT];

	run->entries[entry->index] = *entry;
	run->bytes += entry->bytes;
	tool_progress("%zu of %zu entries, %s", ++run->done, run->list.count,
	              unit_format_bytes(run->bytes, bytes));
	return 0;
}

/* What became of an entry, in a word. */
static const char *
warm_result(const struct bc_warmed *entry)
{
	switch (entry->status) {
	case BC_OK:
		return "ok";
	case BC_MISS:
		return bc_miss_name(entry->miss);
	case BC_CORRUPT:
		return "damaged";
	default:
		return bc_status_name(entry->status);
	}
}

static void
warm_json(const struct warm_run *run, bool dry)
{
	const struct bc_warm_report *report = &run->report;
	json_t *object = json_object(), *list = json_array(), *item;
	size_t i;

	for (i = 0; i < run->list.count; ++i) {
		const struct bc_warm_key *key = &run->list.keys[i];
		const struct bc_warmed *entry = &run->entries[i];

		item = json_object();
		output_add_text(item, "key", key->key);
		output_add_ns(item, "from_ns", key->from_ns != INT64_MIN,
		              key->from_ns);
		output_add_ns(item, "to_ns", key->to_ns != INT64_MAX,
		              key->to_ns);
		output_add_text(item, "result", warm_result(entry));
		output_add_count(item, "segments", entry->segments);
		output_add_count(item, "bytes", entry->bytes);
		output_add_count(item, "resident_bytes", entry->resident_bytes);
		json_array_append_new(list, item);
	}
	output_add(object, "dry_run", json_boolean(dry));
	output_add_count(object, "entries", report->entries);
	output_add_count(object, "missing", report->missing);
	output_add_count(object, "damaged", report->damaged);
	output_add_count(object, "failed", report->failed);
	output_add_count(object, "segments", report->segments);
	output_add_count(object, "bytes", report->bytes);
	output_add_count(object, "resident_bytes", report->resident_bytes);
	output_add(object, "items", list);
	output_json(object);
}

static void
warm_print(const struct warm_run *run)
{
	static const struct output_column columns[] = {
		{ "key", false },  { "result", false },  { "segments", true },
		{ "bytes", true }, { "resident", true },
	};
	struct output_rows rows = { 0 };
	char text[24];
	size_t i;

	for (i = 0; i < run->list.count; ++i) {
		const struct bc_warmed *entry = &run->entries[i];
		const uint64_t sums[] = { entry->segments, entry->bytes,
			                  entry->resident_bytes };
		size_t k;

		output_rows_add(&rows, run->list.keys[i].key);
		output_rows_add(&rows, warm_result(entry));
		for (k = 0; k < sizeof(sums) / sizeof(sums[0]); ++k) {
			snprintf(text, sizeof(text), "%" PRIu64, sums[k]);
			output_rows_add(&rows, text);
		}
	}
	output_rows_print(&rows, columns, sizeof(columns) / sizeof(columns[0]),
	                  output_format_default());
}

/* What the command line names and selects; all, if it does neither. */
static enum tool_exit
warm_gather(struct warm_run *run, const struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	const struct bc_filter filter = { .prefix = values[WARM_PREFIX].text,
		                          .glob = values[WARM_GLOB].text,
		                          .tag = values[WARM_TAG].text };
	bool filtered = values[WARM_PREFIX].set || values[WARM_GLOB].set ||
	                values[WARM_TAG].set;
	enum tool_exit result;
	struct bci_range range;
	size_t i;

	result = range_args_read(tool, NULL, &values[WARM_FROM],
	                         &values[WARM_TO], &range);
	if (result == TOOL_DONE && range.from_ns >= range.to_ns)
		return tool_usage(tool, "--to is not after --from");
	for (i = 0; i < tool->args.operand_count; ++i)
		warm_list_add(&run->list, tool->args.operands[i], &range);
	if (result == TOOL_DONE && values[WARM_PROFILE].set)
		result = warm_list_read(&run->list, tool,
		                        values[WARM_PROFILE].text, &range);
	else if (i == 0)
		filtered = true;
	if (result == TOOL_DONE && filtered)
		result = warm_list_select(&run->list, tool, &filter, &range);
	warm_list_sort(&run->list);
	if (result == TOOL_DONE && run->list.count == 0) {
		tool_say("nothing is selected");
		return TOOL_MISS;
	}
	return result;
}

/* Warm all, and say what became of them. */
static enum tool_exit
warm_all(struct warm_run *run, const struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	struct bc_warm_options options = BC_WARM_OPTIONS_INIT;
	const struct bc_warm_report *report = &run->report;
	enum bc_status status;
	struct bc_error err;

	run->entries = tool_alloc(run->list.count, sizeof(*run->entries));
	options.flags = (values[WARM_VERIFY].set ? BC_WARM_VERIFY : 0u) |
	                (values[WARM_DRY_RUN].set ? BC_WARM_DRY_RUN : 0u);
	options.threads = (unsigned)values[WARM_JOBS_AT_ONCE].number;
	options.keys = run->list.keys;
	options.key_count = run->list.count;
	options.function = warm_done;
	options.context = run;
	status = bc_warm(tool->cache, &options, &run->report, &err);
	tool_progress_end();
	if (status != BC_OK)
		return tool_fail(&err);
	if (tool->json)
		warm_json(run, values[WARM_DRY_RUN].set);
	else
		warm_print(run);
	return report->missing + report->damaged + report->failed == 0
	               ? TOOL_DONE
	               : TOOL_MISS;
}

static enum tool_exit
warm_command(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	bool dry = values[WARM_DRY_RUN].set;
	bool fetches = values[WARM_EXEC].set;
	struct bc_options options = BC_OPTIONS_INIT;
	enum tool_exit result, fetched = TOOL_DONE;
	struct warm_run run = { .done = 0 };

	if (values[WARM_JOBS_AT_ONCE].set &&
	    (values[WARM_JOBS_AT_ONCE].number == 0 ||
	     values[WARM_JOBS_AT_ONCE].number > WARM_JOBS_MAX))
		return tool_usage(tool, "--jobs is 1 to %d", WARM_JOBS_MAX);
	/* What this process decodes would help no other. */
	options.hot_bytes = 1;
	result = tool_open(tool, fetches && !dry ? TOOL_MAKE : TOOL_READ,
	                   &options);
	if (result == TOOL_DONE)
		result = warm_gather(&run, tool);
	if (result == TOOL_DONE && fetches)
		fetched = warm_fetch(&run.list, tool, values[WARM_EXEC].text,
		                     values[WARM_JOBS_AT_ONCE].number, dry);
	if (fetched != TOOL_DONE && fetched != TOOL_MISS)
		result = fetched;
	if (result == TOOL_DONE)
		result = warm_all(&run, tool);
	free(run.entries);
	warm_list_free(&run.list);
	return result == TOOL_DONE ? fetched : result;
}

const struct tool_command cmd_warm = {
	.name = "warm",
	.summary = "Bring entries into memory before they are needed",
	.operands = "[KEY...]",
	.operands_max = SIZE_MAX,
	.options = warm_options,
	.option_count = sizeof(warm_options) / sizeof(warm_options[0]),
	.run = warm_command,
	.notes = "Reads the segments of the entries into the page cache, where "
		 "all processes find them; of series those that have rows in "
		 "the range.  Conditions given together must all hold; keys "
		 "and a profile come besides.  With none of them everything "
		 "is warmed.  Counts as no access.\n\n"
		 "A line of a profile is KEY [RANGE], where KEY may be a "
		 "pattern (* ? [a-z]) and RANGE is as in get: 2024, "
		 "2024-01-01..2024-02-01, 2024-01-01.. .  A # begins a "
		 "comment, --from and --to hold for lines without RANGE.\n\n"
		 "With --exec what is missing of the range of a series is "
		 "fetched first; without a range what came since the newest "
		 "bar.  COMMAND and its places are as in update.\n\n"
		 "Exit status 1 if an entry is missing, damaged, or could not "
		 "be fetched.\n\n"
		 "JSON: dry_run, entries, missing, damaged, failed, segments, "
		 "bytes, resident_bytes (in memory before), items (key, "
		 "from_ns, to_ns, result, segments, bytes, resident_bytes "
		 "each).",
};
