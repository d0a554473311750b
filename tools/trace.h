/* SPDX-License-Identifier: MIT */
/*
 * trace.h - a record of accesses: what was asked for, when, how large it is and
 * what fetching it costs.  lib/text/access.h has the form of its file.
 */
#ifndef TOOL_TRACE_H
#define TOOL_TRACE_H

#include "barcache.h"

#include <stddef.h>
#include <stdint.h>

#include "access.h"

struct trace_access {
	int64_t time_ns;
	uint64_t key;
	uint64_t bytes;
	uint64_t cost_ns;
	uint32_t id;   /* of the key: from 0 on; by trace_index() */
	uint32_t next; /* index of its next access, or UINT32_MAX; same */
};

struct trace {
	struct trace_access *items; /* misses are not among them */
	size_t count, room;
	uint64_t kinds[BCI_ACCESS_KINDS]; /* lines of the file */
	uint32_t keys;                    /* different ones; by trace_index() */
	uint64_t all_bytes;               /* of one access of each key; same */
};

/* Zeroed memory, or the end of the process. */
void *trace_alloc(size_t count, size_t bytes);

/* Add an access; ends the process if there is no memory. */
void trace_add(struct trace *trace, int64_t time_ns, uint64_t key,
               uint64_t bytes, uint64_t cost_ns);

/*
 * Bring the accesses in order of time, give those of a key that say no cost the
 * cost of the last one that does, and fill 'id', 'next' and what is known of
 * the whole.
 */
void trace_index(struct trace *trace);

/*
 * Read a file.  A miss says only that what was put next was asked for before,
 * so it is counted, and left out.  BC_OK; BC_IO; BC_INVALID with the line.
 */
enum bc_status trace_read(struct trace *trace, const char *path,
                          struct bc_error *err);

/* Write a file; BC_OK, BC_IO. */
enum bc_status trace_write(const struct trace *trace, const char *path,
                           struct bc_error *err);

void trace_free(struct trace *trace);

#endif /* TOOL_TRACE_H */
