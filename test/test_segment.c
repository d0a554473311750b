/* SPDX-License-Identifier: MIT */
/*
 * test_segment.c - images of segments: what is written comes back bit for bit,
 * and no damage to an image goes unseen.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#include "image.h"

/* ------------------------------------------------------------------------ */
/*  Values of all types                                                     */
/* ------------------------------------------------------------------------ */

#define ROWS_MAX 20000

static int64_t times[ROWS_MAX], longs[ROWS_MAX];
static double doubles[ROWS_MAX];
static int32_t ints[ROWS_MAX];
static float floats[ROWS_MAX];
static uint8_t bytes8[ROWS_MAX];
static uint32_t codes[ROWS_MAX], other_codes[ROWS_MAX];
static const char *const words[] = { "buy", "", "s\xc3\xa9ll", "hold" };
static const char *const letters[] = { "x", "yy" };

static const struct bc_column columns[] = {
	{ .name = "d", .type = BC_F64, .data = doubles },
	{ .name = "i", .type = BC_I32, .data = ints },
	{ .name = "b", .type = BC_U8, .data = bytes8 },
	{ .name = "word",
	  .type = BC_TEXT,
	  .data = codes,
	  .dictionary = words,
	  .dictionary_count = 4 },
	{ .name = "l", .type = BC_I64, .data = longs },
	{ .name = "f", .type = BC_F32, .data = floats },
	{ .name = "letter",
	  .type = BC_TEXT,
	  .data = other_codes,
	  .dictionary = letters,
	  .dictionary_count = 2 },
};
#define COLUMNS 7

static struct bc_frame frame = { .columns = columns, .column_count = COLUMNS };

static int
fill(void **state)
{
	/* Values that a conversion would change. */
	static const uint64_t odd[] = {
		0x7ff8000000000000u,
		0x7ff0000000000001u,
		0x8000000000000000u,
		0xfff0000000000000u,
		1,
		0x7fefffffffffffffu,
	};
	uint64_t i;

	(void)state;
	for (i = 0; i < ROWS_MAX; i++) {
		uint64_t word = test_mix(i, 77);

		times[i] = (int64_t)(i * 60 + 7);
		longs[i] = (int64_t)word;
		word = i < 6 ? odd[i] : word;
		memcpy(&doubles[i], &word, 8);
		ints[i] = (int32_t)(word >> 7);
		memcpy(&floats[i], (const char *)&word + 4, 4);
		bytes8[i] = (uint8_t)(word >> 11);
		codes[i] = (uint32_t)(i % 4);
		other_codes[i] = (uint32_t)(i % 2);
	}
	frame.time_ns = times;
	return 0;
}

static void
compare_column(const struct image *image, uint32_t index, const void *data)
{
	const struct bc_schema_column *column = &image->schema->columns[index];
	uint64_t rows = image->value.rows, used = rows * column->bytes;
	uint64_t at = bci_layout_offset(column->wide, column->medium,
	                                column->narrow, rows);
	const unsigned char *found =
		image->bytes + image->locator.header_bytes + at;

	assert_int_equal(((uintptr_t)found - (uintptr_t)image->memory) %
	                         bci_layout_alignment(rows),
	                 0);
	if (used != 0)
		assert_memory_equal(found, data, used);
	for (; used % bci_layout_alignment(rows) != 0; used++)
		assert_int_equal(found[used], 0);
}

static void
every_type_comes_back_bit_for_bit(void **state)
{
	static const uint64_t rows[] = { 0,    1,    7,       8,    9,
		                         63,   64,   65,      1000, 4095,
		                         4096, 4097, ROWS_MAX };
	struct image image;
	uint32_t k;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		frame.rows = rows[i];
		image_frame(&image, "a/b/c/1m", &frame);
		compare_column(&image, 0, times);
		for (k = 0; k < COLUMNS; k++)
			compare_column(&image, k + 1, columns[k].data);
		assert_null(image_check(&image));
		assert_int_equal(image.locator.rows, rows[i]);
		assert_int_equal(image.locator.first_ns,
		                 rows[i] == 0 ? 0 : times[0]);
		assert_int_equal(image.locator.last_ns,
		                 rows[i] == 0 ? 0 : times[rows[i] - 1]);
		assert_int_equal(image.locator.step_ns, rows[i] < 2 ? 0 : 60);
		image_free(&image);
	}
}

