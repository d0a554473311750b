/* SPDX-License-Identifier: MIT */
/*
 * test_rehearsal.c - what ordered policies would evict next: worked vectors of
 * their queues, what lies in none, and what ends a rehearsal.
 */
#include "barcache.h"

#include <string.h>

#include "policy.h"
#include "support.h"

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
	};

	return cmocka_run_group_tests_name("rehearsal", tests, NULL, NULL);
}
