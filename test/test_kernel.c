/* SPDX-License-Identifier: MIT */
/*
 * test_kernel.c - the loops of each path against plain code and against each
 * other, byte for byte: packing of every width, sums, bars, lengths of
 * integers.
 */
#include "barcache.h"

#include <string.h>

#include "each_kernel.h"

static void
the_best_kernel_is_the_last_there_is(void **state)
{
	const struct bci_kernel *best = NULL;

	(void)state;
	for (int path = 0; path < BCI_PATHS; path++) {
		if (bci_kernel_of((enum bci_path)path) != NULL)
			best = bci_kernel_of((enum bci_path)path);
		else
			print_message("%s skipped: not on this processor\n",
			              names[path]);
	}
	assert_non_null(best);
	assert_ptr_equal(bci_kernel_best(), best);
	assert_null(bci_kernel_of((enum bci_path)BCI_PATHS));
}

/* Field i by the words of the format, a bit at a time. */
static uint32_t
field(const unsigned char *packed, unsigned width, unsigned i)
{
	uint32_t value = 0;

	for (unsigned bit = 0; bit < width; bit++) {
		unsigned at = i / 32 * width + bit;
		uint32_t word =
			bci_load32(packed + 128 * (at / 32) + 4 * (i % 32));

		value |= (word >> at % 32 & 1) << bit;
	}
	return value;
}

static void
check_widths(const struct bci_kernel *kernel)
{
	for (unsigned width = 0; width <= 32; width++) {
		uint32_t values[ROWS] __attribute__((aligned(64)));
		uint32_t back[ROWS + 1] __attribute__((aligned(64)));
		unsigned char packed[128 * 32 + 2];
		uint32_t base = (uint32_t)random64();

		memset(packed, 0xA5, sizeof(packed));
		back[ROWS] = 7;
		for (size_t i = 0; i < ROWS; i++)
			values[i] = (uint32_t)(random64() &
			                       ((UINT64_C(1) << width) - 1));
		kernel->pack(values, width, packed + 1);
		assert_int_equal(packed[0], 0xA5);
		assert_int_equal(packed[1 + 128 * width], 0xA5);
		for (unsigned i = 0; i < ROWS; i++)
			assert_int_equal(field(packed + 1, width, i),
			                 values[i]);
		kernel->unpack(packed + 1, width, base, back);
		for (size_t i = 0; i < ROWS; i++)
			assert_int_equal(back[i], (uint32_t)(values[i] + base));
		assert_int_equal(back[ROWS], 7);
	}
}

static void
every_width_packs_as_the_format_says(void **state)
{
	(void)state;
	with_each(check_widths);
}

static void
check_wide(const struct bci_kernel *kernel)
{
	static uint32_t low[ROWS], high[ROWS];
	static uint64_t out[ROWS];
	uint64_t base = random64();

	for (size_t i = 0; i < ROWS; i++) {
		low[i] = (uint32_t)random64();
		high[i] = (uint32_t)random64();
	}
	kernel->join(low, high, base, out);
	for (size_t i = 0; i < ROWS; i++)
		assert_true(out[i] ==
		            base + ((uint64_t)high[i] << 32 | low[i]));
	kernel->widen(low, base, out);
	for (size_t i = 0; i < ROWS; i++)
		assert_true(out[i] == base + low[i]);
}

