/* SPDX-License-Identifier: MIT */
/*
 * test_salvage.c - new caches from arenas alone.
 */
#include "cold.h"
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_NS (60 * UNIT_SECOND_NS)

static char target[TEST_PATH];

static int
setup(void **state)
{
	int result = unit_setup(state);

	test_path(target, fixture.dir.path, "salvaged");
	return result;
}

/* Lose the catalogue, and find what is in the arenas. */
static struct bc_salvage_report
salvage(void)
{
	struct bc_salvage_report report;
	char path[TEST_PATH];
	struct bc_error err;

	bc_close(fixture.cache);
	fixture.cache = NULL;
	assert_int_equal(unlink(test_path(path, fixture.dir.cache, "meta.mdb")),
	                 0);
	assert_status(
		bc_salvage(fixture.dir.cache, target, NULL, &report, &err),
		BC_OK, &err);
	fixture.cache = test_open(target, 0);
	assert_status(bc_verify(fixture.cache, NULL, NULL, NULL, NULL, &err),
	              BC_OK, &err);
	return report;
}

static void
append(const char *key, int64_t first, uint64_t rows, double add,
       enum bc_placement placement)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	int64_t times[5000];
	double closes[5000];
	const struct bc_column column = { .name = "close",
		                          .type = BC_F64,
		                          .data = closes };
	struct bc_frame frame = { rows, times, &column, 1 };
	struct bc_error err;

	for (uint64_t i = 0; i < rows; i++) {
		times[i] = (first + (int64_t)i) * STEP_NS;
		closes[i] = (double)first + (double)i + add;
	}
	options.placement = placement;
	assert_status(
		bc_append(fixture.cache, key, &frame, &options, NULL, &err),
		BC_OK, &err);
}

static void
the_newest_of_each_key_comes_back(void **state)
{
	struct bc_salvage_report report;
	struct test_value value;
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 3000);
	unit_put("a", 2, 200);
	unit_put("b", 3, 9000);
	unit_put("small", 4, 2); /* Lies in the catalogue. */
	test_value_blob(&value, "blob", 5, UNIT_SEED, 70000);
	assert_status(test_value_put(fixture.cache, &value, &err), BC_OK, &err);
	test_value_free(&value);
	report = salvage();
	expect_hit(fixture.cache, "a", 2);
	expect_hit(fixture.cache, "b", 3);
	expect_hit(fixture.cache, "blob", 5);
	expect_miss(fixture.cache, "small", BC_MISS_ABSENT);
	assert_int_equal(report.entries, 3);
	assert_int_equal(report.stored, 3);
	assert_int_equal(report.refused, 0);
	assert_int_equal(report.arenas, 1);
	assert_int_equal(report.segments, 4);
}

/* What was packed comes back, too, text and all. */
static void
what_was_packed_comes_back(void **state)
{
	static const uint64_t rows[] = { 3000, 9000, 43200 };
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_salvage_report report;
	struct cold_frame frame;
	struct bc_error err;
	struct bc_view view;
	char blob[50000];

	(void)state;
	memset(blob, 'x', sizeof(blob));
	options.flags = BC_PUT_SUSPECT;
	options.placement = BC_PLACE_COLD;
	assert_status(bc_put_blob(fixture.cache, "blob", blob, sizeof(blob),
	                          &options, &err),
	              BC_OK, &err);
	for (unsigned i = 0; i < 3; i++) {
		const char key[2] = { (char)('a' + i), '\0' };

		cold_frame_make(&frame, rows[i], 7, START, i);
		assert_status(bc_put(fixture.cache, key, &frame.frame, &options,
		                     NULL, &err),
		              BC_OK, &err);
		assert_int_equal(unit_info(key).tier, BC_COLD);
		cold_frame_free(&frame);
	}
	report = salvage();
	assert_int_equal(report.entries, 4);
	assert_int_equal(report.refused, 0);
	for (unsigned i = 0; i < 3; i++) {
		const char key[2] = { (char)('a' + i), '\0' };

		cold_frame_make(&frame, rows[i], 7, START, i);
		assert_int_equal(bc_get(fixture.cache, key, &view), BC_OK);
		cold_expect(&view, &frame);
		bc_view_release(&view);
		cold_frame_free(&frame);
	}
	assert_int_equal(bc_get(fixture.cache, "blob", &view), BC_OK);
	assert_int_equal(view.bytes, sizeof(blob));
	assert_memory_equal(view.data, blob, sizeof(blob));
	bc_view_release(&view);
}

