/* SPDX-License-Identifier: MIT */
/*
 * test_series_process.c - several processes append to series while others read
 * them.
 *
 * Every value of a row follows from its time and its version, and a reader can
 * tell both from the row.  So each view can be checked by itself: ascending,
 * whole, and never older than what was seen before.
 */
#include "support.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define WRITERS 3
#define READERS 3
#define STEP_NS 60000000000LL
#define BEGIN_NS (INT64_C(1704067200) * 1000000000)
#define OWN_BARS 900    /* of each writer's own series */
#define SHARED_BARS 400 /* of each writer, in the series of all */
#define BURST 700

#define COMMON "test/all/COMMON/1m"

static struct test_dir dir;

static struct shared {
	_Atomic unsigned ready, done;
	_Atomic uint64_t reads;
	_Atomic uint64_t acked[WRITERS]; /* own bars that are stored */
} * shared;

static int
setup(void **state)
{
	(void)state;
	test_dir_make_fast(&dir);
	shared = test_shared(sizeof(*shared));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	test_dir_remove(&dir);
	return 0;
}

/* ---- rows ---------------------------------------------------------------- */

static int64_t
bar_time(uint64_t bar)
{
	return BEGIN_NS + (int64_t)bar * STEP_NS;
}

static double
bar_price(int64_t time_ns, int64_t version)
{
	return (double)(test_mix((uint64_t)time_ns, (uint64_t)version) >> 20);
}

/* Rows of one version, 'stride' bars from each to the next. */
struct block {
	int64_t times[BURST], versions[BURST];
	double prices[BURST];
	struct bc_column columns[2];
	struct bc_frame frame;
};

static void
block_make(struct block *block, uint64_t first, uint64_t count, int64_t version)
{
	require(count <= BURST);
	for (uint64_t i = 0; i < count; i++) {
		block->times[i] = bar_time(first + i);
		block->versions[i] = version;
		block->prices[i] = bar_price(block->times[i], version);
	}
	memset(block->columns, 0, sizeof(block->columns));
	block->columns[0].name = "price";
	block->columns[0].type = BC_F64;
	block->columns[0].data = block->prices;
	block->columns[1].name = "version";
	block->columns[1].type = BC_I64;
	block->columns[1].data = block->versions;
	block->frame.rows = count;
	block->frame.time_ns = block->times;
	block->frame.columns = block->columns;
	block->frame.column_count = 2;
}

static void
append_bars(struct bc_cache *cache, const char *key, uint64_t first,
            uint64_t count, int64_t version, unsigned flags)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct block block;
	struct bc_error err;

	options.flags = flags;
	block_make(&block, first, count, version);
	assert_status(bc_append(cache, key, &block.frame, &options, NULL, &err),
	              BC_OK, &err);
}

/* Every row by itself, and that they are ascending minutes. */
static void
view_check(const struct bc_view *view, bool gapless)
{
	const int64_t *times = bc_view_time(view);
	const double *prices = bc_view_f64(view, "price");
	const int64_t *versions = bc_view_find(view, "version", BC_I64);

	if (view->rows == 0)
		return;
	require(times != NULL && prices != NULL && versions != NULL);
	require(times[0] == view->first_ns);
	require(times[view->rows - 1] == view->last_ns);
	for (uint64_t i = 0; i < view->rows; i++) {
		require(prices[i] == bar_price(times[i], versions[i]));
		if (i > 0)
			require(times[i] > times[i - 1]);
		if (i > 0 && gapless)
			require(times[i] == times[i - 1] + STEP_NS);
	}
}

/* ---- each writer its own series ------------------------------------------ */

static void
own_key(unsigned writer, char key[40])
{
	snprintf(key, 40, "test/own/W%u/1m", writer);
}

static void
wait_for_all(void)
{
	atomic_fetch_add(&shared->ready, 1);
	while (atomic_load(&shared->ready) < WRITERS + READERS)
		test_sleep_ms(1);
}

/*
 * Bar by bar, each first as one that has not ended and then as one that has;
 * now and then many at once, and some old ones once more.
 */
