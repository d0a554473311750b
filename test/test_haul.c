/* SPDX-License-Identifier: MIT */
/*
 * test_haul.c - what compaction has copied, but not named yet, while others go
 * on: they replace, remove and compact, or it is told to end.
 */
#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "alloc.h"
#include "cache.h"
#include "write/apart.h"
#include "write/haul.h"
#include "write/writer.h"

#define FRAMES 72
#define ROWS 2000
#define BUDGET (64ull << 20)

/* What happens between two steps of cleaning. */
struct meddling {
	unsigned steps; /* of cleaning, so far */
	unsigned at;    /* when */
	enum { REPLACE, COMPACT, END } how;
	bool inside; /* another one that is called by this one */
};

static void
frame_key(char key[16], unsigned index)
{
	snprintf(key, 16, "frame/%02u", index);
}

static int
setup(void **state)
{
	struct bc_options options = unit_options();
	char key[16];

	if (unit_setup(state) != 0)
		return -1;
	options.warm_bytes = BUDGET;
	unit_restart(&options);
	for (unsigned i = 0; i < FRAMES; i++) {
		frame_key(key, i);
		unit_put(key, i + 1, ROWS);
	}
	assert_status(bc_sync(fixture.cache, NULL), BC_OK, NULL);
	for (unsigned i = 0; i < FRAMES; i += 3) {
		frame_key(key, i);
		assert_status(bc_remove(fixture.cache, key, NULL), BC_OK, NULL);
	}
	return 0;
}

static void
replace_some(void)
{
	char key[16];

	for (unsigned i = 1; i < FRAMES; i += 12) {
		frame_key(key, i);
		unit_put(key, 1000 + i, ROWS);
		frame_key(key, i + 1);
		assert_status(bc_remove(fixture.cache, key, NULL), BC_OK, NULL);
	}
}

static int
meddle(void *context, const struct bc_compact_progress *progress)
{
	struct meddling *meddling = context;
	struct bc_error err;

	if (meddling->inside || strcmp(progress->step, "clean") != 0 ||
	    meddling->steps++ != meddling->at)
		return 0;
	meddling->inside = true;
	if (meddling->how == REPLACE)
		replace_some();
	else if (meddling->how == COMPACT)
		assert_status(bc_compact(fixture.cache, NULL, NULL, &err),
		              BC_OK, &err);
	meddling->inside = false;
	return meddling->how == END;
}

