/* SPDX-License-Identifier: MIT */
/*
 * series.c - see series.h.
 *
 * Frames are put under one key, one after the other, so that their segments
 * belong to one entry; then the catalogue is changed so that it names them all.
 */
#include "series.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "cache.h"
#include "catalogue.h"
#include "directory.h"
#include "hash.h"
#include "schema.h"
#include "series_unit.h"

#define SYMBOLS 5
#define DAY_ROWS 390 /* bars of a trading day */

struct series_made made;

static const char *const symbols[SYMBOLS] = { "AAPL", "MSFT", "", "TSLA",
	                                      "\xC3\xA9tat" };

int64_t
series_time(uint64_t row)
{
	const int64_t begin = 1704067200 * UNIT_SECOND_NS;
	uint64_t day = row / DAY_ROWS;

	if (made.series.gaps)
		row = (day + day / 5 * 2) * 1440 + row % DAY_ROWS;
	return begin + (int64_t)row * SERIES_STEP_NS;
}

double
series_close(uint64_t row)
{
	return 100 + (double)(test_mix(row, 1) % 4096) / 16;
}

static uint32_t
series_code(uint64_t row)
{
	return (uint32_t)(test_mix(row, 2) % SYMBOLS);
}

const char *
series_symbol(uint64_t row)
{
	return symbols[series_code(row)];
}

static int32_t
series_count(uint64_t row)
{
	return (int32_t)test_mix(row, 3);
}

static uint8_t
series_flag(uint64_t row)
{
	return (uint8_t)test_mix(row, 4);
}

static int64_t
series_volume(uint64_t row)
{
	return (int64_t)test_mix(row, 5);
}

/* ---- making ------------------------------------------------------------ */

/* The columns of some rows, in memory. */
struct series_rows {
	int64_t *time, *volume;
	double *close;
	uint32_t *symbol;
	int32_t *count;
	uint8_t *flag;
};

static void
rows_make(struct series_rows *rows, uint64_t first, uint64_t count)
{
	rows->time = calloc(count + 1, 8);
	rows->volume = calloc(count + 1, 8);
	rows->close = calloc(count + 1, 8);
	rows->symbol = calloc(count + 1, 4);
	rows->count = calloc(count + 1, 4);
	rows->flag = calloc(count + 1, 1);
	for (uint64_t i = 0; i < count; i++) {
		rows->time[i] = series_time(first + i);
		rows->volume[i] = series_volume(first + i);
		rows->close[i] = series_close(first + i);
		rows->symbol[i] = series_code(first + i);
		rows->count[i] = series_count(first + i);
		rows->flag[i] = series_flag(first + i);
	}
}

static void
rows_free(struct series_rows *rows)
{
	free(rows->time);
	free(rows->volume);
	free(rows->close);
	free(rows->symbol);
	free(rows->count);
	free(rows->flag);
}

/* Put rows as a frame, and note where its segment lies. */
static void
series_put(uint64_t first, uint64_t count, struct bci_locator *out)
{
	struct series_rows rows;
	struct bc_error err;

	rows_make(&rows, first, count);
	{
		const struct bc_column columns[5] = {
			{ "close", BC_F64, rows.close, NULL, 0 },
			{ "count", BC_I32, rows.count, NULL, 0 },
			{ "flag", BC_U8, rows.flag, NULL, 0 },
			{ "volume", BC_I64, rows.volume, NULL, 0 },
			{ "symbol", BC_TEXT, rows.symbol, symbols, SYMBOLS },
		};
		const struct bc_frame frame = { count, rows.time, columns,
			                        made.series.text ? 5 : 4 };

		assert_status(bc_put(fixture.cache, SERIES_KEY, &frame, NULL,
		                     NULL, &err),
		              BC_OK, &err);
	}
	rows_free(&rows);
	*out = unit_locate(SERIES_KEY);
	assert_int_not_equal(out->arena, 0);
	assert_int_equal(out->rows, count);
}

