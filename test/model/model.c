/* SPDX-License-Identifier: MIT */
/*
 * model.c - what the calls that write do to a series, on plain arrays, as
 * barcache.h says it.  Every call makes the whole series anew.
 */
#include "model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- copies -------------------------------------------------------------- */

static void *
copied(const void *items, size_t count, size_t bytes)
{
	void *copy = calloc(count + 1, bytes);

	if (copy == NULL)
		abort();
	if (count > 0)
		memcpy(copy, items, count * bytes);
	return copy;
}

void
model_series_copy(struct model_series *to, const struct model_series *from)
{
	*to = *from;
	to->rows.items = copied(from->rows.items, from->rows.count,
	                        sizeof(*to->rows.items));
	to->rows.capacity = from->rows.count;
	to->known.items = copied(from->known.items, from->known.count,
	                         sizeof(*to->known.items));
	to->known.capacity = from->known.count;
}

void
model_series_clear(struct model_series *series)
{
	const struct model_shape *shape = series->shape;

	free(series->rows.items);
	free(series->known.items);
	memset(series, 0, sizeof(*series));
	series->shape = shape;
}

/* ---- the range of rows --------------------------------------------------- */

static int64_t
later(int64_t time_ns, int64_t step_ns)
{
	return time_ns > INT64_MAX - step_ns ? INT64_MAX : time_ns + step_ns;
}

/* A month later, in days of the civil calendar; 0 if no time is so late. */
static int64_t
month_later(int64_t time_ns)
{
	const int64_t day_ns = 1440 * MODEL_MINUTE;
	int64_t days = time_ns / day_ns - (time_ns % day_ns < 0);
	/* The first midnight lies before the first moment. */
	const int64_t since_ns = (int64_t)((uint64_t)time_ns -
	                                   (uint64_t)days * (uint64_t)day_ns);
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t year =
		(of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) /
		365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t month = (5 * of_year + 2) / 153; /* 0 is March */
	static const int lengths[] = { 31, 30, 31, 30, 31, 31,
		                       30, 31, 30, 31, 31, 28 };
	int64_t day = of_year - (153 * month + 2) / 5; /* 0 is the first */
	int64_t length = lengths[month], next = lengths[(month + 1) % 12];
	int64_t civil = year + era * 400 + (month >= 10);
	bool leap = (civil % 4 == 0 && civil % 100 != 0) || civil % 400 == 0;

	length += month == 11 && leap;
	next += month == 10 && leap;
	/* The same day of the next month, or the last one that it has. */
	days += length + (day < next ? 0 : next - 1 - day);
	if (__builtin_mul_overflow(days, day_ns, &days) ||
	    __builtin_add_overflow(days, since_ns, &days))
		return 0;
	return days;
}

static int64_t
rows_end(const struct model_shape *shape, const struct model_rows *rows)
{
	int64_t last_ns = rows->items[rows->count - 1].time_ns;
	uint64_t step, shortest = UINT64_MAX;

	if (shape->step_ns != 0 && last_ns <= INT64_MAX - shape->step_ns)
		return last_ns + shape->step_ns;
	if (strstr(shape->key, "/1M") != NULL && month_later(last_ns) != 0)
		return month_later(last_ns);
	for (size_t i = 1; i < rows->count; i++) {
		step = (uint64_t)rows->items[i].time_ns -
		       (uint64_t)rows->items[i - 1].time_ns;
		shortest = step < shortest ? step : shortest;
	}
	if (shortest > INT64_MAX)
		shortest = rows->count > 1 ? INT64_MAX : 1;
	return later(last_ns, (int64_t)shortest);
}

int64_t
model_frame_end(const struct model_series *series)
{
	const struct model_rows *rows = &series->rows;
	struct model_row *items = rows->items;
	const struct model_rows last = { items + rows->count - 1, 1, 1 };

	for (size_t i = 2; i < rows->count; i++)
		if ((uint64_t)items[i].time_ns - (uint64_t)items[1].time_ns !=
		    (i - 1) * ((uint64_t)items[1].time_ns -
		               (uint64_t)items[0].time_ns))
			return rows_end(series->shape, &last);
	return rows_end(series->shape, rows);
}

