/* SPDX-License-Identifier: MIT */
/*
 * test_ordered.c - the policies that go by where segments lie, and what they
 * remember of what was evicted.
 */
#include "barcache.h"

#include <string.h>

#include "policy.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define SECOND INT64_C(1000000000)
#define NOW (INT64_C(1800000000) * SECOND)

static struct bci_history history;

static int
setup(void **state)
{
	(void)state;
	memset(&history, 0, sizeof(history));
	return 0;
}

/* Put 100 s ago, accessed 'age_s' seconds ago for the last time. */
static struct bci_candidate
candidate(enum bci_queue queue, uint8_t credit, int64_t age_s)
{
	return (struct bci_candidate){
		.key = UINT64_C(0x123456789abcdef0),
		.bytes = 1000,
		.stored_ns = NOW - 100 * SECOND,
		.accessed_ns = NOW - age_s * SECOND,
		.count = 1000,
		.credit = credit,
		.queue = (uint8_t)queue,
	};
}

static bool
keeps(enum bc_policy policy, enum bci_queue queue, uint8_t credit,
      int64_t age_s)
{
	struct bci_candidate given = candidate(queue, credit, age_s);
	bool kept = bci_policy_keeps(policy, &history, &given, NOW);

	/* How often it was accessed stays true, whatever it is kept for. */
	assert_int_equal(given.count, 1000);
	return kept;
}

/* ---- history ----------------------------------------------------------- */

static void
test_history_finds(void **state)
{
	(void)state;
	assert_true(bci_history_find(&history, 1) == INT64_MIN);
	bci_history_note(&history, 1, NOW);
	assert_true(bci_history_find(&history, 2) == INT64_MIN);
	assert_true(bci_history_find(&history, 1) <= NOW);
	assert_true(NOW - bci_history_find(&history, 1) < 2 << 20);
	bci_history_note(&history, 1, NOW + 5 * SECOND);
	assert_true(bci_history_find(&history, 1) > NOW);
	bci_history_forget(&history, 1);
	assert_true(bci_history_find(&history, 1) == INT64_MIN);
	bci_history_forget(&history, 1);
}

static void
test_history_takes_any_time(void **state)
{
	static const int64_t times[] = { INT64_MIN, -1, 0, 1 };

	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		bci_history_note(&history, 7, times[i]);
		assert_true(bci_history_find(&history, 7) == 0);
	}
	/* The year 2100. */
	bci_history_note(&history, 7, INT64_C(4102444800) * SECOND);
	assert_true(bci_history_find(&history, 7) >
	            INT64_C(4102444799) * SECOND);
	bci_history_note(&history, 7, INT64_MAX);
	assert_true(bci_history_find(&history, 7) >
	            INT64_C(4102444800) * SECOND);
}

/* A full set forgets what was accessed first, and nothing else does. */
static void
test_history_forgets_the_oldest(void **state)
{
	(void)state;
	/* Keys that differ in their low bits share a set. */
	for (uint64_t key = 1; key <= BCI_HISTORY_WAYS; key++)
		bci_history_note(&history, key,
		                 NOW + (int64_t)(key * 3 % 8) * SECOND);
	for (uint64_t key = 1; key <= BCI_HISTORY_WAYS; key++)
		assert_true(bci_history_find(&history, key) != INT64_MIN);
	bci_history_note(&history, 100, NOW + 9 * SECOND);
	for (uint64_t key = 1; key <= BCI_HISTORY_WAYS; key++)
		assert_true((bci_history_find(&history, key) == INT64_MIN) ==
		            (key == 8));
	assert_true(bci_history_find(&history, 100) != INT64_MIN);
}

static void
test_history_holds_as_many(void **state)
{
	uint64_t key = 0;
	unsigned found = 0;

	(void)state;
	for (unsigned i = 0; i < BCI_HISTORY_MAX / 4; i++) {
		key += UINT64_C(0x9E3779B97F4A7C15);
		bci_history_note(&history, key, NOW);
	}
	for (unsigned i = 0; i < BCI_HISTORY_MAX / 4; i++) {
		found += bci_history_find(&history, key) != INT64_MIN;
		key -= UINT64_C(0x9E3779B97F4A7C15);
	}
	assert_true(found > BCI_HISTORY_MAX / 4 * 9 / 10);
}

