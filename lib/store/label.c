/* SPDX-License-Identifier: MIT */
/*
 * label.c - the two tables of labels.
 *
 * Records instead of LMDB's sorted duplicates, because a duplicate could not
 * say when a backtest used an entry, nor an id what key it stands for.  An id
 * is never used twice, so what a damaged entry may leave behind names nobody.
 */
#include "common.h"

#include "error.h"
#include "key.h"
#include "label.h"

#define ID_BYTES sizeof(uint64_t)

_Static_assert(BC_LABEL_MAX == BC_KEY_MAX, "a parent's key is a text");

bool
bci_label_valid(const char *text, size_t bytes)
{
	return bci_key_valid(text, bytes);
}

/* ---- keys -------------------------------------------------------------- */

static void
label_add(struct bci_label_key *key, const void *data, size_t bytes)
{
	BCI_ASSERT(bytes <= sizeof(key->data) - key->bytes);
	if (bytes != 0)
		memcpy(key->data + key->bytes, data, bytes);
	key->bytes += bytes;
}

static void
label_add_id(struct bci_label_key *key, uint64_t id)
{
	uint64_t big = __builtin_bswap64(id);

	label_add(key, &big, sizeof(big));
}

static uint64_t
label_read_id(const unsigned char *at)
{
	uint64_t big;

	memcpy(&big, at, sizeof(big));
	return __builtin_bswap64(big);
}

void
bci_labels_key(const struct bci_label *label, struct bci_label_key *key)
{
	uint8_t kind = (uint8_t)label->kind;

	key->bytes = 0;
	label_add_id(key, label->entry_id);
	if (kind != 0)
		label_add(key, &kind, 1);
	label_add(key, label->text, label->text_bytes);
}

void
bci_labelled_key(const struct bci_label *label, struct bci_label_key *key)
{
	uint8_t kind = (uint8_t)label->kind;

	key->bytes = 0;
	label_add(key, &kind, 1);
	if (label->text_bytes == 0)
		return;
	label_add(key, label->text, label->text_bytes);
	label_add(key, "", 1);
	if (label->entry_id != 0)
		label_add_id(key, label->entry_id);
}

bool
bci_labels_read(const void *key, size_t bytes, struct bci_label *label)
{
	const unsigned char *at = key;

	if (bytes <= ID_BYTES + 1 || bytes > ID_BYTES + 1 + BC_LABEL_MAX)
		return false;
	label->entry_id = label_read_id(at);
	label->kind = (enum bc_label_kind)at[ID_BYTES];
	label->text = (const char *)at + ID_BYTES + 1;
	label->text_bytes = bytes - ID_BYTES - 1;
	return true;
}

bool
bci_labelled_read(const void *key, size_t bytes, struct bci_label *label)
{
	const unsigned char *at = key;

	if (bytes <= BCI_LABEL_AROUND ||
	    bytes > BC_LABEL_MAX + BCI_LABEL_AROUND ||
	    at[bytes - ID_BYTES - 1] != '\0')
		return false;
	label->entry_id = label_read_id(at + bytes - ID_BYTES);
	label->kind = (enum bc_label_kind)at[0];
	label->text = (const char *)at + 1;
	label->text_bytes = bytes - BCI_LABEL_AROUND;
	return true;
}

/* ---- one label --------------------------------------------------------- */

enum bc_status
bci_label_since(struct MDB_txn *txn, const struct bci_tables *tables,
                const struct bci_label *label, int64_t *since_ns)
{
	struct bci_label_record record;
	struct bci_label_key key;
	struct bci_bytes value;
	enum bc_status status;

	bci_labels_key(label, &key);
	status =
		bci_table_get(txn, tables->labels, key.data, key.bytes, &value);
	if (status != BC_OK)
		return status;
	if (value.size != sizeof(record))
		return BC_CORRUPT;
	memcpy(&record, value.data, sizeof(record));
	*since_ns = record.since_ns;
	return record.version == BCI_RECORD_VERSION ? BC_OK : BC_CORRUPT;
}