static void
headers_end_before_a_line_or_a_page(void **state)
{
	char key[BC_KEY_MAX + 1];
	struct image image;
	size_t length;

	(void)state;
	memset(key, 'k', sizeof(key));
	for (length = 1; length <= BC_KEY_MAX; length += 7) {
		key[BC_KEY_MAX] = '\0';
		frame.rows = 4095;
		image_frame(&image, key + BC_KEY_MAX - length, &frame);
		assert_int_equal(image.locator.header_bytes % 64, 48);
		assert_true(image.locator.header_bytes < 4080);
		image_free(&image);
		frame.rows = 4096;
		image_frame(&image, key + BC_KEY_MAX - length, &frame);
		assert_int_equal(image.locator.header_bytes % 4096, 4080);
		image_free(&image);
		image_blob(&image, key + BC_KEY_MAX - length, key, length);
		assert_int_equal(image.locator.header_bytes % 64, 48);
		assert_int_equal(image.locator.bytes,
		                 image.locator.header_bytes + length);
		assert_null(image_check(&image));
		image_free(&image);
	}
}

static void
what_is_no_data_is_zero(void **state)
{
	const char key[] = "a key";
	struct bci_segment_header header;
	struct image image;
	uint64_t at, table;

	(void)state;
	frame.rows = 5;
	image_frame(&image, key, &frame);
	memcpy(&header, image.bytes, sizeof(header));
	at = sizeof(header);
	assert_memory_equal(image.bytes + at, image.stored,
	                    header.schema_bytes);
	at += header.schema_bytes;
	assert_memory_equal(image.bytes + at, key, header.key_bytes);
	at += header.key_bytes;
	table = header.header_bytes - 8ull * header.block_count;
	assert_true(at < table);
	for (; at < table; at++)
		assert_int_equal(image.bytes[at], 0);
	/* Nothing is written behind the end. */
	assert_int_equal(image.bytes[image.plan.bytes], 0xa5);
	image_free(&image);
}

static void
a_bare_image_has_neither_schema_nor_key(void **state)
{
	struct bci_segment_header header;
	struct image image;
	uint32_t with;

	(void)state;
	frame.rows = 3;
	image_frame(&image, "a key", &frame);
	with = image.locator.header_bytes;
	image_write(&image, "a key", true);
	memcpy(&header, image.bytes, sizeof(header));
	assert_int_equal(header.schema_bytes, 0);
	assert_int_equal(header.key_bytes, 0);
	assert_int_equal(header.arena, 0);
	assert_int_equal(image.locator.header_bytes, 176 - 64);
	assert_true(image.locator.header_bytes < with);
	assert_null(image_check(&image));
	compare_column(&image, 1, doubles);
	image_free(&image);
}

/* ------------------------------------------------------------------------ */
/*  Damage                                                                  */
/* ------------------------------------------------------------------------ */

static void
every_flipped_bit_is_caught(void **state)
{
	struct image image;
	uint64_t bit;

	(void)state;
	frame.rows = 9;
	image_frame(&image, "key", &frame);
	assert_true(image.plan.bytes < 4080);
	for (bit = 0; bit < 8 * image.plan.bytes; bit++) {
		image.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		if (image_check(&image) == NULL)
			fail_msg("bit %llu of byte %llu",
			         (unsigned long long)(bit % 8),
			         (unsigned long long)(bit / 8));
		image.bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
	}
	assert_null(image_check(&image));
	image_free(&image);
}

