/* SPDX-License-Identifier: MIT */
/*
 * cmd_trace.c - barcache trace: what a command reads and puts is recorded, and
 * what a record says of policies and budgets.
 */
#include "barcache.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "replay.h"
#include "tool.h"
#include "unit.h"

enum { TRACE_OUTPUT, TRACE_BUDGET };

static const struct args_option trace_options[] = {
	[TRACE_OUTPUT] = { "output", ARGS_TEXT, "FILE",
	                   "Run a command, and append to FILE what it reads "
	                   "and puts" },
	[TRACE_BUDGET] = { "budget", ARGS_SIZE, "SIZE",
	                   "What the policies would have hit with that much, "
	                   "not with 10, 25 and 50 % of what was asked for" },
};

/* As replays of benchmarks do it. */
#define TRACE_LOW_PERCENT 85
#define TRACE_TICK_NS 1000000

static const unsigned trace_percents[] = { 10, 25, 50 };
#define TRACE_BUDGETS_MAX 3

/* ---- recording ----------------------------------------------------------- */

/* Run the command in the place of this process. */
static enum tool_exit
trace_record(struct tool *tool, const char *output)
{
	size_t count = tool->args.operand_count;
	char **words;
	int fd = open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	char *path = fd >= 0 ? realpath(output, NULL) : NULL;

	if (path == NULL || setenv("BARCACHE_TRACE", path, 1) != 0) {
		tool_say("cannot write %s: %s", output, strerror(errno));
		free(path);
		return TOOL_CANNOT;
	}
	close(fd);
	free(path);
	words = tool_alloc(count + 1, sizeof(*words));
	memcpy(words, tool->args.operands, count * sizeof(*words));
	execvp(words[0], words);
	tool_say("cannot run %s: %s", words[0], strerror(errno));
	free(words);
	return TOOL_CANNOT;
}

/* ---- what a record says -------------------------------------------------- */

struct trace_summary {
	struct trace trace;
	double bytes; /* of all accesses */
	uint64_t budgets[TRACE_BUDGETS_MAX];
	unsigned budget_count;
	struct replay_result results[TRACE_BUDGETS_MAX][BC_POLICY_ADAPTIVE + 1];
};

static double
trace_seconds(const struct trace *trace)
{
	return trace->count == 0
	               ? 0
	               : (double)(trace->items[trace->count - 1].time_ns -
	                          trace->items[0].time_ns) /
	                         1e9;
}

static void
trace_replay(struct trace_summary *summary, const struct args_value *budget)
{
	const struct trace *trace = &summary->trace;

	for (size_t i = 0; i < trace->count; i++)
		summary->bytes += (double)trace->items[i].bytes;
	summary->budget_count = budget->set ? 1 : TRACE_BUDGETS_MAX;
	for (unsigned i = 0; i < summary->budget_count; i++) {
		struct replay_options options = {
			.budget = trace->all_bytes / 100 * trace_percents[i] +
			          trace->all_bytes % 100 * trace_percents[i] /
			                  100,
			.low_percent = TRACE_LOW_PERCENT,
			.tick_ns = TRACE_TICK_NS,
		};

		if (budget->set)
			options.budget = budget->number;
		summary->budgets[i] = options.budget;
		for (unsigned policy = BC_POLICY_LRU;
		     trace->count != 0 && policy <= BC_POLICY_ADAPTIVE;
		     policy++)
			replay_policy(trace, (enum bc_policy)policy, &options,
			              &summary->results[i][policy]);
	}
}

static double
trace_ratio(double part, double whole)
{
	return whole > 0 ? part / whole : 0;
}

static void
trace_json(const struct trace_summary *summary)
{
	const struct trace *trace = &summary->trace;
	json_t *object = json_object(), *list = json_array();

	output_add_count(object, "accesses", trace->count);
	for (unsigned kind = 1; kind < BCI_ACCESS_KINDS; kind++)
		output_add_count(object,
		                 bci_access_name((enum bci_access_kind)kind),
		                 trace->kinds[kind]);
	output_add_count(object, "objects", trace->keys);
	output_add_count(object, "object_bytes", trace->all_bytes);
	output_add(object, "bytes", json_real(summary->bytes));
	output_add(object, "seconds", json_real(trace_seconds(trace)));
	for (unsigned i = 0; i < summary->budget_count; i++) {
		for (unsigned policy = BC_POLICY_LRU;
		     policy <= BC_POLICY_ADAPTIVE; policy++) {
			const struct replay_result *result =
				&summary->results[i][policy];
			json_t *row = json_object();

			output_add_count(row, "budget", summary->budgets[i]);
			output_add(row, "policy",
			           json_string(bc_policy_name(
					   (enum bc_policy)policy)));
			output_add_count(row, "hits", result->hits);
			output_add(row, "hit_ratio",
			           json_real(trace_ratio(
					   (double)result->hits,
					   (double)result->requests)));
			output_add(row, "byte_hit_ratio",
			           json_real(trace_ratio(result->hit_bytes,
			                                 result->bytes)));
			json_array_append_new(list, row);
		}
	}
	output_add(object, "replays", list);
	output_json(object);
}

