/* SPDX-License-Identifier: MIT */
/*
 * cmd_import.c - barcache import: files of bars to series.
 *
 * All of a text (a file, or a member of an archive) is stored or nothing.  A
 * bad one does not keep the others; a cache that cannot take any more does,
 * since every further text would meet the same fault.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "buffer.h"
#include "check.h"
#include "clock.h"
#include "import.h"
#include "interrupt.h"
#include "key.h"
#include "tree.h"

enum {
	IMPORT_KEY,
	IMPORT_SOURCE,
	IMPORT_MARKET,
	IMPORT_SYMBOL,
	IMPORT_TIMEFRAME,
	IMPORT_VARIANT,
	IMPORT_PRESET,
	IMPORT_COLUMNS,
	IMPORT_EXTRA,
	IMPORT_VOLUME,
	IMPORT_TIME_FORMAT,
	IMPORT_TZ,
	IMPORT_STAMP,
	IMPORT_STRICT,
	IMPORT_SKIP_BAD,
	IMPORT_KEEP_INCOMPLETE,
	IMPORT_MERGE,
	IMPORT_REPLACE,
	IMPORT_DATASET,
	IMPORT_TTL,
	IMPORT_TAG,
	IMPORT_BACKTEST,
	IMPORT_TIER,
	IMPORT_MAX_BYTES,
	IMPORT_MAX_ROWS,
	IMPORT_MAX_COLUMNS,
	IMPORT_BEST_EFFORT,
	IMPORT_DRY_RUN,
	IMPORT_QUIET
};

static const struct args_option import_options[] = {
	[IMPORT_KEY] = { "key", ARGS_TEXT, "KEY",
	                 "Key of the series, for files of one" },
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
	[IMPORT_PRESET] = { "preset", ARGS_PRESET, "PRESET",
	                    "Whose files they are, where that is not seen" },
	[IMPORT_COLUMNS] = { "columns", ARGS_TEXT, "LIST",
	                     "What the columns are: time,open,high,low,close,-"
	                     " for all in their order, or LABEL=close,..." },
	[IMPORT_EXTRA] = { "extra", ARGS_TEXT, "LIST",
	                   "More columns to keep: NAME[:TYPE],..., or all" },
	[IMPORT_VOLUME] = { "volume", ARGS_TEXT, "COLUMN",
	                    "The column that is the volume, or none" },
	[IMPORT_TIME_FORMAT] = { "time-format", ARGS_TEXT, "FORMAT",
	                         "How times are written: '%d/%m/%Y %H:%M', s, "
	                         "ms, us, ns" },
	[IMPORT_TZ] = { "tz", ARGS_TEXT, "ZONE",
	                "Zone of times without one: America/New_York, -05:00" },
	[IMPORT_STAMP] = { "stamp", ARGS_CHOICE, "open|close",
	                   "Whether a time begins or ends its bar" },
	[IMPORT_STRICT] = { "strict", ARGS_FLAG, NULL,
	                    "Refuse a file about which something is assumed" },
	[IMPORT_SKIP_BAD] = { "skip-bad", ARGS_FLAG, NULL,
	                      "Leave out rows that cannot be read" },
	[IMPORT_KEEP_INCOMPLETE] = { "keep-incomplete", ARGS_FLAG, NULL,
	                             "Keep a last bar that still goes on, as "
	                             "one that has not ended" },
	[IMPORT_MERGE] = { "merge", ARGS_CHOICE, "last|first|error|volume",
	                   "What holds where a row and a stored one differ: "
	                   "the new one (default), the stored one, neither, "
	                   "that of more volume" },
	[IMPORT_REPLACE] = { "replace", ARGS_FLAG, NULL,
	                     "Let the files replace whole series" },
	[IMPORT_DATASET] = { "dataset", ARGS_COUNT, "N",
	                     "A number of your own, shown by info" },
	[IMPORT_TTL] = { "ttl", ARGS_DURATION, "DURATION",
	                 "Store frames that expire, not series: 90s, 15m, 12h, "
	                 "7d, 2w" },
	[IMPORT_TAG] = { "tag", ARGS_LIST, "TAG",
	                 "Give the entries tags, separated by ',', in place of "
	                 "those they have" },
	[IMPORT_BACKTEST] = { "backtest", ARGS_TEXT, "NAME",
	                      "Link the entries with a backtest" },
	[IMPORT_TIER] = { "tier", ARGS_CHOICE, "auto|warm|cold",
	                  "Where bars go; auto: cold, if the files are larger "
	                  "than the warm budget" },
	[IMPORT_MAX_BYTES] = { "max-bytes", ARGS_SIZE, "SIZE",
	                       "Refuse larger files and texts, also when they "
	                       "are unpacked; at most 8GiB" },
	[IMPORT_MAX_ROWS] = { "max-rows", ARGS_COUNT, "N",
	                      "Refuse texts of more rows" },
	[IMPORT_MAX_COLUMNS] = { "max-columns", ARGS_COUNT, "N",
	                         "Refuse texts of more columns" },
	[IMPORT_BEST_EFFORT] = { "best-effort", ARGS_FLAG, NULL,
	                         "Go on without storing where there is no "
	                         "room for a file, or no turn to write" },
	[IMPORT_DRY_RUN] = { "dry-run", ARGS_FLAG, NULL,
	                     "Check everything and store nothing" },
	[IMPORT_QUIET] = { "quiet", ARGS_FLAG, NULL,
	                   "Print nothing but errors" },
};

/* ------------------------------------------------------------------------ */
/*  The command line                                                        */
/* ------------------------------------------------------------------------ */

