/* SPDX-License-Identifier: MIT */
/*
 * content.c - making the values of the golden cache and putting them.
 *
 * They are chosen to take every way through the format: each column type, rows
 * below and above the number from which columns begin on pages, one block and
 * several, values in their record, in a bundle, alone with and without filling,
 * details with and without a request, and the numbers that are easy to get
 * wrong (NaN with a payload, -0, infinities, the ends of integers).
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "barcache.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "content.h"

#define BEGIN_NS 1577836800000000000 /* 2020-01-01 */
#define END_NS 7258118400000000000   /* 2200-01-01 */
#define MINUTE_NS 60000000000
#define SYMBOLS 600

enum shape { BLOB, ALL, SMALL, BARS };

/* Columns of a shape; the longest name there may be is among them. */
struct column {
	const char *name;
	enum bc_type type;
};

static const struct column columns_all[] = {
	{ "id", BC_I64 },
	{ "price", BC_F64 },
	{ "a-name-of-63-bytes-is-the-longest-name-that-a-column-may-have--",
	  BC_I32 },
	{ "ratio", BC_F32 },
	{ "flags", BC_U8 },
	{ "venue", BC_TEXT },
	{ "side", BC_TEXT },
	{ NULL, BC_I64 },
};
static const struct column columns_small[] = {
	{ "price", BC_F64 }, { "venue", BC_TEXT }, { NULL, BC_I64 }
};
static const struct column columns_bars[] = {
	{ "open", BC_F64 },  { "high", BC_F64 }, { "low", BC_F64 },
	{ "close", BC_F64 }, { NULL, BC_I64 }
};

static const struct column *const columns_of[] = {
	[ALL] = columns_all, [SMALL] = columns_small, [BARS] = columns_bars
};

static const char *const venues[] = { "binance", "", "B\u00f6rse \u20ac" };
static const char *const sides[] = { "buy", "sell" };

static const struct recipe {
	const char *key; /* NULL: that of its request */
	enum shape shape;
	bool arrays;   /* without time */
	uint64_t size; /* rows or bytes */
	size_t symbols; /* of the request; 0: none */
} recipes[GOLDEN_VALUES] = {
	{ "golden/types", ALL, false, 60, 0 },
	{ "golden/paged", ALL, false, 4100, 0 },
	{ "golden/inline", SMALL, false, 10, 0 },
	{ "golden/empty", ALL, false, 0, 0 },
	{ "golden/blob", BLOB, false, 70000, 0 },
	{ "golden/blob/empty", BLOB, false, 0, 0 },
	{ "golden/arrays", ALL, true, 300, 0 },
	{ "golden/expires", BLOB, false, 40, 0 },
	{ "golden/suspect", BARS, false, 30, 0 },
	{ "golden/replaced", SMALL, false, 500, 0 },
	{ "golden/batch/0", SMALL, false, 1, 0 },
	{ "golden/batch/1", SMALL, false, 17, 0 },
	{ "golden/batch/2", BLOB, false, 77, 0 },
	{ "golden/batch/3", BARS, false, 64, 0 },
	{ "golden/batch/4", ALL, true, 2, 0 },
	{ NULL, BARS, false, 390, 2 },
	{ NULL, BARS, false, 78, SYMBOLS },
	{ "golden/\u043a\u043b\u044e\u0447 \"\\ \u20ac", BLOB, false, 3, 0 },
};

/* ---- columns ----------------------------------------------------------- */

static double
price(uint64_t row)
{
	static const uint64_t special[] = {
		0x7ff8000000000abc, /* NaN with a payload */
		0x8000000000000000, /* -0 */
		0x7ff0000000000000, /* infinity */
		0xfff0000000000000,
		0x0000000000000001, /* the smallest there is */
	};
	double value = 100 + (double)(row % 1000) / 4;

	if (row < sizeof(special) / sizeof(special[0]))
		memcpy(&value, &special[row], sizeof(value));
	return value;
}

