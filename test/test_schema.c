/* SPDX-License-Identifier: MIT */
/*
 * test_schema.c - column types, where columns lie, the stored form of a schema.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "schema.h"

static const double prices[2] = { 1, 2 };
static const int64_t times[2] = { 10, 20 };
static unsigned char stored[BCI_SCHEMA_BYTES];
static size_t bytes;

/* Encode, which must work. */
static void
encode(const struct bc_frame *frame)
{
	struct bc_error err;

	assert_status(bci_schema_encode(frame, stored, &bytes, &err), BC_OK,
	              &err);
	assert_in_range(bytes, 4, sizeof(stored));
}

static struct bc_schema *
decode(void)
{
	bool damaged = true;
	struct bc_schema *schema = bci_schema_decode(&bci_allocator_default,
	                                             stored, bytes, &damaged);

	assert_non_null(schema);
	assert_false(damaged);
	return schema;
}

static void
types_have_sizes_and_names(void **state)
{
	static const struct {
		enum bc_type type;
		size_t bytes;
		const char *name;
	} cases[] = {
		{ BC_I64, 8, "i64" },
		{ BC_F64, 8, "f64" },
		{ BC_I32, 4, "i32" },
		{ BC_F32, 4, "f32" },
		{ BC_U8, 1, "u8" },
		{ BC_TEXT, 4, "text" },
		{ (enum bc_type)0, 0, "?" },
		{ (enum bc_type)7, 0, "?" },
		{ (enum bc_type)1000, 0, "?" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(bc_type_bytes(cases[i].type), cases[i].bytes);
		assert_string_equal(bc_type_name(cases[i].type), cases[i].name);
	}
}

/* ------------------------------------------------------------------------ */
/*  Refusals                                                                */
/* ------------------------------------------------------------------------ */

static void
refuse(const struct bc_column *columns, uint32_t count, const int64_t *time_ns,
       const char *words)
{
	struct bc_frame frame = { .rows = 2,
		                  .time_ns = time_ns,
		                  .columns = columns,
		                  .column_count = count };
	struct bc_error err;

	assert_status(bci_schema_encode(&frame, stored, &bytes, &err),
	              BC_INVALID, &err);
	if (strstr(err.message, words) == NULL)
		fail_msg("'%s' does not say '%s'", err.message, words);
}

static void
bad_columns_are_refused_by_name(void **state)
{
	struct bc_column columns[2] = {
		{ .name = "open", .type = BC_F64, .data = prices },
		{ .name = "close", .type = BC_F64, .data = prices },
	};
	static const char *const names[] = { NULL,   "",     "a\"b",
		                             "a\nb", "\xff", "open" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		columns[1].name = names[i];
		refuse(columns, 2, NULL, i < 5 ? "column 1" : "open");
	}
	columns[1].name = BC_TIME;
	refuse(columns, 2, times, "time");
	columns[1].name = "close";
	columns[1].type = (enum bc_type)0;
	refuse(columns, 2, NULL, "close");
	columns[1].type = (enum bc_type)7;
	refuse(columns, 2, NULL, "close");
	columns[1].type = BC_F64;
	columns[1].data = NULL;
	refuse(columns, 2, NULL, "close");
	refuse(NULL, 1, NULL, "NULL");
}

static void
a_name_has_a_longest_length(void **state)
{
	char name[BC_COLUMN_NAME_MAX + 2];
	struct bc_column column = { .name = name,
		                    .type = BC_F64,
		                    .data = prices };
	struct bc_frame frame = { .rows = 2,
		                  .columns = &column,
		                  .column_count = 1 };
	struct bc_schema *schema;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[BC_COLUMN_NAME_MAX + 1] = '\0';
	refuse(&column, 1, NULL, "column 0");
	name[BC_COLUMN_NAME_MAX] = '\0';
	encode(&frame);
	schema = decode();
	assert_string_equal(schema->columns[0].name, name);
	free(schema);
}

static void
columns_have_a_largest_number(void **state)
{
	static char names[BC_COLUMNS_MAX + 1][8];
	static struct bc_column columns[BC_COLUMNS_MAX + 1];
	struct bc_frame frame = { .rows = 2, .columns = columns };
	struct bc_schema *schema;
	unsigned i;

	(void)state;
	for (i = 0; i <= BC_COLUMNS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "c%u", i);
		columns[i].name = names[i];
		columns[i].type = BC_F64;
		columns[i].data = prices;
	}
	refuse(columns, BC_COLUMNS_MAX + 1, NULL, "at most");
	refuse(columns, BC_COLUMNS_MAX, times, "at most");
	refuse(columns, UINT32_MAX, times, "at most");
	frame.column_count = BC_COLUMNS_MAX;
	encode(&frame);
	schema = decode();
	assert_int_equal(schema->column_count, BC_COLUMNS_MAX);
	assert_string_equal(schema->columns[511].name, "c511");
	free(schema);
	frame.column_count = BC_COLUMNS_MAX - 1;
	frame.time_ns = times;
	encode(&frame);
}

