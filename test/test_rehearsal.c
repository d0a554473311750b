/* SPDX-License-Identifier: MIT */
/*
 * test_rehearsal.c - what ordered policies would evict next: worked vectors of
 * their queues, what lies in none, what ends a rehearsal; and any number of
 * candidates against queues that are sorted as a whole.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "support.h"
#include "victims.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND INT64_C(1000000000)
#define NOW (INT64_C(1800000000) * SECOND)

static const enum bc_policy ordered[] = {
	BC_POLICY_S3FIFO,
	BC_POLICY_ADAPTIVE,
};

/* Put 100 s ago and last accessed 'age_s' seconds ago. */
static struct bci_candidate
candidate(unsigned queue, uint8_t credit, int64_t age_s)
{
	return (struct bci_candidate){
		.bytes = 10,
		.stored_ns = NOW - 100 * SECOND,
		.accessed_ns = NOW - age_s * SECOND,
		.count = 1,
		.credit = credit,
		.queue = (uint8_t)queue,
	};
}

/* These go, 'a' for the first, for 'need' bytes. */
static void
expect(enum bc_policy policy, const struct bci_candidate *given, size_t count,
       uint64_t need, const char *victims)
{
	struct bci_candidate work[32];
	struct bci_choice choice = {
		.candidates = work,
		.count = count,
		.used_bytes = need,
		.now_ns = NOW,
	};
	size_t chosen;

	assert_true(count <= COUNT(work));
	for (size_t i = 0; i < count; i++) {
		work[i] = given[i];
		work[i].order = work[i].id = i;
	}
	chosen = bci_policy_choose(policy, &choice);
	for (size_t i = 0; i < chosen && i < strlen(victims); i++)
		assert_int_equal(work[i].id, victims[i] - 'a');
	assert_int_equal(chosen, strlen(victims));
}

/* Not the oldest access counts, but the place; and whether it was hit. */
static void
the_young_queue_goes_by_its_order(void **state)
{
	const struct bci_candidate given[] = {
		candidate(BCI_YOUNG, 1, 1),
		candidate(BCI_YOUNG, 3, 2),
		candidate(BCI_YOUNG, 1, 3),
		candidate(BCI_YOUNG, 1, 99),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ordered); i++) {
		expect(ordered[i], given, 4, 0, "");
		expect(ordered[i], given, 4, 1, "a");
		expect(ordered[i], given, 4, 11, "ac");
		expect(ordered[i], given, 4, 30, "acd");
		expect(ordered[i], given, 4, 40, "acdb");
		expect(ordered[i], given, 4, UINT64_MAX, "acdb");
	}
}

/* As long as the young queue has more than its share, the main one stays. */
static void
the_main_queue_goes_last(void **state)
{
	const struct bci_candidate given[] = {
		candidate(BCI_MAIN, 1, 90), candidate(BCI_MAIN, 1, 90),
		candidate(BCI_MAIN, 1, 90), candidate(BCI_YOUNG, 1, 1),
		candidate(BCI_YOUNG, 1, 1),
	};

	(void)state;
	expect(BC_POLICY_S3FIFO, given, 5, 50, "deabc");
	expect(BC_POLICY_ADAPTIVE, given, 5, 20, "de");
}

/* Each hit of what is in the main queue is another round there. */
static void
hits_are_rounds(void **state)
{
	const struct bci_candidate given[] = {
		candidate(BCI_MAIN, 4, 1),
		candidate(BCI_MAIN, 1, 1),
		candidate(BCI_MAIN, 2, 1),
		candidate(BCI_MAIN, 100, 1),
	};

	(void)state;
	expect(BC_POLICY_S3FIFO, given, 4, 40, "bcad");
	expect(BC_POLICY_ADAPTIVE, given, 4, 40, "bacd");
}

/* A hit soon after the put is none for the default. */
static void
early_hits_count_for_one_policy_only(void **state)
{
	const struct bci_candidate given[] = {
		candidate(BCI_YOUNG, 9, 99),
		candidate(BCI_YOUNG, 1, 100),
	};

	(void)state;
	expect(BC_POLICY_ADAPTIVE, given, 2, 1, "a");
	expect(BC_POLICY_S3FIFO, given, 2, 1, "b");
}

