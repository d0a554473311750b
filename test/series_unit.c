/* SPDX-License-Identifier: MIT */
/*
 * series_unit.c - the fixture of tests of series' records.
 */
#include "series_unit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "segment.h"

struct series_unit series_unit;

int
series_unit_setup(void **state)
{
	const struct bci_config_record config = {
		.version = BCI_RECORD_VERSION,
		.format_version = BCI_FORMAT_VERSION,
		.cache_id = 77,
	};
	const uint8_t boot[16] = { 1 };
	struct series_unit *unit = &series_unit;
	struct bc_error err;

	(void)state;
	test_dir_make_fast(&unit->dir);
	unit->dir_fd = open(unit->dir.path, O_RDONLY | O_DIRECTORY);
	assert_status(bci_catalogue_create(unit->dir_fd, &config, boot, &err),
	              BC_OK, &err);
	assert_status(bci_db_open(unit->dir_fd, BCI_CATALOGUE_FILE,
	                          BCI_CATALOGUE_MAP, BCI_DB_NOSYNC, &unit->env,
	                          &err),
	              BC_OK, &err);
	assert_status(bci_catalogue_tables(unit->env, &unit->tables, &err),
	              BC_OK, &err);
	assert_status(bci_txn_begin(unit->env, &unit->txn, &err), BC_OK, &err);
	return 0;
}

int
series_unit_teardown(void **state)
{
	(void)state;
	bci_txn_abort(series_unit.txn);
	bci_db_close(series_unit.env);
	close(series_unit.dir_fd);
	test_dir_remove(&series_unit.dir);
	return 0;
}

struct bci_locator
series_unit_locator(int64_t first_ns, int64_t last_ns)
{
	return (struct bci_locator){
		.arena = 1,
		.bytes = 4096,
		.offset = 4096 + BCI_VALUE_SHIFT,
		.first_ns = first_ns,
		.last_ns = last_ns,
		.rows = 2,
		.header_bytes = 240,
	};
}

size_t
series_unit_record(unsigned char *room, uint64_t id,
                   const struct bci_series_record *series,
                   const struct bci_locator *newer, const void *tail,
                   size_t tail_bytes)
{
	struct bci_entry_record head = {
		.version = BCI_RECORD_VERSION,
		.kind = BC_SERIES,
		.schema = 1,
		.id = id,
		.revision = 5,
	};
	size_t locators = series->newer_count * sizeof(*newer);
	size_t used = sizeof(head) + sizeof(*series);

	assert_true(used + locators + tail_bytes <= BCI_LEAF_BYTES);
	memcpy(room, &head, sizeof(head));
	memcpy(room + sizeof(head), series, sizeof(*series));
	if (locators != 0)
		memcpy(room + used, newer, locators);
	used += locators;
	if (tail_bytes != 0)
		memcpy(room + used, tail, tail_bytes);
	return used + tail_bytes;
}
