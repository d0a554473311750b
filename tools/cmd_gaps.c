/* SPDX-License-Identifier: MIT */
/*
 * cmd_gaps.c - barcache gaps: what is known of series, and what is missing.
 *
 * A stretch of time is known (its bars are stored, or it has none), had not
 * ended when it was fetched, or is missing: it was never fetched.  Within what
 * is known there may still be moments for which the timeframe expects a bar
 * and none is stored: nobody traded, or the source left it out.  These are
 * counted on demand, block by block, from the times alone.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "hole.h"
#include "known.h"
#include "moment.h"
#include "output.h"
#include "range_args.h"
#include "selection.h"
#include "tool.h"
#include "unit.h"

enum {
	GAPS_FROM,
	GAPS_TO,
	GAPS_MISSING,
	GAPS_BARS,
	GAPS_TIMEFRAME,
	GAPS_CHECK,
	GAPS_PREFIX,
	GAPS_GLOB,
	GAPS_REGEX
};

static const struct args_option gaps_options[] = {
	[GAPS_FROM] = { "from", ARGS_TIME, "TIME", "Look at TIME and later" },
	[GAPS_TO] = { "to", ARGS_TIME, "TIME", "Look at what is before TIME" },
	[GAPS_MISSING] = { "missing", ARGS_FLAG, NULL,
	                   "Show only what is missing" },
	[GAPS_BARS] = { "bars", ARGS_FLAG, NULL,
	                "Look also for single bars that are not there" },
	[GAPS_TIMEFRAME] = { "timeframe", ARGS_TEXT, "TF",
	                     "Length of the bars, if neither the key nor the "
	                     "rows say it" },
	[GAPS_CHECK] = { "check", ARGS_FLAG, NULL,
	                 "Exit status 1 if anything is missing" },
	[GAPS_PREFIX] = { "prefix", ARGS_TEXT, "PREFIX",
	                  "Look at the keys that begin with it; '' is all" },
	[GAPS_GLOB] = { "glob", ARGS_TEXT, "GLOB",
	                "Look at the keys that match as a whole: * ? [a-z]" },
	[GAPS_REGEX] = { "regex", ARGS_TEXT, "REGEX",
	                 "Look at the keys that match somewhere: POSIX "
	                 "extended" },
};

static const struct output_column gaps_columns[] = {
	{ "key", false },  { "from", false },  { "to", false },
	{ "what", false }, { "length", true }, { "bars", true },
};

#define GAPS_COLUMNS (sizeof(gaps_columns) / sizeof(gaps_columns[0]))

/* The last column is for --bars alone. */
static uint32_t
gaps_column_count(const struct args_value *values)
{
	return GAPS_COLUMNS - !values[GAPS_BARS].set;
}

/* The kinds of stretches, in the order of the sums. */
enum gaps_what {
	GAPS_IS_BARS,
	GAPS_IS_EMPTY,
	GAPS_IS_OPEN,
	GAPS_IS_MISSING,
	GAPS_IS_HOLE,
	GAPS_KINDS
};

static const char *const gaps_names[GAPS_KINDS] = { "bars", "empty", "open",
	                                            "missing", "no bars" };

/* How much there is of each kind; of holes, how many bars. */
struct gaps_sum {
	uint64_t of[GAPS_KINDS];
};

/* One run of the command. */
struct gaps {
	struct tool *tool;
	const struct args_value *values;
	struct bci_range range;
	struct selection selection;
	struct bci_timeframe timeframe; /* that was given, or all 0 */
	enum output_format format;
	struct output_rows rows;
	struct gaps_sum total;
};

/* ------------------------------------------------------------------------ */
/*  Stretches                                                               */
/* ------------------------------------------------------------------------ */

static enum gaps_what
gaps_what(enum bc_known known)
{
	switch (known) {
	case BC_KNOWN_BARS:
		return GAPS_IS_BARS;
	case BC_KNOWN_EMPTY:
		return GAPS_IS_EMPTY;
	case BC_KNOWN_OPEN:
		return GAPS_IS_OPEN;
	case BC_KNOWN_NOTHING:
		break;
	}
	return GAPS_IS_MISSING;
}

/* A row of the table; 'bars' of a hole, else 0. */
static void
gaps_add_row(struct gaps *gaps, const char *key, const struct bc_interval *item,
             enum gaps_what what, uint64_t bars)
{
	uint64_t length_ns = (uint64_t)item->to_ns - (uint64_t)item->from_ns;
	char text[BCI_TIME_TEXT], length[UNIT_SPAN_TEXT], count[24];

	output_rows_add(&gaps->rows, key);
	bci_time_format(item->from_ns, text);
	output_rows_add(&gaps->rows, text);
	bci_time_format(item->to_ns, text);
	output_rows_add(&gaps->rows, text);
	output_rows_add(&gaps->rows, gaps_names[what]);
	/* For people in a table, exact in CSV. */
	if (gaps->format == OUTPUT_TABLE)
		unit_format_span(length_ns, length);
	else
		snprintf(length, sizeof(length), "%" PRIu64, length_ns);
	output_rows_add(&gaps->rows, length);
	if (!gaps->values[GAPS_BARS].set)
		return;
	snprintf(count, sizeof(count), "%" PRIu64, bars);
	output_rows_add(&gaps->rows, bars != 0                      ? count
	                             : gaps->format == OUTPUT_TABLE ? "-"
	                                                            : "");
}

