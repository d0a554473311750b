/* SPDX-License-Identifier: MIT */
/*
 * test_live.c - readers beside a writer that does not stop, and views that
 * outlive what they show.
 */
#include "support.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dir_unit.h"
#include "fault/oracle.h"
#include "fault/shim.h"

#define READERS 4
#define STEPS 600
#define SEED 5

/* What the processes of one test share. */
struct shared {
	struct oracle_progress progress;
	_Atomic bool done;
	_Atomic uint64_t reads;
	_Atomic unsigned ready;
};

static struct shared *shared;
static struct oracle oracle;

static int
setup(void **state)
{
	dir_setup(state);
	shared = test_shared(sizeof(*shared));
	memset(&oracle, 0, sizeof(oracle));
	oracle.path = dir.cache;
	oracle.name = "oracle";
	oracle.seed = 99;
	oracle.progress = &shared->progress;
	return 0;
}

/* A cache whose arenas are 2 MiB, so that they fill up and are removed. */
static void
make_small_arenas(void)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	options.flags = BC_OPEN_CREATE;
	options.warm_bytes = 64 << 20;
	assert_status(bc_open(dir.cache, &options, &cache, &err), BC_OK, &err);
	bc_close(cache);
}

/* ------------------------------------------------------------------------ */
/*  Readers beside a writer                                                 */
/* ------------------------------------------------------------------------ */

/* All keys at once must be one state of the history. */
static void
read_all(struct bc_cache *cache)
{
	char text[ORACLE_KEYS][24];
	const char *keys[ORACLE_KEYS];
	struct bc_view views[ORACLE_KEYS];
	uint64_t versions[ORACLE_KEYS], from, until;
	enum bc_status status;
	unsigned i;

	for (i = 0; i < ORACLE_KEYS; i++) {
		oracle_key(&oracle, i, text[i]);
		keys[i] = text[i];
	}
	from = atomic_load(&shared->progress.acked);
	status = bc_get_many(cache, keys, ORACLE_KEYS, views);
	until = atomic_load(&shared->progress.started);
	require(status == BC_OK || status == BC_MISS);
	for (i = 0; i < ORACLE_KEYS; i++) {
		versions[i] = 0;
		if (views[i].miss == BC_MISS_ABSENT)
			continue;
		require(views[i].miss == BC_MISS_NONE);
		versions[i] =
			test_view_version(&views[i], keys[i], oracle.seed);
		require(versions[i] != 0);
		bc_view_release(&views[i]);
	}
	for (; from <= until; from++) {
		for (i = 0; i < ORACLE_KEYS; i++)
			if (oracle_version(oracle.seed, i, from) != versions[i])
				break;
		if (i == ORACLE_KEYS)
			break;
	}
	require(from <= until); /* Else the keys are of no one commit. */
}

/* Through a bound handle the revision of a key never goes back. */
static void
read_bound(struct bc_bound *bound, const char *key, uint64_t *revision)
{
	enum bc_status status;
	struct bc_view view;

	status = bc_bound_get(bound, &view);
	if (status == BC_MISS) {
		require(view.miss == BC_MISS_ABSENT);
		return;
	}
	require(status == BC_OK);
	require(view.revision >= *revision);
	*revision = view.revision;
	require(test_view_version(&view, key, oracle.seed) != 0);
	bc_view_release(&view);
}

static void
reader(void *unused)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_bound *bound = NULL;
	uint64_t revision = 0, i;

	(void)unused;
	assert_status(bc_bind(cache, "oracle/3", &bound), BC_OK, NULL);
	atomic_fetch_add(&shared->ready, 1);
	for (i = 0; !atomic_load(&shared->done); i++) {
		require(oracle_read(&oracle, cache,
		                    (unsigned)(i % ORACLE_KEYS)) ==
		        ORACLE_RIGHT);
		read_bound(bound, "oracle/3", &revision);
		if (i % 8 == 0)
			read_all(cache);
		atomic_fetch_add(&shared->reads, 1);
	}
	bc_unbind(bound);
	bc_close(cache);
}

