/* SPDX-License-Identifier: MIT */
/*
 * recode.c - two dictionaries of a text column to one.
 *
 * A hash table with open addressing, at most half full, that holds the codes
 * of the common dictionary and lives for one call.
 */
#include "common.h"

#include "alloc.h"
#include "error.h"
#include "hash.h"
#include "recode.h"

#define RECODE_SLOTS 16 /* at least */

/* The common dictionary so far, and where its codes are found. */
struct recode_table {
	const struct bci_text *old, *new;
	const uint32_t *added;
	uint32_t old_count, count;
	uint32_t *slots; /* code + 1, or 0 */
	uint64_t mask;
};

/* The string of a common code. */
static const struct bci_text *
recode_text(const struct recode_table *table, uint32_t code)
{
	if (code < table->old_count)
		return &table->old[code];
	return &table->new[table->added[code - table->old_count]];
}

/* The slot that holds a string, or the free one where it belongs. */
static uint32_t *
recode_find(const struct recode_table *table, const struct bci_text *text)
{
	uint64_t at = bci_hash64(text->text, text->bytes) & table->mask;
	const struct bci_text *other;

	for (; table->slots[at] != 0; at = (at + 1) & table->mask) {
		other = recode_text(table, table->slots[at] - 1);
		if (other->bytes == text->bytes &&
		    memcmp(other->text, text->text, text->bytes) == 0)
			break;
	}
	return &table->slots[at];
}

enum bc_status
bci_recode(const struct bc_allocator *allocator, const struct bci_text *old,
           uint32_t old_count, const struct bci_text *new, uint32_t new_count,
           uint32_t *recode, uint32_t *added, uint32_t *added_count,
           struct bc_error *err)
{
	struct recode_table table = { old, new, added, old_count, 0, NULL, 0 };
	uint64_t strings = (uint64_t)old_count + new_count;
	uint64_t slots = RECODE_SLOTS;
	uint32_t *slot;

	*added_count = 0;
	if (strings >= UINT32_MAX)
		return bci_fail(err, BC_TOO_LARGE,
		                "a dictionary of %llu strings",
		                (unsigned long long)strings);
	while (slots < 2 * strings)
		slots *= 2;
	table.mask = slots - 1;
	table.slots = bci_zalloc(allocator, slots, sizeof(*table.slots));
	if (table.slots == NULL)
		return bci_fail(err, BC_NOMEM,
		                "no memory to compare dictionaries");
	for (; table.count < old_count; table.count++) {
		slot = recode_find(&table, &old[table.count]);
		if (*slot == 0)
			*slot = table.count + 1;
	}
	for (uint32_t code = 0; code < new_count; code++) {
		slot = recode_find(&table, &new[code]);
		if (*slot == 0) {
			added[(*added_count)++] = code;
			*slot = ++table.count;
		}
		recode[code] = *slot - 1;
	}
	bci_free(allocator, table.slots);
	return BC_OK;
}
