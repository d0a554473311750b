/* SPDX-License-Identifier: MIT */
/*
 * growth.h - appends to series, and removals of ranges, as parts of a commit.
 */
#ifndef BCI_GROWTH_H
#define BCI_GROWTH_H

#include "operation.h"
#include "writer.h"

/*
 * Apply an append or a cut; *changed says whether anything is to be committed.
 * The operation's counts are filled.  Errors as bc_append() lists them.
 */
enum bc_status bci_growth_apply(struct bci_writer *writer,
                                struct bci_operation *operation, bool *changed,
                                struct bc_error *err);

#endif /* BCI_GROWTH_H */
