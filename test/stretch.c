/* SPDX-License-Identifier: MIT */
/*
 * stretch.c - the series of stretch.h.
 */
#include "stretch.h"

#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "directory.h"
#include "environment.h"
#include "fault/victim.h"

struct stretch stretch;

int64_t
stretch_time(uint64_t row)
{
	return STRETCH_BEGIN + (int64_t)row * STRETCH_STEP;
}

static double
price_of(int64_t time_ns, uint32_t column)
{
	return (double)(test_mix((uint64_t)time_ns, column) >> 24);
}

enum bc_status
stretch_append(struct bc_cache *cache, int64_t from_ns, int64_t to_ns,
               struct bc_error *err)
{
	uint64_t rows =
		(uint64_t)(to_ns - from_ns + STRETCH_STEP - 1) / STRETCH_STEP;
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	int64_t *times = calloc(rows + 1, sizeof(*times));
	double *prices = calloc(2 * rows + 1, sizeof(*prices));
	struct bc_column columns[2];
	struct bc_frame frame = { .rows = rows,
		                  .time_ns = times,
		                  .columns = columns,
		                  .column_count = 2 };
	enum bc_status status;

	require(times != NULL && prices != NULL);
	memset(columns, 0, sizeof(columns));
	for (uint32_t c = 0; c < 2; c++) {
		columns[c].name = c == 0 ? "bid" : "ask";
		columns[c].type = BC_F64;
		columns[c].data = prices + c * rows;
	}
	for (uint64_t i = 0; i < rows; i++) {
		times[i] = from_ns + (int64_t)i * STRETCH_STEP;
		prices[i] = price_of(times[i], 0);
		prices[rows + i] = price_of(times[i], 1);
	}
	options.from_ns = from_ns;
	options.to_ns = to_ns;
	status = bc_append(cache, STRETCH_KEY, &frame, &options, NULL, err);
	free(times);
	free(prices);
	return status;
}

static void
must_append(uint64_t first, uint64_t rows)
{
	struct bc_error err;

	assert_status(stretch_append(fixture.cache, stretch_time(first),
	                             stretch_time(first + rows), &err),
	              BC_OK, &err);
	stretch.rows = first + rows;
}

/* Note the segments of the series, in order of time. */
static void
list_segments(void)
{
	struct bci_directory directory;
	struct bci_bytes record;
	struct bci_entry entry;
	struct MDB_txn *txn;
	struct bci_env *env;
	struct bc_error err;

	assert_status(bci_cache_env(fixture.cache, &env, &err), BC_OK, &err);
	assert_status(bci_txn_begin_read(env->db, &txn, &err), BC_OK, &err);
	assert_status(bci_table_get(txn, env->tables.entries, STRETCH_KEY,
	                            strlen(STRETCH_KEY), &record),
	              BC_OK, NULL);
	assert_int_equal(bci_entry_parse(record.data, record.size, &entry),
	                 BC_OK);
	stretch.tail_rows = entry.series.tail_rows;
	stretch.segment_count = 0;
	bci_directory_open(&directory, txn, &env->tables, &entry);
	while (bci_directory_next(&directory,
	                          &stretch.segments[stretch.segment_count]) ==
	       BC_OK)
		assert_true(++stretch.segment_count < STRETCH_SEGMENTS);
	bci_directory_close(&directory);
	bci_txn_abort(txn);
}

int
stretch_setup(void **state)
{
	static const uint64_t sizes[] = { 20000, 4096, 700, 600 };
	uint64_t first = 0;

	unit_setup(state);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		must_append(first, sizes[i]);
		first += sizes[i];
	}
	for (size_t i = 0; i < 9; i++)
		must_append(first++, 1);
	list_segments();
	assert_true(stretch.segment_count >= 2);
	assert_true(stretch.tail_rows > 0);
	bc_close(fixture.cache);
	fixture.cache = NULL;
	test_path(stretch.spare, fixture.dir.path, "spare");
	victim_copy(fixture.dir.cache, stretch.spare);
	return 0;
}

/* A fresh copy, so that damage does not pile up. */
void
stretch_afresh(void)
{
	test_remove_tree(fixture.dir.cache);
	victim_copy(stretch.spare, fixture.dir.cache);
}

/* ---- reading ------------------------------------------------------------- */

/* Every row of a view is one that was stored, or the test ends. */
void
stretch_check(const struct bc_view *view)
{
	const int64_t *times = bc_view_time(view);
	const double *bid = bc_view_f64(view, "bid");
	const double *ask = bc_view_f64(view, "ask");

	for (uint64_t i = 0; i < view->rows; i++) {
		require(times[i] >= STRETCH_BEGIN &&
		        times[i] < stretch_time(stretch.rows + 10));
		require((times[i] - STRETCH_BEGIN) % STRETCH_STEP == 0);
		require(i == 0 || times[i] > times[i - 1]);
		require(bid[i] == price_of(times[i], 0));
		require(ask[i] == price_of(times[i], 1));
	}
}

