/* SPDX-License-Identifier: MIT */
/*
 * kernel.h - the loops of the codec that are built once for each kind of
 * processor and chosen at run time: packing of bits, prefix sums, integers to
 * decimals and back.
 *
 * All kernels of one name give the same bytes for the same input, as long as
 * integers stay within BCI_DECIMAL_LIMIT; damaged blocks may exceed it, and
 * then yield any double.
 */
#ifndef BCI_KERNEL_H
#define BCI_KERNEL_H

#include "packed.h"

/* Values are (base + tick * integer) / 10^exponent. */
struct bci_scale {
	double base;
	double tick;
	unsigned exponent;
};

struct bci_kernel {
	const char *name; /* "avx2" and so on */

	/*
	 * BCI_PACK_ROWS fields of 'width' bits (0 to 32): value i is field
	 * i / 32 of lane i mod 32; word k of lane l is the u32 at byte
	 * 128 * k + 4 * l.  Unpacking reads 128 * width bytes and adds 'base';
	 * packing writes as many, values have no bit beyond the width.
	 */
	void (*unpack)(const unsigned char *in, unsigned width, uint32_t base,
	               uint32_t *out);
	void (*pack)(const uint32_t *in, unsigned width, unsigned char *out);

	/* out[i] = base + low[i] (+ 2^32 * high[i]) for a block of rows. */
	void (*widen)(const uint32_t *low, uint64_t base, uint64_t *out);
	void (*join)(const uint32_t *low, const uint32_t *high, uint64_t base,
	             uint64_t *out);

	/*
	 * 'count' fields of 'width' bits (1 to 32), one behind the other.
	 * Reads up to BCI_LAYERS_AHEAD bytes behind the last one, writes up to
	 * seven more values.
	 */
	void (*loosen)(const unsigned char *in, unsigned width, size_t count,
	               uint32_t *out);

	/*
	 * Add the next field, shifted, to each row of the first 'rows' whose
	 * bit is set in 'marks'; returns how many.  Rows and fields have room
	 * for eight at a time, fields for as many as there are rows.
	 */
	size_t (*spread32)(const unsigned char *marks, const uint32_t *fields,
	                   unsigned shift, size_t rows, uint32_t *out);
	size_t (*spread64)(const unsigned char *marks, const uint32_t *fields,
	                   unsigned shift, size_t rows, uint64_t *out);

	/* 0, 1, 2, 3, ... to 0, -1, 1, -2, ..., a block of rows in place. */
	void (*unfold32)(uint32_t *values);
	void (*unfold64)(uint64_t *values);

	/*
	 * Turn the four streams of a block of bars into its prices, in place:
	 * columns are open, high, low, close, and hold the open less the last
	 * close, the high above the body, the low below it, the close less the
	 * open.
	 */
	void (*bars32)(uint32_t *const columns[BCI_GROUP_COLUMNS],
	               uint32_t first);
	void (*bars64)(uint64_t *const columns[BCI_GROUP_COLUMNS],
	               uint64_t first);

	/*
	 * bars32(), and decimal_i32() of rows [from, from + count), in one;
	 * out[i] is where those doubles of columns[i] go, which is of no use
	 * from then on.
	 */
	void (*bars32_decimal)(uint32_t *const columns[BCI_GROUP_COLUMNS],
	                       uint32_t first, size_t from, size_t count,
	                       const struct bci_scale *scale,
	                       void *const out[BCI_GROUP_COLUMNS]);

	/* The four streams of prices; that of the first open is 0. */
	void (*unbars)(uint64_t (*prices)[BCI_PACK_ROWS], size_t count,
	               uint64_t (*streams)[BCI_PACK_ROWS]);

	/* Bits of doubles to their images, and back. */
	void (*images)(const uint64_t *in, size_t count, uint64_t *out);

	/* out[i] = first + slope * i. */
	void (*steps)(uint64_t first, uint64_t slope, size_t count,
	              uint64_t *out);

	/* out[i] = base + tick * s[i] + slope * i, s the sums of 'in'. */
	void (*sum_u32)(const uint32_t *in, size_t count, uint64_t base,
	                uint64_t tick, uint64_t slope, uint64_t *out);
	void (*sum_i32)(const uint32_t *in, size_t count, uint64_t base,
	                uint64_t tick, uint64_t slope, uint64_t *out);
	void (*sum_u64)(const uint64_t *in, size_t count, uint64_t base,
	                uint64_t tick, uint64_t slope, uint64_t *out);

	/*
	 * Integers to doubles: unsigned ones (below 2^52), and signed ones,
	 * which have no base.
	 */
	void (*decimal_u32)(const uint32_t *in, size_t count,
	                    const struct bci_scale *scale, double *out);
	void (*decimal_i32)(const uint32_t *in, size_t count,
	                    const struct bci_scale *scale, double *out);
	void (*decimal_u64)(const uint64_t *in, size_t count,
	                    const struct bci_scale *scale, double *out);
	void (*decimal_i64)(const uint64_t *in, size_t count,
	                    const struct bci_scale *scale, double *out);

	/*
	 * out[i] = in[i] - the least of all; out[i] = in[i] - in[i - 1] - the
	 * least difference, out[0] = 0.  Both are signed, and returned.
	 */
	int64_t (*offsets)(const uint64_t *in, size_t count, uint64_t *out);
	int64_t (*steps_of)(const uint64_t *in, size_t count, uint64_t *out);

	/*
	 * lengths[i] = bits of in[i]; signed ones count as their zig-zag form
	 * 0, -1, 1, -2, ... does.
	 */
	void (*lengths)(const uint64_t *in, size_t count, bool is_signed,
	                uint8_t *lengths);

	/* How many lengths of a block of rows are above 'width'. */
	unsigned (*longer)(const uint8_t *lengths, unsigned width);

	/*
	 * Doubles to the integers that give them back bit for bit at this
	 * scale (its base is 0).  bad[i] is all ones, and ticks[i] 0, where
	 * there is none.  Returns how many are bad.
	 */
	size_t (*ticks)(const double *in, size_t count,
	                const struct bci_scale *scale, uint64_t *ticks,
	                uint64_t *bad);
};

/* Those of this build, the most general first; some need a processor's aid. */
enum bci_path {
	BCI_PATH_PORTABLE = 0, /* C, for any processor */
	BCI_PATH_SSE2 = 1,     /* every x86-64 */
	BCI_PATH_AVX2 = 2,     /* AVX2 and FMA */
	BCI_PATH_AVX512 = 3    /* AVX-512 F, VL, DQ, BW */
};
#define BCI_PATHS 4

extern const struct bci_kernel bci_kernel_portable;
extern const struct bci_kernel bci_kernel_sse2;
extern const struct bci_kernel bci_kernel_avx2;
extern const struct bci_kernel bci_kernel_avx512;

/* The kernel of a path; NULL where this build or processor lacks it. */
const struct bci_kernel *bci_kernel_of(enum bci_path path);

/* The fastest one that this processor has. */
const struct bci_kernel *bci_kernel_best(void);

#endif /* BCI_KERNEL_H */
