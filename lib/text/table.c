/* SPDX-License-Identifier: MIT */
/*
 * table.c - rows of a file as typed columns, before they become frames.
 *
 * Nearly every file is in ascending or descending order, which one pass over
 * the times shows.  Others are sorted by merging the runs that they consist of:
 * a few rows out of place cost two or three passes.  Only times and numbers of
 * rows are sorted; each column is then gathered once.
 */
#include "common.h"

#include <stdlib.h>

#include "alloc.h"
#include "clock.h"
#include "error.h"
#include "table.h"

/* More steps than this do not make the commonest one surer. */
#define TABLE_STEPS_MAX 4096

/* A row on its way to its place. */
struct table_row {
	int64_t time_ns;
	uint64_t row;
};

void
bci_table_free(struct bci_table *table)
{
	const struct bc_allocator allocator = table->allocator;

	for (uint32_t i = 0; table->columns != NULL && i < table->column_count;
	     i++) {
		struct bci_table_column *column = &table->columns[i];

		bci_free(&allocator, column->data);
		if (column->shared || column->dictionary == NULL)
			continue;
		for (uint32_t j = 0; j < column->dictionary_count; j++)
			bci_free(&allocator, (void *)column->dictionary[j]);
		bci_free(&allocator, (void *)column->dictionary);
	}
	for (uint32_t i = 0; table->series != NULL && i < table->series_count;
	     i++)
		bci_free(&allocator, table->series[i].symbol);
	bci_free(&allocator, table->series);
	bci_free(&allocator, table->members);
	bci_free(&allocator, table->starts);
	bci_free(&allocator, table->codes);
	bci_free(&allocator, table->columns);
	bci_free(&allocator, table->time_ns);
	*table = (struct bci_table){ .allocator = allocator };
}

static enum bc_status
table_no_memory(struct bc_error *err)
{
	return bci_fail(err, BC_NOMEM, "no memory for the columns of a file");
}

/* ------------------------------------------------------------------------ */
/*  Series                                                                  */
/* ------------------------------------------------------------------------ */

enum bc_status
bci_table_index(struct bci_table *table, struct bc_error *err)
{
	uint64_t *members, *starts;

	if (table->codes == NULL || table->members != NULL)
		return BC_OK;
	members = bci_alloc(&table->allocator, table->rows, sizeof(*members));
	starts = bci_zalloc(&table->allocator, table->series_count + 2,
	                    sizeof(*starts));
	if (members == NULL || starts == NULL) {
		bci_free(&table->allocator, members);
		bci_free(&table->allocator, starts);
		return table_no_memory(err);
	}
	/* Count two places on, so that filling in moves each start to where
	   it belongs. */
	for (uint64_t i = 0; i < table->rows; i++)
		starts[table->codes[i] + 2]++;
	for (uint32_t i = 2; i < table->series_count + 2; i++)
		starts[i] += starts[i - 1];
	for (uint64_t i = 0; i < table->rows; i++)
		members[starts[table->codes[i] + 1]++] = i;
	table->members = members;
	table->starts = starts;
	return BC_OK;
}

/* Copy the chosen elements of an array; NULL: the first 'count'. */
static void
table_gather(void *to, const void *from, size_t bytes, const uint64_t *rows,
             uint64_t count)
{
	if (rows == NULL) {
		memcpy(to, from, count * bytes);
		return;
	}
	switch (bytes) {
	case 8:
		for (uint64_t i = 0; i < count; i++)
			((uint64_t *)to)[i] = ((const uint64_t *)from)[rows[i]];
		break;
	case 4:
		for (uint64_t i = 0; i < count; i++)
			((uint32_t *)to)[i] = ((const uint32_t *)from)[rows[i]];
		break;
	default:
		for (uint64_t i = 0; i < count; i++)
			((uint8_t *)to)[i] = ((const uint8_t *)from)[rows[i]];
	}
}

