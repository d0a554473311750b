/* SPDX-License-Identifier: MIT */
/*
 * test_series_verify.c - what is known of a series, and damage to any of its
 * records or segments: found by verifying, and never more than a miss to those
 * who read.
 */
#include "series.h"
#include "series_unit.h"

#include <string.h>

#include "cache.h"
#include "directory.h"

#define HEAD sizeof(struct bci_entry_record)

static const struct series layout = {
	.cuts = { 9000, 4096, 700, 650 },
	.older = 2,
	.tail = 5,
	.text = true,
	.open = true,
};

/* ------------------------------------------------------------------------ */
/*  Records                                                                 */
/* ------------------------------------------------------------------------ */

static struct bci_env *env;
static unsigned char record[BCI_PAGE]; /* as it was made */
static size_t record_bytes;

static void
make(const struct series *series)
{
	struct bci_bytes value;
	struct MDB_txn *txn;

	series_make(series);
	assert_status(bci_cache_env(fixture.cache, &env, NULL), BC_OK, NULL);
	assert_status(bci_txn_begin_read(env->db, &txn, NULL), BC_OK, NULL);
	assert_status(bci_table_get(txn, env->tables.entries, SERIES_KEY,
	                            strlen(SERIES_KEY), &value),
	              BC_OK, NULL);
	record_bytes = value.size;
	memcpy(record, value.data, value.size);
	bci_txn_abort(txn);
}

/* Put a record of a table as if a writer had. */
static void
put(unsigned table, const void *key, size_t key_bytes, const void *value,
    size_t bytes)
{
	struct MDB_txn *txn;

	assert_status(bci_txn_begin(env->db, &txn, NULL), BC_OK, NULL);
	assert_status(
		bci_table_put(txn, table, key, key_bytes, value, bytes, NULL),
		BC_OK, NULL);
	assert_status(bci_txn_commit(&txn, NULL), BC_OK, NULL);
}

/* Store the entry record, and forget which segments were found bad. */
static void
put_entry(const void *value, size_t bytes)
{
	for (size_t i = 0; i < made.count; i++)
		bci_slot_begin(&env->ledger, made.locators[i].slot,
		               bci_segment_id(&made.locators[i], made.entry_id),
		               1);
	put(env->tables.entries, SERIES_KEY, strlen(SERIES_KEY), value, bytes);
}

static void
put_segment(const struct bci_locator *locator, size_t bytes)
{
	struct bci_order_key key =
		bci_order_key_of(made.entry_id, locator->last_ns);

	put(env->tables.segments, &key, sizeof(key), locator, bytes);
}

/* ------------------------------------------------------------------------ */
/*  Looking                                                                 */
/* ------------------------------------------------------------------------ */

static char reason[200];

static void
note(void *context, const char *key, const char *why)
{
	(void)context;
	assert_string_equal(key, SERIES_KEY);
	strncpy(reason, why, sizeof(reason) - 1);
}

static struct bc_verify_report
verify(enum bc_status expected)
{
	struct bc_verify_report report;
	struct bc_error err;

	reason[0] = '\0';
	assert_status(bc_verify(fixture.cache, NULL, note, NULL, &report, &err),
	              expected, &err);
	return report;
}

static int
count(void *context, const struct bc_info *info)
{
	(void)info;
	++*(unsigned *)context;
	return 0;
}

/* All ways to look at the series: any status, but no crash and no wrong row. */
static void
look_everywhere(void)
{
	struct bc_interval intervals[8];
	struct bc_info info;
	struct bc_view view;
	struct bc_gap gap;
	unsigned listed = 0;
	const char *key = SERIES_KEY;
	char text[1000];
	size_t found;

	if (bc_info(fixture.cache, SERIES_KEY, text, sizeof(text), &info,
	            NULL) == BC_OK)
		assert_string_equal(info.key, SERIES_KEY);
	assert_status(bc_list(fixture.cache, NULL, count, &listed, NULL), BC_OK,
	              NULL);
	assert_true(listed <= 1);
	if (bc_get(fixture.cache, SERIES_KEY, &view) == BC_OK)
		assert_true(view.rows <= made.rows);
	bc_view_release(&view);
	if (bc_read(fixture.cache, SERIES_KEY, series_time(10),
	            series_time(made.rows), NULL, BC_READ_OPEN, &view) == BC_OK)
		expect_rows(&view, 10, view.rows);
	bc_view_release(&view);
	if (bc_tail(fixture.cache, SERIES_KEY, 3, NULL, BC_READ_OPEN, &view) ==
	    BC_OK)
		assert_true(view.rows <= 3);
	bc_view_release(&view);
	(void)!bc_coverage(fixture.cache, SERIES_KEY, intervals, 8, &found,
	                   NULL);
	(void)!bc_missing(fixture.cache, &key, 1, 0, INT64_MAX, 0, &gap, 1,
	                  &found, NULL);
}

