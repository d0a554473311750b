/* SPDX-License-Identifier: MIT */
/*
 * party.c - beginning and ending of the processes that look on.
 */
#include "chaos/party.h"

#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "fault/lab.h"

struct party_total party_total;

void
party_begin(struct party *party, enum bc_durability durability,
            uint64_t warm_bytes, unsigned readers)
{
	memset(party, 0, sizeof(*party));
	test_dir_make_fast(&party->dir);
	party->crowd.path = party->dir.cache;
	party->crowd.seed = lab_next();
	party->crowd.durability = durability;
	party->crowd.strict = warm_bytes == PARTY_ROOM;
	party->crowd.warm_bytes = warm_bytes;
	party->crowd.shared = test_shared(sizeof(*party->crowd.shared));
	assert_int_equal(test_child_run(crowd_create, &party->crowd), 0);
	party->reader_count = readers;
	for (unsigned i = 0; i < readers; i++)
		party->readers[i] = test_child_start(crowd_read, &party->crowd);
	party->linker = test_child_start(crowd_link, &party->crowd);
}

void
party_check(struct party *party)
{
	assert_int_equal(test_child_run(crowd_check, &party->crowd), 0);
	party_total.checks++;
}

void
party_look(const struct party *party)
{
	for (unsigned i = 0; i < party->reader_count; i++)
		assert_int_equal(waitpid(party->readers[i], NULL, WNOHANG), 0);
	assert_int_equal(waitpid(party->linker, NULL, WNOHANG), 0);
}

void
party_write(struct party *party, unsigned rounds)
{
	party->crowd.rounds = rounds;
	assert_int_equal(test_child_run(crowd_write, &party->crowd), 0);
	party->crowd.rounds = 0;
}

void
party_kill(pid_t child)
{
	kill(child, SIGKILL);
	assert_int_equal(test_child_wait(child), TEST_CHILD_SIGNAL + SIGKILL);
}

void
party_leave(struct party *party)
{
	atomic_store(&party->crowd.shared->stop, 1);
	for (unsigned i = 0; i < party->reader_count; i++)
		assert_int_equal(test_child_wait(party->readers[i]), 0);
	assert_int_equal(test_child_wait(party->linker), 0);
	party->linker = 0;
	party_check(party);
}

void
party_end(struct party *party)
{
	struct crowd_shared *shared = party->crowd.shared;

	if (party->linker != 0)
		party_leave(party);
	party_total.operations += atomic_load(&shared->operations);
	party_total.reads += atomic_load(&shared->reads);
	party_total.compactions += atomic_load(&shared->compactions);
	lab_note("%" PRIu64 " checks, operations %" PRIu64 ", reads %" PRIu64
	         ", compactions %" PRIu64,
	         party_total.checks, party_total.operations, party_total.reads,
	         party_total.compactions);
	test_dir_remove(&party->dir);
}
