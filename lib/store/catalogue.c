/* SPDX-License-Identifier: MIT */
/*
 * catalogue.c - making the catalogue, and its records by name.
 *
 * All records are small and of bounded size, so the free list of this LMDB file
 * holds single pages only and commits stay cheap however many there were.
 */
#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "catalogue.h"
#include "error.h"
#include "expiry.h"
#include "file.h"
#include "hash.h"

#define NEW_FILE "meta.mdb.new"

/* LMDB's lock file for 4,096 readers: 64 bytes a slot and two in front. */
#define LOCK_BYTES (64u * (4096 + 2))

static const char config_key[] = "config";
static const char state_key[] = "state";

/*
 * Entries lie in the unnamed table, because LMDB looks every named one up anew
 * in each transaction, and all reads go to them.  The records of the named ones
 * lie beside them, under names that no key can have.  New ones come last: then
 * a table has one number, whether it was opened before or after an upgrade.
 */
static const struct {
	const char *name;
	bool integer_keys;
	size_t offset;
} tables_all[] = {
	{ NULL, false, offsetof(struct bci_tables, entries) },
	{ "\001meta", false, offsetof(struct bci_tables, meta) },
	{ "\001details", true, offsetof(struct bci_tables, details) },
	{ "\001schemas", false, offsetof(struct bci_tables, schemas) },
	{ "\001requests", false, offsetof(struct bci_tables, requests) },
	{ "\001arenas", true, offsetof(struct bci_tables, arenas) },
	{ "\001slots", true, offsetof(struct bci_tables, slots) },
};

/* Those that came with format 2. */
static const struct {
	const char *name;
	bool integer_keys;
	size_t offset;
} tables_added[] = {
	{ "\001segments", false, offsetof(struct bci_tables, segments) },
	{ "\001labels", false, offsetof(struct bci_tables, labels) },
	{ "\001labelled", false, offsetof(struct bci_tables, labelled) },
	{ "\001expiry", false, offsetof(struct bci_tables, expiry) },
	{ "\001ghosts", false, offsetof(struct bci_tables, ghosts) },
	{ "\001days", true, offsetof(struct bci_tables, days) },
	{ "\001gone", true, offsetof(struct bci_tables, gone) },
	{ "\001quarantine", true, offsetof(struct bci_tables, quarantine) },
	{ "\001coverage", false, offsetof(struct bci_tables, coverage) },
};

static atomic_uint *
tables_added_at(struct bci_tables *tables, size_t index)
{
	return (atomic_uint *)(void *)((char *)tables +
	                               tables_added[index].offset);
}

void
bci_tables_copy_added(struct bci_tables *to, struct bci_tables *from)
{
	for (size_t i = 0; i < BCI_COUNT(tables_added); i++)
		atomic_store(tables_added_at(to, i),
		             from == NULL
		                     ? BCI_NO_TABLE
		                     : atomic_load(tables_added_at(from, i)));
}

_Static_assert(BCI_COUNT(tables_all) + BCI_COUNT(tables_added) == BCI_TABLES,
               "tables");

unsigned
bci_table_number(const struct bci_tables *tables, unsigned index)
{
	const char *at = (const char *)tables;

	if (index < BCI_COUNT(tables_all))
		return *(const unsigned *)(const void *)(at + tables_all[index]
		                                                      .offset);
	at += tables_added[index - BCI_COUNT(tables_all)].offset;
	return atomic_load((const atomic_uint *)(const void *)at);
}

static enum bc_status
tables_open_added(struct MDB_txn *txn, bool create, struct bci_tables *tables,
                  struct bc_error *err)
{
	for (size_t i = 0; i < BCI_COUNT(tables_added); i++) {
		unsigned number;
		enum bc_status status = bci_table_open(
			txn, tables_added[i].name, create,
			tables_added[i].integer_keys, &number, err);

		if (status == BC_FORMAT && !create)
			number = BCI_NO_TABLE;
		else if (status != BC_OK)
			return status;
		atomic_store(tables_added_at(tables, i), number);
	}
	return BC_OK;
}

