/* SPDX-License-Identifier: MIT */
/*
 * press.h - general compressors as rivals of the codec, as far as they were
 * there when the benchmarks were built.
 */
#ifndef BENCH_PRESS_H
#define BENCH_PRESS_H

#include <stdbool.h>
#include <stddef.h>

struct press {
	const char *name;
	int level;
	/* Compress 'bytes' bytes of 8-byte values; returns the bytes at 'out',
	   which has room for press_bound(), 0 if that fails. */
	size_t (*pack)(const struct press *press, const void *in, size_t bytes,
	               void *out);
	bool (*unpack)(const void *in, size_t packed, void *out, size_t bytes);
};

extern const struct press presses[];
extern const size_t press_count;

/* Room for 'bytes' bytes compressed by any of them. */
size_t press_bound(size_t bytes);

/* Say on standard error which rivals are absent. */
void press_say_absent(void);

#endif /* BENCH_PRESS_H */
