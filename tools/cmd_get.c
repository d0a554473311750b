/* SPDX-License-Identifier: MIT */
/*
 * cmd_get.c - barcache get: print an entry, or a part of it.
 *
 * What there is is printed.  Whoever asks for a range of a series of which a
 * part was never fetched is told which part, on standard error and in JSON,
 * and with --strict gets no rows: a chart wants to be drawn, a backtest must
 * not be shorter than it thinks.
 *
 * Only the rows and columns of a series that are asked for are read: the first
 * and the last rows of years of minutes cost no more than those of a day.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "derive_args.h"
#include "frame.h"
#include "known.h"
#include "output.h"
#include "range_args.h"
#include "tool.h"

enum {
	GET_HEAD,
	GET_TAIL,
	GET_FROM,
	GET_TO,
	GET_ASOF,
	GET_COLUMNS,
	GET_OPEN,
	GET_STRICT,
	GET_FORMAT,
	GET_DERIVE
};

static const struct args_option get_options[] = {
	[GET_HEAD] = { "head", ARGS_COUNT, "N", "Only the first N rows" },
	[GET_TAIL] = { "tail", ARGS_COUNT, "N", "Only the last N rows" },
	[GET_FROM] = RANGE_ARGS_FROM,
	[GET_TO] = RANGE_ARGS_TO,
	[GET_ASOF] = { "asof", ARGS_TIME, "TIME",
	               "Only the row that was the newest one at TIME" },
	[GET_COLUMNS] = { "columns", ARGS_TEXT, "A,B,...",
	                  "Only these columns, and the time" },
	[GET_OPEN] = { "open", ARGS_FLAG, NULL,
	               "With the last bar of a series, if it had not ended" },
	[GET_STRICT] = { "strict", ARGS_FLAG, NULL,
	                 "No rows but exit status 1 if a part of the range is "
	                 "not known" },
	[GET_FORMAT] = { "format", ARGS_CHOICE, "table|csv|json|raw",
	                 "How to print; table on a terminal, else csv, raw for "
	                 "a blob" },
	[GET_DERIVE + DERIVE_RESAMPLE] = { "resample", ARGS_TEXT, "TF",
	                                   "Make larger bars: 5m, 1h, 1d, 1w, "
	                                   "1M" },
	[GET_DERIVE + DERIVE_ADD] = { "add", ARGS_LIST, "A,B,...",
	                              "Add indicators: sma(20), ema(50), "
	                              "rsi(14), atr(14), sma(volume,20); may "
	                              "be repeated" },
	[GET_DERIVE + DERIVE_LABEL] = { "label", ARGS_CHOICE, "left|right",
	                                "Which end of a larger bar is its "
	                                "time; left if not given" },
	[GET_DERIVE + DERIVE_CLOSED] = { "closed", ARGS_CHOICE, "left|right",
	                                 "Which end belongs to it: right for "
	                                 "rows stamped with the end of their "
	                                 "bar" },
	[GET_DERIVE + DERIVE_FILL] = { "fill", ARGS_CHOICE, "none|nan|flat",
	                               "What stands for one without rows: "
	                               "nothing, NaN, a flat bar at the last "
	                               "close" },
	[GET_DERIVE + DERIVE_DROP_PARTIAL] = { "drop-partial", ARGS_FLAG, NULL,
	                                       "Leave out one of which not "
	                                       "all was read" },
	[GET_DERIVE + DERIVE_OFFSET] = { "offset", ARGS_TEXT, "DURATION",
	                                 "Days begin so long after midnight, "
	                                 "and shorter bars are shifted as "
	                                 "much" },
	[GET_DERIVE + DERIVE_ZONE] = { "zone", ARGS_TEXT, "ZONE",
	                               "Whose days: America/New_York; UTC if "
	                               "not given" },
	[GET_DERIVE + DERIVE_WEEK] = { "week", ARGS_CHOICE,
	                               "mon|tue|wed|thu|fri|sat|sun",
	                               "The day that weeks begin with" },
	[GET_DERIVE + DERIVE_MIDNIGHT] = { "from-midnight", ARGS_FLAG, NULL,
	                                   "Bars below a day begin anew each "
	                                   "day" },
};

/* The column that says which of larger bars are not whole. */
#define GET_PARTIAL "partial"

/* One run of the command. */
struct get {
	struct tool *tool;
	const struct args_value *values;
	const char *key, *operand; /* the range, or NULL */
	struct bci_range range;    /* of what is read */
	struct bci_range asked;    /* for what is said to be missing of it */
	struct derive_args derive;
	struct bc_info info;
	char info_text[BC_KEY_MAX + 1]; /* what it points to */
	const char **columns; /* of a series, ended by NULL; NULL: all */
	char *names;          /* memory of these */
};