/* Fields one behind the other, to the rows that are marked. */
static void
check_marks(const struct bci_kernel *kernel)
{
	static unsigned char in[4 * ROWS + 32];
	static uint32_t fields[ROWS + 8], narrow[ROWS];
	static uint64_t wide[ROWS];

	for (unsigned width = 1; width <= 32; width++) {
		const unsigned shift = 32 - width;
		const size_t rows = 8 * (1 + random64() % (ROWS / 8));
		unsigned char marks[ROWS / 8];
		size_t count = 0, used = 0;

		for (size_t i = 0; i < sizeof(in); i++)
			in[i] = (unsigned char)random64();
		for (size_t i = 0; i < rows / 8; i++) {
			marks[i] = (unsigned char)(random64() & random64());
			count += (size_t)__builtin_popcount(marks[i]);
		}
		memset(narrow, 1, sizeof(narrow));
		memset(wide, 1, sizeof(wide));
		kernel->loosen(in, width, count, fields);
		assert_int_equal(
			kernel->spread32(marks, fields, shift, rows, narrow),
			count);
		assert_int_equal(
			kernel->spread64(marks, fields, shift, rows, wide),
			count);
		for (size_t i = 0; i < ROWS; i++) {
			uint64_t field = 0;

			if (i < rows && (marks[i / 8] >> i % 8 & 1) != 0) {
				size_t bit = used++ * width;

				field = bci_load64(in + bit / 8) >> bit % 8;
				field &= (UINT64_C(1) << width) - 1;
			}
			assert_int_equal(narrow[i],
			                 0x01010101u +
			                         (uint32_t)(field << shift));
			assert_true(wide[i] == UINT64_C(0x0101010101010101) +
			                               (field << shift));
		}
	}
}

static void
fields_go_to_the_rows_that_are_marked(void **state)
{
	(void)state;
	with_each(check_marks);
}

static void
check_unfold(const struct bci_kernel *kernel)
{
	static uint32_t narrow[ROWS];
	static uint64_t wide[ROWS];

	for (size_t i = 0; i < ROWS; i++) {
		wide[i] = i < 4 ? UINT64_MAX - i : i - 4;
		narrow[i] = (uint32_t)wide[i];
	}
	kernel->unfold32(narrow);
	kernel->unfold64(wide);
	assert_true(narrow[0] == UINT32_C(1) << 31);
	assert_true(narrow[1] == INT32_MAX);
	assert_true(wide[0] == UINT64_C(1) << 63);
	assert_true(wide[1] == INT64_MAX);
	for (size_t i = 4; i < ROWS; i++) {
		int64_t half = (int64_t)(i - 4) / 2;

		assert_true((int64_t)wide[i] ==
		            (i % 2 == 0 ? half : -half - 1));
		assert_true((int32_t)narrow[i] == (int64_t)wide[i]);
	}
}

static void
folded_integers_get_their_sign_back(void **state)
{
	(void)state;
	with_each(check_unfold);
}

static void
check_sums(const struct bci_kernel *kernel)
{
	static uint32_t narrow[ROWS];
	static uint64_t wide[ROWS], out[ROWS];
	uint64_t base = random64(), tick = random64(), slope = random64();
	uint64_t unsigned_sum = base, signed_sum = base, wide_sum = base;

	for (size_t i = 0; i < ROWS; i++) {
		narrow[i] = (uint32_t)random64();
		wide[i] = random64();
	}
	kernel->sum_u32(narrow, ROWS - 5, base, tick, slope, out);
	for (size_t i = 0; i < ROWS - 5; i++) {
		unsigned_sum += tick * narrow[i];
		assert_true(out[i] == unsigned_sum + slope * i);
	}
	kernel->sum_i32(narrow, ROWS - 5, base, tick, slope, out);
	for (size_t i = 0; i < ROWS - 5; i++) {
		signed_sum += tick * (uint64_t)(int32_t)narrow[i];
		assert_true(out[i] == signed_sum + slope * i);
	}
	kernel->sum_u64(wide, ROWS - 5, base, tick, slope, out);
	for (size_t i = 0; i < ROWS - 5; i++) {
		wide_sum += tick * wide[i];
		assert_true(out[i] == wide_sum + slope * i);
	}
	kernel->steps(base, slope, ROWS - 5, out);
	for (size_t i = 0; i < ROWS - 5; i++)
		assert_true(out[i] == base + slope * i);
}

