/* SPDX-License-Identifier: MIT */
/*
 * test_codec.c - how columns become groups and which codec a group gets: roles
 * from names, the smallest form, what was asked for, what saves too little.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "pack/packing.h"

#define ALL 0xFFFFu

/* ------------------------------------------------------------------------ */
/*  Codecs                                                                  */
/* ------------------------------------------------------------------------ */

/* What the group of a column is made of. */
static struct bci_pack_stats
measure(const struct specimen *table, uint32_t column, unsigned saving)
{
	struct bci_pack_place place;
	struct bci_pack_stats stats;
	struct packing packing;
	struct bci_pack pack;

	packing_make(&packing, table, saving, NULL);
	packing_open(&packing, &pack);
	assert_int_equal(bci_pack_find(&pack, column, &place), BC_OK);
	assert_int_equal(place.type, table->columns[column].type);
	assert_int_equal(bci_pack_measure(&pack, place.group, &stats), BC_OK);
	assert_int_equal(stats.codec, place.codec);
	packing_compare(&pack, table, 0, table->rows, ALL);
	packing_free(&packing);
	return stats;
}

static void
each_kind_of_column_gets_the_codec_that_suits_it(void **state)
{
	static const struct {
		enum specimen_kind kind;
		uint32_t column;
		enum bci_codec codec;
		enum bci_pack_map map;
	} cases[] = {
		{ SPECIMEN_TICKS, 0, BCI_CODEC_DEC, BCI_MAP_INT },
		{ SPECIMEN_TICKS, 1, BCI_CODEC_DEC, BCI_MAP_DEC },
		{ SPECIMEN_TICKS, 5, BCI_CODEC_DEC, BCI_MAP_DEC },
		{ SPECIMEN_COINS, 2, BCI_CODEC_DEC, BCI_MAP_DEC },
		{ SPECIMEN_FLOATS, 4, BCI_CODEC_F32, BCI_MAP_FLOAT },
		{ SPECIMEN_DOUBLES, 3, BCI_CODEC_BITS, BCI_MAP_BITS },
		{ SPECIMEN_NAN, 1, BCI_CODEC_BITS, BCI_MAP_BITS },
		{ SPECIMEN_NOISE, 0, BCI_CODEC_RAW, BCI_MAP_RAW },
		{ SPECIMEN_NOISE, 1, BCI_CODEC_RAW, BCI_MAP_RAW },
		{ SPECIMEN_F32, 1, BCI_CODEC_DEC, BCI_MAP_DEC },
		{ SPECIMEN_I64, 1, BCI_CODEC_DEC, BCI_MAP_INT },
		{ SPECIMEN_I32, 4, BCI_CODEC_DEC, BCI_MAP_INT },
		{ SPECIMEN_TYPES, 2, BCI_CODEC_DEC, BCI_MAP_DEC },
		{ SPECIMEN_TYPES, 3, BCI_CODEC_DEC, BCI_MAP_INT },
		{ SPECIMEN_TYPES, 4, BCI_CODEC_DEC, BCI_MAP_INT },
		{ SPECIMEN_TYPES, 6, BCI_CODEC_RAW, BCI_MAP_RAW },
		{ SPECIMEN_TYPES, 8, BCI_CODEC_LZ4, BCI_MAP_RAW },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bci_pack_stats stats;
		struct specimen table;

		specimen_make(&table, cases[i].kind, 8 * 1024, 5);
		stats = measure(&table, cases[i].column, 0);
		if (stats.codec != cases[i].codec)
			fail_msg("%s, column %u: codec %d",
			         specimen_name(cases[i].kind), cases[i].column,
			         (int)stats.codec);
		if (cases[i].map != BCI_MAP_RAW)
			assert_int_equal(stats.maps[cases[i].map],
			                 stats.chunks);
		specimen_free(&table);
	}
}

/* Of a market that mostly stands still, every group has layers. */
static void
values_of_many_lengths_get_layers(void **state)
{
	static const uint32_t columns[] = { 0, 1, 5 };
	struct specimen table;

	(void)state;
	specimen_make(&table, SPECIMEN_STILL, 8 * 1024, 5);
	for (size_t i = 0; i < 3; i++) {
		struct bci_pack_stats stats = measure(&table, columns[i], 0);

		assert_true(stats.layers >= stats.chunks);
	}
	specimen_free(&table);
}

