/* SPDX-License-Identifier: MIT */
/*
 * turn.c - what comes too late is dropped.
 *
 * Whoever waits for a fetch gives up after a while and fetches itself.  If the
 * first one wakes up after that, what it hands over is older than what is
 * stored.  Both are decided under the writer lock, so that no commit comes in
 * between.
 */
#include "common.h"

#include "clock.h"
#include "entry.h"
#include "error.h"
#include "turn.h"

/* The revision of an entry in the writer's transaction; 0 if there is none. */
static enum bc_status
turn_revision(struct bci_writer *writer, const char *key, size_t key_bytes,
              uint64_t *revision, struct bc_error *err)
{
	struct bci_entry entry;
	enum bc_status status;
	bool damaged;

	*revision = 0;
	status = bci_entry_get(writer->txn, &writer->env->tables, key,
	                       key_bytes, &entry, &damaged);
	if (status == BC_MISS || damaged)
		return BC_OK;
	if (status != BC_OK)
		return bci_fail(err, status, "the record of entry %s", key);
	if (!bci_entry_is_ghost(&entry))
		*revision = entry.head.revision;
	return BC_OK;
}

enum bc_status
bci_turn_is_over(struct bci_writer *writer, const char *key, size_t key_bytes,
                 const struct bci_turn *turn, bool *over, struct bc_error *err)
{
	uint64_t revision;
	enum bc_status status;

	*over = false;
	if (bci_clock_monotonic_ns() < turn->ends_ns)
		return BC_OK;
	status = turn_revision(writer, key, key_bytes, &revision, err);
	*over = revision != turn->revision;
	return status;
}

enum bc_status
bci_turn_renew(struct bci_writer *writer, const char *key, size_t key_bytes,
               struct bci_turn *turn, struct bc_error *err)
{
	return turn_revision(writer, key, key_bytes, &turn->revision, err);
}
