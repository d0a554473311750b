/* SPDX-License-Identifier: MIT */
/*
 * history.c - the steps of a history, and going through them.
 */
#include "crash/history.h"

#include <stdlib.h>
#include <string.h>

#define WARM_BYTES (768u << 10)
#define ROWS_MOST 2400

/* Nobody syncs but by a step. */
#define NEVER_MS 1000000u

struct history_step
history_step(uint64_t seed, uint64_t number)
{
	/* How often each kind comes, of 32. */
	static const enum history_kind kinds[32] = {
		[13] = HISTORY_BATCH,   [14] = HISTORY_BATCH,
		[15] = HISTORY_BATCH,   [16] = HISTORY_REMOVE,
		[17] = HISTORY_REMOVE,  [18] = HISTORY_APPEND,
		[19] = HISTORY_APPEND,  [20] = HISTORY_APPEND,
		[21] = HISTORY_APPEND,  [22] = HISTORY_APPEND,
		[23] = HISTORY_APPEND,  [24] = HISTORY_PLACE,
		[25] = HISTORY_PLACE,   [26] = HISTORY_PLACE,
		[27] = HISTORY_SYNC,    [28] = HISTORY_SYNC,
		[29] = HISTORY_COMPACT, [30] = HISTORY_COMPACT,
		[31] = HISTORY_REOPEN,
	};
	static const unsigned most[4] = { 8, 80, 400, ROWS_MOST };
	uint64_t word = test_mix(seed, number);
	struct history_step step = {
		.kind = kinds[word % 32],
		.count = 1,
		.word = word >> 8,
	};

	if (step.kind == HISTORY_BATCH)
		step.count = 2 + (unsigned)(word >> 8) % (HISTORY_TOUCHES - 1);
	if (step.kind == HISTORY_APPEND)
		step.rows = 1 + (word >> 24) % most[(word >> 16) % 4];
	if (step.kind == HISTORY_SYNC || step.kind == HISTORY_COMPACT ||
	    step.kind == HISTORY_REOPEN)
		step.count = 0;
	for (unsigned i = 0; i < step.count; i++) {
		uint64_t touch = test_mix(word, i);
		unsigned keys = step.kind == HISTORY_APPEND ? HISTORY_SERIES
		                                            : HISTORY_VALUES;

		step.key[i] = (unsigned)(touch % keys);
		if (step.kind == HISTORY_PLACE)
			step.key[i] %= HISTORY_PINNED;
		step.removes[i] =
			step.kind == HISTORY_REMOVE ||
			(step.kind == HISTORY_BATCH && (touch >> 32) % 4 == 0);
		if (step.removes[i] && step.key[i] < HISTORY_PINNED)
			step.key[i] += HISTORY_PINNED;
	}
	return step;
}

void
history_key(unsigned key, char text[24])
{
	snprintf(text, 24, "%s/%u", key < HISTORY_PINNED ? "pinned" : "free",
	         key);
}

void
history_series(unsigned series, char text[24])
{
	snprintf(text, 24, "x/spot/S%u/1m", series);
}

int64_t
history_row_mark(uint64_t seed, unsigned series, uint64_t index)
{
	return (int64_t)test_mix(seed + series, index);
}

double
history_row_close(uint64_t seed, unsigned series, uint64_t index)
{
	uint64_t word = test_mix(seed - series - 1, index);

	return 100 + (double)(word % 1000) / 100;
}

/* ---- what follows from them ---------------------------------------------- */

/* The last step that touched 'key', and how it left it. */
static uint64_t
history_last(const struct history *history, const struct history_seen *seen,
             unsigned key, uint64_t number, bool *removed)
{
	for (; number > 0; number--) {
		struct history_step step = history_step(history->seed, number);

		if (seen->failed[number] || step.kind > HISTORY_REMOVE)
			continue;
		for (unsigned i = step.count; i-- > 0;) {
			if (step.key[i] != key)
				continue;
			*removed = step.removes[i];
			return number;
		}
	}
	*removed = true;
	return 0;
}

uint64_t
history_version(const struct history *history, const struct history_seen *seen,
                unsigned key, uint64_t number)
{
	bool removed;
	uint64_t last = history_last(history, seen, key, number, &removed);

	return removed ? 0 : last;
}

