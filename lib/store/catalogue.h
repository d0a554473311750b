/* SPDX-License-Identifier: MIT */
/*
 * catalogue.h - the tables of meta.mdb and typed access to their records.
 *
 *   entries   key -> entry record: what every read needs (the unnamed table)
 *   meta      "config", "state"
 *   details   entry id u64 -> detail record: the rest
 *   schemas   id u32 -> stored schema; its XXH3-128 -> id u32
 *   requests  (entry id u64, chunk u32) -> text of a long request
 *   arenas    number u64 -> arena record
 *   slots     number u64 -> nothing: free slots of the ledger
 *   segments  (entry id, last time) -> locator: older segments of series
 *   labels    (entry id, kind, text) -> label record: see label.h
 *   labelled  (kind, text, entry id) -> key of the entry
 *   expiry    (time, entry id) -> key of the entry: see expiry.h
 *   ghosts    (revision, entry id) -> key of an entry that was evicted then
 *   days      UTC day u64 -> day record: see day.h
 *   gone      arena number u64 -> bytes of one that was unlinked: see gone.h
 *   quarantine  number u64 -> what was dropped for damage: see quarantine.h
 *   coverage  (entry id, start) -> coverage record: what is known of series
 */
#ifndef BCI_CATALOGUE_H
#define BCI_CATALOGUE_H

#include <stdatomic.h>

#include "db.h"
#include "record.h"

#define BCI_CATALOGUE_FILE "meta.mdb"
#define BCI_CATALOGUE_LOCK "meta.mdb-lock"

/* Address space for the catalogue; fixed, because LMDB cannot grow it live. */
#ifndef BCI_CATALOGUE_MAP /* less for valgrind: see BARCACHE_SMALL_MAPS */
#define BCI_CATALOGUE_MAP (1ull << 36)
#endif

/* The first key that an entry may have; names of tables come before it. */
#define BCI_KEY_FIRST " "

/*
 * Handles of the tables; the same numbers in every environment.  Those from
 * 'segments' on are BCI_NO_TABLE in a cache of format 1, and become others at
 * any time, when another process upgrades it: a transaction that began before
 * does not know them, see bci_table_is_open().  'coverage' is opened last:
 * where it is open, all are.
 */
struct bci_tables {
	unsigned meta, entries, details, schemas, requests, arenas, slots;
	atomic_uint segments, labels, labelled, expiry, ghosts, days, gone,
		quarantine, coverage;
};

#define BCI_NO_TABLE UINT32_MAX

/*
 * Make a new catalogue in 'dir_fd', under a temporary name first, synced and
 * renamed, because LMDB refuses for ever a file whose first commit was cut
 * short.  The caller holds the writer lock and knows that there is none.
 */
enum bc_status bci_catalogue_create(int dir_fd,
                                    const struct bci_config_record *config,
                                    const uint8_t boot_id[16],
                                    struct bc_error *err);

/*
 * Open the tables of an environment.  BC_BUSY if LMDB has no reader slot for
 * us; then the second form, under the writer lock, does it by a write
 * transaction that changes nothing.
 */
enum bc_status bci_catalogue_tables(struct MDB_env *env,
                                    struct bci_tables *tables,
                                    struct bc_error *err);
enum bc_status bci_catalogue_tables_write(struct MDB_env *env,
                                          struct bci_tables *tables,
                                          struct bc_error *err);

/* How many tables there are, and the handle of each; or BCI_NO_TABLE. */
#define BCI_TABLES 16
unsigned bci_table_number(const struct bci_tables *tables, unsigned index);

/*
 * Make the handles of tables that came with format 2 those of 'from', or none
 * if that is NULL; the one that is opened last, last.
 */
void bci_tables_copy_added(struct bci_tables *to, struct bci_tables *from);

/*
 * Make a catalogue of format 1 one of this format, in one commit that is
 * synced, and open the tables that are new; if it is of this format already,
 * only that.  The caller holds the writer lock, and opens no tables elsewhere.
 */
