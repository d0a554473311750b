/* SPDX-License-Identifier: MIT */
/*
 * directory.c - where the segments of a series are named.
 *
 * `segments` is ordered by entry and last time, so one search finds the segment
 * that may hold a time, however many there are.  The few newest ones lie in the
 * entry record, which every lookup reads anyway.
 */
#include "common.h"

#include "directory.h"
#include "error.h"
#include "hash.h"
#include "segment.h"

void
bci_directory_open(struct bci_directory *directory, struct MDB_txn *txn,
                   const struct bci_tables *tables,
                   const struct bci_entry *entry)
{
	*directory = (struct bci_directory){
		.txn = txn,
		.tables = tables,
		.entry = entry,
	};
}

void
bci_directory_lend(struct bci_directory *directory, struct MDB_cursor **cursor)
{
	directory->lent = cursor;
}

void
bci_directory_close(struct bci_directory *directory)
{
	if (directory->lent == NULL)
		bci_cursor_close(directory->cursor);
	directory->cursor = NULL;
}

/* A cursor on `segments`. */
static enum bc_status
directory_cursor(struct bci_directory *directory)
{
	enum bc_status status;

	if (directory->tables->segments == BCI_NO_TABLE)
		return BC_CORRUPT;
	if (directory->cursor != NULL)
		return BC_OK;
	if (directory->lent != NULL && *directory->lent != NULL) {
		status = bci_cursor_renew(directory->txn, *directory->lent);
		directory->cursor = status == BC_OK ? *directory->lent : NULL;
		return status;
	}
	status = bci_cursor_open(directory->txn, directory->tables->segments,
	                         &directory->cursor, NULL);
	if (status == BC_OK && directory->lent != NULL)
		*directory->lent = directory->cursor;
	return status;
}

static bool
directory_is_sane(const struct bci_locator *locator)
{
	return bci_locator_is_sane(locator) && locator->arena != 0 &&
	       locator->rows != 0 && locator->first_ns <= locator->last_ns;
}

/* Check that a segment of a series may follow those before it. */
static enum bc_status
directory_pass(struct bci_directory *directory,
               const struct bci_locator *locator)
{
	if (!directory_is_sane(locator) ||
	    (directory->passed && locator->first_ns <= directory->last_ns))
		return BC_CORRUPT;
	directory->passed = true;
	directory->last_ns = locator->last_ns;
	return BC_OK;
}

/* The newer one that is next and not before 'time_ns'. */
static enum bc_status
directory_newer(struct bci_directory *directory, int64_t time_ns,
                struct bci_locator *out)
{
	const struct bci_entry *entry = directory->entry;
	struct bci_locator locator;

	directory->among_older = false;
	while (directory->next_newer < entry->segment_count) {
		bci_entry_locator(entry, directory->next_newer++, &locator);
		if (directory_pass(directory, &locator) != BC_OK)
			return BC_CORRUPT;
		if (locator.last_ns < time_ns)
			continue;
		*out = locator;
		return BC_OK;
	}
	return BC_MISS;
}

/*
 * Take what a move of the cursor brought.  Behind the last of the older ones,
 * which the entry record names, come the newer.
 */
static enum bc_status
directory_older(struct bci_directory *directory, enum bc_status moved,
                const struct bci_bytes *key, const struct bci_bytes *value,
                struct bci_locator *out)
{
	const struct bci_entry *entry = directory->entry;
	struct bci_locator locator;
	int64_t last_ns;

	if (moved == BC_MISS)
		return BC_CORRUPT; /* The last one was not passed. */
	if (moved != BC_OK)
		return moved;
	if (!bci_order_key_read(key->data, key->size, entry->head.id,
	                        &last_ns) ||
	    value->size != sizeof(locator))
		return BC_CORRUPT;
	memcpy(&locator, value->data, sizeof(locator));
	if (locator.last_ns != last_ns || last_ns > entry->series.older_last_ns)
		return BC_CORRUPT;
	if (directory_pass(directory, &locator) != BC_OK)
		return BC_CORRUPT;
	*out = locator;
	return BC_OK;
}

static enum bc_status
directory_seek_older(struct bci_directory *directory, int64_t time_ns,
                     struct bci_locator *out)
{
	struct bci_order_key from =
		bci_order_key_of(directory->entry->head.id, time_ns);
	struct bci_bytes key = { sizeof(from), &from }, value = { 0, NULL };
	enum bc_status status = directory_cursor(directory);

	if (status != BC_OK)
		return status;
	directory->among_older = true;
	status = bci_cursor_move(directory->cursor, BCI_FROM, &key, &value);
	return directory_older(directory, status, &key, &value, out);
}

/* A frame has one segment, perhaps inline, perhaps evicted. */
static enum bc_status
directory_seek_frame(struct bci_directory *directory, int64_t time_ns,
                     struct bci_locator *out)
{
	struct bci_locator locator;

	if (directory->entry->segment_count == 0)
		return BC_MISS;
	bci_entry_locator(directory->entry, 0, &locator);
	if (!bci_locator_is_sane(&locator) ||
	    locator.first_ns > locator.last_ns)
		return BC_CORRUPT;
	if (locator.rows == 0 || locator.last_ns < time_ns)
		return BC_MISS;
	*out = locator;
	return BC_OK;
}

enum bc_status
bci_directory_seek(struct bci_directory *directory, int64_t time_ns,
                   struct bci_locator *out)
{
	const struct bci_series_record *series = &directory->entry->series;