/* ---- s3fifo ------------------------------------------------------------ */

static void
test_s3fifo_next(void **state)
{
	(void)state;
	assert_int_equal(bci_policy_next(BC_POLICY_S3FIFO, &history, 11, 90),
	                 BCI_YOUNG);
	assert_int_equal(bci_policy_next(BC_POLICY_S3FIFO, &history, 10, 90),
	                 BCI_MAIN);
	assert_int_equal(bci_policy_next(BC_POLICY_S3FIFO, &history, 1, 0),
	                 BCI_YOUNG);
	assert_int_equal(bci_policy_next(BC_POLICY_S3FIFO, &history, UINT64_MAX,
	                                 UINT64_MAX),
	                 BCI_YOUNG);
}

static void
test_s3fifo_keeps(void **state)
{
	struct bci_candidate given = candidate(BCI_MAIN, 100, 0);

	(void)state;
	assert_false(keeps(BC_POLICY_S3FIFO, BCI_YOUNG, 1, 100));
	assert_true(keeps(BC_POLICY_S3FIFO, BCI_YOUNG, 2, 99));
	assert_false(keeps(BC_POLICY_S3FIFO, BCI_MAIN, 1, 99));
	/* Three hits are three more rounds in the main queue. */
	for (uint32_t left = 3; left > 0; left--) {
		assert_true(bci_policy_keeps(BC_POLICY_S3FIFO, &history, &given,
		                             NOW));
		assert_int_equal(given.credit, left);
	}
	assert_false(bci_policy_keeps(BC_POLICY_S3FIFO, &history, &given, NOW));
	given = candidate(BCI_YOUNG, 100, 0);
	assert_true(bci_policy_keeps(BC_POLICY_S3FIFO, &history, &given, NOW));
	assert_int_equal(given.credit, 1);
}

/* What the young queue evicted is admitted to the main one, once. */
static void
test_s3fifo_admits(void **state)
{
	uint64_t key = candidate(BCI_YOUNG, 1, 0).key;

	(void)state;
	assert_int_equal(
		bci_policy_admit(BC_POLICY_S3FIFO, &history, key, 1, NOW),
		BCI_YOUNG);
	assert_false(keeps(BC_POLICY_S3FIFO, BCI_YOUNG, 1, 50));
	assert_int_equal(
		bci_policy_admit(BC_POLICY_S3FIFO, &history, key + 1, 1, NOW),
		BCI_YOUNG);
	assert_int_equal(
		bci_policy_admit(BC_POLICY_S3FIFO, &history, key, 1, NOW),
		BCI_MAIN);
	assert_int_equal(
		bci_policy_admit(BC_POLICY_S3FIFO, &history, key, 1, NOW),
		BCI_YOUNG);
	/* The main queue's are not remembered. */
	assert_false(keeps(BC_POLICY_S3FIFO, BCI_MAIN, 1, 50));
	assert_int_equal(
		bci_policy_admit(BC_POLICY_S3FIFO, &history, key, 1, NOW),
		BCI_YOUNG);
}

/* ---- adaptive ---------------------------------------------------------- */

/* A hit soon after the put is the same piece of work. */
static void
test_adaptive_late_hits(void **state)
{
	struct bci_candidate given = candidate(BCI_YOUNG, 9, 75);

	(void)state;
	assert_false(keeps(BC_POLICY_ADAPTIVE, BCI_YOUNG, 1, 100));
	assert_false(keeps(BC_POLICY_ADAPTIVE, BCI_YOUNG, 9, 76));
	assert_true(keeps(BC_POLICY_ADAPTIVE, BCI_YOUNG, 2, 75));
	assert_true(
		bci_policy_keeps(BC_POLICY_ADAPTIVE, &history, &given, NOW));
	assert_int_equal(given.credit, 1);
	/* Where nobody knows when it was put, any hit counts. */
	given = candidate(BCI_YOUNG, 2, 100);
	given.stored_ns = 0;
	assert_true(
		bci_policy_keeps(BC_POLICY_ADAPTIVE, &history, &given, NOW));
}

/* Evict from the young queue what was accessed then; admit it again now. */
static enum bci_queue
come_back_large(int64_t after_s, uint64_t bytes)
{
	struct bci_candidate given = candidate(BCI_YOUNG, 1, after_s);

	assert_false(
		bci_policy_keeps(BC_POLICY_ADAPTIVE, &history, &given, NOW));
	return bci_policy_admit(BC_POLICY_ADAPTIVE, &history, given.key, bytes,
	                        NOW);
}

