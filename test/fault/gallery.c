/* SPDX-License-Identifier: MIT */
/*
 * gallery.c - a cache with one of everything: values of all kinds and sizes, in
 * the catalogue, in arenas and packed; series with older and newer segments, a
 * tail, gaps, empty stretches and an open bar; labels, requests, rules, times
 * to live, pins.
 *
 * A row of a series follows from its key and time, so that any part of it can
 * be looked at; other values are those of value.c.
 */
#include "gallery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEED 61
#define MINUTE_NS INT64_C(60000000000)
#define BEGIN_NS (28000000 * MINUTE_NS)
#define VALUES 7
#define VERSION 3

#define MUST(call)                                                             \
	do {                                                                   \
		enum bc_status status_ = (call);                               \
		if (status_ != BC_OK) {                                        \
			fprintf(stderr, "%s: %s\n", #call,                     \
			        bc_status_name(status_));                      \
			abort();                                               \
		}                                                              \
	} while (0)

const char *const gallery_keys[GALLERY_KEYS] = {
	"v/blob/inline", "v/blob/large",  "v/frame/cold",  "v/frame/inline",
	"v/frame/large", "v/frame/paged", "v/frame/small", /* VALUES */
	"s/spot/A/1m",   "s/spot/B/1m",   "s/spot/C/1m",   "s/spot/D/1m",
	"s/spot/E/1m",
};

struct sizes {
	uint64_t budget;
	uint64_t blobs[2];
	uint64_t rows[GALLERY_KEYS]; /* of values, 0: a blob; of series */
};

static const struct sizes usual = {
	8u << 20,
	{ 80, 70000 },
	{ 0, 0, 1500, 8, 700, 4500, 60, /* VALUES */
	  4050, 20, 300, 600, 90 },
};

/* Nothing has a second block, or more rows than show what it is. */
static const struct sizes little = {
	1u << 20,
	{ 80, 2000 },
	{ 0, 0, 80, 8, 30, 40, 30, /* VALUES */
	  200, 20, 300, 100, 90 },
};

/* Of the gallery that was made last. */
static const struct sizes *sizes = &usual;

static const char *const words[3] = { "bid", "ask", "a word of some length" };

/* ---- series ------------------------------------------------------------ */

static uint64_t
key_word(const char *key)
{
	uint64_t word = SEED;

	for (; *key != '\0'; key++)
		word = test_mix(word, (unsigned char)*key);
	return word;
}

/* What the row of a series at a time follows from. */
static uint64_t
row_word(uint64_t series, int64_t time_ns)
{
	return test_mix(series, (uint64_t)time_ns);
}

static double
row_close(uint64_t row)
{
	return (double)(row % 100000) / 100;
}

static unsigned
row_side(uint64_t row)
{
	return (unsigned)(row >> 60) % 3;
}

/* Only series C has text. */
static bool
has_text(const char *key)
{
	return strcmp(key, "s/spot/C/1m") == 0;
}

/* Append 'rows' minutes from minute 'first' on. */
static enum bc_status
append(struct bc_cache *cache, const char *key, uint64_t first, uint64_t rows,
       const struct bc_append_options *options)
{
	const uint64_t series = key_word(key);
	int64_t time[512];
	double close[512];
	uint32_t side[512];
	const struct bc_column columns[2] = {
		{ "close", BC_F64, close, NULL, 0 },
		{ "side", BC_TEXT, side, words, 3 },
	};
	const struct bc_frame frame = { rows, time, columns,
		                        has_text(key) ? 2 : 1 };

	for (uint64_t i = 0; i < rows; i++) {
		time[i] = BEGIN_NS + (int64_t)(first + i) * MINUTE_NS;
		close[i] = row_close(row_word(series, time[i]));
		side[i] = row_side(row_word(series, time[i]));
	}
	return bc_append(cache, key, &frame, options, NULL, NULL);
}

/* The same in steps, as a series grows. */
static void
grow(struct bc_cache *cache, const char *key, uint64_t first, uint64_t rows,
     uint64_t step)
{
	for (uint64_t i = 0; i < rows; i += step)
		MUST(append(cache, key, first + i,
		            rows - i < step ? rows - i : step, NULL));
}

