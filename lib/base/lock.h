/* SPDX-License-Identifier: MIT */
/*
 * lock.h - locks between processes: one byte of a file each, held by an open
 * file description (F_OFD_SETLK), so that the kernel frees them when their
 * owner dies and no other close() in the process drops them.
 */
#ifndef BCI_LOCK_H
#define BCI_LOCK_H

#include <sys/types.h>

#include "common.h"

enum bci_lock_kind { BCI_LOCK_SHARED, BCI_LOCK_EXCLUSIVE };

/* Try to lock byte 'at'.  Returns 0, EAGAIN if another holds it, or errno. */
int bci_lock_try(int fd, uint64_t at, enum bci_lock_kind kind);

/* Unlock byte 'at'. */
void bci_lock_release(int fd, uint64_t at);

/*
 * Lock byte 'at' by way of the gate, the byte after it: whoever has the gate is
 * next, so that a waiter gets its turn even beside a holder that takes the lock
 * again at once, and a writer even beside a stream of readers.  Polls until
 * 'deadline_ns' of the monotonic clock.  Returns 0, EAGAIN when the deadline
 * passed, or another errno.
 */
int bci_lock_gated(int fd, uint64_t at, enum bci_lock_kind kind,
                   int64_t deadline_ns);

/* Whether another open file description holds byte 'at' exclusively. */
bool bci_lock_is_held(int fd, uint64_t at);

#endif /* BCI_LOCK_H */