static enum bci_queue
come_back(int64_t after_s)
{
	return come_back_large(after_s, 0);
}

/* Take an arena of the main queue whose segments have this age. */
static void
take_main(unsigned count, uint32_t hits, int64_t age_s)
{
	for (unsigned i = 0; i < count; i++)
		keeps(BC_POLICY_ADAPTIVE, BCI_MAIN, (uint8_t)(1 + hits), age_s);
}

static enum bci_queue
next(uint64_t young, uint64_t main)
{
	return bci_policy_next(BC_POLICY_ADAPTIVE, &history, young, main);
}

/* With room in the main queue everything that comes back is let in. */
static void
test_adaptive_room(void **state)
{
	(void)state;
	assert_int_equal(next(20, 80), BCI_YOUNG);
	assert_int_equal(come_back(100), BCI_MAIN);
	assert_int_equal(come_back(1000000), BCI_MAIN);
	assert_int_equal(next(0, 0), BCI_YOUNG);
}

/* A full main queue takes what comes back sooner than it was accessed. */
static void
test_adaptive_gate(void **state)
{
	(void)state;
	assert_int_equal(next(20, 80), BCI_YOUNG);
	take_main(3, 1, 1000);
	assert_int_equal(next(14, 86), BCI_YOUNG);
	assert_int_equal(come_back(740), BCI_MAIN);
	assert_int_equal(come_back(760), BCI_YOUNG);
	/* An arena that is in use: the older age counts for a while. */
	take_main(3, 1, 10);
	assert_int_equal(next(5, 95), BCI_MAIN);
	assert_int_equal(come_back(370), BCI_MAIN);
	assert_int_equal(come_back(380), BCI_YOUNG);
	for (unsigned i = 0; i < 20; i++) {
		take_main(1, 1, 10);
		next(5, 95);
	}
	assert_int_equal(come_back(7), BCI_MAIN);
	assert_int_equal(come_back(8), BCI_YOUNG);
	/* It is of bytes, not of segments. */
	take_main(1, 1, 400);
	take_main(3, 1, 0);
	next(5, 95);
	assert_int_equal(come_back(74), BCI_MAIN);
	assert_int_equal(come_back(76), BCI_YOUNG);
	/* Room again. */
	next(30, 70);
	assert_int_equal(come_back(1000000), BCI_MAIN);
}

/*
 * The young queue grows by three times what comes back soon, and shrinks by
 * what comes back late, from a twentieth to six tenths of both.
 */
static void
test_adaptive_share(void **state)
{
	(void)state;
	take_main(1, 1, 1000);
	next(50, 950);
	/* 3 x 50 of 1000 more than the 50 at the least. */
	assert_int_equal(come_back_large(700, 50), BCI_MAIN);
	assert_int_equal(next(201, 799), BCI_YOUNG);
	assert_int_equal(next(200, 800), BCI_MAIN);
	assert_int_equal(come_back_large(800, 50), BCI_YOUNG);
	take_main(1, 1, 1000);
	assert_int_equal(next(151, 849), BCI_YOUNG);
	assert_int_equal(next(150, 850), BCI_MAIN);
	assert_int_equal(come_back_large(800, 500), BCI_YOUNG);
	take_main(1, 1, 1000);
	assert_int_equal(next(51, 949), BCI_YOUNG);
	assert_int_equal(next(50, 950), BCI_MAIN);
	assert_int_equal(come_back_large(7, 500), BCI_MAIN);
	take_main(1, 1, 1000);
	assert_int_equal(next(601, 399), BCI_YOUNG);
	assert_int_equal(next(600, 400), BCI_MAIN);
}

/* What comes back while there is room says nothing of shares. */
static void
test_adaptive_share_with_room(void **state)
{
	(void)state;
	next(500, 500);
	assert_int_equal(come_back_large(7, 500), BCI_MAIN);
	assert_int_equal(next(50, 950), BCI_MAIN);
}

