/* SPDX-License-Identifier: MIT */
/*
 * operation.c - checking what a caller wants stored.
 *
 * Everything that can be refused without looking at the cache is refused here,
 * before a lock is taken or a byte written.
 */
#include "common.h"

#include <stdlib.h>

#include "alloc.h"
#include "bar.h"
#include "error.h"
#include "extent.h"
#include "key.h"
#include "label.h"
#include "operation.h"

#define TEXT_MAX 65535u

/* ---- keys and requests ------------------------------------------------- */

/* The operation's key: the caller's, or that of its request. */
static enum bc_status
operation_key(const struct bc_allocator *allocator, const char *key,
              const struct bc_request *request, struct bci_operation *operation,
              struct bc_error *err)
{
	char hashed[BC_REQUEST_KEY_BYTES];
	enum bc_status status;

	if (request != NULL) {
		status = bci_request_text(allocator, request,
		                          &operation->request,
		                          &operation->request_bytes, err);
		if (status != BC_OK)
			return status;
		bci_request_key(operation->request, operation->request_bytes,
		                hashed);
		if (key == NULL)
			key = hashed;
	}
	if (key == NULL)
		return bci_fail(err, BC_KEY, "the key is NULL");
	operation->key_bytes = strlen(key);
	if (!bci_key_valid(key, operation->key_bytes))
		return bci_fail(err, BC_KEY,
		                "'%.100s' is no key: 1 to %d bytes of UTF-8 "
		                "without control characters (it has %zu)",
		                key, BC_KEY_MAX, operation->key_bytes);
	operation->key = bci_strndup(allocator, key, operation->key_bytes);
	if (operation->key == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to put %s", key);
	return BC_OK;
}

static enum bc_status
operation_check_label(const char *text, struct bc_error *err)
{
	if (bci_label_valid(text, strlen(text)))
		return BC_OK;
	return bci_fail(err, BC_INVALID,
	                "'%.100s' is no label: 1 to %d bytes of UTF-8 without "
	                "control characters",
	                text, BC_LABEL_MAX);
}

/* Check and copy the labels that a put gives. */
static enum bc_status
operation_labels(const struct bc_allocator *allocator, const char *const *tags,
                 const char *backtest, struct bci_operation *operation,
                 struct bc_error *err)
{
	enum bc_status status = BC_OK;
	size_t count = 0, bytes = 0;
	char *to;

	if (backtest != NULL) {
		BCI_TRY(operation_check_label(backtest, err));
		operation->backtest =
			bci_strndup(allocator, backtest, strlen(backtest));
		if (operation->backtest == NULL)
			return bci_fail(err, BC_NOMEM, "no memory for labels");
	}
	if (tags == NULL)
		return BC_OK;
	for (; tags[count] != NULL; count++) {
		BCI_TRY(operation_check_label(tags[count], err));
		bytes += strlen(tags[count]) + 1;
	}
	operation->tags =
		bci_alloc(allocator, 1, (count + 1) * sizeof(char *) + bytes);
	if (operation->tags == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for labels");
	to = (char *)&operation->tags[count + 1];
	for (size_t i = 0; i < count; i++) {
		operation->tags[i] = to;
		to = stpcpy(to, tags[i]) + 1;
	}
	operation->tags[count] = NULL;
done:
	return status;
}

static enum bc_status
operation_options(const struct bc_allocator *allocator,
                  const struct bc_put_options *options,
                  struct bci_operation *operation, struct bc_error *err)
{
	if (options == NULL)
		return BC_OK;
	if (options->struct_size != sizeof(*options))
		return bci_fail(err, BC_INVALID,
		                "put options were not begun with "
		                "BC_PUT_OPTIONS_INIT");
	if ((options->flags & ~(unsigned)(BC_PUT_NEW | BC_PUT_SUSPECT |
	                                  BC_PUT_BEST_EFFORT)) != 0)
		return bci_fail(err, BC_INVALID, "unknown put flags %#x",
		                options->flags);
	if (options->ttl_ns < 0)
		return bci_fail(err, BC_INVALID, "a negative time to live");
	if ((unsigned)options->placement > BC_PLACE_COLD)
		return bci_fail(err, BC_INVALID, "unknown placement %u",
		                (unsigned)options->placement);
	operation->placement = options->placement;
	operation->flags = options->flags;
	operation->ttl_ns = options->ttl_ns;
	operation->dataset_id = options->dataset_id;
	operation->cost_ns = options->cost_ns;
	return operation_labels(allocator, options->tags, options->backtest,
	                        operation, err);
}

/* ---- frames ------------------------------------------------------------ */

/* Codes of a text column must be in its dictionary, its strings storable. */
static enum bc_status
operation_check_text(const struct bc_column *column, uint64_t rows,
                     struct bc_error *err)
{
	const uint32_t *codes = column->data;

