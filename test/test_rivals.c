/* SPDX-License-Identifier: MIT */
/*
 * test_rivals.c - writers, compactors and an importer all at once, one of which
 * is stopped (SIGSTOP) at some call, perhaps with the writer's lock in hand.
 *
 * The others then get BC_BUSY by their deadline, with the number of the process
 * that keeps them waiting, or their turn; readers go on; and when it goes on,
 * so does everything.  A trial is a round of that.
 */
#include "support.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "chaos/party.h"
#include "fault/lab.h"
#include "fault/shim.h"

#define RIVALS 8
#define ROUNDS 12
#define DEADLINE_MS 100

/* Shared by the processes of all rounds. */
struct round_shared {
	_Atomic uint64_t longest_ms; /* that a rival waited for BC_BUSY */
	_Atomic uint64_t busy, fine;
};

struct contest {
	struct party party;
	struct fault_plan plan; /* of the one that is stopped */
	pid_t holder;
	unsigned number; /* of a rival */
	uint64_t word;
	struct round_shared *shared;
};

static enum bc_status
compete(const struct contest *contest, struct bc_cache *cache,
        struct bc_error *err)
{
	uint64_t word = test_mix(contest->word, contest->number);
	char key[24];

	snprintf(key, sizeof(key), "rival/%u", (unsigned)(word >> 8) % 16);
	switch (word % 6) {
	case 0:
		return bc_compact(cache, NULL, NULL, err);
	case 1:
		return crowd_import_once(cache, word >> 8, err);
	case 2:
		return bc_expire(cache, NULL, err);
	case 3:
		return bc_place(cache, key, BC_PLACE_COLD, NULL, err);
	case 4:
		return bc_remove(cache, key, err);
	default:
		return test_put(cache, key, word, 1, err);
	}
}

/* NULL if it is busy: one may be stopped while it opens or closes, too. */
static struct bc_cache *
contest_open(const struct contest *contest, uint32_t deadline_ms)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	enum bc_status status;
	struct bc_error err;

	options.lock_timeout_ms = deadline_ms;
	status = bc_open(contest->party.dir.cache, &options, &cache, &err);
	if (status != BC_BUSY)
		assert_status(status, BC_OK, &err);
	else
		require(strstr(err.message, "process") != NULL);
	return cache;
}

static void
holder(void *argument)
{
	struct contest *contest = argument;
	struct bc_cache *cache = contest_open(contest, 60000);
	enum bc_status status;
	struct bc_error err;

	require(cache != NULL);
	fault_arm(&contest->plan);
	status = compete(contest, cache, &err);
	if (status != BC_MISS && status != BC_FULL)
		assert_status(status, BC_OK, &err);
	bc_close(cache);
	fault_disarm();
}

/* One attempt; who is busy is told about a process, and in time. */
static void
rival(void *argument)
{
	struct contest *contest = argument;
	struct round_shared *shared = contest->shared;
	double began = lab_now();
	uint64_t took;
	struct bc_cache *cache = contest_open(contest, DEADLINE_MS);
	enum bc_status status = BC_BUSY;
	struct bc_error err;

	if (cache != NULL) {
		began = lab_now();
		status = compete(contest, cache, &err);
	}
	took = (uint64_t)((lab_now() - began) * 1e3);
	if (status == BC_BUSY) {
		require(cache == NULL ||
		        strstr(err.message, "process") != NULL);
		atomic_fetch_add(&shared->busy, 1);
		if (took > atomic_load(&shared->longest_ms))
			atomic_store(&shared->longest_ms, took);
	} else {
		if (status != BC_MISS && status != BC_FULL)
			assert_status(status, BC_OK, &err);
		atomic_fetch_add(&shared->fine, 1);
	}
	bc_close(cache);
}

/* One process is stopped at call 'at', or ends; then all the others come. */
static void
contest_round(struct contest *contest)
{
	pid_t rivals[RIVALS];
	int status;

	contest->word = lab_next();
	contest->number = RIVALS;
	contest->plan.calls = FAULT_IO | FAULT_LOCK;
	contest->plan.mode = FAULT_STOP;
	contest->plan.path = contest->party.dir.path;
	contest->plan.at = 1 + lab_next() % 40;
	contest->holder = test_child_start(holder, contest);
	assert_int_equal(waitpid(contest->holder, &status, WUNTRACED),
	                 contest->holder);
	for (contest->number = 0; contest->number < RIVALS; contest->number++)
		rivals[contest->number] = test_child_start(rival, contest);
	for (unsigned i = 0; i < RIVALS; i++)
		assert_int_equal(test_child_wait(rivals[i]), 0);
	party_look(&contest->party);
	if (WIFSTOPPED(status)) {
		kill(contest->holder, SIGCONT);
		assert_int_equal(test_child_wait(contest->holder), 0);
	} else {
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	}
	lab_trials(1);
}

static void
rivals_of_a_stopped_process_are_busy_in_time(void **state)
{
	static struct round_shared *shared;
	struct contest contest;
	uint64_t rounds = lab_part(ROUNDS, ROUNDS);

	(void)state;
	memset(&contest, 0, sizeof(contest));
	party_begin(&contest.party, BC_RELAXED, PARTY_USUAL, 2);
	if (shared == NULL)
		shared = test_shared(sizeof(*shared));
	contest.shared = shared;
	while (rounds-- > 0 && lab_in_time())
		contest_round(&contest);
	party_end(&contest.party);
	lab_note("busy %" PRIu64 ", had their turn %" PRIu64
	         ", longest wait for busy %" PRIu64 " ms of %u",
	         atomic_load(&shared->busy), atomic_load(&shared->fine),
	         atomic_load(&shared->longest_ms), DEADLINE_MS);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(rivals_of_a_stopped_process_are_busy_in_time),
	};

	return LAB_MAIN(argc, argv, "rivals", tests);
}