static enum bc_status
tables_open(struct MDB_txn *txn, bool create, struct bci_tables *tables,
            struct bc_error *err)
{
	for (size_t i = 0; i < BCI_COUNT(tables_all); i++) {
		unsigned *handle = (unsigned *)(void *)((char *)tables +
		                                        tables_all[i].offset);
		enum bc_status status =
			bci_table_open(txn, tables_all[i].name, create,
		                       tables_all[i].integer_keys, handle, err);

		if (status != BC_OK)
			return status;
	}
	return tables_open_added(txn, create, tables, err);
}

/* Open the tables in a transaction that was begun or failed to. */
static enum bc_status
tables_open_in(enum bc_status status, struct MDB_txn *txn,
               struct bci_tables *tables, struct bc_error *err)
{
	BCI_TRY(status);
	BCI_TRY(tables_open(txn, false, tables, err));
	BCI_TRY(bci_txn_commit(&txn, err)); /* Abort would drop the handles. */
done:
	bci_txn_abort(txn);
	return status;
}

enum bc_status
bci_catalogue_tables(struct MDB_env *env, struct bci_tables *tables,
                     struct bc_error *err)
{
	struct MDB_txn *txn = NULL;
	enum bc_status status = bci_txn_begin_read(env, &txn, err);

	return tables_open_in(status, txn, tables, err);
}

enum bc_status
bci_catalogue_tables_write(struct MDB_env *env, struct bci_tables *tables,
                           struct bc_error *err)
{
	struct MDB_txn *txn = NULL;
	enum bc_status status = bci_txn_begin(env, &txn, err);

	return tables_open_in(status, txn, tables, err);
}

/* Name all entries that expire in `expiry`. */
static enum bc_status
catalogue_add_expiry(struct MDB_txn *txn, const struct bci_tables *tables,
                     struct bc_error *err)
{
	struct bci_bytes key = { strlen(BCI_KEY_FIRST), BCI_KEY_FIRST }, value;
	struct MDB_cursor *cursor = NULL;
	struct bci_entry entry;
	enum bc_status status;

	BCI_TRY(bci_cursor_open(txn, tables->entries, &cursor, err));
	status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
	for (; status == BC_OK;
	     status = bci_cursor_move(cursor, BCI_NEXT, &key, &value)) {
		if (key.size > BC_KEY_MAX ||
		    bci_entry_parse(value.data, value.size, &entry) != BC_OK)
			continue; /* The next writer drops what is damaged. */
		BCI_TRY(bci_expiry_change(txn, tables, key.data, key.size, NULL,
		                          &entry.head, err));
	}
	status = status == BC_MISS
	                 ? BC_OK
	                 : bci_fail(err, status, "cannot read the entries");
done:
	bci_cursor_close(cursor);
	return status;
}

enum bc_status
bci_catalogue_upgrade(struct MDB_env *env, struct bci_tables *tables,
                      struct bc_error *err)
{
	struct bci_config_record config;
	struct MDB_txn *txn = NULL;
	enum bc_status status;

	bci_db_set_sync(env, BCI_SYNC_FULL);
	BCI_TRY(bci_txn_begin(env, &txn, err));
	BCI_TRY(bci_config_load(txn, tables, &config, err));
	BCI_TRY(tables_open_added(txn, true, tables, err));
	if (config.format_version != BCI_FORMAT_VERSION) {
		BCI_TRY(catalogue_add_expiry(txn, tables, err));
		config.format_version = BCI_FORMAT_VERSION;
		BCI_TRY(bci_config_store(txn, tables, &config, err));
	}
	BCI_TRY(bci_txn_commit(&txn, err));
done:
	bci_txn_abort(txn);
	if (status != BC_OK)
		bci_tables_copy_added(tables, NULL);
	return status;
}

