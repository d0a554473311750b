/* SPDX-License-Identifier: MIT */
/*
 * cmd_plot.c - barcache plot: bars as a chart on the terminal.
 *
 *	KEY
 *	times, rows
 *	last, change, high, low
 *	candles or a line       | prices
 *	volume                  | the largest
 *	------------------------+
 *	times
 *
 * Nothing depends on the moment or, with --width and --height, on the
 * terminal: the same rows give the same chart.
 */
#include "barcache.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "known.h"
#include "moment.h"
#include "number.h"
#include "output.h"
#include "plot.h"
#include "range_args.h"
#include "tool.h"
#include "unit.h"

enum {
	PLOT_FROM,
	PLOT_TO,
	PLOT_TAIL,
	PLOT_WITH_LINE,
	PLOT_COLUMN,
	PLOT_WITH_VOLUME,
	PLOT_WITH_OPEN,
	PLOT_WIDTH,
	PLOT_HEIGHT,
	PLOT_ASCII,
	PLOT_COLOR
};

static const struct args_option plot_options[] = {
	[PLOT_FROM] = RANGE_ARGS_FROM,
	[PLOT_TO] = RANGE_ARGS_TO,
	[PLOT_TAIL] = { "tail", ARGS_COUNT, "N", "Only the last N rows" },
	[PLOT_WITH_LINE] = { "line", ARGS_FLAG, NULL,
	                     "Draw a line of the closes, not candles" },
	[PLOT_COLUMN] = { "column", ARGS_TEXT, "NAME",
	                  "Draw a line of this column" },
	[PLOT_WITH_VOLUME] = { "with-volume", ARGS_FLAG, NULL,
	                       "Show the volume below" },
	[PLOT_WITH_OPEN] = { "open", ARGS_FLAG, NULL,
	                     "With the last bar of a series, if it had not "
	                     "ended" },
	[PLOT_WIDTH] = { "width", ARGS_COUNT, "N",
	                 "Characters in a line: that of the terminal, else "
	                 "80" },
	[PLOT_HEIGHT] = { "height", ARGS_COUNT, "N",
	                  "Lines: those of the terminal but one, else 24" },
	[PLOT_ASCII] = { "ascii", ARGS_FLAG, NULL,
	                 "Draw with ASCII only, as where the locale is not "
	                 "UTF-8" },
	[PLOT_COLOR] = { "color", ARGS_CHOICE, "auto|always|never",
	                 "Use colours; auto: on a terminal, unless NO_COLOR "
	                 "is set" },
};

/* Limits of the options, and what is there without a terminal. */
#define PLOT_WIDTH_MIN 40
#define PLOT_WIDTH_MAX 1000
#define PLOT_WIDTH_DEFAULT 80
#define PLOT_HEIGHT_MIN 10
#define PLOT_HEIGHT_MAX 500
#define PLOT_HEIGHT_DEFAULT 24

/* Lines of text above the chart. */
#define PLOT_LINES_TITLE 3

/* One run of the command. */
struct plot {
	struct tool *tool;
	const struct args_value *values;
	const char *key;
	struct bci_range range;
	struct bci_timeframe timeframe;
	struct plot_chart chart;
};

/* ------------------------------------------------------------------------ */
/*  Text                                                                    */
/* ------------------------------------------------------------------------ */

/* What stands above the chart. */
static void
plot_print_title(const struct plot *plot)
{
	char from[BCI_TIME_TEXT], to[BCI_TIME_TEXT], span[UNIT_SPAN_TEXT];
	const struct plot_rows *rows = &plot->chart.rows;
	double change = (rows->last / rows->open - 1) * 100;
	char number[BCI_NUMBER_TEXT];

	output_line(plot->key);
	bci_time_format(rows->view->first_ns, from);
	bci_time_format(rows->view->last_ns, to);
	printf("%s to %s  %" PRIu64 " row%s", from, to, rows->view->rows,
	       rows->view->rows == 1 ? "" : "s");
	if (plot->chart.bars.merged > 1)
		printf(", %s a column",
		       unit_format_span((uint64_t)plot->chart.bars.bar_ns,
		                        span));
	number[bci_number_format(rows->last, number)] = '\0';
	printf("\nlast %s", number);
	if (isfinite(change))
		printf("  change %+.2f%%", change);
	number[bci_number_format(rows->high, number)] = '\0';
	printf("  high %s", number);
	number[bci_number_format(rows->low, number)] = '\0';
	printf("  low %s\n", number);
}