enum bc_status
bci_label_put(struct MDB_txn *txn, const struct bci_tables *tables,
              const struct bci_label *label, const char *key, size_t key_bytes,
              int64_t now_ns, bool *added, struct bc_error *err)
{
	const struct bci_label_record record = {
		.version = BCI_RECORD_VERSION,
		.since_ns = now_ns,
	};
	struct bci_label_key forth, back;
	enum bc_status status;
	int64_t since_ns;

	if (added != NULL)
		*added = false;
	status = bci_label_since(txn, tables, label, &since_ns);
	if (status == BC_OK)
		return BC_OK;
	if (status != BC_MISS && status != BC_CORRUPT)
		return bci_fail(err, status, "the labels of entry %s", key);
	bci_labels_key(label, &forth);
	bci_labelled_key(label, &back);
	status = bci_table_put(txn, tables->labels, forth.data, forth.bytes,
	                       &record, sizeof(record), err);
	if (status == BC_OK)
		status = bci_table_put(txn, tables->labelled, back.data,
		                       back.bytes, key, key_bytes, err);
	if (status == BC_OK && added != NULL)
		*added = true;
	return status;
}

enum bc_status
bci_label_delete(struct MDB_txn *txn, const struct bci_tables *tables,
                 const struct bci_label *label, struct bc_error *err)
{
	struct bci_label_key forth, back;
	enum bc_status status, there;

	bci_labels_key(label, &forth);
	bci_labelled_key(label, &back);
	there = bci_table_delete(txn, tables->labels, forth.data, forth.bytes,
	                         err);
	if (there != BC_OK && there != BC_MISS)
		return there;
	status = bci_table_delete(txn, tables->labelled, back.data, back.bytes,
	                          err);
	return status == BC_OK || status == BC_MISS ? there : status;
}

/* ---- walking ----------------------------------------------------------- */

/* The first key not before 'at', or if that itself is there, the one after. */
static enum bc_status
label_step(struct MDB_txn *txn, const struct bci_tables *tables,
           const struct bci_label_key *at, struct bci_bytes *key)
{
	struct MDB_cursor *cursor = NULL;
	struct bci_bytes value;
	enum bc_status status;

	*key = (struct bci_bytes){ at->bytes, at->data };
	BCI_TRY(bci_cursor_open(txn, tables->labels, &cursor, NULL));
	BCI_TRY(bci_cursor_move(cursor, BCI_FROM, key, &value));
	if (key->size == at->bytes &&
	    memcmp(key->data, at->data, at->bytes) == 0)
		BCI_TRY(bci_cursor_move(cursor, BCI_NEXT, key, &value));
done:
	bci_cursor_close(cursor);
	return status;
}

/* The first label of an entry, of 'kind' unless it is 0, behind 'at'. */
static enum bc_status
label_find(struct MDB_txn *txn, const struct bci_tables *tables,
           const struct bci_label *at, unsigned kind, struct bci_label *label)
{
	struct bci_label_key start;
	enum bc_status status;
	struct bci_bytes key;

	bci_labels_key(at, &start);
	status = label_step(txn, tables, &start, &key);
	if (status != BC_OK)
		return status;
	start.bytes = ID_BYTES + (kind != 0);
	if (key.size < start.bytes ||
	    memcmp(key.data, start.data, start.bytes) != 0)
		return BC_MISS;
	return bci_labels_read(key.data, key.size, label) ? BC_OK : BC_CORRUPT;
}

/* Delete what is stored under a key of `labels`, and its other half. */
static enum bc_status
label_delete_stored(struct MDB_txn *txn, const struct bci_tables *tables,
                    const struct bci_bytes *stored, struct bc_error *err)
{
	struct bci_label_key key, back;
	struct bci_label label;
	enum bc_status status;

	/* LMDB moves what it pointed to. */
	key.bytes = 0;
	label_add(&key, stored->data, stored->size);
	status =
		bci_table_delete(txn, tables->labels, key.data, key.bytes, err);
	if (status != BC_OK || !bci_labels_read(key.data, key.bytes, &label))
		return status; /* A damaged key has no other half. */
	bci_labelled_key(&label, &back);
	status = bci_table_delete(txn, tables->labelled, back.data, back.bytes,
	                          err);
	return status == BC_MISS ? BC_OK : status;
}