static void
a_byte_is_caught_in_its_own_block_only(void **state)
{
	unsigned char *data = calloc(1, 3 * BCI_BLOCK + 1);
	struct image image;
	uint32_t block, other;

	(void)state;
	assert_non_null(data);
	image_blob(&image, "key", data, 3 * BCI_BLOCK + 1);
	assert_int_equal(bci_segment_blocks(&image.locator), 4);
	for (block = 0; block < 4; block++) {
		unsigned char *last =
			image.bytes + image.locator.header_bytes +
			(block == 3 ? 3 * BCI_BLOCK
		                    : (block + 1) * BCI_BLOCK - 1);

		*last ^= 1;
		for (other = 0; other < 4; other++)
			assert_int_equal(bci_segment_check_block(image.bytes,
			                                         &image.locator,
			                                         other),
			                 other != block);
		*last ^= 1;
	}
	image_free(&image);
	free(data);
}

static void
blocks_are_counted_at_their_boundary(void **state)
{
	static const uint64_t sizes[][2] = {
		{ 0, 0 },
		{ 1, 1 },
		{ BCI_BLOCK - 1, 1 },
		{ BCI_BLOCK, 1 },
		{ BCI_BLOCK + 1, 2 },
		{ 2 * BCI_BLOCK, 2 },
	};
	unsigned char *data = calloc(1, 2 * BCI_BLOCK);
	struct image image;
	size_t i;

	(void)state;
	assert_non_null(data);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		image_blob(&image, "key", data, sizes[i][0]);
		assert_int_equal(bci_segment_blocks(&image.locator),
		                 sizes[i][1]);
		assert_int_equal(image.plan.block_count, sizes[i][1]);
		assert_null(image_check(&image));
		image_free(&image);
	}
	free(data);
}

static void
another_segment_is_not_taken_for_ours(void **state)
{
	struct bci_locator locator;
	struct image image;

	(void)state;
	frame.rows = 9;
	image_frame(&image, "key", &frame);
	locator = image.locator;
	assert_true(bci_segment_is(image.bytes, &locator, IMAGE_CACHE_ID,
	                           IMAGE_ENTRY_ID));
	assert_false(bci_segment_is(image.bytes, &locator, IMAGE_CACHE_ID + 1,
	                            IMAGE_ENTRY_ID));
	assert_false(bci_segment_is(image.bytes, &locator, IMAGE_CACHE_ID,
	                            IMAGE_ENTRY_ID + 1));
	locator.arena++;
	assert_false(bci_segment_is(image.bytes, &locator, IMAGE_CACHE_ID,
	                            IMAGE_ENTRY_ID));
	locator.arena--;
	locator.header_bytes += 64;
	assert_false(bci_segment_is(image.bytes, &locator, IMAGE_CACHE_ID,
	                            IMAGE_ENTRY_ID));
	image.bytes[0] = 'b';
	assert_false(bci_segment_is(image.bytes, &image.locator, IMAGE_CACHE_ID,
	                            IMAGE_ENTRY_ID));
	image_free(&image);
}

static void
a_locator_that_contradicts_the_header_is_caught(void **state)
{
	struct bci_locator good;
	struct image image;

	(void)state;
	frame.rows = 9;
	image_frame(&image, "key", &frame);
	good = image.locator;
	image.locator.rows++;
	assert_non_null(image_check(&image));
	image.locator = good;
	image.locator.first_ns++;
	assert_non_null(image_check(&image));
	image.locator = good;
	image.locator.last_ns--;
	assert_non_null(image_check(&image));
	image.locator = good;
	image.locator.bytes--;
	assert_non_null(image_check(&image));
	image.locator = good;
	image.locator.bytes += 8;
	assert_non_null(image_check(&image));
	image.locator = good;
	image.locator.checksum ^= 1;
	assert_non_null(image_check(&image));
	image.locator = good;
	image.locator.codec = 1;
	assert_non_null(image_check(&image));
	image.locator = good;
	assert_null(image_check(&image));
	image_free(&image);
}

/* ------------------------------------------------------------------------ */
/*  Digests, steps, sizes                                                   */
/* ------------------------------------------------------------------------ */

