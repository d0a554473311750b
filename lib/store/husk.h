/* SPDX-License-Identifier: MIT */
/*
 * husk.h - arenas that nobody needs any more, to be filled again by who fills
 * one after the other.
 */
#ifndef BCI_HUSK_H
#define BCI_HUSK_H

#include "arena.h"

#define BCI_HUSKS 4

struct bci_husk {
	int dir_fd; /* of its class; borrowed */
	uint64_t number;
};

/* The oldest first; zeroed: none. */
struct bci_husks {
	struct bci_husk each[BCI_HUSKS];
	size_t count;
};

/*
 * Keep arena 'number', which no catalogue names any more, not even one that a
 * power cut might bring back.  Its file has another name from then on, one that
 * nobody looks for and that is swept away after a crash.  False: unlink it.
 */
bool bci_husks_keep(struct bci_husks *husks, int dir_fd, uint64_t number);

/*
 * Have an arena that was just made, and holds nothing, go on in the file of a
 * husk that nobody has open or mapped; nothing if there is none.  What the
 * file had stays behind the arena's end until it is cut there.
 */
enum bc_status bci_husks_use(struct bci_husks *husks,
                             struct bci_appender *appender,
                             uint64_t capacity_bytes, struct bc_error *err);

/* Remove those that nobody has open or mapped, which takes milliseconds each,
 * but for the newest 'keep'. */
void bci_husks_trim(struct bci_husks *husks, size_t keep);

/* Remove all. */
void bci_husks_drop(struct bci_husks *husks);

#endif /* BCI_HUSK_H */
