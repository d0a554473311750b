/* SPDX-License-Identifier: MIT */
/*
 * growth_unit.c - series as the storage has them.
 */
#include "growth_unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cache.h"
#include "check.h"
#include "coverage.h"
#include "directory.h"

struct series_rows all;

/* ---- rows -------------------------------------------------------------- */

void
series_free(struct series_rows *rows)
{
	free(rows->time_ns);
	for (unsigned i = 0; i < 5; i++)
		free(rows->columns[i]);
	free(rows->codes);
	memset(rows, 0, sizeof(*rows));
}

static void
series_reserve(struct series_rows *rows, uint64_t count)
{
	uint64_t room = 2 * (rows->rows + count) + 16;

	if (rows->rows + count <= rows->room)
		return;
	rows->time_ns = realloc(rows->time_ns, room * 8);
	rows->codes = realloc(rows->codes, room * 4);
	require(rows->time_ns != NULL && rows->codes != NULL);
	for (unsigned i = 0; i < 5; i++) {
		rows->columns[i] = realloc(rows->columns[i], room * 8);
		require(rows->columns[i] != NULL);
	}
	rows->room = room;
}

static void
series_fill(struct series_rows *rows, uint64_t at, int64_t time_ns,
            double close)
{
	uint64_t bits = test_mix((uint64_t)time_ns, 77);

	rows->time_ns[at] = time_ns;
	rows->columns[0][at] = close + (double)(bits % 7) / 8;
	rows->columns[1][at] = close + 1 + (double)(bits % 5) / 4;
	rows->columns[2][at] = close - 1 - (double)(bits % 3) / 2;
	rows->columns[3][at] = close;
	rows->columns[4][at] = (double)(bits % 1000);
	rows->codes[at] = rows->label_count != 0
	                          ? (uint32_t)(bits >> 20) % rows->label_count
	                          : 0;
}

void
series_add(struct series_rows *rows, int64_t time_ns, double close)
{
	series_reserve(rows, 1);
	series_fill(rows, rows->rows++, time_ns, close);
}

void
series_generate(struct series_rows *rows, int64_t from_ns, int64_t step_ns,
                uint64_t count, uint64_t seed)
{
	series_reserve(rows, count);
	for (uint64_t i = 0; i < count; i++) {
		int64_t time_ns = from_ns + (int64_t)i * step_ns;

		series_fill(rows, rows->rows++, time_ns,
		            100 + (double)(test_mix((uint64_t)time_ns, seed) %
		                           1000) /
		                            16);
	}
}

/* The first row that is not before 'time_ns'. */
static uint64_t
series_find(const struct series_rows *rows, int64_t time_ns)
{
	uint64_t first = 0, end = rows->rows;

	while (first < end) {
		uint64_t middle = first + (end - first) / 2;

		if (rows->time_ns[middle] < time_ns)
			first = middle + 1;
		else
			end = middle;
	}
	return first;
}

/* Move the rows from 'from' on to 'to'. */
static void
series_move(struct series_rows *rows, uint64_t from, uint64_t to)
{
	uint64_t count = rows->rows - from;

	memmove(rows->time_ns + to, rows->time_ns + from, count * 8);
	memmove(rows->codes + to, rows->codes + from, count * 4);
	for (unsigned i = 0; i < 5; i++)
		memmove(rows->columns[i] + to, rows->columns[i] + from,
		        count * 8);
	rows->rows = to + count;
}

void
series_set(struct series_rows *rows, int64_t time_ns, double close)
{
	uint64_t at = series_find(rows, time_ns);

	series_reserve(rows, 1);
	if (at == rows->rows || rows->time_ns[at] != time_ns)
		series_move(rows, at, at + 1);
	series_fill(rows, at, time_ns, close);
}

/* Copy a row as it is. */
static void
series_copy(struct series_rows *rows, const struct series_rows *from,
            uint64_t index)
{
	uint64_t at = rows->rows++;

	rows->time_ns[at] = from->time_ns[index];
	rows->codes[at] = from->codes[index];
	for (unsigned i = 0; i < 5; i++)
		rows->columns[i][at] = from->columns[i][index];
}

