/* SPDX-License-Identifier: MIT */
/*
 * resample.c - bars of one timeframe to bars of a larger one, block by block.
 *
 * One bucket is open at a time.  Where it ends among the rows is looked up,
 * not compared row by row: as many rows further on as the last bucket had is
 * the place nearly always, in a series without gaps each time, and a search
 * finds the others.
 */
#include "common.h"

#include "alloc.h"
#include "calendar.h"
#include "error.h"
#include "moment.h"
#include "resample.h"
#include "lookup.h"

/* A day by the wall clock is at most so much shorter than 24 hours. */
#define RESAMPLE_CLOCK_NS (7200 * BCI_SECOND_NS)

struct bci_resample {
	struct bc_allocator allocator;
	struct bci_resample_options options;
	struct bci_resample_column *columns;
	struct bci_fold *folds; /* of the open bucket */
	struct bci_fold *last;  /* of the one before it */
	uint32_t column_count;
	bool any;  /* there was a row, the last one at 'last_ns' */
	bool open; /* 'bucket' is */
	struct bci_bucket bucket;
	bool fill; /* from 'fill_ns' on nothing was written yet */
	int64_t fill_ns;
	int64_t last_ns;
	uint64_t guess; /* rows in the last bucket */
	size_t hint;
};

/* ------------------------------------------------------------------------ */
/*  Opening and closing                                                     */
/* ------------------------------------------------------------------------ */

/* Whether an empty bucket of the column has a value by this fill. */
static enum bc_status
resample_check_fill(const struct bci_resample_options *options,
                    const struct bci_resample_column *columns, uint32_t count,
                    uint32_t index, struct bc_error *err)
{
	const struct bci_resample_column *column = &columns[index];
	unsigned type = bci_fold_type(column->rule, column->type);
	int carry = column->carry;

	if (options->fill == BC_FILL_NONE || column->rule == BCI_FOLD_COUNT)
		return BC_OK;
	if (options->fill == BC_FILL_FLAT && carry != BCI_CARRY_NOTHING) {
		if (carry < 0 || (uint32_t)carry >= count ||
		    bci_fold_type(columns[carry].rule, columns[carry].type) !=
		            type)
			return bci_fail(err, BC_INVALID,
			                "column %u cannot carry on column %d",
			                index, carry);
		return BC_OK;
	}
	if (type != BC_F64 && type != BC_F32 && column->rule != BCI_FOLD_SUM)
		return bci_fail(err, BC_INVALID,
		                "column %u is of type %s, which has no NaN "
		                "for an empty bucket",
		                index, bc_type_name((enum bc_type)type));
	return BC_OK;
}

static enum bc_status
resample_check(const struct bci_resample_options *options,
               const struct bci_resample_column *columns, uint32_t count,
               struct bc_error *err)
{
	enum bc_status status =
		bci_bucket_check(&options->buckets, &options->source, err);

	for (uint32_t i = 0; status == BC_OK && i < count; i++) {
		if (bci_fold_type(columns[i].rule, columns[i].type) == 0)
			return bci_fail(err, BC_INVALID,
			                "column %u is of type %s, which has "
			                "no %s",
			                i, bc_type_name(columns[i].type),
			                bci_fold_name(columns[i].rule));
		status = resample_check_fill(options, columns, count, i, err);
	}
	return status;
}

enum bc_status
bci_resample_open(const struct bc_allocator *allocator,
                  const struct bci_resample_options *options,
                  const struct bci_resample_column *columns,
                  uint32_t column_count, struct bci_resample **out,
                  struct bc_error *err)
{
	struct bci_resample *resample = NULL;
	enum bc_status status;
	size_t bytes = column_count * sizeof(*columns);

	*out = NULL;
	BCI_TRY(resample_check(options, columns, column_count, err));
	status = bci_fail(err, BC_NOMEM, "no memory to resample");
	resample = bci_zalloc(allocator, 1, sizeof(*resample));
	if (resample == NULL)
		goto done;
	resample->allocator = *allocator;
	resample->options = *options;
	resample->column_count = column_count;
	resample->columns =
		bci_zalloc(allocator, column_count + 1, sizeof(*columns));
	resample->folds = bci_zalloc(allocator, column_count + 1,
	                             sizeof(*resample->folds));
	resample->last = bci_zalloc(allocator, column_count + 1,
	                            sizeof(*resample->last));
	if (resample->columns == NULL || resample->folds == NULL ||
	    resample->last == NULL)
		goto done;
	if (bytes > 0)
		memcpy(resample->columns, columns, bytes);
	status = BC_OK;
	*out = resample;
	resample = NULL;
done:
	bci_resample_close(resample);
	return status;
}

