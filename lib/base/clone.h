/* SPDX-License-Identifier: MIT */
/*
 * clone.h - the bytes of one file into another.
 */
#ifndef BCI_CLONE_H
#define BCI_CLONE_H

#include "common.h"

/* Called after each piece with how many bytes it had, holes included. */
typedef void bci_clone_step(void *context, uint64_t bytes);

/*
 * Copy the first 'bytes' bytes of 'from', or as many as it has, to 'to', an
 * empty file.  Holes stay holes, and where the file system can the blocks are
 * shared.  BC_OK, BC_NOSPACE, BC_IO.
 */
enum bc_status bci_clone(int from, int to, uint64_t bytes, bci_clone_step *step,
                         void *context, struct bc_error *err);

#endif /* BCI_CLONE_H */
