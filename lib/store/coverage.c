/* SPDX-License-Identifier: MIT */
/*
 * coverage.c - what is known of a series, stored.
 *
 * A series that grows at its end changes its newest interval with every bar, so
 * that lies in the entry record, which is rewritten then anyway, with the open
 * one behind it.  `coverage` has what comes before; it changes only where a
 * fetch left a gap or another kind.
 */
#include "common.h"

#include "coverage.h"
#include "error.h"

/* ---- intervals of the entry record ------------------------------------- */

static bool
coverage_has_open(const struct bci_series_record *series)
{
	return series->open_from_ns != 0 || series->open_to_ns != 0;
}

/* Whether the intervals of an entry record can be true. */
static bool
coverage_is_sane(const struct bci_series_record *series)
{
	bool open = coverage_has_open(series);

	if (series->known == 0)
		return series->coverage_count == 0 &&
		       (!open || series->open_from_ns < series->open_to_ns);
	return series->known_from_ns < series->known_to_ns &&
	       (series->known == BC_KNOWN_BARS ||
	        series->known == BC_KNOWN_EMPTY) &&
	       (!open || (series->known_to_ns <= series->open_from_ns &&
	                  series->open_from_ns < series->open_to_ns));
}

/* How far the record's intervals reach from 'from_ns' on without a gap. */
static int64_t
coverage_reach(const struct bci_series_record *series, int64_t from_ns)
{
	if (series->known != 0 && from_ns >= series->known_from_ns &&
	    from_ns < series->known_to_ns)
		from_ns = series->known_to_ns;
	if (coverage_has_open(series) && from_ns >= series->open_from_ns &&
	    from_ns < series->open_to_ns)
		from_ns = series->open_to_ns;
	return from_ns;
}

/* ---- records of `coverage` --------------------------------------------- */

/* An interval from the table; BC_MISS if it is one of another entry. */
static enum bc_status
coverage_parse(const struct bci_bytes *key, const struct bci_bytes *value,
               uint64_t entry_id, const struct bci_series_record *series,
               struct bc_interval *out)
{
	struct bci_coverage_record record;

	if (!bci_order_key_read(key->data, key->size, entry_id, &out->from_ns))
		return BC_MISS;
	if (value->size != sizeof(record))
		return BC_CORRUPT;
	memcpy(&record, value->data, sizeof(record));
	if (record.version != BCI_RECORD_VERSION ||
	    (record.known != BC_KNOWN_BARS && record.known != BC_KNOWN_EMPTY) ||
	    out->from_ns >= record.to_ns ||
	    record.to_ns > series->known_from_ns)
		return BC_CORRUPT;
	out->to_ns = record.to_ns;
	out->known = (enum bc_known)record.known;
	return BC_OK;
}

/* Move to the interval that 'from_ns' lies in or behind. */
static enum bc_status
coverage_find(struct MDB_cursor *cursor, uint64_t entry_id, int64_t from_ns,
              struct bci_bytes *key, struct bci_bytes *value)
{
	struct bci_order_key from = bci_order_key_of(entry_id, from_ns);
	enum bc_status status;
	int64_t found_ns;

	*key = (struct bci_bytes){ sizeof(from), &from };
	status = bci_cursor_move(cursor, BCI_FROM, key, value);
	if (status == BC_MISS)
		return bci_cursor_move(cursor, BCI_LAST, key, value);
	if (status == BC_OK &&
	    (!bci_order_key_read(key->data, key->size, entry_id, &found_ns) ||
	     found_ns != from_ns))
		status = bci_cursor_move(cursor, BCI_PREV, key, value);
	return status;
}

