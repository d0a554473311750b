/* SPDX-License-Identifier: MIT */
/*
 * test_bitstream.c - streams of every width, number of rows and size of patches
 * there and back, in the least bytes; and headers that are not allowed.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "bitstream.h"
#include "support.h"

static uint64_t
random64(void)
{
	static uint64_t count;

	return test_mix(11, count++);
}

/* A value of so many bits, as the width of a stream counts them. */
static uint64_t
value_of(unsigned bits, bool is_signed)
{
	uint64_t x = bits == 0 ? 0
	                       : random64() >> (64 - bits) |
	                                 UINT64_C(1) << (bits - 1);

	return is_signed ? x >> 1 ^ (0 - (x & 1)) : x;
}

static struct bci_bitstream
there_and_back(const uint64_t *values, size_t rows, bool is_signed, bool wide)
{
	static struct bci_bitstream_work work;
	static uint32_t narrow[BCI_PACK_ROWS] __attribute__((aligned(64)));
	static uint64_t out[BCI_PACK_ROWS] __attribute__((aligned(64)));
	static unsigned char room[20000];
	const struct bci_kernel *kernel = bci_kernel_best();
	struct bci_bitstream stream, loaded;
	unsigned char header[BCI_BITSTREAM_HEADER];
	bool is_wide = wide;
	size_t bytes;

	bci_bitstream_choose(kernel, values, rows, is_signed, &is_wide,
	                     &stream);
	assert_int_equal(is_wide, wide);
	memset(room, 0xA5, sizeof(room));
	assert_true(bci_bitstream_put(kernel, &stream, values, rows, room) ==
	            room + bci_bitstream_bytes(&stream, rows));
	assert_int_equal(room[bci_bitstream_bytes(&stream, rows)], 0xA5);
	bytes = bci_bitstream_header_bytes(&stream);
	assert_true(bci_bitstream_store(&stream, header) == header + bytes);
	assert_int_equal(
		bci_bitstream_load(header, bytes - 1, rows, wide, &loaded), 0);
	assert_int_equal(bci_bitstream_load(header, bytes, rows, wide, &loaded),
	                 bytes);
	work.layers.end = room + bci_bitstream_bytes(&stream, rows);
	if (wide) {
		assert_true(bci_bitstream_get64(kernel, &loaded, room, rows,
		                                &work, out));
		assert_memory_equal(out, values, 8 * rows);
	} else {
		assert_true(bci_bitstream_get32(kernel, &loaded, room, rows,
		                                &work, narrow));
		for (size_t i = 0; i < rows; i++)
			assert_int_equal(narrow[i], (uint32_t)values[i]);
	}
	return loaded;
}

static void
streams_of_every_width_come_back(void **state)
{
	static const size_t rows[] = { 1, 31, 32, 33, 100, 1023, 1024 };
	uint64_t values[BCI_PACK_ROWS];

	(void)state;
	for (unsigned bits = 0; bits <= 64; bits++) {
		for (unsigned shape = 0; shape < 14; shape++) {
			bool is_signed = shape % 2 != 0;
			size_t n = rows[shape / 2];
			struct bci_bitstream stream;

			for (size_t i = 0; i < n; i++)
				values[i] = value_of(bits, is_signed);
			stream =
				there_and_back(values, n, is_signed, bits > 32);
			assert_int_equal(stream.patches, 0);
			if (n >= 1000) /* Fewer fit into a layer. */
				assert_int_equal(stream.width, bits);
			assert_int_equal(stream.is_signed, is_signed);
		}
	}
}

static void
patches_of_every_size_come_back(void **state)
{
	uint64_t values[BCI_PACK_ROWS];
	bool seen[4] = { false };

	(void)state;
	for (unsigned most = 1; most <= 64; most++) {
		for (unsigned few = 0; few < most; few += 3) {
			bool is_signed = (most + few) % 2 != 0;
			struct bci_bitstream stream;

			for (size_t i = 0; i < BCI_PACK_ROWS; i++)
				values[i] = value_of(i % 128 == 5 ? most : few,
				                     is_signed);
			stream = there_and_back(values, BCI_PACK_ROWS,
			                        is_signed, most > 32);
			if (stream.patches > 0)
				seen[stream.patch_shift] = true;
			if (most > few + 8)
				assert_int_equal(stream.patches, 8);
		}
	}
	for (int i = 0; i < 4; i++)
		assert_true(seen[i]);
}