/* ------------------------------------------------------------------------ */
/*  What is known                                                           */
/* ------------------------------------------------------------------------ */

static void
info_says_what_a_series_is(void **state)
{
	uint64_t stored = 0;
	struct bc_info info;

	(void)state;
	make(&layout);
	info = unit_info(SERIES_KEY);
	for (size_t i = 0; i < made.count; i++)
		stored += made.locators[i].bytes;
	assert_int_equal(info.kind, BC_SERIES);
	assert_int_equal(info.rows, 9000 + 4096 + 700 + 650 + 5);
	assert_int_equal(info.first_ns, series_time(0));
	assert_int_equal(info.last_ns, series_time(info.rows - 1));
	assert_int_equal(info.step_ns, SERIES_STEP_NS);
	assert_int_equal(info.segment_count, 4);
	assert_int_equal(info.tail_rows, 5);
	assert_int_equal(info.open_rows, 1);
	assert_int_equal(info.interval_count, 2);
	assert_int_equal(info.payload_bytes,
	                 info.rows * info.schema->row_bytes);
	assert_int_equal(info.stored_bytes,
	                 stored + 5 * info.schema->row_bytes);
	assert_int_equal(info.access_count, 4); /* one a segment made */
	assert_int_equal(info.schema->column_count, 6);
}

static void
a_step_varies_where_any_neighbours_do(void **state)
{
	const struct series gaps = { .cuts = { 5000 }, .gaps = true };
	const struct series rows_alone = { .cuts = { 700, 700 }, .tail = 1 };

	(void)state;
	make(&gaps);
	assert_int_equal(unit_info(SERIES_KEY).step_ns, 0);
	unit_restart(NULL);
	make(&rows_alone);
	assert_int_equal(unit_info(SERIES_KEY).step_ns, SERIES_STEP_NS);
}

/* ------------------------------------------------------------------------ */
/*  Segments                                                                */
/* ------------------------------------------------------------------------ */

static void
a_sound_series_is_read_in_full(void **state)
{
	struct bc_verify_report report;

	(void)state;
	make(&layout);
	report = verify(BC_OK);
	assert_string_equal(reason, "");
	assert_int_equal(report.entries, 1);
	assert_int_equal(report.segments, 4);
	assert_int_equal(report.bad_segments + report.bad_entries, 0);
	assert_int_equal(report.bytes, made.locators[0].bytes +
	                                       made.locators[1].bytes +
	                                       made.locators[2].bytes +
	                                       made.locators[3].bytes);
}

static void
damage_to_any_segment_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		static const uint64_t rows[] = { 0, 300 };

		for (unsigned k = 0; k < 2; k++) {
			struct bc_verify_report report;

			unit_restart(NULL);
			make(&layout);
			series_flip(i, series_place(i, k, rows[k]));
			report = verify(BC_CORRUPT);
			assert_int_equal(report.bad_segments, 1);
			assert_int_equal(report.bad_entries, 1);
			assert_int_equal(report.segments, 4);
			look_everywhere();
		}
	}
}

static void
segments_of_another_key_are_found_out(void **state)
{
	unsigned char *key_at;

	(void)state;
	make(&layout);
	put(env->tables.entries, "x/spot/B/1m", 11, record, record_bytes);
	key_at = record; /* The record that has the right key goes. */
	memset(key_at + 1, 99, 1);
	put_entry(record, record_bytes);
	assert_int_equal(
		bc_verify(fixture.cache, "x/spot/B", NULL, NULL, NULL, NULL),
		BC_CORRUPT);
}

/* ------------------------------------------------------------------------ */
/*  Damaged records                                                         */
/* ------------------------------------------------------------------------ */

/* Whether damage to this byte of the entry record may go unseen. */
static bool
is_advisory(size_t at)
{
	static const size_t free_ones[][2] = {
		{ 2, 4 },                   /* flags: none of a series yet */
		{ 16, 32 },                 /* revision, expiry */
		{ HEAD + 104, HEAD + 108 }, /* slot */
		{ HEAD + 112, HEAD + 128 }, /* times of the open stretch */
	};

	for (size_t i = 0; i < sizeof(free_ones) / sizeof(free_ones[0]); i++) {
		if (at >= free_ones[i][0] && at < free_ones[i][1])
			return true;
	}
	if (at < HEAD + 128 || at >= HEAD + 128 + 2 * 64)
		return false;
	at = (at - HEAD - 128) % 64; /* step, slot, zeros of a locator */
	return (at >= 40 && at < 48) || (at >= 52 && at < 56) || at >= 61;
}