/* The rows of a range that are there, or -1 after a miss. */
int64_t
stretch_read(struct bc_cache *cache, int64_t from_ns, int64_t to_ns,
             unsigned flags)
{
	struct bc_view view;
	enum bc_status status;
	int64_t rows = -1;

	status =
		bc_read(cache, STRETCH_KEY, from_ns, to_ns, NULL, flags, &view);
	require(status == BC_OK || status == BC_MISS);
	if (status == BC_OK) {
		stretch_check(&view);
		rows = (int64_t)view.rows;
	} else {
		require(view.miss == BC_MISS_CORRUPT ||
		        view.miss == BC_MISS_NOT_COVERED ||
		        view.miss == BC_MISS_ABSENT);
	}
	bc_view_release(&view);
	return rows;
}

size_t
stretch_missing(struct bc_cache *cache, struct bc_gap *gaps, size_t capacity)
{
	static const char *const keys[] = { STRETCH_KEY };
	struct bc_error err;
	size_t found = 0;

	assert_status(bc_missing(cache, keys, 1, STRETCH_BEGIN,
	                         stretch_time(stretch.rows), 0, gaps, capacity,
	                         &found, &err),
	              BC_OK, &err);
	return found;
}

/* Fetch all gaps anew; then everything must be there and right. */
void
stretch_mend(struct bc_cache *cache)
{
	struct bc_verify_report report;
	struct bc_gap gaps[STRETCH_SEGMENTS];
	struct bc_error err;
	size_t found = stretch_missing(cache, gaps, STRETCH_SEGMENTS);

	require(found <= STRETCH_SEGMENTS);
	for (size_t i = 0; i < found; i++) {
		/* A fetch begins with a whole bar. */
		int64_t late = (gaps[i].from_ns - STRETCH_BEGIN) % STRETCH_STEP;
		int64_t from_ns =
			gaps[i].from_ns + (late ? STRETCH_STEP - late : 0);

		if (from_ns < gaps[i].to_ns)
			assert_status(stretch_append(cache, from_ns,
			                             gaps[i].to_ns, &err),
			              BC_OK, &err);
	}
	if (stretch_missing(cache, gaps, STRETCH_SEGMENTS) == 0)
		require(stretch_read(cache, STRETCH_BEGIN,
		                     stretch_time(stretch.rows),
		                     0) == (int64_t)stretch.rows);
	require(stretch_read(cache, STRETCH_BEGIN, stretch_time(stretch.rows),
	                     BC_READ_PARTIAL) == (int64_t)stretch.rows);
	assert_status(bc_verify(cache, NULL, NULL, NULL, &report, &err), BC_OK,
	              &err);
}

/* ---- use --- */

void
stretch_use(void *unused)
{
	struct bc_cache *cache = unit_open(NULL);
	const int64_t end = stretch_time(stretch.rows);
	struct bc_stream *stream = NULL;
	struct bc_error err;
	struct bc_view view;
	enum bc_status status;

	(void)unused;
	for (uint64_t i = 0; i < 40; i++) {
		uint64_t first = test_mix(i, 1) % stretch.rows;
		uint64_t rows = test_mix(i, 2) % (stretch.rows - first);

		stretch_read(cache, stretch_time(first),
		             stretch_time(first + rows),
		             (unsigned)(i % 2) * BC_READ_PRIVATE);
		if (bc_tail(cache, STRETCH_KEY, rows, NULL, 0, &view) == BC_OK)
			stretch_check(&view);
		bc_view_release(&view);
		if (bc_asof(cache, STRETCH_KEY, stretch_time(first), NULL, 0,
		            &view) == BC_OK)
			stretch_check(&view);
		bc_view_release(&view);
	}
	status = bc_stream_open(cache, STRETCH_KEY, STRETCH_BEGIN, end, NULL, 0,
	                        1000, &stream, NULL, &err);
	while (status == BC_OK) {
		status = bc_stream_next(stream, &view);
		if (status != BC_OK || view.rows == 0)
			break;
		stretch_check(&view);
	}
	bc_stream_close(stream);
	for (int i = 0; i < STRETCH_SEGMENTS; i++) {
		/* Whatever is met is dropped by the one that meets it. */
		status = stretch_append(cache, STRETCH_BEGIN, end, &err);
		if (status == BC_OK)
			break;
		require(status == BC_CORRUPT);
	}
	assert_status(status, BC_OK, &err);
	require(stretch_read(cache, STRETCH_BEGIN, end, 0) ==
	        (int64_t)stretch.rows);
	stretch_mend(cache);
	bc_close(cache);
}