static void
four_readers_beside_a_writer_see_only_whole_commits(void **state)
{
	struct bc_cache *cache;
	pid_t readers[READERS];
	struct bc_error err;
	unsigned i;

	(void)state;
	make_small_arenas();
	for (i = 0; i < READERS; i++)
		readers[i] = test_child_start(reader, NULL);
	while (atomic_load(&shared->ready) < READERS)
		test_sleep_ms(1);
	cache = test_open(dir.cache, 0);
	for (i = 0; i < STEPS; i++)
		assert_status(oracle_step(&oracle, cache, &err), BC_OK, &err);
	atomic_store(&shared->done, true);
	for (i = 0; i < READERS; i++)
		assert_int_equal(test_child_wait(readers[i]), 0);
	assert_true(atomic_load(&shared->reads) > READERS);
	bc_close(cache);
	assert_int_equal(oracle_check_in_child(&oracle), ORACLE_RIGHT);
}

#define REPLACED 1500

/* Gets, binds and takes snapshots of a key that is there at every moment. */
static void
reader_of_one_key(void *unused)
{
	static const char *const keys[] = { "a" };
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_snapshot *snapshot = NULL;
	uint64_t version, before = 0, i;
	struct bc_bound *bound = NULL;
	struct bc_view view;
	struct bc_error err;

	(void)unused;
	assert_status(bc_bind(cache, "a", &bound), BC_OK, NULL);
	atomic_fetch_add(&shared->ready, 1);
	for (i = 0; !atomic_load(&shared->done); i++) {
		if (i % 4 == 0)
			assert_status(bc_bound_get(bound, &view), BC_OK, NULL);
		else if (i % 4 == 1)
			assert_status(bc_get_many(cache, keys, 1, &view), BC_OK,
			              NULL);
		else
			assert_status(bc_get(cache, "a", &view), BC_OK, NULL);
		version = test_view_version(&view, "a", SEED);
		require(version >= before);
		before = version;
		bc_view_release(&view);
		assert_status(bc_exists(cache, "a", NULL), BC_OK, NULL);
		assert_status(bc_snapshot_open(cache, keys, 1, &snapshot, &err),
		              BC_OK, &err);
		assert_status(bc_snapshot_get(snapshot, 0, &view), BC_OK, NULL);
		require(test_view_version(&view, "a", SEED) >= before);
		bc_view_release(&view);
		bc_snapshot_close(snapshot);
	}
	bc_unbind(bound);
	bc_close(cache);
}

/*
 * The arena that a reader has just been told of may be removed before it gets
 * there.  Then it has to ask again, not to report a miss.
 */
static void
a_key_that_always_exists_is_never_missed(void **state)
{
	struct bc_cache *cache;
	struct bc_error err;
	pid_t readers[2];
	unsigned i;

	(void)state;
	make_small_arenas();
	cache = test_open(dir.cache, 0);
	assert_status(test_put_rows(cache, "a", 1, SEED, 4000, &err), BC_OK,
	              &err);
	bc_close(cache);
	for (i = 0; i < 2; i++)
		readers[i] = test_child_start(reader_of_one_key, NULL);
	while (atomic_load(&shared->ready) < 2)
		test_sleep_ms(1);
	cache = test_open(dir.cache, 0);
	for (i = 2; i < REPLACED; i++)
		assert_status(test_put_rows(cache, "a", i, SEED, 4000, &err),
		              BC_OK, &err);
	atomic_store(&shared->done, true);
	for (i = 0; i < 2; i++)
		assert_int_equal(test_child_wait(readers[i]), 0);
	bc_close(cache);
}

/* ------------------------------------------------------------------------ */
/*  Old views                                                               */
/* ------------------------------------------------------------------------ */

