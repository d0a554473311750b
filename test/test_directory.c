/* SPDX-License-Identifier: MIT */
/*
 * test_directory.c - the segments of a series in order of time, wherever they
 * are named, and records that contradict each other.
 */
#include "series_unit.h"

#include <string.h>

#include "directory.h"

#define ID 7

static const struct bc_error no_error;
static unsigned char record[BCI_LEAF_BYTES];
static struct bci_series_record series;
static struct bci_locator newer[BCI_NEWER_MAX];
static struct bci_entry entry;

/* Parse the record of what 'series' and 'newer' say now. */
static void
parse(void)
{
	size_t bytes = series_unit_record(record, ID, &series, newer, NULL, 0);

	assert_status(bci_entry_parse(record, bytes, &entry), BC_OK, NULL);
}

/*
 * 'older' segments of rows at 100 i and 100 i + 50, for i from 0, and 'count'
 * newer ones that go on; other entries have segments before and behind.
 */
static void
make(unsigned older, unsigned count)
{
	struct bc_error err = no_error;

	series = (struct bci_series_record){ .newer_count = (uint16_t)count };
	for (unsigned i = 0; i < older + count; i++) {
		struct bci_locator locator =
			series_unit_locator(100 * i, 100 * i + 50);

		series.rows += locator.rows;
		if (i >= older) {
			newer[i - older] = locator;
			continue;
		}
		series.older_count++;
		series.older_rows += locator.rows;
		series.older_last_ns = locator.last_ns;
		for (uint64_t id = ID - 1; id <= ID + 1; id++)
			assert_status(bci_directory_put(series_unit.txn,
			                                &series_unit.tables, id,
			                                &locator, &err),
			              BC_OK, &err);
	}
	parse();
}

static void
begin(struct bci_directory *directory)
{
	bci_directory_open(directory, series_unit.txn, &series_unit.tables,
	                   &entry);
}

/* Seek, once; *first_ns of what is found. */
static enum bc_status
seek(int64_t time_ns, int64_t *first_ns)
{
	struct bci_directory directory;
	struct bci_locator locator = { .first_ns = -1 };
	enum bc_status status;

	begin(&directory);
	status = bci_directory_seek(&directory, time_ns, &locator);
	bci_directory_close(&directory);
	*first_ns = locator.first_ns;
	return status;
}

/* Walk all of it: how many segments before it ended so. */
static unsigned
walk(enum bc_status end)
{
	struct bci_directory directory;
	struct bci_locator locator;
	enum bc_status status;
	unsigned count = 0;

	begin(&directory);
	while ((status = bci_directory_next(&directory, &locator)) == BC_OK)
		assert_int_equal(locator.first_ns, 100 * count++);
	assert_status(status, end, NULL);
	bci_directory_close(&directory);
	return count;
}

static void
every_segment_is_walked_in_order(void **state)
{
	(void)state;
	for (unsigned older = 0; older <= 300; older += 100)
		for (unsigned count = 0; count <= BCI_NEWER_MAX; count++) {
			make(older, count);
			assert_int_equal(walk(BC_MISS), older + count);
		}
}

static void
a_time_is_found_wherever_its_segment_is_named(void **state)
{
	int64_t first_ns;

	(void)state;
	make(50, 5);
	for (int64_t time_ns = -10; time_ns <= 5450; time_ns += 10) {
		int64_t expected =
			time_ns <= 0 ? 0 : (time_ns + 49) / 100 * 100;

		assert_status(seek(time_ns, &first_ns), BC_OK, NULL);
		assert_int_equal(first_ns, expected);
	}
	assert_status(seek(INT64_MIN, &first_ns), BC_OK, NULL);
	assert_int_equal(first_ns, 0);
	assert_status(seek(5451, &first_ns), BC_MISS, NULL);
	assert_status(seek(INT64_MAX, &first_ns), BC_MISS, NULL);
	make(0, 0);
	assert_status(seek(0, &first_ns), BC_MISS, NULL);
}

static void
a_walk_goes_on_from_where_it_was_sent(void **state)
{
	struct bci_directory directory;
	struct bci_locator locator;

	(void)state;
	make(4, 2);
	begin(&directory);
	for (int64_t from = 5; from >= 0; from--) {
		assert_status(
			bci_directory_seek(&directory, 100 * from, &locator),
			BC_OK, NULL);
		for (int64_t i = from; i < 6; i++) {
			assert_int_equal(locator.first_ns, 100 * i);
			assert_status(bci_directory_next(&directory, &locator),
			              i < 5 ? BC_OK : BC_MISS, NULL);
		}
	}
	bci_directory_close(&directory);
}