void
series_merge(struct series_rows *rows, const struct series_rows *fresh)
{
	struct series_rows out = { .labels = rows->labels,
		                   .label_count = rows->label_count };
	uint64_t i = 0, j = 0;

	series_reserve(&out, rows->rows + fresh->rows);
	while (i < rows->rows || j < fresh->rows) {
		bool old = j == fresh->rows ||
		           (i < rows->rows &&
		            rows->time_ns[i] < fresh->time_ns[j]);

		if (old) {
			series_copy(&out, rows, i++);
			continue;
		}
		i += i < rows->rows && rows->time_ns[i] == fresh->time_ns[j];
		series_copy(&out, fresh, j++);
	}
	series_free(rows);
	*rows = out;
}

void
series_remove(struct series_rows *rows, int64_t from_ns, int64_t to_ns)
{
	uint64_t first = series_find(rows, from_ns);

	series_move(rows, series_find(rows, to_ns), first);
}

struct bc_frame
series_frame(const struct series_rows *rows, uint64_t first, uint64_t count,
             struct bc_column *columns)
{
	static const char *const names[] = { "open", "high", "low", "close",
		                             "volume" };
	struct bc_frame frame = {
		.rows = count,
		.time_ns = rows->time_ns + first,
		.columns = columns,
		.column_count = 5,
	};

	for (unsigned i = 0; i < 5; i++)
		columns[i] = (struct bc_column){
			.name = names[i],
			.type = BC_F64,
			.data = rows->columns[i] + first,
		};
	if (rows->label_count != 0)
		columns[frame.column_count++] = (struct bc_column){
			.name = "label",
			.type = BC_TEXT,
			.data = rows->codes + first,
			.dictionary = rows->labels,
			.dictionary_count = rows->label_count,
		};
	return frame;
}

enum bc_status
series_append(const char *key, const struct series_rows *rows, uint64_t first,
              uint64_t count, const struct bc_append_options *options,
              struct bc_counts *counts, struct bc_error *err)
{
	struct bc_column columns[6];
	struct bc_frame frame = series_frame(rows, first, count, columns);

	return bc_append(fixture.cache, key, &frame, options, counts, err);
}

enum bc_status
series_bar(const char *key, int64_t time_ns, double close,
           const struct bc_append_options *options, struct bc_counts *counts,
           struct bc_error *err)
{
	struct series_rows one = { .rows = 0 };
	enum bc_status status;

	series_add(&one, time_ns, close);
	status = series_append(key, &one, 0, 1, options, counts, err);
	series_free(&one);
	return status;
}

void
series_expect_counts(const struct bc_counts *counts, uint64_t inserted,
                     uint64_t updated, uint64_t identical, uint64_t conflicting,
                     uint64_t rejected)
{
	assert_int_equal(counts->inserted, inserted);
	assert_int_equal(counts->updated, updated);
	assert_int_equal(counts->identical, identical);
	assert_int_equal(counts->conflicting, conflicting);
	assert_int_equal(counts->rejected, rejected);
}

struct bc_counts
series_grow(const char *key, uint64_t first, uint64_t count)
{
	struct bc_counts counts;
	struct bc_error err;

	assert_status(
		series_append(key, &all, first, count, NULL, &counts, &err),
		BC_OK, &err);
	return counts;
}

int
series_teardown(void **state)
{
	series_free(&all);
	return unit_teardown(state);
}

/* ---- what is stored ---------------------------------------------------- */

/* A series, read in a transaction of its own. */
struct reading {
	struct bci_env *env;
	struct MDB_txn *txn;
	struct bci_entry entry;
	const struct bc_schema *schema;
	unsigned char *copies[512]; /* segments */
	struct series_layout layout;
};

