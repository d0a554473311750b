/* SPDX-License-Identifier: MIT */
/*
 * fold.c - many values of a column to one: the first, the largest, the sum.
 *
 * There are two ways of computing, with doubles and with int64; a column of
 * another type passes through a buffer of one of them.
 *
 * Four values are worked on side by side, so that none waits for the one before
 * it.  For the smallest and the largest it does not matter which four (zeros
 * lose their sign).  In a sum it does: value n always goes to lane n % 4, and
 * the lanes are emptied into an exact sum each 1,024 values, so that rounding
 * adds up over a block at most.
 */
#include "common.h"

#include <math.h>

#include "check.h"
#include "fold.h"

#define FOLD_BUFFER 256 /* elements converted at once */
#define FOLD_BLOCK 1024 /* values summed in the lanes */

static const char *const fold_names[BCI_FOLD_RULES] = {
	"first", "last", "min", "max", "sum", "mean", "count",
};

const char *
bci_fold_name(enum bci_fold_rule rule)
{
	return rule < BCI_FOLD_RULES ? fold_names[rule] : "?";
}

bool
bci_fold_parse(const char *text, size_t bytes, enum bci_fold_rule *out)
{
	for (unsigned i = 0; i < BCI_FOLD_RULES; i++) {
		if (strlen(fold_names[i]) != bytes ||
		    memcmp(fold_names[i], text, bytes) != 0)
			continue;
		*out = (enum bci_fold_rule)i;
		return true;
	}
	return false;
}

enum bci_fold_rule
bci_fold_usual(const char *column)
{
	static const struct {
		const char *name;
		enum bci_fold_rule rule;
	} usual[] = {
		{ "open", BCI_FOLD_FIRST },
		{ "high", BCI_FOLD_MAX },
		{ "low", BCI_FOLD_MIN },
		{ "vwap", BCI_FOLD_MEAN },
		{ "volume", BCI_FOLD_SUM },
		{ "quote_volume", BCI_FOLD_SUM },
		{ "trades", BCI_FOLD_SUM },
		{ "count", BCI_FOLD_SUM },
		{ "taker_buy_base", BCI_FOLD_SUM },
		{ "taker_buy_quote", BCI_FOLD_SUM },
		{ "tick_volume", BCI_FOLD_SUM },
		{ "dividends", BCI_FOLD_SUM },
	};

	for (size_t i = 0; i < BCI_COUNT(usual); i++)
		if (strcmp(usual[i].name, column) == 0)
			return usual[i].rule;
	return BCI_FOLD_LAST;
}

static bool
fold_is_float(enum bc_type type)
{
	return type == BC_F64 || type == BC_F32;
}

unsigned
bci_fold_type(enum bci_fold_rule rule, enum bc_type type)
{
	if (bc_type_bytes(type) == 0 || rule >= BCI_FOLD_RULES ||
	    (type == BC_TEXT && rule != BCI_FOLD_FIRST &&
	     rule != BCI_FOLD_LAST && rule != BCI_FOLD_COUNT))
		return 0;
	if (rule == BCI_FOLD_COUNT)
		return BC_I64;
	if (rule == BCI_FOLD_MEAN)
		return BC_F64;
	if (rule == BCI_FOLD_SUM)
		return fold_is_float(type) ? BC_F64 : BC_I64;
	return type;
}

/* ------------------------------------------------------------------------ */
/*  Doubles                                                                 */
/* ------------------------------------------------------------------------ */

/* Add to the exact sum; what rounding takes is added up beside. */
static void
fold_add(struct bci_fold *fold, double value)
{
	double total = fold->number + value;
	double part = total - fold->number;

	fold->lost += (fold->number - (total - part)) + (value - part);
	fold->number = total;
}

/* Add what is in the lanes and empty them. */
static void
fold_flush(struct bci_fold *fold)
{
	for (int lane = 0; lane < BCI_FOLD_LANES; lane++) {
		fold_add(fold, fold->lanes[lane]);
		fold->lanes[lane] = 0;
	}
}

/* A NaN adds nothing. */
static inline double
fold_term(double value)
{
	return value == value ? value : 0;
}

/* Add values by fours to the lanes; 'count' is a multiple of four. */
static void
fold_sum_lanes(double *lanes, const double *values, uint64_t count)
{
	double a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];

	for (uint64_t i = 0; i < count; i += BCI_FOLD_LANES) {
		a += fold_term(values[i]);
		b += fold_term(values[i + 1]);
		c += fold_term(values[i + 2]);
		d += fold_term(values[i + 3]);
	}
	lanes[0] = a;
	lanes[1] = b;
	lanes[2] = c;
	lanes[3] = d;
}

