/* SPDX-License-Identifier: MIT */
/*
 * detail.c - what an entry has besides its entry record: details, and the text
 * of the request that it answers.
 *
 * A long text lies in chunks in a table of its own: a record must not outgrow
 * its page, because the free list of the catalogue holds single pages only.
 */
#include "common.h"

#include "alloc.h"
#include "catalogue.h"
#include "error.h"

struct request_key {
	uint64_t entry_id;
	uint32_t chunk;
} __attribute__((packed));

static size_t
request_chunk_bytes(size_t bytes, uint32_t chunk)
{
	return (size_t)bci_min(bytes - (size_t)chunk * BCI_RECORD_MAX,
	                       BCI_RECORD_MAX);
}

static uint32_t
request_chunks(size_t bytes)
{
	return (uint32_t)((bytes + BCI_RECORD_MAX - 1) / BCI_RECORD_MAX);
}

static enum bc_status
request_store(struct MDB_txn *txn, const struct bci_tables *tables,
              uint64_t entry_id, const char *text, size_t bytes,
              struct bc_error *err)
{
	for (uint32_t i = 0; i < request_chunks(bytes); i++) {
		struct request_key key = { entry_id, i };
		enum bc_status status =
			bci_table_put(txn, tables->requests, &key, sizeof(key),
		                      text + (size_t)i * BCI_RECORD_MAX,
		                      request_chunk_bytes(bytes, i), err);

		if (status != BC_OK)
			return status;
	}
	return BC_OK;
}

static enum bc_status
request_delete(struct MDB_txn *txn, const struct bci_tables *tables,
               uint64_t entry_id, size_t bytes, struct bc_error *err)
{
	for (uint32_t i = 0; i < request_chunks(bytes); i++) {
		struct request_key key = { entry_id, i };
		enum bc_status status = bci_table_delete(
			txn, tables->requests, &key, sizeof(key), err);

		if (status != BC_OK && status != BC_MISS)
			return status;
	}
	return BC_OK;
}

static enum bc_status
request_load_chunks(struct MDB_txn *txn, const struct bci_tables *tables,
                    uint64_t entry_id, char *text, size_t bytes)
{
	for (uint32_t i = 0; i < request_chunks(bytes); i++) {
		struct request_key key = { entry_id, i };
		size_t step = request_chunk_bytes(bytes, i);
		struct bci_bytes value;
		enum bc_status status = bci_table_get(
			txn, tables->requests, &key, sizeof(key), &value);

		if (status == BC_MISS ||
		    (status == BC_OK && value.size != step))
			return BC_CORRUPT;
		if (status != BC_OK)
			return status;
		memcpy(text + (size_t)i * BCI_RECORD_MAX, value.data, step);
	}
	return BC_OK;
}

/* Find the stored details: the fixed part, and in 'stored' what follows it. */
static enum bc_status
detail_find(struct MDB_txn *txn, const struct bci_tables *tables,
            uint64_t entry_id, struct bci_detail_record *detail,
            struct bci_bytes *stored)
{
	enum bc_status status = bci_table_get(txn, tables->details, &entry_id,
	                                      sizeof(entry_id), stored);
	size_t fixed = sizeof(*detail), text;

	if (status != BC_OK)
		return status == BC_MISS ? BC_CORRUPT : status;
	if (stored->size != 0 && *(const uint8_t *)stored->data == 1)
		fixed = BCI_DETAIL_OLD_BYTES;
	if (stored->size < fixed)
		return BC_CORRUPT;
	*detail = (struct bci_detail_record){ 0 };
	memcpy(detail, stored->data, fixed);
	text = (detail->flags & BCI_DETAIL_REQUEST_TABLE) != 0
	               ? 0
	               : detail->request_bytes;
	if (detail->version == 0 || detail->version > BCI_DETAIL_VERSION ||
	    stored->size != fixed + text)
		return BC_CORRUPT;
	stored->data = (const char *)stored->data + fixed;
	stored->size = text;
	detail->version = BCI_DETAIL_VERSION;
	return BC_OK;
}

enum bc_status
bci_detail_load(struct MDB_txn *txn, const struct bci_tables *tables,
                uint64_t entry_id, struct bci_detail_record *detail)
{
	struct bci_bytes stored;

	return detail_find(txn, tables, entry_id, detail, &stored);
}

enum bc_status
bci_request_load(struct MDB_txn *txn, const struct bci_tables *tables,
                 uint64_t entry_id, const struct bci_detail_record *detail,
                 char *text)
{
	struct bci_detail_record again;
	struct bci_bytes stored;
	enum bc_status status;

	if ((detail->flags & BCI_DETAIL_REQUEST_TABLE) != 0)
		return request_load_chunks(txn, tables, entry_id, text,
		                           detail->request_bytes);
	status = detail_find(txn, tables, entry_id, &again, &stored);
	if (status == BC_OK && detail->request_bytes != 0)
		memcpy(text, stored.data,
		       (size_t)bci_min(stored.size, detail->request_bytes));
	return status;
}

enum bc_status
bci_detail_store(struct MDB_txn *txn, const struct bci_tables *tables,
                 uint64_t entry_id, struct bci_detail_record *detail,
                 const char *request, struct bc_error *err)
{
	size_t text = detail->request_bytes;
	enum bc_status status = BC_OK;
	void *room;

	detail->version = BCI_DETAIL_VERSION;
	if (text > BCI_REQUEST_INLINE) {
		detail->flags |= BCI_DETAIL_REQUEST_TABLE;
		status = request_store(txn, tables, entry_id, request, text,
		                       err);
		text = 0;
	}
	if (status == BC_OK)
		status = bci_table_reserve(txn, tables->details, &entry_id,
		                           sizeof(entry_id),
		                           sizeof(*detail) + text, &room, err);
	if (status != BC_OK)
		return status;
	memcpy(room, detail, sizeof(*detail));
	if (text != 0)
		memcpy((char *)room + sizeof(*detail), request, text);
	return BC_OK;
}

enum bc_status
bci_detail_change(struct MDB_txn *txn, const struct bci_tables *tables,
                  uint64_t entry_id, const struct bc_allocator *allocator,
                  struct bci_detail_record *detail, struct bc_error *err)
{
	char *text = bci_alloc(allocator, detail->request_bytes + 1ull, 1);
	enum bc_status status = BC_OK;

	if (text == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for the details");
	if (detail->request_bytes != 0)
		status = bci_request_load(txn, tables, entry_id, detail, text);
	if (status == BC_CORRUPT) {
		detail->request_bytes = 0; /* It is lost, the rest is not. */
		status = BC_OK;
	}
	detail->flags = 0;
	if (status == BC_OK)
		status = bci_detail_store(txn, tables, entry_id, detail, text,
		                          err);
	bci_free(allocator, text);
	return status;
}

enum bc_status
bci_detail_delete(struct MDB_txn *txn, const struct bci_tables *tables,
                  uint64_t entry_id, struct bc_error *err)
{
	struct bci_detail_record detail;
	enum bc_status status = bci_detail_load(txn, tables, entry_id, &detail);

	if (status == BC_OK && (detail.flags & BCI_DETAIL_REQUEST_TABLE) != 0) {
		status = request_delete(txn, tables, entry_id,
		                        detail.request_bytes, err);
		if (status != BC_OK)
			return status;
	}
	status = bci_table_delete(txn, tables->details, &entry_id,
	                          sizeof(entry_id), err);
	return status == BC_MISS ? BC_OK : status;
}