/* Whether the table holds [from_ns, to_ns), which lies before known_from_ns. */
static enum bc_status
coverage_table_holds(struct MDB_txn *txn, const struct bci_tables *tables,
                     const struct bci_entry *entry, int64_t from_ns,
                     int64_t to_ns)
{
	struct MDB_cursor *cursor = NULL;
	struct bci_bytes key, value;
	struct bc_interval interval;
	enum bc_status status;

	if (tables->coverage == BCI_NO_TABLE)
		return BC_CORRUPT;
	BCI_TRY(bci_cursor_open(txn, tables->coverage, &cursor, NULL));
	status = coverage_find(cursor, entry->head.id, from_ns, &key, &value);
	for (;;) {
		BCI_TRY(status);
		BCI_TRY(coverage_parse(&key, &value, entry->head.id,
		                       &entry->series, &interval));
		if (from_ns < interval.from_ns || from_ns >= interval.to_ns) {
			status = BC_MISS;
			goto done;
		}
		from_ns = interval.to_ns;
		if (from_ns >= to_ns)
			break;
		status = bci_cursor_move(cursor, BCI_NEXT, &key, &value);
	}
done:
	bci_cursor_close(cursor);
	return status;
}

enum bc_status
bci_coverage_holds(struct MDB_txn *txn, const struct bci_tables *tables,
                   const struct bci_entry *entry, int64_t from_ns,
                   int64_t to_ns)
{
	const struct bci_series_record *series = &entry->series;

	if (!coverage_is_sane(series))
		return BC_CORRUPT;
	if (from_ns >= to_ns || coverage_reach(series, from_ns) >= to_ns)
		return BC_OK;
	if (series->coverage_count == 0 || from_ns >= series->known_from_ns)
		return BC_MISS;
	if (to_ns > series->known_from_ns) {
		if (coverage_reach(series, series->known_from_ns) < to_ns)
			return BC_MISS;
		to_ns = series->known_from_ns;
	}
	return coverage_table_holds(txn, tables, entry, from_ns, to_ns);
}

/* ---- the whole set ----------------------------------------------------- */

/* Add the intervals of the table, which must be as many as the record says. */
static enum bc_status
coverage_load_table(struct MDB_txn *txn, const struct bci_tables *tables,
                    uint64_t entry_id, const struct bci_series_record *series,
                    struct bci_intervals *set)
{
	struct bci_order_key first = bci_order_key_of(entry_id, INT64_MIN);
	struct bci_bytes key = { sizeof(first), &first }, value;
	struct MDB_cursor *cursor = NULL;
	struct bc_interval interval;
	enum bc_status status;
	uint32_t count = 0;

	if (tables->coverage == BCI_NO_TABLE)
		return series->coverage_count == 0 ? BC_OK : BC_CORRUPT;
	BCI_TRY(bci_cursor_open(txn, tables->coverage, &cursor, NULL));
	status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
	while (status == BC_OK) {
		status = coverage_parse(&key, &value, entry_id, series,
		                        &interval);
		if (status != BC_OK)
			break;
		if (set->count != 0 &&
		    interval.from_ns < set->items[set->count - 1].to_ns)
			status = BC_CORRUPT;
		BCI_TRY(status);
		BCI_TRY(bci_intervals_set(set, interval.from_ns, interval.to_ns,
		                          interval.known));
		count++;
		status = bci_cursor_move(cursor, BCI_NEXT, &key, &value);
	}
	if (status == BC_MISS)
		status = count == series->coverage_count ? BC_OK : BC_CORRUPT;
done:
	bci_cursor_close(cursor);
	return status;
}

enum bc_status
bci_coverage_load(struct MDB_txn *txn, const struct bci_tables *tables,
                  uint64_t entry_id, const struct bci_series_record *series,
                  struct bci_intervals *set)
{
	enum bc_status status;

	if (!coverage_is_sane(series))
		return BC_CORRUPT;
	status = coverage_load_table(txn, tables, entry_id, series, set);
	if (status == BC_OK && series->known != 0)
		status = bci_intervals_set(set, series->known_from_ns,
		                           series->known_to_ns,
		                           (enum bc_known)series->known);
	if (status == BC_OK && coverage_has_open(series))
		status = bci_intervals_set(set, series->open_from_ns,
		                           series->open_to_ns, BC_KNOWN_OPEN);
	return status;
}

