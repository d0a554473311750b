/* SPDX-License-Identifier: MIT */
/*
 * check.c - a view against the rows that it must show, and reads by all calls
 * that return one.
 */
#include "check.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_ALL 30000 /* up to so many rows every value is compared */

uint64_t
model_roll(struct model_dice *dice, uint64_t below)
{
	return test_mix(dice->seed, dice->count++) % below;
}

/* ---- columns ------------------------------------------------------------- */

void
model_columns_all(struct model_columns *columns,
                  const struct model_series *series)
{
	const uint32_t count = series->shape->column_count;

	memset(columns, 0, sizeof(*columns));
	columns->count = count;
	for (uint32_t i = 0; i < count; i++)
		columns->shown[i] = (i + series->turn) % count;
}

void
model_columns_roll(struct model_columns *columns,
                   const struct model_series *series, struct model_dice *dice)
{
	const struct model_shape *shape = series->shape;
	struct model_columns all;
	uint32_t from, count = 0;

	model_columns_all(&all, series);
	*columns = all;
	if (model_roll(dice, 2) == 0)
		return;
	columns->count = 0;
	for (uint32_t i = 0; i < all.count; i++)
		if (model_roll(dice, 2) == 0)
			columns->shown[columns->count++] = all.shown[i];
	/* Asked for in another order, the time perhaps among them. */
	from = (uint32_t)model_roll(dice, MODEL_COLUMNS);
	for (uint32_t i = 0; i < columns->count; i++) {
		uint32_t at = columns->shown[(i + from) % columns->count];

		if (i == 1 && from % 2 == 0)
			columns->names[count++] = BC_TIME;
		columns->names[count++] = shape->columns[at].name;
	}
	columns->list = columns->names;
}

/* ---- a view -------------------------------------------------------------- */

static void
differs(const struct model_series *series, const char *what, const char *detail,
        int64_t found, int64_t expected)
{
	fprintf(stderr, "%s: %s: %s is %" PRId64 ", expected %" PRId64 "\n",
	        series->shape->key, what, detail, found, expected);
	test_require_failed(detail, __FILE__, __LINE__);
}

static void
same(const struct model_series *series, const char *what, const char *detail,
     int64_t found, int64_t expected)
{
	if (found != expected)
		differs(series, what, detail, found, expected);
}

static void
check_schema(const struct model_series *series,
             const struct model_columns *columns, const struct bc_view *view,
             const char *what)
{
	const struct model_shape *shape = series->shape;
	const struct bc_schema *schema = view->schema;
	uint64_t row_bytes = 8;

	require(schema != NULL);
	same(series, what, "columns", schema->column_count, columns->count + 1);
	same(series, what, "has_time", schema->has_time, 1);
	require(strcmp(schema->columns[0].name, BC_TIME) == 0);
	for (uint32_t i = 0; i < columns->count; i++) {
		uint32_t at = columns->shown[i];
		const struct bc_schema_column *column = &schema->columns[i + 1];

		if (strcmp(column->name, shape->columns[at].name) != 0)
			differs(series, what, column->name, i, at);
		same(series, what, "type", column->type,
		     shape->columns[at].type);
		row_bytes += bc_type_bytes(column->type);
	}
	same(series, what, "row_bytes", (int64_t)schema->row_bytes,
	     (int64_t)row_bytes);
	same(series, what, "bytes", (int64_t)view->bytes,
	     (int64_t)(view->rows * row_bytes));
}

static bool
text_is(const struct bc_view *view, uint32_t column, uint32_t code,
        uint32_t expected)
{
	size_t bytes = 0;
	const char *text = bc_view_text(view, column, code, &bytes);
	const char *wanted = model_text(expected);

	return text != NULL && bytes == strlen(wanted) &&
	       memcmp(text, wanted, bytes) == 0;
}

static bool
value_is(const struct bc_view *view, uint32_t column, enum bc_type type,
         size_t row, union model_value expected)
{
	const size_t bytes = bc_type_bytes(type);
	const char *data = bc_view_column(view, column);
	uint32_t code;

	if (data == NULL || (uintptr_t)data % bytes != 0)
		return false;
	if (type != BC_TEXT)
		return memcmp(data + row * bytes, &expected, bytes) == 0;
	memcpy(&code, data + row * bytes, sizeof(code));
	return text_is(view, column, code, expected.text);
}