/* The tail as an entry record has it: columns one behind the other. */
static size_t
series_write_tail(unsigned char *to, uint64_t first, unsigned count)
{
	const unsigned char *begin = to;
	struct series_rows rows;

	rows_make(&rows, first, count);
	to = (unsigned char *)mempcpy(to, rows.time, 8ul * count);
	to = (unsigned char *)mempcpy(to, rows.close, 8ul * count);
	to = (unsigned char *)mempcpy(to, rows.count, 4ul * count);
	to = (unsigned char *)mempcpy(to, rows.flag, count);
	to = (unsigned char *)mempcpy(to, rows.volume, 8ul * count);
	if (made.series.text)
		to = (unsigned char *)mempcpy(to, rows.symbol, 4ul * count);
	rows_free(&rows);
	return (size_t)(to - begin);
}

/* What the series record says. */
static struct bci_series_record
series_record(void)
{
	const struct series *series = &made.series;
	struct bci_series_record record = {
		.rows = made.rows,
		.first_ns = series_time(0),
		.last_ns = series_time(made.rows - 1),
		.older_count = series->older,
		.newer_count = (uint16_t)(made.count - series->older),
		.tail_rows = (uint16_t)series->tail,
		.open = series->open,
	};

	for (size_t i = 0; i < series->older; i++) {
		record.older_rows += made.locators[i].rows;
		record.older_last_ns = made.locators[i].last_ns;
	}
	if (series->unknown)
		return record;
	record.known = BC_KNOWN_BARS;
	record.known_from_ns = record.first_ns;
	record.known_to_ns = record.last_ns + SERIES_STEP_NS;
	if (series->open) {
		record.known_to_ns = record.last_ns;
		record.open_from_ns = record.last_ns;
		record.open_to_ns = record.last_ns + SERIES_STEP_NS / 2;
	}
	return record;
}

static void
series_rewrite(struct MDB_txn *txn, const struct bci_tables *tables)
{
	unsigned char record[BCI_PAGE], *to = record + 32;
	struct bci_series_record series = series_record();
	struct bci_entry_record head;
	struct bci_state_record state;
	struct bci_bytes value;
	size_t tail;

	assert_int_equal(bci_state_load(txn, tables, &state, NULL), BC_OK);
	assert_int_equal(bci_table_get(txn, tables->entries, SERIES_KEY,
	                               strlen(SERIES_KEY), &value),
	                 BC_OK);
	memcpy(&head, value.data, sizeof(head));
	head.kind = BC_SERIES;
	made.entry_id = head.id;
	memcpy(record, &head, sizeof(head));
	to += sizeof(series);
	for (size_t i = 0; i < made.count; i++) {
		struct bci_locator *locator = &made.locators[i];

		if (i + 1 < made.count) /* The last one has a slot. */
			assert_int_equal(bci_slot_take(txn, tables, &state,
			                               &locator->slot, NULL),
			                 BC_OK);
		if (i < made.series.older)
			assert_int_equal(bci_directory_put(txn, tables, head.id,
			                                   locator, NULL),
			                 BC_OK);
		else
			to = (unsigned char *)mempcpy(to, locator,
			                              sizeof(*locator));
	}
	tail = series_write_tail(to, made.rows - made.series.tail,
	                         made.series.tail);
	series.tail_checksum = tail != 0 ? bci_hash64(to, tail) : 0;
	memcpy(record + 32, &series, sizeof(series));
	series_unit_sign(SERIES_KEY, record);
	to += tail;
	assert_int_equal(bci_table_put(txn, tables->entries, SERIES_KEY,
	                               strlen(SERIES_KEY), record,
	                               (size_t)(to - record), NULL),
	                 BC_OK);
	assert_int_equal(bci_state_store(txn, tables, &state, NULL), BC_OK);
}