static struct bc_compact_report
compact(struct meddling *meddling)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	struct bc_compact_report report;
	struct bc_error err;

	options.progress = meddle;
	options.context = meddling;
	assert_status(bc_compact(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	assert_true(meddling->steps > meddling->at);
	return report;
}

/* Every frame is as it was left, and so are all accounts. */
static void
expect_frames(bool replaced)
{
	struct bc_verify_report report;
	struct bc_error err;
	char key[16];

	for (unsigned i = 0; i < FRAMES; i++) {
		frame_key(key, i);
		if (i % 3 == 0 || (replaced && i % 12 == 2))
			expect_miss(fixture.cache, key, BC_MISS_ABSENT);
		else
			expect_hit(fixture.cache, key,
			           replaced && i % 12 == 1 ? 1000 + i : i + 1);
	}
	assert_status(bc_verify(fixture.cache, NULL, NULL, NULL, &report, &err),
	              BC_OK, &err);
	assert_int_equal(report.bad_entries, 0);
}

static void
count_file(void *context, const char *path)
{
	(void)path;
	++*(uint64_t *)context;
}

/* Files of arenas, whether the catalogue knows them or not. */
static uint64_t
arena_files(void)
{
	char path[TEST_PATH];
	uint64_t count = 0;

	test_walk(test_path(path, fixture.dir.cache, "warm"), count_file,
	          &count);
	return count;
}

static void
copies_are_named(void **state)
{
	struct meddling meddling = { .at = 0, .how = REPLACE, .inside = true };
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	struct bc_stats before = unit_stats(), after;
	struct bc_compact_report report;
	struct bc_error err;

	(void)state;
	options.progress = meddle;
	options.context = &meddling;
	assert_status(bc_compact(fixture.cache, &options, &report, &err), BC_OK,
	              &err);
	after = unit_stats();
	assert_int_equal(after.live_bytes, before.live_bytes);
	assert_int_equal(after.segments, before.segments);
	assert_true(after.warm_bytes < before.warm_bytes);
	assert_true(report.moved != 0);
	assert_int_equal(after.total.moved_bytes, report.moved_bytes);
	expect_frames(false);
	/* There is nothing left to be done. */
	assert_status(bc_compact(fixture.cache, NULL, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.moved, 0);
}

static uint64_t
next_number(void)
{
	struct bci_state_record state;
	struct bci_env *env;

	assert_status(bci_cache_env(fixture.cache, &env, NULL), BC_OK, NULL);
	assert_status(bci_env_read(env, NULL, &state, NULL), BC_OK, NULL);
	return state.next_arena;
}

struct numbers {
	uint64_t from, count;
};

static void
count_number(void *context, const char *path)
{
	struct numbers *numbers = context;

	numbers->count +=
		bci_arena_number(strrchr(path, '/') + 1) >= numbers->from;
}

/* A number is set aside only where there is something to be moved. */
static void
each_number_becomes_an_arena(void **state)
{
	struct numbers numbers = { .from = next_number() };
	struct bc_error err;
	char path[TEST_PATH];

	(void)state;
	assert_status(bc_compact(fixture.cache, NULL, NULL, &err), BC_OK, &err);
	test_walk(test_path(path, fixture.dir.cache, "warm"), count_number,
	          &numbers);
	assert_true(numbers.count != 0);
	assert_int_equal(next_number() - numbers.from, numbers.count);
}

static void
what_changed_meanwhile_stays_changed(void **state)
{
	struct meddling meddling = { .at = 1, .how = REPLACE };

	(void)state;
	compact(&meddling);
	expect_frames(true);
}

static void
another_compaction_may_be_faster(void **state)
{
	struct meddling meddling = { .at = 1, .how = COMPACT };

	(void)state;
	compact(&meddling);
	expect_frames(false);
}

/* At the third step one haul is copied and the next is planned. */

static void
what_changed_once_copied_stays_changed(void **state)
{
	struct meddling meddling = { .at = 2, .how = REPLACE };

	(void)state;
	compact(&meddling);
	expect_frames(true);
}

static void
another_compaction_may_move_what_is_copied(void **state)
{
	struct meddling meddling = { .at = 2, .how = COMPACT };

	(void)state;
	compact(&meddling);
	expect_frames(false);
	assert_int_equal(arena_files(), unit_stats().arenas);
}

static void
what_is_copied_arrives(void **state)
{
	struct meddling meddling = { .at = 2, .how = END };
	struct bc_compact_report report;

	(void)state;
	report = compact(&meddling);
	assert_int_equal(report.incomplete, 1);
	assert_true(report.moved != 0);
	assert_int_equal(arena_files(), unit_stats().arenas);
	expect_frames(false);
}

/* ---- one stride at a time ------------------------------------------------ */

static void
writer_begin(struct bci_writer *writer)
{
	struct bc_error err;

	assert_status(bci_writer_open(fixture.cache, writer, &err), BC_OK,
	              &err);
}

static void
writer_commit(struct bci_writer *writer)
{
	struct bc_error err;

	assert_status(bci_writer_commit(writer, &err), BC_OK, &err);
}

/* Copy what is live in all arenas that are sealed, as far as one takes it. */
static void
haul_load(struct bci_haul *haul)
{
	struct bci_arena_record arena;
	struct bci_writer writer;
	uint64_t number = 0;
	struct bc_error err;

	writer_begin(&writer);
	while (bci_arena_next(writer.txn, &writer.env->tables, &number,
	                      &arena) == BC_OK)
		if (arena.sealed && arena.segments != 0)
			(void)bci_haul_add(haul, &writer, number, &arena);
	assert_status(bci_haul_reserve(haul, &writer, &err), BC_OK, &err);
	writer_commit(&writer);
	assert_status(bci_haul_copy(haul, fixture.cache, &err), BC_OK, &err);
	assert_status(bci_haul_sync(haul, &err), BC_OK, &err);
	assert_true(bci_haul_is_loaded(haul));
}

static void
haul_name(struct bci_haul *haul, int64_t until_ns)
{
	struct bci_writer writer;
	struct bc_error err;

	writer_begin(&writer);
	assert_status(bci_haul_name(haul, &writer, until_ns, &err), BC_OK,
	              &err);
	writer_commit(&writer);
}

static bool
arena_is_known(uint64_t number)
{
	struct bci_arena_record arena;
	struct bci_writer writer;
	enum bc_status status;

	writer_begin(&writer);
	status =
		bci_arena_load(writer.txn, &writer.env->tables, number, &arena);
	bci_writer_abort(&writer);
	return status == BC_OK;
}

/* A commit names the first segment, which goes: with it goes the new arena,
 * and whatever else was copied to it stays where it is. */
static void
what_is_named_of_an_arena_that_has_gone_is_nothing(void **state)
{
	struct bci_haul haul = { .number = 0 };
	struct bc_verify_report report;
	struct bc_error err;
	char key[16];

	(void)state;
	haul_load(&haul);
	haul_name(&haul, 0);
	assert_true(arena_is_known(haul.number));
	assert_status(bc_remove(fixture.cache, "frame/01", &err), BC_OK, &err);
	assert_false(arena_is_known(haul.number));
	while (bci_haul_is_loaded(&haul))
		haul_name(&haul, INT64_MAX);
	assert_false(arena_is_known(haul.number));
	bci_haul_free(&haul, &bci_allocator_default);
	for (unsigned i = 2; i < FRAMES; i++) {
		frame_key(key, i);
		if (i % 3 != 0)
			expect_hit(fixture.cache, key, i + 1);
	}
	assert_status(bc_verify(fixture.cache, NULL, NULL, NULL, &report, &err),
	              BC_OK, &err);
	assert_int_equal(arena_files(), unit_stats().arenas);
}

/* As another process: empty the arena that is in use, which seals it. */
static void
empty_it(void *argument)
{
	struct bc_options options = unit_options();
	struct bc_cache *cache;
	struct bc_error err;
	char key[16];

	(void)argument;
	assert_status(bc_open(fixture.dir.cache, &options, &cache, &err), BC_OK,
	              &err);
	for (unsigned i = 0; i < FRAMES; i++) {
		frame_key(key, i);
		(void)!bc_remove(cache, key, NULL);
	}
	assert_status(bc_remove(cache, "next", &err), BC_OK, &err);
	assert_status(bc_compact(cache, NULL, NULL, &err), BC_OK, &err);
	bc_close(cache);
}

static void
an_arena_that_others_seal_is_closed(void **state)
{
	unsigned files = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		unit_put("next", i + 1, ROWS);
		if (i == 1)
			files = test_open_files();
		assert_int_equal(test_child_run(empty_it, NULL), 0);
	}
	unit_put("next", 1, ROWS);
	assert_int_equal(test_open_files(), files);
}

static void
what_is_not_copied_yet_leaves_nothing(void **state)
{
	struct meddling meddling = { .at = 1, .how = END };
	struct bc_compact_report report;
	uint64_t files = arena_files();
	struct bc_error err;

	(void)state;
	report = compact(&meddling);
	assert_int_equal(report.incomplete, 1);
	assert_int_equal(report.moved, 0);
	assert_int_equal(arena_files(), files);
	expect_frames(false);
	assert_status(bc_compact(fixture.cache, NULL, &report, &err), BC_OK,
	              &err);
	assert_true(report.moved != 0);
	assert_int_equal(arena_files(), unit_stats().arenas);
	expect_frames(false);
}

/* Give arena 900 the name that it has while it is made. */
static void
unfinish(void *context, const char *path)
{
	char unfinished[TEST_PATH + 8];

	if (strstr(path, "/00000900.mdb") == NULL)
		return;
	++*(unsigned *)context;
	snprintf(unfinished, sizeof(unfinished), "%s.new", path);
	assert_int_equal(rename(path, unfinished), 0);
}

static void
an_arena_apart_is_swept_when_its_maker_is_gone(void **state)
{
	char path[TEST_PATH];
	struct bci_apart apart;
	unsigned renamed = 0;
	uint64_t known;
	struct bci_env *env;
	struct bc_error err;

	(void)state;
	assert_status(bc_compact(fixture.cache, NULL, NULL, &err), BC_OK, &err);
	known = unit_stats().arenas;
	assert_status(bci_cache_env(fixture.cache, &env, &err), BC_OK, &err);
	assert_status(
		bci_apart_make(&apart, env, 900, BCI_MAIN, 1 << 20, true, &err),
		BC_OK, &err);
	assert_true(bci_apart_is_made(env, 900));
	assert_status(bc_compact(fixture.cache, NULL, NULL, &err), BC_OK, &err);
	assert_int_equal(arena_files(), known + 1);
	test_walk(test_path(path, fixture.dir.cache, "warm"), unfinish,
	          &renamed);
	assert_int_equal(renamed, 1);
	assert_status(bc_compact(fixture.cache, NULL, NULL, &err), BC_OK, &err);
	assert_int_equal(arena_files(), known + 1);
	bci_apart_close(&apart, true); /* As if it had been killed. */
	assert_false(bci_apart_is_made(env, 900));
	assert_int_equal(arena_files(), known + 1);
	assert_status(bc_compact(fixture.cache, NULL, NULL, &err), BC_OK, &err);
	assert_int_equal(arena_files(), known);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(copies_are_named, setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(each_number_becomes_an_arena,
		                                setup, unit_teardown),
		cmocka_unit_test_setup_teardown(
			what_changed_meanwhile_stays_changed, setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(
			another_compaction_may_be_faster, setup, unit_teardown),
		cmocka_unit_test_setup_teardown(
			what_changed_once_copied_stays_changed, setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(
			another_compaction_may_move_what_is_copied, setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(what_is_copied_arrives, setup,
		                                unit_teardown),
		cmocka_unit_test_setup_teardown(
			what_is_named_of_an_arena_that_has_gone_is_nothing,
			setup, unit_teardown),
		cmocka_unit_test_setup_teardown(
			an_arena_that_others_seal_is_closed, setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(
			what_is_not_copied_yet_leaves_nothing, setup,
			unit_teardown),
		cmocka_unit_test_setup_teardown(
			an_arena_apart_is_swept_when_its_maker_is_gone, setup,
			unit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