static void
a_codec_that_is_asked_for_is_tried_alone(void **state)
{
	static const struct {
		enum bci_codec codec;
		enum bci_pack_map map;
	} cases[] = {
		{ BCI_CODEC_DEC, BCI_MAP_DEC },
		{ BCI_CODEC_BITS, BCI_MAP_BITS },
		{ BCI_CODEC_F32, BCI_MAP_FLOAT },
		{ BCI_CODEC_LZ4, BCI_MAP_RAW },
		{ BCI_CODEC_RAW, BCI_MAP_RAW },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bci_pack_stats stats;
		struct specimen table;

		/* Multiples of a quarter are floats and decimals. */
		specimen_make(&table, SPECIMEN_QUARTERS, 20000, 5);
		for (uint32_t j = 1; j < table.count; j++)
			table.columns[j].codec = cases[i].codec;
		stats = measure(&table, 1, 0);
		assert_int_equal(stats.codec, cases[i].codec);
		if (cases[i].map != BCI_MAP_RAW)
			assert_int_equal(stats.maps[cases[i].map],
			                 stats.chunks);
		specimen_free(&table);
	}
}

static void
every_level_of_lz4_comes_back(void **state)
{
	uint64_t least = UINT64_MAX, most = 0;
	struct specimen table;

	(void)state;
	specimen_make(&table, SPECIMEN_TYPES, 30000, 5);
	for (uint32_t i = 0; i < table.count; i++)
		table.columns[i].codec = BCI_CODEC_LZ4;
	for (int level = BCI_LZ4_LEVEL_MIN - 1; level <= BCI_LZ4_LEVEL_MAX + 1;
	     level++) {
		const struct bci_pack_options options = { .level = level };
		struct packing packing;
		struct bci_pack pack;

		packing_make_as(&packing, &table, &options);
		packing_open(&packing, &pack);
		packing_compare(&pack, &table, 0, table.rows, ALL);
		least = packing.length < least ? packing.length : least;
		most = packing.length > most ? packing.length : most;
		packing_free(&packing);
	}
	assert_true(least < most && most < specimen_raw_bytes(&table));
	specimen_free(&table);
}

static void
what_saves_too_little_stays_as_it_is(void **state)
{
	struct bci_pack_stats stats;
	struct packing packing;
	struct specimen table;
	uint64_t raw;
	unsigned saved;

	(void)state;
	specimen_make(&table, SPECIMEN_COINS, 8192, 5);
	raw = specimen_raw_bytes(&table);
	stats = measure(&table, 5, 0); /* Volumes save less than the rest. */
	saved = (unsigned)(1000 - stats.packed_bytes * 1000 / stats.raw_bytes);
	assert_int_equal(measure(&table, 5, saved - 1).codec, BCI_CODEC_DEC);
	assert_int_equal(measure(&table, 5, saved).codec, BCI_CODEC_RAW);
	specimen_free(&table);

	/* No segment at all where the whole saves less than was asked for. */
	specimen_make(&table, SPECIMEN_TICKS, 8192, 5);
	table.count = 1;
	raw = specimen_raw_bytes(&table);
	packing_make(&packing, &table, 0, NULL);
	saved = (unsigned)(1000 - packing.length * 1000 / raw);
	packing_free(&packing);
	packing_make(&packing, &table, saved - 1, NULL);
	assert_true(packing.length > 0);
	packing_free(&packing);
	packing_make(&packing, &table, saved + 1, NULL);
	assert_int_equal(packing.length, 0);
	packing_free(&packing);
	table.count = 6;
	specimen_free(&table);
}

static void
noise_takes_a_hundredth_more_at_most(void **state)
{
	struct specimen table;

	(void)state;
	for (uint64_t rows = 1000; rows < 100000; rows *= 3) {
		specimen_make(&table, SPECIMEN_NOISE, rows, rows);
		assert_true(packing_round_trip(&table, 0) <=
		            specimen_raw_bytes(&table) * 101 / 100 + 200);
		assert_int_equal(packing_round_trip(&table, 125), 0);
		specimen_free(&table);
	}
}