/* Many long values, some of them longer: layers, of any width. */
static void
layers_of_every_width_come_back(void **state)
{
	static const size_t rows[] = { 1024, 1000, 641 };
	uint64_t values[BCI_PACK_ROWS];
	unsigned depths[BCI_LAYERS + 1] = { 0 };

	(void)state;
	for (unsigned most = 3; most <= 64; most++) {
		for (unsigned shape = 0; shape < 12; shape++) {
			bool is_signed = shape % 2 != 0;
			unsigned few = shape / 2 % 2 * most / 3;
			size_t n = rows[shape / 4];
			struct bci_bitstream stream;

			for (size_t i = 0; i < n; i++) {
				unsigned bits = i % 9 == 0 ? most
				                : i % 2    ? few
				                           : most / 2 + 1;

				values[i] = value_of(bits, is_signed);
			}
			stream =
				there_and_back(values, n, is_signed, most > 32);
			depths[stream.depth]++;
		}
	}
	assert_true(depths[1] > 20);
	assert_true(depths[2] > 20);
}

/* No other width and no other patches take fewer bytes. */
static void
the_choice_is_the_smallest(void **state)
{
	uint64_t values[BCI_PACK_ROWS];

	(void)state;
	for (int round = 0; round < 200; round++) {
		unsigned counts[34] = { 0 }, above = 0, most = 0;
		unsigned spread = 1 + (unsigned)(random64() % 30);
		struct bci_bitstream stream;
		size_t chosen;

		for (size_t i = 0; i < BCI_PACK_ROWS; i++) {
			unsigned bits = (unsigned)(random64() % spread);

			bits = bits * bits / spread;
			values[i] = value_of(bits, false);
			counts[bits]++;
			most = bits > most ? bits : most;
		}
		stream = there_and_back(values, BCI_PACK_ROWS, false, false);
		chosen = bci_bitstream_bytes(&stream, BCI_PACK_ROWS);
		for (unsigned width = most; above <= BCI_PACK_ROWS / 3;
		     width--) {
			unsigned more = most - width;
			unsigned patch = more <= 8 ? 1 : more <= 16 ? 2 : 4;

			assert_true(chosen <=
			            128 * width + above * (2 + patch));
			above += counts[width];
			if (width == 0)
				break;
		}
	}
}

