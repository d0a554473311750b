/* SPDX-License-Identifier: MIT */
/*
 * import_report.c - telling what became of files: a bar while it goes on, a
 * table or lines of JSON, the sums.
 *
 * For every file that went well, inserted + updated + identical + conflicting
 * + rejected are its rows; suspect rows are also counted among the others.
 */
#include "import.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "tool.h"
#include "unit.h"

#define IMPORT_BAR_WIDTH 24

void
import_report_progress(const struct import_report *report, const char *path)
{
	size_t filled = report->files * IMPORT_BAR_WIDTH / report->file_count;
	char bar[IMPORT_BAR_WIDTH + 1];

	if (report->file_count == 1 || report->quiet)
		return;
	memset(bar, '-', IMPORT_BAR_WIDTH);
	memset(bar, '#', filled);
	bar[IMPORT_BAR_WIDTH] = '\0';
	tool_progress("[%s] %zu of %zu  %.40s", bar, report->files,
	              report->file_count, path);
}

/* How the timeframe was found; NULL if the key was given whole. */
static const char *
import_origin(enum import_origin origin)
{
	static const char *const names[] = { NULL, "option", "name", "step" };

	return names[origin];
}

/* A text, or NULL for an empty one. */
static const char *
import_or_null(const char *text)
{
	return *text == '\0' ? NULL : text;
}

/* What was decided about the layout of the file. */
static json_t *
import_decided(const struct import_file *file, const struct bci_csv *csv)
{
	json_t *object = json_object(), *columns = json_array();
	uint32_t i;

	for (i = 0; i < csv->column_count; ++i)
		json_array_append_new(columns, output_json_text(csv->names[i]));
	output_add(object, "header", json_boolean(csv->header));
	output_add_text(object, "time_column", import_or_null(csv->time_name));
	output_add_text(object, "time_unit", file->time_unit);
	output_add(object, "descending", json_boolean(file->descending));
	output_add(object, "columns", columns);
	output_add_ns(object, "step_ns", file->step_ns != 0, file->step_ns);
	output_add_text(object, "timeframe", import_or_null(file->timeframe));
	output_add_text(object, "timeframe_from",
	                import_origin(file->timeframe_origin));
	return object;
}

/* What went wrong with a file. */
static json_t *
import_error(const struct bc_error *err)
{
	json_t *object = json_object();

	output_add_text(object, "status", bc_status_name(err->status));
	output_add_text(object, "message", err->message);
	return object;
}

static void
import_print_json(const struct import_report *report,
                  const struct import_file *file, const struct bci_csv *csv)
{
	const struct bc_counts *counts = &file->counts;
	json_t *object = json_object();

	output_add_text(object, "file", file->path);
	output_add_text(object, "key", import_or_null(file->key));
	if (file->error.status != BC_OK) {
		output_add(object, "error", import_error(&file->error));
		output_json(object);
		return;
	}
	output_add(object, "dry_run", json_boolean(report->dry));
	output_add_count(object, "rows", file->rows);
	output_add_count(object, "inserted", counts->inserted);
	output_add_count(object, "updated", counts->updated);
	output_add_count(object, "identical", counts->identical);
	output_add_count(object, "conflicting", counts->conflicting);
	output_add_count(object, "suspect", counts->suspect);
	output_add_count(object, "rejected", counts->rejected);
	output_add_count(object, "bytes", file->bytes);
	output_add_ns(object, "elapsed_ns", true, file->elapsed_ns);
	output_add(object, "decided", import_decided(file, csv));
	output_json(object);
}

void
import_report_file(struct import_report *report, const struct import_file *file,
                   const struct bci_csv *csv)
{
	tool_progress_end();
	report->done =
		tool_grow(report->done, report->files, sizeof(*report->done));
	report->done[report->files++] = *file;
	report->bytes += file->bytes;
	if (file->error.status == BC_OK) {
		report->rows += file->rows;
	} else {
		++report->failed;
		tool_say("%s: %s", file->path, file->error.message);
	}
	if (report->json)
		import_print_json(report, file, csv);
}

/* The columns of the table that are counts, from IMPORT_FIRST_COUNT on. */
static const struct output_column import_columns[] = {
	{ "file", false },   { "key", false },      { "result", false },
	{ "times", false },  { "rows", true },      { "inserted", true },
	{ "updated", true }, { "identical", true }, { "conflicting", true },
	{ "suspect", true }, { "rejected", true },
};
#define IMPORT_FIRST_COUNT 4
#define IMPORT_COUNTS 7

/* The counts of a file in the order of the columns. */
static void
import_counts(const struct import_file *file, uint64_t counts[IMPORT_COUNTS])
{
	counts[0] = file->rows;
	counts[1] = file->counts.inserted;
	counts[2] = file->counts.updated;
	counts[3] = file->counts.identical;
	counts[4] = file->counts.conflicting;
	counts[5] = file->counts.suspect;
	counts[6] = file->counts.rejected;
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
	size_t file, i;

	for (i = 0; i < IMPORT_COUNTS; ++i)
		shown[i] = format == OUTPUT_CSV || i == 0;
	for (file = 0; file < report->files; ++file) {
		import_counts(&report->done[file], counts);
		for (i = 0; i < IMPORT_COUNTS; ++i)
			shown[i] |= counts[i] != 0;
	}
}

static void
import_add(struct output_rows *rows, const struct import_file *file,
           const bool shown[IMPORT_COUNTS])
{
	uint64_t counts[IMPORT_COUNTS];
	bool good = file->error.status == BC_OK;
	char text[40];
	size_t i;

	output_rows_add(rows, file->path);
	output_rows_add(rows, file->key[0] == '\0' ? "-" : file->key);
	output_rows_add(rows, good ? "ok" : "failed");
	snprintf(text, sizeof(text), "%s%s", good ? file->time_unit : "-",
	         good && file->descending ? ", descending" : "");
	output_rows_add(rows, text);
	import_counts(file, counts);
	for (i = 0; i < IMPORT_COUNTS; ++i) {
		if (!shown[i])
			continue;
		snprintf(text, sizeof(text), "%" PRIu64, counts[i]);
		output_rows_add(rows, good ? text : "-");
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
	for (i = 0; i < report->files; ++i)
		import_add(&rows, &report->done[i], shown);
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
	         report->files - report->failed, report->file_count,
	         report->file_count == 1 ? "" : "s", report->rows,
	         unit_format_bytes(report->bytes, bytes), seconds,
	         (double)report->bytes * 1e-6 / seconds);
}

void
import_report_end(struct import_report *report)
{
	if (!report->json && !report->quiet)
		import_table(report);
	if (!report->quiet)
		import_sums(report);
	free(report->done);
	report->done = NULL;
}
