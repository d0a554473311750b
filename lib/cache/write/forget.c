/* SPDX-License-Identifier: MIT */
/*
 * forget.c - dropping a damaged segment of a series.
 *
 * This happens while a writer recovers, when arenas are being sealed, so it
 * must not append to one: the record is edited as it is, and what the series is
 * then follows from the segments that are left.
 */
#include "common.h"

#include "control.h"
#include "coverage.h"
#include "directory.h"
#include "entry.h"
#include "error.h"
#include "forget.h"

struct forget {
	struct bci_writer *writer;
	const struct bc_schema *schema;
	struct bci_entry entry;          /* points to 'stored' */
	struct bci_series_record series; /* as it will be */
	struct bci_locator newer[BCI_NEWER_MAX];
	int64_t lost_from_ns, lost_to_ns; /* nothing is known of it then */
	struct bci_entry_copy stored;
};

/* ---- rows -------------------------------------------------------------- */

static bool
forget_has_text(const struct bc_schema *schema)
{
	for (uint32_t i = 0; schema != NULL && i < schema->column_count; i++) {
		if (schema->columns[i].type == BC_TEXT)
			return true;
	}
	return false;
}

static int64_t
forget_tail_time(const struct forget *forget, uint32_t row)
{
	int64_t time_ns;

	memcpy(&time_ns, forget->entry.tail + 8ull * row, sizeof(time_ns));
	return time_ns;
}

/* Count a segment that stays. */
static void
forget_count(struct bci_series_record *series,
             const struct bci_locator *locator, bool older)
{
	if (series->rows == 0)
		series->first_ns = locator->first_ns;
	series->last_ns = locator->last_ns;
	series->rows += locator->rows;
	if (older) {
		series->older_count++;
		series->older_rows += locator->rows;
		series->older_last_ns = locator->last_ns;
	} else {
		series->newer_count++;
	}
}

/*
 * Walk the segments, leave 'segment' out, and say what the series is then.
 * BC_MISS if it is not among them.
 */
static enum bc_status
forget_leave_out(struct forget *forget, const struct bci_locator *segment)
{
	struct bci_series_record *series = &forget->series;
	struct bci_directory directory;
	struct bci_locator locator;
	enum bc_status status;
	bool found = false, newest = false;

	series->rows = series->older_rows = 0;
	series->older_count = series->newer_count = 0;
	series->first_ns = series->last_ns = series->older_last_ns = 0;
	bci_directory_open(&directory, forget->writer->txn,
	                   &forget->writer->env->tables, &forget->entry);
	while ((status = bci_directory_next(&directory, &locator)) == BC_OK) {
		if (newest) /* What is lost ends where this begins. */
			forget->lost_to_ns = locator.first_ns;
		newest = memcmp(&locator, segment, sizeof(locator)) == 0;
		found = found || newest;
		if (newest)
			continue;
		if (!directory.among_older)
			forget->newer[series->newer_count] = locator;
		forget_count(series, &locator, directory.among_older);
	}
	bci_directory_close(&directory);
	if (status != BC_MISS)
		return status;
	if (newest)
		forget->lost_to_ns = bci_tail_begin(&forget->entry);
	if (newest && series->tail_rows != 0 &&
	    forget_has_text(forget->schema)) {
		forget->lost_to_ns = INT64_MAX;
		series->tail_rows = 0;
		series->tail_checksum = 0;
		series->open = 0;
	}
	if (series->tail_rows != 0) {
		if (series->rows == 0)
			series->first_ns = forget_tail_time(forget, 0);
		series->last_ns =
			forget_tail_time(forget, series->tail_rows - 1u);
		series->rows += series->tail_rows;
	}
	if (newest && series->tail_rows == 0)
		series->open = 0; /* It was the last row of the segment. */
	return found ? BC_OK : BC_MISS;
}

/* ---- what is known ----------------------------------------------------- */

static enum bc_status
forget_known(struct forget *forget, struct bc_error *err)
{
	struct bci_writer *writer = forget->writer;
	const struct bci_tables *tables = &writer->env->tables;
	struct bci_intervals before = { .allocator = &writer->env->allocator };
	struct bci_intervals set = { .allocator = &writer->env->allocator };
	uint64_t id = forget->entry.head.id;
	enum bc_status status;

	BCI_TRY(bci_coverage_load(writer->txn, tables, id,
	                          &forget->entry.series, &before));
	BCI_TRY(bci_intervals_add(&set, &before));
	if (!BCI_CONTROL(evicted_is_known))
		BCI_TRY(bci_intervals_remove(&set, forget->lost_from_ns,
		                             forget->lost_to_ns));
	BCI_TRY(bci_coverage_store(writer->txn, tables, id, &before, &set,
	                           &forget->series, err));
done:
	bci_intervals_free(&before);
	bci_intervals_free(&set);
	return status;
}