/* Write the first commit of a new catalogue. */
static enum bc_status
catalogue_fill(struct MDB_env *env, const struct bci_config_record *config,
               const uint8_t boot_id[16], struct bc_error *err)
{
	struct bci_state_record state = {
		.version = BCI_RECORD_VERSION,
		.next_schema = 1,
		.next_entry = 1,
		.next_arena = 1,
	};
	struct bci_tables tables;
	struct MDB_txn *txn = NULL;
	enum bc_status status;

	memcpy(state.boot_id, boot_id, sizeof(state.boot_id));
	BCI_TRY(bci_txn_begin(env, &txn, err));
	BCI_TRY(tables_open(txn, true, &tables, err));
	BCI_TRY(bci_config_store(txn, &tables, config, err));
	BCI_TRY(bci_state_store(txn, &tables, &state, err));
	BCI_TRY(bci_txn_commit(&txn, err));
done:
	bci_txn_abort(txn);
	return status;
}

/* LMDB's lock file, allocated in full: a sparse one turns ENOSPC to SIGBUS. */
static enum bc_status
catalogue_lock_file(int dir_fd, bool group, struct bc_error *err)
{
	enum bc_status status;
	int fd = -1;

	if (unlinkat(dir_fd, BCI_CATALOGUE_LOCK, 0) != 0 && errno != ENOENT)
		return bci_fail_os(err, errno, "cannot remove %s",
		                   BCI_CATALOGUE_LOCK);
	status = bci_file_create(dir_fd, BCI_CATALOGUE_LOCK, group, &fd, err);
	if (status == BC_OK)
		status = bci_file_allocate(fd, 0, LOCK_BYTES, err);
	bci_file_close(&fd);
	return status;
}

enum bc_status
bci_catalogue_create(int dir_fd, const struct bci_config_record *config,
                     const uint8_t boot_id[16], struct bc_error *err)
{
	struct MDB_env *env = NULL;
	enum bc_status status;
	int fd = -1;

	if (unlinkat(dir_fd, NEW_FILE, 0) != 0 && errno != ENOENT)
		return bci_fail_os(err, errno, "cannot remove %s", NEW_FILE);
	BCI_TRY(bci_file_create(dir_fd, NEW_FILE, config->group != 0, &fd,
	                        err));
	BCI_TRY(bci_db_open(dir_fd, NEW_FILE, BCI_CATALOGUE_MAP, BCI_DB_NOLOCK,
	                    &env, err));
	BCI_TRY(catalogue_fill(env, config, boot_id, err));
	bci_db_close(env);
	env = NULL;
	BCI_TRY(catalogue_lock_file(dir_fd, config->group != 0, err));
	if (fsync(fd) != 0 ||
	    renameat(dir_fd, NEW_FILE, dir_fd, BCI_CATALOGUE_FILE) != 0 ||
	    fsync(dir_fd) != 0)
		status = bci_fail_os(err, errno, "cannot create %s",
		                     BCI_CATALOGUE_FILE);
done:
	bci_db_close(env);
	bci_file_close(&fd);
	if (status != BC_OK)
		(void)unlinkat(dir_fd, NEW_FILE, 0);
	return status;
}

/*
 * Copy a record out of `meta`.  It has 'bytes' bytes, or in a cache of format 1
 * 'old_bytes'; then the rest is zeroed.
 */
static enum bc_status
meta_load(struct MDB_txn *txn, const struct bci_tables *tables, const char *key,
          void *record, size_t bytes, size_t old_bytes, struct bc_error *err)
{
	struct bci_bytes value;
	enum bc_status status =
		bci_table_get(txn, tables->meta, key, strlen(key), &value);

	if (status != BC_OK && status != BC_MISS)
		return bci_fail(err, status, "cannot read record '%s'", key);
	if (status == BC_MISS ||
	    (value.size != bytes && value.size != old_bytes &&
	     value.size + 16 != bytes) ||
	    *(const uint8_t *)value.data != BCI_RECORD_VERSION)
		return bci_fail(err, BC_FORMAT,
		                "record '%s' of the catalogue is missing or of "
		                "another format",
		                key);
	memset(record, 0, bytes);
	memcpy(record, value.data, value.size);
	return BC_OK;
}

