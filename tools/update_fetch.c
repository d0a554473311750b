/* SPDX-License-Identifier: MIT */
/*
 * update_fetch.c - one range: the command is run for it, and what it prints is
 * imported and merged.
 *
 * What is known afterwards: of a range that lies in the past all of it.  At its
 * end the market may still go on: a bar whose row is not there is missing for
 * good only if it had ended before the command was asked, by more than a source
 * may be behind; how long bars are tells that whatever hour they begin at.  A
 * last row whose bar had not ended is stored as such, and is fetched again.
 *
 * A source that prints no more than so many rows (--limit) leaves a part of the
 * range, at its end or at its begin, which is asked for next.
 */
#include "update.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bucket.h"
#include "clock.h"
#include "error.h"

/* The first wait before another try; each next one is twice as long. */
#define FETCH_PAUSE_NS BCI_SECOND_NS
#define FETCH_PAUSE_MAX_NS (60 * BCI_SECOND_NS)

/* How long to wait for another process that fetches, where --timeout is 0. */
#define FETCH_WAIT_MS 3600000

/* What the fetch function is given. */
struct fetch_job {
	struct update *update;
	struct update_range *range;
	int64_t from_ns, to_ns;           /* what is asked for now */
	int64_t asked_ns;                 /* when that was */
	int64_t rest_from_ns, rest_to_ns; /* what is left of it, if anything */
	int64_t done_from_ns, done_to_ns; /* the last gap that was asked for */
};

bool
update_is_cancelled(const struct update *update)
{
	struct pollfd polled = { .fd = update->cancel, .events = POLLIN };

	return poll(&polled, 1, 0) > 0;
}

/* ------------------------------------------------------------------------ */
/*  Handing over                                                            */
/* ------------------------------------------------------------------------ */

