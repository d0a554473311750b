/* SPDX-License-Identifier: MIT */
/*
 * budget.c - whether a commit fits what the cache may take.
 */
#include "common.h"

#include "arena.h"
#include "error.h"
#include "writer.h"

/* Bytes that a put may still add. */
static uint64_t
budget_left(struct bci_writer *writer)
{
	const struct bci_state_record *state = &writer->state;
	uint64_t budget = writer->config.warm_bytes;
	uint64_t slack = 2 * bci_arena_capacity(budget);
	uint64_t arenas = state->linked_warm_bytes;
	uint64_t all = arenas + bci_ledger_bytes(&writer->env->ledger);
	struct bci_db_facts facts;

	if (bci_db_facts(writer->env->db, &facts, NULL) == BC_OK)
		all += facts.end_bytes;
	if (arenas >= budget || all >= budget + slack)
		return 0;
	return bci_min(budget - arenas, budget + slack - all);
}

enum bc_status
bci_writer_check_room(struct bci_writer *writer, uint64_t bytes,
                      uint64_t new_entries, struct bc_error *err)
{
	const struct bci_state_record *state = &writer->state;
	struct bci_db_facts facts;
	enum bc_status status;
	uint64_t left;

	if (state->entries + new_entries > writer->config.entries_max)
		return bci_fail(err, BC_ENTRIES,
		                "the cache holds %llu of at most %llu entries",
		                (unsigned long long)state->entries,
		                (unsigned long long)writer->config.entries_max);
	status = bci_db_facts(writer->env->db, &facts, err);
	if (status != BC_OK)
		return status;
	if (facts.end_bytes > BCI_CATALOGUE_MAP / 10 * 9)
		return bci_fail(err, BC_FULL, "the catalogue is full");
	bytes += writer->active[BCI_YOUNG].pending_bytes;
	left = budget_left(writer);
	if (bytes > left && writer->active[BCI_YOUNG].arena.segments == 0) {
		/* Nothing in the active arena is live: let it go first. */
		status = bci_writer_seal(writer, BCI_YOUNG, err);
		if (status != BC_OK)
			return status;
		left = budget_left(writer);
	}
	if (bytes > left)
		return bci_fail(err, BC_FULL,
		                "%llu bytes do not fit: %llu of the budget of "
		                "%llu bytes are left",
		                (unsigned long long)bytes,
		                (unsigned long long)left,
		                (unsigned long long)writer->config.warm_bytes);
	return BC_OK;
}