static void
sets_of_bars_are_groups_of_their_own(void **state)
{
	struct bci_pack_place place;
	struct packing packing;
	struct bci_pack pack;
	struct specimen table;

	(void)state;
	specimen_make(&table, SPECIMEN_QUOTES, 3000, 8);
	packing_make(&packing, &table, 0, NULL);
	packing_open(&packing, &pack);
	assert_int_equal(pack.groups, 3);
	for (uint32_t i = 0; i < table.count; i++) {
		assert_int_equal(bci_pack_find(&pack, i, &place), BC_OK);
		assert_int_equal(place.role, table.columns[i].role);
		assert_int_equal(place.group, i == 0 ? 0 : 1 + (i - 1) / 4);
	}
	assert_int_equal(bci_pack_find(&pack, table.count, &place), BC_INVALID);
	packing_free(&packing);
	/* Three of four are columns by themselves. */
	table.columns[4].role = BCI_PACK_ROLE_NONE;
	packing_make(&packing, &table, 0, NULL);
	packing_open(&packing, &pack);
	assert_int_equal(pack.groups, 6);
	packing_compare(&pack, &table, 0, table.rows, ALL);
	packing_free(&packing);
	specimen_free(&table);
}

/* How many groups the table makes; all of it comes back. */
static uint32_t
groups_of(const struct specimen *table)
{
	struct packing packing;
	struct bci_pack pack;
	uint32_t groups;

	packing_make(&packing, table, 0, NULL);
	packing_open(&packing, &pack);
	packing_compare(&pack, table, 0, table->rows, ALL);
	groups = pack.groups;
	packing_free(&packing);
	return groups;
}

static void
bars_that_do_not_match_are_columns_by_themselves(void **state)
{
	struct bci_pack_column *columns;
	struct specimen table;

	(void)state;
	specimen_make(&table, SPECIMEN_TICKS, 1500, 8);
	columns = table.columns;
	assert_int_equal(groups_of(&table), 3);
	columns[2].role = BCI_PACK_ROLE_OPEN; /* Twice. */
	assert_int_equal(groups_of(&table), 6);
	columns[2].role = BCI_PACK_ROLE_HIGH;
	columns[3].type = BC_I64; /* Of the same bits. */
	assert_int_equal(groups_of(&table), 6);
	columns[3].type = BC_F64;
	columns[4].codec = BCI_CODEC_BITS;
	assert_int_equal(groups_of(&table), 6);
	for (uint32_t i = 1; i <= 4; i++)
		columns[i].codec = BCI_CODEC_RAW;
	assert_int_equal(groups_of(&table), 6);
	for (uint32_t i = 1; i <= 4; i++)
		columns[i].codec = BCI_CODEC_LZ4;
	assert_int_equal(groups_of(&table), 6);
	for (uint32_t i = 1; i <= 4; i++)
		columns[i].type = BC_TEXT;
	assert_int_equal(groups_of(&table), 6);
	/* A time that is none. */
	columns[0].role = BCI_PACK_ROLE_NONE;
	columns[5].role = BCI_PACK_ROLE_TIME;
	assert_int_equal(groups_of(&table), 6);
	specimen_free(&table);
}

static void
first_times_of_blocks_are_in_the_index(void **state)
{
	struct packing packing;
	struct bci_pack pack;
	struct specimen table;
	const int64_t *times;
	int64_t time_ns;

	(void)state;
	specimen_make(&table, SPECIMEN_TICKS, 3000, 8);
	times = table.columns[0].values;
	packing_make(&packing, &table, 0, NULL);
	packing_open(&packing, &pack);
	for (uint64_t i = 0; i < 3; i++) {
		assert_int_equal(bci_pack_block_time(&pack, i, &time_ns),
		                 BC_OK);
		assert_int_equal(time_ns, times[i * 1024]);
	}
	assert_int_equal(bci_pack_block_time(&pack, 3, &time_ns), BC_INVALID);
	packing_free(&packing);
	specimen_free(&table);
}

