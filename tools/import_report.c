/* SPDX-License-Identifier: MIT */
/*
 * import_report.c - telling what became of files: a bar while it goes on, what
 * was decided, a table or lines of JSON, the sums.
 *
 * For every text that went well, inserted + updated + identical + conflicting
 * + rejected are its rows; suspect rows are also counted among the others.
 */
#include "import.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "moment.h"
#include "output.h"
#include "unit.h"

#define IMPORT_BAR_WIDTH 24

/* A run this short needs no bar, and a bar need not move faster. */
#define IMPORT_BAR_DELAY_NS (BCI_SECOND_NS / 2)
#define IMPORT_BAR_STEP_NS (BCI_SECOND_NS / 10)

/* ------------------------------------------------------------------------ */
/*  While it goes on                                                        */
/* ------------------------------------------------------------------------ */

void
import_report_progress(struct import_report *report, const char *name,
                       uint64_t done, uint64_t all, uint64_t stored)
{
	int64_t now_ns = bci_clock_monotonic_ns();
	char bar[IMPORT_BAR_WIDTH + 1];
	double part;
	size_t filled;

	if (report->quiet || now_ns - report->start_ns < IMPORT_BAR_DELAY_NS ||
	    now_ns - report->shown_ns < IMPORT_BAR_STEP_NS)
		return;
	report->shown_ns = now_ns;
	part = all == 0 ? 0 : (double)done / (double)all * (double)stored;
	part = (part + (double)report->done_bytes) /
	       (double)(report->total_bytes == 0 ? 1 : report->total_bytes);
	part = part > 1 ? 1 : part;
	filled = (size_t)(part * IMPORT_BAR_WIDTH);
	memset(bar, '-', IMPORT_BAR_WIDTH);
	memset(bar, '#', filled);
	bar[IMPORT_BAR_WIDTH] = '\0';
	/* Nobody knows how much is to come through a pipe. */
	if (report->total_bytes == 0)
		tool_progress("%" PRIu64 " MB  %.40s", done / 1000000, name);
	else
		tool_progress("[%s] %3.0f %%  %.40s", bar, part * 100, name);
}

/* ------------------------------------------------------------------------ */
/*  JSON                                                                    */
/* ------------------------------------------------------------------------ */

/* A text, or NULL for an empty one. */
static const char *
import_or_null(const char *text)
{
	return *text == '\0' ? NULL : text;
}

/* What went wrong with a text. */
static json_t *
import_error(const struct import_text *text)
{
	const struct bci_csv_report *report = &text->report;
	json_t *object = json_object(), *lines = json_array();
	uint32_t i;

	output_add_text(object, "status", bc_status_name(text->error.status));
	output_add_text(object, "message", text->error.message);
	for (i = 0; i < report->fault_count; ++i) {
		json_t *line = json_object();

		output_add_count(line, "line", report->faults[i].line);
		output_add_text(line, "reason", report->faults[i].reason);
		json_array_append_new(lines, line);
	}
	output_add(object, "lines", lines);
	return object;
}

/* The series of a text that has several. */
static json_t *
import_series(const struct import_text *text)
{
	json_t *list = json_array();
	uint32_t i;

	for (i = 0; i < text->series_count; ++i) {
		json_t *object = json_object();

		output_add_text(object, "key", text->series[i].key);
		output_add_count(object, "rows", text->series[i].rows);
		output_add_counts(object, &text->series[i].counts);
		json_array_append_new(list, object);
	}
	return list;
}

static void
import_print_json(const struct import_report *report,
                  const struct import_text *text)
{
	json_t *object = json_object();
	bool one = text->series_count == 1;

	output_add_text(object, "file", text->name);
	output_add_text(object, "key",
	                one ? import_or_null(text->series->key) : NULL);
	if (text->error.status != BC_OK) {
		output_add(object, "error", import_error(text));
		output_json(object);
		return;
	}
	output_add(object, "dry_run", json_boolean(report->dry));
	output_add_count(object, "rows", text->report.rows);
	output_add_counts(object, &text->counts);
	output_add_count(object, "incomplete", text->incomplete);
	output_add_count(object, "bytes", text->bytes);
	output_add_ns(object, "elapsed_ns", true, text->elapsed_ns);
	if (text->let_go)
		output_add_text(object, "not_cached", text->error.message);
	if (!one)
		output_add(object, "series", import_series(text));
	output_add(object, "decided", import_decided_json(text));
	output_json(object);
}