void
model_coverage(const struct model_series *series, struct model_known *known)
{
	const struct model_rows *rows = &series->rows;

	if (series->kind == BC_FRAME && rows->count > 0)
		model_known_set(known, rows->items[0].time_ns,
		                rows_end(series->shape, rows), BC_KNOWN_BARS);
	for (size_t i = 0; i < series->known.count; i++)
		model_known_set(known, series->known.items[i].from_ns,
		                series->known.items[i].to_ns,
		                series->known.items[i].known);
}

/* ---- merging ------------------------------------------------------------- */

static double
volume(const struct model_shape *shape, struct model_row row)
{
	uint32_t column = shape->column_count - 1;
	union model_value value = model_value(shape, column, row);
	double number;

	switch (shape->columns[column].type) {
	case BC_I64:
		return (double)value.i64;
	case BC_F64:
		number = value.f64;
		break;
	case BC_F32:
		number = (double)value.f32;
		break;
	default:
		return value.u8;
	}
	return isnan(number) ? -INFINITY : number;
}

/* A merge under way. */
struct merging {
	const struct model_series *old;
	const struct model_input *input;
	struct model_rows rows; /* of the result */
	bool open;
	bool row_refused; /* the new open bar was rejected or conflicts */
	struct model_result result;
};

/* Two bars of one time; true if the new one is taken. */
static bool
choose(struct merging *merging, struct model_row old, bool old_open, size_t row,
       bool new_open)
{
	const struct model_shape *shape = merging->old->shape;
	struct model_row new = merging->input->rows->items[row];
	struct bc_counts *counts = &merging->result.counts;
	bool taken = true;

	if (model_same(shape, old, new)) {
		if (old_open && !new_open)
			counts->updated++;
		else
			counts->identical++;
		return false;
	}
	if (new_open && !old_open)
		taken = false;
	else if (!old_open && merging->input->merge == BC_MERGE_FIRST)
		taken = false;
	else if (!old_open && merging->input->merge == BC_MERGE_VOLUME)
		taken = volume(shape, new) >= volume(shape, old);
	else if (!old_open && merging->input->merge == BC_MERGE_ERROR &&
	         merging->result.status == BC_OK) {
		merging->result.status = BC_EXISTS;
		merging->result.row = (int64_t)row;
	}
	if (taken)
		counts->updated++;
	else
		counts->conflicting++;
	return taken;
}

/* One row of the stored side, of the new side, or of both. */
static void
merge_row(struct merging *merging, size_t i, bool has_old, size_t j,
          bool has_new)
{
	const struct model_rows *olds = &merging->old->rows;
	const struct model_rows *news = merging->input->rows;
	bool old_open = has_old && merging->old->open && i + 1 == olds->count;
	bool new_open = has_new && j + 1 == news->count &&
	                (merging->input->flags & BC_APPEND_OPEN) != 0;

	/* What has not ended stays out if a later one is stored. */
	if (new_open && i + has_old < olds->count) {
		merging->result.counts.rejected++;
		merging->row_refused = true;
		new_open = has_new = false;
	}
	if (has_old && has_new) {
		bool taken =
			choose(merging, olds->items[i], old_open, j, new_open);

		model_rows_add(&merging->rows,
		               taken ? news->items[j] : olds->items[i]);
		merging->open = old_open && new_open;
		merging->row_refused |= new_open && !old_open;
	} else if (has_new) {
		merging->result.counts.inserted++;
		model_rows_add(&merging->rows, news->items[j]);
		merging->open = new_open;
	} else if (has_old && (!old_open || j == news->count)) {
		model_rows_add(&merging->rows, olds->items[i]);
		merging->open = old_open;
	}
	/* Else a bar that never ended, and is not the newest any more. */
}

static void
merge_rows(struct merging *merging)
{
	const struct model_rows *olds = &merging->old->rows;
	const struct model_rows *news = merging->input->rows;
	size_t i = 0, j = 0;

	while (i < olds->count || j < news->count) {
		bool has_old = i < olds->count, has_new = j < news->count;

		if (has_old && has_new) {
			int64_t old_ns = olds->items[i].time_ns;
			int64_t new_ns = news->items[j].time_ns;

			has_old = old_ns <= new_ns;
			has_new = new_ns <= old_ns;
		}
		merge_row(merging, i, has_old, j, has_new);
		i += has_old;
		j += has_new;
	}
}

