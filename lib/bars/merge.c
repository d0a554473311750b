/* SPDX-License-Identifier: MIT */
/*
 * merge.c - new rows over stored rows by time: which row comes from where, and
 * what became of each.
 *
 * The usual merges are an append (nothing of the stored side is looked at but
 * its end), the same rows once more (compared in blocks of memory) and a few
 * rows put right in the middle (found by a search that begins near by).  The
 * result is a list of runs, which is short in all three.
 */
#include "common.h"

#include "alloc.h"
#include "bar.h"
#include "check.h"
#include "error.h"
#include "merge.h"
#include "moment.h"
#include "lookup.h"

#define MERGE_CAPACITY 8 /* runs, at first */
#define MERGE_BLOCK 512  /* rows compared at once */

/* A merge under way. */
struct merge_state {
	const struct bci_merge_input *input;
	struct bci_merge *out;
	int64_t closed_ns; /* time of the last closed bar of the result */
	bool any_closed;
	uint64_t open; /* provisional rows taken so far */
	uint64_t i, j; /* the next row of the old and of the new side */
	struct bc_error *err;
};

void
bci_merge_free(struct bci_merge *merge)
{
	const struct bc_allocator *allocator = merge->allocator;

	if (merge->runs != NULL)
		bci_free(allocator, merge->runs);
	memset(merge, 0, sizeof(*merge));
	merge->allocator = allocator;
}

/* ------------------------------------------------------------------------ */
/*  Taking rows                                                             */
/* ------------------------------------------------------------------------ */