/* ------------------------------------------------------------------------ */
/*  Words                                                                   */
/* ------------------------------------------------------------------------ */

/* Whether 'words', lines of text, has a line that is 'line'. */
static bool
import_has_line(const char *words, const char *line, size_t bytes)
{
	while (words != NULL && *words != '\0') {
		size_t length = strcspn(words, "\n");

		if (length == bytes && memcmp(words, line, bytes) == 0)
			return true;
		words += length + (words[length] == '\n');
	}
	return false;
}

/*
 * What was decided, but for the lines that hold as well for the text before: a
 * tree of files of one kind is to be told about once.
 */
static void
import_print_decided(struct import_report *report,
                     const struct import_text *text)
{
	char *words = NULL, *line;
	size_t bytes;
	FILE *file = open_memstream(&words, &bytes);

	if (file == NULL)
		return;
	import_decided_print(text, file);
	fclose(file);
	for (line = words; *line != '\0'; line += bytes + 1) {
		bytes = strcspn(line, "\n");
		if (!import_has_line(report->decided, line, bytes))
			tool_say("%s: %.*s", text->name, (int)bytes, line);
	}
	free(report->decided);
	report->decided = words;
}

/* Rows that were not kept, or kept although they are odd. */
static void
import_print_rows(const struct import_text *text)
{
	const struct bci_csv_report *report = &text->report;
	const char *name = text->name;
	uint64_t rejected = report->unreadable + report->missing;
	uint32_t i;

	for (i = 0; i < report->fault_count; ++i)
		tool_say("%s: line %" PRIu64 ": %s", name,
		         report->faults[i].line, report->faults[i].reason);
	if (rejected > report->fault_count)
		tool_say("%s: and %" PRIu64 " more rows like these", name,
		         rejected - report->fault_count);
	if (text->counts.suspect != 0)
		tool_say("%s: %" PRIu64 " suspect row%s kept: low above or "
		         "high below open or close",
		         name, text->counts.suspect,
		         text->counts.suspect == 1 ? " was" : "s were");
	for (i = 0; i < text->series_count; ++i) {
		char until[BCI_TIME_TEXT];

		if (!text->series[i].incomplete)
			continue;
		bci_time_format(text->series[i].closes_ns, until);
		tool_say("%s: the last bar of %s goes on until %s and was "
		         "left out (--keep-incomplete)",
		         name, text->series[i].key, until);
	}
}

/* Add a line of the table; 'series' may be NULL. */
static void
import_add_line(struct import_report *report, const struct import_text *text,
                const struct import_series *series)
{
	struct import_line *line;

	report->lines = tool_grow(report->lines, report->line_count,
	                          sizeof(*report->lines));
	line = &report->lines[report->line_count++];
	*line = (struct import_line){
		.good = text->error.status == BC_OK,
		.let_go = text->let_go,
	};
	line->file = tool_copy(text->name);
	line->key = tool_copy(series == NULL ? "" : series->key);
	if (series == NULL)
		return;
	line->rows = series->rows;
	line->counts = series->counts;
	if (text->series_count > 1)
		return;
	/* Of a single series, what could not be read belongs to it. */
	line->rows = text->report.rows;
	line->counts = text->counts;
}

void
import_report_text(struct import_report *report, const struct import_text *text)
{
	bool good = text->error.status == BC_OK;
	uint32_t i;

	tool_progress_end();
	++report->files;
	report->bytes += text->bytes;
	if (!report->quiet && !report->json && text->dialect != NULL)
		import_print_decided(report, text);
	if (!report->quiet || !good)
		import_print_rows(text);
	if (good && text->let_go) {
		++report->let_go;
		if (!report->quiet)
			tool_say("%s: not cached: %s", text->name,
			         text->error.message);
	} else if (good) {
		report->rows += text->report.rows;
	} else {
		++report->failed;
		tool_say("%s: %s", text->name, text->error.message);
	}
	if (report->json)
		import_print_json(report, text);
	if (text->series_count == 0 || (!good && text->series_count > 1)) {
		import_add_line(report, text, NULL);
		return;
	}
	for (i = 0; i < text->series_count; ++i)
		import_add_line(report, text, &text->series[i]);
}

/* ------------------------------------------------------------------------ */
/*  At the end                                                              */
/* ------------------------------------------------------------------------ */