/* Limits of what is taken can be lowered, not raised. */
static void
import_begin_limits(const struct args_value *values,
                    struct import_settings *settings)
{
	if (values[IMPORT_MAX_BYTES].set &&
	    values[IMPORT_MAX_BYTES].number < buffer_limit)
		buffer_limit = values[IMPORT_MAX_BYTES].number;
	settings->rows_max = values[IMPORT_MAX_ROWS].number;
	settings->columns_max = (uint32_t)bci_min(
		values[IMPORT_MAX_COLUMNS].number, UINT32_MAX);
}

/* Check what the command line says about keys. */
static enum tool_exit
import_begin_key(struct tool *tool, struct import_settings *settings)
{
	const struct args_value *values = tool->args.values;
	const char *key = values[IMPORT_KEY].text;
	const char *timeframe = values[IMPORT_TIMEFRAME].text;
	struct bci_timeframe parsed;

	if (key != NULL &&
	    (values[IMPORT_SOURCE].set || values[IMPORT_MARKET].set ||
	     values[IMPORT_SYMBOL].set || values[IMPORT_VARIANT].set))
		return tool_usage(tool, "--key is a whole key: it goes with "
		                        "no part of one");
	if (key != NULL && !bci_key_valid(key, strlen(key)))
		return tool_usage(tool, "'%s' is no key", key);
	if (timeframe != NULL &&
	    !bci_timeframe_parse(timeframe, strlen(timeframe), &parsed))
		return tool_usage(tool, "'%s' is no timeframe", timeframe);
	settings->key = key;
	settings->parts = (struct bc_series){
		.source = values[IMPORT_SOURCE].text,
		.market = values[IMPORT_MARKET].text,
		.symbol = values[IMPORT_SYMBOL].text,
		.timeframe = timeframe,
		.variant = values[IMPORT_VARIANT].text,
	};
	return TOOL_DONE;
}

/* The command line as a run. */
static enum tool_exit
import_begin(struct tool *tool, struct import *import)
{
	const struct args_value *values = tool->args.values;
	struct import_settings *settings = &import->settings;
	enum tool_exit result = import_begin_key(tool, settings);

	if (result == TOOL_DONE)
		result = import_hints(tool, &settings->hints);
	settings->strict = values[IMPORT_STRICT].set;
	settings->skip_bad = values[IMPORT_SKIP_BAD].set;
	settings->keep_incomplete = values[IMPORT_KEEP_INCOMPLETE].set;
	settings->replace = values[IMPORT_REPLACE].set;
	settings->dry = values[IMPORT_DRY_RUN].set;
	settings->best_effort = values[IMPORT_BEST_EFFORT].set;
	import_begin_limits(values, settings);
	settings->append = (struct bc_append_options)BC_APPEND_OPTIONS_INIT;
	settings->append.flags = BC_APPEND_SUSPECT;
	settings->append.dataset_id = values[IMPORT_DATASET].number;
	if (values[IMPORT_MERGE].set)
		settings->append.merge =
			(enum bc_merge)values[IMPORT_MERGE].number;
	settings->put = (struct bc_put_options)BC_PUT_OPTIONS_INIT;
	settings->put.flags = BC_PUT_SUSPECT;
	if (!settings->replace)
		settings->put.flags |= BC_PUT_NEW;
	settings->append.placement =
		(enum bc_placement)values[IMPORT_TIER].number;
	settings->put.placement = settings->append.placement;
	settings->put.dataset_id = values[IMPORT_DATASET].number;
	settings->put.ttl_ns = values[IMPORT_TTL].ns;
	settings->put.tags = settings->append.tags = values[IMPORT_TAG].words;
	settings->put.backtest = settings->append.backtest =
		values[IMPORT_BACKTEST].text;
	import->report = (struct import_report){
		.json = tool->json,
		.quiet = values[IMPORT_QUIET].set,
		.dry = settings->dry,
	};
	return result;
}

/* ------------------------------------------------------------------------ */
/*  The files                                                               */
/* ------------------------------------------------------------------------ */

/* Whether another text may be read. */
static bool
import_goes_on(struct import *import)
{
	import->interrupted =
		import->interrupted || interrupt_wait(import->signals, 0);
	return !import->stopped && !import->interrupted;
}