static void
the_cold_queue_is_one(void **state)
{
	const struct bci_candidate given[] = {
		candidate(BCI_COLD, 5, 1),
		candidate(BCI_COLD, 1, 1),
		candidate(BCI_COLD, 1, 1),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ordered); i++)
		expect(ordered[i], given, 3, 30, "bca");
}

/* Of what lies in no arena the same part goes, by its last access. */
static void
what_is_in_no_queue_goes_with_the_others(void **state)
{
	const struct bci_candidate given[] = {
		candidate(BCI_YOUNG, 1, 1),  candidate(BCI_YOUNG, 1, 1),
		candidate(BCI_QUEUES, 1, 5), candidate(BCI_QUEUES, 9, 7),
		candidate(BCI_YOUNG, 1, 1),  candidate(BCI_YOUNG, 1, 1),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(ordered); i++) {
		expect(ordered[i], given, 6, 30, "dab");
		expect(ordered[i], given, 6, 60, "dabcef");
		expect(ordered[i], given + 2, 2, 20, "ba");
	}
}

static void
pinned_ones_stay(void **state)
{
	struct bci_candidate given[] = {
		candidate(BCI_YOUNG, 1, 1),
		candidate(BCI_MAIN, 1, 1),
		candidate(BCI_QUEUES, 1, 1),
		candidate(BCI_YOUNG, 1, 1),
	};

	(void)state;
	given[0].pinned = given[2].pinned = true;
	for (size_t i = 0; i < COUNT(ordered); i++) {
		expect(ordered[i], given, 4, UINT64_MAX, "db");
		expect(ordered[i], given, 1, UINT64_MAX, "");
		expect(ordered[i], NULL, 0, UINT64_MAX, "");
	}
}

/* ---- against queues that are sorted as a whole --------------------------- */

#define MOST 2000

/* A queue as plain as it can be: those before 'next' are gone from it. */
struct plain {
	struct bci_candidate *list[MOST * 8];
	size_t next, end;
	uint64_t bytes;
	uint64_t given_bytes;
};

static struct plain plains[BCI_QUEUES + 1];

static void
plain_push(struct plain *plain, struct bci_candidate *candidate)
{
	assert_true(plain->end < COUNT(plain->list));
	plain->list[plain->end++] = candidate;
	plain->bytes += candidate->bytes;
}

static int
plain_compare(const void *a, const void *b)
{
	const struct bci_candidate *left = *(struct bci_candidate *const *)a;
	const struct bci_candidate *right = *(struct bci_candidate *const *)b;

	if (left->queue >= BCI_QUEUES &&
	    left->accessed_ns != right->accessed_ns)
		return left->accessed_ns < right->accessed_ns ? -1 : 1;
	return left->order < right->order ? -1 : left->order > right->order;
}

static void
plain_begin(struct bci_candidate *all, size_t count)
{
	memset(plains, 0, sizeof(plains));
	for (size_t i = 0; i < count; i++)
		plain_push(&plains[all[i].queue], &all[i]);
	for (unsigned i = 0; i <= BCI_QUEUES; i++) {
		plains[i].given_bytes = plains[i].bytes;
		qsort(plains[i].list, plains[i].end, sizeof(plains[i].list[0]),
		      plain_compare);
	}
}

static unsigned
plain_next(enum bc_policy policy)
{
	const struct plain *loose = &plains[BCI_QUEUES];
	uint64_t rest = 0, given = 0;
	unsigned next;

	for (unsigned i = 0; i < BCI_QUEUES; i++) {
		rest += plains[i].bytes;
		given += plains[i].given_bytes;
	}
	if (loose->next < loose->end &&
	    loose->bytes * given >= rest * loose->given_bytes)
		return BCI_QUEUES;
	if (plains[BCI_COLD].next < plains[BCI_COLD].end)
		return BCI_COLD;
	next = bci_policy_next(policy, NULL, plains[BCI_YOUNG].bytes,
	                       plains[BCI_MAIN].bytes);
	if (plains[next].next < plains[next].end)
		return next;
	next = next == BCI_YOUNG ? BCI_MAIN : BCI_YOUNG;
	return plains[next].next < plains[next].end ? next : BCI_QUEUES;
}

