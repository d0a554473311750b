/* SPDX-License-Identifier: MIT */
/*
 * rehearsal.c - what an ordered policy would evict next.
 *
 * Its queues are played through, by the same functions that decide when arenas
 * are taken: from the front of a queue one goes, or it is kept and joins the
 * end of the main queue.  Nobody moves a byte for it: what is kept stays where
 * it lies.
 *
 * What lies in no arena is in no queue.  As large a part of it goes as of the
 * rest, what was not accessed for longest first.
 *
 * Queues are lists through the array: 'rank' is the index of the next.
 */
#include "common.h"

#include "rehearsal.h"
#include "victims.h"

#define NONE UINT64_MAX

/* The queues, what is in none, and what goes. */
enum { LOOSE = BCI_QUEUES, GONE, LISTS };

struct rehearsal {
	enum bc_policy policy;
	int64_t now_ns;
	struct bci_candidate *candidates;
	uint64_t head[LISTS], tail[LISTS];
	uint64_t bytes[LISTS];
	double loose, rest; /* bytes at the beginning */
};

static void
rehearsal_push(struct rehearsal *rehearsal, unsigned list, uint64_t index)
{
	struct bci_candidate *candidates = rehearsal->candidates;

	candidates[index].rank = NONE;
	if (rehearsal->head[list] == NONE)
		rehearsal->head[list] = index;
	else
		candidates[rehearsal->tail[list]].rank = index;
	rehearsal->tail[list] = index;
	rehearsal->bytes[list] += candidates[index].bytes;
}

static uint64_t
rehearsal_pop(struct rehearsal *rehearsal, unsigned list)
{
	uint64_t index = rehearsal->head[list];

	rehearsal->head[list] = rehearsal->candidates[index].rank;
	rehearsal->bytes[list] -= rehearsal->candidates[index].bytes;
	return index;
}

/* Make the lists, each in the order in which it goes. */
static void
rehearsal_begin(struct rehearsal *rehearsal, size_t count)
{
	struct bci_candidate *candidates = rehearsal->candidates;

	for (unsigned i = 0; i < LISTS; i++)
		rehearsal->head[i] = NONE;
	for (size_t i = 0; i < count; i++) {
		candidates[i].rank = candidates[i].order;
		if (candidates[i].queue >= LOOSE)
			candidates[i].rank =
				bci_policy_rank(BC_POLICY_LRU, &candidates[i],
			                        rehearsal->now_ns);
	}
	bci_victims_sort(candidates, count);
	for (size_t i = 0; i < count; i++)
		rehearsal_push(rehearsal,
		               (unsigned)bci_min(candidates[i].queue, LOOSE),
		               i);
	rehearsal->loose = (double)rehearsal->bytes[LOOSE];
	rehearsal->rest = (double)rehearsal->bytes[BCI_YOUNG] +
	                  (double)rehearsal->bytes[BCI_MAIN] +
	                  (double)rehearsal->bytes[BCI_COLD];
}

/* The list whose first comes next. */
static unsigned
rehearsal_next(const struct rehearsal *rehearsal)
{
	const uint64_t *head = rehearsal->head, *bytes = rehearsal->bytes;
	double rest = (double)bytes[BCI_YOUNG] + (double)bytes[BCI_MAIN] +
	              (double)bytes[BCI_COLD];
	unsigned next;

	if (head[LOOSE] != NONE &&
	    (double)bytes[LOOSE] * rehearsal->rest >= rest * rehearsal->loose)
		return LOOSE;
	if (head[BCI_COLD] != NONE)
		return BCI_COLD;
	next = bci_policy_next(rehearsal->policy, NULL, bytes[BCI_YOUNG],
	                       bytes[BCI_MAIN]);
	if (head[next] == NONE)
		next = next == BCI_YOUNG ? BCI_MAIN : BCI_YOUNG;
	return head[next] == NONE ? LOOSE : next;
}

/* Rank what goes as it went, and behind it what stays. */
static void
rehearsal_end(struct rehearsal *rehearsal)
{
	struct bci_candidate *candidates = rehearsal->candidates;
	uint64_t rank = 0;

	for (unsigned i = 0; i < LISTS; i++) {
		uint64_t at = rehearsal->head[i];

		while (at != NONE) {
			uint64_t next = candidates[at].rank;

			candidates[at].rank = i == GONE ? rank++ : NONE;
			at = next;
		}
	}
}

size_t
bci_rehearsal_choose(enum bc_policy policy, struct bci_candidate *candidates,
                     size_t count, uint64_t need, int64_t now_ns)
{
	struct rehearsal rehearsal = {
		.policy = policy,
		.now_ns = now_ns,
		.candidates = candidates,
	};
	size_t gone = 0;

	rehearsal_begin(&rehearsal, count);
	while (gone < count && rehearsal.bytes[GONE] < need) {
		unsigned list = rehearsal_next(&rehearsal);
		uint64_t index = rehearsal_pop(&rehearsal, list);

		if (list == LOOSE ||
		    !bci_policy_keeps(policy, NULL, &candidates[index],
		                      now_ns)) {
			rehearsal_push(&rehearsal, GONE, index);
			gone++;
		} else {
			list = list == BCI_COLD ? BCI_COLD : BCI_MAIN;
			candidates[index].queue = (uint8_t)list;
			rehearsal_push(&rehearsal, list, index);
		}
	}
	rehearsal_end(&rehearsal);
	need = 0;
	return bci_victims_take(candidates, count, gone, &need);
}