static void
times_on_both_sides_of_zero_are_in_order(void **state)
{
	static const int64_t at[] = { INT64_MIN, -5000000000, -256,     -1,
		                      0,         255,         INT64_MAX };
	struct bci_directory directory;
	struct bci_locator locator;
	struct bc_error err;

	(void)state;
	make(0, 0);
	for (size_t i = 0; i < 7; i++) {
		locator = series_unit_locator(at[i], at[i]);
		assert_status(bci_directory_put(series_unit.txn,
		                                &series_unit.tables, ID,
		                                &locator, &err),
		              BC_OK, &err);
	}
	series.older_count = 7;
	series.older_last_ns = INT64_MAX;
	parse();
	begin(&directory);
	for (size_t i = 0; i < 7; i++) {
		assert_status(bci_directory_next(&directory, &locator), BC_OK,
		              NULL);
		assert_int_equal(locator.last_ns, at[i]);
	}
	assert_status(bci_directory_next(&directory, &locator), BC_MISS, NULL);
	bci_directory_close(&directory);
}

static void
a_frame_is_walked_as_its_one_segment(void **state)
{
	struct bci_entry_record head = {
		.version = BCI_RECORD_VERSION,
		.kind = BC_FRAME,
		.schema = 1,
		.id = ID,
	};
	struct bci_locator locator = series_unit_locator(100, 150);
	int64_t first_ns;

	(void)state;
	memcpy(record, &head, sizeof(head));
	memcpy(record + sizeof(head), &locator, sizeof(locator));
	assert_status(bci_entry_parse(record, sizeof(head), &entry), BC_OK,
	              NULL);
	assert_status(seek(INT64_MIN, &first_ns), BC_MISS, NULL); /* evicted */
	assert_status(
		bci_entry_parse(record, sizeof(head) + sizeof(locator), &entry),
		BC_OK, NULL);
	assert_status(seek(150, &first_ns), BC_OK, NULL);
	assert_int_equal(first_ns, 100);
	assert_status(seek(151, &first_ns), BC_MISS, NULL);
	locator.bytes = 3;
	memcpy(record + sizeof(head), &locator, sizeof(locator));
	assert_status(seek(150, &first_ns), BC_CORRUPT, NULL);
}

static void
what_was_deleted_is_not_found(void **state)
{
	struct bc_error err;
	int64_t first_ns;

	(void)state;
	make(3, 0);
	assert_status(bci_directory_delete(series_unit.txn, &series_unit.tables,
	                                   ID, 150, &err),
	              BC_OK, &err);
	assert_status(bci_directory_delete(series_unit.txn, &series_unit.tables,
	                                   ID, 150, &err),
	              BC_OK, &err);
	assert_status(seek(60, &first_ns), BC_OK, NULL);
	assert_int_equal(first_ns, 200);
}

/* ------------------------------------------------------------------------ */
/*  Damage                                                                  */
/* ------------------------------------------------------------------------ */

static void
put(const struct bci_locator *locator, size_t bytes, uint64_t id,
    int64_t last_ns)
{
	struct bci_order_key key = bci_order_key_of(id, last_ns);
	struct bc_error err;

	assert_status(bci_table_put(series_unit.txn,
	                            series_unit.tables.segments, &key,
	                            sizeof(key), locator, bytes, &err),
	              BC_OK, &err);
}

static void
segments_that_contradict_the_record_are_corrupt(void **state)
{
	const struct bci_locator good = series_unit_locator(100, 150);
	struct bci_locator bad;
	int64_t first_ns;

	(void)state;
	make(3, 2);
	put(&good, sizeof(good) - 1, ID, 150); /* cut short */
	assert_int_equal(walk(BC_CORRUPT), 1);
	bad = good;
	bad.last_ns++; /* not where its key says */
	put(&bad, sizeof(bad), ID, 150);
	assert_int_equal(walk(BC_CORRUPT), 1);
	bad = good;
	bad.first_ns = 50; /* over the one before */
	put(&bad, sizeof(bad), ID, 150);
	assert_int_equal(walk(BC_CORRUPT), 1);
	bad.first_ns = 151; /* ends before it begins */
	put(&bad, sizeof(bad), ID, 150);
	assert_int_equal(walk(BC_CORRUPT), 1);
	bad = good;
	bad.arena = 0;
	bad.offset = 0;
	put(&bad, sizeof(bad), ID, 150);
	assert_int_equal(walk(BC_CORRUPT), 1);
	bad = good;
	bad.rows = 0;
	put(&bad, sizeof(bad), ID, 150);
	assert_int_equal(walk(BC_CORRUPT), 1);
	bad = good;
	bad.header_bytes = 5000;
	put(&bad, sizeof(bad), ID, 150);
	assert_int_equal(walk(BC_CORRUPT), 1);
	put(&good, sizeof(good), ID, 150);
	assert_int_equal(walk(BC_MISS), 5);
	series.older_last_ns++; /* the last one is not there */
	parse();
	assert_int_equal(walk(BC_CORRUPT), 3);
	assert_status(seek(251, &first_ns), BC_CORRUPT, NULL);
	series.older_last_ns -= 2; /* one goes beyond the last */
	parse();
	assert_int_equal(walk(BC_CORRUPT), 2);
	series.older_last_ns++;
	newer[0].first_ns = 250; /* over the older ones */
	parse();
	assert_int_equal(walk(BC_CORRUPT), 3);
	assert_status(seek(251, &first_ns), BC_CORRUPT, NULL);
	newer[0].first_ns = 300;
	newer[1].first_ns = 350;
	parse();
	assert_int_equal(walk(BC_CORRUPT), 4);
}