	if (column->dictionary_count != 0 && column->dictionary == NULL)
		return bci_fail(err, BC_INVALID,
		                "column %s: the dictionary is NULL",
		                column->name);
	for (uint32_t i = 0; i < column->dictionary_count; i++) {
		const char *text = column->dictionary[i];
		size_t bytes = text == NULL ? 0 : strnlen(text, TEXT_MAX + 1);

		if (text == NULL || bytes > TEXT_MAX ||
		    !bci_utf8_valid(text, bytes))
			return bci_fail(
				err, BC_INVALID,
				"column %s: string %u of its dictionary "
				"is NULL, too long or not UTF-8",
				column->name, i);
	}
	for (uint64_t i = 0; i < rows; i++) {
		if (codes[i] >= column->dictionary_count)
			return bci_fail_row(err, BC_INVALID, i,
			                    "column %s, row %llu: code %u, but "
			                    "%u strings",
			                    column->name, (unsigned long long)i,
			                    codes[i], column->dictionary_count);
	}
	return BC_OK;
}

/* Times must ascend; bars must be possible, or are counted as suspect. */
static enum bc_status
operation_check_rows(const struct bc_frame *frame,
                     struct bci_operation *operation, struct bc_error *err)
{
	struct bci_bar_columns bars;
	enum bc_status status;
	uint64_t first_bad;

	if (frame->time_ns == NULL)
		return BC_OK; /* Arrays are not bars. */
	status = bci_bar_check_times(frame->time_ns, frame->rows, err);
	if (status != BC_OK)
		return status;
	bci_bar_columns(frame->columns, frame->column_count, &bars);
	operation->suspect_rows =
		bci_bar_count_bad(&bars, frame->rows, &first_bad);
	if (operation->suspect_rows != 0 &&
	    (operation->flags & BC_PUT_SUSPECT) == 0)
		return bci_fail_row(
			err, BC_BARS, first_bad,
			"%s: row %llu: %s (%llu such rows)", operation->key,
			(unsigned long long)first_bad,
			bci_bar_reason(&bars, first_bad),
			(unsigned long long)operation->suspect_rows);
	return BC_OK;
}

/* The stored schema, the schema, and copies of the columns. */
static enum bc_status
operation_schema(const struct bc_allocator *allocator,
                 const struct bc_frame *frame, struct bci_operation *operation,
                 struct bc_error *err)
{
	size_t room =
		4 + (frame->column_count + 1ull) * (2 + BC_COLUMN_NAME_MAX);
	enum bc_status status;
	bool damaged;