/* ------------------------------------------------------------------------ */
/*  The stored form                                                         */
/* ------------------------------------------------------------------------ */

static const struct bc_column mixed[] = {
	{ .name = "open", .type = BC_F64, .data = prices },
	{ .name = "size", .type = BC_I32, .data = prices },
	{ .name = "side", .type = BC_U8, .data = prices },
	{ .name = "note", .type = BC_TEXT, .data = prices },
	{ .name = "id", .type = BC_I64, .data = prices },
	{ .name = "mid", .type = BC_F32, .data = prices },
};

static const struct bc_frame mixed_frame = {
	.rows = 2,
	.time_ns = times,
	.columns = mixed,
	.column_count = 6,
};

static void
the_stored_form_is_as_described(void **state)
{
	static const unsigned char expected[] = {
		7,   0,   1,   0,             /* count, has_time, 0 */
		1,   4,   't', 'i', 'm', 'e', /* type, length, name */
		2,   4,   'o', 'p', 'e', 'n', 3,   4, 's', 'i', 'z',
		'e', 5,   4,   's', 'i', 'd', 'e', 6, 4,   'n', 'o',
		't', 'e', 1,   2,   'i', 'd', 4,   3, 'm', 'i', 'd',
	};

	(void)state;
	encode(&mixed_frame);
	assert_int_equal(bytes, sizeof(expected));
	assert_memory_equal(stored, expected, bytes);
}

static void
a_schema_comes_back_as_it_was(void **state)
{
	/* Columns of 8, 4 and 1 bytes before each. */
	static const uint32_t before[7][3] = {
		{ 0, 0, 0 }, { 1, 0, 0 }, { 2, 0, 0 }, { 2, 1, 0 },
		{ 2, 1, 1 }, { 2, 2, 1 }, { 3, 2, 1 },
	};
	struct bc_schema *schema;
	uint32_t i;

	(void)state;
	encode(&mixed_frame);
	schema = decode();
	assert_int_equal(schema->column_count, 7);
	assert_int_equal(schema->has_time, 1);
	assert_int_equal(schema->row_bytes, 8 + 8 + 4 + 1 + 4 + 8 + 4);
	assert_string_equal(schema->columns[0].name, BC_TIME);
	assert_int_equal(schema->columns[0].type, BC_I64);
	for (i = 0; i < 7; i++) {
		const struct bc_schema_column *column = &schema->columns[i];

		assert_int_equal(column->wide, before[i][0]);
		assert_int_equal(column->medium, before[i][1]);
		assert_int_equal(column->narrow, before[i][2]);
		assert_int_equal(column->bytes, bc_type_bytes(column->type));
		if (i == 0)
			continue;
		assert_string_equal(column->name, mixed[i - 1].name);
		assert_int_equal(column->type, mixed[i - 1].type);
		assert_int_equal(bc_schema_find(schema, column->name), i);
	}
	assert_int_equal(bc_schema_find(schema, "Open"), -1);
	assert_int_equal(bc_schema_find(schema, "ope"), -1);
	assert_int_equal(bc_schema_find(schema, NULL), -1);
	assert_int_equal(bc_schema_find(NULL, "open"), -1);
	free(schema);
}

static void
a_frame_of_time_alone_and_one_of_nothing_have_schemas(void **state)
{
	struct bc_frame frame = { .rows = 2, .time_ns = times };
	struct bc_schema *schema;

	(void)state;
	encode(&frame);
	schema = decode();
	assert_int_equal(schema->column_count, 1);
	assert_int_equal(schema->row_bytes, 8);
	free(schema);
	frame.time_ns = NULL;
	encode(&frame);
	schema = decode();
	assert_int_equal(schema->column_count, 0);
	assert_int_equal(bci_layout_bytes(schema, 100), 0);
	free(schema);
}

/* Whether 'form' is taken for a schema; it lies in memory of its exact size. */
static bool
is_taken(const unsigned char *form, size_t size)
{
	unsigned char *copy = malloc(size != 0 ? size : 1);
	struct bc_schema *schema;
	bool damaged = false;

	assert_non_null(copy);
	memcpy(copy, form, size);
	schema =
		bci_schema_decode(&bci_allocator_default, copy, size, &damaged);
	assert_int_equal(damaged, schema == NULL);
	free(copy);
	free(schema);
	return schema != NULL;
}

