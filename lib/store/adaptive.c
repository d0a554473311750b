/* SPDX-License-Identifier: MIT */
/*
 * adaptive.c - the policy that is the default: S3-FIFO that does not let a
 * loop larger than the cache flush what it keeps.
 *
 * As in S3-FIFO, what is put goes to the young queue, a small part of all; what
 * was hit there is kept in the main queue, what was not is evicted and
 * remembered; what comes back after that goes straight to the main queue; that
 * one keeps what was hit since it came, once more.  Five things differ.
 *
 * A hit in the young queue counts only if it came after a quarter of the stay
 * there: a backtest that reads a frame twice in a row, or twenty that read it
 * at once, do not need it any more than one that reads it once.
 *
 * What comes back is let into the main queue only if it did so sooner than what
 * lies there was accessed last.  A sweep again and again over more than the
 * cache holds brings everything back after one round, and what the main queue
 * has of it is never older than a round: so nothing is exchanged, and a part as
 * large as the queue is hit in every round.  Where work has moved on, what lies
 * there gets older and older until it gives way.  (LIRS compares the same two
 * times.)  How old it is is known of the arena that was taken last; an older
 * one before it is forgotten gradually.  As long as there is room, all that
 * comes back is let in.
 *
 * What comes back as soon as that would still be here had the young queue been
 * larger, as with LRU; so that one grows by it.  By what comes back later it
 * shrinks, because only the main queue could have held that.
 *
 * So that this is known even where nothing is let in, the main queue has its
 * oldest arena taken now and then: soon again if much of the last one was
 * stale, else less and less often.
 *
 * What was not accessed for several times the span after which things come
 * back is evicted from the main queue though it was hit before that.
 */
#include "common.h"

#include "adaptive.h"

/* The young queue's share of both: at least, and at the most. */
#define YOUNG_MIN 0.05
#define YOUNG_MAX 0.6
/* A main queue is full from this part of the rest on. */
#define MAIN_FULL 0.9
/* What it gains by a byte that came back soon, and loses by any other. */
#define YOUNG_GAIN 3.0
#define YOUNG_LOSS 1.0
/* The part of its stay after which a hit of a young segment counts. */
#define LATE 0.25
/* What came back is let in below this part of the age of what lies there. */
#define ADMITTED 0.75
/* What is left of a greater age when the next arena is taken. */
#define AGE_LEFT 0.5
/* Spans of coming back after which something is stale; their moving mean. */
#define STALE 4.0
#define INTERVAL_WEIGHT 0.05
/* Arenas of the young queue between two of the main one, at the most. */
#define WAIT_MAX 8u
/* The part of an arena of which evicted segments say: look at the next. */
#define STALE_PART 0.25

/* Ages end somewhere, that sums of them stay finite. */
#define AGE_MAX 1e19
/* While the main queue has room. */
#define AGE_OPEN 1e60

/* The history may hold any bytes. */
static double
adaptive_sane(double value)
{
	return value >= 0 && value <= AGE_OPEN ? value : 0;
}

/* From 'then_ns' to 'now_ns'; 0 if the clock was set back between. */
static double
adaptive_span(int64_t then_ns, int64_t now_ns)
{
	return then_ns < now_ns ? (double)now_ns - (double)then_ns : 0;
}

/* Draw the sum under the arena of the main queue that was taken last. */
static void
adaptive_learn(struct bci_history *history)
{
	double bytes = adaptive_sane(history->seen_bytes);
	double age, before = adaptive_sane(history->age_ns);

	if (bytes > 0) {
		age = adaptive_sane(history->seen_age) / bytes;
		before = before >= AGE_OPEN ? 0 : before * AGE_LEFT;
		history->age_ns = age > before ? age : before;
		if (adaptive_sane(history->gone_bytes) >= STALE_PART * bytes)
			history->wait = 1;
		else if (history->wait < WAIT_MAX)
			history->wait *= 2;
	}
	history->seen_bytes = history->seen_age = history->gone_bytes = 0;
	if (history->wait == 0 || history->wait > WAIT_MAX)
		history->wait = 1;
}

/* The young queue's share of both. */
static double
adaptive_share(const struct bci_history *history)
{
	double share = history == NULL ? 0 : history->young;

	if (!(share >= YOUNG_MIN))
		return YOUNG_MIN;
	return share < YOUNG_MAX ? share : YOUNG_MAX;
}

enum bci_queue
bci_adaptive_next(struct bci_history *history, uint64_t young_bytes,
                  uint64_t main_bytes)
{
	double young = (double)young_bytes, all = young + (double)main_bytes;
	double share = adaptive_share(history);
	bool room = (double)main_bytes <= MAIN_FULL * (1 - share) * all;

	if (history != NULL) {
		adaptive_learn(history);
		history->all_bytes = all;
		if (room)
			history->age_ns = AGE_OPEN;
	}
	if (room)
		return BCI_YOUNG;
	if (young > share * all &&
	    (history == NULL || history->waited++ < history->wait))
		return BCI_YOUNG;
	if (history != NULL)
		history->waited = 0;
	return BCI_MAIN;
}

/* Whether one of the main queue is kept. */
static bool
adaptive_keeps_main(struct bci_history *history,
                    const struct bci_candidate *candidate, int64_t now_ns)
{
	double bytes = (double)candidate->bytes;
	double age = adaptive_span(candidate->accessed_ns, now_ns);
	bool keeps = candidate->credit > 1;
	double interval;

	if (history == NULL)
		return keeps;
	interval = adaptive_sane(history->interval_ns);
	if (interval > 0 && age > STALE * interval)
		keeps = false;
	history->seen_bytes += bytes;
	history->seen_age += bytes * (age < AGE_MAX ? age : AGE_MAX);
	if (!keeps)
		history->gone_bytes += bytes;
	return keeps;
}

bool
bci_adaptive_keeps(struct bci_history *history, struct bci_candidate *candidate,
                   int64_t now_ns)
{
	bool keeps;

	if (candidate->queue == BCI_MAIN)
		keeps = adaptive_keeps_main(history, candidate, now_ns);
	else
		keeps = candidate->credit > 1 &&
		        adaptive_span(candidate->stored_ns,
		                      candidate->accessed_ns) >=
		                LATE * adaptive_span(candidate->stored_ns,
		                                     now_ns);
	if (keeps)
		candidate->credit = 1;
	else if (candidate->queue != BCI_MAIN && history != NULL)
		bci_history_note(history, candidate->key,
		                 candidate->accessed_ns);
	return keeps;
}

enum bci_queue
bci_adaptive_admit(struct bci_history *history, uint64_t bytes,
                   int64_t accessed_ns, int64_t now_ns)
{
	double span = adaptive_span(accessed_ns, now_ns);
	double mean = adaptive_sane(history->interval_ns);
	double age = adaptive_sane(history->age_ns);
	double all = adaptive_sane(history->all_bytes);
	bool soon = span < ADMITTED * age;

	if (mean == 0)
		mean = span;
	history->interval_ns = mean + INTERVAL_WEIGHT * (span - mean);
	if (age < AGE_OPEN && all > 0)
		history->young =
			adaptive_share(history) +
			(soon ? YOUNG_GAIN : -YOUNG_LOSS) * (double)bytes / all;
	return soon ? BCI_MAIN : BCI_YOUNG;
}
