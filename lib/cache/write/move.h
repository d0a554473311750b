/* SPDX-License-Identifier: MIT */
/*
 * move.h - moving live segments to other arenas, byte for byte.
 */
#ifndef BCI_MOVE_H
#define BCI_MOVE_H

#include "apart.h"
#include "live.h"

/* Small segments share values of at most this many bytes. */
#define BCI_MOVE_SHARED (64u << 10)

/* Moves of one step; small segments share a value. */
struct bci_mover {
	struct bci_writer *writer;
	struct bci_apart *apart; /* where copies go, or NULL: to the queue */
	unsigned char *room; /* of the value that is being filled, or NULL */
	uint64_t used, bytes, offset;
	uint64_t shared_bytes; /* of the next one */
	uint32_t arena;
	enum bci_queue queue;
	uint64_t moved_bytes, moved_segments;
};

/* Begin moves to the end of a queue; bci_mover_close() before anything else is
 * appended to it. */
void bci_mover_open(struct bci_mover *mover, struct bci_writer *writer,
                    enum bci_queue queue);
void bci_mover_close(struct bci_mover *mover);

/*
 * Move a segment: all of it is checked, copied, and named at its new place
 * under the same slot, with another credit unless that is 0.  What the entry is
 * does not change, and neither does its revision.  'rest' is how many bytes
 * there may be to move after it.  BC_CORRUPT if it is damaged: nothing was
 * done.
 */
enum bc_status bci_move_segment(struct bci_mover *mover, struct bci_live *live,
                                const struct bci_live_segment *segment,
                                unsigned credit, uint64_t rest,
                                struct bc_error *err);

/*
 * The two halves of it, of which the second may be done by a later transaction:
 * *to is all of the new locator; until it is named nobody knows of the copy.
 * By then the copy may be on the disk, and that need not be waited for.
 */
enum bc_status bci_move_copy(struct bci_mover *mover, struct bci_live *live,
                             const struct bci_live_segment *segment,
                             uint64_t rest, struct bci_locator *to,
                             struct bc_error *err);
enum bc_status bci_move_name(struct bci_mover *mover,
                             const struct bci_live_segment *segment,
                             const struct bci_locator *to, unsigned credit,
                             struct bc_error *err);

#endif /* BCI_MOVE_H */