static void
h12_held_views_keep_their_bytes_and_cost_no_growth(void **state)
{
	static const char *const keys[] = { "a", "b" };
	static const uint64_t rows[] = { 8, 300, 5000 };
	struct bc_cache *cache = test_open(dir.cache, BC_OPEN_CREATE);
	struct bc_snapshot *snapshot = NULL;
	struct bc_stats before, after;
	struct bc_view views[4];
	struct bc_error err;
	uint64_t version;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		assert_status(
			test_put_rows(cache, "a", 1 + i, SEED, rows[i], &err),
			BC_OK, &err);
		assert_status(bc_get(cache, "a", &views[i]), BC_OK, NULL);
	}
	assert_status(test_put_rows(cache, "b", 1, SEED, 300, &err), BC_OK,
	              &err);
	assert_status(bc_snapshot_open(cache, keys, 2, &snapshot, &err), BC_OK,
	              &err);
	assert_status(bc_stats(cache, &before, &err), BC_OK, &err);
	for (version = 10; version < 1010; version++)
		assert_status(test_put_rows(cache, "a", version, SEED,
		                            version % 7 == 0 ? 8 : 100, &err),
		              BC_OK, &err);
	assert_status(bc_stats(cache, &after, &err), BC_OK, &err);
	assert_true(after.catalogue_bytes <= before.catalogue_bytes + 262144);
	assert_status(bc_remove(cache, "a", &err), BC_OK, &err);
	assert_status(bc_remove(cache, "b", &err), BC_OK, &err);
	assert_status(bc_snapshot_get(snapshot, 0, &views[3]), BC_OK, NULL);
	assert_int_equal(test_view_version(&views[3], "a", SEED), 3);
	bc_view_release(&views[3]);
	assert_status(bc_snapshot_get(snapshot, 1, &views[3]), BC_OK, NULL);
	bc_snapshot_close(snapshot);
	bc_close(cache);
	test_remove_tree(dir.cache);
	for (i = 0; i < 3; i++) {
		assert_int_equal(test_view_version(&views[i], "a", SEED),
		                 i + 1);
		assert_int_equal(views[i].rows, rows[i]);
		bc_view_release(&views[i]);
	}
	assert_int_equal(test_view_version(&views[3], "b", SEED), 1);
	bc_view_release(&views[3]);
}

/* ------------------------------------------------------------------------ */
/*  Files that live                                                         */
/* ------------------------------------------------------------------------ */

#define FILES_MAX 64

/* Identity and size of each file of a cache. */
struct census {
	unsigned count;
	struct {
		char path[TEST_PATH];
		ino_t inode;
		off_t bytes;
	} files[FILES_MAX];
};

static void
census_add(void *context, const char *path)
{
	struct census *census = context;
	struct stat status;

	if (stat(path, &status) != 0 || census->count == FILES_MAX)
		return;
	memcpy(census->files[census->count].path, path, strlen(path) + 1);
	census->files[census->count].inode = status.st_ino;
	census->files[census->count++].bytes = status.st_size;
}

/* Every file of 'before' is still the same one and no shorter, or gone. */
static void
census_compare(const struct census *before)
{
	struct stat status;
	unsigned i;

	for (i = 0; i < before->count; i++) {
		if (stat(before->files[i].path, &status) != 0) {
			assert_non_null(strstr(before->files[i].path, ".mdb"));
			assert_null(strstr(before->files[i].path, "meta.mdb"));
			continue;
		}
		assert_true(status.st_ino == before->files[i].inode);
		assert_true(status.st_size >= before->files[i].bytes);
	}
}

static void
h1_no_live_file_is_ever_replaced_or_made_shorter(void **state)
{
	struct census census;
	struct bc_cache *cache;
	struct bc_error err;
	unsigned i;

	(void)state;
	make_small_arenas();
	cache = test_open(dir.cache, 0);
	for (i = 0; i < 300; i++) {
		if (i % 25 == 1) {
			memset(&census, 0, sizeof(census));
			test_walk(dir.cache, census_add, &census);
			assert_true(census.count >= 3);
		}
		if (i % 50 == 30) {
			bc_close(cache);
			cache = test_open(dir.cache, 0);
		}
		assert_status(oracle_step(&oracle, cache, &err), BC_OK, &err);
		if (i % 25 == 24)
			census_compare(&census);
	}
	bc_close(cache);
}

#define ROUNDS 30

