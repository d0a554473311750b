/* SPDX-License-Identifier: MIT */
/*
 * update_report.c - telling what was fetched: a line of JSON a range as it is
 * done, or a table of the series at the end; failures at once in any case.
 */
#include "update.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "moment.h"
#include "output.h"

/* Lines of a command's errors that are shown. */
#define REPORT_LINES 5

static const char *
report_outcome(enum update_outcome outcome)
{
	switch (outcome) {
	case UPDATE_FETCHED:
		return "fetched";
	case UPDATE_ELSEWHERE:
		return "elsewhere";
	case UPDATE_LET_GO:
		return "not cached";
	case UPDATE_FAILED:
		return "failed";
	case UPDATE_WAITS:
		break;
	}
	return "waits";
}

void
update_report_progress(const struct update *update)
{
	if (!update->settings.quiet && update->done < update->range_count)
		tool_progress("%zu of %zu ranges, %zu failed", update->done,
		              update->range_count, update->failed);
}

/* ------------------------------------------------------------------------ */
/*  Ranges                                                                  */
/* ------------------------------------------------------------------------ */

/* Where the last lines of a text begin. */
static const char *
report_last_lines(const char *text)
{
	const char *at = text + strlen(text);
	unsigned lines = 0;

	while (at > text && at[-1] == '\n')
		--at;
	while (at > text) {
		if (at[-1] == '\n' && ++lines == REPORT_LINES)
			break;
		--at;
	}
	return at;
}

/* What the command said before it failed, each line under the series. */
static void
report_said(const char *key, const char *said)
{
	size_t bytes;

	for (said = report_last_lines(said); *said != '\0';
	     said += bytes + (said[bytes] == '\n')) {
		bytes = strcspn(said, "\n");
		if (bytes != 0)
			tool_say("%s: | %.*s", key, (int)bytes, said);
	}
}

static void
report_json(const struct update *update, const struct update_range *range)
{
	json_t *object = json_object(), *error;
	const struct bc_counts *counts = &range->counts;

	output_add_text(object, "key", update->keys[range->key].key);
	output_add_ns(object, "from_ns", true, range->from_ns);
	output_add_ns(object, "to_ns", true, range->to_ns);
	output_add_text(object, "outcome", report_outcome(range->outcome));
	output_add_count(object, "tries", range->tries);
	output_add_count(object, "rows", range->rows);
	output_add_counts(object, counts);
	output_add_ns(object, "elapsed_ns", true, range->elapsed_ns);
	if (range->outcome == UPDATE_FAILED) {
		error = json_object();
		output_add_text(error, "status",
		                bc_status_name(range->error.status));
		output_add_text(error, "message", range->error.message);
		output_add_text(error, "said",
		                range->said == NULL
		                        ? ""
		                        : report_last_lines(range->said));
		output_add(object, "error", error);
	}
	output_json(object);
	fflush(stdout);
}

void
update_report_range(const struct update *update,
                    const struct update_range *range)
{
	const struct update_settings *settings = &update->settings;
	const char *key = update->keys[range->key].key;
	const struct bc_counts *counts = &range->counts;
	char from[BCI_TIME_TEXT], to[BCI_TIME_TEXT];

	tool_progress_end();
	bci_time_format(range->from_ns, from);
	bci_time_format(range->to_ns, to);
	if (range->outcome == UPDATE_FAILED) {
		tool_say("%s: %s to %s: %s", key, from, to,
		         range->error.message);
		if (range->said != NULL)
			report_said(key, range->said);
	}
	if (range->outcome == UPDATE_LET_GO && !settings->quiet)
		tool_say("%s: %s to %s: not cached: %s", key, from, to,
		         range->let_go.message);
	if (update->tool->json)
		report_json(update, range);
	else if (settings->watch && !settings->quiet &&
	         counts->inserted + counts->updated != 0)
		tool_say("%s: %s to %s: %" PRIu64 " inserted, %" PRIu64
		         " updated",
		         key, from, to, counts->inserted, counts->updated);
}

/* ------------------------------------------------------------------------ */
/*  What would be run                                                       */
/* ------------------------------------------------------------------------ */