static void
a_digest_is_of_the_content_and_not_of_the_key(void **state)
{
	struct image image;
	unsigned char was[16];
	uint64_t i;

	(void)state;
	frame.rows = 9;
	image_frame(&image, "key", &frame);
	memcpy(was, image.digest, 16);
	image_write(&image, "quite another key", false);
	assert_memory_equal(image.digest, was, 16);
	image_write(&image, "key", true);
	assert_memory_equal(image.digest, was, 16);
	for (i = 0; i < 9; i++) {
		longs[i] ^= 1;
		image_write(&image, "key", false);
		assert_memory_not_equal(image.digest, was, 16);
		longs[i] ^= 1;
	}
	image_free(&image);
	frame.rows = 8;
	image_frame(&image, "key", &frame);
	assert_memory_not_equal(image.digest, was, 16);
	image_free(&image);
	frame.rows = 9;
	frame.column_count--;
	image_frame(&image, "key", &frame);
	frame.column_count++;
	assert_memory_not_equal(image.digest, was, 16);
	image_free(&image);
}

static void
a_digest_tells_names_and_types_apart(void **state)
{
	struct bc_column column = { .name = "a",
		                    .type = BC_I64,
		                    .data = longs };
	struct bc_frame one = { .rows = 4,
		                .columns = &column,
		                .column_count = 1 };
	struct image image;
	unsigned char was[16];

	(void)state;
	image_frame(&image, "key", &one);
	memcpy(was, image.digest, 16);
	image_free(&image);
	column.name = "b";
	image_frame(&image, "key", &one);
	assert_memory_not_equal(image.digest, was, 16);
	image_free(&image);
	column.name = "a";
	column.type = BC_F64;
	image_frame(&image, "key", &one);
	assert_memory_not_equal(image.digest, was, 16);
	image_free(&image);
	image_blob(&image, "key", longs, 64);
	assert_memory_not_equal(image.digest, was, 16);
	image_free(&image);
}

static void
a_step_is_constant_or_zero(void **state)
{
	static const int64_t irregular[] = { 0, 60, 120, 181 };
	static const int64_t huge[] = { INT64_MIN, 0, INT64_MAX };
	struct bc_frame one = { .rows = 3, .time_ns = irregular };
	struct image image;

	(void)state;
	image_frame(&image, "key", &one);
	assert_int_equal(image.locator.step_ns, 60);
	image_free(&image);
	one.rows = 4;
	image_frame(&image, "key", &one);
	assert_int_equal(image.locator.step_ns, 0);
	image_free(&image);
	one.time_ns = huge;
	one.rows = 3;
	image_frame(&image, "key", &one);
	assert_int_equal(image.locator.step_ns, 0);
	image_free(&image);
}

static void
an_image_has_a_largest_size(void **state)
{
	struct bci_value value = { .kind = BC_BLOB };
	struct bci_segment_plan plan;
	uint64_t table = 8 * (BCI_SEGMENT_MAX / BCI_BLOCK);

	(void)state;
	value.blob_bytes = BCI_SEGMENT_MAX;
	assert_false(bci_segment_plan(&value, 1, false, &plan));
	value.blob_bytes = UINT64_MAX;
	assert_false(bci_segment_plan(&value, 1, false, &plan));
	/* The header takes 104 bytes, the key, and a table of checksums. */
	value.blob_bytes = BCI_SEGMENT_MAX - table - 192;
	assert_true(bci_segment_plan(&value, 1, false, &plan));
	assert_true(plan.bytes <= BCI_SEGMENT_MAX);
	value.blob_bytes = BCI_SEGMENT_MAX - table - 64;
	assert_false(bci_segment_plan(&value, 1, false, &plan));
	value.kind = BC_ARRAYS;
	value.rows = BCI_SEGMENT_MAX + 1ull;
	assert_false(bci_segment_plan(&value, 1, false, &plan));
}