/* A bar; of index 8 every tenth has its high below its low. */
static double
bar(const char *name, unsigned index, uint64_t row)
{
	double open = 50 + (double)(row % 64) / 8;

	if (strcmp(name, "open") == 0)
		return open;
	if (strcmp(name, "high") == 0)
		return index == 8 && row % 10 == 9 ? 1 : open + 2;
	return strcmp(name, "low") == 0 ? open - 2 : open + 0.5;
}

/* Times; of odd indexes not all steps are equal. */
static int64_t
moment(unsigned index, uint64_t row)
{
	return BEGIN_NS + (int64_t)row * MINUTE_NS +
	       (index % 2 == 1 && row % 7 == 3 ? 1 : 0);
}

static int64_t
number(uint64_t row)
{
	if (row < 2)
		return row == 0 ? INT64_MIN : INT64_MAX;
	return (int64_t)(row % 128) * 1000003 - 500000;
}

/* Write one element of a column. */
static void
element_write(void *to, const struct bc_column *column, unsigned index,
              uint64_t row)
{
	const int32_t medium =
	        row == 0 ? INT32_MIN : 7 - (int32_t)(row % 256) * 5;
	const float ratio = (float)(row % 256) / 8;
	const uint8_t narrow = (uint8_t)(row * 31);
	const uint32_t code = (uint32_t)(row % column->dictionary_count);
	const int64_t wide = number(row);
	const double real = strcmp(column->name, "price") == 0
	                            ? price(row)
	                            : bar(column->name, index, row);
	const void *from[] = {
		[BC_I64] = &wide,  [BC_F64] = &real,   [BC_I32] = &medium,
		[BC_F32] = &ratio, [BC_U8] = &narrow, [BC_TEXT] = &code,
	};

	memcpy(to, from[column->type], bc_type_bytes(column->type));
}

static void *
memory_of(uint64_t bytes)
{
	void *memory = calloc(1, (size_t)bytes + 8);

	if (memory == NULL)
		abort();
	return memory;
}

static void
frame_make(struct golden_value *value, unsigned index)
{
	const struct recipe *recipe = &recipes[index];
	const struct column *from = columns_of[recipe->shape];
	uint64_t rows = recipe->size;
	char *to = value->memory = memory_of(8 * rows * 8);
	int64_t *time_ns = (int64_t *)(void *)to;

	value->frame.rows = rows;
	if (!recipe->arrays) {
		value->frame.time_ns = time_ns;
		for (uint64_t row = 0; row < rows; row++)
			time_ns[row] = moment(index, row);
		to += 8 * rows;
	}
	for (; from->name != NULL; from++) {
		struct bc_column *column =
		        &value->columns[value->frame.column_count++];
		bool venue = strcmp(from->name, "venue") == 0;

		column->name = from->name;
		column->type = from->type;
		column->data = to;
		column->dictionary = venue ? venues : sides;
		column->dictionary_count = venue ? 3 : 2;
		for (uint64_t row = 0; row < rows; row++) {
			element_write(to, column, index, row);
			to += bc_type_bytes(from->type);
		}
		to += -(uintptr_t)to % 8;
	}
	value->frame.columns = value->columns;
}

/* ---- requests ---------------------------------------------------------- */

/* Symbols of a request, in the order opposite to the canonical one. */
static const char *const *
symbols_make(size_t count)
{
	char **symbols = memory_of(count * sizeof(*symbols));

	for (size_t i = 0; i < count; i++) {
		symbols[i] = memory_of(32);
		snprintf(symbols[i], 32, "\u00dcSYM%04zu", count - i);
	}
	return (const char *const *)symbols;
}

static void
request_make(struct golden_value *value, size_t symbols)
{
	value->requested = true;
	value->request = (struct bc_request){
		.symbols = symbols_make(symbols),
		.symbol_count = symbols,
		.start = "2020-01-01",
		.end = "2020-12-31",
		.resolution = "1m",
		.source = "golden \"source\"",
	};
	if (bc_key_request(&value->request, value->key, NULL) != BC_OK)
		abort();
}

/* ---- values ------------------------------------------------------------ */