enum bc_status bci_catalogue_upgrade(struct MDB_env *env,
                                     struct bci_tables *tables,
                                     struct bc_error *err);

enum bc_status bci_config_load(struct MDB_txn *txn,
                               const struct bci_tables *tables,
                               struct bci_config_record *config,
                               struct bc_error *err);
enum bc_status bci_config_store(struct MDB_txn *txn,
                                const struct bci_tables *tables,
                                const struct bci_config_record *config,
                                struct bc_error *err);
enum bc_status bci_state_load(struct MDB_txn *txn,
                              const struct bci_tables *tables,
                              struct bci_state_record *state,
                              struct bc_error *err);
enum bc_status bci_state_store(struct MDB_txn *txn,
                               const struct bci_tables *tables,
                               const struct bci_state_record *state,
                               struct bc_error *err);

/* Bytes of the pages that the tables use; the file may be larger. */
uint64_t bci_catalogue_used(struct MDB_txn *txn,
                            const struct bci_tables *tables);

/* BC_MISS if there is no such arena. */
enum bc_status bci_arena_load(struct MDB_txn *txn,
                              const struct bci_tables *tables, uint64_t number,
                              struct bci_arena_record *arena);
enum bc_status bci_arena_store(struct MDB_txn *txn,
                               const struct bci_tables *tables, uint64_t number,
                               const struct bci_arena_record *arena,
                               struct bc_error *err);

/* The arena after '*number', in order of numbers; BC_MISS if there is none. */
enum bc_status bci_arena_next(struct MDB_txn *txn,
                              const struct bci_tables *tables, uint64_t *number,
                              struct bci_arena_record *arena);

/* Find the id of a stored schema, adding it if it is new. */
enum bc_status bci_schema_intern(struct MDB_txn *txn,
                                 const struct bci_tables *tables,
                                 struct bci_state_record *state,
                                 const unsigned char *stored, size_t bytes,
                                 uint32_t *id, struct bc_error *err);

/*
 * The stored form of schema 'id', compared with the digest that it is also
 * known by.  BC_OK, BC_CORRUPT, BC_IO; the bytes live as long as 'txn'.
 */
enum bc_status bci_schema_load(struct MDB_txn *txn,
                               const struct bci_tables *tables, uint32_t id,
                               struct bci_bytes *stored);

/* Take a free slot of the ledger, or give one back. */
enum bc_status bci_slot_take(struct MDB_txn *txn,
                             const struct bci_tables *tables,
                             struct bci_state_record *state, uint32_t *slot,
                             struct bc_error *err);
enum bc_status bci_slot_give(struct MDB_txn *txn,
                             const struct bci_tables *tables, uint32_t slot,
                             struct bc_error *err);

/* The details of an entry; its request text is found through them. */
enum bc_status bci_detail_load(struct MDB_txn *txn,
                               const struct bci_tables *tables,
                               uint64_t entry_id,
                               struct bci_detail_record *detail);

/* Store them with the request text (detail->request_bytes of it, or NULL). */
enum bc_status bci_detail_store(struct MDB_txn *txn,
                                const struct bci_tables *tables,
                                uint64_t entry_id,
                                struct bci_detail_record *detail,
                                const char *request, struct bc_error *err);

/* Store details that were loaded and changed, with the text that they had. */
enum bc_status bci_detail_change(struct MDB_txn *txn,
                                 const struct bci_tables *tables,
                                 uint64_t entry_id,
                                 const struct bc_allocator *allocator,
                                 struct bci_detail_record *detail,
                                 struct bc_error *err);

enum bc_status bci_detail_delete(struct MDB_txn *txn,
                                 const struct bci_tables *tables,
                                 uint64_t entry_id, struct bc_error *err);

/*
 * Copy the request text to 'text' (detail->request_bytes of room).  BC_CORRUPT
 * if a part of it is not there.
 */
enum bc_status bci_request_load(struct MDB_txn *txn,
                                const struct bci_tables *tables,
                                uint64_t entry_id,
                                const struct bci_detail_record *detail,
                                char *text);

#endif /* BCI_CATALOGUE_H */