/* The first row that is not before 'time_ns'. */
static uint64_t
fetch_row(const struct bci_table *table, int64_t time_ns)
{
	uint64_t low = 0, high = table->rows;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;

		if (table->time_ns[middle] < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * The moment up to which all bars had ended when the command was asked at
 * 'asked_ns', rounded to where bars usually end.
 */
static int64_t
fetch_settled(const struct update *update, const struct update_key *key,
              int64_t asked_ns)
{
	struct bci_bucket_rule rule = { .timeframe = key->timeframe };
	int64_t settled_ns = asked_ns - update->settings.delay_ns;
	struct bci_bucket bucket;
	size_t hint = 0;

	if (!bci_timeframe_move(&key->timeframe, settled_ns, -1, &settled_ns))
		return INT64_MIN;
	if (bci_bucket_find(&rule, settled_ns, &hint, &bucket))
		settled_ns = bucket.from_ns;
	return settled_ns;
}

/*
 * Say in the options what is known after rows up to 'last_ns' (if there are
 * any), and whether that one's bar had not ended: of such a bar all is known
 * that there is, so that it is not asked for again with every second that
 * passes.
 */
static void
fetch_claim(const struct fetch_job *job, const int64_t *last_ns,
            struct bc_append_options *options)
{
	const struct update_key *key = &job->update->keys[job->range->key];
	int64_t settled_ns = fetch_settled(job->update, key, job->asked_ns);
	int64_t ends_ns;

	options->from_ns = job->from_ns;
	options->to_ns = job->to_ns;
	if (last_ns != NULL &&
	    bci_timeframe_move(&key->timeframe, *last_ns, 1, &ends_ns)) {
		if (ends_ns > job->asked_ns) {
			options->flags |= BC_APPEND_OPEN;
			if (ends_ns > options->to_ns)
				options->to_ns = ends_ns;
			return;
		}
		if (ends_ns > settled_ns)
			settled_ns = ends_ns;
	}
	if (settled_ns < options->to_ns)
		options->to_ns = settled_ns;
}

/* Of a range that was too long for the source only a part is known. */
static void
fetch_limit(struct fetch_job *job, int64_t first_ns, int64_t last_ns,
            struct bc_append_options *options)
{
	const struct update_key *key = &job->update->keys[job->range->key];
	int64_t ends_ns;

	if (first_ns - job->from_ns > job->to_ns - last_ns) {
		options->from_ns = first_ns;
		job->rest_from_ns = job->from_ns;
		job->rest_to_ns = first_ns;
	} else if (bci_timeframe_move(&key->timeframe, last_ns, 1, &ends_ns) &&
	           ends_ns < options->to_ns) {
		options->to_ns = ends_ns;
		job->rest_from_ns = ends_ns;
		job->rest_to_ns = job->to_ns;
	}
}

/* Append, and note what became of it. */
static enum bc_status
fetch_hand_on(const struct fetch_job *job, struct bc_fetch *fetch,
              const struct bc_frame *frame,
              const struct bc_append_options *options, struct bc_counts *counts,
              struct bc_error *err)
{
	enum bc_status status =
		bc_fetch_append(fetch, frame, options, counts, err);

	job->range->refused = status != BC_OK;
	if (status == BC_OK && err->status != BC_OK)
		job->range->let_go = *err;
	return status;
}

/* Merge rows [first, first + rows) of a table. */
static enum bc_status
fetch_append(const struct fetch_job *job, struct bc_fetch *fetch,
             const struct bci_table *table, uint64_t first, uint64_t rows,
             const struct bc_append_options *options, struct bc_error *err)
{
	struct bc_column *columns = import_table_columns(table);
	struct bc_frame frame = { .rows = rows,
		                  .time_ns = table->time_ns + first,
		                  .columns = columns,
		                  .column_count = table->column_count };
	struct bc_counts counts = { 0 }, *sum = &job->range->counts;
	enum bc_status status;
	uint32_t i;

	for (i = 0; i < table->column_count; ++i)
		columns[i].data = (const char *)columns[i].data +
		                  first * bc_type_bytes(columns[i].type);
	status = fetch_hand_on(job, fetch, &frame, options, &counts, err);
	free(columns);
	if (status != BC_OK)
		return status;
	job->range->rows += rows;
	sum->inserted += counts.inserted;
	sum->updated += counts.updated;
	sum->identical += counts.identical;
	sum->conflicting += counts.conflicting;
	sum->suspect += counts.suspect;
	sum->rejected += counts.rejected;
	return BC_OK;
}

/* Record that there are no bars. */
static enum bc_status
fetch_nothing(struct fetch_job *job, struct bc_fetch *fetch,
              struct bc_error *err)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;

	options.flags = job->update->settings.import.append.flags &
	                BC_APPEND_BEST_EFFORT;
	fetch_claim(job, NULL, &options);
	if (options.from_ns >= options.to_ns)
		return BC_OK;
	return fetch_hand_on(job, fetch, NULL, &options, NULL, err);
}

/* Merge the rows of a table that lie in the range. */
static enum bc_status
fetch_hand_over(struct fetch_job *job, struct bc_fetch *fetch,
                const struct bci_table *table, struct bc_error *err)
{
	struct bc_append_options options = job->update->settings.import.append;
	uint64_t first = fetch_row(table, job->from_ns);
	uint64_t end = fetch_row(table, job->to_ns);
	uint64_t limit = job->update->settings.limit;

	if (first < end) {
		fetch_claim(job, &table->time_ns[end - 1], &options);
		if (limit != 0 && table->rows >= limit)
			fetch_limit(job, table->time_ns[first],
			            table->time_ns[end - 1], &options);
		return fetch_append(job, fetch, table, first, end - first,
		                    &options, err);
	}
	/* A source may have the first bar behind the range with it. */
	if (end < table->rows && table->time_ns[end] == job->to_ns)
		return fetch_nothing(job, fetch, err);
	/* Or the newest bar in any case; then it says nothing of this one. */
	fetch_claim(job, NULL, &options);
	if (options.to_ns < job->to_ns)
		return BC_OK;
	return bci_fail(err, BC_INVALID,
	                "none of the %" PRIu64
	                " rows that it prints lies in the range",
	                table->rows);
}

/* ------------------------------------------------------------------------ */
/*  Importing                                                               */
/* ------------------------------------------------------------------------ */

/* Read a text and hand its rows over. */
static enum bc_status
fetch_import(struct fetch_job *job, struct bc_fetch *fetch,
             struct input_source *source, const struct input *input,
             struct bc_error *err)
{
	struct import import = {
		.tool = job->update->tool,
		.settings = job->update->settings.import,
		.signals = -1,
		.report = { .quiet = true },
	};
	struct import_text text;
	enum bc_status status;

	import.settings.key = fetch->key;
	import_text(&import, input, &text);
	status = text.error.status;
	if (status != BC_OK)
		*err = text.error;
	else if (input_next(source, &input, err) != 0)
		status = bci_fail(err, BC_INVALID,
		                  "it prints an archive of several files");
	else
		status =
			fetch_hand_over(job, fetch, &text.series[0].table, err);
	if (status == BC_OK)
		job->range->counts.rejected +=
			text.report.unreadable + text.report.missing;
	import_text_free(&text);
	return status;
}

/* Read what the command printed; the descriptor stays open. */
static enum bc_status
fetch_take(struct fetch_job *job, struct bc_fetch *fetch, int output,
           struct bc_error *err)
{
	struct input_source *source;
	const struct input *input;
	enum bc_status status;

	if (update_is_empty(output))
		return fetch_nothing(job, fetch, err);
	source = input_open_file(output, fetch->key, err);
	if (source == NULL)
		return err->status;
	if (input_next(source, &input, err) < 0)
		status = err->status;
	else
		status = fetch_import(job, fetch, source, input, err);
	input_close(source);
	return status;
}

/* ------------------------------------------------------------------------ */
/*  Running                                                                 */
/* ------------------------------------------------------------------------ */

/* Run the command once. */
static enum bc_status
fetch_try(struct fetch_job *job, struct bc_fetch *fetch, struct bc_error *err)
{
	struct update *update = job->update;
	struct update_range *range = job->range;
	const struct template_values values = {
		.key = fetch->key,
		.series = update->keys[range->key].series,
		.from_ns = job->from_ns,
		.to_ns = job->to_ns,
	};
	struct process_result result;
	enum bc_status status;
	char **argv;

	++range->tries;
	free(range->said);
	range->said = NULL;
	job->asked_ns = bci_clock_wall_ns();
	job->rest_from_ns = job->rest_to_ns = 0;
	status = template_fill(&update->settings.command, &values, &argv, err);
	if (status != BC_OK)
		return status;
	status = process_run(argv, update->settings.timeout_ns, update->cancel,
	                     &result, err);
	template_free_words(argv);
	if (result.said[0] != '\0')
		range->said = tool_copy(result.said);
	if (status != BC_OK)
		return status;
	/* Reading files is for one thread at a time. */
	pthread_mutex_lock(&update->lock);
	status = fetch_take(job, fetch, result.output, err);
	pthread_mutex_unlock(&update->lock);
	close(result.output);
	return status;
}

/* Wait before another try; false if the run was interrupted. */
static bool
fetch_pause(const struct update *update, uint64_t tries)
{
	struct pollfd polled = { .fd = update->cancel, .events = POLLIN };
	int64_t pause_ns = FETCH_PAUSE_MAX_NS;

	if (tries < 6)
		pause_ns = FETCH_PAUSE_NS << tries;
	return poll(&polled, 1, (int)(pause_ns / (BCI_SECOND_NS / 1000))) == 0;
}

/* As many tries as are allowed. */
static enum bc_status
fetch_tries(struct fetch_job *job, struct bc_fetch *fetch, struct bc_error *err)
{
	uint64_t retries = job->update->settings.retries;
	enum bc_status status;
	uint64_t i;

	for (i = 0;; ++i) {
		status = fetch_try(job, fetch, err);
		if (status == BC_OK || job->range->refused || i >= retries ||
		    update_is_cancelled(job->update) ||
		    !fetch_pause(job->update, i))
			return status;
	}
}

/* The fetch function: all of a gap, part by part. */
static enum bc_status
fetch_function(struct bc_fetch *fetch, struct bc_error *err)
{
	struct fetch_job *job = fetch->context;
	enum bc_status status;

	/* What the source does not know yet is no reason to ask it again. */
	if (job->done_from_ns <= fetch->from_ns &&
	    fetch->to_ns <= job->done_to_ns)
		return BC_OK;
	job->from_ns = job->done_from_ns = fetch->from_ns;
	job->to_ns = job->done_to_ns = fetch->to_ns;
	do {
		status = fetch_tries(job, fetch, err);
		job->from_ns = job->rest_from_ns;
		job->to_ns = job->rest_to_ns;
	} while (status == BC_OK && job->from_ns < job->to_ns);
	return status;
}

/* How long the commands of another process may take. */
static uint32_t
fetch_wait_ms(const struct update_settings *settings)
{
	int64_t timeout_ms = settings->timeout_ns / (BCI_SECOND_NS / 1000);

	return timeout_ms <= 0 || timeout_ms > FETCH_WAIT_MS
	               ? FETCH_WAIT_MS
	               : (uint32_t)timeout_ms + 60000;
}

void
update_fetch(struct update *update, struct update_range *range)
{
	static const char *const no_columns[] = { NULL };
	struct fetch_job job = { .update = update, .range = range };
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	int64_t start_ns = bci_clock_monotonic_ns();
	enum bc_status status;
	struct bc_view view;

	options.function = fetch_function;
	options.context = &job;
	options.wait_ms = fetch_wait_ms(&update->settings);
	status = bc_read_or_fetch(
		update->tool->cache, update->keys[range->key].key,
		range->from_ns, range->to_ns, no_columns,
		BC_READ_PARTIAL | BC_READ_OPEN, &options, &view, &range->error);
	range->elapsed_ns = bci_clock_monotonic_ns() - start_ns;
	if (status == BC_OK)
		bc_view_release(&view);
	if (range->let_go.status != BC_OK &&
	    (status == BC_OK || status == BC_MISS)) {
		range->outcome = UPDATE_LET_GO;
	} else if (status == BC_OK) {
		range->outcome =
			range->tries == 0 ? UPDATE_ELSEWHERE : UPDATE_FETCHED;
	} else {
		range->outcome = UPDATE_FAILED;
		range->error.status = status;
		/* Nothing was asked: it is the cache that fails. */
		range->refused |= range->tries == 0;
	}
}