	if (frame->column_count > BC_COLUMNS_MAX)
		return bci_fail(err, BC_INVALID, "%u columns; at most %d",
		                frame->column_count, BC_COLUMNS_MAX);
	operation->schema_stored = bci_alloc(allocator, room, 1);
	operation->columns = bci_alloc(allocator, frame->column_count,
	                               sizeof(*operation->columns));
	if (operation->schema_stored == NULL || operation->columns == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to put %s",
		                operation->key);
	status = bci_schema_encode(frame, operation->schema_stored,
	                           &operation->value.schema_bytes, err);
	if (status != BC_OK)
		return status;
	if (frame->column_count != 0)
		memcpy(operation->columns, frame->columns,
		       frame->column_count * sizeof(*operation->columns));
	operation->schema =
		bci_schema_decode(allocator, operation->schema_stored,
	                          operation->value.schema_bytes, &damaged);
	if (operation->schema == NULL)
		return bci_fail(err, BC_NOMEM, "no memory to put %s",
		                operation->key);
	return BC_OK;
}

/* All checks of a frame, and the value that it is. */
static enum bc_status
operation_frame(const struct bc_allocator *allocator,
                const struct bc_frame *frame, struct bci_operation *operation,
                struct bc_error *err)
{
	struct bci_value *value = &operation->value;
	enum bc_status status;

	BCI_TRY(operation_schema(allocator, frame, operation, err));
	for (uint32_t i = 0; i < frame->column_count; i++) {
		if (frame->columns[i].type == BC_TEXT)
			BCI_TRY(operation_check_text(&frame->columns[i],
			                             frame->rows, err));
	}
	BCI_TRY(operation_check_rows(frame, operation, err));
	value->kind = frame->time_ns != NULL ? BC_FRAME : BC_ARRAYS;
	value->rows = frame->rows;
	value->time_ns = frame->time_ns;
	value->columns = operation->columns;
	value->column_count = frame->column_count;
	value->schema = operation->schema;
	value->schema_stored = operation->schema_stored;
	operation->payload_bytes = value->schema->row_bytes * value->rows;
done:
	return status;
}

/* Pack the value of a put for the cold tier. */
static enum bc_status
operation_pack(const struct bc_allocator *allocator,
               struct bci_operation *operation, struct bc_error *err)
{
	const struct bci_segment_owner owner = {
		.key = operation->key,
		.key_bytes = operation->key_bytes,
	};
	enum bc_status status;

	status = bci_parcel_make(allocator, &operation->value, &operation->plan,
	                         &owner, &operation->parcel, err);
	operation->packed = status == BC_OK;
	return status;
}

/* Reckon what the value takes; what goes to the cold tier is packed now. */
static enum bc_status
operation_plan(const struct bc_allocator *allocator,
               struct bci_operation *operation, struct bc_error *err)
{
	if (!bci_segment_plan(&operation->value, operation->key_bytes, false,
	                      &operation->plan) ||
	    !bci_segment_plan(&operation->value, operation->key_bytes, true,
	                      &operation->bare))
		return bci_fail(err, BC_TOO_LARGE,
		                "%s: a value may have %u MiB with its header",
		                operation->key, BCI_SEGMENT_MAX >> 20);
	return operation->placement == BC_PLACE_COLD
	               ? operation_pack(allocator, operation, err)
	               : BC_OK;
}

enum bc_status
bci_operation_put(const struct bc_allocator *allocator, const char *key,
                  const struct bc_frame *frame,
                  const struct bc_put_options *options,
                  struct bc_counts *counts, struct bci_operation *operation,
                  struct bc_error *err)
{
	enum bc_status status;

	*operation = (struct bci_operation){ .counts = counts };
	if (counts != NULL)
		*counts = (struct bc_counts){ 0 };
	if (frame == NULL)
		return bci_fail(err, BC_INVALID, "the frame is NULL");
	BCI_TRY(operation_options(allocator, options, operation, err));
	BCI_TRY(operation_key(allocator, key,
	                      options == NULL ? NULL : options->request,
	                      operation, err));
	BCI_TRY(operation_frame(allocator, frame, operation, err));
	BCI_TRY(operation_plan(allocator, operation, err));
	if (counts != NULL)
		counts->suspect = operation->suspect_rows;
done:
	return status;
}

enum bc_status
bci_operation_blob(const struct bc_allocator *allocator, const char *key,
                   const void *data, uint64_t bytes,
                   const struct bc_put_options *options,
                   struct bci_operation *operation, struct bc_error *err)
{
	enum bc_status status;