/* Print a word so that a shell reads it back. */
static void
report_word(const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./:@%+=,-";

	if (*word != '\0' && word[strspn(word, plain)] == '\0') {
		fputs(word, stdout);
		return;
	}
	putchar('\'');
	for (; *word != '\0'; ++word)
		if (*word == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*word);
	putchar('\'');
}

static void
report_command(const struct update *update, const struct update_range *range,
               char *const *argv)
{
	json_t *object, *words;
	size_t i;

	if (!update->tool->json) {
		for (i = 0; argv[i] != NULL; ++i) {
			if (i != 0)
				putchar(' ');
			report_word(argv[i]);
		}
		putchar('\n');
		return;
	}
	object = json_object();
	words = json_array();
	for (i = 0; argv[i] != NULL; ++i)
		json_array_append_new(words, output_json_text(argv[i]));
	output_add_text(object, "key", update->keys[range->key].key);
	output_add_ns(object, "from_ns", true, range->from_ns);
	output_add_ns(object, "to_ns", true, range->to_ns);
	output_add(object, "command", words);
	output_json(object);
}

enum tool_exit
update_report_plan(const struct update *update)
{
	size_t i;

	for (i = 0; i < update->range_count; ++i) {
		const struct update_range *range = &update->ranges[i];
		const struct update_key *key = &update->keys[range->key];
		const struct template_values values = {
			.key = key->key,
			.series = key->series,
			.from_ns = range->from_ns,
			.to_ns = range->to_ns,
		};
		struct bc_error err;
		char **argv;

		if (template_fill(&update->settings.command, &values, &argv,
		                  &err) != BC_OK)
			return tool_fail(&err);
		report_command(update, range, argv);
		template_free_words(argv);
	}
	if (update->range_count == 0 && !update->settings.quiet)
		tool_say("nothing is missing");
	return TOOL_DONE;
}

/* ------------------------------------------------------------------------ */
/*  At the end                                                              */
/* ------------------------------------------------------------------------ */

/* What became of the ranges of a series, in a word. */
static const char *
report_result(const struct update *update, const struct update_key *key)
{
	const char *result = key->count == 0 ? "known" : "ok";
	size_t i;

	for (i = 0; i < key->count; ++i) {
		enum update_outcome outcome =
			update->ranges[key->first + i].outcome;

		if (outcome == UPDATE_FAILED)
			return "failed";
		if (outcome == UPDATE_LET_GO)
			result = "not cached";
		if (outcome == UPDATE_WAITS)
			result = "interrupted";
	}
	return result;
}

static void
report_add(struct output_rows *rows, const struct update *update,
           const struct update_key *key)
{
	uint64_t sums[7] = { key->count };
	char text[24];
	size_t i;

	for (i = 0; i < key->count; ++i) {
		const struct update_range *range =
			&update->ranges[key->first + i];

		sums[1] += range->rows;
		sums[2] += range->counts.inserted;
		sums[3] += range->counts.updated;
		sums[4] += range->counts.identical;
		sums[5] += range->counts.conflicting;
		sums[6] += range->counts.rejected;
	}
	output_rows_add(rows, key->key);
	output_rows_add(rows, report_result(update, key));
	for (i = 0; i < sizeof(sums) / sizeof(sums[0]); ++i) {
		snprintf(text, sizeof(text), "%" PRIu64, sums[i]);
		output_rows_add(rows, text);
	}
}

void
update_report_end(const struct update *update)
{
	static const struct output_column columns[] = {
		{ "key", false },      { "result", false },
		{ "ranges", true },    { "rows", true },
		{ "inserted", true },  { "updated", true },
		{ "identical", true }, { "conflicting", true },
		{ "rejected", true },
	};
	struct output_rows rows = { 0 };
	size_t i;

	tool_progress_end();
	if (update->tool->json || update->settings.quiet)
		return;
	for (i = 0; i < update->key_count; ++i)
		report_add(&rows, update, &update->keys[i]);
	output_rows_print(&rows, columns, sizeof(columns) / sizeof(columns[0]),
	                  output_format_default());
}
