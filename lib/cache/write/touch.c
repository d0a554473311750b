/* SPDX-License-Identifier: MIT */
/*
 * touch.c - another time to live for what is stored, without storing it anew.
 *
 * One record changes; the entry's revision stays, and with it whatever was made
 * of the entry.
 */
#include "common.h"

#include "error.h"
#include "expire.h"
#include "key.h"

struct touch {
	struct bci_writer writer;
	struct bci_expire_entry entry;
	const char *key;
	size_t key_bytes;
	int64_t ttl_ns, refresh_ns;
	bool changed;
};

static enum bc_status
touch_options(const struct bc_touch_options *options, struct touch *touch,
              struct bc_error *err)
{
	if (options == NULL)
		return BC_OK;
	if (options->struct_size != sizeof(*options))
		return bci_fail(err, BC_INVALID,
		                "touch options were not begun with "
		                "BC_TOUCH_OPTIONS_INIT");
	if (options->ttl_ns < 0 && options->ttl_ns != BC_TTL_NONE)
		return bci_fail(err, BC_INVALID, "a negative time to live");
	touch->ttl_ns = options->ttl_ns;
	touch->refresh_ns = options->refresh_ns;
	return BC_OK;
}

/* Count an access in a slot of the ledger. */
static void
touch_stamp(struct touch *touch, uint32_t number, uint64_t id)
{
	struct bci_ledger *ledger = &touch->writer.env->ledger;
	struct bci_slot *slot = bci_ledger_slot(ledger, number);

	if (slot != NULL && ledger->writable)
		bci_slot_stamp(slot, id,
		               (uint32_t)(touch->writer.now_ns / 1000000000));
}

/* What is open of a series is fresh until another moment. */
static enum bc_status
touch_series(struct touch *touch, struct bc_error *err)
{
	struct bci_writer *writer = &touch->writer;
	struct bci_entry *entry = &touch->entry.entry;
	struct bci_series_record *series = &entry->series;
	enum bc_status status;

	if (series->slot != 0)
		touch_stamp(touch, series->slot - 1,
		            bci_entry_slot_id(entry->head.id));
	if (series->open_from_ns >= series->open_to_ns)
		return BC_OK; /* What is final is always fresh. */
	status = bci_expire_refresh(writer, touch->key, touch->ttl_ns,
	                            touch->refresh_ns, series, err);
	if (status != BC_OK)
		return status;
	touch->changed = true;
	memcpy(touch->entry.stored.data + sizeof(entry->head), series,
	       sizeof(*series));
	return bci_table_put(writer->txn, writer->env->tables.entries,
	                     touch->key, touch->key_bytes,
	                     touch->entry.stored.data,
	                     touch->entry.stored.bytes, err);
}

/* Another value expires at another moment. */
static enum bc_status
touch_value(struct touch *touch, struct bc_error *err)
{
	struct bci_writer *writer = &touch->writer;
	const struct bci_tables *tables = &writer->env->tables;
	struct bci_entry *entry = &touch->entry.entry;
	struct bci_detail_record detail = { .ttl_ns = BC_TTL_DEFAULT };
	struct bci_locator locator;
	enum bc_status status;
	int64_t expires_ns;

	if (touch->ttl_ns == BC_TTL_NONE || touch->refresh_ns != 0)
		return bci_fail(err, BC_INVALID,
		                "%s is no series: it has no part that could be "
		                "stale",
		                touch->key);
	if (entry->segment_count != 0) {
		bci_entry_locator(entry, 0, &locator);
		touch_stamp(touch, locator.slot,
		            bci_segment_id(&locator, entry->head.id));
	}
	status = bci_detail_load(writer->txn, tables, entry->head.id, &detail);
	if (status != BC_OK && status != BC_CORRUPT)
		return bci_fail(err, status, "the details of %s", touch->key);
	if (touch->ttl_ns != BC_TTL_DEFAULT && status == BC_OK &&
	    touch->ttl_ns != detail.ttl_ns) {
		detail.ttl_ns = touch->ttl_ns;
		status = bci_detail_change(writer->txn, tables, entry->head.id,
		                           &writer->env->allocator, &detail,
		                           err);
		if (status != BC_OK)
			return status;
		touch->changed = true;
	}
	status = bci_expire_time(
		writer, touch->key,
		touch->ttl_ns != BC_TTL_DEFAULT ? touch->ttl_ns : detail.ttl_ns,
		&expires_ns, err);
	if (status != BC_OK || expires_ns == entry->head.expires_ns)
		return status;
	touch->changed = true;
	return bci_expire_store(writer, touch->key, touch->key_bytes,
	                        &touch->entry, expires_ns, err);
}

static enum bc_status
touch_find(struct touch *touch, struct bc_error *err)
{
	const struct bci_entry_record *head = &touch->entry.entry.head;
	enum bc_status status = bci_expire_load(
		&touch->writer, touch->key, touch->key_bytes, &touch->entry);

	if (status == BC_OK && head->expires_ns != 0 &&
	    head->expires_ns <= touch->writer.now_ns)
		return bci_fail(err, BC_MISS, "%s has expired", touch->key);
	if (status == BC_MISS)
		return bci_fail(err, status, "there is no entry %s",
		                touch->key);
	if (status != BC_OK)
		return bci_fail(err, status, "the record of entry %s",
		                touch->key);
	return BC_OK;
}

enum bc_status
bc_touch(struct bc_cache *cache, const char *key,
         const struct bc_touch_options *options, struct bc_error *err)
{
	struct touch touch = { .key = key, .key_bytes = strlen(key) };
	enum bc_status status;

	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	status = touch_options(options, &touch, err);
	if (status != BC_OK)
		return status;
	if (!bci_key_valid(key, touch.key_bytes))
		return bci_fail(err, BC_KEY, "'%.100s' is no key", key);
	if ((cache->flags & BC_OPEN_BYPASS) != 0)
		return BC_OK;
	status = bci_writer_open(cache, &touch.writer, err);
	if (status != BC_OK)
		return status;
	status = touch_find(&touch, err);
	if (status == BC_OK)
		status = touch.entry.entry.head.kind == BC_SERIES
		                 ? touch_series(&touch, err)
		                 : touch_value(&touch, err);
	if (status == BC_OK && (touch.changed || touch.writer.must_sync))
		return bci_writer_commit(&touch.writer, err);
	bci_writer_abort(&touch.writer);
	return status;
}