/* The columns of the table that are counts, from IMPORT_FIRST_COUNT on. */
static const struct output_column import_columns[] = {
	{ "file", false },     { "key", false },        { "result", false },
	{ "rows", true },      { "inserted", true },    { "updated", true },
	{ "identical", true }, { "conflicting", true }, { "suspect", true },
	{ "rejected", true },
};
#define IMPORT_FIRST_COUNT 3
#define IMPORT_COUNTS 7

/* The counts of a line in the order of the columns. */
static void
import_counts(const struct import_line *line, uint64_t counts[IMPORT_COUNTS])
{
	counts[0] = line->rows;
	counts[1] = line->counts.inserted;
	counts[2] = line->counts.updated;
	counts[3] = line->counts.identical;
	counts[4] = line->counts.conflicting;
	counts[5] = line->counts.suspect;
	counts[6] = line->counts.rejected;
}

/*
 * Which counts are shown: all of them in CSV; on a terminal the rows and what
 * is not 0 in every file, since most are.
 */
static void
import_shown(const struct import_report *report, enum output_format format,
             bool shown[IMPORT_COUNTS])
{
	uint64_t counts[IMPORT_COUNTS];
	size_t line, i;

	for (i = 0; i < IMPORT_COUNTS; ++i)
		shown[i] = format == OUTPUT_CSV || i == 0;
	for (line = 0; line < report->line_count; ++line) {
		import_counts(&report->lines[line], counts);
		for (i = 0; i < IMPORT_COUNTS; ++i)
			shown[i] |= report->lines[line].good && counts[i] != 0;
	}
}

static void
import_add(struct output_rows *rows, const struct import_line *line,
           const bool shown[IMPORT_COUNTS])
{
	uint64_t counts[IMPORT_COUNTS];
	char text[24];
	size_t i;

	output_rows_add(rows, line->file);
	output_rows_add(rows, line->key[0] == '\0' ? "-" : line->key);
	output_rows_add(rows, !line->good    ? "failed"
	                      : line->let_go ? "not cached"
	                                     : "ok");
	import_counts(line, counts);
	for (i = 0; i < IMPORT_COUNTS; ++i) {
		if (!shown[i])
			continue;
		snprintf(text, sizeof(text), "%" PRIu64, counts[i]);
		output_rows_add(rows, line->good && !line->let_go ? text : "-");
	}
}

static void
import_table(const struct import_report *report)
{
	enum output_format format = output_format_default();
	struct output_column
		columns[sizeof(import_columns) / sizeof(import_columns[0])];
	bool shown[IMPORT_COUNTS];
	struct output_rows rows = { 0 };
	uint32_t count = 0;
	size_t i;

	import_shown(report, format, shown);
	for (i = 0; i < sizeof(columns) / sizeof(columns[0]); ++i)
		if (i < IMPORT_FIRST_COUNT || shown[i - IMPORT_FIRST_COUNT])
			columns[count++] = import_columns[i];
	for (i = 0; i < report->line_count; ++i)
		import_add(&rows, &report->lines[i], shown);
	output_rows_print(&rows, columns, count, format);
}

/* "imported 2 of 3 files: 1000 rows, 48 KiB in 0.01 s, 90.2 MB/s" */
static void
import_sums(const struct import_report *report)
{
	int64_t elapsed_ns = bci_clock_monotonic_ns() - report->start_ns;
	double seconds = (double)(elapsed_ns == 0 ? 1 : elapsed_ns) * 1e-9;
	char bytes[UNIT_TEXT];

	tool_say("%s %zu of %zu file%s: %" PRIu64
	         " rows, %s in %.2f s, %.1f MB/s",
	         report->dry ? "would import" : "imported",
	         report->files - report->failed - report->let_go, report->files,
	         report->files == 1 ? "" : "s", report->rows,
	         unit_format_bytes(report->bytes, bytes), seconds,
	         (double)report->bytes * 1e-6 / seconds);
}

void
import_report_end(struct import_report *report)
{
	size_t i;

	tool_progress_end();
	if (!report->json && !report->quiet)
		import_table(report);
	if (!report->quiet)
		import_sums(report);
	for (i = 0; i < report->line_count; ++i) {
		free(report->lines[i].file);
		free(report->lines[i].key);
	}
	free(report->lines);
	free(report->decided);
}
