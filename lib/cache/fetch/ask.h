/* SPDX-License-Identifier: MIT */
/*
 * ask.h - one call of a fetch function: what it is asked for, and what it
 * handed over.
 */
#ifndef BCI_ASK_H
#define BCI_ASK_H

#include "interval.h"
#include "turn.h"

struct bci_ask {
	struct bc_fetch fetch; /* what the function sees; first */
	unsigned magic;
	struct bci_turn turn;
	int64_t since_ns; /* from when on it costs; of the monotonic clock */
	struct bci_intervals *done; /* gets the ranges that were handed over */
	bool handed;                /* anything at all */
};

/*
 * Call the function for what ask->fetch says; the turn and 'done' are filled,
 * the rest is zero.  Returns what the function returns, with 'err' filled if
 * that is not BC_OK.
 */
enum bc_status bci_ask(struct bci_ask *ask, bc_fetch_function *function,
                       struct bc_error *err);

#endif /* BCI_ASK_H */
