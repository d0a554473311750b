/* SPDX-License-Identifier: MIT */
/*
 * test_pack_damage.c - packed bytes that are not what was written: cut,
 * flipped, exchanged, and signed anew so that no checksum notices.  They are
 * refused, or give some values; memory that is not theirs is never touched
 * (each piece ends at a page that is not there).
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "hash.h"
#include "pack/sign.h"
#include "pack/victim.h"

static void
every_cut_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < VICTIM_KINDS; i++) {
		struct victim victim = { .work = NULL };

		victim_make(&victim, victim_kinds[i], 70);
		for (size_t n = 0; n < victim.packing.length; n++) {
			unsigned char *cut = guarded_make(n);
			/* To the byte: what is missing is not there. */
			unsigned char *end = cut + (n + 7) / 8 * 8 - n;

			memcpy(end, victim.packing.bytes, n);
			assert_false(victim_read(&victim, end, n));
			guarded_free(cut, n);
		}
		victim_free(&victim);
	}
}

static void
every_flipped_bit_is_noticed(void **state)
{
	(void)state;
	for (size_t i = 0; i < VICTIM_KINDS; i++) {
		struct victim victim = { .work = NULL };

		victim_make(&victim, victim_kinds[i], 70);
		for (size_t bit = 0; bit < 8 * victim.packing.length; bit++) {
			unsigned char *bytes = victim_restore(&victim);

			bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
			if (victim_read(&victim, bytes, victim.damaged.length))
				fail_msg("%s: bit %zu",
				         specimen_name(victim_kinds[i]), bit);
		}
		victim_free(&victim);
	}
}

/* Flip bits behind the checksums' back: nothing may break but values. */
static void
every_flipped_bit_that_is_signed_does_no_harm(void **state)
{
	size_t accepted = 0, changed = 0;

	(void)state;
	for (size_t i = 0; i < VICTIM_KINDS; i++) {
		struct victim victim = { .work = NULL };

		victim_make(&victim, victim_kinds[i], 70);
		for (size_t bit = 0; bit < 8 * victim.packing.length; bit++) {
			unsigned char *bytes = victim_restore(&victim);

			bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
			sign_pack(bytes, victim.damaged.length);
			if (!victim_read(&victim, bytes, victim.damaged.length))
				continue;
			accepted++;
			changed += !victim_same(&victim);
		}
		victim_free(&victim);
	}
	/* Most of the bytes are values, so that most flips change some. */
	assert_true(accepted > 0 && changed > accepted / 2);
}

static void
fields_of_any_value_do_no_harm(void **state)
{
	static const uint64_t values[] = { 0, UINT64_MAX, 0x8080808080808081 };
	size_t refused = 0;

	(void)state;
	for (size_t i = 0; i < VICTIM_KINDS; i++) {
		struct victim victim = { .work = NULL };

		victim_make(&victim, victim_kinds[i], 1030);
		for (size_t at = 0; at + 8 <= victim.packing.length;
		     at += at < 400 ? 1 : 127) {
			for (size_t j = 0; j < 12; j++) {
				unsigned char *bytes = victim_restore(&victim);

				memcpy(bytes + at, &values[j / 4],
				       (size_t)1 << j % 4);
				sign_pack(bytes, victim.damaged.length);
				refused += !victim_read(&victim, bytes,
				                        victim.damaged.length);
			}
		}
		victim_free(&victim);
	}
	assert_true(refused > 0);
}

static void
random_damage_does_no_harm(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (size_t i = 0; i < VICTIM_KINDS; i++) {
		struct victim victim = { .work = NULL };

		victim_make(&victim, victim_kinds[i], 2000);
		for (int round = 0; round < 400; round++) {
			unsigned char *bytes = victim_restore(&victim);
			size_t hits = 1 + specimen_random(&seed) % 20;

			for (size_t j = 0; j < hits; j++) {
				size_t at = specimen_random(&seed) %
				            victim.damaged.length;

				bytes[at] =
					(unsigned char)specimen_random(&seed);
			}
			if (round % 4 != 0)
				sign_pack(bytes, victim.damaged.length);
			(void)victim_read(&victim, bytes,
			                  victim.damaged.length);
		}
		victim_free(&victim);
	}
}

