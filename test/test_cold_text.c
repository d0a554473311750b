/* SPDX-License-Identifier: MIT */
/*
 * test_cold_text.c - dictionaries that are large enough to be packed as well:
 * their words read as those of a warm twin do, as a whole and in part, moved to
 * and fro; what is damaged of them is a miss.
 */
#include "cold.h"
#include "unit.h"

#include <string.h>

#define ROWS 9000u
#define SERIES "x/spot/A/1m"

static struct cold_frame said;

static int
text_setup(void **state)
{
	cold_frame_make(&said, ROWS, 5, START, 1);
	cold_frame_say_much(&said, 7);
	return unit_setup(state);
}

static int
text_teardown(void **state)
{
	cold_frame_free(&said);
	return unit_teardown(state);
}

static void
put(const char *key, enum bc_placement placement)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	struct bc_error err;

	options.flags = BC_PUT_SUSPECT;
	options.placement = placement;
	assert_status(
		bc_put(fixture.cache, key, &said.frame, &options, NULL, &err),
		BC_OK, &err);
}

static void
place(const char *key, enum bc_placement placement)
{
	struct bc_place_report report;
	struct bc_error err;

	assert_status(bc_place(fixture.cache, key, placement, &report, &err),
	              BC_OK, &err);
	assert_true(report.segments != 0 && report.left == 0);
	assert_int_equal(unit_info(key).tier,
	                 placement == BC_PLACE_COLD ? BC_COLD : BC_WARM);
}

/* Rows of a view from 'first' on have the words of the frame. */
static void
expect_words(const struct bc_view *view, uint64_t first)
{
	const uint32_t *given = said.data[COLD_COLUMNS - 1];
	const uint32_t column = COLD_COLUMNS;
	const uint32_t *codes = bc_view_column(view, column);

	for (uint64_t i = 0; i < view->rows; i++) {
		const char *word = said.columns[COLD_COLUMNS - 1]
		                           .dictionary[given[first + i]];
		size_t bytes;
		const char *text = bc_view_text(view, column, codes[i], &bytes);

		assert_non_null(text);
		assert_int_equal(bytes, strlen(word));
		assert_memory_equal(text, word, bytes);
	}
}

static void
expect_all(const char *key, enum bc_tier tier)
{
	struct bc_view view;

	assert_int_equal(bc_get(fixture.cache, key, &view), BC_OK);
	assert_int_equal(view.tier, tier);
	assert_int_equal(view.rows, ROWS);
	expect_words(&view, 0);
	bc_view_release(&view);
}

static void
expect_part(const char *key, uint64_t first, uint64_t rows)
{
	struct bc_view view;

	assert_int_equal(bc_read(fixture.cache, key, said.time_ns[first],
	                         said.time_ns[first + rows], NULL, 0, &view),
	                 BC_OK);
	assert_int_equal(view.rows, rows);
	expect_words(&view, first);
	bc_view_release(&view);
}

/* ---- reading ----------------------------------------------------------- */

static void
words_that_are_packed_are_read_as_they_were(void **state)
{
	struct bc_compression all;
	struct bc_error err;

	(void)state;
	put("cold", BC_PLACE_COLD);
	assert_int_equal(unit_info("cold").tier, BC_COLD);
	/* Less than the words alone take. */
	assert_true(unit_info("cold").payload_bytes > COLD_MANY * 20);
	assert_status(bc_compression(fixture.cache, "cold", &all, &err), BC_OK,
	              &err);
	assert_int_equal(all.unreadable, 0);
	assert_true(all.codecs[BC_CODEC_LZ4].raw_bytes > COLD_MANY * 20);
	expect_part("cold", 5000, 30);
	unit_reopen(NULL); /* Nothing of it is decoded. */
	expect_all("cold", BC_COLD);
	assert_status(bc_verify(fixture.cache, NULL, NULL, NULL, NULL, &err),
	              BC_OK, &err);
}

static void
they_survive_every_move(void **state)
{
	(void)state;
	put("moved", BC_PLACE_WARM);
	expect_all("moved", BC_WARM);
	place("moved", BC_PLACE_COLD);
	expect_part("moved", 100, 2000);
	place("moved", BC_PLACE_WARM);
	unit_reopen(NULL);
	expect_all("moved", BC_WARM);
	unit_expect_sound();
}

static void
so_do_those_of_a_series(void **state)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct bc_error err;

	(void)state;
	options.flags = BC_APPEND_SUSPECT;
	options.placement = BC_PLACE_COLD;
	assert_status(bc_append(fixture.cache, SERIES, &said.frame, &options,
	                        NULL, &err),
	              BC_OK, &err);
	expect_part(SERIES, 4000, 300);
	unit_reopen(NULL);
	expect_part(SERIES, 0, ROWS - 1);
	place(SERIES, BC_PLACE_WARM);
	expect_part(SERIES, 0, ROWS - 1);
	unit_expect_sound();
}

/* ---- what is damaged --------------------------------------------------- */

/* The last bytes of what is packed are of the words. */
static void
damaged_words_are_a_miss(void **state)
{
	struct bci_locator locator;
	struct bc_error err;

	(void)state;
	put("cold", BC_PLACE_COLD);
	put("other", BC_PLACE_COLD);
	locator = unit_locate("cold");
	unit_reopen(NULL);
	unit_flip("cold", locator.bytes - 100);
	expect_miss(fixture.cache, "cold", BC_MISS_CORRUPT);
	assert_status(
		bc_place(fixture.cache, "cold", BC_PLACE_WARM, NULL, &err),
		BC_MISS, &err);
	expect_all("other", BC_COLD);
}

#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, text_setup, text_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(words_that_are_packed_are_read_as_they_were),
		TEST(they_survive_every_move),
		TEST(so_do_those_of_a_series),
		TEST(damaged_words_are_a_miss),
	};

	return cmocka_run_group_tests_name("cold_text", tests, NULL, NULL);
}