/* ------------------------------------------------------------------------ */
/*  Dictionaries                                                            */
/* ------------------------------------------------------------------------ */

static void
expect_text(const unsigned char *area, uint64_t bytes, uint32_t column,
            uint32_t code, const char *expected, uint32_t expected_count)
{
	uint32_t count = 99;
	size_t length = 99;
	const char *text =
		bci_segment_text(area, bytes, column, code, &length, &count);

	assert_int_equal(count, expected_count);
	if (expected == NULL) {
		assert_null(text);
		assert_int_equal(length, 0);
		return;
	}
	assert_non_null(text);
	assert_int_equal(length, strlen(expected));
	assert_memory_equal(text, expected, length);
}

static void
texts_are_found_by_column_and_code(void **state)
{
	const unsigned char *area;
	struct image image;
	uint32_t i;

	(void)state;
	frame.rows = 9;
	image_frame(&image, "key", &frame);
	area = image.bytes + image.locator.header_bytes + image.plan.data_bytes;
	for (i = 0; i < 4; i++)
		expect_text(area, image.plan.text_bytes, 0, i, words[i], 4);
	for (i = 0; i < 2; i++)
		expect_text(area, image.plan.text_bytes, 1, i, letters[i], 2);
	expect_text(area, image.plan.text_bytes, 0, 4, NULL, 4);
	expect_text(area, image.plan.text_bytes, 1, 2, NULL, 2);
	expect_text(area, image.plan.text_bytes, 1, UINT32_MAX, NULL, 2);
	expect_text(area, image.plan.text_bytes, 2, 0, NULL, 0);
	expect_text(area, 0, 0, 0, NULL, 0);
	expect_text(area, 7, 0, 0, NULL, 0);
	image_free(&image);
}

static void
a_damaged_dictionary_is_never_read_outside(void **state)
{
	unsigned char *copy;
	struct image image;
	uint64_t bytes, bit;
	uint32_t column, code, count;
	const char *text;
	size_t length;

	(void)state;
	frame.rows = 9;
	image_frame(&image, "key", &frame);
	bytes = image.plan.text_bytes;
	for (bit = 0; bit < 8 * bytes; bit++) {
		copy = malloc(bytes); /* of exactly this size: for sanitizers */
		assert_non_null(copy);
		memcpy(copy, image.bytes + image.plan.bytes - bytes, bytes);
		copy[bit / 8] ^= (unsigned char)(1u << bit % 8);
		for (column = 0; column < 2; column++) {
			for (code = 0; code < 6; code++) {
				text = bci_segment_text(copy, bytes, column,
				                        code, &length, &count);
				if (text == NULL)
					continue;
				assert_true((const unsigned char *)text >=
				            copy + 8);
				assert_true((const unsigned char *)text +
				                    length <=
				            copy + bytes);
			}
		}
		free(copy);
	}
	image_free(&image);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_flipped_bit_is_caught),
		cmocka_unit_test(a_byte_is_caught_in_its_own_block_only),
		cmocka_unit_test(another_segment_is_not_taken_for_ours),
		cmocka_unit_test(
			a_locator_that_contradicts_the_header_is_caught),
		cmocka_unit_test(a_damaged_dictionary_is_never_read_outside),
		cmocka_unit_test(an_image_has_a_largest_size),
		cmocka_unit_test(every_type_comes_back_bit_for_bit),
		cmocka_unit_test(headers_end_before_a_line_or_a_page),
		cmocka_unit_test(blocks_are_counted_at_their_boundary),
		cmocka_unit_test(what_is_no_data_is_zero),
		cmocka_unit_test(a_bare_image_has_neither_schema_nor_key),
		cmocka_unit_test(a_digest_is_of_the_content_and_not_of_the_key),
		cmocka_unit_test(a_digest_tells_names_and_types_apart),
		cmocka_unit_test(a_step_is_constant_or_zero),
		cmocka_unit_test(texts_are_found_by_column_and_code),
	};

	return cmocka_run_group_tests_name("segment", tests, fill, NULL);
}
