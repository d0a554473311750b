/* SPDX-License-Identifier: MIT */
/*
 * import_text.c - one text to the entries it will be: its dialect is found, its
 * rows are read, split by series, sorted, and given their keys.
 */
#include "import.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "bar.h"
#include "clock.h"
#include "error.h"
#include "interrupt.h"
#include "tzdata.h"

/* From so many rows on a file shows how much of its period it holds. */
#define TEXT_ROWS_THAT_TELL 100

/* Bytes between two looks at the clock for the progress bar. */
#define TEXT_STEP ((size_t)4 << 20)

/* ------------------------------------------------------------------------ */
/*  Reading                                                                 */
/* ------------------------------------------------------------------------ */

/* Find the dialect of a text. */
static enum bc_status
text_sniff(const struct import *import, const struct input *input,
           struct import_text *text)
{
	struct bci_hints hints = import->settings.hints;
	struct bci_dialect *dialect = tool_alloc(1, sizeof(*dialect));
	enum bc_status status;

	hints.name = input->name;
	if (hints.extra == NULL && input->types[0] != '\0')
		hints.extra = input->types;
	status = bci_sniff(input->data, input->bytes, &hints, dialect,
	                   &text->error);
	if (status == BC_OK)
		text->dialect = dialect;
	else
		free(dialect);
	return status;
}

/* Read all rows, showing how far it has come. */
static enum bc_status
text_read(struct import *import, const struct input *input,
          struct import_text *text, const struct bci_zone *zone,
          struct bci_table *table)
{
	struct bci_csv *csv = NULL;
	enum bc_status status;
	size_t used = 0;
	bool done = false;

	BCI_TRY(bci_csv_begin(&memory_columns, input->data, input->bytes,
	                      text->dialect, zone, &csv, &text->error));
	while (!done) {
		import->interrupted = interrupt_wait(import->signals, 0);
		if (import->interrupted)
			BCI_TRY(bci_fail(&text->error, BC_BUSY, "interrupted"));
		import_report_progress(&import->report, input->name, used,
		                       input->bytes, input->stored_bytes);
		BCI_TRY(bci_csv_more(csv, TEXT_STEP, &used, &done,
		                     &text->error));
	}
	bci_csv_end(csv, table, &text->report);
	csv = NULL;
done:
	bci_csv_abort(csv);
	return status;
}

/* Refuse a text with rows that cannot be read, or without any. */
static enum bc_status
text_refuse(const struct import *import, struct import_text *text,
            const struct bci_table *table)
{
	const struct bci_csv_report *report = &text->report;
	const struct bci_csv_fault *fault = report->faults;

	while (fault < report->faults + report->fault_count && fault->missing)
		++fault;
	if (report->unreadable != 0 && !import->settings.skip_bad)
		return bci_fail_row(
			&text->error, BC_INVALID, fault->line,
			"%" PRIu64 " of %" PRIu64
			" rows cannot be read, the first in line %" PRIu64
			"; nothing is kept (--skip-bad leaves them out)",
			report->unreadable, report->rows, fault->line);
	if (table->rows == 0)
		return bci_fail(&text->error, BC_INVALID,
		                report->rows == 0
		                        ? "there is no row"
		                        : "none of the rows has its prices");
	return BC_OK;
}

/* ------------------------------------------------------------------------ */
/*  Series                                                                  */
/* ------------------------------------------------------------------------ */

/* Give each series of 'table' a table of its own, sorted. */
static enum bc_status
text_split(struct import_text *text, struct bci_table *table)
{
	uint32_t i, count = table->codes == NULL ? 1 : table->series_count;
	enum bc_status status = BC_OK;

	text->series = tool_alloc(count, sizeof(*text->series));
	text->series_count = count;
	for (i = 0; i < count; ++i) {
		struct import_series *series = &text->series[i];

		if (table->codes == NULL) {
			series->table = *table;
			/* The names of series stay with the text's table. */
			series->table.series = NULL;
			series->table.series_count = 0;
			table->rows = 0;
			table->time_ns = NULL;
			table->columns = NULL;
			table->column_count = 0;
		} else {
			BCI_TRY(bci_table_take(table, i, &series->table,
			                       &text->error));
		}
		series->rows = series->table.rows;
		BCI_TRY(bci_table_sort(&series->table, &series->order,
		                       &text->error));
		series->step_ns = bci_table_step(&series->table);
	}
done:
	return status;
}