/* The same as an object of JSON. */
static json_t *
gaps_json_row(const struct bc_interval *item, enum gaps_what what,
              uint64_t bars)
{
	json_t *object = json_object();

	output_add_text(object, "what", gaps_names[what]);
	output_add_ns(object, "from_ns", true, item->from_ns);
	output_add_ns(object, "to_ns", true, item->to_ns);
	if (bars != 0)
		output_add_count(object, "bars", bars);
	return object;
}

/* What is gathered of one entry. */
struct gaps_entry {
	struct gaps *gaps;
	const char *key;
	json_t *list; /* NULL: rows of the table */
	struct gaps_sum sum;
};

/* Count a stretch or a hole, and show it if it is wanted. */
static void
gaps_show(struct gaps_entry *entry, const struct bc_interval *item,
          enum gaps_what what, uint64_t bars)
{
	struct gaps *gaps = entry->gaps;

	entry->sum.of[what] +=
		what == GAPS_IS_HOLE
			? bars
			: (uint64_t)item->to_ns - (uint64_t)item->from_ns;
	if (gaps->values[GAPS_MISSING].set && what != GAPS_IS_MISSING &&
	    what != GAPS_IS_HOLE)
		return;
	if (entry->list != NULL)
		json_array_append_new(entry->list,
		                      gaps_json_row(item, what, bars));
	else
		gaps_add_row(gaps, entry->key, item, what, bars);
}

/* A hole_function. */
static void
gaps_hole(void *context, const struct bc_interval *hole, uint64_t bars)
{
	gaps_show(context, hole, GAPS_IS_HOLE, bars);
}

/* ------------------------------------------------------------------------ */
/*  Entries                                                                 */
/* ------------------------------------------------------------------------ */

/* Print the object of an entry. */
static void
gaps_print_json(const struct gaps_entry *entry, const struct bc_info *info,
                const struct bci_range *range)
{
	static const char *const members[GAPS_KINDS] = {
		"bars_ns", "empty_ns", "open_ns", "missing_ns", "missing_bars"
	};
	json_t *object = json_object();
	bool bars = entry->gaps->values[GAPS_BARS].set;
	size_t i;

	output_add_text(object, "key", entry->key);
	output_add_text(object, "kind", entry_kind(info->kind));
	output_add_ns(object, "from_ns", true, range->from_ns);
	output_add_ns(object, "to_ns", true, range->to_ns);
	output_add(object, "stretches", json_incref(entry->list));
	for (i = 0; i < GAPS_KINDS; ++i)
		if (i != GAPS_IS_HOLE || bars)
			output_add_count(object, members[i], entry->sum.of[i]);
	output_json(object);
}

/* The stretches of an entry and, if they are wanted, the holes in them. */
static enum tool_exit
gaps_walk(struct gaps_entry *entry, const struct bc_info *info,
          const struct known *known)
{
	struct gaps *gaps = entry->gaps;
	struct bci_timeframe timeframe = gaps->timeframe;
	enum tool_exit result = TOOL_DONE;
	size_t i;

	if (gaps->values[GAPS_BARS].set && timeframe.step_ns == 0 &&
	    timeframe.months == 0 && !known_timeframe(info, &timeframe)) {
		tool_say("%s: how long are its bars? --timeframe says it",
		         entry->key);
		return TOOL_CANNOT;
	}
	for (i = 0; result == TOOL_DONE && i < known->count; ++i) {
		const struct bc_interval *item = &known->items[i];

		gaps_show(entry, item, gaps_what(item->known), 0);
		if (gaps->values[GAPS_BARS].set && item->known == BC_KNOWN_BARS)
			result = hole_find(gaps->tool, info, item, &timeframe,
			                   gaps_hole, entry);
	}
	return result;
}

/* Look at one entry. */
static enum tool_exit
gaps_entry(struct gaps *gaps, const char *key)
{
	struct gaps_entry entry = { .gaps = gaps, .key = key };
	struct bci_range range = gaps->range;
	char text[BC_KEY_MAX + 1];
	enum tool_exit result;
	struct known known;
	struct bc_info info;
	size_t i;

	result = known_info(gaps->tool, key, text, &info);
	if (result != TOOL_DONE)
		return result;
	result = known_read(gaps->tool, &info, &range, &known);
	if (result == TOOL_DONE) {
		if (gaps->tool->json)
			entry.list = json_array();
		result = gaps_walk(&entry, &info, &known);
		if (result == TOOL_DONE && entry.list != NULL)
			gaps_print_json(&entry, &info, &range);
		json_decref(entry.list);
	}
	for (i = 0; i < GAPS_KINDS; ++i)
		gaps->total.of[i] += entry.sum.of[i];
	known_free(&known);
	return result;
}