static void
what_cannot_be_packed_is_refused(void **state)
{
	struct bci_pack_options options = { .saving = 0 };
	struct bci_pack_column columns[2] = { { .type = BC_F64 },
		                              { .type = BC_F64 } };
	unsigned char out[4096];
	void *work = malloc(bci_pack_encode_work());
	struct bc_error err = { 0 };
	uint64_t bytes;

#define refuse(count, rows, status)                                            \
	assert_status(bci_pack_encode(&options, columns, (count), (rows),      \
	                              work, out, sizeof(out), &bytes, &err),   \
	              (status), &err)
	(void)state;
	refuse(0, 1, BC_INVALID);
	refuse(BC_COLUMNS_MAX + 1, 1, BC_INVALID);
	refuse(2, 1000, BC_TOO_LARGE); /* No room. */
	refuse(2, UINT64_MAX / 8, BC_TOO_LARGE);
	refuse(2, BCI_PACK_RAW_MAX / 16 + 1, BC_TOO_LARGE);
	columns[1].type = (enum bc_type)7;
	refuse(2, 1, BC_INVALID);
	columns[1].type = BC_F64;
	columns[1].codec = (enum bci_codec)(BCI_CODEC_AUTO + 1);
	refuse(2, 1, BC_INVALID);
	columns[1].codec = BCI_CODEC_AUTO;
	columns[0].role = columns[1].role = BCI_PACK_ROLE_TIME;
	refuse(2, 1, BC_INVALID);
	options.saving = 1001;
	columns[0].role = BCI_PACK_ROLE_NONE;
	refuse(2, 1, BC_INVALID);
	free(work);
}

/* ------------------------------------------------------------------------ */
/*  Roles                                                                   */
/* ------------------------------------------------------------------------ */

static void
roles_follow_from_names(void **state)
{
	static const struct {
		const char *name;
		enum bci_pack_role role;
		unsigned set;
	} cases[] = {
		{ BC_TIME, BCI_PACK_ROLE_TIME, 0 },
		{ "open", BCI_PACK_ROLE_OPEN, 1 },
		{ "bid_open", BCI_PACK_ROLE_OPEN, 2 },
		{ "high", BCI_PACK_ROLE_HIGH, 1 },
		{ "bid_high", BCI_PACK_ROLE_HIGH, 2 },
		{ "low", BCI_PACK_ROLE_LOW, 1 },
		{ "close", BCI_PACK_ROLE_CLOSE, 1 },
		{ "reopen", BCI_PACK_ROLE_NONE, 7 },
		{ "lowest", BCI_PACK_ROLE_NONE, 8 },
		{ "close.adjusted", BCI_PACK_ROLE_CLOSE, 9 },
		{ "volume", BCI_PACK_ROLE_NONE, 10 },
		{ "bid_low", BCI_PACK_ROLE_LOW, 2 },
		{ "Open", BCI_PACK_ROLE_NONE, 12 },
		{ "", BCI_PACK_ROLE_NONE, 13 },
	};
	enum { COUNT = sizeof(cases) / sizeof(cases[0]) };
	struct bc_schema_column named[COUNT];
	struct bci_pack_column columns[COUNT];
	const struct bc_schema schema = {
		.column_count = COUNT,
		.has_time = 1,
		.row_bytes = 8 * COUNT,
		.columns = named,
	};

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		named[i].name = cases[i].name;
		named[i].type = BC_F64;
	}
	bci_pack_roles(&schema, columns);
	for (size_t i = 0; i < COUNT; i++) {
		if (columns[i].role != cases[i].role ||
		    columns[i].set != cases[i].set)
			fail_msg("'%s': role %d, set %u", cases[i].name,
			         (int)columns[i].role, columns[i].set);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			each_kind_of_column_gets_the_codec_that_suits_it),
		cmocka_unit_test(values_of_many_lengths_get_layers),
		cmocka_unit_test(a_codec_that_is_asked_for_is_tried_alone),
		cmocka_unit_test(every_level_of_lz4_comes_back),
		cmocka_unit_test(what_saves_too_little_stays_as_it_is),
		cmocka_unit_test(noise_takes_a_hundredth_more_at_most),
		cmocka_unit_test(sets_of_bars_are_groups_of_their_own),
		cmocka_unit_test(
			bars_that_do_not_match_are_columns_by_themselves),
		cmocka_unit_test(first_times_of_blocks_are_in_the_index),
		cmocka_unit_test(what_cannot_be_packed_is_refused),
		cmocka_unit_test(roles_follow_from_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