static void
own_writer(void *argument)
{
	const unsigned number = *(unsigned *)argument;
	struct bc_cache *cache = test_open(dir.cache, 0);
	uint64_t bar = 0, count;
	char key[40];

	own_key(number, key);
	wait_for_all();
	while (bar < OWN_BARS) {
		count = 1;
		if (bar % 97 == 50)
			count = bar % 2 ? BURST : 70;
		if (count == 1 && bar % 3 == 0) {
			append_bars(cache, key, bar, 1, 1, BC_APPEND_OPEN);
			append_bars(cache, key, bar, 1, 2, BC_APPEND_OPEN);
		}
		append_bars(cache, key, bar, count, 3, 0);
		bar += count;
		atomic_store(&shared->acked[number], bar);
		if (bar % 50 == 0)
			append_bars(cache, key, bar / 2, 3, 4, 0);
	}
	atomic_fetch_add(&shared->done, 1);
	bc_close(cache);
}

/* What was acknowledged before the read is there, whole. */
static void
own_read(struct bc_cache *cache, unsigned writer, uint64_t i)
{
	uint64_t acked = atomic_load(&shared->acked[writer]), rows, first;
	enum bc_status status;
	struct bc_view view;
	char key[40];

	own_key(writer, key);
	first = acked == 0 ? 0 : test_mix(i, writer) % acked;
	status = bc_read(cache, key, bar_time(first), bar_time(acked), NULL,
	                 i % 4 == 0 ? BC_READ_PRIVATE : 0, &view);
	if (acked > first) {
		require(status == BC_OK);
		require(view.rows == acked - first);
		view_check(&view, true);
		bc_view_release(&view);
	}
	status = bc_tail(cache, key, 1 + i % 200, NULL,
	                 i % 2 ? BC_READ_OPEN : 0, &view);
	rows = 1 + i % 200 < acked ? 1 + i % 200 : acked;
	if (acked == 0)
		return;
	require(status == BC_OK);
	require(view.rows >= rows);
	require(view.last_ns >= bar_time(acked - 1));
	require(view.open_rows == 0 || i % 2 == 1);
	view_check(&view, true);
	bc_view_release(&view);
}

/* A stream shows one moment, whatever is appended meanwhile. */
static void
own_stream(struct bc_cache *cache, unsigned writer)
{
	uint64_t acked = atomic_load(&shared->acked[writer]), rows = 0;
	struct bc_stream *stream = NULL;
	enum bc_status status;
	struct bc_error err;
	struct bc_view view;
	int64_t last_ns = bar_time(0) - STEP_NS;
	char key[40];

	if (acked == 0)
		return;
	own_key(writer, key);
	assert_status(bc_stream_open(cache, key, INT64_MIN, INT64_MAX, NULL, 0,
	                             100, &stream, NULL, &err),
	              BC_OK, &err);
	do {
		status = bc_stream_next(stream, &view);
		require(status == BC_OK);
		view_check(&view, true);
		if (view.rows > 0) {
			require(view.first_ns == last_ns + STEP_NS);
			last_ns = view.last_ns;
		}
		rows += view.rows;
	} while (view.rows > 0);
	require(rows >= acked);
	bc_stream_close(stream);
}

static void
own_reader(void *unused)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	struct bc_view kept;
	uint64_t i;
	char key[40];

	(void)unused;
	memset(&kept, 0, sizeof(kept));
	wait_for_all();
	for (i = 0; atomic_load(&shared->done) < WRITERS; i++) {
		own_read(cache, (unsigned)(i % WRITERS), i);
		if (i % 8 == 0)
			own_stream(cache, (unsigned)(i / 8 % WRITERS));
		if (i % 16 == 0) {
			view_check(&kept, true);
			bc_view_release(&kept);
			own_key((unsigned)(i / 16 % WRITERS), key);
			if (bc_get(cache, key, &kept) == BC_OK)
				view_check(&kept, true);
		}
		atomic_fetch_add(&shared->reads, 1);
	}
	view_check(&kept, true);
	bc_view_release(&kept);
	bc_close(cache);
}

static void
run_all(test_child *writer, test_child *reader)
{
	pid_t writers[WRITERS], readers[READERS];
	unsigned numbers[WRITERS], i;

	bc_close(test_open(dir.cache, BC_OPEN_CREATE));
	for (i = 0; i < WRITERS; i++) {
		numbers[i] = i;
		writers[i] = test_child_start(writer, &numbers[i]);
	}
	for (i = 0; i < READERS; i++)
		readers[i] = test_child_start(reader, NULL);
	for (i = 0; i < WRITERS; i++)
		assert_int_equal(test_child_wait(writers[i]), 0);
	for (i = 0; i < READERS; i++)
		assert_int_equal(test_child_wait(readers[i]), 0);
	assert_true(atomic_load(&shared->reads) >= READERS);
}