uint64_t
history_touched(const struct history *history, const struct history_seen *seen,
                unsigned key, uint64_t number)
{
	bool removed;

	return history_last(history, seen, key, number, &removed);
}

uint64_t
history_rows(const struct history *history, const struct history_seen *seen,
             unsigned series, uint64_t number)
{
	uint64_t rows = 0;

	for (uint64_t n = 1; n <= number; n++) {
		struct history_step step = history_step(history->seed, n);

		if (step.kind == HISTORY_APPEND && step.key[0] == series &&
		    !seen->failed[n])
			rows += step.rows;
	}
	return rows;
}

void
history_see(struct history_seen *seen, enum history_mark mark, uint64_t number)
{
	switch (mark) {
	case HISTORY_BEGUN:
		seen->begun = number;
		return;
	case HISTORY_DONE:
		seen->done = number;
		return;
	case HISTORY_SYNCED:
		seen->synced = number;
		return;
	case HISTORY_FAILED:
		seen->failed[number] = true;
		return;
	}
	abort();
}

/* ---- going through them -------------------------------------------------- */

struct run {
	const struct history *history;
	const char *path;
	history_note *note;
	void *context;
	struct history_seen seen;
	struct bc_cache *cache;
};

static enum bc_status
run_open(struct run *run, struct bc_error *err)
{
	struct bc_options options = BC_OPTIONS_INIT;

	options.flags = BC_OPEN_CREATE;
	options.durability = run->history->durability;
	options.warm_bytes = WARM_BYTES;
	options.cold_bytes = WARM_BYTES;
	options.sync_interval_ms = NEVER_MS;
	options.policy = (enum bc_policy)(run->history->seed % 8);
	return bc_open(run->path, &options, &run->cache, err);
}

static void
run_value(const struct run *run, struct test_value *value, unsigned key,
          uint64_t number)
{
	static const uint64_t rows[] = { 6, 30, 200, 700 };
	uint64_t word = test_mix(run->history->seed + number, key);
	char name[24];

	history_key(key, name);
	if (word % 5 == 0)
		test_value_blob(value, name, number, run->history->seed,
		                8 * (1 + (word >> 8) % 2000));
	else
		test_value_frame(value, name, number, run->history->seed,
		                 rows[(word >> 8) % 4]);
}

/* Keys of this kind stay pinned once they are. */
static enum bc_status
run_pin(struct run *run, unsigned key, uint64_t number, struct bc_error *err)
{
	char name[24];

	if (key >= HISTORY_PINNED ||
	    history_version(run->history, &run->seen, key, number - 1) != 0)
		return BC_OK;
	history_key(key, name);
	return bc_pin(run->cache, name, 1, err);
}

struct run_batch {
	const struct run *run;
	const struct history_step *step;
	uint64_t number;
};

static bool
run_batch_make(const void *context, unsigned number, struct test_value *value)
{
	const struct run_batch *batch = context;
	unsigned key = batch->step->key[number];

	if (batch->step->removes[number])
		history_key(key, value->key);
	else
		run_value(batch->run, value, key, batch->number);
	return !batch->step->removes[number];
}

static enum bc_status
run_batch(struct run *run, const struct history_step *step, uint64_t number,
          struct bc_error *err)
{
	const struct run_batch batch = { run, step, number };
	enum bc_status status = test_batch(run->cache, step->count,
	                                   run_batch_make, &batch, err);

	for (unsigned i = 0; status == BC_OK && i < step->count; i++)
		if (!step->removes[i])
			status = run_pin(run, step->key[i], number, err);
	return status;
}

static enum bc_status
run_put(struct run *run, const struct history_step *step, uint64_t number,
        struct bc_error *err)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct test_value value;
	enum bc_status status;

	run_value(run, &value, step->key[0], number);
	options.placement = step->word % 8 == 0 ? BC_PLACE_COLD : BC_PLACE_AUTO;
	status = value.kind == BC_BLOB
	                 ? bc_put_blob(run->cache, value.key, value.data,
	                               value.bytes, &options, err)
	                 : bc_put(run->cache, value.key, &value.frame, &options,
	                          NULL, err);
	test_value_free(&value);
	return status != BC_OK ? status
	                       : run_pin(run, step->key[0], number, err);
}