/* Copy the name of a series into a table that has but one. */
static bool
table_name(const struct bci_table_series *from, struct bci_table *out)
{
	size_t symbol = strlen(from->symbol) + 1;
	size_t period = strlen(from->period) + 1;
	char *text;

	out->series = bci_zalloc(&out->allocator, 1, sizeof(*out->series));
	text = bci_alloc(&out->allocator, symbol + period, 1);
	if (out->series == NULL || text == NULL) {
		bci_free(&out->allocator, text);
		return false;
	}
	out->series_count = 1;
	out->series[0].symbol = memcpy(text, from->symbol, symbol);
	out->series[0].period = memcpy(text + symbol, from->period, period);
	return true;
}

/* Copy the rows whose numbers are given. */
static bool
table_copy(const struct bci_table *table, const uint64_t *rows, uint64_t count,
           struct bci_table *out)
{
	const struct bc_allocator *allocator = &out->allocator;

	out->time_ns = bci_alloc(allocator, count, sizeof(*out->time_ns));
	out->columns = bci_zalloc(allocator, table->column_count,
	                          sizeof(*out->columns));
	if (out->time_ns == NULL || out->columns == NULL)
		return false;
	out->rows = count;
	out->column_count = table->column_count;
	table_gather(out->time_ns, table->time_ns, 8, rows, count);
	for (uint32_t i = 0; i < table->column_count; i++) {
		size_t bytes = bc_type_bytes(table->columns[i].type);
		struct bci_table_column *column = &out->columns[i];

		*column = table->columns[i];
		column->shared = true;
		column->data = bci_alloc(allocator, count, bytes);
		if (column->data == NULL)
			return false;
		table_gather(column->data, table->columns[i].data, bytes, rows,
		             count);
	}
	return true;
}

enum bc_status
bci_table_take(const struct bci_table *table, uint32_t code,
               struct bci_table *out, struct bc_error *err)
{
	uint64_t *found = NULL, count = table->rows;
	const uint64_t *rows = NULL;
	bool done = true;

	*out = (struct bci_table){ .allocator = table->allocator };
	if (table->members != NULL) {
		rows = table->members + table->starts[code];
		count = table->starts[code + 1] - table->starts[code];
	} else if (table->codes != NULL) {
		found = bci_alloc(&table->allocator, table->rows,
		                  sizeof(*found));
		done = found != NULL;
		count = 0;
		for (uint64_t i = 0; done && i < table->rows; i++)
			if (table->codes[i] == code)
				found[count++] = i;
		rows = found;
	}
	done = done && table_copy(table, rows, count, out);
	if (done && code < table->series_count)
		done = table_name(&table->series[code], out);
	bci_free(&table->allocator, found);
	if (done)
		return BC_OK;
	bci_table_free(out);
	return table_no_memory(err);
}

/* ------------------------------------------------------------------------ */
/*  Order                                                                   */
/* ------------------------------------------------------------------------ */

/* How the rows are ordered; *strictly: and no time comes twice. */
static enum bci_order
table_order(const struct bci_table *table, bool *strictly)
{
	uint64_t up = 0, down = 0,
		 steps = table->rows == 0 ? 0 : table->rows - 1;

	for (uint64_t i = 0; i < steps; i++) {
		up += table->time_ns[i] < table->time_ns[i + 1];
		down += table->time_ns[i] > table->time_ns[i + 1];
	}
	*strictly = up == steps || down == steps;
	return down == 0 ? BCI_ASCENDING : up == 0 ? BCI_DESCENDING : BCI_MIXED;
}

/* The end of the run at 'at': rows that are in order already. */
static uint64_t
table_run(const struct table_row *rows, uint64_t at, uint64_t count)
{
	if (at < count)
		at++;
	while (at < count && rows[at - 1].time_ns <= rows[at].time_ns)
		at++;
	return at;
}