	directory->begun = true;
	directory->passed = false;
	directory->next_newer = 0;
	if (directory->entry->head.kind != BC_SERIES)
		return directory_seek_frame(directory, time_ns, out);
	if (series->older_count != 0 && time_ns <= series->older_last_ns)
		return directory_seek_older(directory, time_ns, out);
	directory->passed = series->older_count != 0;
	directory->last_ns = series->older_last_ns;
	return directory_newer(directory, time_ns, out);
}

enum bc_status
bci_directory_next(struct bci_directory *directory, struct bci_locator *out)
{
	struct bci_bytes key = { 0, NULL }, value = { 0, NULL };
	enum bc_status status;

	if (!directory->begun)
		return bci_directory_seek(directory, INT64_MIN, out);
	if (directory->entry->head.kind != BC_SERIES)
		return BC_MISS;
	if (!directory->among_older ||
	    directory->last_ns == directory->entry->series.older_last_ns)
		return directory_newer(directory, INT64_MIN, out);
	status = bci_cursor_move(directory->cursor, BCI_NEXT, &key, &value);
	return directory_older(directory, status, &key, &value, out);
}

/* The last of the older ones that ends before 'time_ns'. */
static enum bc_status
directory_before_older(struct bci_directory *directory, int64_t time_ns,
                       struct bci_locator *out)
{
	const struct bci_entry *entry = directory->entry;
	struct bci_order_key from = bci_order_key_of(entry->head.id, time_ns);
	struct bci_bytes key = { sizeof(from), &from }, value = { 0, NULL };
	enum bc_status status = directory_cursor(directory);
	int64_t last_ns;

	if (status != BC_OK)
		return status;
	status = bci_cursor_move(directory->cursor, BCI_FROM, &key, &value);
	if (status == BC_OK)
		status = bci_cursor_move(directory->cursor, BCI_PREV, &key,
		                         &value);
	else if (status == BC_MISS)
		status = bci_cursor_move(directory->cursor, BCI_LAST, &key,
		                         &value);
	if (status != BC_OK)
		return status;
	if (!bci_order_key_read(key.data, key.size, entry->head.id, &last_ns))
		return BC_MISS;
	if (value.size != sizeof(*out))
		return BC_CORRUPT;
	memcpy(out, value.data, sizeof(*out));
	return directory_is_sane(out) && out->last_ns == last_ns ? BC_OK
	                                                         : BC_CORRUPT;
}

enum bc_status
bci_directory_before(struct bci_directory *directory, int64_t time_ns,
                     struct bci_locator *out)
{
	const struct bci_entry *entry = directory->entry;
	struct bci_locator locator;

	directory->begun = false;
	if (entry->head.kind != BC_SERIES)
		return directory_seek_frame(directory, INT64_MIN, out) ==
		                               BC_OK &&
		                       out->last_ns < time_ns
		               ? BC_OK
		               : BC_MISS;
	for (unsigned i = entry->segment_count; i-- > 0;) {
		bci_entry_locator(entry, i, &locator);
		if (!directory_is_sane(&locator))
			return BC_CORRUPT;
		if (locator.last_ns >= time_ns && time_ns != INT64_MAX)
			continue;
		*out = locator;
		return BC_OK;
	}
	return entry->series.older_count == 0
	               ? BC_MISS
	               : directory_before_older(directory, time_ns, out);
}

/* Nothing is written to a catalogue before it has the tables for it. */
static enum bc_status
directory_check(const struct bci_tables *tables, struct bc_error *err)
{
	if (tables->segments != BCI_NO_TABLE)
		return BC_OK;
	return bci_fail(err, BC_FORMAT, "there is no table of segments");
}

enum bc_status
bci_directory_put(struct MDB_txn *txn, const struct bci_tables *tables,
                  uint64_t entry_id, const struct bci_locator *locator,
                  struct bc_error *err)
{
	struct bci_order_key key = bci_order_key_of(entry_id, locator->last_ns);
	enum bc_status status = directory_check(tables, err);

	if (status != BC_OK)
		return status;
	return bci_table_put(txn, tables->segments, &key, sizeof(key), locator,
	                     sizeof(*locator), err);
}

enum bc_status
bci_directory_delete(struct MDB_txn *txn, const struct bci_tables *tables,
                     uint64_t entry_id, int64_t last_ns, struct bc_error *err)
{
	struct bci_order_key key = bci_order_key_of(entry_id, last_ns);
	enum bc_status status = directory_check(tables, err);

	if (status != BC_OK)
		return status;
	status =
		bci_table_delete(txn, tables->segments, &key, sizeof(key), err);
	return status == BC_MISS ? BC_OK : status;
}

uint32_t
bci_tail_room(size_t key_bytes, uint64_t row_bytes)
{
	uint64_t used = key_bytes + sizeof(struct bci_entry_record) +
	                sizeof(struct bci_series_record) +
	                BCI_NEWER_MAX * sizeof(struct bci_locator);

	if (row_bytes == 0 || used >= BCI_LEAF_BYTES)
		return 0;
	return (uint32_t)bci_min((BCI_LEAF_BYTES - used) / row_bytes,
	                         BCI_TAIL_MAX);
}

uint64_t
bci_tail_checksum(const unsigned char *tail, size_t bytes)
{
	return bytes == 0 ? 0 : bci_hash64(tail, bytes);
}

bool
bci_tail_is_whole(const struct bci_entry *entry, const struct bc_schema *schema)
{
	return bci_tail_is_sane(entry, schema) &&
	       bci_tail_checksum(entry->tail, entry->tail_bytes) ==
	               entry->series.tail_checksum;
}
