/* SPDX-License-Identifier: MIT */
/*
 * measure.h - what the puts of a commit take, and room for it.
 */
#ifndef BCI_MEASURE_H
#define BCI_MEASURE_H

#include "arena.h"
#include "operation.h"

/* Whether it is a put that counts. */
static inline bool
bci_operation_puts(const struct bci_operation *operation)
{
	return operation->deed == BCI_PUT && !operation->superseded;
}

/* Whether it shares a value with others, if there are any. */
static inline bool
bci_operation_is_small(const struct bci_operation *operation)
{
	return operation->plan.bytes < BCI_VALUE_MIN;
}

/* Whether it may lie in its entry record, if it comes alone. */
static inline bool
bci_operation_is_tiny(const struct bci_operation *operation)
{
	return operation->bare.bytes <= BCI_INLINE_MAX &&
	       operation->key_bytes + sizeof(struct bci_entry_record) +
	                       sizeof(struct bci_locator) +
	                       operation->bare.bytes <=
	               BCI_LEAF_BYTES;
}

/* Bytes of a small segment in a bundle: the next begins on a line again. */
static inline uint64_t
bci_operation_bundled(const struct bci_operation *operation)
{
	return bci_round_up(operation->plan.bytes, BCI_LINE);
}

/*
 * Check the limits of all puts, decide whether small ones share values (one
 * alone that is tiny lies in its entry record if that may be), and make room:
 * others are evicted.  Errors as bc_put() lists them.
 */
enum bc_status bci_measure(struct bci_writer *writer,
                           const struct bci_operation *operations, size_t count,
                           uint64_t bundle_bytes, bool may_inline,
                           bool *bundling, struct bc_error *err);

/*
 * Rows that a segment of at most 'limit' bytes may have, at least one: exactly
 * if they are fewer than 'unit', else perhaps a few less.
 */
uint64_t bci_measure_rows(const struct bci_value *value, size_t key_bytes,
                          uint64_t limit, uint64_t unit);

/*
 * Make room for a segment of a series, of which 'written' bytes were written
 * before it.  If it 'grows' and only older segments of its own could go, room
 * is taken in advance: writer->overdrawn.  Errors as bci_writer_make_room().
 */
enum bc_status bci_measure_segment(struct bci_writer *writer, uint64_t bytes,
                                   bool grows, uint64_t written,
                                   struct bc_error *err);

#endif /* BCI_MEASURE_H */