/* Two blocks of the same group and length, each with the other's place. */
static void
exchanged_blocks_are_noticed(void **state)
{
	struct victim victim = { .work = NULL };
	struct bci_group group;
	unsigned char *bytes;
	unsigned char block[16384];
	size_t entries = BCI_PACK_HEADER, data, end, length;

	(void)state;
	/* Raw blocks are all of the same length. */
	victim_make(&victim, SPECIMEN_NOISE, 3 * 1024);
	bytes = victim_restore(&victim);
	assert_true(bci_group_load(bytes + entries, 3 * 1024, 6, &group));
	assert_int_equal(group.model, BCI_MODEL_TIME);
	assert_int_equal(group.chunks, 3);
	entries += bci_load32(bytes + 20) * BCI_PACK_PLAN;
	length = bci_load32(bytes + entries);
	end = bci_load32(bytes + entries + BCI_PACK_ENTRY_TIME);
	assert_int_equal(end, 2 * length);
	data = victim.damaged.length;
	for (uint32_t i = 0; i < bci_load32(bytes + 20); i++)
		data -= bci_load32(bytes + BCI_PACK_HEADER + i * BCI_PACK_PLAN +
		                   12);
	memcpy(block, bytes + data, length);
	memcpy(bytes + data, bytes + data + length, length);
	memcpy(bytes + data + length, block, length);
	assert_false(victim_read(&victim, bytes, victim.damaged.length));
	victim_free(&victim);
}

/* A plan or an index that changes once it was looked at. */
static void
changes_of_an_open_segment_do_no_harm(void **state)
{
	static const unsigned char values[] = { 0, 1, 0x7F, 0xFF };

	(void)state;
	for (size_t i = 0; i < VICTIM_KINDS; i++) {
		struct victim victim = { .work = NULL };
		struct bci_pack_place place;
		struct bci_pack_stats stats;
		struct bci_pack pack;
		unsigned char *bytes;
		bool refused = false;
		int64_t time_ns;
		size_t head;

		victim_make(&victim, victim_kinds[i], 2000);
		bytes = victim_restore(&victim);
		packing_open(&victim.damaged, &pack);
		pack.verify = false;
		head = BCI_PACK_HEADER + pack.groups * BCI_PACK_PLAN;
		for (uint32_t at = 0; at < 4 * pack.head; at++) {
			enum bc_status status;

			bytes[at / 4] = values[at % 4];
			(void)bci_pack_block_time(&pack, at % 2, &time_ns);
			(void)bci_pack_find(&pack, at % 7, &place);
			(void)bci_pack_share(&pack, at % 3, &stats);
			(void)bci_pack_measure(&pack, at % 3, &stats);
			status = bci_pack_decode(&pack, 0, 2000, victim.out,
			                         victim.work, NULL);
			assert_true(status == BC_OK || status == BC_CORRUPT);
			refused = refused || status == BC_CORRUPT;
			/* Header and plan are of no interest any more. */
			if (at / 4 < head)
				assert_true(status == BC_OK &&
				            victim_same(&victim));
			bytes[at / 4] = victim.packing.bytes[at / 4];
		}
		assert_true(refused);
		victim_free(&victim);
	}
}

/* More groups than there are bytes. */
static void
a_plan_that_is_cut_is_refused(void **state)
{
	struct victim victim = { .work = NULL };
	unsigned char *bytes;

	(void)state;
	victim_make(&victim, SPECIMEN_TICKS, 1);
	bytes = victim_restore(&victim);
	bci_store32(bytes + 16, 1000);
	bci_store32(bytes + 20, 1000);
	assert_false(victim_read(&victim, bytes, victim.damaged.length));
	victim_free(&victim);
}

/* Some steps of more than 32 bits: the rows of patches must ascend. */
static void
patches_of_wide_times_must_ascend(void **state)
{
	struct victim victim = { .work = NULL };
	struct specimen *table = &victim.table;
	unsigned char *bytes;
	unsigned refused = 0;
	uint32_t columns;
	int64_t *times, time = 0;

	(void)state;
	specimen_make(table, SPECIMEN_TICKS, 1024, 17);
	times = (int64_t *)(uintptr_t)table->columns[0].values;
	for (size_t i = 0; i < 1024; i++) {
		time += i % 20 == 3 ? INT64_C(1) << (40 + i % 9) : 7;
		times[i] = time;
	}
	columns = table->count;
	table->count = 1;
	packing_make(&victim.packing, table, 0, NULL);
	victim.damaged.length = victim.packing.length;
	victim.damaged.bytes = guarded_make(victim.packing.length);
	victim.work = guarded_make(bci_pack_decode_work());
	victim.out[0] = guarded_make(specimen_column_bytes(table, 0));
	for (size_t bit = 0; bit < 8 * victim.packing.length; bit++) {
		bytes = victim_restore(&victim);
		bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
		sign_pack(bytes, victim.damaged.length);
		refused += !victim_read(&victim, bytes, victim.damaged.length);
	}
	assert_true(refused > 0);
	table->count = columns;
	victim_free(&victim);
}