enum bc_status
bci_config_load(struct MDB_txn *txn, const struct bci_tables *tables,
                struct bci_config_record *config, struct bc_error *err)
{
	enum bc_status status =
		meta_load(txn, tables, config_key, config, sizeof(*config),
	                  BCI_CONFIG_OLD_BYTES, err);

	if (status == BC_OK && (config->format_version < BCI_FORMAT_OLDEST ||
	                        config->format_version > BCI_FORMAT_VERSION))
		return bci_fail(err, BC_FORMAT,
		                "the cache has format %u, this library reads "
		                "formats %d to %d",
		                config->format_version, BCI_FORMAT_OLDEST,
		                BCI_FORMAT_VERSION);
	return status;
}

enum bc_status
bci_config_store(struct MDB_txn *txn, const struct bci_tables *tables,
                 const struct bci_config_record *config, struct bc_error *err)
{
	return bci_table_put(txn, tables->meta, config_key, strlen(config_key),
	                     config, sizeof(*config), err);
}

enum bc_status
bci_state_load(struct MDB_txn *txn, const struct bci_tables *tables,
               struct bci_state_record *state, struct bc_error *err)
{
	return meta_load(txn, tables, state_key, state, sizeof(*state),
	                 BCI_STATE_OLD_BYTES, err);
}

enum bc_status
bci_state_store(struct MDB_txn *txn, const struct bci_tables *tables,
                const struct bci_state_record *state, struct bc_error *err)
{
	return bci_table_put(txn, tables->meta, state_key, strlen(state_key),
	                     state, sizeof(*state), err);
}

uint64_t
bci_catalogue_used(struct MDB_txn *txn, const struct bci_tables *tables)
{
	return bci_table_bytes(txn, tables->entries) +
	       bci_table_bytes(txn, tables->details) +
	       bci_table_bytes(txn, tables->schemas) +
	       bci_table_bytes(txn, tables->requests) +
	       bci_table_bytes(txn, tables->slots) +
	       bci_table_bytes(txn, tables->segments) +
	       bci_table_bytes(txn, tables->coverage) +
	       bci_table_bytes(txn, tables->ghosts) +
	       bci_table_bytes(txn, tables->expiry) +
	       bci_table_bytes(txn, tables->labels) +
	       bci_table_bytes(txn, tables->labelled);
}

enum bc_status
bci_arena_load(struct MDB_txn *txn, const struct bci_tables *tables,
               uint64_t number, struct bci_arena_record *arena)
{
	struct bci_bytes value;
	enum bc_status status = bci_table_get(txn, tables->arenas, &number,
	                                      sizeof(number), &value);

	if (status != BC_OK)
		return status;
	if (value.size != sizeof(*arena))
		return BC_CORRUPT;
	memcpy(arena, value.data, sizeof(*arena));
	return arena->version == BCI_RECORD_VERSION ? BC_OK : BC_CORRUPT;
}

enum bc_status
bci_arena_store(struct MDB_txn *txn, const struct bci_tables *tables,
                uint64_t number, const struct bci_arena_record *arena,
                struct bc_error *err)
{
	return bci_table_put(txn, tables->arenas, &number, sizeof(number),
	                     arena, sizeof(*arena), err);
}