void
bci_resample_close(struct bci_resample *resample)
{
	struct bc_allocator allocator;

	if (resample == NULL)
		return;
	allocator = resample->allocator;
	bci_free(&allocator, resample->columns);
	bci_free(&allocator, resample->folds);
	bci_free(&allocator, resample->last);
	bci_free(&allocator, resample);
}

/* ------------------------------------------------------------------------ */
/*  Writing                                                                 */
/* ------------------------------------------------------------------------ */

/* The time and the flag of the next row. */
static void
resample_write_time(const struct bci_resample *resample,
                    const struct bci_bucket *bucket, bool partial,
                    struct bci_resample_out *out)
{
	out->time_ns[out->rows] = resample->options.label == BC_RIGHT
	                                  ? bucket->to_ns
	                                  : bucket->from_ns;
	if (out->partial != NULL)
		out->partial[out->rows] = partial;
}

/* Write an empty bucket; there is room. */
static void
resample_write_empty(const struct bci_resample *resample,
                     const struct bci_bucket *bucket,
                     struct bci_resample_out *out)
{
	static const struct bci_fold nothing;
	static const struct bci_fold zero = { .count = 1 };
	bool flat = resample->options.fill == BC_FILL_FLAT;

	resample_write_time(resample, bucket, false, out);
	for (uint32_t i = 0; i < resample->column_count; i++) {
		const struct bci_resample_column *column =
			&resample->columns[i];
		const struct bci_fold *fold = &nothing;

		if (flat && column->carry != BCI_CARRY_NOTHING &&
		    column->rule != BCI_FOLD_COUNT) {
			fold = &resample->last[column->carry];
			column = &resample->columns[column->carry];
		} else if (column->rule == BCI_FOLD_SUM) {
			fold = &zero;
		}
		bci_fold_write(fold, column->rule, column->type,
		               out->columns[i], out->rows);
	}
	out->rows++;
}

/* Write the open bucket, which is the last one if it reaches 'to_ns'. */
static enum bc_status
resample_end(struct bci_resample *resample, int64_t to_ns,
             struct bci_resample_out *out, bool *done, struct bc_error *err)
{
	bool partial = resample->bucket.from_ns < resample->options.from_ns ||
	               resample->bucket.to_ns > to_ns;
	bool drop = partial && resample->options.drop_partial;
	struct bci_fold *folds = resample->folds;

	*done = drop || out->rows < out->capacity;
	if (!*done)
		return BC_OK;
	for (uint32_t i = 0; i < resample->column_count; i++) {
		const struct bci_fold *fold = &folds[i];

		if (fold->overflow)
			return bci_fail(err, BC_INVALID,
			                "the sum of column %u does not fit "
			                "int64",
			                i);
		if (!drop)
			bci_fold_write(fold, resample->columns[i].rule,
			               resample->columns[i].type,
			               out->columns[i], out->rows);
	}
	resample->folds = resample->last;
	resample->last = folds;
	memset(resample->folds, 0,
	       resample->column_count * sizeof(*resample->folds));
	if (!drop) {
		resample_write_time(resample, &resample->bucket, partial, out);
		out->rows++;
	}
	resample->open = false;
	resample->fill = resample->options.fill != BC_FILL_NONE;
	resample->fill_ns = resample->bucket.to_ns;
	return BC_OK;
}

/* ------------------------------------------------------------------------ */
/*  Reading                                                                 */
/* ------------------------------------------------------------------------ */

static enum bc_status
resample_fail_time(const char *reason, int64_t time_ns, uint64_t row,
                   enum bc_status status, struct bc_error *err)
{
	char text[BCI_TIME_TEXT];

	bci_time_format(time_ns, text);
	return bci_fail_row(err, status, row, "row %llu, %s: %s",
	                    (unsigned long long)row, text, reason);
}

/* Where rows closed on the right lie: a boundary belongs to what ends there. */
static int64_t
resample_shift(const struct bci_resample *resample)
{
	return resample->options.closed == BC_RIGHT;
}

/*
 * Open the bucket of row 'row' and write the empty ones before it; *done is
 * false if there is no room for all of them.
 */
static enum bc_status
resample_begin(struct bci_resample *resample, int64_t time_ns, uint64_t row,
               struct bci_resample_out *out, bool *done, struct bc_error *err)
{
	const struct bci_bucket_rule *rule = &resample->options.buckets;
	struct bci_bucket bucket, empty;

