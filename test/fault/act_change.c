/* SPDX-License-Identifier: MIT */
/*
 * act_change.c - acts that put, append, label, fetch and remove.
 */
#include "act.h"

#include <stdio.h>
#include <string.h>

#define MINUTE_NS INT64_C(60000000000)
#define BEGIN_NS (28000000 * MINUTE_NS)
#define SPOT_A gallery_keys[7]
#define SPOT_C gallery_keys[9]
#define ROWS_MAX 1200

static void
change_bit(struct stage *stage, unsigned bit)
{
	gallery_change(stage->cache, 1u << bit);
}

#define BIT(number)                                                            \
	static void change_##number(struct stage *stage)                       \
	{                                                                      \
		change_bit(stage, number);                                     \
	}
BIT(0)
BIT(1)
BIT(2)
BIT(3)
BIT(4)
BIT(6)
BIT(7)
BIT(8)
BIT(9)
BIT(10)
BIT(11)

/* Minutes of a series that is in no gallery. */
struct minutes {
	int64_t time_ns[ROWS_MAX];
	double close[ROWS_MAX];
	uint32_t side[ROWS_MAX];
	struct bc_column columns[2];
	struct bc_frame frame;
};

static const struct bc_frame *
minutes(struct minutes *rows, int64_t first, uint64_t count, unsigned columns)
{
	static const char *const words[] = { "bid", "ask", "late" };

	for (uint64_t i = 0; i < count; i++) {
		rows->time_ns[i] = BEGIN_NS + (first + (int64_t)i) * MINUTE_NS;
		rows->close[i] = (double)(test_mix(5, i) % 1000);
		rows->side[i] = (uint32_t)(i % 3);
	}
	rows->columns[0] =
		(struct bc_column){ "close", BC_F64, rows->close, NULL, 0 };
	rows->columns[1] =
		(struct bc_column){ "side", BC_TEXT, rows->side, words, 3 };
	rows->frame = (struct bc_frame){ count, rows->time_ns, rows->columns,
		                         columns };
	return &rows->frame;
}

/* A series through all that can happen to it. */
static void
change_life(struct stage *stage)
{
	static const char key[] = "n/spot/N/1m";
	struct bc_append_options open = BC_APPEND_OPTIONS_INIT;
	struct bc_append_options merge = BC_APPEND_OPTIONS_INIT;
	struct minutes rows;
	uint64_t count;

	open.flags = BC_APPEND_OPEN;
	SAYS(stage, bc_append(stage->cache, key, minutes(&rows, 100, 50, 2),
	                      &open, NULL, &stage->err));
	SAYS(stage, bc_append(stage->cache, key, minutes(&rows, 150, 700, 2),
	                      NULL, NULL, &stage->err));
	for (int i = 0; i < 4; i++) {
		merge.merge = (enum bc_merge)i;
		SAYS(stage, bc_append(stage->cache, key,
		                      minutes(&rows, 60 + 200 * i, 60, 2),
		                      &merge, NULL, &stage->err));
	}
	merge.merge = BC_MERGE_LAST;
	merge.placement = BC_PLACE_COLD;
	SAYS(stage, bc_append(stage->cache, key, minutes(&rows, 2000, 1200, 2),
	                      &merge, NULL, &stage->err));
	merge.from_ns = BEGIN_NS + 4000 * MINUTE_NS;
	merge.to_ns = BEGIN_NS + 5000 * MINUTE_NS;
	SAYS(stage,
	     bc_append(stage->cache, key, NULL, &merge, NULL, &stage->err));
	SAYS(stage,
	     bc_remove_range(stage->cache, key, BEGIN_NS + 130 * MINUTE_NS,
	                     BEGIN_NS + 2500 * MINUTE_NS, &count, &stage->err));
	SAYS(stage, bc_touch(stage->cache, key, NULL, &stage->err));
	SAYS(stage, bc_remove(stage->cache, key, &stage->err));
}

