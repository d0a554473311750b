/* SPDX-License-Identifier: MIT */
/*
 * audit.h - the accounts of a cache, reckoned anew from its entries.
 */
#ifndef BCI_AUDIT_H
#define BCI_AUDIT_H

#include "writer.h"

/*
 * Go through all entries and put right what the transaction finds to be said
 * differently elsewhere: sums of the state and of arenas, free slots of the
 * ledger and, if 'stamps', the slots themselves, rows of tables that belong to
 * no entry, rows of `expiry` that are missing.  An arena that nothing is named
 * in is retired.  Adds to *report.  BC_OK, BC_CORRUPT if the catalogue cannot
 * be read, BC_NOMEM, BC_IO.
 */
enum bc_status bci_audit(struct bci_writer *writer, bool stamps,
                         struct bc_repair_report *report, struct bc_error *err);

#endif /* BCI_AUDIT_H */
