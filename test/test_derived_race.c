/* SPDX-License-Identifier: MIT */
/*
 * test_derived_race.c - threads and processes that derive the same while the
 * rows change under them: what they get is never torn, and never older than
 * what had been committed when they asked.
 */
#include "larger.h"

#include <pthread.h>
#include <string.h>

#define KEY "x/spot/A/1m"
#define ROWS 600
#define THREADS 3
#define PROCESSES 3
#define VERSIONS 120

/* What writer and readers share, in memory of all processes. */
struct race {
	_Atomic uint64_t begun, committed; /* versions */
	_Atomic bool over;
	_Atomic uint64_t reads;
	char cache[TEST_PATH];
};

static struct race *race;

/* All bars are at this price. */
static void
race_write(struct bc_cache *cache, uint64_t version, bool append)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct bc_column columns[6];
	struct bc_frame frame;
	struct bc_error err;

	for (uint64_t i = 0; i < ROWS; i++)
		for (int j = 0; j < BARS_PRICES; j++)
			bars.price[j][i] = (double)version;
	frame = bars_frame(0, ROWS, columns);
	atomic_store(&race->begun, version);
	assert_status(
		append ? bc_append(cache, KEY, &frame, &options, NULL, &err)
		       : bc_put(cache, KEY, &frame, NULL, NULL, &err),
		BC_OK, &err);
	atomic_store(&race->committed, version);
}

static void
race_check(const struct bc_view *view, uint64_t committed)
{
	const double *close = bc_view_f64(view, "close");
	const double *sma = bc_view_f64(view, "sma_3");
	const double *high = bc_view_f64(view, "high");
	double first;

	require(view->rows == 5 && close != NULL && sma != NULL);
	first = close[0];
	require(first >= (double)committed);
	require(first <= (double)atomic_load(&race->begun));
	for (uint64_t i = 0; i < view->rows; i++)
		require(close[i] == first && high[i] == first &&
		        sma[i] == first);
}

/* Derive until it is over. */
static void
race_read(struct bc_cache *cache)
{
	static const char *const add[] = { "sma(3)", NULL };
	struct bc_resample rule = larger_rule("1h");
	struct bc_derive derive = BC_DERIVE_INIT;
	struct bc_view view;
	struct bc_error err;

	derive.resample = &rule;
	derive.add = add;
	while (!atomic_load(&race->over)) {
		uint64_t committed = atomic_load(&race->committed);

		assert_status(bc_read_derived(cache, KEY, 5 * HOUR, 10 * HOUR,
		                              0, &derive, &view, &err),
		              BC_OK, &err);
		race_check(&view, committed);
		bc_view_release(&view);
		atomic_fetch_add(&race->reads, 1);
	}
}

static void *
thread_run(void *argument)
{
	race_read(argument);
	return NULL;
}

static void
child_run(void *argument)
{
	struct bc_cache *cache;

	(void)argument;
	cache = test_open(race->cache, 0);
	race_read(cache);
	bc_close(cache);
}

/* Write while 'readers' read. */
static void
race_run(struct bc_cache *cache)
{
	uint64_t reads;

	for (uint64_t version = 2; version <= VERSIONS; version++) {
		reads = atomic_load(&race->reads);
		race_write(cache, version, version % 3 != 0);
		/* Some have read this one, made or kept. */
		while (version % 4 == 0 &&
		       atomic_load(&race->reads) < reads + 4)
			test_sleep_ms(1);
	}
	atomic_store(&race->over, true);
}

static void
race_begin(void)
{
	race = test_shared(sizeof(*race));
	strcpy(race->cache, fixture.dir.cache);
	bars_fill(0, ROWS * MINUTE, MINUTE);
	race_write(fixture.cache, 1, true);
}

static void
threads_are_never_served_what_is_old(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	race_begin();
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, thread_run,
		                                fixture.cache),
		                 0);
	race_run(fixture.cache);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(unit_stats().entries, 2);
}

static void
processes_are_never_served_what_is_old(void **state)
{
	pid_t children[PROCESSES];

	(void)state;
	race_begin();
	for (int i = 0; i < PROCESSES; i++)
		children[i] = test_child_start(child_run, NULL);
	race_run(fixture.cache);
	for (int i = 0; i < PROCESSES; i++)
		assert_int_equal(test_child_wait(children[i]), 0);
	assert_int_equal(unit_stats().entries, 2);
}

/* Many at once ask for what nobody has made yet. */
static void
one_of_many_stores_it(void **state)
{
	pthread_t threads[THREADS];
	uint64_t puts;

	(void)state;
	race_begin();
	puts = unit_stats().total.puts;
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, thread_run,
		                                fixture.cache),
		                 0);
	while (atomic_load(&race->reads) < 10 * THREADS)
		test_sleep_ms(1);
	atomic_store(&race->over, true);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(unit_stats().total.puts, puts + 1);
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, larger_teardown)
	const struct CMUnitTest tests[] = {
		TEST(threads_are_never_served_what_is_old),
		TEST(processes_are_never_served_what_is_old),
		TEST(one_of_many_stores_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