/* The ids of what goes, in order; 'all' becomes what it is behind that. */
static size_t
plain_choose(enum bc_policy policy, struct bci_candidate *all, size_t count,
             uint64_t need, uint64_t *ids)
{
	uint64_t bytes = 0;
	size_t gone = 0;

	plain_begin(all, count);
	while (gone < count && bytes < need) {
		unsigned from = plain_next(policy);
		struct plain *plain = &plains[from];
		struct bci_candidate *one = plain->list[plain->next++];

		plain->bytes -= one->bytes;
		if (from == BCI_QUEUES ||
		    !bci_policy_keeps(policy, NULL, one, NOW)) {
			ids[gone++] = one->id;
			bytes += one->bytes;
			continue;
		}
		one->queue = from == BCI_COLD ? BCI_COLD : BCI_MAIN;
		plain_push(&plains[one->queue], one);
	}
	return gone;
}

/* Of all queues, credits and ages; in no order. */
static void
make(struct bci_candidate *all, size_t count, uint64_t *seed)
{
	unsigned queues = 1 + (unsigned)(test_mix_next(seed) % 4);

	for (size_t i = 0; i < count; i++) {
		unsigned queue = (unsigned)(test_mix_next(seed) % queues);
		uint8_t credit = (uint8_t)(1 + test_mix_next(seed) % 4);

		all[i] = candidate(queue, credit,
		                   (int64_t)(test_mix_next(seed) % 150));
		all[i].bytes = test_mix_next(seed) % 1000;
		all[i].order = test_mix_next(seed);
		all[i].id = i;
	}
}

static int
compare_ids(const void *a, const void *b)
{
	const struct bci_candidate *left = a, *right = b;

	return left->id < right->id ? -1 : left->id > right->id;
}

/* Choose of the same by both, and of what stays again, as a ranking does. */
static void
check(enum bc_policy policy, size_t count, uint64_t seed)
{
	static struct bci_candidate all[MOST], work[MOST];
	static uint64_t ids[MOST];
	size_t done = 0, gone;

	make(all, count, &seed);
	memcpy(work, all, sizeof(work));
	do {
		uint64_t need = 1 + test_mix_next(&seed) % (count * 400 + 1);
		struct bci_choice choice = {
			.candidates = work + done,
			.count = count - done,
			.used_bytes = need,
			.now_ns = NOW,
		};

		gone = plain_choose(policy, all + done, count - done, need,
		                    ids);
		assert_int_equal(bci_policy_choose(policy, &choice), gone);
		for (size_t i = 0; i < gone; i++)
			assert_int_equal(work[done + i].id, ids[i]);
		/* What stays has no order: give both the same. */
		for (size_t i = 0; i < gone; i++)
			for (size_t j = done + i; j < count; j++)
				if (all[j].id == ids[i])
					bci_candidates_swap(&all[j],
					                    &all[done + i]);
		done += gone;
		qsort(all + done, count - done, sizeof(all[0]), compare_ids);
		qsort(work + done, count - done, sizeof(all[0]), compare_ids);
		for (size_t i = 0; i < count; i++) {
			assert_int_equal(work[i].id, all[i].id);
			assert_int_equal(work[i].queue, all[i].queue);
			assert_int_equal(work[i].credit, all[i].credit);
			assert_int_equal(work[i].order, all[i].order);
		}
	} while (gone != 0 && done < count);
}

static void
the_same_goes_as_if_all_were_sorted(void **state)
{
	static const size_t counts[] = { 0, 1, 2, 13, 100, MOST };

	(void)state;
	for (size_t p = 0; p < COUNT(ordered); p++) {
		for (size_t i = 0; i < COUNT(counts); i++)
			for (uint64_t seed = 1; seed <= 5; seed++)
				check(ordered[p], counts[i], seed);
		for (uint64_t seed = 1; seed <= 200; seed++)
			check(ordered[p], (size_t)(seed * 7 % 300), seed);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_young_queue_goes_by_its_order),
		cmocka_unit_test(the_main_queue_goes_last),
		cmocka_unit_test(hits_are_rounds),
		cmocka_unit_test(early_hits_count_for_one_policy_only),
		cmocka_unit_test(the_cold_queue_is_one),
		cmocka_unit_test(what_is_in_no_queue_goes_with_the_others),
		cmocka_unit_test(pinned_ones_stay),
		cmocka_unit_test(the_same_goes_as_if_all_were_sorted),
	};

	return cmocka_run_group_tests_name("rehearsal", tests, NULL, NULL);
}
