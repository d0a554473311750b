/* SPDX-License-Identifier: MIT */
/*
 * cmd_import.c - barcache import: CSV files to frames.
 *
 * Each file is one frame and one commit: all of it or nothing.  A bad file does
 * not keep the others; a cache that cannot take any more does, since every
 * further file would meet the same fault.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "bar.h"
#include "clock.h"
#include "dialect.h"
#include "error.h"
#include "import.h"
#include "input.h"
#include "key.h"
#include "tool.h"

enum {
	IMPORT_KEY,
	IMPORT_SOURCE,
	IMPORT_MARKET,
	IMPORT_SYMBOL,
	IMPORT_TIMEFRAME,
	IMPORT_VARIANT,
	IMPORT_REPLACE,
	IMPORT_SUSPECT,
	IMPORT_DATASET,
	IMPORT_TTL,
	IMPORT_DRY_RUN,
	IMPORT_QUIET
};

static const struct args_option import_options[] = {
	[IMPORT_KEY] = { "key", ARGS_TEXT, "KEY",
	                 "Key of the entry, for a single FILE" },
	[IMPORT_SOURCE] = { "source", ARGS_TEXT, "SOURCE",
	                    "Source of the series, if not 'csv'" },
	[IMPORT_MARKET] = { "market", ARGS_TEXT, "MARKET",
	                    "Market of the series, if not 'local'" },
	[IMPORT_SYMBOL] = { "symbol", ARGS_TEXT, "SYMBOL",
	                    "Symbol, if not as the file is named" },
	[IMPORT_TIMEFRAME] = { "timeframe", ARGS_TEXT, "TF",
	                       "Timeframe, if not as the file is named or "
	                       "spaced: 1m is a minute, 1M a month" },
	[IMPORT_VARIANT] = { "variant", ARGS_TEXT, "VARIANT",
	                     "Variant, if not as the file is named" },
	[IMPORT_REPLACE] = { "replace", ARGS_FLAG, NULL,
	                     "Replace entries that exist" },
	[IMPORT_SUSPECT] = { "suspect", ARGS_FLAG, NULL,
	                     "Keep impossible bars and count them" },
	[IMPORT_DATASET] = { "dataset", ARGS_COUNT, "N",
	                     "A number of your own, shown by info" },
	[IMPORT_TTL] = { "ttl", ARGS_DURATION, "DURATION",
	                 "Time to live: 90s, 15m, 12h, 7d, 2w" },
	[IMPORT_DRY_RUN] = { "dry-run", ARGS_FLAG, NULL,
	                     "Check everything and store nothing" },
	[IMPORT_QUIET] = { "quiet", ARGS_FLAG, NULL,
	                   "Print nothing but errors" },
};

/* One run of the command. */
struct import {
	struct tool *tool;
	struct import_names names;
	struct bc_put_options put;
	struct import_report report;
	bool stopped; /* the cache takes no further file */
};

/* The unit of integer times as a word. */
static const char *
import_unit(int64_t unit_ns)
{
	switch (unit_ns) {
	case 1:
		return "ns";
	case 1000:
		return "us";
	case 1000000:
		return "ms";
	case BCI_SECOND_NS:
		return "s";
	default:
		return "date";
	}
}

/* Refuse what is still packed by name rather than as odd text. */
static enum bc_status
import_packed(const struct input *input, struct bc_error *err)
{
	if (input->bytes >= 2 && memcmp(input->data, "\x1f\x8b", 2) == 0)
		return bci_fail(err, BC_INVALID,
		                "packed with gzip: unpack it first");
	if (input->bytes >= 4 && memcmp(input->data, "PK\3\4", 4) == 0)
		return bci_fail(err, BC_INVALID,
		                "packed with zip: unpack it first");
	return BC_OK;
}

/* Whether a file of this run went to 'key' already. */
static bool
import_repeats(const struct import *import, const char *key)
{
	size_t i;

	for (i = 0; i < import->report.files; ++i)
		if (import->report.done[i].error.status == BC_OK &&
		    strcmp(import->report.done[i].key, key) == 0)
			return true;
	return false;
}

