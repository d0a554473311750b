/* SPDX-License-Identifier: MIT */
/*
 * place.h - the place that a call comes from, by the addresses that it returns
 * to, and a set of such places: a sweep that lets each place fail once needs no
 * thousand trials for a loop of a thousand calls.
 */
#ifndef BARCACHE_FAULT_PLACE_H
#define BARCACHE_FAULT_PLACE_H

#include <execinfo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PLACE_SLOTS 65536 /* a power of 2 */

struct place_set {
	uint64_t slots[PLACE_SLOTS]; /* 0: free */
	size_t count;
};

/* The caller, and who called it, 'frames' of them (up to 30); never 0. */
static inline uint64_t
place_here(int frames)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	void *at[32];
	int count = backtrace(at, frames + 2);

	for (int i = 2; i < count; i++)
		hash = (hash ^ (uintptr_t)at[i]) * UINT64_C(0x100000001b3);
	return hash | 1;
}

/* The slot of a place, which is free or holds it. */
static inline uint64_t *
place_slot(struct place_set *set, uint64_t place)
{
	size_t at = (size_t)(place * UINT64_C(0x9e3779b97f4a7c15) >> 48);

	while (set->slots[at] != 0 && set->slots[at] != place)
		at = (at + 1) % PLACE_SLOTS;
	return &set->slots[at];
}

static inline bool
place_is_known(struct place_set *set, uint64_t place)
{
	return *place_slot(set, place) != 0;
}

/* Sets that are half full take no more. */
static inline void
place_add(struct place_set *set, uint64_t place)
{
	if (set->count >= PLACE_SLOTS / 2 || place_is_known(set, place))
		return;
	*place_slot(set, place) = place;
	set->count++;
}

#endif /* BARCACHE_FAULT_PLACE_H */
