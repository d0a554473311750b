/* SPDX-License-Identifier: MIT */
/*
 * tracer.h - what a handle reads and puts, appended to a trace.
 */
#ifndef BCI_TRACER_H
#define BCI_TRACER_H

#include "access.h"
#include "environment.h"

struct bc_cache;
struct bci_span;

/* Accesses that a lane keeps in memory; only its owner touches them. */
struct bci_ring {
	struct bci_access *items;
	size_t count;
	char rest[48]; /* no two lanes share a cache line */
};
_Static_assert(sizeof(struct bci_ring) == 64, "ring");

struct bci_tracer {
	struct bci_ring rings[BCI_LANES];
	int fd;
	unsigned fork_count; /* of the process whose accesses these are */
	atomic_bool failed;  /* the file cannot be written: no more of it */
	/* Of the commit in progress, under the writer's mutex. */
	struct bci_access *puts;
	size_t put_count, put_room;
};

/*
 * Begin to append to the file 'path', which is made if it is not there.
 * BC_OK; BC_INVALID if it holds something else than a trace; BC_IO, BC_NOMEM.
 */
enum bc_status bci_tracer_open(const struct bc_allocator *allocator,
                               const char *path, struct bci_tracer **out,
                               struct bc_error *err);
/* What is in memory is gone, unless it was flushed.  NULL is allowed. */
void bci_tracer_close(const struct bc_allocator *allocator,
                      struct bci_tracer *tracer);

/* In a forked child: what is in memory is the parent's. */
void bci_tracer_restart(struct bci_tracer *tracer);

/* Write what is in memory; the caller has no lane. */
void bci_tracer_flush(struct bci_tracer *tracer, struct bci_env *env);

/* Note an access; the caller has the lane. */
void bci_tracer_add(struct bci_tracer *tracer, const struct bci_lane *lane,
                    enum bci_access_kind kind, int64_t now_ns, const char *key,
                    size_t key_bytes, uint64_t bytes);

/* The same for each segment that has rows which a span shows. */
void bci_tracer_span(struct bci_tracer *tracer, const struct bci_lane *lane,
                     const struct bci_span *span, int64_t now_ns);

/*
 * A commit wrote a segment under a key; 'last_ns' NULL: it is the whole entry.
 * Then the commit is made, or not.
 */
void bci_tracer_put(struct bc_cache *cache, const char *key, size_t key_bytes,
                    const int64_t *last_ns, uint64_t bytes, uint64_t cost_ns);
void bci_tracer_committed(struct bci_tracer *tracer, struct bci_env *env,
                          int64_t now_ns);
void bci_tracer_aborted(struct bci_tracer *tracer);

#endif /* BCI_TRACER_H */