static void
reading_begin(struct reading *reading, const char *key)
{
	struct bci_bytes record;

	memset(reading, 0, sizeof(*reading));
	require(bci_cache_env(fixture.cache, &reading->env, NULL) == BC_OK);
	require(bci_txn_begin_read(reading->env->db, &reading->txn, NULL) ==
	        BC_OK);
	require(bci_table_get(reading->txn, reading->env->tables.entries, key,
	                      strlen(key), &record) == BC_OK);
	require(bci_entry_parse(record.data, record.size, &reading->entry) ==
	        BC_OK);
	require(strlen(key) + record.size <= BCI_LEAF_BYTES);
	require(reading->entry.head.kind == BC_SERIES);
	if (reading->entry.head.schema != 0)
		require(bci_env_schema(reading->env, reading->txn,
		                       reading->entry.head.schema,
		                       &reading->schema) == BC_OK);
}

static void
reading_end(struct reading *reading)
{
	for (unsigned i = 0; i < reading->layout.segment_count; i++)
		free(reading->copies[i]);
	bci_txn_abort(reading->txn);
}

/* Read a segment from its file and check every byte of it. */
static void
reading_segment(struct reading *reading, const char *key, unsigned index,
                const struct bci_locator *locator)
{
	const struct bci_segment_claim claim = {
		.kind = BC_FRAME,
		.key = key,
		.key_bytes = strlen(key),
		.schema = reading->schema,
	};
	unsigned char *image = aligned_alloc(
		64, bci_round_up(locator->bytes + BCI_VALUE_SHIFT, 64));
	char path[TEST_PATH];
	FILE *file;

	require(image != NULL);
	reading->copies[index] = image;
	image += BCI_VALUE_SHIFT;
	file = fopen(unit_arena_path(path, locator->arena), "rb");
	require(file != NULL &&
	        fseeko(file, (off_t)locator->offset, SEEK_SET) == 0 &&
	        fread(image, 1, locator->bytes, file) == locator->bytes);
	fclose(file);
	require(bci_segment_is(image, locator, reading->env->cache_id,
	                       reading->entry.head.id));
	require(bci_segment_check(image, locator, reading->schema) == NULL);
	require(bci_segment_check_claim(image, &claim) == NULL);
	for (uint32_t i = 0; i < bci_segment_blocks(locator); i++)
		require(bci_segment_check_block(image, locator, i));
}

/* Walk the segments and check what the record says of them. */
static void
reading_walk(struct reading *reading, const char *key)
{
	const struct bci_series_record *record = &reading->entry.series;
	struct series_layout *layout = &reading->layout;
	struct bci_directory directory;
	struct bci_locator locator;
	uint64_t older_rows = 0;
	enum bc_status status;

	layout->id = reading->entry.head.id;
	layout->revision = reading->entry.head.revision;
	layout->tail_rows = record->tail_rows;
	layout->rows = record->tail_rows;
	layout->older_count = record->older_count;
	layout->first_ns = record->first_ns;
	layout->last_ns = record->last_ns;
	layout->open = record->open;
	bci_directory_open(&directory, reading->txn, &reading->env->tables,
	                   &reading->entry);
	while ((status = bci_directory_next(&directory, &locator)) == BC_OK) {
		require(layout->segment_count < 512);
		reading_segment(reading, key, layout->segment_count, &locator);
		layout->segments[layout->segment_count++] = locator;
		layout->rows += locator.rows;
		if (layout->segment_count <= record->older_count)
			older_rows += locator.rows;
	}
	bci_directory_close(&directory);
	require(status == BC_MISS);
	require(layout->rows == record->rows);
	require(older_rows == record->older_rows);
	require(layout->segment_count ==
	        record->older_count + record->newer_count);
	require(bci_tail_checksum(reading->entry.tail,
	                          reading->entry.tail_bytes) ==
	        record->tail_checksum);
	require(bci_series_sum(key, strlen(key), &reading->entry.head,
	                       record) == record->sum);
}

void
series_layout(const char *key, struct series_layout *layout)
{
	struct reading reading;

	reading_begin(&reading, key);
	reading_walk(&reading, key);
	*layout = reading.layout;
	reading_end(&reading);
}