/* The step of the series with most rows: a series of one row has none. */
static int64_t
text_step(const struct import_text *text)
{
	const struct import_series *best = text->series;
	uint32_t i;

	for (i = 1; i < text->series_count; ++i)
		if (text->series[i].table.rows > best->table.rows)
			best = &text->series[i];
	return best->step_ns;
}

/*
 * Leave out the last bar if it still goes on, or did when the file was written:
 * what a source says of such a bar is not its end.  Or keep it as such a bar.
 */
static void
text_incomplete(struct import_series *series, int64_t modified_ns, bool keep)
{
	struct bci_table *table = &series->table;
	int64_t now_ns = bci_clock_wall_ns();
	int64_t open_ns;
	bool goes_on;

	if (table->rows == 0)
		return;
	open_ns = table->time_ns[table->rows - 1];
	if (series->timeframe_origin == IMPORT_NOWHERE ||
	    !bci_timeframe_move(&series->timeframe, open_ns, 1,
	                        &series->closes_ns))
		return;
	goes_on = (open_ns <= now_ns && now_ns < series->closes_ns) ||
	          (modified_ns != 0 && open_ns <= modified_ns &&
	           modified_ns < series->closes_ns);
	series->open = goes_on && keep;
	series->incomplete = goes_on && !keep;
	table->rows -= series->incomplete;
}

/* Find timeframe and key of a series and bring its times into shape. */
static enum bc_status
text_place(const struct import *import, const struct input *input,
           struct import_text *text, const struct bci_table_series *names,
           struct import_series *series)
{
	const struct import_settings *settings = &import->settings;
	enum bc_status status;

	if (series->step_ns == 0)
		series->step_ns = text_step(text);
	import_timeframe(settings, text, names, series);
	BCI_TRY(import_key(settings, text, names, series, &text->error));
	if (text->dialect->stamp == BCI_STAMP_CLOSE) {
		if (series->timeframe_origin == IMPORT_NOWHERE)
			return bci_fail(&text->error, BC_INVALID,
			                "bars are stamped with their end, and "
			                "nothing tells how long they are: "
			                "give --timeframe");
		if (!bci_table_stamp_open(&series->table, &series->timeframe))
			return bci_fail(&text->error, BC_INVALID,
			                "a bar begins before 1677");
	}
	text_incomplete(series, input->modified_ns, settings->keep_incomplete);
done:
	return status;
}

/*
 * Whether so many rows leave more of [from_ns, to_ns), which they lie in, empty
 * at one end than they span, and more than a week: a quarter under the name of
 * its year.  A session is no part of its day.
 */
static bool
text_is_part(const struct bci_table *table, int64_t from_ns, int64_t to_ns)
{
	int64_t first_ns = table->time_ns[0];
	int64_t last_ns = table->time_ns[table->rows - 1];
	int64_t most_ns = last_ns - first_ns > 7 * BCI_DAY_NS
	                          ? last_ns - first_ns
	                          : 7 * BCI_DAY_NS;

	return table->rows >= TEXT_ROWS_THAT_TELL &&
	       (first_ns - from_ns > most_ns || to_ns - last_ns > most_ns);
}

/* Whether all rows of a text lie in [from_ns, to_ns) and none goes on. */
static bool
text_lies_in(const struct import_text *text, int64_t from_ns, int64_t to_ns)
{
	uint32_t i;

	for (i = 0; i < text->series_count; ++i) {
		const struct import_series *series = &text->series[i];
		const struct bci_table *table = &series->table;

		if (series->incomplete || series->open || table->rows == 0 ||
		    table->time_ns[0] < from_ns ||
		    table->time_ns[table->rows - 1] >= to_ns ||
		    text_is_part(table, from_ns, to_ns))
			return false;
	}
	return true;
}

