/* SPDX-License-Identifier: MIT */
/*
 * ledger_unit.c - the helpers of ledger_unit.h.
 */
#include "ledger_unit.h"

void
open_ledger(struct bci_ledger *ledger, uint64_t cache_id, bool may_write)
{
	struct bc_error err;

	assert_status(bci_ledger_open(ledger, dir_fd, cache_id, may_write,
	                              false, &bci_allocator_default, &err),
	              BC_OK, &err);
}

void
close_ledger(struct bci_ledger *ledger)
{
	bci_ledger_close(ledger, &bci_allocator_default);
}
