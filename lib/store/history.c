/* SPDX-License-Identifier: MIT */
/*
 * history.c - what policies remember of segments that were evicted.
 *
 * A hash table of sets of eight, a cache line each.  An entry is 22 bits of the
 * key's hash above the time of the last access in units of 2^20 ns.  A full set
 * forgets the one that was accessed first, so that the table as a whole forgets
 * what was evicted long ago.
 */
#include "common.h"

#include "history.h"

#define TIME_BITS 42u
#define TIME_MAX ((1ull << TIME_BITS) - 1)
#define TICK_BITS 20u

/* Never 0, which is an entry that is free. */
static uint64_t
history_entry(uint64_t key, int64_t accessed_ns)
{
	uint64_t time = accessed_ns < 0 ? 0 : (uint64_t)accessed_ns;

	time = (time >> TICK_BITS) + 1;
	return key << TIME_BITS | (time < TIME_MAX ? time : TIME_MAX);
}

static uint64_t *
history_set(const struct bci_history *history, uint64_t key)
{
	uint64_t set = (key >> 32) * BCI_HISTORY_SETS >> 32;

	return (uint64_t *)history->ghosts[set];
}

/* The entry of 'key', or NULL. */
static uint64_t *
history_entry_of(const struct bci_history *history, uint64_t key)
{
	uint64_t *set = history_set(history, key);
	uint64_t tag = key << TIME_BITS;

	for (unsigned i = 0; i < BCI_HISTORY_WAYS; i++) {
		if (set[i] != 0 && (set[i] & ~TIME_MAX) == tag)
			return &set[i];
	}
	return NULL;
}

void
bci_history_note(struct bci_history *history, uint64_t key, int64_t accessed_ns)
{
	uint64_t *entry = history_entry_of(history, key);
	uint64_t *set = history_set(history, key);

	if (entry == NULL) {
		entry = set;
		for (unsigned i = 1; i < BCI_HISTORY_WAYS; i++) {
			if ((set[i] & TIME_MAX) < (*entry & TIME_MAX))
				entry = &set[i];
		}
	}
	*entry = history_entry(key, accessed_ns);
}

int64_t
bci_history_find(const struct bci_history *history, uint64_t key)
{
	const uint64_t *entry = history_entry_of(history, key);
	uint64_t time;

	if (entry == NULL)
		return INT64_MIN;
	time = *entry & TIME_MAX;
	return time == 0 ? 0 : (int64_t)((time - 1) << TICK_BITS);
}

void
bci_history_forget(struct bci_history *history, uint64_t key)
{
	uint64_t *entry = history_entry_of(history, key);

	if (entry != NULL)
		*entry = 0;
}
