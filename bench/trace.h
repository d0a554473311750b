/* SPDX-License-Identifier: MIT */
/*
 * trace.h - a record of accesses: what was asked for, when, how large it is and
 * what fetching it costs.
 *
 * As a file it is text, one access a line, in order of time:
 *
 *   barcache-trace 1
 *   # a comment
 *   1700000000000000000 00000000deadbeef 393216 2000000000
 *
 * that is, nanoseconds since 1970, a hash of the key in hexadecimal, bytes as
 * stored, nanoseconds of fetching (0: not known).
 */
#ifndef BENCH_TRACE_H
#define BENCH_TRACE_H

#include <stddef.h>
#include <stdint.h>

struct trace_access {
	int64_t time_ns;
	uint64_t key;
	uint64_t bytes;
	uint64_t cost_ns;
	uint32_t id;   /* of the key: from 0 on; by trace_index() */
	uint32_t next; /* index of its next access, or UINT32_MAX; same */
};

struct trace {
	struct trace_access *items;
	size_t count, room;
	uint32_t keys;       /* different ones; by trace_index() */
	uint64_t all_bytes;  /* of one access of each key; same */
};

/* Add an access; ends the process if there is no memory. */
void trace_add(struct trace *trace, int64_t time_ns, uint64_t key,
               uint64_t bytes, uint64_t cost_ns);

/* Fill 'id' and 'next' of all, and what is known of the whole. */
void trace_index(struct trace *trace);

/* Read a file; ends the process with the line at fault. */
void trace_read(struct trace *trace, const char *path);

/* Write a file; ends the process if that fails. */
void trace_write(const struct trace *trace, const char *path);

void trace_free(struct trace *trace);

#endif /* BENCH_TRACE_H */