	*operation = (struct bci_operation){ .payload_bytes = bytes };
	if (data == NULL && bytes != 0)
		return bci_fail(err, BC_INVALID, "the data are NULL");
	BCI_TRY(operation_options(allocator, options, operation, err));
	BCI_TRY(operation_key(allocator, key,
	                      options == NULL ? NULL : options->request,
	                      operation, err));
	operation->value.kind = BC_BLOB;
	operation->value.blob = data;
	operation->value.blob_bytes = bytes;
	BCI_TRY(operation_plan(allocator, operation, err));
done:
	return status;
}

enum bc_status
bci_operation_remove(const struct bc_allocator *allocator, const char *key,
                     struct bci_operation *operation, struct bc_error *err)
{
	*operation = (struct bci_operation){ .deed = BCI_REMOVE };
	return operation_key(allocator, key, NULL, operation, err);
}

/* ---- series ------------------------------------------------------------ */

static enum bc_status
operation_append_options(const struct bc_allocator *allocator,
                         const struct bc_append_options *options,
                         struct bci_operation *operation, struct bc_error *err)
{
	if (options == NULL)
		return BC_OK;
	if (options->struct_size != sizeof(*options))
		return bci_fail(err, BC_INVALID,
		                "append options were not begun with "
		                "BC_APPEND_OPTIONS_INIT");
	if ((options->flags & ~(unsigned)(BC_APPEND_SUSPECT | BC_APPEND_OPEN |
	                                  BC_APPEND_BEST_EFFORT)) != 0)
		return bci_fail(err, BC_INVALID, "unknown append flags %#x",
		                options->flags);
	if (options->merge < BC_MERGE_LAST || options->merge > BC_MERGE_VOLUME)
		return bci_fail(err, BC_INVALID, "unknown way to merge %d",
		                (int)options->merge);
	if (options->ttl_ns < 0 && options->ttl_ns != BC_TTL_NONE)
		return bci_fail(err, BC_INVALID, "a negative time to live");
	if ((options->flags & BC_APPEND_SUSPECT) != 0)
		operation->flags |= BC_PUT_SUSPECT;
	if ((options->flags & BC_APPEND_BEST_EFFORT) != 0)
		operation->flags |= BC_PUT_BEST_EFFORT;
	operation->open = (options->flags & BC_APPEND_OPEN) != 0;
	operation->merge = options->merge;
	operation->from_ns = options->from_ns;
	operation->to_ns = options->to_ns;
	if ((unsigned)options->placement > BC_PLACE_COLD)
		return bci_fail(err, BC_INVALID, "unknown placement %u",
		                (unsigned)options->placement);
	operation->placement = options->placement;
	operation->ttl_ns = options->ttl_ns;
	operation->refresh_ns = options->refresh_ns;
	operation->dataset_id = options->dataset_id;
	operation->cost_ns = options->cost_ns;
	return operation_labels(allocator, options->tags, options->backtest,
	                        operation, err);
}

/* The range must hold the rows; if none is given it is theirs. */
static enum bc_status
operation_range(struct bci_operation *operation, struct bc_error *err)
{
	const int64_t *time_ns = operation->value.time_ns;
	uint64_t rows = operation->value.rows;
	int64_t from_ns = operation->from_ns, to_ns = operation->to_ns;

	if (from_ns == 0 && to_ns == 0 && rows != 0) {
		operation->from_ns = time_ns[0];
		operation->to_ns =
			bci_extent_end(operation->key, time_ns, rows);
		return BC_OK;
	}
	if (from_ns >= to_ns)
		return bci_fail(err, BC_INVALID,
		                "%s: neither rows nor a range that was fetched",
		                operation->key);
	if (rows != 0 && time_ns[0] < from_ns)
		return bci_fail_row(err, BC_INVALID, 0,
		                    "%s: the first row lies before the range "
		                    "that was fetched",
		                    operation->key);
	if (rows != 0 && time_ns[rows - 1] >= to_ns)
		return bci_fail_row(err, BC_INVALID, rows - 1,
		                    "%s: the last row lies behind the range "
		                    "that was fetched",
		                    operation->key);
	return BC_OK;
}

enum bc_status
bci_operation_append(const struct bc_allocator *allocator, const char *key,
                     const struct bc_frame *frame,
                     const struct bc_append_options *options,
                     struct bc_counts *counts, struct bci_operation *operation,
                     struct bc_error *err)
{
	enum bc_status status;