static bool
series_is_right(const char *key, const struct bc_view *view)
{
	const int64_t *time = bc_view_time(view);
	const double *close = bc_view_f64(view, "close");
	const uint32_t *side = bc_view_find(view, "side", BC_TEXT);
	const uint64_t series = key_word(key);
	const char *word, *text;
	size_t bytes;

	if (view->rows == 0)
		return true;
	if (time == NULL || close == NULL)
		return false;
	for (uint64_t i = 0; i < view->rows; i++) {
		const uint64_t row = row_word(series, time[i]);
		const double expected = row_close(row);

		if (memcmp(&close[i], &expected, sizeof(expected)) != 0)
			return false;
		if (side == NULL)
			continue;
		text = bc_view_text(
			view, (uint32_t)bc_schema_find(view->schema, "side"),
			side[i], &bytes);
		word = words[row_side(row)];
		/* A dictionary that is damaged has no texts. */
		if (text != NULL &&
		    (bytes != strlen(word) || memcmp(text, word, bytes) != 0))
			return false;
	}
	return true;
}

bool
gallery_is_right(const char *key, const struct bc_view *view)
{
	if (key[0] == 's')
		return series_is_right(key, view);
	return test_view_version(view, key, SEED) == VERSION;
}

/* ---- making it --------------------------------------------------------- */

static void
make_values(struct bc_cache *cache)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct test_value value;

	for (size_t i = 0; i < VALUES; i++) {
		if (sizes->rows[i] != 0)
			test_value_frame(&value, gallery_keys[i], VERSION, SEED,
			                 sizes->rows[i]);
		else
			test_value_blob(&value, gallery_keys[i], VERSION, SEED,
			                sizes->blobs[i]);
		options.placement = i == 2 ? BC_PLACE_COLD : BC_PLACE_AUTO;
		options.ttl_ns = i % 2 == 0 ? 0 : INT64_MAX / 4;
		if (sizes->rows[i] != 0)
			MUST(bc_put(cache, gallery_keys[i], &value.frame,
			            &options, NULL, NULL));
		else
			MUST(bc_put_blob(cache, gallery_keys[i], value.data,
			                 value.bytes, &options, NULL));
		test_value_free(&value);
	}
}

/* Asked for by requests, one of them too long for its detail record. */
static void
make_requests(struct bc_cache *cache)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	const char *symbols[300];
	char names[300][16];
	struct bc_request request = { symbols,      2,    "2024-01-01",
		                      "2024-02-01", "1d", "test" };

	for (int i = 0; i < 300; i++) {
		snprintf(names[i], sizeof(names[i]), "SYMBOL%06d", i);
		symbols[i] = names[i];
	}
	options.request = &request;
	MUST(bc_put_blob(cache, NULL, "short", 5, &options, NULL));
	request.symbol_count = 300;
	MUST(bc_put_blob(cache, NULL, "long", 4, &options, NULL));
}

static void
make_series(struct bc_cache *cache)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;

	grow(cache, gallery_keys[7], 0, sizes->rows[7], 64);
	grow(cache, gallery_keys[8], 0, sizes->rows[8], 10);
	grow(cache, gallery_keys[9], 0, 200, 50);
	options.from_ns = BEGIN_NS + 300 * MINUTE_NS;
	options.to_ns = BEGIN_NS + 400 * MINUTE_NS;
	MUST(bc_append(cache, gallery_keys[9], NULL, &options, NULL, NULL));
	grow(cache, gallery_keys[9], 500, 99, 40);
	options = (struct bc_append_options)BC_APPEND_OPTIONS_INIT;
	options.flags = BC_APPEND_OPEN;
	MUST(append(cache, gallery_keys[9], 599, 1, &options));
	grow(cache, gallery_keys[10], 0, sizes->rows[10], 300);
	MUST(bc_place(cache, gallery_keys[10], BC_PLACE_COLD, NULL, NULL));
	grow(cache, gallery_keys[11], 0, sizes->rows[11], 90);
}

