/* SPDX-License-Identifier: MIT */
/*
 * cold.c - frames with a column of each type.
 */
#include "cold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLD_WORDS 5

static const char *const cold_words[] = { "BTC", "ETH", "", "EUR/USD",
	                                  "\xc3\xa4" };

static const struct {
	const char *name;
	enum bc_type type;
} cold_types[COLD_COLUMNS] = {
	{ "open", BC_F64 },  { "high", BC_F64 },   { "low", BC_F64 },
	{ "close", BC_F64 }, { "volume", BC_F64 }, { "count", BC_I64 },
	{ "wap", BC_F32 },   { "flag", BC_U8 },    { "symbol", BC_TEXT },
};

/* Element 'row' of column 'index'; every third volume is no decimal. */
static void
cold_element(struct cold_frame *out, size_t index, uint64_t row, uint64_t seed)
{
	const uint64_t mixed = test_mix(seed + index, row);
	const double price = 100 + (double)(test_mix(seed, row) % 1000) / 100;

	switch (cold_types[index].type) {
	case BC_F64:
		((double *)out->data[index])[row] =
			index == 1   ? price + 1
			: index == 2 ? price - 1
			: index != 4 ? price
			: mixed % 3  ? (double)(mixed % 100000) / 1000
				     : (double)mixed / 7;
		break;
	case BC_I64:
		((int64_t *)out->data[index])[row] = (int64_t)(mixed % 5000);
		break;
	case BC_F32:
		((float *)out->data[index])[row] = (float)(mixed % 977) / 7;
		break;
	case BC_U8:
		((uint8_t *)out->data[index])[row] = mixed % 50 == 0;
		break;
	default:
		((uint32_t *)out->data[index])[row] =
			(uint32_t)(mixed % COLD_WORDS);
	}
}

void
cold_frame_make(struct cold_frame *out, uint64_t rows, uint64_t gap,
                int64_t from_ns, uint64_t seed)
{
	int64_t time_ns = from_ns;

	*out = (struct cold_frame){ .frame = { .rows = rows } };
	out->time_ns = malloc(8 * rows + 8);
	assert_non_null(out->time_ns);
	for (uint64_t i = 0; i < rows; i++) {
		out->time_ns[i] = time_ns;
		time_ns += MINUTE;
		if (gap != 0 && test_mix(seed, i) % gap == 0)
			time_ns += (int64_t)(test_mix(i, seed) % 99) * MINUTE;
	}
	for (size_t k = 0; k < COLD_COLUMNS; k++) {
		out->data[k] = malloc(8 * rows + 8);
		assert_non_null(out->data[k]);
		for (uint64_t i = 0; i < rows; i++)
			cold_element(out, k, i, seed);
		out->columns[k] = (struct bc_column){
			.name = cold_types[k].name,
			.type = cold_types[k].type,
			.data = out->data[k],
		};
	}
	out->columns[8].dictionary = cold_words;
	out->columns[8].dictionary_count = COLD_WORDS;
	out->frame.time_ns = out->time_ns;
	out->frame.columns = out->columns;
	out->frame.column_count = COLD_COLUMNS;
}

void
cold_frame_free(struct cold_frame *frame)
{
	free(frame->time_ns);
	for (size_t k = 0; k < COLD_COLUMNS; k++)
		free(frame->data[k]);
}

void
cold_frame_say_much(struct cold_frame *frame, uint64_t seed)
{
	static char texts[COLD_MANY][32];
	static const char *words[COLD_MANY];

	for (uint32_t i = 0; i < COLD_MANY; i++) {
		snprintf(texts[i], sizeof(texts[i]), "venue %u, trader %05u",
		         i % 7, i);
		words[i] = texts[i];
	}
	for (uint64_t i = 0; i < frame->frame.rows; i++)
		((uint32_t *)frame->data[8])[i] =
			(uint32_t)(test_mix(seed, i) % COLD_MANY);
	frame->columns[8].dictionary = words;
	frame->columns[8].dictionary_count = COLD_MANY;
}

/* Whether code 'row' of a view's column of text stands for the right word. */
static bool
cold_word_is(const struct bc_view *view, uint32_t column, uint64_t row,
             uint32_t word)
{
	const uint32_t *codes = bc_view_column(view, column);
	size_t bytes;
	const char *text = bc_view_text(view, column, codes[row], &bytes);

	return text != NULL && bytes == strlen(cold_words[word]) &&
	       memcmp(text, cold_words[word], bytes) == 0;
}

bool
cold_frame_is(const struct cold_frame *frame, const struct bc_view *view,
              uint64_t first)
{
	if (first + view->rows > frame->frame.rows ||
	    view->schema->column_count != COLD_COLUMNS + 1 ||
	    memcmp(bc_view_time(view), frame->time_ns + first,
	           8 * view->rows) != 0)
		return false;
	for (uint32_t k = 0; k < COLD_COLUMNS; k++) {
		const size_t bytes = bc_type_bytes(cold_types[k].type);
		const char *values = frame->data[k];
		uint32_t word;

		if (cold_types[k].type != BC_TEXT) {
			if (memcmp(bc_view_column(view, k + 1),
			           values + first * bytes,
			           view->rows * bytes) != 0)
				return false;
			continue;
		}
		for (uint64_t i = 0; i < view->rows; i += 1 + i / 64) {
			memcpy(&word, values + (first + i) * bytes, 4);
			if (!cold_word_is(view, k + 1, i, word))
				return false;
		}
	}
	return true;
}

void
cold_expect(const struct bc_view *view, const struct cold_frame *frame)
{
	assert_true(view->rows == frame->frame.rows);
	assert_true(cold_frame_is(frame, view, 0));
}
