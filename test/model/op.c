/* SPDX-License-Identifier: MIT */
/*
 * op.c - operations: made at random beside a model, written down, applied to a
 * model.
 */
#include "op.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEW_YEAR_NS (INT64_C(1704067200) * 1000000000) /* 2024-01-01 */

static const char *const op_names[MODEL_OP_KINDS] = {
	"append", "put", "blob", "remove", "cut", "wrong", "compact", "reopen",
};

void
model_op_print(const void *argument, char text[MODEL_OP_TEXT])
{
	const struct model_op *op = argument;

	snprintf(text, MODEL_OP_TEXT,
	         "%s batch %u key %u flags %u merge %d version %" PRIu32
	         " mixed %u skip %u rows %" PRIu64 " time %" PRId64
	         " step %" PRId64 " from %" PRId64 " to %" PRId64
	         " check %" PRIu64,
	         op_names[op->kind], op->batch, op->key, op->flags,
	         (int)op->merge, op->version, op->mixed, op->skip, op->rows,
	         op->time_ns, op->step_ns, op->from_ns, op->to_ns, op->check);
}

bool
model_op_parse(const char *text, void *argument)
{
	struct model_op *op = argument;
	char name[16];
	int merge, found;

	memset(op, 0, sizeof(*op));
	found = sscanf(text,
	               "%15s batch %u key %u flags %u merge %d version %" SCNu32
	               " mixed %u skip %u rows %" SCNu64 " time %" SCNd64
	               " step %" SCNd64 " from %" SCNd64 " to %" SCNd64
	               " check %" SCNu64,
	               name, &op->batch, &op->key, &op->flags, &merge,
	               &op->version, &op->mixed, &op->skip, &op->rows,
	               &op->time_ns, &op->step_ns, &op->from_ns, &op->to_ns,
	               &op->check);
	if (found != 14 || op->key >= MODEL_SHAPES)
		return false;
	op->merge = (enum bc_merge)merge;
	for (int i = 0; i < MODEL_OP_KINDS; i++) {
		if (strcmp(name, op_names[i]) != 0)
			continue;
		op->kind = (enum model_op_kind)i;
		return true;
	}
	return false;
}

/* ---- applying ------------------------------------------------------------ */

void
model_op_rows(const struct model_op *op, struct model_rows *rows)
{
	struct model_row row = { .time_ns = op->time_ns };
	uint64_t word;

	for (uint64_t i = 0; i < op->rows; i++) {
		word = test_mix((uint64_t)row.time_ns, op->version + 77);
		row.version = op->version;
		if (op->mixed != 0)
			row.version += word % op->mixed == 0;
		if (op->skip == 0 || (word >> 20) % op->skip != 0 || i == 0)
			model_rows_add(rows, row);
		if (row.time_ns >= INT64_MAX - op->step_ns)
			return; /* Not to the last moment, which is an end. */
		row.time_ns += op->step_ns;
	}
}

static struct model_result
op_apply_rows(const struct model_op *op, struct model_series *series)
{
	struct model_rows rows = { 0 };
	struct model_input input = { .rows = &rows };
	struct model_result result;

	model_op_rows(op, &rows);
	input.turn = op->version;
	input.flags = op->flags;
	input.merge = op->merge;
	input.from_ns = op->from_ns;
	input.to_ns = op->to_ns;
	result = op->kind == MODEL_PUT ? model_put(series, &input)
	                               : model_append(series, &input);
	free(rows.items);
	return result;
}

struct model_result
model_op_apply(const struct model_op *op, struct model_series *series,
               uint64_t *removed)
{
	struct model_result result = { .status = BC_OK, .row = -1 };

	*removed = 0;
	switch (op->kind) {
	case MODEL_APPEND:
	case MODEL_PUT:
		return op_apply_rows(op, series);
	case MODEL_REMOVE_RANGE:
		return model_remove_range(series, op->from_ns, op->to_ns,
		                          removed);
	case MODEL_BLOB:
		model_series_clear(series);
		series->kind = BC_BLOB;
		break;
	case MODEL_REMOVE:
		if (series->kind == 0)
			result.status = BC_MISS;
		model_series_clear(series);
		break;
	case MODEL_WRONG:
		result.status = BC_INVALID;
		break;
	default:
		break;
	}
	return result;
}