/* Streams to bars, of 32 and of 64 bits, with every wrap there is. */
static void
check_bars(const struct bci_kernel *kernel)
{
	static uint32_t narrow[4][ROWS], n[4][ROWS];
	static uint64_t wide[4][ROWS], w[4][ROWS], streams[4][ROWS];
	uint32_t *columns32[4];
	uint64_t *columns64[4];
	uint64_t first = random64(), last64 = first;
	uint32_t last32 = (uint32_t)first;

	for (unsigned i = 0; i < 4; i++) {
		columns32[i] = narrow[i];
		columns64[i] = wide[i];
		for (size_t j = 0; j < ROWS; j++) {
			w[i][j] = wide[i][j] =
				i == 0 && j == 0 ? 0 : random64();
			n[i][j] = narrow[i][j] = (uint32_t)wide[i][j];
		}
	}
	kernel->bars32(columns32, (uint32_t)first);
	kernel->bars64(columns64, first);
	for (size_t j = 0; j < ROWS; j++) {
		int32_t o = (int32_t)(last32 + n[0][j]);
		int32_t c = (int32_t)((uint32_t)o + n[3][j]);
		int64_t p = (int64_t)(last64 + w[0][j]);
		int64_t q = (int64_t)((uint64_t)p + w[3][j]);

		assert_int_equal(narrow[0][j], (uint32_t)o);
		assert_int_equal(narrow[1][j],
		                 (uint32_t)(o > c ? o : c) + n[1][j]);
		assert_int_equal(narrow[2][j],
		                 (uint32_t)(o < c ? o : c) - n[2][j]);
		assert_int_equal(narrow[3][j], (uint32_t)c);
		assert_true(wide[0][j] == (uint64_t)p);
		assert_true(wide[1][j] == (uint64_t)(p > q ? p : q) + w[1][j]);
		assert_true(wide[2][j] == (uint64_t)(p < q ? p : q) - w[2][j]);
		assert_true(wide[3][j] == (uint64_t)q);
		last32 = (uint32_t)c;
		last64 = (uint64_t)q;
	}
	kernel->unbars(wide, ROWS, streams);
	assert_memory_equal(streams, w, sizeof(w));
}

static void
sums_and_bars_wrap_and_match_plain_code(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		with_each(check_wide);
		with_each(check_sums);
		with_each(check_bars);
	}
}

static void
check_lengths(const struct bci_kernel *kernel)
{
	static uint64_t in[ROWS];
	static uint8_t found[ROWS];

	for (size_t i = 0; i < ROWS; i++) {
		unsigned bits = (unsigned)(i % 65);

		in[i] = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
		if (i / 65 % 3 == 1)
			in[i] = 0 - in[i];
		if (i / 65 % 3 == 2)
			in[i] = random64() >> bits % 64;
	}
	for (int is_signed = 0; is_signed < 2; is_signed++) {
		kernel->lengths(in, ROWS, is_signed != 0, found);
		for (size_t i = 0; i < ROWS; i++) {
			uint64_t x = in[i];
			unsigned bits = 0;

			if (is_signed)
				x = x << 1 ^ (x >> 63 ? UINT64_MAX : 0);
			for (; x != 0; x >>= 1)
				bits++;
			assert_int_equal(found[i], bits);
		}
	}
}

/* Of all lengths up to the most; and where all have that. */
static void
check_longer(const struct bci_kernel *kernel)
{
	static uint8_t lengths[ROWS];

	for (unsigned i = 0; i < 65 * 65; i++) {
		unsigned most = i / 65, width = i % 65, count = 0;

		memset(lengths, (int)most, ROWS);
		for (size_t j = 0; most % 32 != 0 && j < ROWS; j++)
			lengths[j] = (uint8_t)(random64() % (most + 1));
		for (size_t j = 0; j < ROWS; j++)
			count += lengths[j] > width;
		assert_int_equal(kernel->longer(lengths, width), count);
	}
}

static void
lengths_are_counted_right(void **state)
{
	(void)state;
	with_each(check_lengths);
	with_each(check_longer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_best_kernel_is_the_last_there_is),
		cmocka_unit_test(every_width_packs_as_the_format_says),
		cmocka_unit_test(fields_go_to_the_rows_that_are_marked),
		cmocka_unit_test(folded_integers_get_their_sign_back),
		cmocka_unit_test(sums_and_bars_wrap_and_match_plain_code),
		cmocka_unit_test(lengths_are_counted_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