/* Read all texts of one file. */
static void
import_file(struct import *import, const struct tree_file *file)
{
	struct import_text text = { .name = NULL };
	const struct input *input;
	struct input_source *source;
	int more;

	import_report_progress(&import->report, file->path, 0, 0, 0);
	source = input_open(file->path, &text.error);
	if (source == NULL) {
		(void)import_goes_on(import); /* A signal may be why. */
		text.name = tool_copy(file->path);
		import_store_add(import, &text);
		return;
	}
	while (import_goes_on(import) &&
	       (more = input_next(source, &input, &text.error)) != 0) {
		if (more < 0)
			text.name = tool_copy(input->name);
		else
			import_text(import, input, &text);
		if (text.error.status == BC_OK &&
		    !input_unchanged(source, &text.error))
			text.error.status = BC_IO;
		import_store_add(import, &text);
		text = (struct import_text){ .name = NULL };
	}
	input_close(source);
}

/* Open the cache, unless it is a dry run and there is none. */
static enum tool_exit
import_open(struct tool *tool, const struct import *import)
{
	bool there;

	return import->settings.dry ? tool_open_if_there(tool, &there)
	                            : tool_open(tool, TOOL_MAKE, NULL);
}

static enum tool_exit
import_run(struct tool *tool)
{
	struct import import = { .tool = tool };
	struct import_report *report = &import.report;
	enum tool_exit result = import_begin(tool, &import);
	struct tree tree = { 0 };
	size_t i;

	if (result == TOOL_DONE)
		result = import_open(tool, &import);
	if (result != TOOL_DONE)
		return result;
	for (i = 0; i < tool->args.operand_count; ++i)
		if (!tree_add(&tree, tool->args.operands[i]))
			result = TOOL_CANNOT;
	import.signals = buffer_signals = interrupt_open();
	report->total_bytes = tree.bytes;
	report->start_ns = bci_clock_monotonic_ns();
	for (i = 0; i < tree.count && import_goes_on(&import); ++i) {
		import_file(&import, &tree.files[i]);
		report->done_bytes += tree.files[i].bytes;
	}
	import_store_flush(&import);
	import_store_end(&import);
	import_report_end(report);
	if (tree.passed != 0 && !report->quiet)
		tool_say("passed over %zu file%s by name: %s", tree.passed,
		         tree.passed == 1 ? "" : "s", tree.passed_as);
	if (i < tree.count)
		tool_say("stopped before the last %zu of %zu files",
		         tree.count - i, tree.count);
	if (tree.count == 0)
		tool_say("there is no file to import");
	if (import.interrupted)
		tool_say("interrupted");
	buffer_signals = -1;
	close(import.signals);
	if (import.interrupted || report->failed != 0 || tree.count == 0)
		result = TOOL_CANNOT;
	tree_free(&tree);
	return result;
}

const struct tool_command cmd_import = {
	.name = "import",
	.summary = "Import files of bars, trees of them, or standard input (-)",
	.operands = "FILE|DIR...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.options = import_options,
	.option_count = sizeof(import_options) / sizeof(import_options[0]),
	.run = import_run,
	.notes = "Makes the cache if there is none.  Reads CSV of any dialect, "
		 "also packed with gzip or zip, and JSON.  What it decides "
		 "about a file it prints, with what that rests on: given by "
		 "an option, stated by the file, found because no other "
		 "reading fits the rows, or assumed by a rule, where nothing "
		 "tells: times without a zone are UTC, dates written with '/' "
		 "have the month first and with '.' or '-' the day, a time "
		 "begins its bar.  --strict refuses what would be assumed.\n\n"
		 "Columns: time, open, high, low, close, volume and their bid "
		 "and ask forms are kept, others with --extra.  TYPE is one of "
		 "i64, f64, i32, f32, u8, text.\n\n"
		 "Keys: rows are merged into the series "
		 "csv/local/SYMBOL/TIMEFRAME[@VARIANT] that the name of the "
		 "file gives: BTCUSDT-1m-2024-01.csv and all other months are "
		 "csv/local/BTCUSDT/1m, BTC_USDT-1h.csv is "
		 "csv/local/BTC_USDT/1h.  Without a timeframe in the name "
		 "(AAPL.csv) it is the commonest step of the rows.  A column "
		 "of symbols makes a series of each.  The trees of Binance, "
		 "freqtrade, CrackTrader, LEAN and of export are known by "
		 "their paths.\n\n"
		 "What is known of a series then: all from the first row of a "
		 "file to the end of its last one; and where a file is called "
		 "after a day, month or year that was over when it was "
		 "written, all of that.\n\n"
		 "Rows: low above or high below open or close is suspect and "
		 "kept.  Of rows of one time the last one is kept.  A row "
		 "without its prices is rejected, and so is a last bar that "
		 "goes on now or did when the file was written.  A row that "
		 "cannot be read fails its file, of which nothing is kept; the "
		 "others go on, and the exit status is 3.  A signal ends the "
		 "run: what was read whole is stored.\n\n"
		 "JSON, one object a file: file, key, dry_run, rows, "
		 "inserted, updated, identical, conflicting, suspect, "
		 "rejected, incomplete, bytes, elapsed_ns, decided; of a file "
		 "with several series, series (key, rows, inserted, ...); of "
		 "one that was let go, not_cached (why) and counts of 0; of "
		 "a bad file: file, key, error (status, message, lines).  "
		 "inserted + updated + identical + conflicting + rejected = "
		 "rows.",
};
