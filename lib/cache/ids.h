/* SPDX-License-Identifier: MIT */
/*
 * ids.h - a set of ids of entries: an open hash table.  0 is no id.
 */
#ifndef BCI_IDS_H
#define BCI_IDS_H

#include "common.h"

/* Zeroed: empty. */
struct bci_ids {
	uint64_t *slots; /* 0: free; NULL: there is no table yet */
	unsigned shift;  /* of a hash, to an index */
	uint32_t mask;   /* slots - 1 */
	uint32_t count;
};

static inline bool
bci_ids_has(const struct bci_ids *ids, uint64_t id)
{
	uint64_t at;

	if (ids->slots == NULL)
		return false;
	for (at = id * 0x9e3779b97f4a7c15ull >> ids->shift; ids->slots[at] != 0;
	     at = (at + 1) & ids->mask) {
		if (ids->slots[at] == id)
			return true;
	}
	return false;
}

/* Make room for one more; BC_OK or BC_NOMEM. */
enum bc_status bci_ids_reserve(struct bci_ids *ids,
                               const struct bc_allocator *allocator);

/* Add one that is not there, with the room that was made for it. */
void bci_ids_add(struct bci_ids *ids, uint64_t id);

/* Make it empty; the table stays. */
void bci_ids_clear(struct bci_ids *ids);

void bci_ids_free(struct bci_ids *ids, const struct bc_allocator *allocator);

#endif /* BCI_IDS_H */
