/* SPDX-License-Identifier: MIT */
/*
 * specimen.c - see table.h.  Prices are a random walk of integers; what they
 * are divided by is a power of ten, so that the only rounding is the one that
 * makes them the double that their decimal reads as.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "specimen.h"

#define MINUTE_NS INT64_C(60000000000)

static void *
specimen_room(uint64_t count, size_t bytes)
{
	void *memory = calloc(count + 1, bytes);

	if (memory == NULL)
		abort();
	return memory;
}

static void
specimen_add(struct specimen *table, enum bc_type type, enum bci_pack_role role,
             unsigned set, void *values)
{
	struct bci_pack_column *column = &table->columns[table->count++];

	column->type = type;
	column->role = role;
	column->set = set;
	column->codec = BCI_CODEC_AUTO;
	column->values = values;
}

static void
specimen_add_times(struct specimen *table, enum specimen_kind kind,
                   uint64_t *state)
{
	int64_t *times = specimen_room(table->rows, sizeof(*times));
	uint64_t now = UINT64_C(1700000000000000000);

	for (uint64_t i = 0; i < table->rows; i++) {
		now += MINUTE_NS;
		if (kind != SPECIMEN_CONSTANT &&
		    specimen_random(state) % 97 == 0)
			now += MINUTE_NS * (specimen_random(state) % 1000);
		if (kind == SPECIMEN_NOISE)
			now = specimen_random(state);
		if (kind == SPECIMEN_STILL && specimen_random(state) % 3 == 0)
			now += MINUTE_NS * (specimen_random(state) % 30);
		times[i] = (int64_t)now;
	}
	specimen_add(table, BC_I64, BCI_PACK_ROLE_TIME, 0, times);
}

/* A bar in ticks: open, high, low, close. */
static void
specimen_bar(enum specimen_kind kind, uint64_t *state, int64_t *price,
             int64_t bar[4])
{
	int64_t body = (int64_t)(specimen_random(state) % 41) - 20;
	int64_t jump = (int64_t)(specimen_random(state) % 4) - 1;

	if (kind == SPECIMEN_CONSTANT ||
	    (kind == SPECIMEN_STILL && specimen_random(state) % 3 != 0))
		body = jump = 0;
	if (specimen_random(state) % 200 == 0 && kind != SPECIMEN_CONSTANT)
		body *= 100;
	bar[0] = *price + (jump > 1 ? jump : 0);
	bar[3] = bar[0] + body;
	bar[1] = (body > 0 ? bar[3] : bar[0]) + (body != 0 ? jump + 1 : 0);
	bar[2] = (body > 0 ? bar[0] : bar[3]) - (body != 0 ? jump + 1 : 0);
	if (kind == SPECIMEN_NEGATIVE && specimen_random(state) % 50 == 0) {
		bar[1] -= 30;
		bar[2] += 30;
	}
	*price = bar[3];
}

