/* SPDX-License-Identifier: MIT */
/*
 * block.c - a computed frame in memory of its own.
 *
 * It is laid out like the body of a segment, columns and dictionaries, so that
 * a view of it is like any other.  How many rows there will be is not always
 * known before: the layout is that of the most there can be, in pages that cost
 * nothing until they are written.
 */
#include "common.h"

#include "alloc.h"
#include "block.h"
#include "error.h"
#include "mapping.h"

struct block {
	struct bci_chunk chunk; /* first: views refer to it */
	struct bc_schema *schema;
	unsigned char *body;
	uint64_t body_bytes;
};

static void
block_release(struct bci_chunk *chunk)
{
	struct block *block = (struct block *)(void *)chunk;

	bci_free(&chunk->env->allocator, block->schema);
	bci_unmap(block->body, block->body_bytes);
}

/* The stored dictionary of the column 'name' of a view; empty if none. */
static const unsigned char *
block_words(const struct bc_view *words, const char *name, uint64_t *bytes)
{
	int index = bc_schema_find(words->schema, name);
	uint64_t columns_bytes =
		bci_layout_bytes(words->schema, words->layout_rows);

	*bytes = 0;
	if (index < 0 || columns_bytes > words->body_bytes)
		return NULL;
	return bci_segment_dictionary(
		(const unsigned char *)words->data + columns_bytes,
		words->body_bytes - columns_bytes,
		words->schema->columns[index].texts, bytes);
}

/* What the dictionaries take; where 'to' is not NULL copy them there. */
static uint64_t
block_copy_words(const struct bc_schema *schema, const struct bc_view *words,
                 unsigned char *to)
{
	static const uint32_t none[2] = { 0, sizeof(none) };
	const unsigned char *dictionary;
	uint64_t all = 0, bytes;

	for (uint32_t i = 0; i < schema->column_count; i++) {
		if (schema->columns[i].type != BC_TEXT)
			continue;
		dictionary =
			block_words(words, schema->columns[i].name, &bytes);
		if (dictionary == NULL) {
			dictionary = (const unsigned char *)none;
			bytes = sizeof(none);
		}
		if (to != NULL)
			memcpy(to + all, dictionary, bytes);
		all += bytes;
	}
	return all;
}

static struct bc_schema *
block_schema(const struct bc_allocator *allocator,
             const struct bc_column *columns, uint32_t count,
             enum bc_status *status, struct bc_error *err)
{
	static const int64_t no_time;
	const struct bc_frame frame = {
		.time_ns = &no_time,
		.columns = columns,
		.column_count = count,
	};
	unsigned char *stored = bci_alloc(allocator, 1, BCI_SCHEMA_BYTES);
	struct bc_schema *schema = NULL;
	size_t bytes;
	bool damaged;

	*status = BC_NOMEM;
	if (stored != NULL) {
		*status = bci_schema_encode(&frame, stored, &bytes, err);
		if (*status == BC_OK)
			schema = bci_schema_decode(allocator, stored, bytes,
			                           &damaged);
		if (*status == BC_OK && schema == NULL)
			*status = BC_NOMEM;
	}
	bci_free(allocator, stored);
	return schema;
}

/* Copy what there is. */
static void
block_fill(const struct bc_view *view, const struct bc_column *columns,
           uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (columns[i].data != NULL && view->rows != 0)
			memcpy(bci_block_column(view, i + 1), columns[i].data,
			       view->rows * bc_type_bytes(columns[i].type));
}

enum bc_status
bci_block_make(struct bci_env *env, const struct bc_column *columns,
               uint32_t count, uint64_t rows, const struct bc_view *words,
               struct bc_view *view, struct bc_error *err)
{
	const struct bc_allocator *allocator = &env->allocator;
	struct block *block = bci_zalloc(allocator, 1, sizeof(*block));
	struct bc_schema *schema;
	uint64_t columns_bytes;
	enum bc_status status;

	*view = (struct bc_view){ .rows = 0 };
	schema = block_schema(allocator, columns, count, &status, err);
	if (block == NULL || schema == NULL)
		goto done;
	columns_bytes = bci_layout_bytes(schema, rows);
	block->body_bytes =
		bci_max(columns_bytes + block_copy_words(schema, words, NULL),
	                BCI_LINE); /* No mapping has no bytes. */
	block->body = bci_map_zeroed(block->body_bytes);
	if (block->body == NULL)
		goto done;
	block_copy_words(schema, words, block->body + columns_bytes);
	block->schema = schema;
	bci_chunk_begin(env, &block->chunk, block_release);
	*view = (struct bc_view){
		.kind = BC_FRAME,
		.rows = rows,
		.schema = schema,
		.data = block->body,
		.layout_rows = rows,
		.body_bytes = block->body_bytes,
		.pin = &block->chunk,
	};
	block_fill(view, columns, count);
	return BC_OK;
done:
	bci_free(allocator, schema);
	bci_free(allocator, block);
	return status == BC_INVALID
	               ? status
	               : bci_fail(err, BC_NOMEM,
	                          "no memory for %llu computed rows",
	                          (unsigned long long)rows);
}

void
bci_block_drop_last(struct bc_view *view)
{
	struct block *block = view->pin;
	struct bc_schema *schema = block->schema;

	/* Its place in the layout stays. */
	schema->column_count--;
	schema->row_bytes -= schema->columns[schema->column_count].bytes;
}

void
bci_block_show(struct bc_view *view, uint64_t first, uint64_t rows)
{
	const int64_t *times;

	view->first_row = first;
	view->rows = rows;
	view->bytes = view->copied_bytes = rows * view->schema->row_bytes;
	view->first_ns = view->last_ns = 0;
	if (rows == 0)
		return;
	times = bc_view_time(view);
	view->first_ns = times[0];
	view->last_ns = times[rows - 1];
}
