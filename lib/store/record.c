/* SPDX-License-Identifier: MIT */
/*
 * record.c - see record.h.
 */
#include "common.h"

#include "hash.h"
#include "record.h"

uint32_t
bci_series_sum(const void *key, size_t key_bytes,
               const struct bci_entry_record *head,
               const struct bci_series_record *series)
{
	struct {
		uint64_t key, id;
		uint32_t schema, reserved;
		struct bci_series_record series;
	} whole = { .id = head->id, .schema = head->schema, .series = *series };

	_Static_assert(sizeof(whole) == 152, "it has no padding");
	whole.key = bci_hash64(key, key_bytes);
	whole.series.slot = whole.series.sum = 0;
	whole.series.refresh_ns = whole.series.fetched_ns = 0;
	return (uint32_t)bci_hash64(&whole, sizeof(whole));
}
