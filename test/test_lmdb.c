/* SPDX-License-Identifier: MIT */
/*
 * test_lmdb.c - LMDB behind db.h: files that are none, a full reader table, a
 * full map, tables and cursors.
 */
#include "dir_unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db.h"

#define MAP_BYTES (1ull << 20)

static struct MDB_env *
open_new(uint64_t map_bytes, unsigned flags)
{
	struct MDB_env *env = NULL;
	struct bc_error err;

	assert_status(bci_db_open(dir_fd, "db", map_bytes, flags, &env, &err),
	              BC_OK, &err);
	return env;
}

static struct MDB_txn *
begin(struct MDB_env *env, unsigned *table)
{
	struct MDB_txn *txn = NULL;
	struct bc_error err;

	assert_status(bci_txn_begin(env, &txn, &err), BC_OK, &err);
	assert_status(bci_table_open(txn, "table", true, false, table, &err),
	              BC_OK, &err);
	return txn;
}

static void
patch(const char *name, off_t at, const void *bytes, size_t count)
{
	int fd = openat(dir_fd, name, O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, count, at), count);
	close(fd);
}

static void
refuse(const char *name, enum bc_status expected)
{
	struct MDB_env *env = (struct MDB_env *)(void *)&dir;
	unsigned before = test_open_files();
	struct bc_error err;

	assert_status(bci_db_open(dir_fd, name, MAP_BYTES, 0, &env, &err),
	              expected, &err);
	assert_null(env);
	assert_non_null(strstr(err.message, name));
	assert_int_equal(test_open_files(), before);
}

static void
what_is_no_database_is_refused(void **state)
{
	static const uint32_t version = 999;
	unsigned char noise[8192];
	struct MDB_env *env;
	struct MDB_txn *txn;
	unsigned table;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(noise); i++)
		noise[i] = (unsigned char)test_mix(i, 3);
	patch("noise", 0, noise, sizeof(noise));
	refuse("noise", BC_FORMAT);
	refuse("no/such/directory", BC_ABSENT);
	/* A database, but of another version. */
	env = open_new(MAP_BYTES, 0);
	txn = begin(env, &table);
	assert_status(bci_txn_commit(&txn, NULL), BC_OK, NULL);
	bci_db_close(env);
	patch("db", 16 + 4, &version, sizeof(version));
	patch("db", 4096 + 16 + 4, &version, sizeof(version));
	refuse("db", BC_FORMAT);
}

static void
the_library_is_one_we_know(void **state)
{
	int major = -1, minor = -1, patch_level = -1;

	(void)state;
	assert_true(bci_db_supported());
	assert_int_equal(sscanf(bc_lmdb_version(), "%d.%d.%d", &major, &minor,
	                        &patch_level),
	                 3);
	assert_int_equal(major, 0);
	assert_int_equal(minor, 9);
}

static void
a_full_map_is_full_and_the_rest_stays(void **state)
{
	struct MDB_env *env = open_new(64 * 4096, BCI_DB_NOSYNC);
	static char value[3000];
	struct bci_bytes found;
	struct bc_error err;
	enum bc_status status = BC_OK;
	unsigned table, key = 0;
	struct MDB_txn *txn = begin(env, &table);

	(void)state;
	assert_status(bci_table_put(txn, table, "first", 5, "1", 1, &err),
	              BC_OK, &err);
	assert_status(bci_txn_commit(&txn, &err), BC_OK, &err);
	assert_null(txn);
	txn = begin(env, &table);
	for (; status == BC_OK && key < 1000; key++)
		status = bci_table_put(txn, table, &key, sizeof(key), value,
		                       sizeof(value), &err);
	assert_status(status, BC_FULL, &err);
	assert_true(key > 20);
	bci_txn_abort(txn);
	txn = begin(env, &table);
	assert_status(bci_table_get(txn, table, "first", 5, &found), BC_OK,
	              NULL);
	key = 0;
	assert_status(bci_table_get(txn, table, &key, sizeof(key), &found),
	              BC_MISS, NULL);
	bci_txn_abort(txn);
	bci_db_close(env);
}

