/* SPDX-License-Identifier: MIT */
/*
 * interval.c - what is known of a series: sets of half-open intervals of time,
 * each of one kind.
 *
 * A sorted array: a series that is fetched in order has a handful of them, one
 * with an outage a month some dozens, and looking one up is a binary search.
 * Ends are compared and never computed, so the limits of int64 are times like
 * any other.
 */
#include "common.h"

#include "alloc.h"
#include "interval.h"

#define INTERVAL_CAPACITY 8 /* at first */

void
bci_intervals_free(struct bci_intervals *set)
{
	bci_free(set->allocator, set->items);
	set->items = NULL;
	set->count = set->capacity = 0;
}

/* The first interval that ends behind 'time_ns': the only one to hold it. */
static size_t
interval_find(const struct bci_intervals *set, int64_t time_ns)
{
	size_t low = 0, high = set->count, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (set->items[middle].to_ns > time_ns)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Room for 'count' intervals. */
static bool
interval_reserve(struct bci_intervals *set, size_t count)
{
	size_t capacity = set->capacity;
	struct bc_interval *items;

	if (count <= capacity)
		return true;
	while (capacity < count)
		capacity = capacity > 0 ? capacity * 2 : INTERVAL_CAPACITY;
	items = bci_regrow(set->allocator, set->items, set->count, capacity,
	                   sizeof(*items));
	if (items == NULL)
		return false;
	set->items = items;
	set->capacity = capacity;
	return true;
}

/*
 * Put 'piece' behind the 'count' intervals at 'items', or into the last one if
 * it goes on there; an empty one, or one of no kind, is none.
 */
static size_t
interval_append(struct bc_interval *items, size_t count,
                struct bc_interval piece)
{
	if (piece.from_ns >= piece.to_ns || piece.known == 0)
		return count;
	if (count > 0 && items[count - 1].to_ns == piece.from_ns &&
	    items[count - 1].known == piece.known) {
		items[count - 1].to_ns = piece.to_ns;
		return count;
	}
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): there is room */
	items[count] = piece;
	return count + 1;
}

/*
 * Replace what is known of a range.  All that changes lies between the last
 * interval before it and the first behind it; these two may take it in.  At
 * most four pieces take their place: on the left a neighbour and what remains
 * of the interval cut there, the range, and one piece on the right.
 */
static enum bc_status
interval_replace(struct bci_intervals *set, struct bc_interval piece)
{
	struct bc_interval pieces[4];
	size_t first, end, count = 0;

	if (piece.from_ns >= piece.to_ns)
		return BC_OK;
	first = interval_find(set, piece.from_ns);
	first -= first > 0; /* The neighbour, which may touch the range. */
	end = interval_find(set, piece.to_ns);
	if (end < set->count)
		end++;
	if (!interval_reserve(set, set->count + 2))
		return BC_NOMEM;
	for (size_t i = first; i < end; i++) {
		struct bc_interval left = set->items[i];

		if (left.to_ns > piece.from_ns)
			left.to_ns = piece.from_ns;
		count = interval_append(pieces, count, left);
	}
	count = interval_append(pieces, count, piece);
	for (size_t i = first; i < end; i++) {
		struct bc_interval right = set->items[i];

		if (right.from_ns < piece.to_ns)
			right.from_ns = piece.to_ns;
		count = interval_append(pieces, count, right);
	}
	memmove(set->items + first + count, set->items + end,
	        (set->count - end) * sizeof(*pieces));
	memcpy(set->items + first, pieces, count * sizeof(*pieces));
	set->count = set->count - (end - first) + count;
	return BC_OK;
}

enum bc_status
bci_intervals_set(struct bci_intervals *set, int64_t from_ns, int64_t to_ns,
                  enum bc_known known)
{
	BCI_ASSERT(known == BC_KNOWN_BARS || known == BC_KNOWN_EMPTY ||
	           known == BC_KNOWN_OPEN);
	return interval_replace(set,
	                        (struct bc_interval){ from_ns, to_ns, known });
}