static void
a_damaged_form_is_refused(void **state)
{
	unsigned char form[64];
	size_t size;
	int i;

	(void)state;
	encode(&mixed_frame);
	size = bytes;
	memcpy(form, stored, size);
	form[size] = 0;
	assert_true(is_taken(form, size));
	for (i = 0; i < (int)size; i++)
		assert_false(is_taken(form, (size_t)i)); /* cut short */
	assert_false(is_taken(form, size + 1));
	for (i = 0; i < 256; i++) {
		form[4] = (unsigned char)i; /* type of the time */
		assert_int_equal(is_taken(form, size), i == BC_I64);
		form[4] = BC_I64;
		form[10] = (unsigned char)i; /* type of column 1 */
		assert_int_equal(is_taken(form, size),
		                 i >= BC_I64 && i <= BC_TEXT);
		form[10] = BC_F64;
		form[0] = (unsigned char)i; /* count */
		assert_int_equal(is_taken(form, size), i == 7);
		form[0] = 7;
		form[2] = (unsigned char)i; /* has_time */
		assert_int_equal(is_taken(form, size), i <= 1);
		form[2] = 1;
		form[1] = (unsigned char)i; /* count, high byte */
		assert_int_equal(is_taken(form, size), i == 0);
		form[1] = 0;
	}
	form[5] = 0; /* a name without a letter */
	assert_false(is_taken(form, size));
	form[5] = 255;
	assert_false(is_taken(form, size));
}

static void
memory_that_is_missing_is_no_damage(void **state)
{
	struct test_memory memory = { .fail_at = 1 };
	struct bc_allocator allocator = test_allocator(&memory);
	bool damaged = true;

	(void)state;
	encode(&mixed_frame);
	assert_null(bci_schema_decode(&allocator, stored, bytes, &damaged));
	assert_false(damaged);
}

/* ------------------------------------------------------------------------ */
/*  Layout                                                                  */
/* ------------------------------------------------------------------------ */

static void
columns_lie_where_they_were_worked_out_by_hand(void **state)
{
	/* wide, medium, narrow, rows, offset */
	static const uint64_t cases[][5] = {
		{ 0, 0, 0, 1000, 0 },
		{ 1, 0, 0, 0, 0 },
		{ 1, 0, 0, 1, 64 },
		{ 1, 0, 0, 8, 64 }, /* 64 bytes exactly */
		{ 1, 0, 0, 9, 128 },
		{ 0, 1, 0, 16, 64 },
		{ 0, 1, 0, 17, 128 },
		{ 0, 0, 1, 64, 64 },
		{ 0, 0, 1, 65, 128 },
		{ 2, 1, 3, 100, 2 * 832 + 448 + 3 * 128 },
		{ 1, 0, 0, 4095, 32768 }, /* 32,760: lines */
		{ 0, 0, 1, 4095, 4096 },
		{ 1, 0, 0, 4096, 32768 }, /* pages from here on */
		{ 0, 0, 1, 4097, 8192 },
		{ 1, 0, 0, 4097, 36864 },
		{ 0, 1, 0, 4097, 20480 },
		{ 511, 0, 0, 1u << 27, 511ull << 30 }, /* beyond 32 bits */
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const uint64_t *c = cases[i];
		uint64_t at = bci_layout_offset((uint32_t)c[0], (uint32_t)c[1],
		                                (uint32_t)c[2], c[3]);

		if (at != c[4])
			fail_msg("case %zu: %llu", i, (unsigned long long)at);
	}
	assert_int_equal(bci_layout_alignment(4095), 64);
	assert_int_equal(bci_layout_alignment(4096), 4096);
}

static void
the_last_column_is_rounded_up_too(void **state)
{
	struct bc_schema *schema;

	(void)state;
	encode(&mixed_frame);
	schema = decode();
	assert_int_equal(bci_layout_bytes(schema, 0), 0);
	assert_int_equal(bci_layout_bytes(schema, 1), 7 * 64);
	assert_int_equal(bci_layout_bytes(schema, 10), 3 * 128 + 3 * 64 + 64);
	assert_int_equal(bci_layout_bytes(schema, 4096),
	                 3 * 32768 + 3 * 16384 + 4096);
	free(schema);
}

/* ------------------------------------------------------------------------ */
/*  Parts                                                                   */
/* ------------------------------------------------------------------------ */