/* ---- making -------------------------------------------------------------- */

static int64_t
roll_step(unsigned key, struct model_dice *dice)
{
	static const int64_t steps[] = { 1, 7, 1000000000, MODEL_MINUTE,
		                         1440 * MODEL_MINUTE };

	if (model_shapes[key].step_ns != 0)
		return model_shapes[key].step_ns;
	return steps[model_roll(dice, 4) != 0 ? key : model_roll(dice, 5)];
}

static uint64_t
roll_rows(struct model_dice *dice, uint64_t rows_max)
{
	static const uint64_t sizes[] = { 1,    1,    1,    1,    2,   5,
		                          20,   64,   65,   300,  600, 3000,
		                          4096, 5000, 9000, 20000 };
	uint64_t rows = sizes[model_roll(dice, 16)];

	rows += rows > 2 ? model_roll(dice, rows) : 0;
	return rows < rows_max / 3 ? rows : rows_max / 3;
}

/* Where the first rows of a series lie. */
static int64_t
roll_begin(struct model_dice *dice)
{
	static const int64_t begins[] = { 0, -NEW_YEAR_NS, -5 * MODEL_MINUTE,
		                          INT64_MIN,
		                          INT64_MAX - 100 * MODEL_MINUTE - 1 };

	return model_roll(dice, 3) != 0 ? NEW_YEAR_NS
	                                : begins[model_roll(dice, 5)];
}

static int64_t
moved(int64_t time_ns, int64_t steps, int64_t step_ns)
{
	int64_t by_ns, sum_ns;

	if (__builtin_mul_overflow(steps, step_ns, &by_ns) ||
	    __builtin_add_overflow(time_ns, by_ns, &sum_ns))
		return steps < 0 ? INT64_MIN : INT64_MAX - 1;
	return sum_ns;
}

/* The time of the first row that is appended. */
static int64_t
roll_place(const struct model_series *series, uint64_t rows, int64_t step_ns,
           struct model_dice *dice)
{
	const size_t count = series->rows.count;
	const struct model_row *items = series->rows.items;
	size_t back;

	if (count == 0)
		return roll_begin(dice);
	switch (model_roll(dice, 12)) {
	default: /* Behind the last row. */
		return moved(items[count - 1].time_ns, 1, step_ns);
	case 5: /* Over the last row. */
	case 6:
		return items[count - 1].time_ns;
	case 7: /* Over the last rows. */
		back = model_roll(dice, rows < count ? rows : count);
		return items[count - 1 - back].time_ns;
	case 8: /* In the middle, perhaps between rows. */
		return moved(items[model_roll(dice, count)].time_ns,
		             (int64_t)model_roll(dice, 2), step_ns / 2);
	case 9: /* Over old rows. */
		return items[model_roll(dice, count)].time_ns;
	case 10: /* Before the first row. */
		return moved(items[0].time_ns,
		             -(int64_t)(rows + model_roll(dice, 3)), step_ns);
	case 11: /* Far behind. */
		return moved(items[count - 1].time_ns,
		             2 + (int64_t)model_roll(dice, 50), step_ns);
	}
}

/* A range around the rows that were fetched. */
static void
roll_range(struct model_op *op, struct model_dice *dice)
{
	int64_t last_ns =
		moved(op->time_ns, (int64_t)op->rows - 1, op->step_ns);

	if (op->rows > 0 && model_roll(dice, 2) == 0)
		return;
	op->from_ns =
		moved(op->time_ns, -(int64_t)model_roll(dice, 4), op->step_ns);
	op->to_ns =
		moved(last_ns, 1 + (int64_t)model_roll(dice, 4), op->step_ns);
	if (model_roll(dice, 40) == 0)
		op->to_ns = op->from_ns;
	if (last_ns == INT64_MAX) /* No range holds that moment. */
		op->from_ns = op->to_ns = 0;
}

