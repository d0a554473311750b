/* SPDX-License-Identifier: MIT */
/*
 * parent.h - entries that were made of another one, and whether they still are
 * what they would be if they were made now.
 */
#ifndef BCI_PARENT_H
#define BCI_PARENT_H

#include "writer.h"

/* Whoever stores it does so by the way, and waits no longer for the lock. */
#define BCI_PARENT_WAIT_NS INT64_C(50000000)

/* The entry that a value was made of, as it was then. */
struct bci_parent {
	const char *key;
	size_t key_bytes;
	uint64_t revision;
};

/*
 * Whether an entry was made of what its parent, now of this revision, holds.
 * It was stored only if the parent had not changed since it was read, so it has
 * the later revision of the two until that changes.
 */
static inline bool
bci_parent_is_same(const struct bci_entry_record *head, uint64_t revision)
{
	return (head->flags & BCI_ENTRY_DERIVED) != 0 &&
	       head->revision > revision;
}

/*
 * Whether to store the value that was made for 'key': not if the parent has
 * changed, nor if another has stored the same meanwhile.
 */
enum bc_status bci_parent_wants(struct bci_writer *writer, const char *key,
                                size_t key_bytes,
                                const struct bci_parent *parent, bool *wants,
                                struct bc_error *err);

/*
 * Whether an entry with this head is one that was derived and does not hold any
 * more: what it was made of is gone, or has changed.  It is of no use but to be
 * made anew in its place.
 */
enum bc_status bci_parent_is_lost(struct bci_writer *writer,
                                  const struct bci_entry_record *head,
                                  bool *lost, struct bc_error *err);

/*
 * How long to wait for other writers: who reads has no patience, and can do
 * without what it would have stored.
 */
static inline int64_t
bci_parent_patience(const struct bci_parent *parent, int64_t timeout_ns)
{
	return parent != NULL && timeout_ns > BCI_PARENT_WAIT_NS
	               ? BCI_PARENT_WAIT_NS
	               : timeout_ns;
}

#endif /* BCI_PARENT_H */
