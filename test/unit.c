/* SPDX-License-Identifier: MIT */
/*
 * unit.c - the fixture of unit.h.
 */
#include "unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "environment.h"
#include "cache.h"

struct unit fixture;

static void
unit_log(void *context, enum bc_event event, const char *text)
{
	struct unit *counted = context;

	if ((unsigned)event <= BC_EVENT_SYNC && text[0] != '\0')
		atomic_fetch_add(&counted->events[event], 1);
}

struct bc_options
unit_options(void)
{
	struct bc_options options = BC_OPTIONS_INIT;

	options.flags = BC_OPEN_CREATE;
	options.lock_timeout_ms = 60000;
	options.log = unit_log;
	options.log_context = &fixture;
	return options;
}

struct bc_cache *
unit_open(const struct bc_options *options)
{
	struct bc_cache *cache = NULL;
	struct bc_error err;

	assert_status(bc_open(fixture.dir.cache, options, &cache, &err), BC_OK,
	              &err);
	assert_non_null(cache);
	return cache;
}

int
unit_setup(void **state)
{
	struct bc_options options = unit_options();

	(void)state;
	memset(&fixture, 0, sizeof(fixture));
	test_dir_make_fast(&fixture.dir);
	fixture.cache = unit_open(&options);
	return 0;
}

int
unit_teardown(void **state)
{
	(void)state;
	bc_close(fixture.cache);
	fixture.cache = NULL;
	test_dir_remove(&fixture.dir);
	return 0;
}

void
unit_reopen(const struct bc_options *options)
{
	struct bc_options defaults = unit_options();

	bc_close(fixture.cache);
	fixture.cache = NULL;
	fixture.cache = unit_open(options != NULL ? options : &defaults);
}

void
unit_restart(const struct bc_options *options)
{
	bc_close(fixture.cache);
	fixture.cache = NULL;
	test_remove_tree(fixture.dir.cache);
	unit_reopen(options);
}

void
unit_put(const char *key, uint64_t version, uint64_t rows)
{
	struct bc_error err;

	assert_status(test_put_rows(fixture.cache, key, version, UNIT_SEED,
	                            rows, &err),
	              BC_OK, &err);
}

void
unit_put_many(unsigned count)
{
	struct bc_batch *batch;
	struct bc_error err;
	char key[16];

	assert_status(bc_batch_begin(fixture.cache, &batch, &err), BC_OK, &err);
	for (unsigned i = 0; i < count; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		assert_status(bc_batch_put_blob(batch, key, "x", 1, NULL, &err),
		              BC_OK, &err);
	}
	assert_status(bc_batch_commit(&batch, &err), BC_OK, &err);
}

void
unit_depend(const char *key, const char *parent)
{
	const char *const parents[] = { parent, NULL };
	struct bc_error err;

	assert_status(
		bc_depend(fixture.cache, key, parents, BC_LABELS_ADD, &err),
		BC_OK, &err);
}

void
unit_expect_hit(struct bc_cache *cache, const char *key, uint64_t version,
                const char *file, int line)
{
	struct bc_view view;
	enum bc_status status = bc_get(cache, key, &view);
	uint64_t found = 0;

	if (status == BC_OK)
		found = test_view_version(&view, key, UNIT_SEED);
	if (found != version) {
		fprintf(stderr, "%s:%d: get of %s: %s, %s, version %llu\n",
		        file, line, key, bc_status_name(status),
		        bc_miss_name(view.miss), (unsigned long long)found);
		_fail(file, line);
	}
	bc_view_release(&view);
}

void
unit_expect_miss(struct bc_cache *cache, const char *key, enum bc_miss reason,
                 const char *file, int line)
{
	static const struct bc_view zeroed;
	struct bc_view view;
	enum bc_status status;

	memset(&view, 0xa5, sizeof(view));
	status = bc_get(cache, key, &view);
	if (status != BC_MISS || view.miss != reason) {
		fprintf(stderr, "%s:%d: get of %s: %s, %s\n", file, line, key,
		        bc_status_name(status), bc_miss_name(view.miss));
		_fail(file, line);
	}
	view.miss = BC_MISS_NONE;
	if (memcmp(&view, &zeroed, sizeof(view)) != 0) {
		fprintf(stderr, "%s:%d: the view is not zeroed\n", file, line);
		_fail(file, line);
	}
}