/* The name of an option that is set and that only rows can have, or NULL. */
static const char *
get_row_option(const struct get *get)
{
	int i;

	for (i = 0; i < GET_DERIVE + DERIVE_OPTIONS; ++i)
		if (i != GET_FORMAT && get->values[i].set)
			return get_options[i].name;
	return NULL;
}

/* Whether the command line says a range, in any way. */
static bool
get_ranged(const struct get *get)
{
	return get->operand != NULL || get->values[GET_FROM].set ||
	       get->values[GET_TO].set || get->values[GET_ASOF].set;
}

/* ------------------------------------------------------------------------ */
/*  Blobs                                                                   */
/* ------------------------------------------------------------------------ */

/* Write the bytes of a blob as they are. */
static enum tool_exit
get_blob(struct get *get)
{
	const struct args_value *format = &get->values[GET_FORMAT];
	struct tool *tool = get->tool;
	enum tool_exit result;
	struct bc_view view;

	result = tool_get(tool, get->key, &view);
	if (result != TOOL_DONE)
		return result;
	if (get_row_option(get) != NULL)
		result = tool_usage(tool,
		                    "the entry is a blob: --%s is for rows",
		                    get_row_option(get));
	else if (get->operand != NULL)
		result = tool_usage(tool, "the entry is a blob: ranges are "
		                          "for rows");
	else if (tool->json || (format->set && format->number != OUTPUT_RAW))
		result = tool_usage(tool, "the entry is a blob: only its raw "
		                          "bytes can be printed");
	else if (!format->set && output_is_terminal())
		result = tool_usage(tool, "the entry is a blob: --format raw "
		                          "prints its bytes to a terminal");
	else
		fwrite(view.data, 1, view.bytes, stdout);
	bc_view_release(&view);
	return result;
}

/* ------------------------------------------------------------------------ */
/*  Reading rows                                                            */
/* ------------------------------------------------------------------------ */

/*
 * Cut the list of columns apart for the library; names that come twice, and
 * the time, are left out.  False after a message if one is not there.
 */
static bool
get_cut_columns(struct get *get)
{
	const char *list = get->values[GET_COLUMNS].text;
	const struct bc_schema *schema = get->info.schema;
	size_t count = 0, i;
	char *at;

	get->names = tool_copy(list);
	get->columns = tool_alloc(strlen(list) + 2, sizeof(*get->columns));
	for (at = get->names; at != NULL;) {
		const char *name = strsep(&at, ",");

		if (bc_schema_find(schema, name) < 0) {
			tool_say("there is no column '%s'", name);
			return false;
		}
		for (i = 0; i < count; ++i)
			if (strcmp(get->columns[i], name) == 0)
				break;
		if (i == count && strcmp(name, BC_TIME) != 0)
			get->columns[count++] = name;
	}
	return true;
}

/* Read what is asked for of a series. */
static enum bc_status
get_read_series(struct get *get, unsigned flags, struct bc_view *view)
{
	const struct args_value *head = &get->values[GET_HEAD];
	const struct args_value *tail = &get->values[GET_TAIL];
	const struct args_value *asof = &get->values[GET_ASOF];
	struct bc_cache *cache = get->tool->cache;

	if (asof->set)
		return bc_asof(cache, get->key, asof->ns, get->columns, flags,
		               view);
	if (!get_ranged(get) && tail->set && !head->set)
		return bc_tail(cache, get->key, tail->number, get->columns,
		               flags, view);
	if (!get_ranged(get) && head->set)
		return bc_read_rows(cache, get->key, 0, head->number,
		                    get->columns, flags, view);
	return bc_read(cache, get->key, get->range.from_ns, get->range.to_ns,
	               get->columns, flags, view);
}

/* Say why nothing was read. */
static enum tool_exit
get_fail(const struct get *get, enum bc_status status, enum bc_miss miss)
{
	struct bci_range range = get->asked;
	enum tool_exit result;
	struct known known;

	if (status != BC_MISS) {
		tool_say("cannot read %s: %s", get->key, bc_strerror(status));
		return status == BC_INVALID ? TOOL_USAGE : TOOL_CANNOT;
	}
	if (miss != BC_MISS_NOT_COVERED)
		return tool_miss(get->key, miss);
	result = known_read(get->tool, &get->info, &range, &known);
	if (result == TOOL_DONE)
		known_say(&known, get->key);
	known_free(&known);
	return TOOL_MISS;
}

