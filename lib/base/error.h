/* SPDX-License-Identifier: MIT */
/*
 * error.h - filling the caller's struct bc_error, and the meaning of errno.
 */
#ifndef BCI_ERROR_H
#define BCI_ERROR_H

#include "common.h"

/*
 * Fill 'err' (may be NULL) and return 'status', so that a failure is one line:
 * return bci_fail(err, BC_INVALID, "%s is not a timeframe", text);
 */
enum bc_status bci_fail(struct bc_error *err, enum bc_status status,
                        const char *format, ...) BCI_PRINTF(3, 4);

/* The same for a bad row of the caller's data. */
enum bc_status bci_fail_row(struct bc_error *err, enum bc_status status,
                            uint64_t row, const char *format, ...)
	BCI_PRINTF(4, 5);

/* The same for a failed system call: the status follows from 'os_errno'. */
enum bc_status bci_fail_os(struct bc_error *err, int os_errno,
                           const char *format, ...) BCI_PRINTF(3, 4);

/* Whether best effort goes on without what failed so: for want of room, or of a
 * turn to write. */
static inline bool
bci_status_is_let_go(enum bc_status status)
{
	return status == BC_NOSPACE || status == BC_FULL ||
	       status == BC_ENTRIES || status == BC_TOO_LARGE ||
	       status == BC_BUSY;
}

/* The status that an errno stands for: ENOSPC is BC_NOSPACE, and so on. */
enum bc_status bci_status_of(int os_errno);

#endif /* BCI_ERROR_H */