static void
put_together(const char *key, enum bc_placement placement)
{
	struct bc_view view;

	append(key, 0, 4500, 0, placement);
	append(key, 10000, 4500, 0, placement); /* With a gap before it. */
	append(key, 1000, 100, 0.5, placement); /* Other values. */
	append(key, 14500, 4000, 0, placement);
	(void)salvage();
	assert_status(bc_read(fixture.cache, key, INT64_MIN, INT64_MAX, NULL,
	                      BC_READ_PARTIAL, &view),
	              BC_OK, NULL);
	/* Rows that lay in the catalogue are lost. */
	assert_true(view.rows > 12000 && view.rows <= 13000);
	for (uint64_t i = 0; i < view.rows; i++) {
		double row = (double)(bc_view_time(&view)[i] / STEP_NS);
		bool other = row >= 1000 && row < 1100;

		assert_true(bc_view_f64(&view, "close")[i] ==
		            row + (other ? 0.5 : 0));
	}
	bc_view_release(&view);
	/* What is not stored is to be fetched, and nothing else. */
	assert_status(
		bc_read(fixture.cache, key, 0, 4000 * STEP_NS, NULL, 0, &view),
		BC_OK, NULL);
	bc_view_release(&view);
	assert_status(bc_read(fixture.cache, key, 4500 * STEP_NS,
	                      9000 * STEP_NS, NULL, 0, &view),
	              BC_MISS, NULL);
	assert_int_equal(view.miss, BC_MISS_NOT_COVERED);
}

static void
a_series_is_put_together(void **state)
{
	(void)state;
	put_together("s/m/X/1m", BC_PLACE_WARM);
}

/* Any key may be one of a series. */
static void
so_is_one_whose_key_has_no_timeframe(void **state)
{
	(void)state;
	put_together("free text", BC_PLACE_WARM);
}

static void
so_is_a_packed_one(void **state)
{
	(void)state;
	put_together("s/m/X/1m", BC_PLACE_COLD);
}

/* Two puts of a frame are two versions of one value. */
static void
frames_are_not_put_together(void **state)
{
	(void)state;
	unit_put("free text", 1, 9000);
	unit_put("free text", 2, 300);
	(void)salvage();
	expect_hit(fixture.cache, "free text", 2);
}

static void
texts_come_back(void **state)
{
	static const char *const words[] = { "AAPL", "", "BRK.B" };
	const int64_t times[4] = { 1, 2, 3, 4 };
	const uint32_t codes[4] = { 2, 0, 1, 2 };
	double pad[4] = { 0 };
	struct bc_column columns[40];
	const struct bc_frame frame = { 4, times, columns, 40 };
	char names[40][8];
	struct bc_view view;
	struct bc_error err;
	size_t bytes;
	const char *text;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		snprintf(names[i], sizeof(names[i]), "c%u", i);
		columns[i] = (struct bc_column){ .name = names[i],
			                         .type = BC_F64,
			                         .data = pad };
	}
	columns[39] = (struct bc_column){ .name = "symbol",
		                          .type = BC_TEXT,
		                          .data = codes,
		                          .dictionary = words,
		                          .dictionary_count = 3 };
	assert_status(bc_put(fixture.cache, "t", &frame, NULL, NULL, &err),
	              BC_OK, &err);
	(void)salvage();
	assert_status(bc_get(fixture.cache, "t", &view), BC_OK, NULL);
	assert_int_equal(view.rows, 4);
	text = bc_view_text(&view, 40, 2, &bytes);
	assert_int_equal(bytes, 5);
	assert_memory_equal(text, "BRK.B", 5);
	assert_memory_equal(bc_view_find(&view, "symbol", BC_TEXT), codes,
	                    sizeof(codes));
	bc_view_release(&view);
}

