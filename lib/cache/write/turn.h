/* SPDX-License-Identifier: MIT */
/*
 * turn.h - whose turn it is to store an entry: that of who fetches it, unless
 * it takes so long that another may have fetched it instead.
 */
#ifndef BCI_TURN_H
#define BCI_TURN_H

#include "writer.h"

struct bci_turn {
	int64_t ends_ns;   /* of the monotonic clock */
	uint64_t revision; /* of the entry as last seen; 0: there was none */
};

/* Whether the turn has ended and another has changed the entry meanwhile. */
enum bc_status bci_turn_is_over(struct bci_writer *writer, const char *key,
                                size_t key_bytes, const struct bci_turn *turn,
                                bool *over, struct bc_error *err);

/* Remember the revision that the entry has in the writer's transaction. */
enum bc_status bci_turn_renew(struct bci_writer *writer, const char *key,
                              size_t key_bytes, struct bci_turn *turn,
                              struct bc_error *err);

#endif /* BCI_TURN_H */
