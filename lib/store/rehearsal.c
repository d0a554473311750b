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
 * A queue is a part of the array that is sorted as it is needed, so that few
 * of many cost little, and behind it a list of those that joined it: 'rank' is
 * the index of the next.
 */
#include "common.h"

#include "rehearsal.h"
#include "victims.h"

#define NONE UINT64_MAX

/* The queues, and what is in none. */
enum { LOOSE = BCI_QUEUES, QUEUES };

struct rehearsal_list {
	uint64_t head, tail; /* NONE, undefined: it is empty */
};

struct rehearsal_queue {
	struct bci_victims victims;
	size_t next; /* of these: the first that is still there */
	struct rehearsal_list joined;
	uint64_t bytes;
};

struct rehearsal {
	enum bc_policy policy;
	int64_t now_ns;
	struct bci_candidate *candidates;
	struct rehearsal_queue queues[QUEUES];
	struct rehearsal_list gone; /* in the order in which they went */
	uint64_t gone_bytes;
	double loose, rest; /* bytes at the beginning */
};

static void
rehearsal_append(struct rehearsal *rehearsal, struct rehearsal_list *list,
                 uint64_t index)
{
	struct bci_candidate *candidates = rehearsal->candidates;

	candidates[index].rank = NONE;
	if (list->head == NONE)
		list->head = index;
	else
		candidates[list->tail].rank = index;
	list->tail = index;
}

static bool
rehearsal_is_empty(const struct rehearsal_queue *queue)
{
	return queue->next == queue->victims.count &&
	       queue->joined.head == NONE;
}

/* Take the first of a queue that is not empty. */
static uint64_t
rehearsal_pop(struct rehearsal *rehearsal, struct rehearsal_queue *queue)
{
	struct bci_candidate *candidates = rehearsal->candidates;
	uint64_t index = queue->joined.head;

	if (queue->next < queue->victims.count) {
		bci_victims_sort_to(&queue->victims, queue->next + 1);
		index = (uint64_t)(queue->victims.candidates - candidates) +
		        queue->next++;
	} else {
		queue->joined.head = candidates[index].rank;
	}
	queue->bytes -= candidates[index].bytes;
	return index;
}

/* ---- the beginning ----------------------------------------------------- */

static unsigned
rehearsal_queue_of(const struct bci_candidate *candidate)
{
	return (unsigned)bci_min(candidate->queue, LOOSE);
}

/* Rank them, and count those of each queue. */
static void
rehearsal_rank(struct rehearsal *rehearsal, size_t count, size_t counts[QUEUES])
{
	for (size_t i = 0; i < count; i++) {
		struct bci_candidate *candidate = &rehearsal->candidates[i];
		unsigned queue = rehearsal_queue_of(candidate);

		candidate->rank =
			queue == LOOSE
				? bci_policy_rank(BC_POLICY_LRU, candidate,
		                                  rehearsal->now_ns)
				: candidate->order;
		rehearsal->queues[queue].bytes += candidate->bytes;
		counts[queue]++;
	}
}

/* Bring those of a queue together: each goes where its queue goes on. */
static void
rehearsal_part(struct bci_candidate *candidates, const size_t counts[QUEUES])
{
	size_t at[QUEUES], ends[QUEUES], end = 0;

	for (unsigned i = 0; i < QUEUES; i++) {
		at[i] = end;
		ends[i] = end += counts[i];
	}
	for (unsigned i = 0; i < QUEUES; i++) {
		while (at[i] < ends[i]) {
			unsigned to = rehearsal_queue_of(&candidates[at[i]]);

			if (to != i)
				bci_candidates_swap(&candidates[at[i]],
				                    &candidates[at[to]]);
			at[to]++;
		}
	}
}

