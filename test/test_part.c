/* SPDX-License-Identifier: MIT */
/*
 * test_part.c - segments put together from parts are those of one piece, and a
 * read of some rows of some columns checks just what it shows.
 */
#include "support.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "checked.h"
#include "image.h"

#define ROWS 50000

static int64_t times[ROWS];
static double prices[ROWS];
static uint32_t codes[ROWS];
static uint8_t flags[ROWS];
static const char *const words[] = { "buy", "sell", "hold" };
static const struct bc_column columns[] = {
	{ .name = "price", .type = BC_F64, .data = prices },
	{ .name = "side",
	  .type = BC_TEXT,
	  .data = codes,
	  .dictionary = words,
	  .dictionary_count = 3 },
	{ .name = "flag", .type = BC_U8, .data = flags },
};
#define COLUMNS 3

static struct bc_frame frame = { .time_ns = times,
	                         .columns = columns,
	                         .column_count = COLUMNS };

static int
fill(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < ROWS; i++) {
		times[i] = (int64_t)(i * 60) - 1000;
		prices[i] = (double)(test_mix(i, 1) >> 20);
		codes[i] = (uint32_t)(test_mix(i, 2) % 3);
		flags[i] = (uint8_t)test_mix(i, 3);
	}
	return 0;
}

/* ------------------------------------------------------------------------ */
/*  Parts                                                                   */
/* ------------------------------------------------------------------------ */

/* The same value from parts that end at these rows. */
static void
assert_same_from_parts(const struct image *whole, const uint64_t *ends,
                       size_t count)
{
	const void *const all[] = { times, prices, codes, flags };
	struct bci_part parts[8];
	struct image image;
	uint64_t first = 0;

	for (size_t i = 0; i < count; i++) {
		parts[i] = (struct bci_part){ all, first, ends[i] - first };
		first = ends[i];
	}
	frame.rows = whole->value.rows;
	image_frame(&image, "key", &frame);
	image.value.parts = parts;
	image.value.part_count = count;
	image.value.time_ns = NULL;
	image_write(&image, "key", false);
	assert_int_equal(image.plan.bytes, whole->plan.bytes);
	assert_memory_equal(image.bytes, whole->bytes, whole->plan.bytes);
	assert_memory_equal(image.digest, whole->digest, 16);
	assert_memory_equal(&image.locator, &whole->locator,
	                    sizeof(image.locator));
	image_free(&image);
}

static void
parts_make_the_segment_that_one_piece_makes(void **state)
{
	static const uint64_t rows[] = { 0, 1, 2, 3, 4095, 4096, 10000, ROWS };
	struct image whole;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		uint64_t n = rows[i];

		frame.rows = n;
		image_frame(&whole, "key", &frame);
		assert_int_equal(whole.locator.step_ns, n < 2 ? 0 : 60);
		assert_same_from_parts(&whole, &n, 1);
		assert_same_from_parts(&whole, (uint64_t[]){ n / 2, n / 2, n },
		                       3);
		assert_same_from_parts(&whole, (uint64_t[]){ 0, n }, 2);
		if (n > 4)
			assert_same_from_parts(
				&whole, (uint64_t[]){ 1, 2, n / 2, n - 1, n },
				5);
		image_free(&whole);
	}
}

static void
a_step_is_constant_across_parts_or_zero(void **state)
{
	struct image whole;

	(void)state;
	frame.rows = 100;
	times[50]++;
	image_frame(&whole, "key", &frame);
	assert_int_equal(whole.locator.step_ns, 0);
	assert_same_from_parts(&whole, (uint64_t[]){ 50, 100 }, 2);
	assert_same_from_parts(&whole, (uint64_t[]){ 51, 100 }, 2);
	assert_same_from_parts(&whole, (uint64_t[]){ 49, 50, 51, 100 }, 4);
	image_free(&whole);
	times[50]--;
}

