/* SPDX-License-Identifier: MIT */
/*
 * watch.c - whether the wall clock can be believed.
 *
 * A clock may show a wrong year for a moment: a virtual machine that wakes up,
 * a battery that is empty, a slip of the hand.  What expired by it is a miss
 * meanwhile, which does no harm; to remove it would.  So each commit stores how
 * the wall clock stands to the time since the boot, which nobody sets.  If that
 * changes by more than a minute, the clock was set: nothing is removed for its
 * sake until it has stood for a minute.
 *
 * A clock that was set back leaves entries behind that were put in what is now
 * the future.  Then one walk over those that expire shortens what would live
 * longer than its time to live.
 */
#include "common.h"

#include "clock.h"
#include "expire.h"
#include "watch.h"

#define WATCH_NS (60 * BCI_SECOND_NS)

static bool
watch_apart(int64_t a_ns, int64_t b_ns)
{
	int64_t apart_ns;

	return __builtin_sub_overflow(a_ns, b_ns, &apart_ns) ||
	       apart_ns > WATCH_NS || apart_ns < -WATCH_NS;
}

/* Let the entry of a row live no longer than its time to live from now on. */
static enum bc_status
watch_shorten(struct bci_writer *writer, const struct bci_expiry *row,
              struct bc_error *err)
{
	const struct bci_tables *tables = &writer->env->tables;
	struct bci_detail_record detail = { .ttl_ns = BC_TTL_DEFAULT };
	struct bci_expire_entry entry;
	char key[BC_KEY_MAX + 1];
	enum bc_status status;
	int64_t expires_ns;

	memcpy(key, row->key, row->key_bytes);
	key[row->key_bytes] = '\0';
	status = bci_expire_load(writer, key, row->key_bytes, &entry);
	if (status == BC_MISS || status == BC_CORRUPT)
		return BC_OK; /* The sweep will see to the row. */
	if (status != BC_OK || entry.entry.head.id != row->entry_id)
		return status;
	status = bci_detail_load(writer->txn, tables, row->entry_id, &detail);
	if (status != BC_OK && status != BC_CORRUPT)
		return status;
	status = bci_expire_time(writer, key, detail.ttl_ns, &expires_ns, err);
	if (status != BC_OK)
		return status;
	if (expires_ns == 0 && writer->config.cold_ttl_ns != 0)
		expires_ns = bci_expire_limit(writer, 0);
	if (expires_ns == 0 || expires_ns >= entry.entry.head.expires_ns)
		return BC_OK;
	return bci_expire_store(writer, key, row->key_bytes, &entry, expires_ns,
	                        err);
}

/* What is shortened moves to where the walk has been. */
static enum bc_status
watch_shorten_all(struct bci_writer *writer, struct bc_error *err)
{
	struct bci_expiry row = { .expires_ns = writer->now_ns };
	enum bc_status status;

	writer->must_sync = true;
	for (;;) {
		status = bci_expiry_find(writer->txn, &writer->env->tables,
		                         &row);
		if (status != BC_OK)
			break;
		status = watch_shorten(writer, &row, err);
		if (status != BC_OK)
			break;
		row.entry_id++; /* Ids are nowhere near their end. */
	}
	/* Of a damaged table the sweep tells. */
	return status == BC_MISS || status == BC_CORRUPT ? BC_OK : status;
}

enum bc_status
bci_watch_clock(struct bci_writer *writer, const uint8_t boot_id[16],
                struct bc_error *err)
{
	struct bci_state_record *state = &writer->state;
	int64_t boot_ns = bci_clock_boot_ns();
	int64_t clock_ns = writer->now_ns - boot_ns;

	if (state->committed_ns == 0) {
		state->clock_set_ns = -WATCH_NS; /* Nothing speaks against. */
	} else if (memcmp(boot_id, state->boot_id, sizeof(state->boot_id)) !=
	           0) {
		state->clock_set_ns = 0;
	} else if (watch_apart(clock_ns, state->clock_ns)) {
		state->clock_set_ns = boot_ns;
		writer->must_sync = true; /* Others are to know it too. */
	}
	state->clock_ns = clock_ns;
	writer->clock_settled = boot_ns - state->clock_set_ns >= WATCH_NS;
	if (state->committed_ns - WATCH_NS <= writer->now_ns)
		return BC_OK;
	return watch_shorten_all(writer, err);
}