static void
fold_sum(struct bci_fold *fold, const double *values, uint64_t count)
{
	uint64_t part, lane;

	for (uint64_t i = 0; i < count; i += part) {
		part = bci_min(count - i, FOLD_BLOCK - fold->seen % FOLD_BLOCK);
		part -= part % BCI_FOLD_LANES;
		lane = fold->seen % BCI_FOLD_LANES;
		if (lane != 0 || part == 0) {
			fold->lanes[lane] += fold_term(values[i]);
			part = 1;
		} else {
			fold_sum_lanes(fold->lanes, values + i, part);
		}
		fold->seen += part;
		if (fold->seen % FOLD_BLOCK == 0)
			fold_flush(fold);
	}
}

static inline double
fold_less(double a, double b)
{
	return a < b ? a : b;
}

/*
 * The smallest of the values and 'start'.  Comparisons with NaN are false, so
 * a NaN is never taken.
 */
static double
fold_min(double start, const double *values, uint64_t count)
{
	double a = start, b = start, c = start, d = start;
	uint64_t i = 0;

	for (; i + 3 < count; i += 4) {
		a = fold_less(values[i], a);
		b = fold_less(values[i + 1], b);
		c = fold_less(values[i + 2], c);
		d = fold_less(values[i + 3], d);
	}
	for (; i < count; i++)
		a = fold_less(values[i], a);
	return fold_less(fold_less(a, b), fold_less(c, d)) + 0.0;
}

static inline double
fold_more(double a, double b)
{
	return a > b ? a : b;
}

/* The largest of the values and 'start'. */
static double
fold_max(double start, const double *values, uint64_t count)
{
	double a = start, b = start, c = start, d = start;
	uint64_t i = 0;

	for (; i + 3 < count; i += 4) {
		a = fold_more(values[i], a);
		b = fold_more(values[i + 1], b);
		c = fold_more(values[i + 2], c);
		d = fold_more(values[i + 3], d);
	}
	for (; i < count; i++)
		a = fold_more(values[i], a);
	return fold_more(fold_more(a, b), fold_more(c, d)) + 0.0;
}

/* Whether any value is there: mostly the first one is. */
static bool
fold_any(const double *values, uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		if (values[i] == values[i])
			return true;
	return false;
}

static uint64_t
fold_count(const double *values, uint64_t count)
{
	uint64_t there = 0;

	for (uint64_t i = 0; i < count; i++)
		there += values[i] == values[i];
	return there;
}

/* The first or the last value that is there. */
static void
fold_pick(struct bci_fold *fold, bool first, const double *values,
          uint64_t count)
{
	uint64_t i = 0, at;

	if (first && fold->count > 0)
		return;
	for (; i < count; i++) {
		at = first ? i : count - 1 - i;
		if (values[at] != values[at])
			continue;
		fold->number = values[at];
		fold->count = 1;
		return;
	}
}

static void
fold_doubles(struct bci_fold *fold, enum bci_fold_rule rule,
             const double *values, uint64_t count)
{
	bool any = fold->count > 0;

	switch (rule) {
	case BCI_FOLD_FIRST:
	case BCI_FOLD_LAST:
		fold_pick(fold, rule == BCI_FOLD_FIRST, values, count);
		return;
	case BCI_FOLD_MIN:
		fold->number =
			fold_min(any ? fold->number : HUGE_VAL, values, count);
		break;
	case BCI_FOLD_MAX:
		fold->number =
			fold_max(any ? fold->number : -HUGE_VAL, values, count);
		break;
	case BCI_FOLD_SUM:
	case BCI_FOLD_MEAN:
		fold_sum(fold, values, count);
		break;
	case BCI_FOLD_COUNT:
	case BCI_FOLD_RULES:
		break;
	}
	/* Of all but a mean and a count it matters only if there is one. */
	if (rule == BCI_FOLD_MEAN || rule == BCI_FOLD_COUNT)
		fold->count += fold_count(values, count);
	else
		fold->count = any || fold_any(values, count);
}

/* ------------------------------------------------------------------------ */
/*  Integers                                                                */
/* ------------------------------------------------------------------------ */