static void
check_row(const struct model_series *series,
          const struct model_columns *columns, struct model_part part,
          const struct bc_view *view, size_t row, const char *what)
{
	const struct model_shape *shape = series->shape;
	struct model_row wanted = series->rows.items[part.first + row];

	if (bc_view_time(view)[row] != wanted.time_ns)
		differs(series, what, "time of a row", bc_view_time(view)[row],
		        wanted.time_ns);
	for (uint32_t i = 0; i < columns->count; i++) {
		uint32_t at = columns->shown[i];

		if (!value_is(view, i + 1, shape->columns[at].type, row,
		              model_value(shape, at, wanted)))
			differs(series, what, shape->columns[at].name,
			        (int64_t)row, (int64_t)part.count);
	}
}

void
model_check_view(const struct model_series *series,
                 const struct model_columns *columns, struct model_part part,
                 const struct bc_view *view, const char *what)
{
	const struct model_row *rows = series->rows.items + part.first;
	size_t step = 1, row;

	same(series, what, "rows", (int64_t)view->rows, (int64_t)part.count);
	same(series, what, "miss", view->miss, BC_MISS_NONE);
	same(series, what, "open_rows", view->open_rows, part.open);
	same(series, what, "kind", view->kind, series->kind);
	if (part.count == 0) {
		same(series, what, "first_ns", view->first_ns, 0);
		same(series, what, "last_ns", view->last_ns, 0);
		return;
	}
	same(series, what, "first_ns", view->first_ns, rows[0].time_ns);
	same(series, what, "last_ns", view->last_ns,
	     rows[part.count - 1].time_ns);
	check_schema(series, columns, view, what);
	if (part.count > ROWS_ALL) {
		step = part.count / ROWS_ALL + 1;
		for (row = 0; row < part.count; row++)
			if (bc_view_time(view)[row] != rows[row].time_ns)
				check_row(series, columns, part, view, row,
				          what);
	}
	/* Another few of many rows each time. */
	for (row = (uintptr_t)view->revision % step; row < part.count;
	     row += step)
		check_row(series, columns, part, view, row, what);
	check_row(series, columns, part, view, part.count - 1, what);
}

/* ---- views that are kept ------------------------------------------------- */

void
model_keep(struct model_kept *kept, struct bc_view *view,
           const struct model_series *series, struct model_part part,
           const struct model_columns *columns)
{
	model_kept_release(kept);
	kept->view = *view;
	kept->columns = *columns;
	kept->series.shape = series->shape;
	kept->series.kind = series->kind;
	kept->series.turn = series->turn;
	kept->series.open = part.open;
	for (size_t i = 0; i < part.count; i++)
		model_rows_add(&kept->series.rows,
		               series->rows.items[part.first + i]);
	memset(view, 0, sizeof(*view));
}

void
model_kept_check(const struct model_kept *kept)
{
	struct model_part part = { .count = kept->series.rows.count,
		                   .open = kept->series.open };

	if (kept->view.schema != NULL)
		model_check_view(&kept->series, &kept->columns, part,
		                 &kept->view, "a view taken before");
}

void
model_kept_release(struct model_kept *kept)
{
	bc_view_release(&kept->view);
	model_series_clear(&kept->series);
	memset(kept, 0, sizeof(*kept));
}

/* ---- reads --------------------------------------------------------------- */

int64_t
model_roll_time(const struct model_series *series, struct model_dice *dice)
{
	const struct model_rows *rows = &series->rows;
	const struct model_known *known = &series->known;
	int64_t time_ns = (int64_t)model_roll(dice, 3) - 1, base;

	switch (model_roll(dice, 4)) {
	case 0:
	case 1:
		if (rows->count == 0)
			break;
		base = rows->items[model_roll(dice, rows->count)].time_ns;
		if (base > INT64_MIN && base < INT64_MAX)
			time_ns += base;
		break;
	case 2:
		if (known->count == 0)
			break;
		base = known->items[model_roll(dice, known->count)].from_ns;
		if (model_roll(dice, 2) == 0)
			base = known->items[model_roll(dice, known->count)]
			               .to_ns;
		if (base > INT64_MIN && base < INT64_MAX)
			time_ns += base;
		break;
	default:
		if (model_roll(dice, 2) == 0)
			return model_roll(dice, 2) ? INT64_MIN : INT64_MAX;
	}
	return time_ns;
}

/* One read with its arguments. */
struct check_read {
	enum { BY_TIME, BY_TAIL, BY_MOMENT, BY_ROWS } by;
	unsigned flags;
	int64_t from_ns, to_ns;
	uint64_t first, count;
	struct model_columns columns;
	char what[200];
};

