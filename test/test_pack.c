/* SPDX-License-Identifier: MIT */
/*
 * test_pack.c - columns into the packed form and back, bit for bit: values of
 * every kind and class, every number of rows, ranges and single columns.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "pack/packing.h"

#define ALL 0xFFFFu

static void
tables_of_all_kinds_and_lengths_come_back(void **state)
{
	static const uint64_t rows[] = { 0,    1,    2,    31,   32,
		                         33,   1000, 1023, 1024, 1025,
		                         2047, 2048, 9001 };

	(void)state;
	for (int kind = 0; kind < SPECIMEN_KINDS; kind++) {
		for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
			struct specimen table;

			specimen_make(&table, (enum specimen_kind)kind, rows[i],
			              1000 + i);
			assert_true(packing_round_trip(&table, 0) > 0);
			specimen_free(&table);
		}
	}
}

static void
a_million_rows_come_back(void **state)
{
	struct specimen table;

	(void)state;
	specimen_make(&table, SPECIMEN_TICKS, 1 << 20, 3);
	assert_in_range(packing_round_trip(&table, BCI_PACK_SAVING_DEFAULT), 1,
	                specimen_raw_bytes(&table) / 4);
	specimen_free(&table);
}

/* ------------------------------------------------------------------------ */
/*  Doubles of every class                                                  */
/* ------------------------------------------------------------------------ */

static void
special_doubles_come_back_alone_and_mixed(void **state)
{
	static const unsigned permille[] = { 1, 10, 100, 330, 340, 1000 };

	(void)state;
	for (int only = -1; only < (int)SPECIMEN_SPECIALS; only++) {
		for (size_t i = 0; i < 6; i++) {
			struct specimen table;

			specimen_make(&table, SPECIMEN_TICKS, 1500, 77);
			specimen_sprinkle(&table, permille[i], only, 5 + i);
			assert_true(packing_round_trip(&table, 0) > 0);
			specimen_free(&table);
		}
	}
}

/* Every plain decimal of up to 15 digits is what strtod() makes of it. */
static void
decimals_of_every_exponent_and_tick_come_back_small(void **state)
{
	static const double power[] = { 1e0,  1e1,  1e2,  1e3,  1e4,
		                        1e5,  1e6,  1e7,  1e8,  1e9,
		                        1e10, 1e11, 1e12, 1e13, 1e14,
		                        1e15, 1e16, 1e17, 1e18 };
	static const int64_t ticks[] = { 1, 2, 5, 7, 25, 125 };
	uint64_t seed = 9;

	(void)state;
	for (unsigned e = 0; e <= 18; e++) {
		for (size_t t = 0; t < 6; t++) {
			double values[2048];
			struct specimen table = { .count = 1, .rows = 2048 };

			for (size_t i = 0; i < 2048; i++) {
				int64_t k = 90000 +
				            (int64_t)(specimen_random(&seed) %
				                      1000);

				values[i] = (double)(k * ticks[t]) / power[e];
			}
			table.columns[0] = (struct bci_pack_column){
				.type = BC_F64,
				.codec = BCI_CODEC_AUTO,
				.values = values,
			};
			/* Ten bits a value and what frames them. */
			assert_in_range(packing_round_trip(&table, 125), 2560,
			                2800);
		}
	}
}

/* ------------------------------------------------------------------------ */
/*  Columns of numbers                                                      */
/* ------------------------------------------------------------------------ */

static void
integers_of_any_width_come_back(void **state)
{
	uint64_t seed = 4;

	(void)state;
	for (unsigned bits = 0; bits <= 64; bits++) {
		for (unsigned shape = 0; shape < 4; shape++) {
			int64_t values[1100];
			struct specimen table = { .count = 1, .rows = 1100 };
			uint64_t last = 0;

			for (size_t i = 0; i < 1100; i++) {
				uint64_t x = specimen_random(&seed);

				x = bits == 0 ? 0 : x >> (64 - bits);
				if (shape == 1) /* Few are long. */
					x = i % 40 == 0 ? x : x & 3;
				if (shape == 2) /* Differences are short. */
					x = last += x - (bits ? 1 : 0);
				if (shape == 3)
					x = 0 - x * 1000;
				values[i] = (int64_t)x;
			}
			table.columns[0] = (struct bci_pack_column){
				.type = BC_I64,
				.role = shape == 2 ? BCI_PACK_ROLE_TIME
				                   : BCI_PACK_ROLE_NONE,
				.codec = BCI_CODEC_AUTO,
				.values = values,
			};
			assert_true(packing_round_trip(&table, 0) > 0);
		}
	}
}

