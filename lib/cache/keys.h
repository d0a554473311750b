/* SPDX-License-Identifier: MIT */
/*
 * keys.h - a list of entries that was gathered to do something with each.
 */
#ifndef BCI_KEYS_H
#define BCI_KEYS_H

#include "common.h"

/* One of them, as it was when it was found. */
struct bci_found {
	uint64_t id, revision;
	int64_t time_ns; /* what it is ordered by, if it is */
	uint64_t bytes;
	unsigned flags; /* of whoever has the list */
	const char *key; /* terminated; moves when the list grows */
	size_t key_bytes;
};

/* Zeroed but for the allocator: none. */
struct bci_keys {
	const struct bc_allocator *allocator;
	unsigned char *data;
	size_t used, room;
	size_t count;
};

/* Append; BC_OK or BC_NOMEM. */
enum bc_status bci_keys_add(struct bci_keys *keys,
                            const struct bci_found *found);

/* The one at *at (0: the first), moving it on; false at the end. */
bool bci_keys_next(const struct bci_keys *keys, size_t *at,
                   struct bci_found *found);

void bci_keys_free(struct bci_keys *keys);

#endif /* BCI_KEYS_H */