static void
a_revision_is_compared_if_it_is_known(void **state)
{
	struct image image;
	struct bci_segment_claim claim = {
		.kind = BC_FRAME,
		.key = "key",
		.key_bytes = 3,
	};
	uint64_t revision = 9;

	(void)state;
	frame.rows = 10;
	image_frame(&image, "key", &frame);
	claim.schema = image.schema;
	assert_null(bci_segment_check_claim(image.bytes, &claim));
	claim.revision = &revision;
	assert_null(bci_segment_check_claim(image.bytes, &claim));
	revision = 0;
	assert_non_null(bci_segment_check_claim(image.bytes, &claim));
	assert_int_equal(bci_segment_text_bytes(image.bytes),
	                 image.plan.text_bytes);
	image_free(&image);
}

/* ------------------------------------------------------------------------ */
/*  Checking some rows                                                      */
/* ------------------------------------------------------------------------ */

static struct test_dir dir;
static struct bci_maps maps;
static struct bci_map *map;
static struct image planted;
static struct bci_locator locator;
static int fd;

/* The image of 'rows' rows lies in an arena that is mapped. */
static void
plant(uint64_t rows)
{
	struct bci_arena_record record = { .version = BCI_RECORD_VERSION,
		                           .class_ = BCI_ARENA_WARM,
		                           .page_bytes = 4096,
		                           .capacity_bytes = 4 << 20 };

	test_dir_make_fast(&dir);
	frame.rows = rows;
	image_frame(&planted, "key", &frame);
	bci_maps_open(&maps, &bci_allocator_default);
	maps.class_fd[BCI_ARENA_WARM] = open(dir.path, O_RDONLY | O_DIRECTORY);
	fd = openat(maps.class_fd[BCI_ARENA_WARM], "00000003.mdb",
	            O_RDWR | O_CREAT, 0600);
	locator = planted.locator;
	locator.offset = 8192 + 16;
	assert_int_equal(ftruncate(fd, 4 << 20), 0);
	assert_int_equal(pwrite(fd, planted.bytes, planted.plan.bytes,
	                        (off_t)locator.offset),
	                 planted.plan.bytes);
	assert_status(bci_maps_add(&maps, 3, &record, &map), BC_OK, NULL);
}

static void
uproot(void)
{
	bci_maps_close(&maps);
	close(maps.class_fd[BCI_ARENA_WARM]);
	close(fd);
	image_free(&planted);
	test_dir_remove(&dir);
}

static void
flip(uint64_t at)
{
	unsigned char byte;

	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= 4;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
}

/* Where row 'row' of a column lies in the file. */
static uint64_t
place(uint32_t column, uint64_t row)
{
	const struct bc_schema_column *c = &planted.schema->columns[column];

	return locator.offset + locator.header_bytes +
	       bci_layout_offset(c->wide, c->medium, c->narrow, locator.rows) +
	       row * c->bytes;
}

static struct bc_schema *
part(const char *name)
{
	const char *names[] = { name, NULL };
	struct bc_schema *shown;

	assert_status(bci_schema_part(&bci_allocator_default, planted.schema,
	                              names, &shown, NULL),
	              BC_OK, NULL);
	return shown;
}

static bool
is_checked(const struct bc_schema *shown, uint64_t first, uint64_t count)
{
	return bci_map_rows_are_checked(map, &locator, shown, first, count);
}

static const char *
check(const struct bc_schema *shown, uint64_t first, uint64_t count,
      enum bci_check how)
{
	const char *wrong = bci_segment_check(map->base + locator.offset,
	                                      &locator, planted.schema);

	return wrong != NULL ? wrong
	                     : bci_map_check_rows(map, &locator, shown, first,
	                                          count, how);
}

