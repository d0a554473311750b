/* SPDX-License-Identifier: MIT */
/*
 * cmd_update.c - barcache update: what is missing of series is fetched by a
 * command of the user's, once or for as long as it is let run.
 */
#include "barcache.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "bucket.h"
#include "clock.h"
#include "interrupt.h"
#include "update.h"

#define UPDATE_JOBS 4
#define UPDATE_JOBS_MAX 64
#define UPDATE_RETRIES 2
#define UPDATE_TIMEOUT_NS (600 * BCI_SECOND_NS)
#define UPDATE_DELAY_NS (2 * BCI_SECOND_NS)

/* When a series that failed is tried again, and the clock is looked at. */
#define UPDATE_AGAIN_NS (60 * BCI_SECOND_NS)
#define UPDATE_SLEEP_MS 60000

enum {
	UPDATE_EXEC,
	UPDATE_SHELL,
	UPDATE_FROM,
	UPDATE_TO,
	UPDATE_CHUNK,
	UPDATE_LIMIT,
	UPDATE_JOBS_AT_ONCE,
	UPDATE_TIMEOUT,
	UPDATE_RETRY,
	UPDATE_MERGE,
	UPDATE_KEYS_FROM,
	UPDATE_PREFIX,
	UPDATE_WATCH,
	UPDATE_EVERY,
	UPDATE_DELAY,
	UPDATE_FRESH,
	UPDATE_PRESET,
	UPDATE_COLUMNS,
	UPDATE_EXTRA,
	UPDATE_VOLUME,
	UPDATE_TIME_FORMAT,
	UPDATE_TZ,
	UPDATE_STAMP,
	UPDATE_SKIP_BAD,
	UPDATE_BEST_EFFORT,
	UPDATE_DRY_RUN,
	UPDATE_QUIET
};

static const struct args_option update_options[] = {
	[UPDATE_EXEC] = { "exec", ARGS_TEXT, "COMMAND",
	                  "What prints the bars of a range; required" },
	[UPDATE_SHELL] = { "shell", ARGS_FLAG, NULL,
	                   "Have a shell run the command" },
	[UPDATE_FROM] = { "from", ARGS_TIME, "TIME",
	                  "Where to begin, if not where what is known ends" },
	[UPDATE_TO] = { "to", ARGS_TIME, "TIME", "Where to end, if not now" },
	[UPDATE_CHUNK] = { "chunk", ARGS_DURATION, "DURATION",
	                   "Ask for no more than that at once: 30d" },
	[UPDATE_LIMIT] = { "limit", ARGS_COUNT, "N",
	                   "Rows that the source gives at once: what it left "
	                   "out then is asked for next" },
	[UPDATE_JOBS_AT_ONCE] = { "jobs", ARGS_COUNT, "N",
	                          "Series fetched at once, 4 by default" },
	[UPDATE_TIMEOUT] = { "timeout", ARGS_DURATION, "DURATION",
	                     "How long a command may take, 10m by default" },
	[UPDATE_RETRY] = { "retries", ARGS_COUNT, "N",
	                   "More tries where a command fails, 2 by default" },
	[UPDATE_MERGE] = { "merge", ARGS_CHOICE, "last|first|error|volume",
	                   "What holds where a row and a stored one differ: "
	                   "the new one (default), the stored one, neither, "
	                   "that of more volume" },
	[UPDATE_KEYS_FROM] = { "keys-from", ARGS_TEXT, "FILE",
	                       "More keys, one a line; - is standard input" },
	[UPDATE_PREFIX] = { "prefix", ARGS_TEXT, "PREFIX",
	                    "All stored series whose keys begin with it" },
	[UPDATE_WATCH] = { "watch", ARGS_FLAG, NULL,
	                   "Go on as bars end, until interrupted" },
	[UPDATE_EVERY] = { "every", ARGS_DURATION, "DURATION",
	                   "With --watch: as often as that instead" },
	[UPDATE_DELAY] = { "delay", ARGS_DURATION, "DURATION",
	                   "How far the source is behind, 2s by default" },
	[UPDATE_FRESH] = { "fresh", ARGS_TTL, "TTL",
	                   "How long a bar that had not ended is not asked for "
	                   "again; by the timeframe if not given, with --every "
	                   "none" },
	[UPDATE_PRESET] = { "preset", ARGS_PRESET, "PRESET",
	                    "Whose form the output has, where that is not "
	                    "seen" },
	[UPDATE_COLUMNS] = { "columns", ARGS_TEXT, "LIST",
	                     "What the columns are, as for import" },
	[UPDATE_EXTRA] = { "extra", ARGS_TEXT, "LIST",
	                   "More columns to keep: NAME[:TYPE],..., or all" },
	[UPDATE_VOLUME] = { "volume", ARGS_TEXT, "COLUMN",
	                    "The column that is the volume, or none" },
	[UPDATE_TIME_FORMAT] = { "time-format", ARGS_TEXT, "FORMAT",
	                         "How times are written: '%d/%m/%Y %H:%M', s, "
	                         "ms, us, ns" },
	[UPDATE_TZ] = { "tz", ARGS_TEXT, "ZONE",
	                "Zone of times without one: America/New_York, -05:00" },
	[UPDATE_STAMP] = { "stamp", ARGS_CHOICE, "open|close",
	                   "Whether a time begins or ends its bar" },
	[UPDATE_SKIP_BAD] = { "skip-bad", ARGS_FLAG, NULL,
	                      "Leave out rows that cannot be read" },
	[UPDATE_BEST_EFFORT] = { "best-effort", ARGS_FLAG, NULL,
	                         "Go on without storing where there is no "
	                         "room for rows, or no turn to write" },
	[UPDATE_DRY_RUN] = { "dry-run", ARGS_FLAG, NULL,
	                     "Print what would be run and run nothing" },
	[UPDATE_QUIET] = { "quiet", ARGS_FLAG, NULL,
	                   "Print nothing but errors" },
};

