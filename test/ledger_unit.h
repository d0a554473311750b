/* SPDX-License-Identifier: MIT */
/*
 * ledger_unit.h - ledgers in the directory of the running test.
 */
#ifndef BARCACHE_TEST_LEDGER_UNIT_H
#define BARCACHE_TEST_LEDGER_UNIT_H

#include "dir_unit.h"

#include "alloc.h"
#include "ledger.h"

#define CACHE_ID 99

/* Opening must work, whether or not there is a ledger then. */
void open_ledger(struct bci_ledger *ledger, uint64_t cache_id, bool may_write);
void close_ledger(struct bci_ledger *ledger);

#endif /* BARCACHE_TEST_LEDGER_UNIT_H */