static void
damaged_segments_are_not_taken(void **state)
{
	struct bc_salvage_report report;

	(void)state;
	unit_put("a", 1, 3000);
	unit_put("b", 2, 3000);
	unit_put("c", 3, 3000);
	unit_flip("a", 5);                                    /* Header. */
	unit_flip("b", unit_locate("b").header_bytes + 1000); /* Data. */
	report = salvage();
	assert_int_equal(report.entries, 1);
	expect_miss(fixture.cache, "a", BC_MISS_ABSENT);
	expect_miss(fixture.cache, "b", BC_MISS_ABSENT);
	expect_hit(fixture.cache, "c", 3);
}

/* Noise over an arena gives fewer entries, wrong ones never. */
static void
noise_never_makes_wrong_bytes(void **state)
{
	unsigned char noise[997];
	char path[TEST_PATH], key[16];
	struct bc_view view;
	enum bc_status status;
	struct stat st;
	int fd;

	(void)state;
	for (unsigned i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "key/%u", i);
		unit_put(key, i + 1, 500 + 100 * i);
	}
	assert_int_equal(stat(unit_arena_path(path, 1), &st), 0);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	for (unsigned i = 0; i < 15; i++) {
		uint64_t at = test_mix(i, 77) % (uint64_t)st.st_size;

		for (size_t k = 0; k < sizeof(noise); k++)
			noise[k] = (unsigned char)test_mix(i, k);
		assert_true(pwrite(fd, noise, sizeof(noise), (off_t)at) > 0);
	}
	close(fd);
	(void)salvage();
	for (unsigned i = 0; i < 40; i++) {
		snprintf(key, sizeof(key), "key/%u", i);
		status = bc_get(fixture.cache, key, &view);
		if (status == BC_MISS)
			continue;
		assert_status(status, BC_OK, NULL);
		assert_int_equal(test_view_version(&view, key, UNIT_SEED),
		                 i + 1);
		bc_view_release(&view);
	}
}

static void
nothing_is_written_over(void **state)
{
	char empty[TEST_PATH];
	struct bc_error err;

	(void)state;
	unit_put("a", 1, 3000);
	assert_status(bc_salvage(fixture.dir.cache, fixture.dir.cache, NULL,
	                         NULL, &err),
	              BC_EXISTS, &err);
	bc_close(fixture.cache);
	assert_int_equal(
		unlink(test_path(empty, fixture.dir.cache, "meta.mdb")), 0);
	assert_status(bc_salvage(fixture.dir.cache, fixture.dir.cache, NULL,
	                         NULL, &err),
	              BC_EXISTS, &err);
	assert_int_equal(access(empty, F_OK), -1);
	fixture.cache = NULL;
	test_path(empty, fixture.dir.path, "empty");
	assert_status(bc_salvage(empty, target, NULL, NULL, &err), BC_ABSENT,
	              &err);
	assert_int_equal(mkdir(empty, 0700), 0);
	assert_status(bc_salvage(empty, target, NULL, NULL, &err), BC_ABSENT,
	              &err);
	assert_int_equal(access(target, F_OK), -1);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, unit_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(the_newest_of_each_key_comes_back),
		TEST(a_series_is_put_together),
		TEST(so_is_one_whose_key_has_no_timeframe),
		TEST(so_is_a_packed_one),
		TEST(frames_are_not_put_together),
		TEST(texts_come_back),
		TEST(what_was_packed_comes_back),
		TEST(damaged_segments_are_not_taken),
		TEST(noise_never_makes_wrong_bytes),
		TEST(nothing_is_written_over),
	};

	return cmocka_run_group_tests_name("salvage", tests, NULL, NULL);
}