static void
trace_rows(const struct trace_summary *summary)
{
	static const struct output_column columns[] = {
		{ "budget", true },
		{ "policy", false },
		{ "hits", true },
		{ "hit bytes", true },
	};
	struct output_rows rows = { 0 };
	char text[UNIT_TEXT];

	for (unsigned i = 0; i < summary->budget_count; i++) {
		for (unsigned policy = BC_POLICY_LRU;
		     policy <= BC_POLICY_ADAPTIVE; policy++) {
			const struct replay_result *result =
				&summary->results[i][policy];

			output_rows_add(
				&rows,
				unit_format_bytes(summary->budgets[i], text));
			output_rows_add(&rows,
			                bc_policy_name((enum bc_policy)policy));
			snprintf(text, sizeof(text), "%.1f %%",
			         100 * trace_ratio((double)result->hits,
			                           (double)result->requests));
			output_rows_add(&rows, text);
			snprintf(text, sizeof(text), "%.1f %%",
			         100 * trace_ratio(result->hit_bytes,
			                           result->bytes));
			output_rows_add(&rows, text);
		}
	}
	output_rows_print(&rows, columns, 4, OUTPUT_TABLE);
}

static void
trace_print(const struct trace_summary *summary)
{
	const struct trace *trace = &summary->trace;
	char text[UNIT_TEXT];

	output_pair("accesses", "%zu", trace->count);
	for (unsigned kind = 1; kind < BCI_ACCESS_KINDS; kind++)
		output_pair(bci_access_name((enum bci_access_kind)kind),
		            "%" PRIu64, trace->kinds[kind]);
	output_pair("objects", "%" PRIu32 ", %s", trace->keys,
	            unit_format_bytes(trace->all_bytes, text));
	output_pair("asked for", "%s",
	            unit_format_bytes((uint64_t)summary->bytes, text));
	output_pair("over", "%.3f s", trace_seconds(trace));
	putchar('\n');
	trace_rows(summary);
}

static enum tool_exit
trace_show(struct tool *tool)
{
	struct trace_summary *summary = tool_alloc(1, sizeof(*summary));
	enum tool_exit result = TOOL_DONE;
	struct bc_error err;

	if (trace_read(&summary->trace, tool->args.operands[0], &err) !=
	    BC_OK) {
		result = tool_fail(&err);
		goto done;
	}
	trace_index(&summary->trace);
	trace_replay(summary, &tool->args.values[TRACE_BUDGET]);
	if (tool->json)
		trace_json(summary);
	else
		trace_print(summary);
done:
	trace_free(&summary->trace);
	free(summary);
	return result;
}

static enum tool_exit
trace_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;

	if (values[TRACE_OUTPUT].set && values[TRACE_BUDGET].set)
		return tool_usage(tool, "--budget is for a file of accesses");
	if (values[TRACE_OUTPUT].set)
		return trace_record(tool, values[TRACE_OUTPUT].text);
	if (tool->args.operand_count != 1)
		return tool_usage(tool, "a command is recorded with --output "
		                        "FILE");
	return trace_show(tool);
}

const struct tool_command cmd_trace = {
	.name = "trace",
	.summary = "Record what a command reads and puts; say what policies "
		   "make of it",
	.operands = "FILE | --output FILE -- COMMAND [ARGUMENT...]",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.options = trace_options,
	.option_count = sizeof(trace_options) / sizeof(trace_options[0]),
	.run = trace_run,
	.notes = "With --output the command is run with BARCACHE_TRACE set to "
		 "FILE, and its exit status is that of the command.  Each "
		 "cache that it or what it starts opens then appends a line "
		 "for each get, read, put and miss: the time, a hash of the "
		 "key, bytes as stored, what fetching them cost.  Of series "
		 "each segment has a line of its own.  Lines stay in memory "
		 "for a second or so, and are written when the cache is "
		 "closed; kill -9 loses them.\n\n"
		 "Without, FILE is read, and replayed through each policy over "
		 "a model of the arenas.  A miss says only that what is put "
		 "next was asked for, and counts as no access.  bench_policy "
		 "--trace FILE BYTES... compares with more.\n\n"
		 "JSON: accesses, get, read, put, miss, objects, object_bytes, "
		 "bytes, seconds, replays: budget, policy, hits, hit_ratio, "
		 "byte_hit_ratio.",
};
