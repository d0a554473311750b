/* SPDX-License-Identifier: MIT */
/*
 * label.h - texts that entries are found by: tags, the backtests that used
 * them, the keys of what they were made of.
 *
 *   labels    entry id, kind, text          -> label record
 *   labelled  kind, text, 0, entry id       -> key of the entry
 *
 * Kinds (enum bc_label_kind) take a byte, ids eight, big-endian.  Both say the
 * same and are changed together; flag BCI_ENTRY_LABELLED of an entry says that
 * there may be something.
 */
#ifndef BCI_LABEL_H
#define BCI_LABEL_H

#include "catalogue.h"

/* Bytes before and behind the text. */
#define BCI_LABEL_AROUND 10

/* The longest key that LMDB takes. */
#define BCI_LABEL_KEY 511
_Static_assert(BC_LABEL_MAX + BCI_LABEL_AROUND <= BCI_LABEL_KEY,
               "keys of labels are keys of LMDB");

/* A label of an entry; the text need not be terminated. */
struct bci_label {
	uint64_t entry_id;
	enum bc_label_kind kind;
	const char *text;
	size_t text_bytes;
};

/* Room for a key of either table. */
struct bci_label_key {
	size_t bytes;
	unsigned char data[BCI_LABEL_KEY];
};

/* Whether this can be one: 1 to BC_LABEL_MAX bytes of UTF-8 without control
 * characters. */
bool bci_label_valid(const char *text, size_t bytes);

/*
 * Keys.  Without a text: what all keys of that kind begin with; of `labels`
 * without a kind, all of the entry; of `labelled` without an id, all of the
 * text.
 */
void bci_labels_key(const struct bci_label *label, struct bci_label_key *key);
void bci_labelled_key(const struct bci_label *label, struct bci_label_key *key);

/* Take a key apart, the text pointing into it; false if it is none. */
bool bci_labels_read(const void *key, size_t bytes, struct bci_label *label);
bool bci_labelled_read(const void *key, size_t bytes, struct bci_label *label);

/* When the entry got the label; BC_MISS if it has not, BC_CORRUPT. */
enum bc_status bci_label_since(struct MDB_txn *txn,
                               const struct bci_tables *tables,
                               const struct bci_label *label,
                               int64_t *since_ns);

/*
 * Give an entry, whose key is 'key', a label, unless it has it: *added says
 * which (may be NULL).
 */
enum bc_status bci_label_put(struct MDB_txn *txn,
                             const struct bci_tables *tables,
                             const struct bci_label *label, const char *key,
                             size_t key_bytes, int64_t now_ns, bool *added,
                             struct bc_error *err);

/* Take it from it; BC_MISS if it has it not. */
enum bc_status bci_label_delete(struct MDB_txn *txn,
                                const struct bci_tables *tables,
                                const struct bci_label *label,
                                struct bc_error *err);

/*
 * Take all of a kind, 0: of every kind, but those of 'keep', which is ended by
 * NULL and may be NULL; *any says whether there were some.
 */
enum bc_status bci_label_delete_all(struct MDB_txn *txn,
                                    const struct bci_tables *tables,
                                    uint64_t entry_id, unsigned kind,
                                    const char *const *keep, bool *any,
                                    struct bc_error *err);

/*
 * The label behind this one, of the same entry and kind: its text becomes that
 * of the next, in order of texts, which lies in the table.  Without a text: the
 * first one.  BC_MISS at the end, BC_CORRUPT, BC_IO.
 */
enum bc_status bci_label_next(struct MDB_txn *txn,
                              const struct bci_tables *tables,
                              struct bci_label *label);

/* Whether the entry has any label: BC_OK, BC_MISS, BC_CORRUPT, BC_IO. */
enum bc_status bci_label_any(struct MDB_txn *txn,
                             const struct bci_tables *tables,
                             uint64_t entry_id);

/* Whether the entry of a label has another one of the same kind. */
enum bc_status bci_label_other(struct MDB_txn *txn,
                               const struct bci_tables *tables,
                               const struct bci_label *label);

/*
 * The next entry with a label in order of ids, after label->entry_id, which
 * becomes its id; *key is its key, or what is stored as such.  BC_MISS if there
 * is none.
 */
enum bc_status bci_labelled_next(struct MDB_txn *txn,
                                 const struct bci_tables *tables,
                                 struct bci_label *label,
                                 struct bci_bytes *key, struct bc_error *err);

#endif /* BCI_LABEL_H */