/* Compare one column of stored rows with what they should be. */
static bool
rows_match(const struct series_rows *rows, uint64_t first, uint64_t count,
           uint32_t column, const unsigned char *data,
           const unsigned char *area, uint64_t area_bytes)
{
	if (column == 0)
		return memcmp(data, rows->time_ns + first, 8 * count) == 0;
	if (column <= 5)
		return memcmp(data, rows->columns[column - 1] + first,
		              8 * count) == 0;
	for (uint64_t i = 0; i < count; i++) {
		const char *want = rows->labels[rows->codes[first + i]], *have;
		uint32_t code, strings;
		size_t bytes;

		memcpy(&code, data + 4 * i, 4);
		have = bci_segment_text(area, area_bytes, 0, code, &bytes,
		                        &strings);
		if (have == NULL || bytes != strlen(want) ||
		    memcmp(have, want, bytes) != 0)
			return false;
	}
	return true;
}

static bool
reading_matches(struct reading *reading, const struct series_rows *rows)
{
	const struct series_layout *layout = &reading->layout;
	const unsigned char *area = NULL, *tail = reading->entry.tail;
	uint64_t first = 0, area_bytes = 0;

	for (unsigned i = 0; i < layout->segment_count; i++) {
		const struct bci_locator *locator = &layout->segments[i];
		const unsigned char *data = reading->copies[i] +
		                            BCI_VALUE_SHIFT +
		                            locator->header_bytes;
		uint64_t bytes =
			bci_layout_bytes(reading->schema, locator->rows);

		area = data + bytes;
		area_bytes = locator->bytes - locator->header_bytes - bytes;
		for (uint32_t c = 0; c < reading->schema->column_count; c++) {
			const struct bc_schema_column *column =
				&reading->schema->columns[c];

			if (!rows_match(rows, first, locator->rows, c,
			                data + bci_layout_offset(column->wide,
			                                         column->medium,
			                                         column->narrow,
			                                         locator->rows),
			                area, area_bytes))
				return false;
		}
		first += locator->rows;
	}
	for (uint32_t c = 0;
	     layout->tail_rows != 0 && c < reading->schema->column_count; c++) {
		if (!rows_match(rows, first, layout->tail_rows, c, tail, area,
		                area_bytes))
			return false;
		tail += layout->tail_rows * reading->schema->columns[c].bytes;
	}
	return true;
}

void
series_expect_rows(const char *key, const struct series_rows *rows,
                   const char *file, int line)
{
	struct reading reading;
	bool good;

	reading_begin(&reading, key);
	reading_walk(&reading, key);
	good = reading.layout.rows == rows->rows &&
	       (rows->rows == 0 ||
	        (reading.layout.first_ns == rows->time_ns[0] &&
	         reading.layout.last_ns == rows->time_ns[rows->rows - 1])) &&
	       reading_matches(&reading, rows);
	if (!good) {
		print_error("%s: has %llu rows, not these %llu\n", key,
		            (unsigned long long)reading.layout.rows,
		            (unsigned long long)rows->rows);
		reading_end(&reading);
		_fail(file, line);
	}
	reading_end(&reading);
}

const char *
series_known(const char *key, int64_t origin_ns, int64_t unit_ns)
{
	static char text[4096];
	struct bci_intervals set = { .allocator = &fixture.cache->allocator };
	struct reading reading;
	size_t used = 0;

	reading_begin(&reading, key);
	require(bci_coverage_load(reading.txn, &reading.env->tables,
	                          reading.entry.head.id, &reading.entry.series,
	                          &set) == BC_OK);
	text[0] = '\0';
	for (size_t i = 0; i < set.count; i++) {
		const struct bc_interval *item = &set.items[i];

		used += (size_t)snprintf(
			text + used, sizeof(text) - used, "%s%c[%lld,%lld)",
			i != 0 ? " " : "", "?be?o"[item->known],
			(long long)((item->from_ns - origin_ns) / unit_ns),
			(long long)((item->to_ns - origin_ns) / unit_ns));
	}
	bci_intervals_free(&set);
	reading_end(&reading);
	return text;
}