static void
make_append(struct model_op *op, const struct model_series *series,
            uint64_t rows_max, struct model_dice *dice)
{
	op->rows = roll_rows(dice, rows_max);
	op->step_ns = roll_step(op->key, dice);
	op->time_ns = roll_place(series, op->rows, op->step_ns, dice);
	op->version = (uint32_t)model_roll(dice, 4);
	if (model_roll(dice, 8) == 0)
		op->version = 15;
	op->mixed = model_roll(dice, 2) ? 0 : 3;
	op->skip = model_roll(dice, 3) ? 0 : 5;
	op->merge = (enum bc_merge)model_roll(dice, 4);
	if (op->merge == BC_MERGE_ERROR && model_roll(dice, 2) == 0)
		op->merge = BC_MERGE_LAST;
	op->flags = model_roll(dice, 3) ? 0 : BC_APPEND_OPEN;
	if (op->version == 15 && model_roll(dice, 4) != 0)
		op->flags |= BC_APPEND_SUSPECT;
	if (model_roll(dice, 10) == 0) {
		op->rows = 0;
		op->flags = 0;
	}
	roll_range(op, dice);
}

static void
make_cut(struct model_op *op, const struct model_series *series,
         struct model_dice *dice)
{
	int64_t one = model_roll_time(series, dice);
	int64_t other = model_roll_time(series, dice);

	op->from_ns = one < other ? one : other;
	op->to_ns = one < other ? other : one;
	/* Mostly few rows. */
	if (series->rows.count > 20 && model_roll(dice, 3) != 0) {
		size_t row = model_roll(dice, series->rows.count - 10);

		op->from_ns = series->rows.items[row].time_ns;
		row += 1 + model_roll(dice, 9);
		op->to_ns = series->rows.items[row].time_ns;
	}
}

static enum model_op_kind
roll_kind(struct model_dice *dice)
{
	uint64_t number = model_roll(dice, 100);

	if (number < 78)
		return MODEL_APPEND;
	if (number < 87)
		return MODEL_REMOVE_RANGE;
	if (number < 89)
		return MODEL_PUT;
	if (number < 91)
		return MODEL_REMOVE;
	if (number < 92)
		return MODEL_BLOB;
	if (number < 94)
		return MODEL_WRONG;
	return number < 97 ? MODEL_COMPACT : MODEL_REOPEN;
}

/* One operation beside the series as they are before it. */
static void
make_one(struct model_op *op, const struct model_series *series,
         uint64_t rows_max, struct model_dice *dice)
{
	op->kind = roll_kind(dice);
	op->key = (unsigned)model_roll(dice, MODEL_SHAPES);
	op->check = model_roll(dice, UINT64_MAX);
	op->step_ns = 1;
	series += op->key;
	if (series->kind == BC_BLOB && model_roll(dice, 2) == 0)
		op->kind = MODEL_REMOVE;
	if (series->rows.count > rows_max)
		op->kind =
			model_roll(dice, 2) ? MODEL_REMOVE : MODEL_REMOVE_RANGE;
	if (op->kind == MODEL_APPEND || op->kind == MODEL_PUT ||
	    op->kind == MODEL_WRONG)
		make_append(op, series, rows_max, dice);
	if (op->kind == MODEL_WRONG) { /* In nothing but its columns. */
		op->version = 1;
		op->mixed = 0;
	}
	if (op->kind == MODEL_REMOVE_RANGE)
		make_cut(op, series, dice);
}

void
model_op_make(struct model_op *ops, size_t count, uint64_t rows_max,
              uint64_t seed)
{
	struct model_dice dice = { .seed = seed };
	struct model_series series[MODEL_SHAPES];
	unsigned batch = 0, left = 0;
	uint64_t removed;

	memset(series, 0, sizeof(series));
	for (size_t i = 0; i < MODEL_SHAPES; i++)
		series[i].shape = &model_shapes[i];
	memset(ops, 0, count * sizeof(*ops));
	for (size_t i = 0; i < count; i++) {
		make_one(&ops[i], series, rows_max, &dice);
		if (left == 0 && model_roll(&dice, 12) == 0) {
			left = 2 + (unsigned)model_roll(&dice, 5);
			batch++;
		}
		if (left > 0) {
			ops[i].batch = batch;
			left--;
		}
		model_op_apply(&ops[i], &series[ops[i].key], &removed);
	}
	for (size_t i = 0; i < MODEL_SHAPES; i++)
		model_series_clear(&series[i]);
}