static void
damage_bytes(bool sign)
{
	unsigned char bad[BCI_PAGE];

	make(&layout);
	for (size_t at = 0; at < record_bytes; at++)
		for (unsigned k = 0; k < 3; k++) {
			static const unsigned char masks[] = { 1, 0x80, 0xff };
			struct bc_verify_report report;
			enum bc_status status;

			memcpy(bad, record, record_bytes);
			bad[at] ^= masks[k];
			if (sign)
				series_unit_sign(SERIES_KEY, bad);
			put_entry(bad, record_bytes);
			look_everywhere();
			status = bc_verify(fixture.cache, NULL, NULL, NULL,
			                   &report, NULL);
			if (status == BC_OK && !sign && !is_advisory(at))
				fail_msg("byte %zu, mask %d", at, masks[k]);
			if (status != BC_OK)
				assert_int_equal(status, BC_CORRUPT);
		}
}

static void
every_byte_of_a_record_may_be_damaged(void **state)
{
	(void)state;
	damage_bytes(false);
}

static void
every_byte_of_a_record_may_be_another(void **state)
{
	(void)state;
	damage_bytes(true);
}

static void
a_record_of_any_length_is_no_crash(void **state)
{
	(void)state;
	make(&layout);
	for (size_t bytes = 1; bytes < record_bytes; bytes++) {
		put_entry(record, bytes);
		look_everywhere();
		verify(BC_CORRUPT);
	}
}

static void
older_segments_may_be_damaged_too(void **state)
{
	struct bci_locator good, bad;

	(void)state;
	make(&layout);
	good = made.locators[1];
	for (size_t at = 0; at < sizeof(good); at++) {
		bad = good;
		((unsigned char *)&bad)[at] ^= 0x41;
		if (at >= 32 && at < 40)
			continue; /* the key is made of it */
		put_segment(&bad, sizeof(bad));
		look_everywhere();
		if (at < 40 || at >= 48)
			(void)!bc_verify(fixture.cache, NULL, NULL, NULL, NULL,
			                 NULL);
	}
	put_segment(&good, sizeof(good) - 1);
	look_everywhere();
	verify(BC_CORRUPT);
	put_segment(&good, sizeof(good));
	/* One that is not there, and one too many. */
	bad = good;
	bad.first_ns = bad.last_ns = good.last_ns - 1;
	put_segment(&bad, sizeof(bad));
	look_everywhere();
	verify(BC_CORRUPT);
}

static void
what_is_known_may_be_damaged_too(void **state)
{
	struct bci_series_record series;
	unsigned char bad[BCI_PAGE];
	struct bci_order_key key;
	const struct bci_coverage_record odd = {
		.version = BCI_RECORD_VERSION,
		.known = BC_KNOWN_OPEN,
		.to_ns = 5,
	};

	(void)state;
	make(&layout);
	memcpy(bad, record, record_bytes);
	memcpy(&series, record + HEAD, sizeof(series));
	series.coverage_count = 1;
	memcpy(bad + HEAD, &series, sizeof(series));
	series_unit_sign(SERIES_KEY, bad);
	put_entry(bad, record_bytes);
	look_everywhere();
	verify(BC_CORRUPT);
	assert_string_equal(reason, "what is known of it");
	key = bci_order_key_of(made.entry_id, 0);
	put(env->tables.coverage, &key, sizeof(key), &odd, sizeof(odd));
	look_everywhere();
	verify(BC_CORRUPT);
	series.coverage_count = 0;
	series.open_from_ns = series.known_from_ns;
	memcpy(bad + HEAD, &series, sizeof(series));
	series_unit_sign(SERIES_KEY, bad);
	put_entry(bad, record_bytes);
	look_everywhere();
	verify(BC_CORRUPT);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, unit_setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(info_says_what_a_series_is),
		TEST(a_step_varies_where_any_neighbours_do),
		TEST(a_sound_series_is_read_in_full),
		TEST(damage_to_any_segment_is_found),
		TEST(segments_of_another_key_are_found_out),
		TEST(every_byte_of_a_record_may_be_damaged),
		TEST(every_byte_of_a_record_may_be_another),
		TEST(a_record_of_any_length_is_no_crash),
		TEST(older_segments_may_be_damaged_too),
		TEST(what_is_known_may_be_damaged_too),
	};

	return cmocka_run_group_tests_name("series_verify", tests, NULL, NULL);
}