static double
specimen_bits(uint64_t bits)
{
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* A value that is no decimal: infinities, NaNs, zeros, denormals, others. */
static double
specimen_stray(uint64_t *state)
{
	static const uint64_t bits[] = {
		0x7FF0000000000000, 0xFFF0000000000000, 0x7FF8000000000000,
		0xFFF8000000000001, 0x7FF0000000000001, 0x7FF4000000ABCDEF,
		0x8000000000000000, 0x0000000000000001, 0x800FFFFFFFFFFFFF,
		0x3FB999999999999B, 0x3FD3333333333334,
	};

	return specimen_bits(bits[specimen_random(state) %
	                          (sizeof(bits) / sizeof(bits[0]))]);
}

/* The price of so many ticks as a double. */
static double
specimen_price(enum specimen_kind kind, int64_t ticks, uint64_t *state)
{
	switch (kind) {
	case SPECIMEN_COINS:
		return (double)(ticks * 1237) / 1e8;
	case SPECIMEN_QUARTERS:
		return (double)ticks * 0.25;
	case SPECIMEN_STRAY:
		if (specimen_random(state) % 50 == 0)
			return (double)(ticks * 100 + 37) / 1e4;
		if (specimen_random(state) % 300 == 0)
			return specimen_stray(state);
		return (double)ticks / 100;
	case SPECIMEN_FLOATS:
		return (double)((float)ticks * 0.0001234f);
	case SPECIMEN_DOUBLES:
		return (double)ticks * 0.0123456789012345;
	case SPECIMEN_NOISE:
		return specimen_bits(specimen_random(state));
	case SPECIMEN_NAN:
		return specimen_bits(0xFFF8000000000123);
	default:
		return (double)ticks / 100;
	}
}

/* Store 'ticks' as element 'i' of a column of bars. */
static void
specimen_set(enum specimen_kind kind, void *values, uint64_t i, int64_t ticks,
             uint64_t *state)
{
	float narrow = (float)((double)ticks / 100);
	double price;

	switch (kind) {
	case SPECIMEN_F32:
		memcpy((float *)values + i, &narrow, sizeof(narrow));
		break;
	case SPECIMEN_I64:
		((int64_t *)values)[i] = ticks * 5000000007;
		break;
	case SPECIMEN_I32:
		((int32_t *)values)[i] = (int32_t)ticks * 25;
		break;
	default:
		price = specimen_price(kind, ticks, state);
		memcpy((double *)values + i, &price, sizeof(price));
	}
}

static void
specimen_add_bars(struct specimen *table, enum specimen_kind kind, unsigned set,
                  uint64_t *state)
{
	enum bc_type type = BC_F64;
	int64_t price = kind == SPECIMEN_NEGATIVE ? 300 : 4200017, bar[4];
	void *columns[4];

	if (kind == SPECIMEN_F32)
		type = BC_F32;
	else if (kind == SPECIMEN_I64)
		type = BC_I64;
	else if (kind == SPECIMEN_I32)
		type = BC_I32;
	for (unsigned i = 0; i < 4; i++)
		columns[i] = specimen_room(table->rows, bc_type_bytes(type));
	for (uint64_t i = 0; i < table->rows; i++) {
		specimen_bar(kind, state, &price, bar);
		for (unsigned j = 0; j < 4; j++)
			specimen_set(kind, columns[j], i, bar[j], state);
	}
	for (unsigned i = 0; i < 4; i++)
		specimen_add(table, type,
		             (enum bci_pack_role)(BCI_PACK_ROLE_OPEN + i), set,
		             columns[i]);
}

static void
specimen_add_volumes(struct specimen *table, enum specimen_kind kind,
                     uint64_t *state)
{
	double *values = specimen_room(table->rows, sizeof(*values));

	for (uint64_t i = 0; i < table->rows; i++) {
		uint64_t volume = specimen_random(state) % 5000;

		if (kind == SPECIMEN_COINS)
			values[i] =
				(double)(specimen_random(state) >> 24) / 1e8;
		else if (kind == SPECIMEN_QUARTERS)
			values[i] = (double)(volume * 100);
		else if (kind == SPECIMEN_NOISE)
			values[i] = specimen_bits(specimen_random(state));
		else if (kind == SPECIMEN_STILL)
			values[i] = (double)(specimen_random(state) >> 20 >>
			                     volume % 40) /
			            1e8;
		else if (kind != SPECIMEN_CONSTANT)
			values[i] = (double)volume;
	}
	specimen_add(table, BC_F64, BCI_PACK_ROLE_NONE, 0, values);
}

/* Columns that are no bars. */
static void
specimen_add_types(struct specimen *table, uint64_t *state)
{
	const uint64_t rows = table->rows;
	int64_t *counter = specimen_room(rows, sizeof(*counter));
	int32_t *small = specimen_room(rows, sizeof(*small));
	float *narrow = specimen_room(rows, sizeof(*narrow));
	uint8_t *flags = specimen_room(rows, sizeof(*flags));
	uint32_t *codes = specimen_room(rows, sizeof(*codes));
	double *growing = specimen_room(rows, sizeof(*growing));
	int64_t *wide = specimen_room(rows, sizeof(*wide));
	uint32_t *words = specimen_room(rows, sizeof(*words));
	uint8_t *text = specimen_room(rows, sizeof(*text));
	uint64_t total = 0;

	for (uint64_t i = 0; i < rows; i++) {
		total += specimen_random(state) % 100 * 8;
		counter[i] = (int64_t)total;
		small[i] = (int32_t)(specimen_random(state) % 7) - 3;
		narrow[i] =
			(float)((double)(specimen_random(state) % 1000) / 10);
		flags[i] = specimen_random(state) % 10 == 0;
		codes[i] = (uint32_t)(specimen_random(state) % 12);
		growing[i] = (double)total / 1000;
		wide[i] = (int64_t)specimen_random(state);
		words[i] = UINT32_C(0xFFFFFF00) + (uint32_t)(i / 100 % 3);
		text[i] = (uint8_t) "the quick brown fox "[i % 20];
	}
	specimen_add(table, BC_I64, BCI_PACK_ROLE_NONE, 0, counter);
	specimen_add(table, BC_I32, BCI_PACK_ROLE_NONE, 0, small);
	specimen_add(table, BC_F32, BCI_PACK_ROLE_NONE, 0, narrow);
	specimen_add(table, BC_U8, BCI_PACK_ROLE_NONE, 0, flags);
	specimen_add(table, BC_TEXT, BCI_PACK_ROLE_NONE, 0, codes);
	specimen_add(table, BC_F64, BCI_PACK_ROLE_NONE, 0, growing);
	specimen_add(table, BC_I64, BCI_PACK_ROLE_NONE, 0, wide);
	specimen_add(table, BC_TEXT, BCI_PACK_ROLE_NONE, 0, words);
	specimen_add(table, BC_U8, BCI_PACK_ROLE_NONE, 0, text);
}

static const uint64_t specimen_special_bits[] = {
	0x0000000000000000, 0x8000000000000000, 0x7FF0000000000000,
	0xFFF0000000000000, 0x7FF8000000000000, 0xFFF8000000000000,
	0x7FF8DEADBEEF0001, 0xFFFFFFFFFFFFFFFF, 0x7FF0000000000001,
	0xFFF4000000000000, 0x7FF7FFFFFFFFFFFF, 0x0000000000000001,
	0x800FFFFFFFFFFFFF, 0x000FFFFFFFFFFFFF, 0x0010000000000000,
	0x8010000000000000, 0x7FEFFFFFFFFFFFFF, 0xFFEFFFFFFFFFFFFF,
	0x3FB999999999999A, 0x3FD3333333333333, 0x3FD3333333333334,
	0x36A0000000000000, 0x380FFFFFC0000000, 0x47EFFFFFE0000000,
};

static const double specimen_special_values[] = {
	1e22,
	1e23,
	1e-18,
	1e-19,
	0.1,
	0.5,
	1.5,
	2147483647.0,
	2147483648.0,
	2147483649.0,
	4294967295.0,
	4294967296.0,
	4294967297.0,
	2251799813685247.0,
	2251799813685248.0,
	2251799813685249.0,
	4503599627370495.5,
	4503599627370496.0,
	9007199254740991.0,
	9007199254740992.0,
	9007199254740994.0,
	123456789012345678.0,
	-2147483648.0,
	-2251799813685248.0,
	-0.1,
	16777217.0,
	0.30000000000000004,
};

_Static_assert(sizeof(specimen_special_bits) /
                                       sizeof(specimen_special_bits[0]) +
                               sizeof(specimen_special_values) /
                                       sizeof(specimen_special_values[0]) ==
                       SPECIMEN_SPECIALS,
               "all are counted");

static double
specimen_special(size_t i)
{
	const size_t first = sizeof(specimen_special_bits) /
	                     sizeof(specimen_special_bits[0]);
	double value;

	if (i >= first)
		return specimen_special_values[i - first];
	memcpy(&value, &specimen_special_bits[i], sizeof(value));
	return value;
}

void
specimen_sprinkle(struct specimen *table, unsigned permille, int only,
                  uint64_t seed)
{
	for (uint32_t i = 0; i < table->count; i++) {
		double *values = (double *)(uintptr_t)table->columns[i].values;

		for (uint64_t j = 0; j < table->rows; j++) {
			uint64_t chance = specimen_random(&seed);
			double value = specimen_special(
				only >= 0 ? (size_t)only
					  : chance % SPECIMEN_SPECIALS);

			if (table->columns[i].type == BC_F64 &&
			    (chance >> 32) % 1000 < permille)
				memcpy(&values[j], &value, sizeof(value));
		}
	}
}

const char *
specimen_name(enum specimen_kind kind)
{
	static const char *const names[SPECIMEN_KINDS] = {
		"ticks",  "coins",    "quarters", "stray",
		"floats", "doubles",  "noise",    "constant",
		"nan",    "negative", "f32",      "i64",
		"i32",    "types",    "quotes",   "still",
	};

	return names[kind];
}

void
specimen_make(struct specimen *table, enum specimen_kind kind, uint64_t rows,
              uint64_t seed)
{
	uint64_t state = seed;

	memset(table, 0, sizeof(*table));
	table->rows = rows;
	if (kind == SPECIMEN_TYPES) {
		specimen_add_types(table, &state);
		return;
	}
	specimen_add_times(table, kind, &state);
	specimen_add_bars(table, kind, 0, &state);
	if (kind == SPECIMEN_QUOTES)
		specimen_add_bars(table, kind, 1, &state);
	else
		specimen_add_volumes(table, kind, &state);
}

void
specimen_free(struct specimen *table)
{
	for (uint32_t i = 0; i < table->count; i++)
		free((void *)(uintptr_t)table->columns[i].values);
	table->count = 0;
}

uint64_t
specimen_column_bytes(const struct specimen *table, uint32_t column)
{
	return table->rows * bc_type_bytes(table->columns[column].type);
}

uint64_t
specimen_raw_bytes(const struct specimen *table)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < table->count; i++)
		bytes += specimen_column_bytes(table, i);
	return bytes;
}