/* Add rows to the plan; where they go on from the last run, to that. */
static enum bc_status
merge_take(struct merge_state *state, enum bci_merge_source source,
           uint64_t first, uint64_t count)
{
	struct bci_merge *out = state->out;
	struct bci_merge_run *last = NULL;
	size_t capacity = out->capacity;

	if (count == 0)
		return BC_OK;
	out->rows += count;
	if (out->run_count > 0)
		last = &out->runs[out->run_count - 1];
	if (last != NULL && last->source == source &&
	    last->first + last->count == first) {
		last->count += count;
		return BC_OK;
	}
	if (out->run_count == capacity) {
		capacity = capacity > 0 ? 2 * capacity : MERGE_CAPACITY;
		last = bci_regrow(out->allocator, out->runs, out->run_count,
		                  capacity, sizeof(*last));
		if (last == NULL)
			return bci_fail(state->err, BC_NOMEM,
			                "no memory to merge rows");
		out->runs = last;
		out->capacity = capacity;
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is room */
	out->runs[out->run_count++] =
		(struct bci_merge_run){ source, first, count };
	return BC_OK;
}

/*
 * Take rows [first, end) that only one side has.  Provisional ones before the
 * last closed bar of the result stay out; *left_out says how many.
 */
static enum bc_status
merge_take_alone(struct merge_state *state, enum bci_merge_source source,
                 uint64_t first, uint64_t end, uint64_t *left_out)
{
	const struct bci_merge_input *input = state->input;
	bool old = source == BCI_MERGE_OLD;
	const int64_t *times = old ? input->old_ns : input->new_ns;
	uint64_t closed = old ? input->old_closed : input->new_closed;
	uint64_t open = bci_max(first, bci_min(closed, end)), kept = open;
	enum bc_status status;

	*left_out = 0;
	BCI_TRY(merge_take(state, source, first, open - first));
	if (state->any_closed)
		kept = bci_lookup_time(times, open, end, state->closed_ns);
	*left_out = kept - open;
	state->open += end - kept;
	status = merge_take(state, source, kept, end - kept);
done:
	return status;
}

/* Take old rows up to 'end', which the new side does not have. */
static enum bc_status
merge_take_old(struct merge_state *state, uint64_t end)
{
	uint64_t left_out;
	enum bc_status status = merge_take_alone(state, BCI_MERGE_OLD, state->i,
	                                         end, &left_out);

	state->out->overtaken += left_out;
	state->i = end;
	return status;
}

/* Insert new rows up to 'end', which the old side does not have. */
static enum bc_status
merge_take_new(struct merge_state *state, uint64_t end)
{
	struct bc_counts *counts = &state->out->counts;
	uint64_t left_out;
	enum bc_status status = merge_take_alone(state, BCI_MERGE_NEW, state->j,
	                                         end, &left_out);

	counts->rejected += left_out;
	counts->inserted += end - state->j - left_out;
	state->j = end;
	return status;
}

/* ------------------------------------------------------------------------ */
/*  Rows of one time                                                        */
/* ------------------------------------------------------------------------ */

/* Whether the texts of 'count' rows are the same from rows i and j on. */
static bool
merge_same_text(const struct bci_merge_column *column, uint64_t i, uint64_t j,
                uint64_t count)
{
	const uint32_t *old_codes = column->old_data;
	const uint32_t *new_codes = column->new_data;

	for (uint64_t row = 0; row < count; row++)
		if (column->recode[new_codes[j + row]] != old_codes[i + row])
			return false;
	return true;
}

/* Whether 'count' rows are the same, bit for bit, from rows i and j on. */
static bool
merge_same(const struct bci_merge_input *input, uint64_t i, uint64_t j,
           uint64_t count)
{
	for (uint32_t c = 0; c < input->column_count; c++) {
		const struct bci_merge_column *column = &input->columns[c];
		size_t bytes = bc_type_bytes(column->type);
		const unsigned char *old_data = column->old_data;
		const unsigned char *new_data = column->new_data;
		bool same = column->type == BC_TEXT
		                    ? merge_same_text(column, i, j, count)
		                    : memcmp(old_data + i * bytes,
		                             new_data + j * bytes,
		                             count * bytes) == 0;

		if (!same)
			return false;
	}
	return true;
}

/* A number of a column as f64; NaN, which is no volume, is below all. */
static double
merge_number(enum bc_type type, const void *data, uint64_t row)
{
	double number = 0;

	switch (type) {
	case BC_F64:
		number = ((const double *)data)[row];
		break;
	case BC_F32:
		number = (double)((const float *)data)[row];
		break;
	case BC_I64:
		number = (double)((const int64_t *)data)[row];
		break;
	case BC_I32:
		number = ((const int32_t *)data)[row];
		break;
	case BC_U8:
		number = ((const uint8_t *)data)[row];
		break;
	case BC_TEXT:
		BCI_ASSERT(type != BC_TEXT); /* Refused before. */
	}
	return number == number ? number : -__builtin_inf();
}

/* Which of two closed bars that differ is taken. */
static enum bc_status
merge_choose(const struct merge_state *state, enum bci_merge_source *source)
{
	const struct bci_merge_input *input = state->input;
	const struct bci_merge_column *volume;
	char text[BCI_TIME_TEXT];

	*source = BCI_MERGE_NEW;
	switch (input->policy) {
	case BC_MERGE_LAST:
		break;
	case BC_MERGE_FIRST:
		*source = BCI_MERGE_OLD;
		break;
	case BC_MERGE_ERROR:
		bci_time_format(input->new_ns[state->j], text);
		return bci_fail_row(state->err, BC_EXISTS, state->j,
		                    "row %llu: the bar of %s is stored with "
		                    "other values",
		                    (unsigned long long)state->j, text);
	case BC_MERGE_VOLUME:
		volume = &input->columns[input->volume];
		if (merge_number(volume->type, volume->new_data, state->j) <
		    merge_number(volume->type, volume->old_data, state->i))
			*source = BCI_MERGE_OLD;
		break;
	}
	return BC_OK;
}

/* Merge one row that both sides have. */
static enum bc_status
merge_pair(struct merge_state *state)
{
	const struct bci_merge_input *input = state->input;
	struct bc_counts *counts = &state->out->counts;
	bool old_open = state->i >= input->old_closed;
	bool new_open = state->j >= input->new_closed;
	bool same = merge_same(input, state->i, state->j, 1);
	enum bci_merge_source source = BCI_MERGE_NEW;
	enum bc_status status;

	if (same || (new_open && !old_open))
		source = BCI_MERGE_OLD;
	else if (!old_open)
		BCI_TRY(merge_choose(state, &source));
	if (source == BCI_MERGE_NEW || (same && old_open && !new_open))
		counts->updated++;
	else if (same)
		counts->identical++;
	else
		counts->conflicting++;
	state->open += old_open && new_open;
	status = merge_take(state, source,
	                    source == BCI_MERGE_OLD ? state->i : state->j, 1);
	state->i++;
	state->j++;
done:
	return status;
}

/*
 * Merge the rows from here on that have the same times on both sides, at most
 * a block of them: at once if they are the same in all else, too.
 */
static enum bc_status
merge_block(struct merge_state *state)
{
	const struct bci_merge_input *input = state->input;
	uint64_t count = 1, most;
	enum bc_status status = BC_OK;

	most = bci_min(input->old_rows - state->i, input->new_rows - state->j);
	most = bci_min(most, MERGE_BLOCK);
	while (count < most && input->old_ns[state->i + count] ==
	                               input->new_ns[state->j + count])
		count++;
	if (state->i + count <= input->old_closed &&
	    merge_same(input, state->i, state->j, count)) {
		state->out->counts.identical += count;
		status = merge_take(state, BCI_MERGE_OLD, state->i, count);
		state->i += count;
		state->j += count;
		return status;
	}
	for (; count > 0 && status == BC_OK; count--)
		status = merge_pair(state);
	return status;
}

/* ------------------------------------------------------------------------ */
/*  The whole                                                               */
/* ------------------------------------------------------------------------ */

/* The last closed bar of either side: the result has one of that time. */
static void
merge_find_closed(struct merge_state *state)
{
	const struct bci_merge_input *input = state->input;

	if (input->old_closed > 0) {
		state->any_closed = true;
		state->closed_ns = input->old_ns[input->old_closed - 1];
	}
	if (input->new_closed > 0 &&
	    (!state->any_closed ||
	     input->new_ns[input->new_closed - 1] > state->closed_ns)) {
		state->any_closed = true;
		state->closed_ns = input->new_ns[input->new_closed - 1];
	}
}

static enum bc_status
merge_run(struct merge_state *state)
{
	const struct bci_merge_input *input = state->input;
	enum bc_status status = BC_OK;
	uint64_t end;

	while (state->j < input->new_rows) {
		end = bci_lookup_time(input->old_ns, state->i, input->old_rows,
		                      input->new_ns[state->j]);
		BCI_TRY(merge_take_old(state, end));
		end = input->new_rows;
		if (state->i < input->old_rows)
			end = bci_lookup_time(input->new_ns, state->j, end,
			                      input->old_ns[state->i]);
		BCI_TRY(merge_take_new(state, end));
		if (state->j < input->new_rows && state->i < input->old_rows &&
		    input->old_ns[state->i] == input->new_ns[state->j])
			BCI_TRY(merge_block(state));
	}
	status = merge_take_old(state, input->old_rows);
done:
	return status;
}

enum bc_status
bci_merge_plan(const struct bci_merge_input *input,
               const struct bc_allocator *allocator, struct bci_merge *out,
               struct bc_error *err)
{
	struct merge_state state = { .input = input, .out = out, .err = err };
	enum bc_status status;

	BCI_ASSERT(input->old_closed <= input->old_rows);
	BCI_ASSERT(input->new_closed <= input->new_rows);
	memset(out, 0, sizeof(*out));
	out->allocator = allocator;
	if (input->policy == BC_MERGE_VOLUME &&
	    (input->volume >= input->column_count ||
	     input->columns[input->volume].type == BC_TEXT))
		return bci_fail(err, BC_INVALID,
		                "merging by volume needs a column of numbers");
	BCI_TRY(bci_bar_check_times(input->new_ns, input->new_rows, err));
	merge_find_closed(&state);
	BCI_TRY(merge_run(&state));
	out->closed = out->rows - state.open;
	out->changed =
		out->counts.inserted + out->counts.updated + out->overtaken > 0;
done:
	if (status != BC_OK)
		bci_merge_free(out);
	return status;
}

void
bci_merge_gather(const struct bci_merge *merge, const void *old_data,
                 const void *new_data, size_t bytes, void *out)
{
	unsigned char *at = out;

	for (size_t i = 0; i < merge->run_count; i++) {
		const struct bci_merge_run *run = &merge->runs[i];
		const unsigned char *from =
			run->source == BCI_MERGE_OLD ? old_data : new_data;

		memcpy(at, from + run->first * bytes, run->count * bytes);
		at += run->count * bytes;
	}
}
