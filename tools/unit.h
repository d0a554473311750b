/* SPDX-License-Identifier: MIT */
/*
 * unit.h - sizes, durations and counts as people write and read them.
 */
#ifndef TOOL_UNIT_H
#define TOOL_UNIT_H

#include "barcache.h"

#include <stdbool.h>
#include <stdint.h>

#define UNIT_TEXT 32

/* Digits only, and it fits. */
bool unit_parse_count(const char *text, uint64_t *count);

/*
 * A size in bytes: K, M, G, T and KiB, MiB, GiB, TiB (in any case) count in
 * 1024s, KB, MB, GB and TB in 1000s, nothing or B in bytes.
 */
bool unit_parse_size(const char *text, uint64_t *bytes);

/*
 * Exact, and read back as a time to live: "2h", "1500ms", "never", "default".
 * Parts of a millisecond are left out.
 */
const char *unit_format_ttl(int64_t ns, char text[UNIT_TEXT]);

/* A duration: ms, s, m, h, d or w; a number alone is seconds.  Not 0. */
bool unit_parse_duration(const char *text, int64_t *ns);

/* About three digits: "512 B", "1.5 MiB", "10 GiB". */
const char *unit_format_bytes(uint64_t bytes, char text[UNIT_TEXT]);

/* Exact, and unit_parse_size() reads it back: "1GiB", "20GB", "1500". */
const char *unit_format_size(uint64_t bytes, char text[UNIT_TEXT]);

/* The same of a short time: "34 ns", "1.9 us", "246 ms", "12 s". */
const char *unit_format_latency(uint64_t ns, char text[UNIT_TEXT]);

#define UNIT_SPAN_TEXT 40

/* How long, by the two largest units and no further: "3d 12h", "5m", "0s". */
const char *unit_format_span(uint64_t ns, char text[UNIT_SPAN_TEXT]);

#endif /* TOOL_UNIT_H */
