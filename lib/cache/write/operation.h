/* SPDX-License-Identifier: MIT */
/*
 * operation.h - a put, an append or a removal, checked and made ready before
 * any lock is taken; applying many of them in one commit.
 */
#ifndef BCI_OPERATION_H
#define BCI_OPERATION_H

#include "cache.h"
#include "parcel.h"
#include "parent.h"
#include "segment.h"
#include "turn.h"

enum bci_deed {
	BCI_PUT,    /* insert or replace a value */
	BCI_REMOVE, /* remove an entry */
	BCI_APPEND, /* merge rows into a series */
	BCI_CUT     /* remove a range of a series */
};

struct bci_operation {
	enum bci_deed deed;
	unsigned flags; /* enum bc_put_flags */
	char *key;
	size_t key_bytes;
	struct bci_value value;
	struct bc_column *columns; /* copies; data is borrowed */
	struct bc_schema *schema;
	unsigned char *schema_stored;
	char *request; /* canonical text or NULL */
	size_t request_bytes;
	enum bc_placement placement;
	bool packed;              /* 'parcel' was made */
	struct bci_parcel parcel; /* of what goes to the cold tier */
	int64_t ttl_ns;
	uint64_t dataset_id, cost_ns, suspect_rows, payload_bytes;
	const char **tags;               /* ended by NULL; NULL: as they were */
	char *backtest;                  /* or NULL */
	struct bc_counts *counts;        /* the caller's, or NULL */
	struct bci_turn *turn;           /* borrowed, or NULL */
	const struct bci_parent *parent; /* borrowed, or NULL */
	struct bci_segment_plan plan;    /* with schema and key */
	struct bci_segment_plan bare;    /* without */
	size_t sequence;                 /* place in the batch */
	bool superseded; /* a later put or removal has the same key */
	bool existed;    /* of a removal: there was something */
	/* Of appends and cuts: the range, and how to merge. */
	int64_t from_ns, to_ns;
	enum bc_merge merge;
	bool open;          /* the last row is a bar that had not ended */
	int64_t refresh_ns; /* as in bc_append_options */
	uint64_t *removed;  /* the caller's, or NULL: rows of a cut */
};

/* Whether it replaces all that was there under its key. */
static inline bool
bci_operation_resets(const struct bci_operation *operation)
{
	return operation->deed == BCI_PUT || operation->deed == BCI_REMOVE;
}

/*
 * Check the arguments of a put and make an operation of it.  Errors as bc_put()
 * lists them; 'operation' is to be freed in any case.
 */
enum bc_status bci_operation_put(const struct bc_allocator *allocator,
                                 const char *key, const struct bc_frame *frame,
                                 const struct bc_put_options *options,
                                 struct bc_counts *counts,
                                 struct bci_operation *operation,
                                 struct bc_error *err);
enum bc_status bci_operation_blob(const struct bc_allocator *allocator,
                                  const char *key, const void *data,
                                  uint64_t bytes,
                                  const struct bc_put_options *options,
                                  struct bci_operation *operation,
                                  struct bc_error *err);
enum bc_status bci_operation_remove(const struct bc_allocator *allocator,
                                    const char *key,
                                    struct bci_operation *operation,
                                    struct bc_error *err);

/*
 * The same for bc_append() and bc_remove_range().  The range of an append is
 * found here, if it is not given.
 */
enum bc_status bci_operation_append(const struct bc_allocator *allocator,
                                    const char *key,
                                    const struct bc_frame *frame,
                                    const struct bc_append_options *options,
                                    struct bc_counts *counts,
                                    struct bci_operation *operation,
                                    struct bc_error *err);
enum bc_status bci_operation_cut(const struct bc_allocator *allocator,
                                 const char *key, int64_t from_ns,
                                 int64_t to_ns, uint64_t *removed,
                                 struct bci_operation *operation,
                                 struct bc_error *err);

void bci_operation_free(const struct bc_allocator *allocator,
                        struct bci_operation *operation);

/*
 * Sort by key, and by order of arrival; mark what a later put or removal of the
 * same key makes void.
 */
void bci_operations_sort(struct bci_operation *operations, size_t count);

/*
 * Apply 'count' operations in one commit.  Of several on one key the last put
 * or removal holds, and what comes behind it applies in order.  If nothing is
 * changed nothing is committed.  The array is reordered.
 *
 * An operation with a turn or a parent is alone.  If the turn is over, or the
 * parent does not want it, it is dropped: BC_OK, and nothing counted.  Else the
 * turn knows the entry's new revision afterwards.
 */
enum bc_status bci_operations_commit(struct bc_cache *cache,
                                     struct bci_operation *operations,
                                     size_t count, struct bc_error *err);

/* BC_EXISTS if it is to be new under its key, and 'entry' is there: neither
 * evicted nor expired. */
enum bc_status bci_operation_check_new(const struct bci_operation *operation,
                                       const struct bci_entry *entry,
                                       int64_t now_ns, struct bc_error *err);

#endif /* BCI_OPERATION_H */