enum bc_status
bci_arena_next(struct MDB_txn *txn, const struct bci_tables *tables,
               uint64_t *number, struct bci_arena_record *arena)
{
	struct bci_bytes key = { sizeof(*number), number }, value;
	struct MDB_cursor *cursor = NULL;
	enum bc_status status;

	++*number;
	status = bci_cursor_open(txn, tables->arenas, &cursor, NULL);
	if (status == BC_OK)
		status = bci_cursor_move(cursor, BCI_FROM, &key, &value);
	if (status == BC_OK &&
	    (key.size != sizeof(*number) || value.size != sizeof(*arena)))
		status = BC_CORRUPT;
	if (status == BC_OK) {
		memcpy(number, key.data, sizeof(*number));
		memcpy(arena, value.data, sizeof(*arena));
	}
	bci_cursor_close(cursor);
	return status;
}

enum bc_status
bci_schema_intern(struct MDB_txn *txn, const struct bci_tables *tables,
                  struct bci_state_record *state, const unsigned char *stored,
                  size_t bytes, uint32_t *id, struct bc_error *err)
{
	unsigned char digest[16];
	struct bci_bytes value;
	enum bc_status status;

	bci_hash128(stored, bytes, digest);
	status = bci_table_get(txn, tables->schemas, digest, sizeof(digest),
	                       &value);
	if (status == BC_OK && value.size == sizeof(*id)) {
		memcpy(id, value.data, sizeof(*id));
		return BC_OK;
	}
	if (status != BC_MISS)
		return bci_fail(err, status == BC_OK ? BC_CORRUPT : status,
		                "the table of schemas");
	if (state->next_schema >= BCI_SCHEMAS_MAX)
		return bci_fail(err, BC_ENTRIES,
		                "the cache knows %u shapes of frames and may "
		                "know no more",
		                state->next_schema);
	*id = state->next_schema++;
	status = bci_table_put(txn, tables->schemas, id, sizeof(*id), stored,
	                       bytes, err);
	if (status == BC_OK)
		status = bci_table_put(txn, tables->schemas, digest,
		                       sizeof(digest), id, sizeof(*id), err);
	return status;
}

enum bc_status
bci_schema_load(struct MDB_txn *txn, const struct bci_tables *tables,
                uint32_t id, struct bci_bytes *stored)
{
	unsigned char digest[16];
	struct bci_bytes known;
	enum bc_status status;

	status = bci_table_get(txn, tables->schemas, &id, sizeof(id), stored);
	if (status == BC_OK) {
		bci_hash128(stored->data, stored->size, digest);
		status = bci_table_get(txn, tables->schemas, digest,
		                       sizeof(digest), &known);
	}
	if (status == BC_OK && (known.size != sizeof(id) ||
	                        memcmp(known.data, &id, sizeof(id)) != 0))
		status = BC_CORRUPT;
	return status == BC_MISS ? BC_CORRUPT : status;
}

enum bc_status
bci_slot_take(struct MDB_txn *txn, const struct bci_tables *tables,
              struct bci_state_record *state, uint32_t *slot,
              struct bc_error *err)
{
	struct MDB_cursor *cursor = NULL;
	struct bci_bytes key, value;
	enum bc_status status;
	uint64_t number = 0;

	BCI_TRY(bci_cursor_open(txn, tables->slots, &cursor, err));
	status = bci_cursor_move(cursor, BCI_FIRST, &key, &value);
	if (status == BC_OK) {
		memcpy(&number, key.data, sizeof(number));
		*slot = (uint32_t)number;
		status = bci_table_delete(txn, tables->slots, &number,
		                          sizeof(number), err);
	} else if (status == BC_MISS) {
		*slot = (uint32_t)state->next_slot++;
		status = BC_OK;
	} else {
		status = bci_fail(err, status, "the table of free slots");
	}
done:
	bci_cursor_close(cursor);
	return status;
}

enum bc_status
bci_slot_give(struct MDB_txn *txn, const struct bci_tables *tables,
              uint32_t slot, struct bc_error *err)
{
	uint64_t number = slot;

	return bci_table_put(txn, tables->slots, &number, sizeof(number), "", 0,
	                     err);
}