static void
read_roll(struct check_read *read, const struct model_series *series,
          struct model_dice *dice)
{
	static const unsigned ways[] = { 0, 0, BC_READ_ZERO_COPY,
		                         BC_READ_PRIVATE };
	static const char *const names[] = { "bc_read", "bc_tail", "bc_asof",
		                             "bc_read_rows" };
	int64_t time_ns;

	memset(read, 0, sizeof(*read));
	read->by = BY_TIME;
	if (model_roll(dice, 8) >= 5)
		read->by = (unsigned)model_roll(dice, 4);
	read->flags = (unsigned)model_roll(dice, 4); /* PARTIAL, OPEN */
	read->flags |= ways[model_roll(dice, 4)];
	read->from_ns = model_roll_time(series, dice);
	read->to_ns = model_roll_time(series, dice);
	if (read->from_ns > read->to_ns) {
		time_ns = read->from_ns;
		read->from_ns = read->to_ns;
		read->to_ns = time_ns;
	}
	read->first = model_roll(dice, series->rows.count + 2);
	read->count =
		model_roll(dice, 8) == 0
			? UINT64_MAX
			: model_roll(dice, model_roll(dice, 2)
	                                           ? 8
	                                           : 2 + series->rows.count);
	model_columns_roll(&read->columns, series, dice);
	snprintf(read->what, sizeof(read->what),
	         "%s(from %" PRId64 ", to %" PRId64 ", first %" PRIu64
	         ", count %" PRIu64 ", columns %d, flags %u)",
	         names[read->by], read->from_ns, read->to_ns, read->first,
	         read->count,
	         read->columns.list == NULL ? -1 : (int)read->columns.count,
	         read->flags);
}

static enum bc_status
read_do(struct bc_cache *cache, const struct check_read *read, const char *key,
        struct bc_view *view)
{
	const char *const *list = read->columns.list;

	switch (read->by) {
	case BY_TIME:
		return bc_read(cache, key, read->from_ns, read->to_ns, list,
		               read->flags, view);
	case BY_TAIL:
		return bc_tail(cache, key, read->count, list, read->flags,
		               view);
	case BY_MOMENT:
		return bc_asof(cache, key, read->to_ns, list, read->flags,
		               view);
	default:
		return bc_read_rows(cache, key, read->first, read->count, list,
		                    read->flags, view);
	}
}

static struct model_part
read_expect(const struct model_series *series, const struct check_read *read)
{
	switch (read->by) {
	case BY_TIME:
		return model_read(series, read->from_ns, read->to_ns,
		                  read->flags);
	case BY_TAIL:
		return model_tail(series, read->count, read->flags);
	case BY_MOMENT:
		return model_asof(series, read->to_ns, read->flags);
	default:
		return model_read_rows(series, read->first, read->count,
		                       read->flags);
	}
}

void
model_check_read(struct bc_cache *cache, const struct model_series *series,
                 struct model_dice *dice, struct model_kept *kept)
{
	struct check_read read;
	struct model_part part;
	enum bc_status status;
	struct bc_view view;

	read_roll(&read, series, dice);
	part = read_expect(series, &read);
	memset(&view, 0xa5, sizeof(view));
	status = read_do(cache, &read, series->shape->key, &view);
	if (status == BC_COPY && (read.flags & BC_READ_ZERO_COPY) != 0 &&
	    part.status == BC_OK && part.count > 0)
		return;
	if (status != part.status || view.miss != part.miss) {
		fprintf(stderr, "%s: %s: %s (%s), expected %s (%s)\n",
		        series->shape->key, read.what, bc_status_name(status),
		        bc_miss_name(view.miss), bc_status_name(part.status),
		        bc_miss_name(part.miss));
		test_require_failed("the status of a read", __FILE__, __LINE__);
	}
	if (status != BC_OK)
		return;
	model_check_view(series, &read.columns, part, &view, read.what);
	if ((read.flags & BC_READ_ZERO_COPY) != 0)
		same(series, read.what, "copied_bytes",
		     (int64_t)view.copied_bytes, 0);
	if ((read.flags & BC_READ_PRIVATE) != 0 && part.count > 0)
		require(view.copied_bytes > 0);
	if (kept != NULL && part.count > 0)
		model_keep(kept, &view, series, part, &read.columns);
	bc_view_release(&view);
}