/* Read the rows.  TOOL_DONE with a view to release. */
static enum tool_exit
get_read(struct get *get, struct bc_view *view)
{
	const struct args_value *values = get->values;
	unsigned flags = (values[GET_STRICT].set ? 0u : BC_READ_PARTIAL) |
	                 (values[GET_OPEN].set ? BC_READ_OPEN : 0u);
	enum bc_status status;
	struct bc_error err;

	if (derive_args_wanted(&get->derive)) {
		status =
			bc_read_derived(get->tool->cache, get->key,
		                        get->range.from_ns, get->range.to_ns,
		                        flags, &get->derive.derive, view, &err);
		if (status != BC_OK && status != BC_MISS)
			return tool_fail(&err);
	} else if (get->info.kind == BC_SERIES) {
		if (values[GET_COLUMNS].set && get->info.schema != NULL &&
		    !get_cut_columns(get))
			return TOOL_USAGE;
		status = get_read_series(get, flags, view);
	} else {
		return tool_get(get->tool, get->key, view);
	}
	return status == BC_OK ? TOOL_DONE : get_fail(get, status, view->miss);
}

/* ------------------------------------------------------------------------ */
/*  Printing rows                                                           */
/* ------------------------------------------------------------------------ */

/* Narrow the rows down as the options say: by time, then by number. */
static enum tool_exit
get_narrow(struct get *get, struct frame *frame)
{
	const struct args_value *values = get->values;

	if (get_ranged(get) && !frame->view->schema->has_time)
		return tool_usage(get->tool, "the entry has no times: ranges "
		                             "are for frames");
	/* Which columns a series without rows will have is not known. */
	if (values[GET_COLUMNS].set && get->info.schema != NULL &&
	    !frame_select(frame, values[GET_COLUMNS].text))
		return TOOL_USAGE;
	/* A bar that is not whole must not pass for one that is. */
	if (get->derive.derive.resample != NULL)
		frame_also(frame, GET_PARTIAL);
	/* Larger bars may begin before the range that they are made of. */
	if (!derive_args_wanted(&get->derive)) {
		if (get->range.from_ns != INT64_MIN)
			frame_from(frame, get->range.from_ns);
		if (get->range.to_ns != INT64_MAX)
			frame_to(frame, get->range.to_ns);
	}
	if (values[GET_HEAD].set)
		frame_head(frame, values[GET_HEAD].number);
	if (values[GET_TAIL].set)
		frame_tail(frame, values[GET_TAIL].number);
	if (values[GET_ASOF].set)
		frame_tail(frame, 1);
	return TOOL_DONE;
}

/*
 * What is not known of the rows shown: said on stderr, and a member of the
 * JSON.  Only a series says so of itself.
 */
static enum tool_exit
get_note(const struct get *get, struct frame *frame, bool json)
{
	const struct args_value *values = get->values;
	const struct bc_view *view = frame->view;
	struct bci_range range = get->asked;
	enum tool_exit result;
	struct known known;

	/* The first or the last rows were read alone: only they count. */
	if (view->rows != 0 && !derive_args_wanted(&get->derive)) {
		if (values[GET_ASOF].set ||
		    (values[GET_TAIL].set && !get_ranged(get)))
			range.from_ns = view->first_ns;
		if (values[GET_HEAD].set && !get_ranged(get))
			range.to_ns = view->last_ns + 1;
	}
	result = known_read(get->tool, &get->info, &range, &known);
	if (result == TOOL_DONE)
		known_say(&known, get->key);
	if (result == TOOL_DONE && json) {
		frame->more = json_object();
		output_add(frame->more, "missing", known_json(&known));
		output_add(frame->more, "open",
		           json_boolean(view->open_rows != 0));
	}
	known_free(&known);
	return result;
}

/* Print what the options leave of a view. */
static enum tool_exit
get_print(struct get *get, const struct bc_view *view,
          enum output_format format)
{
	enum tool_exit result;
	struct frame frame;

	frame_init(&frame, view);
	result = get_narrow(get, &frame);
	if (result == TOOL_DONE && get->info.kind == BC_SERIES)
		result = get_note(get, &frame, format == OUTPUT_JSON);
	if (result == TOOL_DONE)
		frame_print(&frame, get->key, format);
	frame_free(&frame);
	return result;
}