/* ------------------------------------------------------------------------ */
/*  The command line                                                        */
/* ------------------------------------------------------------------------ */

/* A duration, or what holds without it. */
static int64_t
update_duration(const struct args_value *value, int64_t otherwise_ns)
{
	return value->set ? value->ns : otherwise_ns;
}

/* Options that contradict each other, or are missing. */
static enum tool_exit
update_check(const struct tool *tool)
{
	const struct args_value *values = tool->args.values;

	if (!values[UPDATE_EXEC].set)
		return tool_usage(tool, "--exec is missing");
	if (tool->args.operand_count == 0 && !values[UPDATE_KEYS_FROM].set &&
	    !values[UPDATE_PREFIX].set)
		return tool_usage(tool, "update needs KEY..., --keys-from or "
		                        "--prefix");
	if (values[UPDATE_WATCH].set && values[UPDATE_TO].set)
		return tool_usage(tool, "--watch has no end: it does not go "
		                        "with --to");
	if (values[UPDATE_WATCH].set && values[UPDATE_DRY_RUN].set)
		return tool_usage(tool, "--watch does not go with --dry-run");
	if (values[UPDATE_EVERY].set && !values[UPDATE_WATCH].set)
		return tool_usage(tool, "--every is for --watch");
	if (values[UPDATE_FROM].set && values[UPDATE_TO].set &&
	    values[UPDATE_FROM].ns >= values[UPDATE_TO].ns)
		return tool_usage(tool, "--to is not after --from");
	if (values[UPDATE_JOBS_AT_ONCE].set &&
	    (values[UPDATE_JOBS_AT_ONCE].number == 0 ||
	     values[UPDATE_JOBS_AT_ONCE].number > UPDATE_JOBS_MAX))
		return tool_usage(tool, "--jobs is 1 to %d", UPDATE_JOBS_MAX);
	return TOOL_DONE;
}

/* How rows are read and merged. */
static enum tool_exit
update_begin_import(struct tool *tool, struct import_settings *import)
{
	const struct args_value *values = tool->args.values;

	import->skip_bad = values[UPDATE_SKIP_BAD].set;
	import->keep_incomplete = true;
	import->append = (struct bc_append_options)BC_APPEND_OPTIONS_INIT;
	import->append.flags = BC_APPEND_SUSPECT;
	if (values[UPDATE_BEST_EFFORT].set)
		import->append.flags |= BC_APPEND_BEST_EFFORT;
	if (values[UPDATE_MERGE].set)
		import->append.merge =
			(enum bc_merge)values[UPDATE_MERGE].number;
	if (values[UPDATE_FRESH].set)
		import->append.ttl_ns = values[UPDATE_FRESH].ns;
	else if (values[UPDATE_EVERY].set)
		import->append.ttl_ns = BC_TTL_NONE;
	return import_hints(tool, &import->hints);
}

