/* SPDX-License-Identifier: MIT */
/*
 * directory.h - the segments of a series in order of time: those in `segments`,
 * then those that its entry record names.
 */
#ifndef BCI_DIRECTORY_H
#define BCI_DIRECTORY_H

#include "catalogue.h"

/*
 * A walk over the segments of an entry, as one transaction sees them; nothing
 * is written to `segments` meanwhile.  A frame is walked as the one segment it
 * has, if that has rows.  Locators are checked by bci_locator_is_sane(), and
 * that their times ascend; those of a series have rows and lie in an arena.
 */
struct bci_directory {
	struct MDB_txn *txn;
	const struct bci_tables *tables;
	const struct bci_entry *entry; /* borrowed, as its record is */
	struct MDB_cursor *cursor;     /* on `segments`; NULL until needed */
	struct MDB_cursor **lent;      /* where it comes from; or NULL */
	bool begun;
	bool among_older; /* the cursor is on the last one given */
	unsigned next_newer;
	int64_t last_ns; /* of the last one given or passed */
	bool passed;     /* there was one */
};

/* Begin before the first segment.  Costs nothing until it is used. */
void bci_directory_open(struct bci_directory *directory, struct MDB_txn *txn,
                        const struct bci_tables *tables,
                        const struct bci_entry *entry);

/*
 * Move to the first segment whose last row is not before 'time_ns' (INT64_MIN:
 * the first of all).  BC_OK with *out; BC_MISS if there is none: what follows
 * is the tail; BC_CORRUPT, BC_IO.
 */
enum bc_status bci_directory_seek(struct bci_directory *directory,
                                  int64_t time_ns, struct bci_locator *out);

/* The one after it, at first the first; returns as bci_directory_seek(). */
enum bc_status bci_directory_next(struct bci_directory *directory,
                                  struct bci_locator *out);

/*
 * The last segment whose last row is before 'time_ns' (INT64_MAX: the last of
 * all); returns as bci_directory_seek(), which has to be called before the next
 * bci_directory_next().
 */
enum bc_status bci_directory_before(struct bci_directory *directory,
                                    int64_t time_ns, struct bci_locator *out);

/*
 * Use the cursor at *cursor, NULL or one of a read transaction that is over,
 * and leave one there for the next time.
 */
void bci_directory_lend(struct bci_directory *directory,
                        struct MDB_cursor **cursor);

void bci_directory_close(struct bci_directory *directory);

/* Name a segment in `segments`, or no longer; an absent one is no error. */
enum bc_status bci_directory_put(struct MDB_txn *txn,
                                 const struct bci_tables *tables,
                                 uint64_t entry_id,
                                 const struct bci_locator *locator,
                                 struct bc_error *err);
enum bc_status bci_directory_delete(struct MDB_txn *txn,
                                    const struct bci_tables *tables,
                                    uint64_t entry_id, int64_t last_ns,
                                    struct bc_error *err);

/* Rows of 'row_bytes' bytes that fit the tail of a series with this key. */
uint32_t bci_tail_room(size_t key_bytes, uint64_t row_bytes);

/* Whether the tail of a series has rows of its schema, NULL if it has none. */
static inline bool
bci_tail_is_sane(const struct bci_entry *entry, const struct bc_schema *schema)
{
	if (schema == NULL)
		return entry->series.tail_rows == 0;
	return schema->has_time &&
	       entry->tail_bytes == entry->series.tail_rows * schema->row_bytes;
}

/* The checksum of a tail as the record of its series has it. */
uint64_t bci_tail_checksum(const unsigned char *tail, size_t bytes);

/* Whether a tail has rows of its schema, and those that were written. */
bool bci_tail_is_whole(const struct bci_entry *entry,
                       const struct bc_schema *schema);

/*
 * The time of the first row of the tail, which nothing vouches for yet;
 * INT64_MAX if there is none.
 */
static inline int64_t
bci_tail_begin(const struct bci_entry *entry)
{
	int64_t time_ns = INT64_MAX;

	if (entry->series.tail_rows != 0 &&
	    entry->tail_bytes >= sizeof(time_ns))
		memcpy(&time_ns, entry->tail, sizeof(time_ns));
	return time_ns;
}

#endif /* BCI_DIRECTORY_H */
