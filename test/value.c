/* SPDX-License-Identifier: MIT */
/*
 * value.c - values whose bytes derive from (key, version, seed).
 *
 * Word i of a value is a mix of these, the size and i.  A frame has bars made
 * of words, and words themselves as the column "mark"; a blob is its words.
 * Word 0 is the version, so that a reader knows what to compare the rest with.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_COLUMNS 7 /* with the time */
#define MINUTE_NS 60000000000LL

uint64_t
test_mix(uint64_t a, uint64_t b)
{
	uint64_t x = a + (b + 1) * 0x9E3779B97F4A7C15u;

	x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
	x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
	return x ^ (x >> 31);
}

uint64_t
test_mix_next(uint64_t *state)
{
	*state = *state * 6364136223846793005U + 1442695040888963407U;
	return *state >> 33;
}

/* What the words of a value of 'size' rows or bytes are mixed from. */
static uint64_t
value_base(const char *key, uint64_t version, uint64_t seed, uint64_t size)
{
	uint64_t base = seed;

	for (; *key != '\0'; key++)
		base = test_mix(base, (unsigned char)*key);
	return test_mix(test_mix(base, version), size);
}

static uint64_t
value_word(uint64_t base, uint64_t version, uint64_t index)
{
	return index == 0 ? version : test_mix(base, index);
}

/* One row of a frame, in the order of its columns. */
struct row {
	int64_t time, mark;
	double open, high, low, close, volume;
};

static struct row
value_row(uint64_t base, uint64_t version, uint64_t index)
{
	uint64_t word = test_mix(base, index ^ 0x5555);
	struct row row;

	row.time = (int64_t)(index + version % 1000) * MINUTE_NS;
	row.mark = (int64_t)value_word(base, version, index);
	row.open = 100 + (double)(word & 0xffff) / 64;
	row.close = row.open + (double)((word >> 16) & 0xff) / 64;
	row.high = row.close + (double)((word >> 24) & 0xff) / 64;
	row.low = row.open - (double)((word >> 32) & 0xff) / 64;
	row.volume = (double)(word >> 40);
	return row;
}

/* Rows of a frame, or 0 for a blob, whose bytes go to *bytes. */
static uint64_t
value_size(uint64_t word, uint64_t *bytes)
{
	uint64_t sixteenth = word % 16;

	if (sixteenth < 4) {
		*bytes = 8 * (5 + (word >> 8) % 100);
		return 0;
	}
	if (sixteenth < 9)
		return 20;
	if (sixteenth < 13)
		return 100 + (word >> 8) % 400;
	if (sixteenth < 15)
		return 2000 + (word >> 8) % 100;
	return 9000;
}

static void
value_begin(struct test_value *value, const char *key, uint64_t version,
            uint64_t seed)
{
	memset(value, 0, sizeof(*value));
	if (version == 0 || strlen(key) >= sizeof(value->key))
		abort();
	memcpy(value->key, key, strlen(key) + 1);
	value->version = version;
	value->seed = seed;
}

static void *
value_memory(uint64_t words)
{
	void *memory = malloc((size_t)words * 8);

	if (memory == NULL)
		abort();
	return memory;
}

void
test_value_frame(struct test_value *value, const char *key, uint64_t version,
                 uint64_t seed, uint64_t rows)
{
	static const char *const names[] = { "open",  "high",   "low",
		                             "close", "volume", "mark" };
	uint64_t base = value_base(key, version, seed, rows), i;
	double *price;
	int64_t *time, *mark;

	value_begin(value, key, version, seed);
	value->kind = BC_FRAME;
	value->data = value_memory(FRAME_COLUMNS * rows);
	time = value->data;
	price = (double *)value->data + rows;
	mark = time + 6 * rows;
	for (i = 0; i < rows; i++) {
		struct row row = value_row(base, version, i);

		time[i] = row.time;
		price[i] = row.open;
		price[rows + i] = row.high;
		price[2 * rows + i] = row.low;
		price[3 * rows + i] = row.close;
		price[4 * rows + i] = row.volume;
		mark[i] = row.mark;
	}
	for (i = 0; i < 6; i++) {
		value->columns[i].name = names[i];
		value->columns[i].type = i < 5 ? BC_F64 : BC_I64;
		value->columns[i].data = price + i * rows;
	}
	value->frame.rows = rows;
	value->frame.time_ns = time;
	value->frame.columns = value->columns;
	value->frame.column_count = 6;
}

void
test_value_blob(struct test_value *value, const char *key, uint64_t version,
                uint64_t seed, uint64_t bytes)
{
	uint64_t base = value_base(key, version, seed, bytes), i;
	uint64_t *words;

	value_begin(value, key, version, seed);
	value->kind = BC_BLOB;
	value->bytes = bytes;
	value->data = words = value_memory(bytes / 8);
	for (i = 0; i < bytes / 8; i++)
		words[i] = value_word(base, version, i);
}

void
test_value_make(struct test_value *value, const char *key, uint64_t version,
                uint64_t seed)
{
	uint64_t bytes = 0, rows;

	rows = value_size(value_base(key, version, seed, 0), &bytes);
	if (rows == 0)
		test_value_blob(value, key, version, seed, bytes);
	else
		test_value_frame(value, key, version, seed, rows);
}