static enum bc_status
run_append(struct run *run, const struct history_step *step, uint64_t number,
           struct bc_error *err)
{
	static int64_t time_ns[ROWS_MOST], mark[ROWS_MOST];
	static double close[ROWS_MOST];
	struct bc_column columns[2] = {
		{ .name = "mark", .type = BC_I64, .data = mark },
		{ .name = "close", .type = BC_F64, .data = close },
	};
	struct bc_frame frame = { step->rows, time_ns, columns, 2 };
	unsigned series = step->key[0];
	uint64_t first =
		history_rows(run->history, &run->seen, series, number - 1);
	enum bc_status status;
	char name[24];

	for (uint64_t i = 0; i < step->rows; i++) {
		time_ns[i] = (int64_t)(first + i) * HISTORY_MINUTE;
		mark[i] =
			history_row_mark(run->history->seed, series, first + i);
		close[i] = history_row_close(run->history->seed, series,
		                             first + i);
	}
	history_series(series, name);
	status = bc_append(run->cache, name, &frame, NULL, NULL, err);
	if (status == BC_OK && first == 0 && series + 1 < HISTORY_SERIES)
		status = bc_pin(run->cache, name, 1, err);
	return status;
}

static enum bc_status
run_place(struct run *run, const struct history_step *step,
          struct bc_error *err)
{
	enum bc_placement placement =
		step->word % 2 == 0 ? BC_PLACE_COLD : BC_PLACE_WARM;
	enum bc_status status;
	char name[24];

	if (step->word % 6 < 2)
		history_series((unsigned)(step->word >> 8) % HISTORY_SERIES,
		               name);
	else
		history_key(step->key[0], name);
	status = bc_place(run->cache, name, placement, NULL, err);
	return status == BC_MISS ? BC_OK : status;
}

static enum bc_status
run_compact(struct run *run, const struct history_step *step,
            struct bc_error *err)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;

	if (step->word % 3 != 0) {
		options.flags = BC_COMPACT_TARGET;
		options.target_bytes = (step->word >> 4) % WARM_BYTES / 2;
		options.policy = (enum bc_policy)((step->word >> 30) % 8);
	}
	return bc_compact(run->cache, &options, NULL, err);
}

static enum bc_status
run_step(struct run *run, uint64_t number, struct bc_error *err)
{
	struct history_step step = history_step(run->history->seed, number);
	enum bc_status status;
	char name[24];

	switch (step.kind) {
	case HISTORY_PUT:
		return run_put(run, &step, number, err);
	case HISTORY_BATCH:
		return run_batch(run, &step, number, err);
	case HISTORY_REMOVE:
		history_key(step.key[0], name);
		status = bc_remove(run->cache, name, err);
		return status == BC_MISS ? BC_OK : status;
	case HISTORY_APPEND:
		return run_append(run, &step, number, err);
	case HISTORY_PLACE:
		return run_place(run, &step, err);
	case HISTORY_SYNC:
		return bc_sync(run->cache, err);
	case HISTORY_COMPACT:
		return run_compact(run, &step, err);
	case HISTORY_REOPEN:
		bc_close(run->cache);
		return run_open(run, err);
	}
	abort();
}

static void
run_note(struct run *run, enum history_mark mark, uint64_t number)
{
	history_see(&run->seen, mark, number);
	run->note(run->context, mark, number);
}

bool
history_run(const struct history *history, const char *path, history_note *note,
            void *context)
{
	static struct run run;
	struct bc_error err;
	enum bc_status status;

	run = (struct run){
		history, path, note, context, { .begun = 0 }, NULL
	};
	status = run_open(&run, &err);
	for (uint64_t n = 1; status == BC_OK && n <= history->steps; n++) {
		enum history_kind kind = history_step(history->seed, n).kind;

		run_note(&run, HISTORY_BEGUN, n);
		status = run_step(&run, n, &err);
		if (status == BC_FULL) {
			run_note(&run, HISTORY_FAILED, n);
			status = BC_OK;
		}
		if (status != BC_OK) {
			fprintf(stderr, "history: step %d: %s\n", (int)n,
			        err.message);
			return false;
		}
		run_note(&run, HISTORY_DONE, n);
		if (kind == HISTORY_SYNC)
			run_note(&run, HISTORY_SYNCED, n);
	}
	if (status != BC_OK)
		fprintf(stderr, "history: open: %s\n", err.message);
	return status == BC_OK;
}
