/* SPDX-License-Identifier: MIT */
/*
 * press.c - see press.h.
 */
#include "press.h"

#include <lz4.h>
#include <stdio.h>
#ifdef BENCH_BLOSC
#include <blosc.h>
#endif
#ifdef BENCH_ZSTD
#include <zstd.h>
#endif

size_t
press_bound(size_t bytes)
{
	return bytes + bytes / 8 + 4096;
}

static size_t
press_lz4(const struct press *press, const void *in, size_t bytes, void *out)
{
	int packed = LZ4_compress_default(in, out, (int)bytes,
	                                  (int)press_bound(bytes));

	(void)press;
	return packed > 0 ? (size_t)packed : 0;
}

static bool
press_lz4_back(const void *in, size_t packed, void *out, size_t bytes)
{
	return LZ4_decompress_safe(in, out, (int)packed, (int)bytes) ==
	       (int)bytes;
}

#ifdef BENCH_BLOSC
static size_t
press_blosc(const struct press *press, const void *in, size_t bytes, void *out)
{
	int packed =
		blosc_compress_ctx(press->level, BLOSC_SHUFFLE, 8, bytes, in,
	                           out, press_bound(bytes), "lz4", 0, 1);

	return packed > 0 ? (size_t)packed : 0;
}

static bool
press_blosc_back(const void *in, size_t packed, void *out, size_t bytes)
{
	(void)packed;
	return blosc_decompress_ctx(in, out, bytes, 1) == (int)bytes;
}
#endif

#ifdef BENCH_ZSTD
static size_t
press_zstd(const struct press *press, const void *in, size_t bytes, void *out)
{
	size_t packed =
		ZSTD_compress(out, press_bound(bytes), in, bytes, press->level);

	return ZSTD_isError(packed) ? 0 : packed;
}

static bool
press_zstd_back(const void *in, size_t packed, void *out, size_t bytes)
{
	return ZSTD_decompress(out, bytes, in, packed) == bytes;
}
#endif

const struct press presses[] = {
	{ "lz4", 1, press_lz4, press_lz4_back },
#ifdef BENCH_BLOSC
	{ "shuffle+lz4", 5, press_blosc, press_blosc_back },
#endif
#ifdef BENCH_ZSTD
	{ "zstd-1", 1, press_zstd, press_zstd_back },
	{ "zstd-3", 3, press_zstd, press_zstd_back },
#endif
};
const size_t press_count = sizeof(presses) / sizeof(presses[0]);

void
press_say_absent(void)
{
#ifndef BENCH_BLOSC
	fputs("absent: shuffle+lz4 (libblosc-dev is not installed)\n", stderr);
#endif
#ifndef BENCH_ZSTD
	fputs("absent: zstd (libzstd-dev is not installed)\n", stderr);
#endif
}