static void
a_series_in_a_cache_without_the_table_is_corrupt(void **state)
{
	struct bci_locator locator = series_unit_locator(0, 1);
	struct bc_error err;
	int64_t first_ns;
	unsigned table = series_unit.tables.segments;

	(void)state;
	make(1, 1);
	series_unit.tables.segments = BCI_NO_TABLE;
	assert_status(seek(0, &first_ns), BC_CORRUPT, NULL);
	assert_status(seek(51, &first_ns), BC_OK, NULL); /* a newer one */
	assert_status(bci_directory_put(series_unit.txn, &series_unit.tables,
	                                ID, &locator, &err),
	              BC_FORMAT, &err);
	assert_status(bci_directory_delete(series_unit.txn, &series_unit.tables,
	                                   ID, 1, &err),
	              BC_FORMAT, &err);
	series_unit.tables.segments = table;
}

/* ------------------------------------------------------------------------ */
/*  The tail                                                                */
/* ------------------------------------------------------------------------ */

static void
the_largest_record_stays_in_its_leaf(void **state)
{
	char key[BC_KEY_MAX];
	unsigned char tail[BCI_LEAF_BYTES] = { 0 };
	struct bc_error err;

	(void)state;
	memset(key, 'k', sizeof(key));
	make(0, BCI_NEWER_MAX);
	for (size_t length = 1; length <= BC_KEY_MAX; length += 19)
		for (uint64_t row = 8; row <= 5000; row += 4) {
			uint32_t rows = bci_tail_room(length, row);
			size_t bytes;

			assert_true(rows <= BCI_TAIL_MAX);
			assert_true(row > 1000 || rows != 0);
			series.tail_rows = (uint16_t)rows;
			bytes = series_unit_record(record, ID, &series, newer,
			                           tail, rows * row);
			assert_true(length + bytes <= BCI_LEAF_BYTES);
			assert_status(bci_entry_parse(record, bytes, &entry),
			              BC_OK, NULL);
		}
	assert_int_equal(bci_tail_room(10, 8), BCI_TAIL_MAX);
	assert_int_equal(bci_tail_room(10, 0), 0);
	assert_int_equal(bci_tail_room(BC_KEY_MAX, UINT64_MAX), 0);
	/* LMDB moves a larger one to pages of its own. */
	assert_status(bci_table_put(series_unit.txn, series_unit.tables.entries,
	                            key, BC_KEY_MAX, record,
	                            BCI_LEAF_BYTES - BC_KEY_MAX, &err),
	              BC_OK, &err);
}

static void
a_series_record_is_taken_apart_or_refused(void **state)
{
	unsigned char tail[48] = { 0 };
	size_t bytes, i;

	(void)state;
	make(0, 2);
	series.tail_rows = 1;
	bytes = series_unit_record(record, ID, &series, newer, tail, 48);
	assert_status(bci_entry_parse(record, bytes, &entry), BC_OK, NULL);
	assert_int_equal(entry.segment_count, 2);
	assert_int_equal(entry.tail_bytes, 48);
	/* Cut short: never more than there is, never a tail without bytes. */
	for (i = 0; i < bytes; i++) {
		enum bc_status status = bci_entry_parse(record, i, &entry);

		if (i <= bytes - 48)
			assert_status(status, BC_CORRUPT, NULL);
		else
			assert_int_equal(entry.tail_bytes, 48 - (bytes - i));
	}
#define REFUSED(field, value)                                                  \
	do {                                                                   \
		struct bci_series_record bad = series;                         \
		bad.field = (value);                                           \
		memcpy(record + 32, &bad, sizeof(bad));                        \
		assert_status(bci_entry_parse(record, bytes, &entry),          \
		              BC_CORRUPT, NULL);                               \
	} while (0)
	REFUSED(newer_count, 3);
	REFUSED(newer_count, BCI_NEWER_MAX + 1);
	REFUSED(newer_count, UINT16_MAX);
	REFUSED(tail_rows, 0);
	REFUSED(tail_rows, BCI_TAIL_MAX + 1);
	REFUSED(open, 2);
	REFUSED(known, 3);
	REFUSED(known, BC_KNOWN_OPEN);
	memcpy(record + 32, &series, sizeof(series));
	memset(record + 4, 0, 4); /* rows, but no schema */
	assert_status(bci_entry_parse(record, bytes, &entry), BC_CORRUPT, NULL);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, series_unit_setup,           \
	                                series_unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(every_segment_is_walked_in_order),
		TEST(a_time_is_found_wherever_its_segment_is_named),
		TEST(a_walk_goes_on_from_where_it_was_sent),
		TEST(times_on_both_sides_of_zero_are_in_order),
		TEST(a_frame_is_walked_as_its_one_segment),
		TEST(what_was_deleted_is_not_found),
		TEST(segments_that_contradict_the_record_are_corrupt),
		TEST(a_series_in_a_cache_without_the_table_is_corrupt),
		TEST(the_largest_record_stays_in_its_leaf),
		TEST(a_series_record_is_taken_apart_or_refused),
	};

	return cmocka_run_group_tests_name("directory", tests, NULL, NULL);
}