static void
fold_integers(struct bci_fold *fold, enum bci_fold_rule rule,
              const int64_t *values, uint64_t count)
{
	int64_t result = fold->count > 0 || rule == BCI_FOLD_SUM ? fold->integer
	                                                         : values[0];

	if (rule == BCI_FOLD_LAST)
		result = values[count - 1];
	for (uint64_t i = 0; i < count; i++)
		switch (rule) {
		case BCI_FOLD_MIN:
			result = values[i] < result ? values[i] : result;
			break;
		case BCI_FOLD_MAX:
			result = values[i] > result ? values[i] : result;
			break;
		case BCI_FOLD_SUM:
			fold->overflow |= __builtin_add_overflow(
				result, values[i], &result);
			break;
		default:
			break;
		}
	fold->integer = result;
	fold->count += count;
}

/* ------------------------------------------------------------------------ */
/*  Any type                                                                */
/* ------------------------------------------------------------------------ */

void
bci_fold_to_doubles(enum bc_type type, const void *data, uint64_t first,
                    uint64_t count, double *out)
{
	for (uint64_t i = 0; i < count; i++)
		if (type == BC_F32)
			out[i] = (double)((const float *)data)[first + i];
		else if (type == BC_I64)
			out[i] = (double)((const int64_t *)data)[first + i];
		else if (type == BC_I32)
			out[i] = ((const int32_t *)data)[first + i];
		else
			out[i] = ((const uint8_t *)data)[first + i];
}

/* Elements as int64. */
static void
fold_to_integers(enum bc_type type, const void *data, uint64_t first,
                 uint64_t count, int64_t *out)
{
	for (uint64_t i = 0; i < count; i++)
		if (type == BC_I64)
			out[i] = ((const int64_t *)data)[first + i];
		else if (type == BC_I32)
			out[i] = ((const int32_t *)data)[first + i];
		else if (type == BC_U8)
			out[i] = ((const uint8_t *)data)[first + i];
		else
			out[i] = ((const uint32_t *)data)[first + i];
}

void
bci_fold_rows(struct bci_fold *fold, enum bci_fold_rule rule, enum bc_type type,
              const void *data, uint64_t first, uint64_t count)
{
	union {
		double doubles[FOLD_BUFFER];
		int64_t integers[FOLD_BUFFER];
	} buffer;
	uint64_t part;

	if (type == BC_F64) {
		fold_doubles(fold, rule, (const double *)data + first, count);
		return;
	}
	for (; count > 0; first += part, count -= part) {
		part = bci_min(count, FOLD_BUFFER);
		if (type == BC_F32 || rule == BCI_FOLD_MEAN) {
			bci_fold_to_doubles(type, data, first, part,
			                    buffer.doubles);
			fold_doubles(fold, rule, buffer.doubles, part);
		} else {
			fold_to_integers(type, data, first, part,
			                 buffer.integers);
			fold_integers(fold, rule, buffer.integers, part);
		}
	}
}

/* The result of doubles. */
static double
fold_double(const struct bci_fold *fold, enum bci_fold_rule rule)
{
	struct bci_fold sum = { .number = fold->number, .lost = fold->lost };

	if (fold->count == 0)
		return NAN;
	if (rule != BCI_FOLD_SUM && rule != BCI_FOLD_MEAN)
		return fold->number;
	for (int lane = 0; lane < BCI_FOLD_LANES; lane++)
		fold_add(&sum, fold->lanes[lane]);
	/* An infinite sum has lost nothing that could be told. */
	if (sum.lost == sum.lost)
		sum.number += sum.lost;
	return rule == BCI_FOLD_MEAN ? sum.number / (double)fold->count
	                             : sum.number;
}

void
bci_fold_write(const struct bci_fold *fold, enum bci_fold_rule rule,
               enum bc_type type, void *out, uint64_t row)
{
	int64_t integer = fold->integer;

	if (rule == BCI_FOLD_COUNT)
		integer = (int64_t)fold->count;
	switch (bci_fold_type(rule, type)) {
	case BC_F64:
		((double *)out)[row] = fold_double(fold, rule);
		break;
	case BC_F32:
		((float *)out)[row] = (float)fold_double(fold, rule);
		break;
	case BC_I64:
		((int64_t *)out)[row] = integer;
		break;
	case BC_I32:
		((int32_t *)out)[row] = (int32_t)integer;
		break;
	case BC_U8:
		((uint8_t *)out)[row] = (uint8_t)integer;
		break;
	default:
		((uint32_t *)out)[row] = (uint32_t)integer;
		break;
	}
}