enum bc_status
bci_intervals_remove(struct bci_intervals *set, int64_t from_ns, int64_t to_ns)
{
	return interval_replace(set,
	                        (struct bc_interval){ from_ns, to_ns, 0 });
}

/* The part of 'set' at 'time_ns' and up to the next change; kind 0 in gaps. */
static struct bc_interval
interval_piece(const struct bci_intervals *set, size_t index, int64_t time_ns)
{
	struct bc_interval piece = { time_ns, INT64_MAX, 0 };

	if (index < set->count) {
		const struct bc_interval *item = &set->items[index];

		if (item->from_ns > time_ns) {
			piece.to_ns = item->from_ns;
		} else {
			piece.to_ns = item->to_ns;
			piece.known = item->known;
		}
	}
	return piece;
}

enum bc_status
bci_intervals_add(struct bci_intervals *set, const struct bci_intervals *other)
{
	struct bci_intervals sum = { .allocator = set->allocator };
	int64_t time_ns = INT64_MIN;
	size_t i = 0, j = 0;

	/* Each piece ends where an interval of one of them begins or ends. */
	if (!interval_reserve(&sum, 2 * (set->count + other->count) + 1))
		return BC_NOMEM;
	while (i < set->count || j < other->count) {
		struct bc_interval a = interval_piece(set, i, time_ns);
		struct bc_interval b = interval_piece(other, j, time_ns);
		enum bc_known known = a.known < b.known ? a.known : b.known;

		if (a.known == 0 || b.known == 0)
			known = a.known | b.known;
		a.to_ns = a.to_ns < b.to_ns ? a.to_ns : b.to_ns;
		a.known = known;
		sum.count = interval_append(sum.items, sum.count, a);
		time_ns = a.to_ns;
		i += i < set->count && set->items[i].to_ns <= time_ns;
		j += j < other->count && other->items[j].to_ns <= time_ns;
	}
	bci_intervals_free(set);
	*set = sum;
	return BC_OK;
}

unsigned
bci_intervals_at(const struct bci_intervals *set, int64_t time_ns)
{
	return interval_piece(set, interval_find(set, time_ns), time_ns).known;
}

bool
bci_intervals_missing(const struct bci_intervals *set, unsigned kinds,
                      int64_t from_ns, int64_t to_ns, struct bc_interval *gap)
{
	size_t i = interval_find(set, from_ns);

	/* Skip what is known at the beginning. */
	for (; i < set->count && set->items[i].from_ns <= from_ns; i++)
		if ((set->items[i].known & kinds) != 0)
			from_ns = set->items[i].to_ns;
		else
			break;
	if (from_ns >= to_ns)
		return false;
	while (i < set->count && (set->items[i].known & kinds) == 0)
		i++;
	*gap = (struct bc_interval){ from_ns, to_ns, 0 };
	if (i < set->count && set->items[i].from_ns < to_ns)
		gap->to_ns = set->items[i].from_ns;
	return true;
}

bool
bci_intervals_cover(const struct bci_intervals *set, unsigned kinds,
                    int64_t from_ns, int64_t to_ns)
{
	struct bc_interval gap;

	return !bci_intervals_missing(set, kinds, from_ns, to_ns, &gap);
}

uint64_t
bci_intervals_length(const struct bci_intervals *set, unsigned kinds,
                     int64_t from_ns, int64_t to_ns)
{
	uint64_t length = 0;

	for (size_t i = interval_find(set, from_ns);
	     i < set->count && set->items[i].from_ns < to_ns; i++) {
		struct bc_interval part = set->items[i];

		if (part.from_ns < from_ns)
			part.from_ns = from_ns;
		if (part.to_ns > to_ns)
			part.to_ns = to_ns;
		if ((part.known & kinds) != 0 && part.from_ns < part.to_ns)
			length += (uint64_t)part.to_ns - (uint64_t)part.from_ns;
	}
	return length;
}