/* Refuse a key that must not be replaced. */
static enum bc_status
import_refuse(const struct import *import, struct import_file *file)
{
	if (import_repeats(import, file->key))
		return bci_fail(&file->error, BC_EXISTS,
		                "another file of this run is %s already",
		                file->key);
	if (import->tool->args.values[IMPORT_REPLACE].set ||
	    import->tool->cache == NULL ||
	    bc_exists(import->tool->cache, file->key, NULL) != BC_OK)
		return BC_OK;
	return bci_fail(&file->error, BC_EXISTS,
	                "%s exists: --replace replaces it", file->key);
}

/* Name the line of the file that row 'row' of the frame came from. */
static void
import_blame(const struct input *input, const struct bci_csv *csv,
             const struct bci_bar_columns *bars, uint64_t row,
             struct bc_error *err)
{
	struct bci_dialect *dialect = tool_alloc(1, sizeof(*dialect));
	uint64_t line = csv->descending ? csv->rows - 1 - row : row;

	if (bci_dialect_find(input->data, input->bytes, dialect, NULL) == BC_OK)
		line += dialect->line; /* rows fill lines without a gap */
	bci_fail_row(err, BC_BARS, line,
	             "line %" PRIu64 ": %s (--suspect keeps such bars)", line,
	             bci_bar_reason(bars, row));
	free(dialect);
}

/* Check the bars, and store them unless this is a dry run. */
static enum bc_status
import_store(struct import *import, const struct input *input,
             const struct bci_csv *csv, struct import_file *file)
{
	struct bc_column *columns =
		tool_alloc(csv->column_count, sizeof(*columns));
	const struct bc_frame frame = {
		.rows = csv->rows,
		.time_ns = csv->time_ns,
		.columns = columns,
		.column_count = csv->column_count,
	};
	struct bci_bar_columns bars;
	enum bc_status status = BC_OK;
	uint64_t bad, row = 0;
	uint32_t i;

	for (i = 0; i < csv->column_count; ++i)
		columns[i] = (struct bc_column){ .name = csv->names[i],
			                         .type = BC_F64,
			                         .data = csv->columns[i] };
	bci_bar_columns(columns, csv->column_count, &bars);
	bad = bci_bar_count_bad(&bars, csv->rows, &row);
	if (bad != 0 && !(import->put.flags & BC_PUT_SUSPECT)) {
		import_blame(input, csv, &bars, row, &file->error);
		status = BC_BARS;
	} else if (import->report.dry) {
		bool there = import->tool->cache != NULL &&
		             bc_exists(import->tool->cache, file->key, NULL) ==
		                     BC_OK;

		file->counts.inserted = there ? 0 : csv->rows;
		file->counts.updated = there ? csv->rows : 0;
		file->counts.suspect = bad;
	} else {
		status = bc_put(import->tool->cache, file->key, &frame,
		                &import->put, &file->counts, &file->error);
		if (status != BC_OK && status != BC_EXISTS &&
		    status != BC_TOO_LARGE && status != BC_INVALID)
			import->stopped = true;
	}
	free(columns);
	return status;
}

/* Everything about one file; what went wrong is in file->error. */
static enum bc_status
import_file(struct import *import, struct import_file *file,
            struct bci_csv *csv)
{
	struct input input;
	enum bc_status status;

	if (!input_open(file->path, &input, &file->error))
		return file->error.status;
	file->bytes = input.bytes;
	BCI_TRY(import_packed(&input, &file->error));
	BCI_TRY(bci_csv_parse(&bci_allocator_default, input.data, input.bytes,
	                      csv, &file->error));
	file->rows = csv->rows;
	file->descending = csv->descending;
	file->time_unit = import_unit(csv->unit_ns);
	BCI_TRY(import_key(&import->names, csv, file));
	BCI_TRY(import_refuse(import, file));
	BCI_TRY(import_store(import, &input, csv, file));
done:
	input_close(&input);
	return status;
}

/* Import one file and report on it. */
static void
import_one(struct import *import, const char *path)
{
	struct import_file file = { .path = path };
	int64_t start_ns = bci_clock_monotonic_ns();
	struct bci_csv csv = { 0 };

	import_report_progress(&import->report, path);
	file.error.status = import_file(import, &file, &csv);
	file.elapsed_ns = bci_clock_monotonic_ns() - start_ns;
	import_report_file(&import->report, &file, &csv);
	bci_csv_free(&csv);
}