/* Whether a stored key is that of a label whose text is among 'keep'. */
static bool
label_is_kept(const struct bci_bytes *key, const char *const *keep)
{
	struct bci_label label;

	if (keep == NULL || !bci_labels_read(key->data, key->size, &label))
		return false;
	for (; *keep != NULL; keep++) {
		if (strlen(*keep) == label.text_bytes &&
		    memcmp(*keep, label.text, label.text_bytes) == 0)
			return true;
	}
	return false;
}

enum bc_status
bci_label_delete_all(struct MDB_txn *txn, const struct bci_tables *tables,
                     uint64_t entry_id, unsigned kind, const char *const *keep,
                     bool *any, struct bc_error *err)
{
	const struct bci_label all = {
		.entry_id = entry_id,
		.kind = (enum bc_label_kind)kind,
	};
	struct bci_label_key start, at;
	enum bc_status status;
	struct bci_bytes key;

	*any = false;
	bci_labels_key(&all, &start);
	at = start;
	while ((status = label_step(txn, tables, &at, &key)) == BC_OK &&
	       key.size > start.bytes &&
	       memcmp(key.data, start.data, start.bytes) == 0) {
		if (label_is_kept(&key, keep)) {
			at.bytes = 0;
			label_add(&at, key.data, key.size);
			continue;
		}
		*any = true;
		status = label_delete_stored(txn, tables, &key, err);
		if (status != BC_OK)
			break;
	}
	if (status == BC_OK || status == BC_MISS)
		return BC_OK;
	return bci_fail(err, status, "the labels of an entry");
}

enum bc_status
bci_label_next(struct MDB_txn *txn, const struct bci_tables *tables,
               struct bci_label *label)
{
	const struct bci_label at = *label;

	return label_find(txn, tables, &at, at.kind, label);
}

enum bc_status
bci_label_any(struct MDB_txn *txn, const struct bci_tables *tables,
              uint64_t entry_id)
{
	const struct bci_label all = { .entry_id = entry_id };
	struct bci_label label;

	return label_find(txn, tables, &all, 0, &label);
}

enum bc_status
bci_label_other(struct MDB_txn *txn, const struct bci_tables *tables,
                const struct bci_label *label)
{
	const struct bci_label from = {
		.entry_id = label->entry_id,
		.kind = label->kind,
	};
	struct bci_label first;
	enum bc_status status =
		label_find(txn, tables, &from, label->kind, &first);

	if (status != BC_OK || first.text_bytes != label->text_bytes ||
	    memcmp(first.text, label->text, first.text_bytes) != 0)
		return status;
	/* It is the first one itself. */
	return label_find(txn, tables, label, label->kind, &first);
}

enum bc_status
bci_labelled_next(struct MDB_txn *txn, const struct bci_tables *tables,
                  struct bci_label *label, struct bci_bytes *key,
                  struct bc_error *err)
{
	struct bci_label from = *label, found;
	struct MDB_cursor *cursor = NULL;
	struct bci_label_key start, all;
	struct bci_bytes at;
	enum bc_status status;

	from.entry_id = 0;
	bci_labelled_key(&from, &all);
	from.entry_id = label->entry_id + 1;
	bci_labelled_key(&from, &start);
	at = (struct bci_bytes){ start.bytes, start.data };
	BCI_TRY(bci_cursor_open(txn, tables->labelled, &cursor, err));
	BCI_TRY(bci_cursor_move(cursor, BCI_FROM, &at, key));
	if (at.size < all.bytes || memcmp(at.data, all.data, all.bytes) != 0)
		status = BC_MISS; /* Of another, be it damaged. */
	else if (!bci_labelled_read(at.data, at.size, &found) ||
	         found.text_bytes != label->text_bytes)
		status = BC_CORRUPT;
	else
		label->entry_id = found.entry_id;
done:
	bci_cursor_close(cursor);
	if (status == BC_OK || status == BC_MISS)
		return status;
	return bci_fail(err, status, "the entries of a label");
}