/* What is asked before the values are dropped. */
static void
a_segment_of_other_values_is_told(void **state)
{
	void *work = malloc(bci_pack_compare_work());

	(void)state;
	for (size_t i = 0; i < VICTIM_KINDS; i++) {
		struct victim victim = { .work = NULL };
		struct bc_error err = { 0 };
		struct bci_pack pack;

		victim_make(&victim, victim_kinds[i], 9000);
		packing_open(&victim.packing, &pack);
		for (uint32_t j = 0; j < victim.table.count; j++) {
			struct bci_pack_column *column =
				&victim.table.columns[j];
			unsigned char *last =
				(unsigned char *)(uintptr_t)column->values +
				specimen_column_bytes(&victim.table, j) - 1;

			assert_status(bci_pack_compare(
					      &pack, victim.table.columns,
					      victim.table.count, work, &err),
			              BC_OK, &err);
			*last ^= 1;
			assert_status(bci_pack_compare(
					      &pack, victim.table.columns,
					      victim.table.count, work, &err),
			              BC_CORRUPT, &err);
			assert_int_equal(err.row, 8192);
			*last ^= 1;
		}
		assert_int_equal(bci_pack_compare(&pack, victim.table.columns,
		                                  victim.table.count - 1, work,
		                                  NULL),
		                 BC_CORRUPT);
		victim.table.columns[0].type = BC_TEXT;
		assert_int_equal(bci_pack_compare(&pack, victim.table.columns,
		                                  victim.table.count, work,
		                                  NULL),
		                 BC_CORRUPT);
		victim.table.columns[0].type = BC_I64;
		victim_free(&victim);
	}
	free(work);
}

/* Headers that ask for more than there may be, each refused by itself. */
static void
h18_claims_beyond_the_limits_are_refused(void **state)
{
	static const struct {
		size_t at;
		size_t bytes;
		uint64_t value;
		enum bc_status status;
	} cases[] = {
		{ 0, 4, 0x4B504341, BC_FORMAT },
		{ 4, 2, 2, BC_FORMAT },
		{ 4, 2, 0, BC_FORMAT },
		{ 6, 2, 1, BC_CORRUPT },
		{ 8, 8, BCI_PACK_RAW_MAX + 1, BC_CORRUPT },
		{ 8, 8, UINT64_C(1) << 32, BC_CORRUPT },
		{ 8, 8, UINT64_MAX, BC_CORRUPT },
		{ 8, 8, 1025, BC_CORRUPT },
		{ 16, 4, 0, BC_CORRUPT },
		{ 16, 4, BC_COLUMNS_MAX + 1, BC_CORRUPT },
		{ 16, 4, UINT32_MAX, BC_CORRUPT },
		{ 20, 4, 0, BC_CORRUPT },
		{ 20, 4, 7, BC_CORRUPT },
		{ 20, 4, UINT32_MAX, BC_CORRUPT },
		{ 24, 8, 1, BC_CORRUPT },
		{ 24, 8, UINT64_MAX, BC_CORRUPT },
		{ BCI_PACK_HEADER, 1, BCI_CODECS, BC_CORRUPT },
		{ BCI_PACK_HEADER + 1, 1, 5, BC_CORRUPT },
		{ BCI_PACK_HEADER + 2, 1, 0, BC_CORRUPT },
		{ BCI_PACK_HEADER + 2, 1, 7, BC_CORRUPT },
		{ BCI_PACK_HEADER + 3, 1, 1, BC_CORRUPT },
		{ BCI_PACK_HEADER + 4, 2, 1, BC_CORRUPT }, /* Twice. */
		{ BCI_PACK_HEADER + 4, 2, 6, BC_CORRUPT },
		{ BCI_PACK_HEADER + 6, 2, 0, BC_CORRUPT },
		{ BCI_PACK_HEADER + 12, 4, 0, BC_CORRUPT },
		{ BCI_PACK_HEADER + 12, 4, UINT32_MAX, BC_CORRUPT },
	};
	struct victim victim = { .work = NULL };

	(void)state;
	victim_make(&victim, SPECIMEN_TICKS, 1000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned char *bytes = victim_restore(&victim);
		struct bc_error err = { 0 };
		struct bci_pack pack;

		memcpy(bytes + cases[i].at, &cases[i].value, cases[i].bytes);
		sign_pack(bytes, victim.damaged.length);
		if (bci_pack_open(bytes, victim.damaged.length, &pack, &err) !=
		    cases[i].status)
			fail_msg("case %zu: %s", i, err.message);
	}
	victim_free(&victim);
}