static void
make_labels(struct bc_cache *cache)
{
	static const struct bc_rule rules[] = {
		{ "t/*", INT64_MAX / 8 },
		{ "*/1m", INT64_MAX },
	};
	static const char *const tags[] = { "red", "green", NULL };
	static const char *const parents[] = { "v/blob/large", "gone", NULL };

	MUST(bc_rules_set(cache, rules, 2, NULL));
	MUST(bc_tag(cache, gallery_keys[4], tags, BC_LABELS_ADD, NULL));
	MUST(bc_tag(cache, gallery_keys[7], tags, BC_LABELS_ADD, NULL));
	MUST(bc_depend(cache, gallery_keys[5], parents, BC_LABELS_ADD, NULL));
	MUST(bc_link(cache, "a backtest", gallery_keys[8], 1, NULL));
	MUST(bc_link(cache, "another", gallery_keys[8], 1, NULL));
	MUST(bc_pin(cache, gallery_keys[6], 1, NULL));
	/* So that an arena is named that has dead bytes. */
	MUST(bc_put_blob(cache, "v/gone", words, 24, NULL, NULL));
	MUST(bc_remove(cache, "v/gone", NULL));
}

static void
make(const char *path)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache;

	options.flags = BC_OPEN_CREATE;
	options.warm_bytes = sizes->budget;
	options.cold_bytes = sizes->budget;
	MUST(bc_open(path, &options, &cache, NULL));
	make_values(cache);
	make_requests(cache);
	make_series(cache);
	make_labels(cache);
	bc_close(cache);
}

void
gallery_make(const char *path)
{
	sizes = &usual;
	make(path);
}

void
gallery_make_little(const char *path)
{
	sizes = &little;
	make(path);
}

/* ---- reading it -------------------------------------------------------- */

/* Note what a call returned. */
static void
note(struct gallery_found *found, size_t index, enum bc_status status,
     struct bc_view *view, uint64_t rows)
{
	if (status != BC_OK) {
		found->miss++;
	} else if (!gallery_is_right(gallery_keys[index], view)) {
		found->wrong++;
	} else if (index >= VALUES && view->rows < rows) {
		found->part++;
	} else {
		found->right++;
	}
	bc_view_release(view);
}

/* Rows of a series one by one, or block by block. */
static void
read_on(struct bc_cache *cache, size_t index, struct gallery_found *found)
{
	const char *key = gallery_keys[index];
	struct bc_stream *stream;
	struct bc_window *window;
	struct bc_view view;

	if (bc_stream_open(cache, key, INT64_MIN, INT64_MAX, NULL,
	                   BC_READ_PARTIAL, 100, &stream, NULL,
	                   NULL) == BC_OK) {
		while (bc_stream_next(stream, &view) == BC_OK && view.rows != 0)
			found->wrong += !gallery_is_right(key, &view);
		bc_stream_close(stream);
	}
	if (bc_window_open(cache, key, BEGIN_NS + 9 * MINUTE_NS, INT64_MAX,
	                   NULL, BC_READ_PARTIAL, 7, 100, &window, NULL,
	                   NULL) != BC_OK)
		return;
	for (int i = 0; i < 20; i++) {
		if (bc_window_next(window, &view) != BC_OK || view.rows == 0)
			break;
		found->wrong += !gallery_is_right(key, &view);
	}
	bc_window_close(window);
}

static void
read_series(struct bc_cache *cache, size_t index, struct gallery_found *found)
{
	const char *key = gallery_keys[index];
	const int64_t to_ns =
		BEGIN_NS + (int64_t)sizes->rows[index] * MINUTE_NS;
	struct bc_view view;
	enum bc_status status;

	/* All of it is known, so that fewer rows would be a lie. */
	if (index != 9) {
		status = bc_read(cache, key, BEGIN_NS, to_ns, NULL, 0, &view);
		found->short_ +=
			status == BC_OK && view.rows != sizes->rows[index];
		note(found, index, status, &view, sizes->rows[index]);
	}
	status = bc_read(cache, key, INT64_MIN, INT64_MAX, NULL,
	                 BC_READ_PARTIAL | BC_READ_OPEN, &view);
	note(found, index, status, &view, sizes->rows[index]);
	status = bc_tail(cache, key, 70, NULL, BC_READ_PARTIAL, &view);
	note(found, index, status, &view, 0);
	status = bc_asof(cache, key, BEGIN_NS + 77 * MINUTE_NS, NULL,
	                 BC_READ_PARTIAL, &view);
	note(found, index, status, &view, 0);
	status = bc_read_rows(cache, key, 10, 50, NULL, BC_READ_PARTIAL, &view);
	note(found, index, status, &view, 0);
	read_on(cache, index, found);
}