	if (time_ns == INT64_MIN ||
	    !bci_bucket_find(rule, time_ns - resample_shift(resample),
	                     &resample->hint, &bucket) ||
	    bucket.to_ns == INT64_MAX)
		return resample_fail_time("its bucket has no end that fits "
		                          "int64",
		                          time_ns, row, BC_INVALID, err);
	*done = true;
	while (resample->fill && resample->fill_ns < bucket.from_ns) {
		*done = out->rows < out->capacity;
		if (!*done)
			return BC_OK;
		/* Buckets between two that fit do fit. */
		BCI_ASSERT(bci_bucket_find(rule, resample->fill_ns,
		                           &resample->hint, &empty));
		resample_write_empty(resample, &empty, out);
		resample->fill_ns = empty.to_ns;
	}
	resample->bucket = bucket;
	resample->open = true;
	return BC_OK;
}

/* How many rows from 'row' on, one at least, lie in the open bucket. */
static uint64_t
resample_count(struct bci_resample *resample,
               const struct bci_resample_rows *in, uint64_t row)
{
	int64_t end_ns = resample->bucket.to_ns + resample_shift(resample);
	uint64_t end = row + resample->guess;

	if (resample->guess == 0 || end > in->rows ||
	    in->time_ns[end - 1] >= end_ns ||
	    (end < in->rows && in->time_ns[end] < end_ns))
		end = bci_lookup_time(in->time_ns, row, in->rows, end_ns);
	resample->guess = end - row;
	return resample->guess;
}

/* Whether the bars of these rows lie wholly in the open bucket. */
static enum bc_status
resample_check_rows(const struct bci_resample *resample,
                    const struct bci_resample_rows *in, uint64_t row,
                    uint64_t count, struct bc_error *err)
{
	int64_t length = resample->options.source.step_ns;
	int64_t first_ns = in->time_ns[row];
	int64_t last_ns = in->time_ns[row + count - 1];

	if (resample->options.buckets.zone != NULL && length >= BCI_DAY_NS)
		length -= RESAMPLE_CLOCK_NS;
	if (resample->options.closed == BC_LEFT &&
	    resample->bucket.to_ns - last_ns < length)
		return resample_fail_time("the bar lasts beyond its bucket",
		                          last_ns, row + count - 1, BC_INVALID,
		                          err);
	if (resample->options.closed == BC_RIGHT &&
	    first_ns - resample->bucket.from_ns < length)
		return resample_fail_time("the bar began before its bucket",
		                          first_ns, row, BC_INVALID, err);
	return BC_OK;
}

/* Take in rows that lie in one bucket. */
static void
resample_take(struct bci_resample *resample, const struct bci_resample_rows *in,
              uint64_t row, uint64_t count)
{
	for (uint32_t i = 0; i < resample->column_count; i++)
		bci_fold_rows(&resample->folds[i], resample->columns[i].rule,
		              resample->columns[i].type, in->columns[i], row,
		              count);
	resample->any = true;
	resample->last_ns = in->time_ns[row + count - 1];
}

enum bc_status
bci_resample_feed(struct bci_resample *resample,
                  const struct bci_resample_rows *in, uint64_t *used,
                  struct bci_resample_out *out, struct bc_error *err)
{
	int64_t shift = resample_shift(resample);
	enum bc_status status = BC_OK;
	uint64_t row = 0, count;
	bool done = true;

	*used = 0;
	if (in->rows > 0 && resample->any &&
	    in->time_ns[0] <= resample->last_ns)
		return resample_fail_time("the row is not after the one before",
		                          in->time_ns[0], 0, BC_ORDER, err);
	while (row < in->rows) {
		int64_t time_ns = in->time_ns[row];

		if (resample->open && time_ns - shift >= resample->bucket.to_ns)
			BCI_TRY(resample_end(resample, INT64_MAX, out, &done,
			                     err));
		if (done && !resample->open)
			BCI_TRY(resample_begin(resample, time_ns, row, out,
			                       &done, err));
		if (!done)
			break;
		count = resample_count(resample, in, row);
		BCI_TRY(resample_check_rows(resample, in, row, count, err));
		resample_take(resample, in, row, count);
		row += count;
	}
done:
	*used = row;
	return status;
}

enum bc_status
bci_resample_finish(struct bci_resample *resample, int64_t to_ns,
                    struct bci_resample_out *out, bool *done,
                    struct bc_error *err)
{
	*done = true;
	if (!resample->open)
		return BC_OK;
	return resample_end(resample, to_ns, out, done, err);
}