/* The command line as a run. */
static enum tool_exit
import_begin(struct tool *tool, struct import *import)
{
	const struct args_value *values = tool->args.values;
	bool parts = values[IMPORT_SOURCE].set || values[IMPORT_MARKET].set ||
	             values[IMPORT_SYMBOL].set ||
	             values[IMPORT_TIMEFRAME].set || values[IMPORT_VARIANT].set;
	struct bci_timeframe timeframe;

	if (values[IMPORT_KEY].set && parts)
		return tool_usage(tool, "--key is a whole key: it goes with "
		                        "no part of one");
	if (values[IMPORT_KEY].set && tool->args.operand_count > 1)
		return tool_usage(tool, "--key is for a single file");
	if (values[IMPORT_KEY].set &&
	    !bci_key_valid(values[IMPORT_KEY].text,
	                   strlen(values[IMPORT_KEY].text)))
		return tool_usage(tool, "'%s' is no key",
		                  values[IMPORT_KEY].text);
	if (values[IMPORT_TIMEFRAME].set &&
	    !bci_timeframe_parse(values[IMPORT_TIMEFRAME].text,
	                         strlen(values[IMPORT_TIMEFRAME].text),
	                         &timeframe))
		return tool_usage(tool, "'%s' is no timeframe",
		                  values[IMPORT_TIMEFRAME].text);
	import->names = (struct import_names){
		.key = values[IMPORT_KEY].text,
		.series = { .source = values[IMPORT_SOURCE].text,
		            .market = values[IMPORT_MARKET].text,
		            .symbol = values[IMPORT_SYMBOL].text,
		            .timeframe = values[IMPORT_TIMEFRAME].text,
		            .variant = values[IMPORT_VARIANT].text },
	};
	if (!values[IMPORT_REPLACE].set)
		import->put.flags |= BC_PUT_NEW;
	if (values[IMPORT_SUSPECT].set)
		import->put.flags |= BC_PUT_SUSPECT;
	import->put.dataset_id = values[IMPORT_DATASET].number;
	import->put.ttl_ns = values[IMPORT_TTL].ns;
	import->report = (struct import_report){
		.json = tool->json,
		.quiet = values[IMPORT_QUIET].set,
		.dry = values[IMPORT_DRY_RUN].set,
		.file_count = tool->args.operand_count,
	};
	return TOOL_DONE;
}

static enum tool_exit
import_run(struct tool *tool)
{
	struct import import = { .tool = tool, .put = BC_PUT_OPTIONS_INIT };
	enum tool_exit result = import_begin(tool, &import);
	bool there;
	size_t i;

	if (result == TOOL_DONE)
		result = import.report.dry ? tool_open_if_there(tool, &there)
		                           : tool_open(tool, TOOL_MAKE, NULL);
	if (result != TOOL_DONE)
		return result;
	import.report.start_ns = bci_clock_monotonic_ns();
	for (i = 0; i < tool->args.operand_count && !import.stopped; ++i)
		import_one(&import, tool->args.operands[i]);
	import_report_end(&import.report);
	if (i < tool->args.operand_count)
		tool_say("stopped before the last %zu of %zu files",
		         tool->args.operand_count - i,
		         tool->args.operand_count);
	return import.report.failed == 0 ? TOOL_DONE : TOOL_CANNOT;
}

const struct tool_command cmd_import = {
	.name = "import",
	.summary = "Import CSV files, or standard input (-), as frames",
	.operands = "FILE...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.options = import_options,
	.option_count = sizeof(import_options) / sizeof(import_options[0]),
	.run = import_run,
	.notes = "Makes the cache if there is none.  Each file is an entry "
		 "of its own.  Unless told otherwise its key is "
		 "csv/local/SYMBOL/TIMEFRAME[@VARIANT] after the name of "
		 "the file: BTCUSDT-1m-2024-01.csv is "
		 "csv/local/BTCUSDT/1m@2024-01, BTC_USDT-1h.csv is "
		 "csv/local/BTC_USDT/1h.  Without a timeframe in the name "
		 "(AAPL.csv) it is the commonest step of the rows.\n\n"
		 "A bad file is reported with its line, nothing of it is "
		 "kept, the others go on, and the exit status is 3.\n\n"
		 "JSON, one object a file: file, key, dry_run, rows, "
		 "inserted, updated, identical, conflicting, suspect, "
		 "rejected, bytes, elapsed_ns, decided (header, "
		 "time_column, time_unit, descending, columns, step_ns, "
		 "timeframe, timeframe_from); of a bad file: file, key, "
		 "error (status, message).  inserted + updated + identical "
		 "+ conflicting + rejected = rows.",
};