struct gallery_found
gallery_read(struct bc_cache *cache)
{
	struct gallery_found found = { 0 };
	enum bc_status status;
	struct bc_view view;

	for (size_t i = 0; i < GALLERY_KEYS; i++) {
		status = bc_get(cache, gallery_keys[i], &view);
		note(&found, i, status, &view, sizes->rows[i] - (i == 9));
		if (i >= VALUES)
			read_series(cache, i, &found);
	}
	return found;
}

/* ---- looking around ---------------------------------------------------- */

static int
look_entry(void *context, const struct bc_info *info)
{
	unsigned *count = context;

	*count += info->key[0] != '\0';
	return 0;
}

static int
look_label(void *context, const struct bc_label *label)
{
	unsigned *count = context;

	*count += label->text[0] != '\0' && label->key[0] != '\0';
	return 0;
}

static int
look_rule(void *context, const struct bc_rule *rule)
{
	unsigned *count = context;

	*count += rule->pattern[0] != '\0';
	return 0;
}

static int
look_dropped(void *context, const struct bc_quarantined *dropped)
{
	unsigned *count = context;

	*count += dropped->key[0] != '\0' && dropped->reason[0] != '\0';
	return 0;
}

static void
look_key(struct bc_cache *cache, const char *key, unsigned *count)
{
	struct bc_interval intervals[8];
	struct bc_gap gaps[8];
	struct bc_info info;
	char text[4096];
	size_t number;
	enum bc_miss miss;

	*count += bc_exists(cache, key, &miss) == BC_OK;
	*count += bc_info(cache, key, text, sizeof(text), &info, NULL) == BC_OK;
	*count += bc_coverage(cache, key, intervals, 8, &number, NULL) == BC_OK;
	*count += bc_missing(cache, &key, 1, BEGIN_NS - 1, INT64_MAX, 0, gaps,
	                     8, &number, NULL) == BC_OK;
	*count += bc_labels(cache, key, 0, look_label, count, NULL) == BC_OK;
}

/* What concerns the cache as a whole. */
static void
look_whole(struct bc_cache *cache, const char *path, unsigned *count)
{
	struct bc_process processes[4];
	struct bc_latency latency;
	struct bc_health *health = malloc(sizeof(*health));
	struct bc_stats *stats = malloc(sizeof(*stats));
	struct bc_config config;
	struct bc_day days[4];
	struct bc_hot hot[4];
	size_t number;

	if (health == NULL || stats == NULL)
		abort();
	*count += bc_stats(cache, stats, NULL) == BC_OK;
	*count += bc_health(path, 0, health, NULL) == BC_OK;
	*count += bc_config_get(cache, &config, NULL) == BC_OK;
	*count += bc_days(cache, 0, INT32_MAX, days, 4, &number, NULL) == BC_OK;
	*count += bc_top(cache, NULL, hot, 4, &number, NULL) == BC_OK;
	*count += bc_processes(cache, processes, 4, &number, NULL) == BC_OK;
	for (int op = 0; op < BC_OPS; op++)
		*count += bc_latency(cache, (enum bc_op)op, op % 2, &latency,
		                     NULL) == BC_OK;
	free(health);
	free(stats);
}