/* The plan of a segment of one column, with this much data. */
static size_t
one_group(unsigned char *bytes, enum bci_codec codec, enum bci_model model,
          enum bc_type type, uint64_t rows, uint32_t data_bytes)
{
	struct bci_group group = {
		.codec = codec,
		.model = model,
		.type = type,
		.data_bytes = data_bytes,
	};
	size_t head;

	bci_group_settle(&group, rows);
	head = BCI_PACK_HEADER + BCI_PACK_PLAN + group.chunks * group.entry +
	       BCI_PACK_SUM;
	memset(bytes, 0, head);
	bci_store32(bytes, BCI_PACK_MAGIC);
	bci_store16(bytes + 4, BCI_PACK_VERSION);
	bci_store64(bytes + 8, rows);
	bci_store32(bytes + 16, 1);
	bci_store32(bytes + 20, 1);
	bci_store64(bytes + 24, head + data_bytes);
	bci_group_store(&group, bytes + BCI_PACK_HEADER);
	for (uint64_t i = 0; i < group.chunks; i++)
		bci_store32(bytes + BCI_PACK_HEADER + BCI_PACK_PLAN +
		                    i * group.entry,
		            (uint32_t)(data_bytes / group.chunks * (i + 1)));
	return head;
}

/* LZ4 data that unpacks to less, or more, than the rows it is for. */
static void
h18_lz4_of_another_length_is_refused(void **state)
{
	/* One literal, then a match that repeats it 19 + 255 * n times. */
	static const size_t repeats[] = { 0, 255, 257, 60000 };
	unsigned char bytes[1024], out[65536];
	void *work = malloc(bci_pack_decode_work());
	void *to[1] = { out };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct bc_error err = { 0 };
		struct bci_pack pack;
		size_t at, n,
			head = one_group(bytes, BCI_CODEC_LZ4, BCI_MODEL_BYTES,
		                         BC_U8, 65536, 0);

		at = head;
		bytes[at++] = 0x1F;
		bytes[at++] = 'x';
		bytes[at++] = 1;
		bytes[at++] = 0;
		for (n = 0; n + 255 <= repeats[i] && at < 1000; n += 255)
			bytes[at++] = 255;
		bytes[at++] = 0;
		bytes[at++] = 0x50;
		memcpy(bytes + at, "abcde", 5);
		at += 5;
		(void)one_group(bytes, BCI_CODEC_LZ4, BCI_MODEL_BYTES, BC_U8,
		                65536, (uint32_t)(at - head));
		sign_pack(bytes, at);
		assert_status(bci_pack_open(bytes, at, &pack, &err), BC_OK,
		              &err);
		assert_status(bci_pack_decode(&pack, 0, 65536, to, work, &err),
		              BC_CORRUPT, &err);
	}
	free(work);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(every_flipped_bit_is_noticed),
		cmocka_unit_test(every_flipped_bit_that_is_signed_does_no_harm),
		cmocka_unit_test(fields_of_any_value_do_no_harm),
		cmocka_unit_test(random_damage_does_no_harm),
		cmocka_unit_test(exchanged_blocks_are_noticed),
		cmocka_unit_test(changes_of_an_open_segment_do_no_harm),
		cmocka_unit_test(a_plan_that_is_cut_is_refused),
		cmocka_unit_test(patches_of_wide_times_must_ascend),
		cmocka_unit_test(a_segment_of_other_values_is_told),
		cmocka_unit_test(h18_claims_beyond_the_limits_are_refused),
		cmocka_unit_test(h18_lz4_of_another_length_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