/* Merge [from, middle) and [middle, to) of 'rows' into the same of 'out'. */
static void
table_merge(const struct table_row *rows, uint64_t from, uint64_t middle,
            uint64_t to, struct table_row *out)
{
	uint64_t left = from, right = middle;

	for (uint64_t i = from; i < to; i++) {
		bool is_left = right == to ||
		               (left < middle &&
		                rows[left].time_ns <= rows[right].time_ns);

		out[i] = rows[is_left ? left++ : right++];
	}
}

/*
 * Sort by time; rows of one time keep their order.  Runs are merged pair by
 * pair until there is one.  Returns where the result is: 'rows' or 'spare'.
 */
static struct table_row *
table_merge_runs(struct table_row *rows, struct table_row *spare,
                 uint64_t count)
{
	while (table_run(rows, 0, count) < count) {
		struct table_row *other = spare;

		for (uint64_t from = 0, to; from < count; from = to) {
			uint64_t middle = table_run(rows, from, count);

			to = table_run(rows, middle, count);
			table_merge(rows, from, middle, to, spare);
		}
		spare = rows;
		rows = other;
	}
	return rows;
}

/* Whether two rows are equal in all columns. */
static bool
table_same(const struct bci_table *table, uint64_t a, uint64_t b)
{
	for (uint32_t i = 0; i < table->column_count; i++) {
		const struct bci_table_column *column = &table->columns[i];
		size_t bytes = bc_type_bytes(column->type);
		const char *data = column->data;

		if (memcmp(data + a * bytes, data + b * bytes, bytes) != 0)
			return false;
	}
	return true;
}

/*
 * Put the numbers of the rows to keep, in their order, into 'kept': of each
 * time the last one.  A row that goes is identical if it equals the one that
 * stays or the one behind it.  Returns how many are kept.
 */
static uint64_t
table_unique(const struct bci_table *table, const struct table_row *rows,
             uint64_t *kept, struct bci_table_order *order)
{
	uint64_t count = 0, to;

	for (uint64_t from = 0; from < table->rows; from = to) {
		to = from + 1;
		while (to < table->rows &&
		       rows[to].time_ns == rows[from].time_ns)
			to++;
		for (uint64_t i = from; i + 1 < to; i++) {
			bool same =
				table_same(table, rows[i].row,
			                   rows[to - 1].row) ||
				table_same(table, rows[i].row, rows[i + 1].row);

			order->identical += same;
			order->conflicting += !same;
		}
		kept[count++] = rows[to - 1].row;
	}
	return count;
}

/* Leave the rows whose numbers are in 'kept', in that order. */
static bool
table_rearrange(struct bci_table *table, const uint64_t *kept, uint64_t count)
{
	const struct bc_allocator *allocator = &table->allocator;
	void *fresh = bci_alloc(allocator, count, sizeof(*table->time_ns));
	void **data = bci_zalloc(allocator, table->column_count, sizeof(*data));
	bool done = fresh != NULL && data != NULL;

	/* All memory first, so that a table is never half rearranged. */
	for (uint32_t i = 0; done && i < table->column_count; i++) {
		data[i] = bci_alloc(allocator, count,
		                    bc_type_bytes(table->columns[i].type));
		done = data[i] != NULL;
	}
	if (done) {
		table_gather(fresh, table->time_ns, 8, kept, count);
		bci_free(allocator, table->time_ns);
		table->time_ns = fresh;
		fresh = NULL;
		table->rows = count;
	}
	for (uint32_t i = 0; data != NULL && i < table->column_count; i++) {
		struct bci_table_column *column = &table->columns[i];
		void *old = done ? column->data : data[i];

		if (done) {
			table_gather(data[i], column->data,
			             bc_type_bytes(column->type), kept, count);
			column->data = data[i];
		}
		bci_free(allocator, old);
	}
	bci_free(allocator, fresh);
	bci_free(allocator, data);
	return done;
}

enum bc_status
bci_table_sort(struct bci_table *table, struct bci_table_order *order,
               struct bc_error *err)
{
	const struct bc_allocator *allocator = &table->allocator;
	uint64_t rows = table->rows, *kept = NULL;
	struct table_row *pairs = NULL, *spare = NULL, *sorted;
	bool done = false, strictly;