void
gallery_look(struct bc_cache *cache, const char *path)
{
	struct bc_filter filter = { 0 };
	unsigned count = 0;

	for (size_t i = 0; i < GALLERY_KEYS; i++)
		look_key(cache, gallery_keys[i], &count);
	(void)!bc_list(cache, NULL, look_entry, &count, NULL);
	filter.tag = "red";
	(void)!bc_list(cache, &filter, look_entry, &count, NULL);
	filter.tag = NULL;
	filter.keep_last = 1;
	(void)!bc_list(cache, &filter, look_entry, &count, NULL);
	for (int kind = 1; kind <= 3; kind++)
		(void)!bc_labelled(cache, (enum bc_label_kind)kind, NULL,
		                   look_label, &count, NULL);
	(void)!bc_rules_get(cache, look_rule, &count, NULL);
	(void)!bc_quarantine(cache, look_dropped, &count, NULL, NULL);
	look_whole(cache, path, &count);
}

/* ---- changing it ------------------------------------------------------- */

static void
change_series(struct bc_cache *cache, unsigned what)
{
	switch (what) {
	case 0: /* behind, before, between, over */
		(void)!append(cache, gallery_keys[7], sizes->rows[7], 30, NULL);
		(void)!append(cache, gallery_keys[9], 210, 100, NULL);
		(void)!append(cache, gallery_keys[8], 5, 40, NULL);
		break;
	case 1:
		(void)!append(cache, "s/spot/new/1m", 0, 500, NULL);
		(void)!append(cache, gallery_keys[10], 590, 30, NULL);
		break;
	default:
		(void)!bc_remove_range(cache, gallery_keys[7],
		                       BEGIN_NS + 100 * MINUTE_NS,
		                       BEGIN_NS + 900 * MINUTE_NS, NULL, NULL);
		break;
	}
}

static void
change_labels(struct bc_cache *cache)
{
	static const char *const tags[] = { "blue", NULL };

	(void)!bc_tag(cache, gallery_keys[4], tags, BC_LABELS_REPLACE, NULL);
	(void)!bc_link(cache, "a backtest", gallery_keys[7], 1, NULL);
	(void)!bc_clear_backtest(cache, "another", 0, NULL, NULL);
	(void)!bc_pin(cache, gallery_keys[6], 0, NULL);
	(void)!bc_invalidate(cache, "v/blob/large", 0, NULL, NULL);
}

void
gallery_change(struct bc_cache *cache, unsigned which)
{
	if (which & 1)
		change_series(cache, 0);
	if (which & 2)
		change_series(cache, 1);
	if (which & 4)
		change_series(cache, 2);
	if (which & 8)
		change_labels(cache);
	if (which & 16)
		(void)!test_put_rows(cache, gallery_keys[4], VERSION, SEED,
		                     sizes->rows[4], NULL);
	if (which & 32)
		(void)!bc_touch(cache, gallery_keys[6], NULL, NULL);
	if (which & 64)
		(void)!bc_expire(cache, NULL, NULL);
	if (which & 128)
		(void)!bc_place(cache, gallery_keys[7], BC_PLACE_COLD, NULL,
		                NULL);
	if (which & 256)
		(void)!bc_place(cache, gallery_keys[10], BC_PLACE_WARM, NULL,
		                NULL);
	if (which & 512)
		(void)!bc_compact(cache, NULL, NULL, NULL);
	if (which & 1024)
		(void)!bc_remove(cache, gallery_keys[3], NULL);
	if (which & 2048)
		(void)!bc_repair(cache, NULL, NULL, NULL);
}

enum bc_status
gallery_fetch(struct bc_fetch *fetch, size_t key, struct bc_error *err)
{
	struct test_value value;
	enum bc_status status;

	test_value_frame(&value, fetch->key, VERSION, SEED, sizes->rows[key]);
	status = bc_fetch_put(fetch, &value.frame, NULL, err);
	test_value_free(&value);
	return status;
}

/* ---- all of that ------------------------------------------------------- */

struct gallery_found
gallery_use(const char *path, enum bc_status *opened)
{
	struct gallery_found found = { 0 }, more;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	*opened = bc_open(path, NULL, &cache, &err);
	if (*opened != BC_OK) {
		if (cache != NULL || err.status != *opened)
			abort();
		return found;
	}
	found = gallery_read(cache);
	gallery_look(cache, path);
	gallery_change(cache, 1 | 16);
	more = gallery_read(cache);
	found.wrong += more.wrong;
	found.short_ += more.short_;
	bc_close(cache);
	return found;
}