static void
verify(struct bc_cache *cache)
{
	struct bc_verify_report report;
	struct bc_error err;

	assert_status(bc_verify(cache, NULL, NULL, NULL, &report, &err), BC_OK,
	              &err);
	assert_int_equal(report.bad_segments, 0);
}

static void
writers_of_their_own_series_lose_nothing_beside_readers(void **state)
{
	struct bc_cache *cache;
	struct bc_view view;
	unsigned i;
	char key[40];

	(void)state;
	run_all(own_writer, own_reader);
	cache = test_open(dir.cache, 0);
	for (i = 0; i < WRITERS; i++) {
		own_key(i, key);
		assert_status(bc_read(cache, key, INT64_MIN, INT64_MAX, NULL,
		                      BC_READ_OPEN, &view),
		              BC_OK, NULL);
		assert_int_equal(view.rows, atomic_load(&shared->acked[i]));
		assert_int_equal(view.open_rows, 0);
		view_check(&view, true);
		bc_view_release(&view);
	}
	verify(cache);
	bc_close(cache);
}

/* ---- all writers one series ---------------------------------------------- */

/* Writer n has every bar whose number leaves the remainder n. */
static void
common_writer(void *argument)
{
	const unsigned number = *(unsigned *)argument;
	struct bc_cache *cache = test_open(dir.cache, 0);
	uint64_t i, bar;

	wait_for_all();
	for (i = 0; i < SHARED_BARS; i++) {
		/* Not always in order, so that rows go between others. */
		bar = i % 8 < 4 ? i : i / 8 * 8 + 11 - i % 8;
		bar = bar * WRITERS + number;
		append_bars(cache, COMMON, bar, 1, 1, 0);
		if (i % 5 == 0)
			append_bars(cache, COMMON, bar, 1, 2, 0);
	}
	atomic_fetch_add(&shared->done, 1);
	bc_close(cache);
}

static void
common_reader(void *unused)
{
	struct bc_cache *cache = test_open(dir.cache, 0);
	uint64_t before = 0, i, first;
	enum bc_status status;
	struct bc_view view;

	(void)unused;
	wait_for_all();
	for (i = 0; atomic_load(&shared->done) < WRITERS; i++) {
		status = bc_read(cache, COMMON, INT64_MIN, INT64_MAX, NULL,
		                 BC_READ_PARTIAL, &view);
		if (status == BC_OK) {
			require(view.rows >= before);
			before = view.rows;
			view_check(&view, false);
		} else {
			require(view.miss == BC_MISS_ABSENT && before == 0);
		}
		bc_view_release(&view);
		/* What is said to be known has no holes. */
		first = test_mix(i, 3) % (before + 1);
		status = bc_read(cache, COMMON, bar_time(first),
		                 bar_time(first + 1 + i % 60), NULL, 0, &view);
		if (status == BC_OK) {
			require(view.rows == 1 + i % 60);
			view_check(&view, true);
		} else {
			require(view.miss == BC_MISS_NOT_COVERED ||
			        view.miss == BC_MISS_ABSENT);
		}
		bc_view_release(&view);
		atomic_fetch_add(&shared->reads, 1);
	}
	bc_close(cache);
}

static void
writers_of_one_series_lose_nothing_beside_readers(void **state)
{
	const uint64_t bars = (uint64_t)WRITERS * SHARED_BARS;
	struct bc_cache *cache;
	struct bc_interval known;
	struct bc_error err;
	struct bc_view view;
	size_t count;

	(void)state;
	run_all(common_writer, common_reader);
	cache = test_open(dir.cache, 0);
	assert_status(bc_read(cache, COMMON, bar_time(0), bar_time(bars), NULL,
	                      0, &view),
	              BC_OK, NULL);
	assert_int_equal(view.rows, bars);
	view_check(&view, true);
	bc_view_release(&view);
	assert_status(bc_coverage(cache, COMMON, &known, 1, &count, &err),
	              BC_OK, &err);
	assert_int_equal(count, 1);
	assert_true(known.from_ns == bar_time(0));
	assert_true(known.to_ns == bar_time(bars));
	verify(cache);
	bc_close(cache);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(writers_of_their_own_series_lose_nothing_beside_readers),
		TEST(writers_of_one_series_lose_nothing_beside_readers),
	};

	return cmocka_run_group_tests_name("series_process", tests, NULL, NULL);
}