	BCI_ASSERT(table->codes == NULL); /* One series has one order. */
	*order = (struct bci_table_order){ 0 };
	order->order = table_order(table, &strictly);
	if (strictly && order->order == BCI_ASCENDING)
		return BC_OK;
	kept = bci_alloc(allocator, rows, sizeof(*kept));
	if (kept == NULL)
		goto done;
	if (strictly) {
		for (uint64_t i = 0; i < rows; i++)
			kept[i] = rows - 1 - i;
	} else {
		pairs = bci_alloc(allocator, rows, sizeof(*pairs));
		spare = bci_alloc(allocator, rows, sizeof(*spare));
		if (pairs == NULL || spare == NULL)
			goto done;
		for (uint64_t i = 0; i < rows; i++)
			pairs[i] = (struct table_row){ table->time_ns[i], i };
		sorted = table_merge_runs(pairs, spare, rows);
		rows = table_unique(table, sorted, kept, order);
	}
	done = table_rearrange(table, kept, rows);
done:
	bci_free(allocator, kept);
	bci_free(allocator, pairs);
	bci_free(allocator, spare);
	return done ? BC_OK : table_no_memory(err);
}

/* ------------------------------------------------------------------------ */
/*  Steps                                                                   */
/* ------------------------------------------------------------------------ */