/* ---- the whole --------------------------------------------------------- */

static enum bc_status
forget_load(struct forget *forget, const char *key, size_t key_bytes)
{
	struct bci_env *env = forget->writer->env;
	enum bc_status status;

	status = bci_entry_get_copy(forget->writer->txn, &env->tables, key,
	                            key_bytes, &forget->stored, &forget->entry,
	                            NULL);
	if (status != BC_OK)
		return status;
	if (forget->entry.head.kind != BC_SERIES)
		return BC_CORRUPT;
	forget->series = forget->entry.series;
	if (forget->entry.head.schema != 0)
		status = bci_env_schema(env, forget->writer->txn,
		                        forget->entry.head.schema,
		                        &forget->schema);
	return status;
}

static enum bc_status
forget_store(struct forget *forget, const char *key, size_t key_bytes,
             struct bc_error *err)
{
	struct bci_entry_record head = forget->entry.head;
	struct bci_series_record *series = &forget->series;
	size_t locators = series->newer_count * sizeof(forget->newer[0]);
	size_t tail = series->tail_rows != 0 ? forget->entry.tail_bytes : 0;
	enum bc_status status;
	unsigned char *to;
	void *room;

	head.revision = forget->writer->state.revision;
	status = bci_table_reserve(
		forget->writer->txn, forget->writer->env->tables.entries, key,
		key_bytes, sizeof(head) + sizeof(*series) + locators + tail,
		&room, err);
	if (status != BC_OK)
		return status;
	series->sum = bci_series_sum(key, key_bytes, &head, series);
	to = mempcpy(room, &head, sizeof(head));
	to = mempcpy(to, series, sizeof(*series));
	to = mempcpy(to, forget->newer, locators);
	if (tail != 0)
		memcpy(to, forget->entry.tail, tail);
	return BC_OK;
}

enum bc_status
bci_forget_segment(struct bci_writer *writer, const char *key, size_t key_bytes,
                   const struct bci_locator *segment, struct bc_error *err)
{
	struct forget forget = {
		.writer = writer,
		.lost_from_ns = segment->first_ns,
	};
	enum bc_status status;

	BCI_TRY(forget_load(&forget, key, key_bytes));
	if (!bci_tail_is_sane(&forget.entry, forget.schema))
		return BC_CORRUPT;
	BCI_TRY(forget_leave_out(&forget, segment));
	BCI_TRY(forget_known(&forget, err));
	if (forget.series.older_count != forget.entry.series.older_count)
		BCI_TRY(bci_directory_delete(writer->txn, &writer->env->tables,
		                             forget.entry.head.id,
		                             segment->last_ns, err));
	forget.series.updated_ns = writer->now_ns;
	BCI_TRY(forget_store(&forget, key, key_bytes, err));
	writer->must_sync = true;
	BCI_TRY(bci_writer_unname(writer, segment, err));
done:
	return status;
}

enum bc_status
bci_forget_tail(struct bci_writer *writer, const char *key, size_t key_bytes,
                struct bc_error *err)
{
	const struct bci_locator none = { .bytes = 0 };
	struct forget forget = {
		.writer = writer,
		.lost_from_ns = INT64_MIN,
		.lost_to_ns = INT64_MAX,
	};
	enum bc_status status;

	BCI_TRY(forget_load(&forget, key, key_bytes));
	forget.series.tail_rows = 0;
	forget.series.tail_checksum = 0;
	forget.series.open = 0;
	status = forget_leave_out(&forget, &none);
	if (status != BC_MISS) /* Of the segments none is to go. */
		return status == BC_OK ? BC_CORRUPT : status;
	if (forget.series.rows != 0)
		forget.lost_from_ns = forget.series.last_ns + 1;
	BCI_TRY(forget_known(&forget, err));
	forget.series.updated_ns = writer->now_ns;
	BCI_TRY(forget_store(&forget, key, key_bytes, err));
	writer->must_sync = true;
done:
	return status;
}
