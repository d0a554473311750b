/* SPDX-License-Identifier: MIT */
/*
 * measure.c - what the puts of a commit take, and room for it.
 *
 * All of it is made before the first one is stored: what is written then is
 * never in the way of an eviction.  Only what the segments of a series take is
 * known one by one.
 */
#include "common.h"

#include "arena.h"
#include "entry.h"
#include "error.h"
#include "measure.h"
#include "writer.h"

struct measure {
	struct bci_writer *writer;
	const struct bci_operation *operations;
	size_t count;
};

/* What a commit takes. */
struct measure_size {
	uint64_t bytes, file_bytes; /* of segments; of arenas */
	uint64_t cold_bytes, cold_file_bytes;
	uint64_t small, small_bytes;
	uint64_t spared; /* if the last small one lies in its entry record */
};

/* A put to the cold tier; a tiny one may lie in its entry record instead. */
static enum bc_status
measure_cold(const struct measure *measure,
             const struct bci_operation *operation, struct measure_size *size,
             struct bc_error *err)
{
	uint64_t bytes = bci_parcel_bytes(&operation->parcel, &operation->plan);

	if (bci_operation_is_tiny(operation))
		size->bytes += operation->bare.bytes;
	size->cold_bytes += bytes;
	size->cold_file_bytes += bci_value_pages(bytes);
	return bci_cold_check_size(measure->writer, operation->key, bytes, err);
}

/* Check the limits of a put, and add what it takes. */
static enum bc_status
measure_put(const struct measure *measure,
            const struct bci_operation *operation, struct measure_size *size,
            struct bc_error *err)
{
	const struct bci_config_record *config = &measure->writer->config;

	if (operation->payload_bytes > config->value_max_bytes)
		return bci_fail(
			err, BC_TOO_LARGE,
			"%s has %llu bytes; this cache takes values of up to "
			"%llu",
			operation->key,
			(unsigned long long)operation->payload_bytes,
			(unsigned long long)config->value_max_bytes);
	if (operation->placement == BC_PLACE_COLD)
		return measure_cold(measure, operation, size, err);
	if (operation->plan.bytes > config->warm_bytes / 4)
		return bci_fail(err, BC_TOO_LARGE,
		                "%s takes %llu bytes, more than a quarter of "
		                "the warm budget of %llu",
		                operation->key,
		                (unsigned long long)operation->plan.bytes,
		                (unsigned long long)config->warm_bytes);
	size->bytes += operation->plan.bytes;
	if (bci_operation_is_small(operation)) {
		size->small++;
		size->small_bytes += bci_operation_bundled(operation);
		size->spared =
			bci_operation_is_tiny(operation)
				? operation->plan.bytes - operation->bare.bytes
				: 0;
	} else {
		size->file_bytes += bci_value_pages(operation->plan.bytes);
	}
	return BC_OK;
}

/* Of what is put, what takes the place of something, and what is new. */
static void
measure_old(const struct measure *measure, uint64_t *replaced_bytes,
            uint64_t *new_entries)
{
	struct bci_writer *writer = measure->writer;

	*replaced_bytes = *new_entries = 0;
	for (size_t i = 0; i < measure->count; i++) {
		const struct bci_operation *operation = &measure->operations[i];
		struct bci_locator locator;
		struct bci_entry entry;

		if (!bci_operation_puts(operation))
			continue;
		if (bci_entry_get(writer->txn, &writer->env->tables,
		                  operation->key, operation->key_bytes, &entry,
		                  NULL) != BC_OK ||
		    bci_entry_is_ghost(&entry)) {
			++*new_entries;
		} else if (entry.head.kind != BC_SERIES) {
			bci_entry_locator(&entry, 0, &locator);
			*replaced_bytes += locator.bytes;
		}
	}
}

/* Make room for the commit; of small budgets every byte counts. */
static enum bc_status
measure_room(const struct measure *measure, const struct measure_size *size,
             struct bc_error *err)
{
	struct bci_writer *writer = measure->writer;
	uint64_t replaced = 0, fresh = 0, before;
	enum bc_status status;
	bool close = writer->state.entries + measure->count >
	                     writer->config.entries_max ||
	             writer->state.live_bytes + size->bytes >
	                     writer->config.warm_bytes;

	if (close)
		measure_old(measure, &replaced, &fresh);
	if (size->bytes == 0) /* Nothing warm. */
		return bci_writer_make_room(writer, 0, 0, fresh, err);
	do { /* Again, if some of it was evicted. */
		before = replaced;
		status = bci_writer_make_room(
			writer, bci_max(size->bytes, replaced + 1) - replaced,
			size->file_bytes, fresh, err);
		if (status == BC_OK && close)
			measure_old(measure, &replaced, &fresh);
	} while (status == BC_OK && replaced < before);
	return status;
}

enum bc_status
bci_measure(struct bci_writer *writer, const struct bci_operation *operations,
            size_t count, uint64_t bundle_bytes, bool may_inline,
            bool *bundling, struct bc_error *err)
{
	const struct measure measure = { writer, operations, count };
	struct measure_size size = { 0 };
	enum bc_status status = BC_OK;

	for (size_t i = 0; status == BC_OK && i < count; i++) {
		if (bci_operation_puts(&operations[i]))
			status = measure_put(&measure, &operations[i], &size,
			                     err);
	}
	if (status != BC_OK)
		return status;
	*bundling = size.small > 1;
	if (*bundling)
		size.file_bytes +=
			bci_round_up(size.small_bytes, BCI_PAGE) +
			(size.small_bytes / bundle_bytes + 1) * BCI_PAGE;
	else if (may_inline && size.spared != 0)
		size.bytes -= size.spared;
	else if (size.small != 0)
		size.file_bytes += BCI_PAGE;
	status = measure_room(&measure, &size, err);
	if (status != BC_OK || size.cold_bytes == 0)
		return status;
	return bci_writer_make_room_cold(writer, size.cold_bytes,
	                                 size.cold_file_bytes, err);
}

/* ---- segments of series ------------------------------------------------ */

uint64_t
bci_measure_rows(const struct bci_value *value, size_t key_bytes,
                 uint64_t limit, uint64_t unit)
{
	uint64_t columns = value->schema->column_count;
	uint64_t used = BCI_PAGE; /* more than the header of a small one */
	struct bci_value of_rows = *value;
	struct bci_segment_plan plan;
	uint64_t most = 1, above = unit;

	of_rows.rows = 0;
	if (bci_segment_plan(&of_rows, key_bytes, false, &plan))
		used += plan.bytes + columns * BCI_PAGE;
	/* A byte a row is more than the checksums of its blocks take. */
	if (limit > used &&
	    (limit - used) / (value->schema->row_bytes + 1) >= unit)
		return (limit - used) / (value->schema->row_bytes + 1);
	while (above - most > 1) {
		of_rows.rows = most + (above - most) / 2;
		if (bci_segment_plan(&of_rows, key_bytes, false, &plan) &&
		    plan.bytes <= limit)
			most = of_rows.rows;
		else
			above = of_rows.rows;
	}
	return most;
}

enum bc_status
bci_measure_segment(struct bci_writer *writer, uint64_t bytes, bool grows,
                    uint64_t written, struct bc_error *err)
{
	bool may_wait = grows && !writer->keeps_all &&
	                written + bytes <= writer->config.warm_bytes;
	enum bc_status status;

	if (writer->overdrawn && may_wait)
		return BC_OK;
	status = bci_writer_make_room(writer, bytes, bci_value_pages(bytes), 0,
	                              err);
	if (status != BC_FULL || !may_wait)
		return status;
	writer->overdrawn = true;
	return BC_OK;
}
