/* SPDX-License-Identifier: MIT */
/*
 * read.c - which rows of a model the calls that read must show.
 */
#include "model.h"

#include <string.h>

/* Rows that a read without or with the open bar may show. */
static size_t
shown(const struct model_series *series, unsigned flags)
{
	return series->rows.count -
	       (series->open && (flags & BC_READ_OPEN) == 0);
}

static struct model_part
part_begin(const struct model_series *series)
{
	struct model_part part = { .status = BC_OK };

	if (series->kind == 0) {
		part.status = BC_MISS;
		part.miss = BC_MISS_ABSENT;
	} else if (series->kind == BC_BLOB) {
		part.status = BC_INVALID;
	}
	return part;
}

/* The end of a part, and a miss where [from_ns, to_ns) is not known. */
static struct model_part
part_end(const struct model_series *series, struct model_part part,
         unsigned flags, int64_t from_ns, int64_t to_ns)
{
	const unsigned all = BC_KNOWN_BARS | BC_KNOWN_EMPTY | BC_KNOWN_OPEN;

	part.open = part.count > 0 && series->open &&
	            part.first + part.count == series->rows.count;
	if ((flags & BC_READ_PARTIAL) != 0 || series->kind == BC_FRAME ||
	    model_known_covers(&series->known, all, from_ns, to_ns))
		return part;
	memset(&part, 0, sizeof(part));
	part.status = BC_MISS;
	part.miss = BC_MISS_NOT_COVERED;
	return part;
}

static int64_t
past(const struct model_series *series, size_t row)
{
	int64_t time_ns = series->rows.items[row].time_ns;

	return time_ns + (time_ns != INT64_MAX);
}

struct model_part
model_read(const struct model_series *series, int64_t from_ns, int64_t to_ns,
           unsigned flags)
{
	struct model_part part = part_begin(series);
	size_t rows = series->rows.count, end = shown(series, flags), last;

	if (part.status != BC_OK)
		return part;
	if (to_ns < from_ns) {
		part.status = BC_INVALID;
		return part;
	}
	last = to_ns == INT64_MAX ? rows
	                          : model_rows_find(&series->rows, to_ns);
	end = last < end ? last : end;
	part.first = model_rows_find(&series->rows, from_ns);
	part.first = part.first < end ? part.first : end;
	part.count = end - part.first;
	/* Ends that are left open are those of the rows. */
	if (rows == 0 && (from_ns == INT64_MIN || to_ns == INT64_MAX))
		to_ns = from_ns;
	else if (from_ns == INT64_MIN)
		from_ns = series->rows.items[0].time_ns;
	if (rows > 0 && to_ns == INT64_MAX)
		to_ns = past(series, rows - 1);
	return part_end(series, part, flags, from_ns, to_ns);
}

/* All that lies between the rows that are shown must be known. */
static struct model_part
part_between(const struct model_series *series, struct model_part part,
             unsigned flags)
{
	if (part.count == 0)
		return part;
	return part_end(series, part, flags,
	                series->rows.items[part.first].time_ns,
	                past(series, part.first + part.count - 1));
}

struct model_part
model_tail(const struct model_series *series, uint64_t rows, unsigned flags)
{
	struct model_part part = part_begin(series);
	size_t end = shown(series, flags);

	if (part.status != BC_OK)
		return part;
	part.count = rows < end ? rows : end;
	part.first = end - part.count;
	return part_between(series, part, flags);
}

struct model_part
model_asof(const struct model_series *series, int64_t time_ns, unsigned flags)
{
	struct model_part part = part_begin(series);
	size_t end = shown(series, flags), found;

	if (part.status != BC_OK)
		return part;
	if (time_ns == INT64_MAX - 1)
		time_ns = INT64_MAX; /* No range ends behind it. */
	found = time_ns == INT64_MAX
	                ? end
	                : model_rows_find(&series->rows, time_ns + 1);
	end = found < end ? found : end;
	if (end == 0)
		return part;
	part.first = end - 1;
	part.count = 1;
	/* Up to that moment, or to the newest row: there may be a newer one. */
	return part_end(
		series, part, flags, series->rows.items[part.first].time_ns,
		time_ns == INT64_MAX ? past(series, series->rows.count - 1)
				     : time_ns + 1);
}

struct model_part
model_read_rows(const struct model_series *series, uint64_t first,
                uint64_t count, unsigned flags)
{
	struct model_part part = part_begin(series);
	size_t end = shown(series, flags);

	if (part.status != BC_OK)
		return part;
	part.first = first < end ? first : end;
	part.count = count < end - part.first ? count : end - part.first;
	return part_between(series, part, flags);
}