static void
times_at_the_limits_come_back(void **state)
{
	static const int64_t times[][6] = {
		{ INT64_MIN, INT64_MAX, INT64_MIN, 0, -1, 1 },
		{ 5, 5, 5, 5, 5, 5 },
		{ 6, 5, 4, 3, 2, 1 },
		{ 0, 60, 120, 180, 180, 120 },
		{ INT64_MAX, INT64_MAX - 1, INT64_MIN, INT64_MIN + 1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		for (int role = 0; role < 2; role++) {
			struct specimen table = { .count = 1, .rows = 6 };

			table.columns[0] = (struct bci_pack_column){
				.type = BC_I64,
				.role = role ? BCI_PACK_ROLE_TIME
				             : BCI_PACK_ROLE_NONE,
				.codec = BCI_CODEC_AUTO,
				.values = times[i],
			};
			assert_true(packing_round_trip(&table, 0) > 0);
		}
	}
}

/* ------------------------------------------------------------------------ */
/*  Ranges and columns                                                      */
/* ------------------------------------------------------------------------ */

static void
any_range_of_any_columns_is_a_slice_of_the_whole(void **state)
{
	static const enum specimen_kind kinds[] = {
		SPECIMEN_TICKS,   SPECIMEN_STRAY, SPECIMEN_TYPES,
		SPECIMEN_DOUBLES, SPECIMEN_NOISE, SPECIMEN_F32,
		SPECIMEN_I64
	};
	uint64_t seed = 12;

	(void)state;
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		struct packing packing;
		struct specimen table;
		struct bci_pack pack;

		specimen_make(&table, kinds[k], 5000, 6);
		packing_make(&packing, &table, 0, NULL);
		packing_open(&packing, &pack);
		for (int i = 0; i < 150; i++) {
			uint64_t first = specimen_random(&seed) % 5001;
			uint64_t most = i % 3 == 0 ? 40 : 5000;
			uint64_t count =
				specimen_random(&seed) %
				((5000 - first < most ? 5000 - first : most) +
			         1);

			packing_compare(&pack, &table, first, count,
			                (unsigned)specimen_random(&seed));
		}
		for (uint32_t i = 0; i < table.count; i++)
			packing_compare(&pack, &table, 1023, 1026, 1u << i);
		packing_free(&packing);
		specimen_free(&table);
	}
}

/* Columns of bytes have chunks of up to 65,536 rows. */
static void
ranges_reach_over_chunks_of_bytes(void **state)
{
	static const uint64_t edges[] = { 8192, 16384, 65536, 131072 };

	(void)state;
	for (int codec = 0; codec <= BCI_CODEC_AUTO; codec++) {
		struct packing packing;
		struct specimen table;
		struct bci_pack pack;

		specimen_make(&table, SPECIMEN_TYPES, 140000, 6);
		for (uint32_t i = 0; i < table.count; i++)
			table.columns[i].codec = (enum bci_codec)codec;
		packing_make(&packing, &table, 0, NULL);
		packing_open(&packing, &pack);
		packing_compare(&pack, &table, 0, table.rows, ALL);
		for (size_t i = 0; i < 4; i++) {
			packing_compare(&pack, &table, edges[i] - 1, 2, ALL);
			packing_compare(&pack, &table, edges[i], 1, ALL);
			packing_compare(&pack, &table, edges[i] - 100,
			                140000 - edges[i], ALL);
		}
		packing_free(&packing);
		specimen_free(&table);
	}
}