static void
a_part_has_the_time_and_what_was_named(void **state)
{
	static const char *const names[] = { "mid", "side", "mid", NULL };
	static const char *const nothing[] = { NULL };
	struct bc_schema *whole, *part, *times_only;
	struct bc_error err;

	(void)state;
	encode(&mixed_frame);
	whole = decode();
	assert_status(bci_schema_part(&bci_allocator_default, whole, names,
	                              &part, &err),
	              BC_OK, &err);
	assert_int_equal(part->column_count, 3);
	assert_int_equal(part->has_time, 1);
	assert_int_equal(part->row_bytes, 8 + 1 + 4);
	assert_string_equal(part->columns[1].name, "side");
	assert_string_equal(part->columns[2].name, "mid");
	/* Each has its place in the whole, whose size stays what it was. */
	assert_int_equal(part->columns[2].wide, whole->columns[6].wide);
	assert_int_equal(part->columns[2].medium, whole->columns[6].medium);
	assert_int_equal(bci_layout_bytes(part, 100),
	                 bci_layout_bytes(whole, 100));
	assert_status(bci_schema_part(&bci_allocator_default, whole, nothing,
	                              &times_only, &err),
	              BC_OK, &err);
	assert_int_equal(times_only->column_count, 1);
	assert_true(bci_schema_is_part(part, whole, names));
	assert_false(bci_schema_is_part(times_only, whole, names));
	assert_false(bci_schema_is_part(part, whole, nothing));
	assert_true(bci_schema_is_part(times_only, whole, nothing));
	free(times_only);
	free(part);
	free(whole);
}

static void
a_part_is_told_by_its_columns_in_any_order(void **state)
{
	static const char *const cases[][6] = {
		{ "open", "note", "id", NULL },
		{ "id", "note", "open", NULL },
		{ "time", "note", "id", "open", NULL },
		{ "open", "open", "note", "id", "id", NULL },
	};
	static const char *const others[][6] = {
		{ "open", "note", NULL },
		{ "open", "note", "id", "mid", NULL },
		{ "open", "note", "mid", NULL },
		{ "open", "note", "note", NULL },
		{ "open", "note", "none", NULL },
		{ "time", NULL },
	};
	struct bc_schema *whole, *twin, *part;
	struct bc_error err;

	(void)state;
	encode(&mixed_frame);
	whole = decode();
	twin = decode();
	assert_status(bci_schema_part(&bci_allocator_default, whole, cases[0],
	                              &part, &err),
	              BC_OK, &err);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_true(bci_schema_is_part(part, whole, cases[i]));
		assert_false(bci_schema_is_part(part, twin, cases[i]));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(bci_schema_is_part(part, whole, others[i]));
	free(part);
	free(twin);
	free(whole);
}

static void
a_part_that_cannot_be_is_refused(void **state)
{
	static const char *const names[] = { "open", "none", NULL };
	struct test_memory memory = { .fail_at = 1 };
	struct bc_allocator allocator = test_allocator(&memory);
	struct bc_schema *whole, *part;
	struct bc_error err;

	(void)state;
	encode(&mixed_frame);
	whole = decode();
	part = whole;
	assert_status(bci_schema_part(&bci_allocator_default, whole, names,
	                              &part, &err),
	              BC_INVALID, &err);
	assert_null(part);
	assert_non_null(strstr(err.message, "none"));
	assert_status(
		bci_schema_part(&allocator, whole, names + 2, &part, &err),
		BC_NOMEM, &err);
	assert_null(part);
	free(whole);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_have_sizes_and_names),
		cmocka_unit_test(bad_columns_are_refused_by_name),
		cmocka_unit_test(a_name_has_a_longest_length),
		cmocka_unit_test(columns_have_a_largest_number),
		cmocka_unit_test(the_stored_form_is_as_described),
		cmocka_unit_test(a_schema_comes_back_as_it_was),
		cmocka_unit_test(
			a_frame_of_time_alone_and_one_of_nothing_have_schemas),
		cmocka_unit_test(a_damaged_form_is_refused),
		cmocka_unit_test(memory_that_is_missing_is_no_damage),
		cmocka_unit_test(
			columns_lie_where_they_were_worked_out_by_hand),
		cmocka_unit_test(the_last_column_is_rounded_up_too),
		cmocka_unit_test(a_part_has_the_time_and_what_was_named),
		cmocka_unit_test(a_part_is_told_by_its_columns_in_any_order),
		cmocka_unit_test(a_part_that_cannot_be_is_refused),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}