/* How many intervals of a set belong into the table. */
static size_t
coverage_table_count(const struct bci_intervals *set)
{
	size_t count = set->count;

	if (count != 0 && set->items[count - 1].known == BC_KNOWN_OPEN)
		count--;
	return count != 0 ? count - 1 : 0;
}

static enum bc_status
coverage_put(struct MDB_txn *txn, const struct bci_tables *tables,
             uint64_t entry_id, const struct bc_interval *interval,
             struct bc_error *err)
{
	struct bci_order_key key =
		bci_order_key_of(entry_id, interval->from_ns);
	struct bci_coverage_record record = {
		.version = BCI_RECORD_VERSION,
		.known = (uint8_t)interval->known,
		.to_ns = interval->to_ns,
	};

	return bci_table_put(txn, tables->coverage, &key, sizeof(key), &record,
	                     sizeof(record), err);
}

static enum bc_status
coverage_remove(struct MDB_txn *txn, const struct bci_tables *tables,
                uint64_t entry_id, int64_t from_ns, struct bc_error *err)
{
	struct bci_order_key key = bci_order_key_of(entry_id, from_ns);
	enum bc_status status =
		bci_table_delete(txn, tables->coverage, &key, sizeof(key), err);

	return status == BC_MISS ? BC_OK : status;
}

/* Both lists ascend: walk them side by side and write what differs. */
static enum bc_status
coverage_store_table(struct MDB_txn *txn, const struct bci_tables *tables,
                     uint64_t entry_id, const struct bci_intervals *before,
                     const struct bci_intervals *set, struct bc_error *err)
{
	size_t old_count = coverage_table_count(before), old = 0;
	size_t new_count = coverage_table_count(set), new = 0;
	enum bc_status status = BC_OK;

	if (old_count + new_count != 0 && tables->coverage == BCI_NO_TABLE)
		return bci_fail(err, BC_FORMAT, "there is no coverage table");
	while (status == BC_OK && (old < old_count || new < new_count)) {
		const struct bc_interval *was = &before->items[old];
		const struct bc_interval *is = &set->items[new];

		if (new == new_count ||
		    (old < old_count && was->from_ns < is->from_ns)) {
			status = coverage_remove(txn, tables, entry_id,
			                         was->from_ns, err);
			old++;
			continue;
		}
		if (old == old_count || is->from_ns < was->from_ns) {
			status = coverage_put(txn, tables, entry_id, is, err);
			new ++;
			continue;
		}
		if (was->to_ns != is->to_ns || was->known != is->known)
			status = coverage_put(txn, tables, entry_id, is, err);
		old++;
		new ++;
	}
	return status;
}

enum bc_status
bci_coverage_store(struct MDB_txn *txn, const struct bci_tables *tables,
                   uint64_t entry_id, const struct bci_intervals *before,
                   const struct bci_intervals *set,
                   struct bci_series_record *series, struct bc_error *err)
{
	size_t rest = set->count, in_table = coverage_table_count(set);
	const struct bc_interval *last;

	for (size_t i = 0; i + 1 < set->count; i++) {
		if (set->items[i].known == BC_KNOWN_OPEN)
			return bci_fail(err, BC_INVALID,
			                "only the newest interval may be open");
	}
	if (in_table > UINT32_MAX)
		return bci_fail(err, BC_TOO_LARGE, "%zu intervals", in_table);
	series->known = 0;
	series->known_from_ns = series->known_to_ns = 0;
	series->open_from_ns = series->open_to_ns = 0;
	series->coverage_count = (uint32_t)in_table;
	if (rest != 0 && set->items[rest - 1].known == BC_KNOWN_OPEN) {
		last = &set->items[--rest];
		series->open_from_ns = last->from_ns;
		series->open_to_ns = last->to_ns;
	}
	if (rest != 0) {
		last = &set->items[--rest];
		series->known = (uint8_t)last->known;
		series->known_from_ns = last->from_ns;
		series->known_to_ns = last->to_ns;
	}
	return coverage_store_table(txn, tables, entry_id, before, set, err);
}

