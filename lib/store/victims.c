/* SPDX-License-Identifier: MIT */
/*
 * victims.c - the lowest of an array of candidates.
 *
 * A binary heap in the array itself, its lowest at the front.  What is popped
 * changes places with the last of the heap, so the victims gather at the end,
 * the first one last; turning the array round brings them to the front.
 * qsort() would allocate, and sort what stays.
 */
#include "common.h"

#include "victims.h"

static bool
victims_before(const struct bci_candidate *a, const struct bci_candidate *b)
{
	return a->rank != b->rank ? a->rank < b->rank : a->order < b->order;
}

static void
victims_swap(struct bci_candidate *a, struct bci_candidate *b)
{
	struct bci_candidate other = *a;

	*a = *b;
	*b = other;
}

/* Let the one at 'at' sink to where it belongs. */
static void
victims_sink(struct bci_candidate *heap, size_t count, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= count)
			return;
		if (child + 1 < count &&
		    victims_before(&heap[child + 1], &heap[child]))
			child++;
		if (!victims_before(&heap[child], &heap[at]))
			return;
		victims_swap(&heap[child], &heap[at]);
		at = child;
	}
}

size_t
bci_victims_spare(struct bci_candidate *candidates, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (candidates[i].pinned)
			continue;
		if (i != kept)
			victims_swap(&candidates[i], &candidates[kept]);
		kept++;
	}
	return kept;
}

size_t
bci_victims_take(struct bci_candidate *candidates, size_t count, size_t least,
                 uint64_t *need)
{
	size_t left = count;

	for (size_t i = count / 2; i-- > 0;)
		victims_sink(candidates, count, i);
	while (left > 0 && (*need > 0 || count - left < least)) {
		uint64_t bytes = candidates[0].bytes;

		*need = *need > bytes ? *need - bytes : 0;
		left--;
		victims_swap(&candidates[0], &candidates[left]);
		victims_sink(candidates, left, 0);
	}
	for (size_t i = 0; i < count / 2; i++)
		victims_swap(&candidates[i], &candidates[count - 1 - i]);
	return count - left;
}

void
bci_victims_sort(struct bci_candidate *candidates, size_t count)
{
	uint64_t need = UINT64_MAX;

	bci_victims_take(candidates, count, count, &need);
}