/* A number of JSON, with the fewest digits that read back. */
static void
plot_print_number(double value)
{
	char text[BCI_NUMBER_TEXT];

	putchar(',');
	if (isfinite(value))
		fwrite(text, 1, bci_number_format(value, text), stdout);
	else
		fputs("null", stdout); /* volumes whose sum is too large */
}

/* The bars of the chart as JSON, a line each. */
static void
plot_print_json(const struct plot *plot)
{
	const struct plot_bars *bars = &plot->chart.bars;
	const struct bc_view *view = plot->chart.rows.view;
	json_t *object = json_object();
	json_t *names = json_pack("[ssssss]", "time", "rows", "open", "high",
	                          "low", "close");
	const char *comma = "";
	size_t i;

	if (plot->chart.volume)
		json_array_append_new(names, output_json_text("volume"));

	output_add_text(object, "key", plot->key);
	output_add_count(object, "rows", view->rows);
	output_add_ns(object, "first_ns", true, view->first_ns);
	output_add_ns(object, "last_ns", true, view->last_ns);
	output_add_ns(object, "column_ns", true, bars->bar_ns);
	output_add(object, "columns", names);
	output_json_list(object, "data");
	for (i = 0; i < bars->count; ++i) {
		const struct plot_bar *bar = &bars->items[i];

		if (bar->rows == 0)
			continue;
		printf("%s\n[%" PRId64 ",%" PRIu64, comma, bar->time_ns,
		       bar->rows);
		plot_print_number(bar->open);
		plot_print_number(bar->high);
		plot_print_number(bar->low);
		plot_print_number(bar->close);
		if (plot->chart.volume)
			plot_print_number(bar->volume);
		putchar(']');
		comma = ",";
	}
	fputs("]}\n", stdout);
}

/* ------------------------------------------------------------------------ */
/*  The chart                                                               */
/* ------------------------------------------------------------------------ */

/* Whether the locale has more than ASCII. */
static bool
plot_is_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };
	size_t i;

	/* The first that is set decides, as in setlocale(3). */
	for (i = 0; i < sizeof(names) / sizeof(names[0]); ++i) {
		const char *value = getenv(names[i]);

		if (value != NULL && *value != '\0')
			return strcasestr(value, "utf-8") != NULL ||
			       strcasestr(value, "utf8") != NULL;
	}
	return false;
}

/* Whether colours are wanted. */
static bool
plot_is_coloured(const struct plot *plot)
{
	const char *none = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (plot->values[PLOT_COLOR].number != 0)
		return plot->values[PLOT_COLOR].number == 1;
	return output_is_terminal() && (none == NULL || *none == '\0') &&
	       terminal != NULL && strcmp(terminal, "dumb") != 0;
}

/* Find the size, and how to draw. */
static void
plot_show(struct plot *plot)
{
	const struct args_value *width = &plot->values[PLOT_WIDTH];
	const struct args_value *height = &plot->values[PLOT_HEIGHT];
	size_t columns = PLOT_WIDTH_DEFAULT, lines = PLOT_HEIGHT_DEFAULT;
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		/* A line is left for the prompt. */
		if (size.ws_col >= PLOT_WIDTH_MIN)
			columns = size.ws_col;
		if (size.ws_row > PLOT_HEIGHT_MIN)
			lines = size.ws_row - 1u;
	}
	plot->chart.canvas.ascii =
		plot->values[PLOT_ASCII].set || !plot_is_utf8();
	plot->chart.canvas.colour = plot_is_coloured(plot);
	if (width->set)
		columns = width->number;
	if (height->set)
		lines = height->number;
	plot_chart_begin(&plot->chart, columns, lines - PLOT_LINES_TITLE);
	if (plot->tool->json) {
		plot_print_json(plot);
	} else {
		plot_print_title(plot);
		plot_chart_print(&plot->chart);
	}
	plot_chart_free(&plot->chart);
}