static void
headers_that_are_not_allowed_are_refused(void **state)
{
	static const struct {
		unsigned char header[BCI_BITSTREAM_HEADER];
		size_t narrow, wide; /* bytes, 0 if not allowed */
	} cases[] = {
		{ { 0, 0 }, 2, 2 },
		{ { 32, 0 }, 2, 2 },
		{ { 33, 0 }, 0, 2 },
		{ { 64, 0 }, 0, 2 },
		{ { 65, 0 }, 0, 0 },
		{ { 255, 0 }, 0, 0 },
		{ { 5, 1 }, 2, 2 },
		{ { 5, 2 }, 0, 0 }, /* A size for no patches. */
		{ { 5, 8 | 2, 1, 0 }, 4, 4 },
		{ { 5, 8 | 4, 1, 0 }, 4, 4 },
		{ { 5, 8 | 6, 1, 0 }, 0, 4 },
		{ { 5, 8, 0, 0 }, 0, 0 }, /* No patches after all. */
		{ { 5, 8, 100, 0 }, 4, 4 },
		{ { 5, 8, 101, 0 }, 0, 0 }, /* More than rows. */
		{ { 5, 8, 0, 4 }, 0, 0 },
		{ { 32, 8, 1, 0 }, 0, 4 }, /* Nothing above 32 bits. */
		{ { 64, 8, 1, 0 }, 0, 0 },
		{ { 5, 16, 100, 0, 27 }, 5, 5 },
		{ { 5, 16, 100, 0, 28 }, 0, 5 }, /* More than 32 bits. */
		{ { 5, 16, 100, 0, 32 }, 0, 5 },
		{ { 5, 16, 100, 0, 33 }, 0, 0 },
		{ { 5, 16, 100, 0, 0 }, 0, 0 },
		{ { 5, 16, 0, 0, 9 }, 0, 0 },
		{ { 5, 16, 101, 0, 9 }, 0, 0 },
		{ { 5, 16 | 2, 9, 0, 9 }, 0, 0 }, /* A size of patches. */
		{ { 32, 16, 9, 0, 1 }, 0, 5 },
		{ { 64, 16, 9, 0, 1 }, 0, 0 },
		{ { 5, 24, 50, 0, 9, 50, 0, 18 }, 8, 8 },
		{ { 5, 24, 50, 0, 9, 50, 0, 19 }, 0, 8 },
		{ { 5, 24, 50, 0, 9, 50, 0, 24 }, 0, 0 },
		{ { 5, 24, 50, 0, 9, 51, 0, 9 }, 0, 0 }, /* Not marked. */
		{ { 5, 24, 50, 0, 9, 0, 0, 9 }, 0, 0 },
		{ { 5, 32, 1, 0, 1, 1, 0, 1 }, 0, 0 },
		{ { 5, 128, 1, 0, 1, 1, 0, 1 }, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bci_bitstream stream;

		if (bci_bitstream_load(cases[i].header, 8, 100, false,
		                       &stream) != cases[i].narrow ||
		    bci_bitstream_load(cases[i].header, 8, 100, true,
		                       &stream) != cases[i].wide)
			fail_msg("case %zu", i);
	}
}

/* Read a stream of zeros with what 'in' holds above, both ways. */
static bool
is_read(const struct bci_bitstream *stream, const unsigned char *in,
        size_t bytes, size_t rows)
{
	static struct bci_bitstream_work work;
	static uint32_t narrow[BCI_PACK_ROWS] __attribute__((aligned(64)));
	static uint64_t wide[BCI_PACK_ROWS] __attribute__((aligned(64)));
	bool good;

	assert_int_equal(bci_bitstream_bytes(stream, rows), bytes);
	work.layers.end = in + bytes;
	good = bci_bitstream_get32(bci_kernel_best(), stream, in, rows, &work,
	                           narrow);
	assert_int_equal(bci_bitstream_get64(bci_kernel_best(), stream, in,
	                                     rows, &work, wide),
	                 good);
	return good;
}

static void
patches_that_do_not_ascend_are_refused(void **state)
{
	static const uint16_t rows[][3] = { { 1, 1, 2 },
		                            { 2, 1, 3 },
		                            { 0, 5, 99 },
		                            { 0, 5, 100 },
		                            { 0, 5, 65535 } };
	const struct bci_bitstream stream = { .patches = 3 };

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		unsigned char in[9] = { 0 };

		memcpy(in, rows[i], 6);
		assert_int_equal(is_read(&stream, in, 9, 100), i == 2);
	}
}

static void
marks_that_are_not_as_many_are_refused(void **state)
{
	/* 12 rows, 5 of them marked, 3 of these again. */
	const struct bci_bitstream stream = {
		.depth = 2, .layers = { { 5, 8 }, { 3, 8 } }
	};
	const unsigned char good[] = {
		0x0F, 0x01, 1, 2, 3, 4, 5, 0x15, 6, 7, 8
	};
	static const struct {
		unsigned char at, bits;
	} bad[] = { { 0, 0x10 }, { 0, 0x01 }, { 1, 0x01 },
		    { 1, 0x10 }, { 1, 0x11 }, { 7, 0x01 },
		    { 7, 0x02 }, { 7, 0x20 }, { 7, 0x30 } };
	unsigned char in[sizeof(good)];

	(void)state;
	assert_true(is_read(&stream, good, sizeof(good), 12));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memcpy(in, good, sizeof(good));
		in[bad[i].at] ^= bad[i].bits;
		if (is_read(&stream, in, sizeof(in), 12))
			fail_msg("case %zu", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(streams_of_every_width_come_back),
		cmocka_unit_test(patches_of_every_size_come_back),
		cmocka_unit_test(layers_of_every_width_come_back),
		cmocka_unit_test(the_choice_is_the_smallest),
		cmocka_unit_test(headers_that_are_not_allowed_are_refused),
		cmocka_unit_test(patches_that_do_not_ascend_are_refused),
		cmocka_unit_test(marks_that_are_not_as_many_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