/* ------------------------------------------------------------------------ */
/*  The command                                                             */
/* ------------------------------------------------------------------------ */

/* The line below the table. */
static void
gaps_print_total(const struct gaps *gaps)
{
	size_t count = gaps->selection.count, i;
	char text[UNIT_SPAN_TEXT];

	printf("\n%zu entr%s:", count, count == 1 ? "y" : "ies");
	for (i = 0; i < GAPS_IS_HOLE; ++i)
		printf("%s %s %s", i == 0 ? "" : ",", gaps_names[i],
		       unit_format_span(gaps->total.of[i], text));
	if (gaps->values[GAPS_BARS].set)
		printf(", %" PRIu64 " bar%s not there",
		       gaps->total.of[GAPS_IS_HOLE],
		       gaps->total.of[GAPS_IS_HOLE] == 1 ? "" : "s");
	putchar('\n');
}

/* Look at all entries; the exit status is the worst. */
static enum tool_exit
gaps_all(struct gaps *gaps)
{
	enum tool_exit result = TOOL_DONE, one;
	size_t i;

	for (i = 0; i < gaps->selection.count && !output_failed(NULL); ++i) {
		one = gaps_entry(gaps, gaps->selection.keys[i]);
		result = one > result ? one : result;
	}
	if (!gaps->tool->json) {
		output_rows_print(&gaps->rows, gaps_columns,
		                  gaps_column_count(gaps->values),
		                  gaps->format);
		if (gaps->format == OUTPUT_TABLE)
			gaps_print_total(gaps);
	}
	if (result == TOOL_DONE && gaps->values[GAPS_CHECK].set &&
	    (gaps->total.of[GAPS_IS_MISSING] != 0 ||
	     gaps->total.of[GAPS_IS_HOLE] != 0))
		result = TOOL_MISS;
	return result;
}

/* Check what the command line says. */
static enum tool_exit
gaps_begin(struct gaps *gaps)
{
	const struct args_value *values = gaps->values;
	const char *timeframe = values[GAPS_TIMEFRAME].text;
	struct tool *tool = gaps->tool;
	bool selected = selection_wanted(
		&values[GAPS_PREFIX], &values[GAPS_GLOB], &values[GAPS_REGEX]);
	const char *operand = range_args_take(
		tool, selected, &values[GAPS_FROM], &values[GAPS_TO]);
	enum tool_exit result;

	if (!selected && tool->args.operand_count == 0)
		return tool_usage(tool, "gaps needs a KEY, --prefix, --glob "
		                        "or --regex");
	if (timeframe != NULL &&
	    !bci_timeframe_parse(timeframe, strlen(timeframe),
	                         &gaps->timeframe))
		return tool_usage(tool, "'%s' is no timeframe", timeframe);
	result = range_args_read(tool, operand, &values[GAPS_FROM],
	                         &values[GAPS_TO], &gaps->range);
	if (result == TOOL_DONE && gaps->range.from_ns == gaps->range.to_ns)
		return tool_usage(tool, "--to must be later than --from");
	return result;
}

static enum tool_exit
gaps_run(struct tool *tool)
{
	struct gaps gaps = {
		.tool = tool,
		.values = tool->args.values,
		.format = output_format_default(),
	};
	enum tool_exit result;

	result = gaps_begin(&gaps);
	if (result == TOOL_DONE)
		result = tool_open(tool, TOOL_READ, NULL);
	if (result == TOOL_DONE)
		result = selection_gather(
			&gaps.selection, tool, &gaps.values[GAPS_PREFIX],
			&gaps.values[GAPS_GLOB], &gaps.values[GAPS_REGEX]);
	if (result == TOOL_DONE)
		result = gaps_all(&gaps);
	selection_free(&gaps.selection);
	return result;
}

const struct tool_command cmd_gaps = {
	.name = "gaps",
	.summary = "Show what is known of series, and what is missing",
	.operands = "[KEY...] [RANGE]",
	.operands_max = SIZE_MAX,
	.options = gaps_options,
	.option_count = sizeof(gaps_options) / sizeof(gaps_options[0]),
	.run = gaps_run,
	.notes = RANGE_ARGS_NOTES
	"  Without them it is what lies between the first and the last moment "
	"that anything is known of.\n\n"
	"A stretch of time has bars, is empty (it was fetched, and there are "
	"none), is open (it had not ended when it was fetched), or is missing. "
	" With --bars, where there are bars, moments that the timeframe "
	"expects one at and that have none are shown as \"no bars\", with how "
	"many.  A frame has bars from its first row to its last.  The length "
	"is in nanoseconds in CSV.\n\n"
	"JSON: one object for each entry: key, kind, from_ns, to_ns, stretches "
	"(a list of what, from_ns, to_ns, bars), bars_ns, empty_ns, open_ns, "
	"missing_ns, and with --bars missing_bars.",
};