/* ------------------------------------------------------------------------ */
/*  Rows                                                                    */
/* ------------------------------------------------------------------------ */

/* The name of a role's column, or NULL if it is not drawn. */
static const char *
plot_role_name(const struct plot *plot, enum plot_role role)
{
	static const char *const names[PLOT_ROLES] = { "open", "high", "low",
		                                       "close", "volume" };

	if (role == PLOT_VOLUME)
		return plot->chart.volume ? names[role] : NULL;
	if (plot->values[PLOT_COLUMN].set)
		return plot->values[PLOT_COLUMN].text;
	return plot->chart.line ? names[PLOT_CLOSE] : names[role];
}

/* The columns to read, each once; false after a message if one is none. */
static bool
plot_columns(const struct plot *plot, const struct bc_schema *schema,
             const char *names[PLOT_ROLES + 1])
{
	size_t count = 0, i;
	enum plot_role role;

	for (role = PLOT_OPEN; role < PLOT_ROLES; ++role) {
		const char *name = plot_role_name(plot, role);
		int index;

		if (name == NULL)
			continue;
		index = bc_schema_find(schema, name);
		if (index < 0 || schema->columns[index].type == BC_TEXT) {
			tool_say("there is no column '%s'%s", name,
			         index >= 0 ? " of numbers"
			         : role == PLOT_VOLUME ||
			                         plot->values[PLOT_COLUMN].set
			                 ? ""
			                 : ": --column NAME draws another");
			return false;
		}
		for (i = 0; i < count; ++i)
			if (strcmp(names[i], name) == 0)
				break;
		if (i == count && strcmp(name, BC_TIME) != 0)
			names[count++] = name;
	}
	names[count] = NULL;
	return true;
}

/* Draw the rows of a view. */
static enum tool_exit
plot_view(struct plot *plot, const struct bc_view *view)
{
	enum plot_role role;

	if (view->rows == 0) {
		tool_say("%s has no rows in this range", plot->key);
		return TOOL_MISS;
	}
	plot->chart.rows.view = view;
	for (role = PLOT_OPEN; role < PLOT_ROLES; ++role) {
		const char *name = plot_role_name(plot, role);

		plot->chart.rows.column[role] =
			name == NULL ? -1 : bc_schema_find(view->schema, name);
	}
	plot_rows_begin(&plot->chart.rows, &plot->timeframe);
	if (isnan(plot->chart.rows.high)) {
		tool_say("%s has no numbers in this range", plot->key);
		return TOOL_MISS;
	}
	plot_show(plot);
	return TOOL_DONE;
}

/* Say what is not known of the range. */
static enum tool_exit
plot_note(const struct plot *plot, const struct bc_info *info,
          const struct bc_view *view)
{
	struct bci_range range = plot->range;
	enum tool_exit result;
	struct known known;

	if (info->kind != BC_SERIES)
		return TOOL_DONE;
	if (plot->values[PLOT_TAIL].set && view->rows != 0)
		range.from_ns = view->first_ns;
	result = known_read(plot->tool, info, &range, &known);
	if (result == TOOL_DONE)
		known_say(&known, plot->key);
	known_free(&known);
	return result;
}

