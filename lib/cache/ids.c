/* SPDX-License-Identifier: MIT */
/*
 * ids.c - a set of ids.
 *
 * Ids are small numbers in a row, which a multiplication spreads over a table
 * that is never more than half full.
 */
#include "common.h"

#include "alloc.h"
#include "ids.h"

#define IDS_BITS 9 /* slots of a table, at first */

void
bci_ids_clear(struct bci_ids *ids)
{
	if (ids->slots != NULL)
		memset(ids->slots, 0, (ids->mask + 1ull) * sizeof(*ids->slots));
	ids->count = 0;
}

void
bci_ids_add(struct bci_ids *ids, uint64_t id)
{
	uint64_t at = id * 0x9e3779b97f4a7c15ull >> ids->shift;

	while (ids->slots[at] != 0)
		at = (at + 1) & ids->mask;
	ids->slots[at] = id;
	ids->count++;
}

enum bc_status
bci_ids_reserve(struct bci_ids *ids, const struct bc_allocator *allocator)
{
	unsigned bits = ids->slots != NULL ? 65 - ids->shift : IDS_BITS;
	struct bci_ids grown = { .shift = 64 - bits,
		                 .mask = (uint32_t)((1ull << bits) - 1) };

	if (ids->slots != NULL && ids->count < ids->mask / 2)
		return BC_OK;
	if (bits > 32)
		return BC_NOMEM;
	grown.slots = bci_zalloc(allocator, 1ull << bits, sizeof(*grown.slots));
	if (grown.slots == NULL)
		return BC_NOMEM;
	for (uint64_t i = 0; ids->slots != NULL && i <= ids->mask; i++) {
		if (ids->slots[i] != 0)
			bci_ids_add(&grown, ids->slots[i]);
	}
	bci_free(allocator, ids->slots);
	*ids = grown;
	return BC_OK;
}

void
bci_ids_free(struct bci_ids *ids, const struct bc_allocator *allocator)
{
	bci_free(allocator, ids->slots);
	*ids = (struct bci_ids){ 0 };
}