void
test_value_free(struct test_value *value)
{
	free(value->data);
	memset(value, 0, sizeof(*value));
}

enum bc_status
test_value_put(struct bc_cache *cache, const struct test_value *value,
               struct bc_error *err)
{
	if (value->kind == BC_BLOB)
		return bc_put_blob(cache, value->key, value->data,
		                   value->bytes, NULL, err);
	return bc_put(cache, value->key, &value->frame, NULL, NULL, err);
}

enum bc_status
test_value_add(struct bc_batch *batch, const struct test_value *value,
               struct bc_error *err)
{
	if (value->kind == BC_BLOB)
		return bc_batch_put_blob(batch, value->key, value->data,
		                         value->bytes, NULL, err);
	return bc_batch_put(batch, value->key, &value->frame, NULL, NULL, err);
}

enum bc_status
test_put(struct bc_cache *cache, const char *key, uint64_t version,
         uint64_t seed, struct bc_error *err)
{
	struct test_value value;
	enum bc_status status;

	test_value_make(&value, key, version, seed);
	status = test_value_put(cache, &value, err);
	test_value_free(&value);
	return status;
}

enum bc_status
test_put_rows(struct bc_cache *cache, const char *key, uint64_t version,
              uint64_t seed, uint64_t rows, struct bc_error *err)
{
	struct test_value value;
	enum bc_status status;

	test_value_frame(&value, key, version, seed, rows);
	status = test_value_put(cache, &value, err);
	test_value_free(&value);
	return status;
}

/* A batch borrows its values until the commit, so they are all kept. */
enum bc_status
test_batch(struct bc_cache *cache, unsigned count, test_batch_make *make,
           const void *context, struct bc_error *err)
{
	struct test_value values[TEST_BATCH_MOST];
	struct bc_batch *batch = NULL;
	enum bc_status status;
	unsigned made = 0, i;

	require(count <= TEST_BATCH_MOST);
	status = bc_batch_begin(cache, &batch, err);
	for (i = 0; status == BC_OK && i < count; i++) {
		struct test_value *value = &values[made];

		if (make(context, i, value)) {
			made++;
			status = test_value_add(batch, value, err);
		} else {
			status = bc_batch_remove(batch, value->key, err);
		}
	}
	if (status == BC_OK)
		status = bc_batch_commit(&batch, err);
	else
		bc_batch_abort(batch);
	while (made > 0)
		test_value_free(&values[--made]);
	return status;
}

static uint64_t
view_blob_version(const struct bc_view *view, const char *key, uint64_t seed)
{
	uint64_t version, word, base, i;

	if (view->bytes < 8 || view->bytes % 8 != 0)
		return 0;
	memcpy(&version, view->data, 8);
	base = value_base(key, version, seed, view->bytes);
	for (i = 1; i < view->bytes / 8; i++) {
		memcpy(&word, (const char *)view->data + 8 * i, 8);
		if (word != test_mix(base, i))
			return 0;
	}
	return version;
}

static uint64_t
view_frame_version(const struct bc_view *view, const char *key, uint64_t seed)
{
	const int64_t *time = bc_view_time(view);
	const int64_t *mark = bc_view_find(view, "mark", BC_I64);
	const double *open = bc_view_f64(view, "open");
	const double *high = bc_view_f64(view, "high");
	const double *low = bc_view_f64(view, "low");
	const double *close = bc_view_f64(view, "close");
	const double *volume = bc_view_f64(view, "volume");
	uint64_t version, base, i;

	if (!time || !mark || !open || !high || !low || !close || !volume ||
	    view->rows == 0 || view->schema->column_count != FRAME_COLUMNS)
		return 0;
	version = (uint64_t)mark[0];
	base = value_base(key, version, seed, view->rows);
	for (i = 0; i < view->rows; i++) {
		struct row row = value_row(base, version, i);

		if (time[i] != row.time || open[i] != row.open ||
		    high[i] != row.high || low[i] != row.low ||
		    close[i] != row.close || volume[i] != row.volume ||
		    mark[i] != row.mark)
			return 0;
	}
	return version;
}

uint64_t
test_view_version(const struct bc_view *view, const char *key, uint64_t seed)
{
	if (view->kind == BC_BLOB)
		return view_blob_version(view, key, seed);
	if (view->kind == BC_FRAME)
		return view_frame_version(view, key, seed);
	return 0;
}

uint64_t
test_get(struct bc_cache *cache, const char *key, uint64_t seed)
{
	struct bc_view view;
	uint64_t version;

	assert_status(bc_get(cache, key, &view), BC_OK, NULL);
	version = test_view_version(&view, key, seed);
	bc_view_release(&view);
	return version;
}

struct bc_cache *
test_create(const char *path, unsigned flags, uint64_t seed)
{
	struct bc_cache *cache = test_open(path, BC_OPEN_CREATE | flags);
	struct bc_error err;

	assert_status(test_put_rows(cache, "a", 1, seed, 300, &err), BC_OK,
	              &err);
	return cache;
}