/* The command line as a run. */
static enum tool_exit
update_begin(struct tool *tool, struct update_settings *settings)
{
	const struct args_value *values = tool->args.values;
	enum tool_exit result = update_check(tool);
	struct bc_error err;

	if (result == TOOL_DONE)
		result = update_begin_import(tool, &settings->import);
	if (result != TOOL_DONE)
		return result;
	settings->has_from = values[UPDATE_FROM].set;
	settings->from_ns = values[UPDATE_FROM].ns;
	settings->has_to = values[UPDATE_TO].set;
	settings->to_ns = values[UPDATE_TO].ns;
	settings->chunk_ns = update_duration(&values[UPDATE_CHUNK], 0);
	settings->timeout_ns =
		update_duration(&values[UPDATE_TIMEOUT], UPDATE_TIMEOUT_NS);
	settings->delay_ns =
		update_duration(&values[UPDATE_DELAY], UPDATE_DELAY_NS);
	settings->every_ns = update_duration(&values[UPDATE_EVERY], 0);
	settings->limit = values[UPDATE_LIMIT].number;
	settings->jobs = values[UPDATE_JOBS_AT_ONCE].set
	                         ? values[UPDATE_JOBS_AT_ONCE].number
	                         : UPDATE_JOBS;
	settings->retries = values[UPDATE_RETRY].set
	                            ? values[UPDATE_RETRY].number
	                            : UPDATE_RETRIES;
	settings->dry = values[UPDATE_DRY_RUN].set;
	settings->quiet = values[UPDATE_QUIET].set;
	settings->watch = values[UPDATE_WATCH].set;
	if (template_parse(values[UPDATE_EXEC].text, values[UPDATE_SHELL].set,
	                   &settings->command, &err) != BC_OK)
		return tool_usage(tool, "%s", err.message);
	return TOOL_DONE;
}

/* ------------------------------------------------------------------------ */
/*  Passes                                                                  */
/* ------------------------------------------------------------------------ */

/* When to look after a series again. */
static int64_t
update_due(const struct update *update, const struct update_key *key,
           int64_t now_ns)
{
	struct bci_bucket_rule rule = { .timeframe = key->timeframe };
	struct bci_bucket bucket;
	bool failed = false;
	int64_t due_ns = now_ns + UPDATE_AGAIN_NS;
	size_t i, hint = 0;

	for (i = 0; i < key->count; ++i)
		failed |=
			update->ranges[key->first + i].outcome == UPDATE_FAILED;
	if (update->settings.every_ns != 0)
		return now_ns + update->settings.every_ns;
	if (!bci_bucket_find(&rule, now_ns, &hint, &bucket))
		return due_ns;
	bucket.to_ns += update->settings.delay_ns;
	return failed && due_ns < bucket.to_ns ? due_ns : bucket.to_ns;
}

/* Sleep until a series is due; false if a signal came before. */
static bool
update_sleep(const struct update *update, int signals)
{
	int64_t due_ns = INT64_MAX, left_ms;
	size_t i;

	for (i = 0; i < update->key_count; ++i)
		if (update->keys[i].due_ns < due_ns)
			due_ns = update->keys[i].due_ns;
	/* In steps, as the clock may be set and the machine may sleep. */
	do {
		left_ms = (due_ns - bci_clock_wall_ns()) /
		                  (BCI_SECOND_NS / 1000) +
		          1;
		if (left_ms > UPDATE_SLEEP_MS)
			left_ms = UPDATE_SLEEP_MS;
		if (left_ms > 0 && interrupt_wait(signals, (int)left_ms))
			return false;
	} while (bci_clock_wall_ns() < due_ns);
	return true;
}

/* Fetch what is missing now.  *good is false once interrupted. */
static enum tool_exit
update_pass(struct update *update, int signals, bool *good)
{
	int64_t now_ns = bci_clock_wall_ns();
	enum tool_exit result = update_plan(update, now_ns);
	size_t i;

	if (result != TOOL_DONE)
		return result;
	if (update->settings.dry)
		return update_report_plan(update);
	*good = update_run(update, signals);
	tool_progress_end();
	if (update->stopped)
		result = TOOL_CANNOT;
	else if (update->failed != 0)
		result = TOOL_MISS;
	for (i = 0; i < update->key_count; ++i) {
		struct update_key *key = &update->keys[i];

		if (key->due_ns <= now_ns)
			key->due_ns = update_due(update, key, now_ns);
	}
	return result;
}