/* Floats, but for some that are exceptions; and no bars of those. */
static void
floats_with_a_few_others_come_back(void **state)
{
	struct bci_pack_stats stats;
	struct packing packing;
	struct specimen table;
	struct bci_pack pack;

	(void)state;
	specimen_make(&table, SPECIMEN_FLOATS, 3000, 3);
	specimen_sprinkle(&table, 20, -1, 9);
	packing_make(&packing, &table, 0, NULL);
	packing_open(&packing, &pack);
	packing_compare(&pack, &table, 0, table.rows, UINT32_MAX);
	assert_int_equal(bci_pack_measure(&pack, 1, &stats), BC_OK);
	assert_int_equal(stats.codec, BCI_CODEC_F32);
	assert_true(stats.exceptions > 0);
	packing_free(&packing);
	specimen_free(&table);
}

/* Values of a column of a specimen, to be changed. */
static void *
values_of(struct specimen *table, uint32_t column)
{
	return (void *)(uintptr_t)table->columns[column].values;
}

static void
bars_of_integers_below_zero_come_back(void **state)
{
	struct specimen table;

	(void)state;
	specimen_make(&table, SPECIMEN_I64, 2000, 3);
	for (uint32_t i = 1; i <= 4; i++) {
		int64_t *values = values_of(&table, i);

		for (uint64_t row = 0; row < table.rows; row++)
			values[row] = values[row] % 100000 * -5;
	}
	assert_true(packing_round_trip(&table, 0) <
	            specimen_raw_bytes(&table) / 2);
	/* The least integer is the tick of all. */
	for (uint32_t i = 1; i <= 4; i++) {
		int64_t *values = values_of(&table, i);

		for (uint64_t row = 0; row < table.rows; row++)
			values[row] = row % 3 == 0 ? 0 : INT64_MIN;
	}
	assert_true(packing_round_trip(&table, 0) > 0);
	specimen_free(&table);
}

/* One value in all rows, but for a few; where they are and where not. */
static void
columns_that_hardly_change_come_back(void **state)
{
	struct specimen table;
	double *values;

	(void)state;
	specimen_make(&table, SPECIMEN_CONSTANT, 3000, 3);
	values = values_of(&table, 5);
	for (unsigned changed = 0; changed < 40; changed += 13) {
		for (unsigned i = 0; i < changed; i++)
			values[1024 + 17 * i] = 1e6 + i;
		assert_true(packing_round_trip(&table, 0) > 0);
	}
	specimen_free(&table);
}

static void
rows_that_are_not_there_are_refused(void **state)
{
	void *out[SPECIMEN_COLUMNS] = { NULL };
	struct packing packing;
	struct specimen table;
	struct bci_pack pack;
	void *work = malloc(bci_pack_decode_work());

	(void)state;
	specimen_make(&table, SPECIMEN_TICKS, 100, 1);
	packing_make(&packing, &table, 0, NULL);
	packing_open(&packing, &pack);
	assert_int_equal(bci_pack_decode(&pack, 101, 0, out, work, NULL),
	                 BC_INVALID);
	assert_int_equal(bci_pack_decode(&pack, 0, 101, out, work, NULL),
	                 BC_INVALID);
	assert_int_equal(bci_pack_decode(&pack, 1, UINT64_MAX, out, work, NULL),
	                 BC_INVALID);
	assert_int_equal(bci_pack_decode(&pack, 100, 0, out, work, NULL),
	                 BC_OK);
	free(work);
	packing_free(&packing);
	specimen_free(&table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_of_all_kinds_and_lengths_come_back),
		cmocka_unit_test(a_million_rows_come_back),
		cmocka_unit_test(special_doubles_come_back_alone_and_mixed),
		cmocka_unit_test(
			decimals_of_every_exponent_and_tick_come_back_small),
		cmocka_unit_test(integers_of_any_width_come_back),
		cmocka_unit_test(times_at_the_limits_come_back),
		cmocka_unit_test(
			any_range_of_any_columns_is_a_slice_of_the_whole),
		cmocka_unit_test(ranges_reach_over_chunks_of_bytes),
		cmocka_unit_test(floats_with_a_few_others_come_back),
		cmocka_unit_test(bars_of_integers_below_zero_come_back),
		cmocka_unit_test(columns_that_hardly_change_come_back),
		cmocka_unit_test(rows_that_are_not_there_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