/*
 * A file that is called after a day, month or year which is over, and was when
 * the file was written, holds all there is of it: unless it has rows enough to
 * tell that it is a part.
 */
static void
text_period(struct import_text *text, const struct bci_zone *zone,
            int64_t modified_ns)
{
	const struct layout_period *period = &text->layout.period;
	int64_t from_ns[2], to_ns[2];
	size_t hint = 0;
	uint32_t i;

	if (period->to_ns == 0 ||
	    bci_zone_to_utc(zone, period->from_ns, &hint, from_ns) == 0 ||
	    bci_zone_to_utc(zone, period->to_ns, &hint, to_ns) == 0 ||
	    to_ns[0] > bci_clock_wall_ns() ||
	    (modified_ns != 0 && to_ns[0] > modified_ns) ||
	    !text_lies_in(text, from_ns[0], to_ns[0]))
		return;
	for (i = 0; i < text->series_count; ++i) {
		struct import_series *series = &text->series[i];

		series->from_ns = from_ns[0];
		series->to_ns = to_ns[0];
		/* A week may end in the month behind. */
		if (series->timeframe_origin != IMPORT_NOWHERE &&
		    series->closes_ns > to_ns[0])
			series->to_ns = series->closes_ns;
	}
}

/* Everything about a text; what went wrong is in text->error. */
static enum bc_status
text_all(struct import *import, const struct input *input,
         struct import_text *text)
{
	struct bci_table *table = &text->table;
	const struct import_settings *settings = &import->settings;
	const struct bci_zone *zone;
	enum bc_status status;
	uint32_t i;

	BCI_TRY(text_sniff(import, input, text));
	if (settings->columns_max != 0 &&
	    text->dialect->field_count > settings->columns_max)
		return bci_fail(&text->error, BC_TOO_LARGE,
		                "it has %u columns, more than %u",
		                (unsigned)text->dialect->field_count,
		                (unsigned)settings->columns_max);
	if (settings->strict)
		BCI_TRY(import_decided_strict(text->dialect, &text->error));
	zone = tzdata_find(text->dialect->zone);
	if (zone == NULL)
		return bci_fail(&text->error, BC_INVALID,
		                "its time zone, %s, is not known here",
		                text->dialect->zone);
	BCI_TRY(text_read(import, input, text, zone, table));
	if (settings->rows_max != 0 && table->rows > settings->rows_max)
		return bci_fail(&text->error, BC_TOO_LARGE,
		                "it has %" PRIu64 " rows, more than %" PRIu64,
		                table->rows, settings->rows_max);
	BCI_TRY(text_refuse(import, text, table));
	BCI_TRY(text_split(text, table));
	if (text->series_count > 1 &&
	    (settings->key != NULL || settings->parts.symbol != NULL))
		return bci_fail(&text->error, BC_INVALID,
		                "the rows belong to %" PRIu32
		                " series: --key and --symbol are for one",
		                text->series_count);
	for (i = 0; i < text->series_count; ++i)
		BCI_TRY(text_place(import, input, text,
		                   table->series == NULL ? NULL
		                                         : &table->series[i],
		                   &text->series[i]));
	text_period(text, zone, input->modified_ns);
done:
	return status;
}

void
import_text(struct import *import, const struct input *input,
            struct import_text *text)
{
	int64_t start_ns = bci_clock_monotonic_ns();

	*text = (struct import_text){ .name = tool_copy(input->name),
		                      .bytes = input->bytes,
		                      .packing = input->packing,
		                      .json = input->json,
		                      .checked = input->checked };
	layout_find(input->name, &text->layout);
	text->error.status = text_all(import, input, text);
	text->elapsed_ns = bci_clock_monotonic_ns() - start_ns;
}

void
import_text_free(struct import_text *text)
{
	uint32_t i;

	for (i = 0; i < text->series_count; ++i)
		bci_table_free(&text->series[i].table);
	free(text->series);
	bci_table_free(&text->table); /* Series may share its strings. */
	free(text->dialect);
	free(text->name);
}