static void
change_batch(struct stage *stage)
{
	static const char *const tags[] = { "red", "new", NULL };
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_batch *batch;
	struct minutes rows;
	bool fine;

	options.tags = tags;
	options.backtest = "another";
	options.ttl_ns = INT64_MAX / 4;
	if (!SAYS(stage, bc_batch_begin(stage->cache, &batch, &stage->err)))
		return;
	fine = SAYS(stage,
	            bc_batch_put(batch, "b/frame", minutes(&rows, 0, 900, 2),
	                         &options, NULL, &stage->err)) &&
	       SAYS(stage, bc_batch_put_blob(batch, "b/small", "abc", 3,
	                                     &options, &stage->err)) &&
	       SAYS(stage, bc_batch_append(batch, "b/spot/B/1m", &rows.frame,
	                                   NULL, NULL, &stage->err)) &&
	       SAYS(stage,
	            bc_batch_remove(batch, gallery_keys[4], &stage->err)) &&
	       SAYS(stage, bc_batch_remove(batch, SPOT_C, &stage->err));
	if (fine)
		SAYS(stage, bc_batch_commit(&batch, &stage->err));
	else
		bc_batch_abort(batch);
}

static void
change_touch(struct stage *stage)
{
	struct bc_touch_options options = BC_TOUCH_OPTIONS_INIT;

	options.ttl_ns = BC_TTL_NEVER;
	SAYS(stage,
	     bc_touch(stage->cache, gallery_keys[1], &options, &stage->err));
	options.ttl_ns = 60 * MINUTE_NS;
	SAYS(stage,
	     bc_touch(stage->cache, gallery_keys[0], &options, &stage->err));
	options.refresh_ns = INT64_MAX / 2;
	SAYS(stage, bc_touch(stage->cache, SPOT_C, &options, &stage->err));
	options = (struct bc_touch_options)BC_TOUCH_OPTIONS_INIT;
	options.ttl_ns = BC_TTL_NONE;
	SAYS(stage, bc_touch(stage->cache, SPOT_C, &options, &stage->err));
	SAYS(stage, bc_touch(stage->cache, "absent", NULL, &stage->err));
}

static void
change_labels(struct stage *stage)
{
	static const char *const tags[] = { "red", "blue", NULL };
	static const char *const parents[] = { "v/blob/large", "s/spot/A/1m",
		                               NULL };
	uint64_t removed;

	for (int how = 0; how < 3; how++) {
		enum bc_labelling labelling = (enum bc_labelling)how;

		SAYS(stage, bc_tag(stage->cache, gallery_keys[4], tags,
		                   labelling, &stage->err));
		SAYS(stage, bc_depend(stage->cache, gallery_keys[1 + how],
		                      parents, labelling, &stage->err));
	}
	SAYS(stage, bc_tag(stage->cache, gallery_keys[4], NULL,
	                   BC_LABELS_REPLACE, &stage->err));
	SAYS(stage, bc_link(stage->cache, "a backtest", gallery_keys[8], 0,
	                    &stage->err));
	SAYS(stage, bc_pin(stage->cache, gallery_keys[8], 1, &stage->err));
	SAYS(stage, bc_invalidate(stage->cache, "v/blob/large",
	                          BC_INVALIDATE_SELF, &removed, &stage->err));
	SAYS(stage,
	     bc_clear_backtest(stage->cache, "another", 1, NULL, &stage->err));
}

static void
change_gone(void *context, const char *key)
{
	unsigned *count = context;

	*count += key[0] != '\0';
}

static void
change_remove(struct stage *stage)
{
	static const char *const keys[] = { "v/frame/small", "absent", NULL };
	static const struct bc_filter filters[] = {
		{ .backtest = "a backtest" },
		{ .prefix = "v/", .tag = "red" },
		{ .keep_last = 1, .prefix = "v/" },
		{ .updated_before_ns = INT64_MAX, .prefix = "s/" },
	};
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;
	struct bc_removed removed;
	unsigned count = 0;

	options.function = change_gone;
	options.context = &count;
	options.keys = keys;
	options.flags = BC_REMOVE_DEPENDENTS;
	SAYS(stage,
	     bc_remove_where(stage->cache, &options, &removed, &stage->err));
	options.keys = NULL;
	for (size_t i = 0; i < ACT_COUNT(filters); i++) {
		options.filter = &filters[i];
		options.flags =
			i % 2 == 0 ? BC_REMOVE_FORCE : BC_REMOVE_DEPENDENTS;
		SAYS(stage, bc_remove_where(stage->cache, &options, &removed,
		                            &stage->err));
	}
}

/* ---- fetching ------------------------------------------------------------ */

