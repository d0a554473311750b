/* SPDX-License-Identifier: MIT */
/*
 * value.c - the values of a model's rows: each is a mix of the time, the
 * version and the name of its column, with few different volumes, flags and
 * strings, so that rows of two versions are sometimes the same.
 */
#include "model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IMPOSSIBLE_VERSION 15 /* versions of which some bars are impossible */

const struct model_shape model_shapes[MODEL_SHAPES] = {
	{ "binance/spot/BTCUSDT/1m",
	  MODEL_MINUTE,
	  5,
	  { { "open", BC_F64 },
	    { "high", BC_F64 },
	    { "low", BC_F64 },
	    { "close", BC_F64 },
	    { "volume", BC_F64 } } },
	{ "binance/perp/ETH%2FUSDT/1M@mark",
	  0,
	  6,
	  { { "mark", BC_I64 },
	    { "ratio", BC_F32 },
	    { "flag", BC_U8 },
	    { "trades", BC_I32 },
	    { "price", BC_F64 },
	    { "volume", BC_F32 } } },
	{ "texts",
	  0,
	  3,
	  { { "symbol", BC_TEXT },
	    { "price", BC_F32 },
	    { "volume", BC_I64 } } },
	{ "flags of one byte",
	  0,
	  2,
	  { { "flag", BC_U8 }, { "volume", BC_U8 } } },
};

const char *
model_text(uint32_t number)
{
	static char texts[MODEL_TEXTS][24];

	if (texts[0][0] == '\0')
		for (unsigned i = 0; i < MODEL_TEXTS; i++)
			snprintf(texts[i], sizeof(texts[i]), "S%u %.*s", i,
			         (int)(i % 12), "abcdefghijklm");
	return texts[number % MODEL_TEXTS];
}

/* Prices whose high and low are right, unless they are to be impossible. */
static double
value_price(const char *name, struct model_row row, uint64_t word)
{
	double open = 100 + (double)(word & 0xffff) / 64;
	double close = open + (double)((word >> 16) & 0xff) / 64 - 2;
	double high = fmax(open, close) + (double)((word >> 24) & 0xff) / 64;
	double low = fmin(open, close) - (double)((word >> 32) & 0xff) / 64;

	if (row.version % 16 == IMPOSSIBLE_VERSION && word >> 62 == 3)
		high = low - 1;
	switch (name[0]) {
	case 'o':
		return open;
	case 'h':
		return high;
	case 'l':
		return low;
	default:
		return close;
	}
}

static double
value_volume(uint64_t word)
{
	return word % 16 == 0 ? NAN : (double)(word % 16 / 2);
}

union model_value
model_value(const struct model_shape *shape, uint32_t column,
            struct model_row row)
{
	const char *name = shape->columns[column].name;
	uint64_t word = test_mix((uint64_t)row.time_ns, row.version);
	uint64_t own = test_mix(word, (uint64_t)name[0]);
	union model_value value;

	memset(&value, 0, sizeof(value));
	switch (shape->columns[column].type) {
	case BC_I64:
		value.i64 = name[0] == 'v' ? (int64_t)(own % 8) : (int64_t)own;
		break;
	case BC_F64:
		value.f64 = name[0] == 'v' ? value_volume(own)
		                           : value_price(name, row, word);
		break;
	case BC_I32:
		value.i32 = (int32_t)(own >> 32);
		break;
	case BC_F32:
		value.f32 =
			(float)(name[0] == 'v' ? value_volume(own)
		                               : value_price(name, row, word));
		break;
	case BC_U8:
		value.u8 = (uint8_t)(own % 4);
		break;
	case BC_TEXT:
		/* Strings that come later than others. */
		value.text =
			(uint32_t)(own % 5 + 2 * row.version) % MODEL_TEXTS;
		break;
	}
	return value;
}

bool
model_same(const struct model_shape *shape, struct model_row one,
           struct model_row other)
{
	for (uint32_t i = 0; i < shape->column_count; i++) {
		union model_value a = model_value(shape, i, one);
		union model_value b = model_value(shape, i, other);

		if (memcmp(&a, &b, sizeof(a)) != 0)
			return false;
	}
	return true;
}

bool
model_impossible(const struct model_shape *shape, struct model_row row)
{
	return strcmp(shape->columns[0].name, "open") == 0 &&
	       row.version % 16 == IMPOSSIBLE_VERSION &&
	       test_mix((uint64_t)row.time_ns, row.version) >> 62 == 3;
}

/* ---- frames -------------------------------------------------------------- */

static void
frame_write(void *data, enum bc_type type, size_t row, union model_value value,
            unsigned turn)
{
	uint32_t code;

	switch (type) {
	case BC_I64:
		((int64_t *)data)[row] = value.i64;
		break;
	case BC_F64:
		((double *)data)[row] = value.f64;
		break;
	case BC_I32:
		((int32_t *)data)[row] = value.i32;
		break;
	case BC_F32:
		((float *)data)[row] = value.f32;
		break;
	case BC_U8:
		((uint8_t *)data)[row] = value.u8;
		break;
	case BC_TEXT:
		code = (value.text + 7 * turn) % MODEL_TEXTS;
		((uint32_t *)data)[row] = code;
		break;
	}
}

void
model_frame_make(struct model_frame *frame, const struct model_shape *shape,
                 const struct model_rows *rows, unsigned turn)
{
	size_t count = rows->count, i, row;
	int64_t *time;
	char *at;

	memset(frame, 0, sizeof(*frame));
	at = frame->memory = calloc(count + 1, 8 * (MODEL_COLUMNS + 1));
	if (at == NULL)
		abort();
	time = (int64_t *)(void *)at;
	for (row = 0; row < count; row++)
		time[row] = rows->items[row].time_ns;
	for (i = 0; i < MODEL_TEXTS; i++)
		frame->dictionary[(i + 7 * turn) % MODEL_TEXTS] =
			model_text((uint32_t)i);
	for (i = 0; i < shape->column_count; i++) {
		uint32_t from = (uint32_t)(i + turn) % shape->column_count;
		struct bc_column *column = &frame->columns[i];

		at += 8 * count;
		column->name = shape->columns[from].name;
		column->type = shape->columns[from].type;
		column->data = at;
		if (column->type == BC_TEXT) {
			column->dictionary = frame->dictionary;
			column->dictionary_count = MODEL_TEXTS;
		}
		for (row = 0; row < count; row++)
			frame_write(at, column->type, row,
			            model_value(shape, from, rows->items[row]),
			            turn);
	}
	frame->frame.rows = count;
	frame->frame.time_ns = time;
	frame->frame.columns = frame->columns;
	frame->frame.column_count = shape->column_count;
}

void
model_frame_free(struct model_frame *frame)
{
	free(frame->memory);
	memset(frame, 0, sizeof(*frame));
}