static int
table_compare_steps(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * The step that more than half of the first 'count' are, if there is one.  Two
 * times may be further apart than int64_t reaches, hence the unsigned steps.
 */
static bool
table_majority(const int64_t *time_ns, size_t count, uint64_t *out)
{
	uint64_t chosen = 0, step;
	size_t lead = 0, votes = 0;

	/* Each other step takes a vote from it: it alone can have some left. */
	for (size_t i = 0; i < count; i++) {
		step = (uint64_t)time_ns[i + 1] - (uint64_t)time_ns[i];
		chosen = lead == 0 ? step : chosen;
		lead += step == chosen ? 1 : SIZE_MAX;
	}
	for (size_t i = 0; i < count; i++)
		votes += (uint64_t)time_ns[i + 1] - (uint64_t)time_ns[i] ==
		         chosen;
	*out = chosen;
	return votes > count / 2;
}

/* The commonest step; of two that are as common, the smaller. */
static uint64_t
table_commonest(const int64_t *time_ns, size_t count)
{
	uint64_t steps[TABLE_STEPS_MAX], step = 0;
	size_t run = 0, longest = 0;

	for (size_t i = 0; i < count; i++)
		steps[i] = (uint64_t)time_ns[i + 1] - (uint64_t)time_ns[i];
	qsort(steps, count, sizeof(steps[0]), table_compare_steps);
	for (size_t i = 0; i < count; i++) {
		run = i != 0 && steps[i] == steps[i - 1] ? run + 1 : 1;
		if (run > longest) {
			longest = run;
			step = steps[i];
		}
	}
	return step;
}

/* In nearly all files most steps are the same, which needs no sorting. */
int64_t
bci_table_step(const struct bci_table *table)
{
	size_t count = table->rows == 0 ? 0 : table->rows - 1;
	uint64_t step;

	count = count < TABLE_STEPS_MAX ? count : TABLE_STEPS_MAX;
	if (!table_majority(table->time_ns, count, &step))
		step = table_commonest(table->time_ns, count);
	return step > INT64_MAX ? 0 : (int64_t)step;
}

/*
 * Some sources end a bar with its last second, millisecond or smaller unit
 * rather than with the beginning of the next: how much is missing.
 */
static int64_t
table_short_of(const struct bci_table *table,
               const struct bci_timeframe *timeframe)
{
	int64_t grid_ns = 60 * BCI_SECOND_NS, unit_ns = BCI_SECOND_NS;
	uint64_t i;

	if (timeframe->step_ns != 0 && timeframe->step_ns < grid_ns)
		grid_ns = timeframe->step_ns;
	for (; unit_ns != 0 && table->rows != 0; unit_ns /= 1000) {
		for (i = 0; i < table->rows; i++)
			if ((table->time_ns[i] % grid_ns + unit_ns) % grid_ns !=
			    0)
				break;
		if (i == table->rows && unit_ns < grid_ns)
			return unit_ns;
	}
	return 0;
}

bool
bci_table_stamp_open(struct bci_table *table,
                     const struct bci_timeframe *timeframe)
{
	int64_t short_ns = table_short_of(table, timeframe), time_ns;

	for (uint64_t i = 0; i < table->rows; i++)
		if (__builtin_add_overflow(table->time_ns[i], short_ns,
		                           &time_ns) ||
		    !bci_timeframe_move(timeframe, time_ns, -1, &time_ns))
			return false;
	for (uint64_t i = 0; i < table->rows; i++)
		(void)bci_timeframe_move(timeframe,
		                         table->time_ns[i] + short_ns, -1,
		                         &table->time_ns[i]);
	return true;
}

/* ------------------------------------------------------------------------ */
/*  Comparing                                                               */
/* ------------------------------------------------------------------------ */

/* Whether a view has the columns of a table in the same order. */
static bool
table_same_shape(const struct bci_table *table, const struct bc_view *view)
{
	if (view->schema->column_count != table->column_count + 1)
		return false;
	for (uint32_t i = 0; i < table->column_count; i++) {
		const struct bc_schema_column *column =
			&view->schema->columns[i + 1];

		if (column->type != table->columns[i].type ||
		    strcmp(column->name, table->columns[i].name) != 0)
			return false;
	}
	return true;
}

/* Whether a text of the table and one of a view are the same. */
static bool
table_same_text(const struct bci_table_column *column, uint64_t row,
                const struct bc_view *view, uint32_t index, uint32_t code)
{
	const char *text = column->dictionary[((uint32_t *)column->data)[row]];
	size_t bytes;
	const char *stored = bc_view_text(view, index, code, &bytes);

	return stored != NULL && strlen(text) == bytes &&
	       memcmp(text, stored, bytes) == 0;
}

/* Whether row 'a' of the table has the values of row 'b' of a view. */
static bool
table_same_values(const struct bci_table *table, uint64_t a,
                  const struct bc_view *view, const void *const *stored,
                  uint64_t b)
{
	for (uint32_t i = 0; i < table->column_count; i++) {
		const struct bci_table_column *column = &table->columns[i];
		size_t bytes = bc_type_bytes(column->type);
		const char *value = (const char *)column->data + a * bytes;
		const char *other = (const char *)stored[i] + b * bytes;
		uint32_t code;

		if (column->type == BC_TEXT) {
			memcpy(&code, other, sizeof(code));
			if (!table_same_text(column, a, view, i + 1, code))
				return false;
		} else if (memcmp(value, other, bytes) != 0) {
			return false;
		}
	}
	return true;
}

void
bci_table_compare(const struct bci_table *table, const struct bc_view *view,
                  struct bci_table_change *change)
{
	const int64_t *stored_ns = bc_view_time(view);
	const void *stored[BC_COLUMNS_MAX];
	uint64_t a = 0, b = 0;

	*change = (struct bci_table_change){ 0 };
	change->same_shape = table_same_shape(table, view);
	for (uint32_t i = 0; change->same_shape && i < table->column_count; i++)
		stored[i] = bc_view_column(view, i + 1);
	while (a < table->rows && b < view->rows) {
		if (table->time_ns[a] < stored_ns[b]) {
			change->inserted++;
			a++;
		} else if (table->time_ns[a] > stored_ns[b]) {
			change->gone++;
			b++;
		} else {
			bool same =
				change->same_shape &&
				table_same_values(table, a, view, stored, b);

			change->identical += same;
			change->updated += !same;
			a++;
			b++;
		}
	}
	change->inserted += table->rows - a;
	change->gone += view->rows - b;
}