/* ---- what is known by an append ------------------------------------------ */

static int64_t
earlier(int64_t one_ns, int64_t other_ns)
{
	return one_ns < other_ns ? one_ns : other_ns;
}

/* An empty range is so where no bars are known. */
static void
known_empty(struct model_known *known, int64_t from_ns, int64_t to_ns)
{
	struct model_known before = *known;

	before.items = calloc(known->count + 1, sizeof(*known->items));
	if (before.items == NULL)
		abort();
	for (size_t i = 0; i < known->count; i++)
		before.items[i] = known->items[i];
	model_known_set(known, from_ns, to_ns, BC_KNOWN_EMPTY);
	for (size_t i = 0; i < before.count; i++) {
		const struct bc_interval *item = &before.items[i];

		if (item->known == BC_KNOWN_BARS)
			model_known_set(known, item->from_ns, item->to_ns,
			                BC_KNOWN_BARS);
	}
	free(before.items);
}

/* The interval of a bar that had not ended goes with the bar. */
static void
known_close(struct model_known *known)
{
	for (size_t i = 0; i < known->count; i++) {
		const struct bc_interval item = known->items[i];

		if (item.known != BC_KNOWN_OPEN)
			continue;
		model_known_set(known, item.from_ns, item.to_ns,
		                BC_KNOWN_NOTHING);
		return;
	}
}

static void
append_known(struct model_series *next, const struct model_series *before,
             const struct model_input *input, bool row_refused)
{
	const bool open =
		(input->flags & BC_APPEND_OPEN) != 0 && input->rows->count > 0;
	const bool own = open && !row_refused && next->open;
	const struct model_rows *news = input->rows;
	int64_t from_ns = input->from_ns, to_ns = input->to_ns, final_ns;

	if (from_ns == 0 && to_ns == 0) {
		from_ns = news->items[0].time_ns;
		to_ns = rows_end(next->shape, news);
	}
	final_ns = open ? news->items[news->count - 1].time_ns : to_ns;
	to_ns = own ? to_ns : final_ns;
	if (next->open && !own) {
		/* What comes behind a bar that has not ended is not known. */
		int64_t last_ns =
			next->rows.items[next->rows.count - 1].time_ns;

		final_ns = earlier(final_ns, last_ns);
		to_ns = earlier(to_ns, last_ns);
	}
	if (before->open && (own || !next->open))
		known_close(&next->known);
	if (news->count - open == 0)
		known_empty(&next->known, from_ns, final_ns);
	else
		model_known_set(&next->known, from_ns, final_ns, BC_KNOWN_BARS);
	if (final_ns < to_ns) {
		model_known_set(&next->known, final_ns, to_ns, BC_KNOWN_OPEN);
		model_known_set(&next->known, to_ns, INT64_MAX,
		                BC_KNOWN_NOTHING);
	}
}

/* ---- the calls ----------------------------------------------------------- */

static bool
known_same(const struct model_known *one, const struct model_known *other)
{
	bool same = one->count == other->count;

	for (size_t i = 0; same && i < one->count; i++)
		same = one->items[i].from_ns == other->items[i].from_ns &&
		       one->items[i].to_ns == other->items[i].to_ns &&
		       one->items[i].known == other->items[i].known;
	return same;
}

static int64_t
rows_check(const struct model_shape *shape, const struct model_input *input,
           struct model_result *result)
{
	for (size_t i = 0; i < input->rows->count; i++) {
		if (!model_impossible(shape, input->rows->items[i]))
			continue;
		if ((input->flags & BC_APPEND_SUSPECT) == 0) {
			result->status = BC_BARS;
			return (int64_t)i;
		}
		result->counts.suspect++;
	}
	return -1;
}

static bool
range_is_right(const struct model_input *input)
{
	const struct model_rows *rows = input->rows;

	if (input->from_ns == 0 && input->to_ns == 0)
		return rows->count > 0;
	if (input->from_ns >= input->to_ns)
		return false;
	return rows->count == 0 ||
	       (rows->items[0].time_ns >= input->from_ns &&
	        rows->items[rows->count - 1].time_ns < input->to_ns);
}