/* What is there is fetched only if it was found damaged, and said to be. */
static enum bc_status
change_fetched_again(struct bc_fetch *fetch, struct bc_error *err)
{
	enum bc_miss miss;

	if (bc_exists(fetch->cache, fetch->key, &miss) != BC_MISS ||
	    miss != BC_MISS_CORRUPT)
		act_wrong(fetch->context, "fetched only if damaged", __LINE__);
	return gallery_fetch(fetch, 4, err);
}

static enum bc_status
change_fetched(struct bc_fetch *fetch, struct bc_error *err)
{
	struct minutes rows;
	uint64_t count;

	if (strcmp(fetch->key, gallery_keys[4]) == 0)
		return change_fetched_again(fetch, err);
	if (strncmp(fetch->key, "blob", 4) == 0)
		return bc_fetch_put_blob(fetch, "fetched", 7, NULL, err);
	if (fetch->to_ns == 0)
		return bc_fetch_put(fetch, minutes(&rows, 0, 900, 1), NULL,
		                    err);
	count = (uint64_t)((fetch->to_ns - fetch->from_ns) / MINUTE_NS);
	return bc_fetch_append(fetch,
	                       minutes(&rows,
	                               (fetch->from_ns - BEGIN_NS) / MINUTE_NS,
	                               count < 300 ? count : 300, 1),
	                       NULL, NULL, err);
}

static void
change_fetch(struct stage *stage)
{
	const char *const keys[] = { "blob/1", "frame/2", gallery_keys[4],
		                     "blob/4" };
	static const char *const series[] = { "f/spot/A/1m", "f/spot/B/1m" };
	struct bc_fetch_options options = BC_FETCH_OPTIONS_INIT;
	enum bc_status statuses[4], status;
	struct bc_view views[4];

	options.function = change_fetched;
	options.context = stage;
	options.threads = 1;
	options.flags = BC_FETCH_STALE;
	status = bc_get_or_fetch(stage->cache, "blob/0", &options, &views[0],
	                         &stage->err);
	act_view(stage, status, NULL, &views[0], "bc_get_or_fetch");
	status = bc_read_or_fetch(stage->cache, "f/spot/C/1m",
	                          BEGIN_NS + 10 * MINUTE_NS,
	                          BEGIN_NS + 200 * MINUTE_NS, NULL, 0, &options,
	                          &views[0], &stage->err);
	act_view(stage, status, NULL, &views[0], "bc_read_or_fetch");
	status = bc_fetch_many(stage->cache, keys, 4, 0, 0, NULL, 0, &options,
	                       views, statuses, &stage->err);
	act_note(stage, status, "bc_fetch_many");
	for (size_t i = 0; i < 4; i++)
		act_view(stage, statuses[i], i == 2 ? keys[i] : NULL, &views[i],
		         "bc_fetch_many");
	status = bc_fetch_many(stage->cache, series, 2, BEGIN_NS,
	                       BEGIN_NS + 100 * MINUTE_NS, NULL, 0, &options,
	                       views, statuses, &stage->err);
	act_note(stage, status, "bc_fetch_many of ranges");
	for (size_t i = 0; i < 2; i++)
		act_view(stage, statuses[i], NULL, &views[i], "bc_fetch_many");
}

const struct act change_acts[] = {
	{ "appends", change_0, 0 },
	{ "new series", change_1, 0 },
	{ "range removed", change_2, 0 },
	{ "labels changed", change_3, 0 },
	{ "put", change_4, 0 },
	{ "expiry", change_6, 0 },
	{ "to the cold tier", change_7, 0 },
	{ "to the warm tier", change_8, 0 },
	{ "compaction", change_9, 0 },
	{ "removal", change_10, 0 },
	{ "repair", change_11, 0 },
	{ "life of a series", change_life, 0 },
	{ "batch", change_batch, 0 },
	{ "touch", change_touch, 0 },
	{ "all labels", change_labels, 0 },
	{ "removals", change_remove, 0 },
	{ "fetches", change_fetch, 0 },
	{ "appends to damage", change_0, ACT_DAMAGED },
	{ "removal beside damage", change_2, ACT_DAMAGED },
	{ "repair of damage", change_11, ACT_DAMAGED },
};

const unsigned change_act_count = ACT_COUNT(change_acts);