/* Get and print rows. */
static enum tool_exit
get_rows(struct get *get)
{
	const struct args_value *given = &get->values[GET_FORMAT];
	enum output_format format = output_format_default();
	struct bc_view view;
	enum tool_exit result;

	if (get->tool->json)
		format = OUTPUT_JSON;
	else if (given->set) /* the words are in the order of the enum */
		format = (enum output_format)given->number;
	if (format == OUTPUT_RAW)
		return tool_usage(get->tool,
		                  "the entry is no blob: it has no raw "
		                  "bytes to print");
	if (get->info.kind == BC_ARRAYS && derive_args_wanted(&get->derive))
		return tool_usage(get->tool, "the entry has no times: bars and "
		                             "indicators are made of frames");
	result = get_read(get, &view);
	if (result != TOOL_DONE)
		return result;
	result = get_print(get, &view, format);
	bc_view_release(&view);
	return result;
}

/* ------------------------------------------------------------------------ */
/*  The command                                                             */
/* ------------------------------------------------------------------------ */

/* Read what the command line says about the rows. */
static enum tool_exit
get_begin(struct get *get)
{
	const struct args_value *values = get->values;
	struct tool *tool = get->tool;
	enum tool_exit result;

	if (tool->json && values[GET_FORMAT].set &&
	    values[GET_FORMAT].number != OUTPUT_JSON)
		return tool_usage(tool,
		                  "--json and --format %s contradict "
		                  "each other",
		                  values[GET_FORMAT].text);
	if (values[GET_ASOF].set &&
	    (get->operand != NULL || values[GET_FROM].set ||
	     values[GET_TO].set || values[GET_HEAD].set ||
	     values[GET_TAIL].set))
		return tool_usage(tool, "--asof is one row: it goes with no "
		                        "range, --head or --tail");
	result = range_args_read(tool, get->operand, &values[GET_FROM],
	                         &values[GET_TO], &get->range);
	get->asked = get->range;
	if (values[GET_ASOF].set && values[GET_ASOF].ns < INT64_MAX) {
		get->asked.to_ns = values[GET_ASOF].ns;
		get->range.to_ns = values[GET_ASOF].ns + 1;
	}
	return result == TOOL_DONE ? derive_args_read(&get->derive, tool,
	                                              &values[GET_DERIVE])
	                           : result;
}

/* Get an entry as its kind wants it. */
static enum tool_exit
get_entry(struct get *get)
{
	enum tool_exit result;
	struct bc_view view;
	struct bc_error err;

	switch (bc_info(get->tool->cache, get->key, get->info_text,
	                sizeof(get->info_text), &get->info, &err)) {
	case BC_OK:
		return get->info.kind == BC_BLOB ? get_blob(get)
		                                 : get_rows(get);
	case BC_MISS:
		/* The get says why, and is counted. */
		result = tool_get(get->tool, get->key, &view);
		if (result != TOOL_DONE)
			return result;
		bc_view_release(&view); /* it came just now */
		return tool_miss(get->key, BC_MISS_ABSENT);
	default:
		return tool_fail(&err);
	}
}

static enum tool_exit
get_run(struct tool *tool)
{
	char **operands = tool->args.operands;
	struct get get = {
		.tool = tool,
		.values = tool->args.values,
		.key = operands[0],
		.operand = tool->args.operand_count > 1 ? operands[1] : NULL,
	};
	enum tool_exit result;

	result = get_begin(&get);
	if (result == TOOL_DONE)
		result = tool_open(tool, TOOL_READ, NULL);
	if (result == TOOL_DONE)
		result = get_entry(&get);
	derive_args_free(&get.derive);
	free(get.columns);
	free(get.names);
	return result;
}

const struct tool_command cmd_get = {
	.name = "get",
	.summary = "Print an entry, or a part of it, or what follows from it",
	.operands = "KEY [RANGE]",
	.operands_min = 1,
	.operands_max = 2,
	.options = get_options,
	.option_count = sizeof(get_options) / sizeof(get_options[0]),
	.run = get_run,
	.notes = RANGE_ARGS_NOTES
	"  --head and --tail count among the rows of the range, --head "
	"first.\n\n"
	"Of a series what there is is printed; what is not known of the range "
	"is said on standard error and in JSON.\n\n"
	"A larger bar at an end of the range of which not all was read has 1 "
	"in the column partial, which --columns leaves in.  Indicators see the "
	"rows before the range too.\n\n"
	"Numbers are printed with the fewest digits that read back exactly; "
	"CSV can be imported again.\n\n"
	"JSON: key, kind, rows, columns, types, of a series missing (a list of "
	"from_ns, to_ns) and open, data (a list of rows; time in ns; what is "
	"not finite is null).",
};