/* All passes. */
static enum tool_exit
update_passes(struct update *update, int signals)
{
	bool watch = update->settings.watch, good = true;
	enum tool_exit result = update_pass(update, signals, &good);

	if (result == TOOL_USAGE || update->settings.dry)
		return result;
	update_report_end(update);
	while (watch && good && !update->stopped) {
		good = update_sleep(update, signals);
		if (good)
			result = update_pass(update, signals, &good);
	}
	if (update->stopped)
		return TOOL_CANNOT;
	if (watch)
		return TOOL_DONE;
	if (!good) {
		tool_say("interrupted");
		return TOOL_CANNOT;
	}
	return result;
}

/* ------------------------------------------------------------------------ */
/*  The run                                                                 */
/* ------------------------------------------------------------------------ */

int
update_signals(void)
{
	/* Whoever ignored the end of children would leave none to wait for. */
	signal(SIGCHLD, SIG_DFL);
	return interrupt_open();
}

void
update_free(struct update *update)
{
	size_t i;

	update_plan_free(update);
	for (i = 0; i < update->key_count; ++i)
		free(update->keys[i].key);
	free(update->keys);
	template_free(&update->settings.command);
}

/* Open the cache, unless it is a dry run and there is none. */
static enum tool_exit
update_open(struct tool *tool, const struct update *update)
{
	bool there;

	return update->settings.dry ? tool_open_if_there(tool, &there)
	                            : tool_open(tool, TOOL_MAKE, NULL);
}

static enum tool_exit
update_command(struct tool *tool)
{
	struct update update = { .tool = tool,
		                 .lock = PTHREAD_MUTEX_INITIALIZER };
	const struct args_value *values = tool->args.values;
	enum tool_exit result = update_begin(tool, &update.settings);
	int signals;

	if (result == TOOL_DONE)
		result = update_open(tool, &update);
	if (result == TOOL_DONE)
		result = update_keys(&update, values[UPDATE_KEYS_FROM].text,
		                     values[UPDATE_PREFIX].text);
	if (result == TOOL_DONE && update.key_count == 0) {
		tool_say("there is no series to update");
		result = TOOL_MISS;
	}
	if (result == TOOL_DONE && !update_events_open(&update)) {
		result = TOOL_CANNOT;
	} else if (result == TOOL_DONE) {
		signals = update_signals();
		result = update_passes(&update, signals);
		close(signals);
		update_events_close(&update);
	}
	update_free(&update);
	return result;
}

const struct tool_command cmd_update = {
	.name = "update",
	.summary = "Fetch what is missing of series by a command of your own",
	.operands = "[KEY...]",
	.operands_min = 0,
	.operands_max = SIZE_MAX,
	.options = update_options,
	.option_count = sizeof(update_options) / sizeof(update_options[0]),
	.run = update_command,
	.notes = "Runs COMMAND once for each stretch of each series that is "
		 "not known yet, and merges the bars that it prints, in any "
		 "form that import reads.  Makes the cache if there is none.  "
		 "KEY is SOURCE/MARKET/SYMBOL/TIMEFRAME[@VARIANT].\n\n"
		 "In COMMAND {source}, {market}, {symbol}, {timeframe}, "
		 "{variant} and {key} stand for those of the series, {from} "
		 "and {to} for the ends of the range, of which the second is "
		 "not in it: 2024-01-31T09:30:00Z, or with {from:date}, "
		 "{from:s}, {from:ms}, {from:us}, {from:ns} a date or a number "
		 "since 1970; {to:date} is the first day of which nothing is "
		 "asked.  '{{' stands for '{'.  COMMAND is split at blanks, "
		 "but within '...' and \"...\", and run without a shell.\n\n"
		 "A command that exits with 0 says that the bars it prints are "
		 "all there are: one that prints none, that there are none.  "
		 "Sources that give a page of rows at a time need --chunk or "
		 "--limit.  Rows outside of the range are left out.  "
		 "What was fetched is known from then on; a bar that goes on "
		 "is stored as one that has not ended, and fetched again.  "
		 "Where a command fails its range stays missing, others go on, "
		 "and the exit status is 1.  Only one process fetches a "
		 "series at a time.\n\n"
		 "JSON, one object a range: key, from_ns, to_ns, outcome "
		 "(fetched, elsewhere, failed), tries, rows, inserted, "
		 "updated, identical, conflicting, suspect, rejected, "
		 "elapsed_ns; of a failed one, error (status, message, said).  "
		 "With --dry-run: key, from_ns, to_ns, command.",
};