/* A main queue that is in use is looked at less and less often. */
static void
test_adaptive_cadence(void **state)
{
	static const unsigned young[] = { 1, 2, 4, 8, 8 };

	(void)state;
	for (size_t i = 0; i < COUNT(young); i++) {
		for (unsigned j = 0; j < young[i]; j++)
			assert_int_equal(next(10, 90), BCI_YOUNG);
		assert_int_equal(next(10, 90), BCI_MAIN);
		take_main(4, 1, 10);
	}
	/* A quarter of it is stale. */
	for (unsigned j = 0; j < 8; j++)
		assert_int_equal(next(10, 90), BCI_YOUNG);
	assert_int_equal(next(10, 90), BCI_MAIN);
	take_main(3, 1, 10);
	take_main(1, 0, 10);
	assert_int_equal(next(10, 90), BCI_YOUNG);
	assert_int_equal(next(10, 90), BCI_MAIN);
	/* A young queue of its share leaves nothing else. */
	assert_int_equal(next(5, 95), BCI_MAIN);
	assert_int_equal(next(5, 95), BCI_MAIN);
}

/* What was hit once is kept once more, unless that was long ago. */
static void
test_adaptive_main(void **state)
{
	struct bci_candidate given = candidate(BCI_MAIN, 9, 10);

	(void)state;
	assert_true(
		bci_policy_keeps(BC_POLICY_ADAPTIVE, &history, &given, NOW));
	assert_int_equal(given.credit, 1);
	assert_false(
		bci_policy_keeps(BC_POLICY_ADAPTIVE, &history, &given, NOW));
	assert_true(keeps(BC_POLICY_ADAPTIVE, BCI_MAIN, 2, 1000000));
	come_back(100);
	assert_true(keeps(BC_POLICY_ADAPTIVE, BCI_MAIN, 2, 399));
	assert_false(keeps(BC_POLICY_ADAPTIVE, BCI_MAIN, 2, 401));
	/* What comes back later moves the mean by a twentieth. */
	come_back(2100);
	assert_true(keeps(BC_POLICY_ADAPTIVE, BCI_MAIN, 2, 799));
	assert_false(keeps(BC_POLICY_ADAPTIVE, BCI_MAIN, 2, 801));
	/* What the main queue evicts is not remembered. */
	assert_int_equal(bci_policy_admit(BC_POLICY_ADAPTIVE, &history,
	                                  given.key, 0, NOW),
	                 BCI_YOUNG);
}

/* ---- both -------------------------------------------------------------- */

static const enum bc_policy ordered[] = {
	BC_POLICY_DEFAULT,
	BC_POLICY_S3FIFO,
	BC_POLICY_ADAPTIVE,
};

static void
test_which(void **state)
{
	(void)state;
	assert_int_equal(bci_policy_resolve(BC_POLICY_DEFAULT),
	                 BC_POLICY_ADAPTIVE);
	for (int policy = 0; policy <= BC_POLICY_ADAPTIVE; policy++) {
		bool expected = false;

		for (size_t i = 0; i < COUNT(ordered); i++)
			expected |= (int)ordered[i] == policy;
		assert_int_equal(bci_policy_is_ordered((enum bc_policy)policy),
		                 expected);
		if (policy != BC_POLICY_DEFAULT)
			assert_int_equal(
				bci_policy_resolve((enum bc_policy)policy),
				policy);
	}
	/* Others put everything into the young queue, whatever is known. */
	bci_history_note(&history, 1, NOW);
	assert_int_equal(bci_policy_admit(BC_POLICY_LRU, &history, 1, 1, NOW),
	                 BCI_YOUNG);
	assert_true(bci_history_find(&history, 1) != INT64_MIN);
}

static void
test_pinned_is_kept(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ordered) * 2; i++) {
		struct bci_candidate given = candidate(
			i % 2 == 0 ? BCI_YOUNG : BCI_MAIN, 1, 1000000);

		given.pinned = true;
		assert_true(bci_policy_keeps(ordered[i / 2], &history, &given,
		                             NOW));
		assert_int_equal(given.credit, 1);
	}
}