void
unit_expect_sound(void)
{
	struct bc_verify_report report;
	struct bc_error err;

	assert_status(bc_verify(fixture.cache, NULL, NULL, NULL, &report, &err),
	              BC_OK, &err);
	assert_int_equal(report.bad_segments, 0);
	assert_int_equal(report.bad_entries, 0);
	assert_int_equal(fixture.events[BC_EVENT_QUARANTINE], 0);
	assert_int_equal(fixture.events[BC_EVENT_CHECKSUM], 0);
}

struct bc_info
unit_info(const char *key)
{
	static char text[BC_KEY_MAX + 70000];
	struct bc_info info;
	struct bc_error err;

	assert_status(
		bc_info(fixture.cache, key, text, sizeof(text), &info, &err),
		BC_OK, &err);
	assert_string_equal(info.key, key);
	return info;
}

struct bc_stats
unit_stats(void)
{
	struct bc_stats stats;
	struct bc_error err;

	assert_status(bc_stats(fixture.cache, &stats, &err), BC_OK, &err);
	return stats;
}

struct bci_locator
unit_locate(const char *key)
{
	struct bci_locator locator;
	struct bci_bytes record;
	struct bci_entry entry;
	struct MDB_txn *txn;
	struct bci_env *env;
	struct bc_error err;

	assert_status(bci_cache_env(fixture.cache, &env, &err), BC_OK, &err);
	assert_status(bci_txn_begin_read(env->db, &txn, &err), BC_OK, &err);
	assert_status(bci_table_get(txn, env->tables.entries, key, strlen(key),
	                            &record),
	              BC_OK, NULL);
	assert_int_equal(bci_entry_parse(record.data, record.size, &entry),
	                 BC_OK);
	bci_entry_locator(&entry, 0, &locator);
	bci_txn_abort(txn);
	return locator;
}

char *
unit_arena_path(char path[TEST_PATH], uint64_t number)
{
	char name[BCI_ARENA_NAME], warm[TEST_PATH], cold[TEST_PATH];

	bci_arena_name(number, name);
	test_path(path, test_path(cold, fixture.dir.cache, "cold"), name);
	if (access(path, F_OK) == 0)
		return path;
	return test_path(path, test_path(warm, fixture.dir.cache, "warm"),
	                 name);
}

void
unit_flip(const char *key, uint64_t at)
{
	struct bci_locator locator = unit_locate(key);
	unsigned char byte;
	char path[TEST_PATH];
	int fd;

	assert_int_not_equal(locator.arena, 0);
	fd = open(unit_arena_path(path, locator.arena), O_RDWR);
	assert_true(fd >= 0);
	at += locator.offset;
	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= 0x04;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
}

void
unit_change_catalogue(unit_change *change)
{
	int fd = open(fixture.dir.cache, O_RDONLY | O_DIRECTORY);
	struct bci_tables tables;
	struct MDB_env *env;
	struct MDB_txn *txn;
	struct bc_error err;

	bc_close(fixture.cache);
	fixture.cache = NULL;
	assert_status(bci_db_open(fd, BCI_CATALOGUE_FILE, BCI_CATALOGUE_MAP, 0,
	                          &env, &err),
	              BC_OK, &err);
	assert_status(bci_catalogue_tables(env, &tables, &err), BC_OK, &err);
	assert_status(bci_txn_begin(env, &txn, &err), BC_OK, &err);
	change(txn, &tables);
	assert_status(bci_txn_commit(&txn, &err), BC_OK, &err);
	bci_db_close(env);
	close(fd);
}