static void
a_full_reader_table_is_busy(void **state)
{
	static struct MDB_txn *readers[5000];
	struct MDB_env *env = open_new(MAP_BYTES, BCI_DB_NOSYNC);
	struct bci_db_facts facts;
	struct bc_error err;
	enum bc_status status = BC_OK;
	unsigned count = 0, table;
	struct MDB_txn *txn = begin(env, &table);

	(void)state;
	assert_status(bci_txn_commit(&txn, &err), BC_OK, &err);
	while (status == BC_OK && count < 5000)
		status = bci_txn_begin_read(env, &readers[count++], &err);
	assert_status(status, BC_BUSY, &err);
	assert_null(readers[--count]);
	assert_status(bci_db_facts(env, &facts, &err), BC_OK, &err);
	assert_int_equal(facts.readers_max, count);
	assert_int_equal(facts.readers, count);
	bci_txn_abort(readers[--count]);
	assert_status(bci_txn_begin_read(env, &readers[count], &err), BC_OK,
	              &err);
	for (count++; count != 0; count--)
		bci_txn_abort(readers[count - 1]);
	bci_db_close(env);
}

static void
records_are_put_reserved_replaced_and_deleted(void **state)
{
	struct MDB_env *env = open_new(MAP_BYTES, BCI_DB_NOSYNC);
	struct bci_bytes found;
	struct bc_error err;
	uint64_t count = 9;
	unsigned table;
	struct MDB_txn *txn = begin(env, &table);
	void *room;

	(void)state;
	assert_status(bci_table_get(txn, table, "a", 1, &found), BC_MISS, NULL);
	assert_status(bci_table_delete(txn, table, "a", 1, &err), BC_MISS,
	              NULL);
	assert_status(bci_table_put(txn, table, "a", 1, "one", 3, &err), BC_OK,
	              &err);
	assert_status(bci_table_reserve(txn, table, "b", 1, 4, &room, &err),
	              BC_OK, &err);
	memcpy(room, "four", 4);
	assert_status(bci_table_put(txn, table, "a", 1, "other", 5, &err),
	              BC_OK, &err);
	assert_status(bci_table_get(txn, table, "a", 1, &found), BC_OK, NULL);
	assert_int_equal(found.size, 5);
	assert_memory_equal(found.data, "other", 5);
	assert_status(bci_table_count(txn, table, &count), BC_OK, NULL);
	assert_int_equal(count, 2);
	assert_status(bci_table_delete(txn, table, "a", 1, &err), BC_OK, &err);
	assert_status(bci_table_get(txn, table, "b", 1, &found), BC_OK, NULL);
	assert_memory_equal(found.data, "four", 4);
	assert_status(bci_table_count(txn, table, &count), BC_OK, NULL);
	assert_int_equal(count, 1);
	bci_txn_abort(txn);
	bci_db_close(env);
}

static void
a_table_that_is_not_there_is_a_wrong_format(void **state)
{
	struct MDB_env *env = open_new(MAP_BYTES, BCI_DB_NOSYNC);
	struct MDB_txn *txn = NULL;
	struct bc_error err;
	unsigned table;

	(void)state;
	assert_status(bci_txn_begin(env, &txn, &err), BC_OK, &err);
	assert_status(bci_table_open(txn, "none", false, false, &table, &err),
	              BC_FORMAT, &err);
	assert_non_null(strstr(err.message, "none"));
	bci_txn_abort(txn);
	bci_txn_abort(NULL);
	bci_db_close(env);
	bci_db_close(NULL);
}