/* A rehearsal has no history and leaves none. */
static void
test_without_history(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(ordered); i++) {
		struct bci_candidate young = candidate(BCI_YOUNG, 1, 50);
		struct bci_candidate main = candidate(BCI_MAIN, 2, 50);

		assert_int_equal(bci_policy_next(ordered[i], NULL, 50, 50),
		                 BCI_YOUNG);
		assert_int_equal(bci_policy_next(ordered[i], NULL, 5, 95),
		                 BCI_MAIN);
		assert_false(bci_policy_keeps(ordered[i], NULL, &young, NOW));
		assert_true(bci_policy_keeps(ordered[i], NULL, &main, NOW));
		assert_int_equal(
			bci_policy_admit(ordered[i], NULL, young.key, 1, NOW),
			BCI_YOUNG);
	}
}

/* Any bytes are a history: answers may be poor, and become good again. */
static void
test_damaged_history(void **state)
{
	static const int bytes[] = { 0xff, 0x7f, 0x80, 0x55 };

	(void)state;
	for (size_t i = 0; i < COUNT(bytes); i++) {
		memset(&history, bytes[i], sizeof(history));
		bci_history_find(&history, 1);
		for (unsigned j = 0; j < 300; j++) {
			next(10, 90);
			take_main(3, 1, 10);
			come_back(100);
		}
		assert_int_equal(come_back(7), BCI_MAIN);
		assert_int_equal(come_back(8), BCI_YOUNG);
		assert_true(keeps(BC_POLICY_ADAPTIVE, BCI_MAIN, 2, 300));
		assert_false(keeps(BC_POLICY_ADAPTIVE, BCI_MAIN, 2, 500));
	}
}

/* With the clock set back everything was accessed just now. */
static void
test_clock_set_back(void **state)
{
	(void)state;
	assert_true(keeps(BC_POLICY_ADAPTIVE, BCI_MAIN, 2, -1000));
	assert_true(keeps(BC_POLICY_ADAPTIVE, BCI_YOUNG, 2, -1000));
	take_main(3, 1, -1000);
	next(10, 90);
	assert_int_equal(come_back(-1000), BCI_YOUNG);
}

static void
test_extremes(void **state)
{
	static const int64_t times[] = { INT64_MIN, 0, INT64_MAX };

	(void)state;
	for (size_t i = 0; i < 9 * COUNT(ordered); i++) {
		struct bci_candidate given = {
			.key = UINT64_MAX,
			.bytes = UINT64_MAX,
			.stored_ns = times[i % 3],
			.accessed_ns = times[i / 3 % 3],
			.credit = UINT8_MAX,
			.queue = BCI_MAIN,
		};
		enum bc_policy policy = ordered[i / 9];

		for (unsigned j = 0; j < 3; j++) {
			bci_policy_keeps(policy, &history, &given, times[j]);
			assert_true(given.credit == 3 || given.credit == 2 ||
			            given.credit == 1);
			bci_policy_next(policy, &history, UINT64_MAX,
			                UINT64_MAX);
			bci_policy_next(policy, &history, 0, UINT64_MAX);
			bci_policy_admit(policy, &history, UINT64_MAX,
			                 UINT64_MAX, times[j]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_history_finds, setup),
		cmocka_unit_test_setup(test_history_takes_any_time, setup),
		cmocka_unit_test_setup(test_history_forgets_the_oldest, setup),
		cmocka_unit_test_setup(test_history_holds_as_many, setup),
		cmocka_unit_test_setup(test_s3fifo_next, setup),
		cmocka_unit_test_setup(test_s3fifo_keeps, setup),
		cmocka_unit_test_setup(test_s3fifo_admits, setup),
		cmocka_unit_test_setup(test_adaptive_late_hits, setup),
		cmocka_unit_test_setup(test_adaptive_room, setup),
		cmocka_unit_test_setup(test_adaptive_gate, setup),
		cmocka_unit_test_setup(test_adaptive_share, setup),
		cmocka_unit_test_setup(test_adaptive_share_with_room, setup),
		cmocka_unit_test_setup(test_adaptive_cadence, setup),
		cmocka_unit_test_setup(test_adaptive_main, setup),
		cmocka_unit_test_setup(test_which, setup),
		cmocka_unit_test_setup(test_pinned_is_kept, setup),
		cmocka_unit_test_setup(test_without_history, setup),
		cmocka_unit_test_setup(test_damaged_history, setup),
		cmocka_unit_test_setup(test_clock_set_back, setup),
		cmocka_unit_test_setup(test_extremes, setup),
	};

	return cmocka_run_group_tests_name("ordered", tests, NULL, NULL);
}
