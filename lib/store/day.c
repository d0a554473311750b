/* SPDX-License-Identifier: MIT */
/*
 * day.c - folding the ledger's counters into rows of days.
 *
 * A row of another size is taken for none, and made anew: days are statistics,
 * and a damaged one must not keep anybody from writing.
 */
#include "common.h"

#include "clock.h"
#include "day.h"
#include "error.h"

#define DAY_NS (86400 * BCI_SECOND_NS)
#define FOLD_NS (60 * BCI_SECOND_NS)

static const char folded_key[] = "folded";

uint64_t
bci_day_of(int64_t now_ns)
{
	return now_ns < 0 ? 0 : (uint64_t)(now_ns / DAY_NS);
}

bool
bci_day_is_due(int64_t folded_ns, int64_t now_ns)
{
	/* A clock that was set back is due, too. */
	return now_ns < folded_ns ||
	       (uint64_t)now_ns - (uint64_t)folded_ns >= FOLD_NS ||
	       bci_day_of(now_ns) != bci_day_of(folded_ns);
}

/* Load a record of 'bytes' bytes; zeros if there is none that is one. */
static enum bc_status
day_load(struct MDB_txn *txn, unsigned table, const void *key, size_t key_bytes,
         void *record, size_t bytes)
{
	struct bci_bytes value;
	enum bc_status status;

	memset(record, 0, bytes);
	status = bci_table_get(txn, table, key, key_bytes, &value);
	if (status == BC_OK && value.size == bytes &&
	    *(const uint8_t *)value.data == BCI_RECORD_VERSION)
		memcpy(record, value.data, bytes);
	return status == BC_MISS ? BC_OK : status;
}

enum bc_status
bci_folded_load(struct MDB_txn *txn, const struct bci_tables *tables,
                struct bci_folded *folded)
{
	return day_load(txn, tables->meta, folded_key, strlen(folded_key),
	                folded, sizeof(*folded));
}

enum bc_status
bci_day_load(struct MDB_txn *txn, const struct bci_tables *tables,
             uint64_t number, struct bci_day *day)
{
	if (!bci_table_is_open(txn, tables->days)) {
		*day = (struct bci_day){ 0 };
		return BC_OK;
	}
	return day_load(txn, tables->days, &number, sizeof(number), day,
	                sizeof(*day));
}

void
bci_folded_rest(const struct bci_folded *folded, uint64_t birth,
                const uint64_t totals[BCI_COUNTERS],
                uint64_t rest[BCI_COUNTERS])
{
	for (unsigned i = 0; i < BCI_COUNTERS; i++) {
		uint64_t before =
			folded->birth == birth ? folded->ledger[i] : 0;

		rest[i] = totals[i] < before ? 0 : totals[i] - before;
	}
}

void
bci_counters_add(uint64_t sums[BCI_COUNTERS], const uint64_t rest[BCI_COUNTERS])
{
	for (unsigned i = 0; i < BCI_COUNTERS; i++)
		sums[i] = bci_add_saturating(sums[i], rest[i]);
}

enum bc_status
bci_day_next(struct MDB_txn *txn, const struct bci_tables *tables,
             uint64_t *number, struct bci_day *day)
{
	struct bci_bytes key = { sizeof(*number), number }, value;
	struct MDB_cursor *cursor = NULL;
	enum bc_status status;

	if (!bci_table_is_open(txn, tables->days))
		return BC_MISS;
	status = bci_cursor_open(txn, tables->days, &cursor, NULL);
	if (status == BC_OK)
		status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
	if (status == BC_OK && key.size != sizeof(*number))
		status = BC_CORRUPT;
	if (status == BC_OK) {
		memcpy(number, key.data, sizeof(*number));
		*day = (struct bci_day){ 0 };
		if (value.size == sizeof(*day))
			memcpy(day, value.data, sizeof(*day));
	}
	bci_cursor_close(cursor);
	return status;
}

enum bc_status
bci_day_fold(struct MDB_txn *txn, const struct bci_tables *tables,
             const struct bci_fold_facts *facts, struct bc_error *err)
{
	uint64_t number = bci_day_of(facts->now_ns);
	uint64_t rest[BCI_COUNTERS];
	struct bci_folded folded;
	enum bc_status status;
	struct bci_day day;

	status = bci_folded_load(txn, tables, &folded);
	if (status == BC_OK)
		status = bci_day_load(txn, tables, number, &day);
	if (status != BC_OK)
		return bci_fail(err, status, "cannot read the days");
	bci_folded_rest(&folded, facts->birth, facts->totals, rest);
	bci_counters_add(day.counters, rest);
	bci_counters_add(folded.sums, rest);
	day.version = BCI_RECORD_VERSION;
	day.folded_ns = facts->now_ns;
	day.entries = facts->entries;
	day.bytes = facts->bytes;
	folded.version = BCI_RECORD_VERSION;
	folded.folded_ns = facts->now_ns;
	folded.birth = facts->birth;
	if (facts->compacted)
		folded.compacted_ns = facts->now_ns;
	memcpy(folded.ledger, facts->totals, sizeof(folded.ledger));
	status = bci_table_put(txn, tables->days, &number, sizeof(number), &day,
	                       sizeof(day), err);
	if (status != BC_OK)
		return status;
	return bci_table_put(txn, tables->meta, folded_key, strlen(folded_key),
	                     &folded, sizeof(folded), err);
}