void
golden_value_make(struct golden_value *value, unsigned index)
{
	const struct recipe *recipe = &recipes[index];

	*value = (struct golden_value){ .kind = BC_BLOB };
	if (recipe->key != NULL)
		snprintf(value->key, sizeof(value->key), "%s", recipe->key);
	else
		request_make(value, recipe->symbols);
	if (recipe->shape == BLOB) {
		unsigned char *to = value->memory = memory_of(recipe->size);

		value->bytes = recipe->size;
		for (uint64_t i = 0; i < recipe->size; i++)
			to[i] = (unsigned char)(i % 251 + index);
	} else {
		value->kind = recipe->arrays ? BC_ARRAYS : BC_FRAME;
		frame_make(value, index);
	}
	if (strcmp(value->key, "golden/expires") == 0)
		value->expires_ns = END_NS;
	if (strcmp(value->key, "golden/suspect") == 0) {
		value->flags = BC_PUT_SUSPECT;
		value->dataset_id = UINT64_MAX - 1;
		value->cost_ns = 123456789;
	}
}

void
golden_value_free(struct golden_value *value)
{
	for (size_t i = 0; i < value->request.symbol_count; i++)
		free((void *)(uintptr_t)value->request.symbols[i]);
	free((void *)(uintptr_t)value->request.symbols);
	free(value->memory);
}

enum bc_status
golden_value_put(struct bc_cache *cache, struct bc_batch *batch,
                 const struct golden_value *value, const char *key,
                 struct bc_error *err)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	options.flags = value->flags;
	options.dataset_id = value->dataset_id;
	options.cost_ns = value->cost_ns;
	if (value->requested)
		options.request = &value->request;
	if (value->expires_ns != 0)
		options.ttl_ns = value->expires_ns -
		                 (int64_t)now.tv_sec * 1000000000 - now.tv_nsec;
	if (key == NULL && !value->requested)
		key = value->key;
	if (value->kind != BC_BLOB && batch != NULL)
		return bc_batch_put(batch, key, &value->frame, &options, NULL,
		                    err);
	if (value->kind != BC_BLOB)
		return bc_put(cache, key, &value->frame, &options, NULL, err);
	if (batch != NULL)
		return bc_batch_put_blob(batch, key, value->memory,
		                         value->bytes, &options, err);
	return bc_put_blob(cache, key, value->memory, value->bytes, &options,
	                   err);
}

/* A column of texts; codes may be others than those that were put. */
static bool
texts_are(const struct bc_column *column, const struct bc_view *view,
          uint32_t index)
{
	const uint32_t *codes = bc_view_column(view, index);
	const uint32_t *put = column->data;

	for (uint64_t row = 0; row < view->rows; row++) {
		const char *word = column->dictionary[put[row]];
		size_t bytes = 0;
		const char *text =
			bc_view_text(view, index, codes[row], &bytes);

		if (text == NULL || bytes != strlen(word) ||
		    memcmp(text, word, bytes) != 0)
			return false;
	}
	return true;
}

bool
golden_value_is(const struct golden_value *value, const struct bc_view *view)
{
	const uint64_t rows = value->frame.rows;

	if (view->kind != value->kind || view->rows != rows)
		return false;
	if (value->kind == BC_BLOB)
		return view->bytes == value->bytes &&
		       (view->bytes == 0 ||
		        memcmp(view->data, value->memory, view->bytes) == 0);
	if (value->frame.time_ns != NULL &&
	    memcmp(bc_view_time(view), value->frame.time_ns, 8 * rows) != 0)
		return false;
	for (uint32_t i = 0; i < value->frame.column_count; i++) {
		const struct bc_column *column = &value->columns[i];
		const size_t bytes = rows * bc_type_bytes(column->type);
		int index = bc_schema_find(view->schema, column->name);

		if (index < 0 ||
		    view->schema->columns[index].type != column->type)
			return false;
		if (column->type == BC_TEXT
		            ? !texts_are(column, view, (uint32_t)index)
		            : memcmp(bc_view_column(view, (uint32_t)index),
		                     column->data, bytes) != 0)
			return false;
	}
	return true;
}