	*operation = (struct bci_operation){
		.deed = BCI_APPEND,
		.counts = counts,
	};
	if (counts != NULL)
		*counts = (struct bc_counts){ 0 };
	BCI_TRY(operation_append_options(allocator, options, operation, err));
	BCI_TRY(operation_key(allocator, key, NULL, operation, err));
	if (frame != NULL && frame->rows != 0) {
		if (frame->time_ns == NULL) {
			status = bci_fail(err, BC_INVALID,
			                  "%s: rows without a time", key);
			goto done;
		}
		BCI_TRY(operation_frame(allocator, frame, operation, err));
	}
	BCI_TRY(operation_range(operation, err));
done:
	return status;
}

enum bc_status
bci_operation_cut(const struct bc_allocator *allocator, const char *key,
                  int64_t from_ns, int64_t to_ns, uint64_t *removed,
                  struct bci_operation *operation, struct bc_error *err)
{
	*operation = (struct bci_operation){
		.deed = BCI_CUT,
		.from_ns = from_ns,
		.to_ns = to_ns,
		.removed = removed,
	};
	if (removed != NULL)
		*removed = 0;
	if (to_ns < from_ns)
		return bci_fail(err, BC_INVALID,
		                "a range that ends before it begins");
	return operation_key(allocator, key, NULL, operation, err);
}

void
bci_operation_free(const struct bc_allocator *allocator,
                   struct bci_operation *operation)
{
	bci_free(allocator, operation->key);
	bci_free(allocator, operation->columns);
	bci_free(allocator, operation->schema);
	bci_free(allocator, operation->schema_stored);
	bci_free(allocator, operation->request);
	bci_free(allocator, operation->tags);
	bci_free(allocator, operation->backtest);
	if (operation->packed)
		bci_parcel_free(&operation->parcel);
	*operation = (struct bci_operation){ 0 };
}

/* ---- order ------------------------------------------------------------- */

static int
operation_compare(const void *left, const void *right)
{
	const struct bci_operation *a = left, *b = right;
	int order = strcmp(a->key, b->key);

	if (order != 0)
		return order;
	/* In order of arrival: qsort() is not stable. */
	return a->sequence < b->sequence ? -1 : 1;
}

void
bci_operations_sort(struct bci_operation *operations, size_t count)
{
	bool reset = false;

	for (size_t i = 0; i < count; i++)
		operations[i].sequence = i;
	if (count > 1)
		qsort(operations, count, sizeof(*operations),
		      operation_compare);
	for (size_t i = count; i-- > 0;) {
		if (i + 1 < count &&
		    strcmp(operations[i].key, operations[i + 1].key) != 0)
			reset = false;
		operations[i].superseded = reset;
		reset = reset || bci_operation_resets(&operations[i]);
	}
}

enum bc_status
bci_operation_check_new(const struct bci_operation *operation,
                        const struct bci_entry *entry, int64_t now_ns,
                        struct bc_error *err)
{
	if ((operation->flags & BC_PUT_NEW) == 0 || bci_entry_is_ghost(entry) ||
	    (entry->head.expires_ns != 0 && entry->head.expires_ns <= now_ns))
		return BC_OK;
	return bci_fail(err, BC_EXISTS, "%s exists", operation->key);
}