void
series_make(const struct series *series)
{
	struct bci_env *env;
	uint64_t row = 0;

	memset(&made, 0, sizeof(made));
	made.series = *series;
	for (size_t i = 0; series->cuts[i] != 0; i++) {
		series_put(row, series->cuts[i], &made.locators[i]);
		row += series->cuts[i];
		made.count = i + 1;
	}
	made.rows = row + series->tail;
	unit_change_catalogue(series_rewrite);
	unit_reopen(NULL);
	assert_status(bci_cache_env(fixture.cache, &env, NULL), BC_OK, NULL);
	for (size_t i = 0; i < made.count; i++) {
		const struct bci_locator *locator = &made.locators[i];

		assert_status(
			bci_ledger_grow(&env->ledger, locator->slot + 1u, NULL),
			BC_OK, NULL);
		bci_slot_begin(&env->ledger, locator->slot,
		               bci_segment_id(locator, made.entry_id), 1);
	}
}

/* ---- looking ----------------------------------------------------------- */

/* Whether an element of a view is what row 'row' has. */
static bool
element_is(const struct bc_view *view, uint32_t index, uint64_t at,
           uint64_t row)
{
	const char *name = view->schema->columns[index].name;
	const void *data = bc_view_column(view, index);
	size_t bytes;

	if (strcmp(name, "time") == 0)
		return ((const int64_t *)data)[at] == series_time(row);
	if (strcmp(name, "close") == 0)
		return ((const double *)data)[at] == series_close(row);
	if (strcmp(name, "count") == 0)
		return ((const int32_t *)data)[at] == series_count(row);
	if (strcmp(name, "flag") == 0)
		return ((const uint8_t *)data)[at] == series_flag(row);
	if (strcmp(name, "volume") == 0)
		return ((const int64_t *)data)[at] == series_volume(row);
	if (strcmp(name, "symbol") == 0) {
		const char *text = bc_view_text(
			view, index, ((const uint32_t *)data)[at], &bytes);

		return text != NULL && bytes == strlen(series_symbol(row)) &&
		       memcmp(text, series_symbol(row), bytes) == 0;
	}
	return false;
}

void
series_expect(const struct bc_view *view, uint64_t first, uint64_t count,
              const char *file, int line)
{
	const int64_t begin = count != 0 ? series_time(first) : 0;
	const int64_t end = count != 0 ? series_time(first + count - 1) : 0;

	if (view->rows != count || view->first_ns != begin ||
	    view->last_ns != end || view->schema == NULL ||
	    view->bytes != count * view->schema->row_bytes) {
		fprintf(stderr, "%s:%d: %llu rows, not %llu\n", file, line,
		        (unsigned long long)view->rows,
		        (unsigned long long)count);
		_fail(file, line);
	}
	for (uint32_t i = 0; i < view->schema->column_count; i++) {
		const struct bc_schema_column *column =
			&view->schema->columns[i];

		if ((uintptr_t)bc_view_column(view, i) % column->bytes != 0)
			_fail(file, line);
		for (uint64_t k = 0; k < count; k++) {
			if (element_is(view, i, k, first + k))
				continue;
			fprintf(stderr, "%s:%d: column %s, row %llu\n", file,
			        line, column->name, (unsigned long long)k);
			_fail(file, line);
		}
	}
}

uint64_t
series_place(size_t index, uint32_t column, uint64_t row)
{
	static const uint32_t widths[] = { 8, 8, 4, 1, 8, 4 };
	const struct bci_locator *locator = &made.locators[index];
	uint64_t unit = bci_layout_alignment(locator->rows);
	uint64_t at = locator->header_bytes;

	for (uint32_t i = 0; i < column; i++)
		at += bci_round_up(widths[i] * locator->rows, unit);
	return at + row * widths[column];
}

void
series_flip(size_t index, uint64_t at)
{
	const struct bci_locator *locator = &made.locators[index];
	unsigned char byte;
	char path[TEST_PATH];
	int fd = open(unit_arena_path(path, locator->arena), O_RDWR);

	assert_true(fd >= 0);
	at += locator->offset;
	assert_int_equal(pread(fd, &byte, 1, (off_t)at), 1);
	byte ^= 0x10;
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)at), 1);
	close(fd);
}
