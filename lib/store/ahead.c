/* SPDX-License-Identifier: MIT */
/*
 * ahead.c - page faults of moved segments, several at a time.
 *
 * A process that reads on while compaction moves what it reads finds each
 * segment in a mapping that is new to it, and the first get of each would have
 * a page fault of its own: with frames of 1 MiB one get in a thousand.  So the
 * get that finds one moved has the faults of those that were moved beside it as
 * well, of their heads, which is all that a get looks at; whatever its reader
 * looks at then is up to him.
 */
#include "common.h"

#include "ahead.h"
#include "mapping.h"

/* Values of one get, at a few microseconds each. */
#define AHEAD_VALUES 16u

void
bci_map_ahead(struct bci_map *map, uint64_t offset)
{
	uint64_t end =
		atomic_load_explicit(&map->known_bytes, memory_order_relaxed);
	uint64_t at =
		atomic_load_explicit(&map->ahead_bytes, memory_order_relaxed);

	if (offset < at || map->page_bytes < BCI_PAGE)
		return;
	for (unsigned i = 0;
	     i < AHEAD_VALUES && bci_within(at, map->page_bytes, end); i++) {
		const unsigned char *page = map->base + at;

		/* What would have to be read from the disk can wait. */
		if (bci_map_resident(page, BCI_PAGE) == 0 ||
		    !bci_map_ready(page, BCI_PAGE)) {
			at = end;
			break;
		}
		at += bci_max(bci_map_value(map, at, end), map->page_bytes);
	}
	atomic_store_explicit(&map->ahead_bytes, at, memory_order_relaxed);
}