static void
rehearsal_begin(struct rehearsal *rehearsal, size_t count)
{
	struct rehearsal_queue *queues = rehearsal->queues;
	struct bci_candidate *begin = rehearsal->candidates;
	size_t counts[QUEUES] = { 0 };

	rehearsal_rank(rehearsal, count, counts);
	rehearsal_part(begin, counts);
	for (unsigned i = 0; i < QUEUES; i++) {
		bci_victims_begin(&queues[i].victims, begin, counts[i]);
		queues[i].joined.head = NONE;
		begin += counts[i];
	}
	rehearsal->gone.head = NONE;
	rehearsal->loose = (double)queues[LOOSE].bytes;
	rehearsal->rest = (double)queues[BCI_YOUNG].bytes +
	                  (double)queues[BCI_MAIN].bytes +
	                  (double)queues[BCI_COLD].bytes;
}

/* ---- playing ----------------------------------------------------------- */

/* The queue whose first comes next. */
static unsigned
rehearsal_next(const struct rehearsal *rehearsal)
{
	const struct rehearsal_queue *queues = rehearsal->queues;
	double rest = (double)queues[BCI_YOUNG].bytes +
	              (double)queues[BCI_MAIN].bytes +
	              (double)queues[BCI_COLD].bytes;
	unsigned next;

	if (!rehearsal_is_empty(&queues[LOOSE]) &&
	    (double)queues[LOOSE].bytes * rehearsal->rest >=
	            rest * rehearsal->loose)
		return LOOSE;
	if (!rehearsal_is_empty(&queues[BCI_COLD]))
		return BCI_COLD;
	next = bci_policy_next(rehearsal->policy, NULL, queues[BCI_YOUNG].bytes,
	                       queues[BCI_MAIN].bytes);
	if (rehearsal_is_empty(&queues[next]))
		next = next == BCI_YOUNG ? BCI_MAIN : BCI_YOUNG;
	return rehearsal_is_empty(&queues[next]) ? LOOSE : next;
}

/* Take what comes next; whether it went. */
static bool
rehearsal_step(struct rehearsal *rehearsal)
{
	unsigned from = rehearsal_next(rehearsal);
	uint64_t index = rehearsal_pop(rehearsal, &rehearsal->queues[from]);
	struct bci_candidate *candidate = &rehearsal->candidates[index];
	struct rehearsal_queue *to;

	if (from == LOOSE || !bci_policy_keeps(rehearsal->policy, NULL,
	                                       candidate, rehearsal->now_ns)) {
		rehearsal_append(rehearsal, &rehearsal->gone, index);
		rehearsal->gone_bytes += candidate->bytes;
		return true;
	}
	candidate->queue = (uint8_t)(from == BCI_COLD ? BCI_COLD : BCI_MAIN);
	to = &rehearsal->queues[candidate->queue];
	rehearsal_append(rehearsal, &to->joined, index);
	to->bytes += candidate->bytes;
	return false;
}

/* ---- the end ----------------------------------------------------------- */

/* Rank those of a list from 'rank' on, or all NONE. */
static void
rehearsal_number(struct bci_candidate *candidates,
                 const struct rehearsal_list *list, uint64_t rank)
{
	uint64_t at = list->head;

	while (at != NONE) {
		uint64_t next = candidates[at].rank;

		candidates[at].rank = rank;
		rank += rank != NONE;
		at = next;
	}
}

/* Bring what goes to the front, as it went: its rank is where it comes to. */
static void
rehearsal_end(struct rehearsal *rehearsal, size_t count)
{
	struct bci_candidate *candidates = rehearsal->candidates;

	for (unsigned i = 0; i < QUEUES; i++) {
		struct rehearsal_queue *queue = &rehearsal->queues[i];

		rehearsal_number(candidates, &queue->joined, NONE);
		while (queue->next < queue->victims.count)
			queue->victims.candidates[queue->next++].rank = NONE;
	}
	rehearsal_number(candidates, &rehearsal->gone, 0);
	for (size_t i = 0; i < count; i++) {
		while (candidates[i].rank != NONE && candidates[i].rank != i)
			bci_candidates_swap(&candidates[i],
			                    &candidates[candidates[i].rank]);
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
	while (gone < count && rehearsal.gone_bytes < need)
		gone += rehearsal_step(&rehearsal);
	rehearsal_end(&rehearsal, count);
	return gone;
}
