/* SPDX-License-Identifier: MIT */
/*
 * victims.c - the lowest of an array of candidates, in order.
 *
 * Quicksort that is put off: what goes first is split off again and again until
 * it is so few that they are sorted; what was split off waits until somebody
 * wants more.  So of n candidates the first k take some n + k log k steps, and
 * what stays is hardly touched.  Pivots are drawn by lot, so no order in which
 * candidates come makes it slow.  Nothing is allocated.
 */
#include "common.h"

#include "victims.h"

/* So few are sorted at once. */
#define FEW 12u

static bool
victims_before(const struct bci_candidate *a, const struct bci_candidate *b)
{
	return a->rank != b->rank ? a->rank < b->rank : a->order < b->order;
}

/* ---- few --------------------------------------------------------------- */

/* By insertion: where it is not few it is slow, but right. */
static void
victims_sort_few(struct bci_candidate *candidates, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct bci_candidate one = candidates[i];
		size_t to = i;

		for (; to > 0 && victims_before(&one, &candidates[to - 1]);
		     to--)
			candidates[to] = candidates[to - 1];
		candidates[to] = one;
	}
}

/* ---- splits ------------------------------------------------------------ */

void
bci_victims_begin(struct bci_victims *victims, struct bci_candidate *candidates,
                  size_t count)
{
	*victims = (struct bci_victims){
		.candidates = candidates,
		.count = count,
		.ends = { count },
		.parts = 1,
		.random = count | 1,
	};
}

/* One of so many. */
static size_t
victims_random(struct bci_victims *victims, size_t count)
{
	victims->random ^= victims->random << 13;
	victims->random ^= victims->random >> 7;
	victims->random ^= victims->random << 17;
	return (size_t)(victims->random % count);
}

/* The middle one of three, never the last. */
static struct bci_candidate
victims_pivot(struct bci_victims *victims, size_t begin, size_t end)
{
	const struct bci_candidate *at = victims->candidates + begin;
	const struct bci_candidate *three[3];

	for (unsigned i = 0; i < 3; i++)
		three[i] = &at[victims_random(victims, end - begin - 1)];
	if (victims_before(three[1], three[0])) {
		const struct bci_candidate *other = three[0];

		three[0] = three[1];
		three[1] = other;
	}
	if (victims_before(three[2], three[0]))
		return *three[0];
	return victims_before(three[2], three[1]) ? *three[2] : *three[1];
}

/*
 * Bring what is lower before what is higher; returns where that begins, which
 * is behind the first and not behind the last.
 */
static size_t
victims_split(struct bci_victims *victims, size_t begin, size_t end)
{
	struct bci_candidate *at = victims->candidates;
	struct bci_candidate pivot = victims_pivot(victims, begin, end);
	size_t low = begin, high = end - 1;

	for (;;) {
		while (victims_before(&at[low], &pivot))
			low++;
		while (victims_before(&pivot, &at[high]))
			high--;
		if (low >= high)
			return high + 1;
		bci_candidates_swap(&at[low++], &at[high--]);
	}
}

/* Whether so many are to be split further. */
static bool
victims_splits(const struct bci_victims *victims, size_t count)
{
	return count > FEW && victims->parts < BCI_VICTIMS_PARTS;
}

/* Sort some more; there are some. */
static void
victims_sort_some(struct bci_victims *victims)
{
	size_t begin = victims->sorted;
	size_t end = victims->ends[victims->parts - 1];

	while (victims_splits(victims, end - begin)) {
		end = victims_split(victims, begin, end);
		victims->ends[victims->parts++] = end;
	}
	victims_sort_few(victims->candidates + begin, end - begin);
	victims->sorted = end;
	victims->parts--;
}

void
bci_victims_sort_to(struct bci_victims *victims, size_t most)
{
	while (victims->sorted < most && victims->sorted < victims->count)
		victims_sort_some(victims);
}

/* ---- for policies ------------------------------------------------------ */

size_t
bci_victims_spare(struct bci_candidate *candidates, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (candidates[i].pinned)
			continue;
		if (i != kept)
			bci_candidates_swap(&candidates[i], &candidates[kept]);
		kept++;
	}
	return kept;
}

void
bci_victims_part(struct bci_candidate *candidates, size_t count, size_t lower)
{
	size_t begin = 0, end = count;
	struct bci_victims victims;

	bci_victims_begin(&victims, candidates, count);
	while (victims_splits(&victims, end - begin)) {
		size_t middle = victims_split(&victims, begin, end);

		if (middle <= lower)
			begin = middle;
		else
			end = middle;
	}
	victims_sort_few(candidates + begin, end - begin);
}

size_t
bci_victims_take(struct bci_candidate *candidates, size_t count, size_t least,
                 uint64_t *need)
{
	struct bci_victims victims;
	size_t taken = 0;

	bci_victims_begin(&victims, candidates, count);
	while (taken < count && (*need > 0 || taken < least)) {
		bci_victims_sort_to(&victims, taken + 1);
		*need -= bci_min(*need, candidates[taken++].bytes);
	}
	return taken;
}
