/* SPDX-License-Identifier: MIT */
/*
 * array.c - rows and intervals of a model: arrays that grow.
 */
#include "model.h"

#include <stdlib.h>

static void *
grown(void *items, size_t count, size_t *capacity, size_t bytes)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity == 0 ? 16 : 2 * *capacity;
	items = realloc(items, *capacity * bytes);
	if (items == NULL)
		abort();
	return items;
}

void
model_rows_add(struct model_rows *rows, struct model_row row)
{
	rows->items =
		grown(rows->items, rows->count, &rows->capacity, sizeof(row));
	rows->items[rows->count++] = row;
}

size_t
model_rows_find(const struct model_rows *rows, int64_t time_ns)
{
	size_t low = 0, high = rows->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (rows->items[middle].time_ns < time_ns)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
known_add(struct model_known *known, struct bc_interval piece)
{
	struct bc_interval *last =
		known->count > 0 ? &known->items[known->count - 1] : NULL;

	if (piece.from_ns >= piece.to_ns || piece.known == BC_KNOWN_NOTHING)
		return;
	if (last != NULL && last->to_ns == piece.from_ns &&
	    last->known == piece.known) {
		last->to_ns = piece.to_ns;
		return;
	}
	known->items = grown(known->items, known->count, &known->capacity,
	                     sizeof(piece));
	known->items[known->count++] = piece;
}

void
model_known_set(struct model_known *known, int64_t from_ns, int64_t to_ns,
                unsigned kind)
{
	struct model_known result = { 0 };
	struct bc_interval piece;
	size_t i;

	if (from_ns >= to_ns)
		return;
	for (i = 0; i < known->count; i++) {
		piece = known->items[i];
		if (piece.to_ns > from_ns)
			piece.to_ns = from_ns;
		known_add(&result, piece);
	}
	piece = (struct bc_interval){ from_ns, to_ns, (enum bc_known)kind };
	known_add(&result, piece);
	for (i = 0; i < known->count; i++) {
		piece = known->items[i];
		if (piece.from_ns < to_ns)
			piece.from_ns = to_ns;
		known_add(&result, piece);
	}
	free(known->items);
	*known = result;
}

bool
model_known_covers(const struct model_known *known, unsigned kinds,
                   int64_t from_ns, int64_t to_ns)
{
	for (size_t i = 0; i < known->count && from_ns < to_ns; i++) {
		const struct bc_interval *item = &known->items[i];

		if (item->to_ns <= from_ns)
			continue;
		if (item->from_ns > from_ns ||
		    ((unsigned)item->known & kinds) == 0)
			return false;
		from_ns = item->to_ns;
	}
	return from_ns >= to_ns;
}