static void
writer_of_its_own_keys(void *argument)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	const char *name = argument;
	struct bc_error err;
	char key[24];
	unsigned i;

	atomic_fetch_add(&shared->ready, 1);
	while (atomic_load(&shared->ready) < 2)
		test_sleep_ms(1);
	for (i = 0; i < ROUNDS; i++) {
		snprintf(key, sizeof(key), "%s/%u", name, i);
		assert_status(
			test_put_rows(cache, key, i + 1, SEED, 4000, &err),
			BC_OK, &err);
	}
	bc_close(cache);
}

/*
 * Both writers have the cache open while the other begins new arenas: a number
 * remembered from before the lock would put a value where nobody looks.
 */
static void
h2_two_open_writers_never_write_to_an_arena_left_behind(void **state)
{
	struct bc_cache *cache;
	struct bc_view view;
	pid_t one, two;
	char key[24];
	unsigned i;

	(void)state;
	make_small_arenas();
	one = test_child_start(writer_of_its_own_keys, (void *)"one");
	two = test_child_start(writer_of_its_own_keys, (void *)"two");
	assert_int_equal(test_child_wait(one), 0);
	assert_int_equal(test_child_wait(two), 0);
	cache = test_open(dir.cache, 0);
	for (i = 0; i < 2 * ROUNDS; i++) {
		snprintf(key, sizeof(key), "%s/%u", i % 2 ? "one" : "two",
		         i / 2);
		assert_status(bc_get(cache, key, &view), BC_OK, NULL);
		assert_int_equal(test_view_version(&view, key, SEED),
		                 i / 2 + 1);
		bc_view_release(&view);
	}
	bc_close(cache);
}

/* ------------------------------------------------------------------------ */
/*  A segment that moves between being looked up and being mapped            */
/* ------------------------------------------------------------------------ */

/* Stops when it has looked the key up and is about to open the arena. */
static void
get_and_stop(void *argument)
{
	static const struct fault_plan plan = {
		.calls = FAULT_OPEN,
		.mode = FAULT_STOP,
		.at = 1,
		.path = "/warm/",
	};
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_view view;

	(void)argument;
	fault_arm(&plan);
	assert_status(bc_get(cache, "kept", &view), BC_OK, NULL);
	fault_disarm();
	require(fault_fired());
	require(test_view_version(&view, "kept", SEED) == 1);
	bc_view_release(&view);
	bc_close(cache);
}

static void
what_was_moved_before_it_was_mapped_is_looked_up_again(void **state)
{
	struct bc_compact_report report;
	struct bc_cache *cache;
	struct bc_error err;
	char key[24];
	pid_t reader;
	int status;

	(void)state;
	make_small_arenas();
	cache = test_open(dir.cache, 0);
	for (unsigned i = 0; i < 6; i++) {
		snprintf(key, sizeof(key), i == 3 ? "kept" : "gone/%u", i);
		assert_status(test_put_rows(cache, key, 1, SEED, 2000, &err),
		              BC_OK, &err);
	}
	reader = test_child_start(get_and_stop, NULL);
	assert_int_equal(waitpid(reader, &status, WUNTRACED), reader);
	assert_true(WIFSTOPPED(status));
	for (unsigned i = 0; i < 6; i++) {
		snprintf(key, sizeof(key), "gone/%u", i);
		if (i != 3)
			assert_status(bc_remove(cache, key, &err), BC_OK, &err);
	}
	assert_status(bc_compact(cache, NULL, &report, &err), BC_OK, &err);
	assert_int_equal(report.moved, 1);
	bc_close(cache);
	assert_int_equal(kill(reader, SIGCONT), 0);
	assert_int_equal(test_child_wait(reader), 0);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, dir_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(four_readers_beside_a_writer_see_only_whole_commits),
		TEST(a_key_that_always_exists_is_never_missed),
		TEST(h12_held_views_keep_their_bytes_and_cost_no_growth),
		TEST(h1_no_live_file_is_ever_replaced_or_made_shorter),
		TEST(h2_two_open_writers_never_write_to_an_arena_left_behind),
		TEST(what_was_moved_before_it_was_mapped_is_looked_up_again),
	};

	return cmocka_run_group_tests_name("live", tests, NULL, NULL);
}
