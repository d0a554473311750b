/* SPDX-License-Identifier: MIT */
/*
 * test_unlinked.c - arenas are cleaned and unlinked, one after the other, while
 * eight readers hold views in them and a writer writes.
 *
 * The readers check what they hold again and again (chaos/crowd.h), and that a
 * lookup of what has just moved is no error.  A trial is an arena that went.
 */
#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "chaos/party.h"
#include "fault/lab.h"

#define READERS 8
#define ARENAS 50

struct arenas {
	uint64_t newest, count;
};

static void
arenas_visit(void *context, const char *path)
{
	struct arenas *arenas = context;
	uint64_t number = bci_arena_number(strrchr(path, '/') + 1);

	arenas->count += number != 0;
	arenas->newest = number > arenas->newest ? number : arenas->newest;
}

/* How many arenas there were that are gone. */
static uint64_t
arenas_gone(const char *path)
{
	struct arenas arenas = { 0, 0 };

	test_walk(path, arenas_visit, &arenas);
	return arenas.newest > arenas.count ? arenas.newest - arenas.count : 0;
}

/* Bytes of removed files that some process keeps on the disk. */
static uint64_t
bytes_kept(const char *path)
{
	struct bc_health health;
	struct bc_error err;

	assert_status(bc_health(path, 0, &health, &err), BC_OK, &err);
	return health.pinned_unlinked_bytes;
}

/* Until enough are gone; the most that was kept by views meanwhile. */
static uint64_t
watch(struct party *party)
{
	uint64_t wanted = lab_part(ARENAS, ARENAS), most = 0, gone = 0;

	while (gone < wanted && lab_in_time()) {
		uint64_t kept, now;

		test_sleep_ms(20);
		party_look(party);
		kept = bytes_kept(party->dir.cache);
		most = kept > most ? kept : most;
		now = arenas_gone(party->dir.cache);
		if (now > gone) {
			lab_trials(now - gone);
			gone = now;
		}
	}
	return most;
}

static void
no_view_changes_when_its_arena_goes(void **state)
{
	static uint64_t most;
	pid_t writer, compactor;
	struct party party;
	uint64_t kept;

	(void)state;
	party_begin(&party, BC_RELAXED, PARTY_USUAL, READERS);
	writer = test_child_start(crowd_write, &party.crowd);
	compactor = test_child_start(crowd_compact, &party.crowd);
	kept = watch(&party);
	most = kept > most ? kept : most;
	party_kill(writer);
	party_kill(compactor);
	party_leave(&party);
	assert_int_equal(bytes_kept(party.dir.cache), 0);
	party_end(&party);
	lab_note("at most %" PRIu64 " bytes of removed arenas held by views",
	         most);
}

int
main(int argc, char **argv)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_view_changes_when_its_arena_goes),
	};

	return LAB_MAIN(argc, argv, "unlinked", tests);
}