/* ---- the newest intervals alone ---------------------------------------- */

static int64_t
coverage_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
coverage_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Add a piece behind others, joined to the last if it continues it. */
static void
coverage_piece(struct bc_interval *pieces, unsigned *count, int64_t from_ns,
               int64_t to_ns, enum bc_known known)
{
	struct bc_interval *last = *count != 0 ? &pieces[*count - 1] : NULL;

	if (known == BC_KNOWN_NOTHING || from_ns >= to_ns)
		return;
	if (last != NULL && last->to_ns == from_ns && last->known == known)
		last->to_ns = to_ns;
	else
		pieces[(*count)++] =
			(struct bc_interval){ from_ns, to_ns, known };
}

bool
bci_coverage_extend(struct bci_series_record *series, int64_t from_ns,
                    int64_t to_ns, enum bc_known known)
{
	struct bc_interval final = { series->known_from_ns, series->known_to_ns,
		                     (enum bc_known)series->known };
	struct bc_interval open = { series->open_from_ns, series->open_to_ns,
		                    BC_KNOWN_OPEN };
	struct bc_interval pieces[5];
	unsigned count = 0, finals;

	if (from_ns >= to_ns)
		return true;
	if (!coverage_is_sane(series))
		return false; /* Loading it says what is wrong. */
	/* What lies in the table may neither change nor be joined. */
	if (series->coverage_count != 0 &&
	    (from_ns < final.from_ns ||
	     (from_ns == final.from_ns && known != final.known)))
		return false;
	coverage_piece(pieces, &count, final.from_ns,
	               coverage_earlier(final.to_ns, from_ns), final.known);
	coverage_piece(pieces, &count, open.from_ns,
	               coverage_earlier(open.to_ns, from_ns), open.known);
	coverage_piece(pieces, &count, from_ns, to_ns, known);
	coverage_piece(pieces, &count, coverage_later(final.from_ns, to_ns),
	               final.to_ns, final.known);
	coverage_piece(pieces, &count, coverage_later(open.from_ns, to_ns),
	               open.to_ns, open.known);
	finals = count - (pieces[count - 1].known == BC_KNOWN_OPEN);
	if (finals > 1 || (finals == 1 && pieces[0].known == BC_KNOWN_OPEN))
		return false;
	final = finals == 1 ? pieces[0] : (struct bc_interval){ 0 };
	open = count > finals ? pieces[finals] : (struct bc_interval){ 0 };
	series->known = (uint8_t) final.known;
	series->known_from_ns = final.from_ns;
	series->known_to_ns = final.to_ns;
	series->open_from_ns = open.from_ns;
	series->open_to_ns = open.to_ns;
	return true;
}

enum bc_status
bci_coverage_delete(struct MDB_txn *txn, const struct bci_tables *tables,
                    uint64_t entry_id, struct bc_error *err)
{
	struct bci_order_key first = bci_order_key_of(entry_id, INT64_MIN);
	struct MDB_cursor *cursor = NULL;
	struct bci_bytes key, value;
	enum bc_status status;
	int64_t from_ns;

	if (tables->coverage == BCI_NO_TABLE)
		return BC_OK;
	BCI_TRY(bci_cursor_open(txn, tables->coverage, &cursor, err));
	for (;;) {
		key = (struct bci_bytes){ sizeof(first), &first };
		status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
		if (status == BC_OK &&
		    !bci_order_key_read(key.data, key.size, entry_id, &from_ns))
			status = BC_MISS;
		if (status == BC_MISS)
			break;
		if (status != BC_OK) {
			status = bci_fail(err, status, "the coverage table");
			goto done;
		}
		BCI_TRY(coverage_remove(txn, tables, entry_id, from_ns, err));
	}
	status = BC_OK;
done:
	bci_cursor_close(cursor);
	return status;
}