struct model_result
model_append(struct model_series *series, const struct model_input *input)
{
	struct merging merging = { .old = series, .input = input };
	struct model_result *result = &merging.result;
	const struct bc_counts *counts = &result->counts;
	struct model_known known = { 0 }, before = { 0 };
	struct model_series next;

	result->row = rows_check(series->shape, input, result);
	if (result->status == BC_OK &&
	    (!range_is_right(input) || series->kind == BC_BLOB))
		result->status = BC_INVALID;
	if (result->status != BC_OK)
		return *result;
	merge_rows(&merging);
	if (result->status != BC_OK) {
		free(merging.rows.items);
		return *result;
	}
	if (!series->shaped)
		series->turn = input->turn % series->shape->column_count;
	model_coverage(series, &known);
	next = *series;
	next.kind = BC_SERIES;
	next.shaped |= input->rows->count > 0;
	next.rows = merging.rows;
	next.open = merging.open;
	next.known = known;
	append_known(&next, series, input, merging.row_refused);
	/* A frame that nothing new came to remains one. */
	model_coverage(series, &before);
	if (series->kind == BC_FRAME &&
	    counts->inserted + counts->updated == 0 &&
	    known_same(&before, &next.known)) {
		next.kind = BC_FRAME;
		next.known.count = 0;
	}
	free(before.items);
	model_series_clear(series);
	*series = next;
	return *result;
}

struct model_result
model_put(struct model_series *series, const struct model_input *input)
{
	struct model_result result = { .status = BC_OK };

	result.row = rows_check(series->shape, input, &result);
	if (result.status != BC_OK)
		return result;
	*(series->kind == 0 ? &result.counts.inserted
	                    : &result.counts.updated) = input->rows->count;
	model_series_clear(series);
	series->kind = BC_FRAME;
	series->shaped = true;
	series->turn = input->turn % series->shape->column_count;
	for (size_t i = 0; i < input->rows->count; i++)
		model_rows_add(&series->rows, input->rows->items[i]);
	return result;
}

/* Whether it says anything of a range. */
static bool
known_touches(const struct model_known *known, int64_t from_ns, int64_t to_ns)
{
	for (size_t i = 0; i < known->count; i++)
		if (known->items[i].from_ns < to_ns &&
		    from_ns < known->items[i].to_ns)
			return true;
	return false;
}

/* A part of what is not final is no use without its beginning. */
static void
cut_known(struct model_series *series, int64_t from_ns, int64_t to_ns)
{
	struct model_known *known = &series->known;

	if (known->count > 0) {
		const struct bc_interval last = known->items[known->count - 1];

		if (last.known == BC_KNOWN_OPEN && from_ns < last.to_ns &&
		    to_ns > last.from_ns && to_ns < last.to_ns)
			to_ns = last.to_ns;
	}
	model_known_set(known, from_ns, to_ns, BC_KNOWN_NOTHING);
}

struct model_result
model_remove_range(struct model_series *series, int64_t from_ns, int64_t to_ns,
                   uint64_t *rows)
{
	struct model_result result = { .status = BC_OK, .row = -1 };
	struct model_series next;
	size_t first, end;

	*rows = 0;
	if (series->kind == 0)
		result.status = BC_MISS;
	else if (series->kind == BC_BLOB || to_ns < from_ns)
		result.status = BC_INVALID;
	if (result.status != BC_OK)
		return result;
	first = model_rows_find(&series->rows, from_ns);
	end = to_ns == INT64_MAX ? series->rows.count
	                         : model_rows_find(&series->rows, to_ns);
	*rows = end - first;
	model_series_copy(&next, series);
	next.kind = BC_SERIES;
	free(next.known.items);
	memset(&next.known, 0, sizeof(next.known));
	model_coverage(series, &next.known);
	if (end == series->rows.count && end > first)
		next.open = false;
	if (end < series->rows.count)
		memmove(next.rows.items + first, next.rows.items + end,
		        (series->rows.count - end) * sizeof(*next.rows.items));
	next.rows.count -= end - first;
	/* A frame of which nothing is dropped remains one. */
	if (series->kind == BC_FRAME && *rows == 0 &&
	    !known_touches(&next.known, from_ns, to_ns)) {
		model_series_clear(&next);
		return result;
	}
	cut_known(&next, from_ns, to_ns);
	model_series_clear(series);
	*series = next;
	return result;
}