/* Read the rows and draw them. */
static enum tool_exit
plot_entry(struct plot *plot)
{
	const struct args_value *tail = &plot->values[PLOT_TAIL];
	unsigned flags = BC_READ_PARTIAL |
	                 (plot->values[PLOT_WITH_OPEN].set ? BC_READ_OPEN : 0u);
	const char *names[PLOT_ROLES + 1];
	struct bc_cache *cache = plot->tool->cache;
	char text[BC_KEY_MAX + 1];
	enum tool_exit result;
	enum bc_status status;
	struct bc_info info;
	struct bc_view view;

	result = known_info(plot->tool, plot->key, text, &info);
	if (result != TOOL_DONE)
		return result;
	if (!known_timeframe(&info, &plot->timeframe))
		plot->timeframe = (struct bci_timeframe){ 0 };
	if (info.schema == NULL) {
		tool_say("%s has no rows", plot->key);
		return TOOL_MISS;
	}
	if (!plot_columns(plot, info.schema, names))
		return TOOL_USAGE;
	status = tail->set ? bc_tail(cache, plot->key, tail->number, names,
	                             flags, &view)
	                   : bc_read(cache, plot->key, plot->range.from_ns,
	                             plot->range.to_ns, names, flags, &view);
	if (status == BC_MISS)
		return tool_miss(plot->key, view.miss);
	if (status != BC_OK) {
		tool_say("cannot read %s: %s", plot->key, bc_strerror(status));
		return TOOL_CANNOT;
	}
	result = plot_note(plot, &info, &view);
	if (result == TOOL_DONE)
		result = plot_view(plot, &view);
	bc_view_release(&view);
	return result;
}

/* ------------------------------------------------------------------------ */
/*  The command                                                             */
/* ------------------------------------------------------------------------ */

/* Whether a number is in its limits; a usage error if not. */
static enum tool_exit
plot_limit(const struct plot *plot, int option, uint64_t least, uint64_t most)
{
	const struct args_value *value = &plot->values[option];

	if (!value->set || (value->number >= least && value->number <= most))
		return TOOL_DONE;
	return tool_usage(plot->tool,
	                  "--%s must be from %" PRIu64 " to %" PRIu64,
	                  plot_options[option].name, least, most);
}

static enum tool_exit
plot_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	char **operands = tool->args.operands;
	const char *operand = tool->args.operand_count > 1 ? operands[1] : NULL;
	struct plot plot = {
		.tool = tool,
		.values = values,
		.key = operands[0],
		.chart.line =
			values[PLOT_WITH_LINE].set || values[PLOT_COLUMN].set,
		.chart.volume = values[PLOT_WITH_VOLUME].set,
	};
	enum tool_exit result;

	if (values[PLOT_TAIL].set &&
	    (operand != NULL || values[PLOT_FROM].set || values[PLOT_TO].set))
		return tool_usage(tool, "--tail goes with no range");
	result = range_args_read(tool, operand, &values[PLOT_FROM],
	                         &values[PLOT_TO], &plot.range);
	if (result == TOOL_DONE)
		result = plot_limit(&plot, PLOT_WIDTH, PLOT_WIDTH_MIN,
		                    PLOT_WIDTH_MAX);
	if (result == TOOL_DONE)
		result = plot_limit(&plot, PLOT_HEIGHT, PLOT_HEIGHT_MIN,
		                    PLOT_HEIGHT_MAX);
	if (result == TOOL_DONE)
		result = tool_open(tool, TOOL_READ, NULL);
	return result == TOOL_DONE ? plot_entry(&plot) : result;
}

const struct tool_command cmd_plot = {
	.name = "plot",
	.summary = "Draw the bars of an entry on the terminal",
	.operands = "KEY [RANGE]",
	.operands_min = 1,
	.operands_max = 2,
	.options = plot_options,
	.option_count = sizeof(plot_options) / sizeof(plot_options[0]),
	.run = plot_run,
	.notes = RANGE_ARGS_NOTES
	"\n\n"
	"A column of the chart is a bar, or several if there are more of them "
	"than columns.  Time goes on where there are none.  Rising candles are "
	"thin or green, falling ones solid or red; in ASCII O and #.\n\n"
	"JSON: key, rows, first_ns, last_ns, column_ns (the time that a column "
	"stands for), columns, data (a list of bars: time in ns, how many "
	"rows, open, high, low, close, volume).",
};