static void
only_blocks_that_are_shown_are_checked(void **state)
{
	struct bc_schema *shown;

	(void)state;
	plant(ROWS); /* columns of 6.1, 6.1, 3.05 and 0.76 blocks */
	shown = part("price");
	flip(place(1, 16000));
	flip(place(1, 30000));
	flip(place(2, 40000));
	assert_false(is_checked(shown, 10000, 100));
	assert_null(check(shown, 10000, 100, BCI_CHECK_HERE));
	assert_true(is_checked(shown, 10000, 100));
	assert_true(is_checked(shown, 10000, 0));
	assert_false(is_checked(shown, 0, 100));
	assert_false(is_checked(shown, 10000, 20000));
	assert_non_null(check(shown, 16000, 1, BCI_CHECK_HERE)); /* damaged */
	assert_false(is_checked(shown, 16000, 1));
	assert_non_null(check(shown, 29000, 3000, BCI_CHECK_HERE));
	assert_null(check(shown, 45000, 5000, BCI_CHECK_HERE));
	assert_true(is_checked(shown, 45000, 5000));
	assert_false(is_checked(shown, 45000, 5001));
	assert_false(is_checked(shown, UINT64_MAX, 2));
	assert_false(is_checked(shown, 1, UINT64_MAX));
	assert_non_null(check(shown, ROWS - 1, 2, BCI_CHECK_HERE));
	assert_non_null(check(shown, 2, UINT64_MAX, BCI_CHECK_HERE));
	/* Known to be right, and looked at again only where that is asked. */
	flip(place(1, 10050));
	assert_null(check(shown, 10000, 100, BCI_CHECK_HERE));
	assert_non_null(check(shown, 10000, 100, BCI_CHECK_AGAIN));
	flip(place(1, 10050));
	assert_null(check(shown, 10000, 100, BCI_CHECK_AGAIN));
	assert_non_null(
		bci_map_check(map, &locator, planted.schema, BCI_CHECK_HERE));
	flip(place(1, 16000));
	flip(place(1, 30000));
	flip(place(2, 40000));
	assert_null(
		bci_map_check(map, &locator, planted.schema, BCI_CHECK_HERE));
	assert_true(is_checked(planted.schema, 0, ROWS));
	free(shown);
	uproot();
}

static void
a_text_column_brings_the_dictionaries(void **state)
{
	struct bc_schema *shown, *other;
	uint64_t words_at;

	(void)state;
	plant(ROWS);
	shown = part("side");
	other = part("price");
	words_at = locator.offset + locator.bytes - 9;
	flip(words_at);
	assert_null(check(other, 0, 100, BCI_CHECK_HERE));
	assert_true(is_checked(other, 0, 100));
	assert_non_null(check(shown, 0, 100, BCI_CHECK_HERE));
	assert_false(is_checked(shown, 0, 100));
	flip(words_at);
	assert_null(check(shown, 0, 100, BCI_CHECK_HERE));
	assert_true(is_checked(shown, 0, 100));
	free(shown);
	free(other);
	uproot();
}

static void
a_bad_header_leaves_everything_unchecked(void **state)
{
	struct bc_schema *shown;

	(void)state;
	plant(ROWS);
	shown = part("flag");
	for (uint64_t at = 0; at < locator.header_bytes; at += 13) {
		flip(locator.offset + at);
		assert_non_null(check(shown, 5, 5, BCI_CHECK_HERE));
		assert_false(is_checked(shown, 5, 5));
		flip(locator.offset + at);
	}
	/* More rows than lie there: nothing beyond is looked at. */
	locator.rows = UINT32_MAX;
	assert_non_null(check(shown, UINT32_MAX - 5, 5, BCI_CHECK_HERE));
	assert_false(is_checked(shown, UINT32_MAX - 5, 5));
	assert_false(is_checked(planted.schema, 0, 1000000));
	free(shown);
	uproot();
}

static void
a_segment_of_one_block_is_checked_as_a_whole(void **state)
{
	static const uint64_t rows[] = { 1, 20, 100, 2000 };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bc_schema *shown;

		plant(rows[i]);
		shown = part("price");
		flip(place(3, 0)); /* another column */
		assert_non_null(check(shown, 0, 1, BCI_CHECK_HERE));
		assert_false(is_checked(shown, 0, 1));
		flip(place(3, 0));
		assert_null(check(shown, 0, 1, BCI_CHECK_HERE));
		assert_true(is_checked(shown, 0, 1));
		assert_true(is_checked(planted.schema, 0, rows[i]));
		free(shown);
		uproot();
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_make_the_segment_that_one_piece_makes),
		cmocka_unit_test(a_step_is_constant_across_parts_or_zero),
		cmocka_unit_test(a_revision_is_compared_if_it_is_known),
		cmocka_unit_test(only_blocks_that_are_shown_are_checked),
		cmocka_unit_test(a_text_column_brings_the_dictionaries),
		cmocka_unit_test(a_bad_header_leaves_everything_unchecked),
		cmocka_unit_test(a_segment_of_one_block_is_checked_as_a_whole),
	};

	return cmocka_run_group_tests_name("part", tests, fill, NULL);
}