static void
a_cursor_goes_first_next_and_from(void **state)
{
	struct MDB_env *env = open_new(MAP_BYTES, BCI_DB_NOSYNC);
	struct bci_bytes key, value;
	struct MDB_cursor *cursor;
	struct bc_error err;
	unsigned table;
	struct MDB_txn *txn = begin(env, &table);

	(void)state;
	assert_status(bci_cursor_open(txn, table, &cursor, &err), BC_OK, &err);
	assert_status(bci_cursor_move(cursor, BCI_FIRST, &key, &value), BC_MISS,
	              NULL);
	bci_cursor_close(cursor);
	assert_status(bci_table_put(txn, table, "b", 1, "2", 1, &err), BC_OK,
	              &err);
	assert_status(bci_table_put(txn, table, "d", 1, "4", 1, &err), BC_OK,
	              &err);
	assert_status(bci_cursor_open(txn, table, &cursor, &err), BC_OK, &err);
	key = (struct bci_bytes){ 1, "c" };
	assert_status(bci_cursor_move(cursor, BCI_FROM, &key, &value), BC_OK,
	              NULL);
	assert_memory_equal(key.data, "d", 1);
	key = (struct bci_bytes){ 1, "d" };
	assert_status(bci_cursor_move(cursor, BCI_FROM, &key, &value), BC_OK,
	              NULL);
	assert_memory_equal(value.data, "4", 1);
	assert_status(bci_cursor_move(cursor, BCI_NEXT, &key, &value), BC_MISS,
	              NULL);
	assert_status(bci_cursor_move(cursor, BCI_FIRST, &key, &value), BC_OK,
	              NULL);
	assert_memory_equal(key.data, "b", 1);
	bci_cursor_close(cursor);
	bci_cursor_close(NULL);
	bci_txn_abort(txn);
	bci_db_close(env);
}

static void
a_reader_sees_its_commit_until_it_is_renewed(void **state)
{
	struct MDB_env *env = open_new(MAP_BYTES, BCI_DB_NOSYNC);
	struct MDB_txn *reader = NULL, *txn;
	struct bci_bytes found;
	struct bc_error err;
	unsigned table;
	uint64_t before;

	(void)state;
	txn = begin(env, &table);
	assert_status(bci_txn_commit(&txn, &err), BC_OK, &err);
	assert_status(bci_txn_begin_read(env, &reader, &err), BC_OK, &err);
	before = bci_txn_id(reader);
	assert_int_equal(bci_db_newest(env), before);
	txn = begin(env, &table);
	assert_status(bci_table_put(txn, table, "a", 1, "1", 1, &err), BC_OK,
	              &err);
	assert_status(bci_txn_commit(&txn, &err), BC_OK, &err);
	assert_int_equal(bci_db_newest(env), before + 1);
	assert_status(bci_table_get(reader, table, "a", 1, &found), BC_MISS,
	              NULL);
	bci_txn_reset(reader);
	assert_status(bci_txn_renew(reader), BC_OK, NULL);
	assert_int_equal(bci_txn_id(reader), before + 1);
	assert_status(bci_table_get(reader, table, "a", 1, &found), BC_OK,
	              NULL);
	bci_txn_abort(reader);
	bci_db_close(env);
}

static void
descriptors_close_on_exec(void **state)
{
	struct MDB_env *env = open_new(MAP_BYTES, BCI_DB_NOLOCK);
	int fd = bci_db_fd(env);

	(void)state;
	assert_true(fd >= 0);
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_int_equal(faccessat(dir_fd, "db-lock", F_OK, 0), -1);
	bci_db_close(env);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, dir_setup, dir_teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_no_database_is_refused),
		TEST(a_table_that_is_not_there_is_a_wrong_format),
		TEST(a_full_map_is_full_and_the_rest_stays),
		TEST(a_full_reader_table_is_busy),
		TEST(the_library_is_one_we_know),
		TEST(records_are_put_reserved_replaced_and_deleted),
		TEST(a_cursor_goes_first_next_and_from),
		TEST(a_reader_sees_its_commit_until_it_is_renewed),
		TEST(descriptors_close_on_exec),
	};

	return cmocka_run_group_tests_name("lmdb", tests, NULL, NULL);
}
