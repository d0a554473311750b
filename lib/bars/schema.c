/* SPDX-License-Identifier: MIT */
/*
 * schema.c - column types, schemas and their stored form.
 */
#include "common.h"

#include "alloc.h"
#include "error.h"
#include "key.h"
#include "schema.h"

#define HEAD_BYTES 4

static const struct {
	const char *name;
	uint32_t bytes;
} types[] = {
	[BC_I64] = { "i64", 8 }, [BC_F64] = { "f64", 8 },
	[BC_I32] = { "i32", 4 }, [BC_F32] = { "f32", 4 },
	[BC_U8] = { "u8", 1 },   [BC_TEXT] = { "text", 4 },
};

static bool
schema_is_type(unsigned type)
{
	return type >= BC_I64 && type <= BC_TEXT;
}

size_t
bc_type_bytes(enum bc_type type)
{
	return schema_is_type(type) ? types[type].bytes : 0;
}

const char *
bc_type_name(enum bc_type type)
{
	return schema_is_type(type) ? types[type].name : "?";
}

int
bc_schema_find(const struct bc_schema *schema, const char *name)
{
	if (schema == NULL || name == NULL)
		return -1;
	for (uint32_t i = 0; i < schema->column_count; i++) {
		if (strcmp(schema->columns[i].name, name) == 0)
			return (int)i;
	}
	return -1;
}

uint64_t
bci_layout_bytes(const struct bc_schema *schema, uint64_t rows)
{
	return bci_layout_offset(schema->wide, schema->medium, schema->narrow,
	                         rows);
}

/* Append one column to the stored form. */
static size_t
schema_encode_column(unsigned char *to, enum bc_type type, const char *name)
{
	size_t length = strlen(name);

	to[0] = (unsigned char)type;
	to[1] = (unsigned char)length;
	/* NOLINTNEXTLINE(bugprone-not-null-terminated-result): to[1] says it */
	memcpy(to + 2, name, length);
	return 2 + length;
}

static enum bc_status
schema_check_column(const struct bc_frame *frame, uint32_t index,
                    struct bc_error *err)
{
	const struct bc_column *column = &frame->columns[index];
	size_t length;

	if (column->name == NULL)
		return bci_fail(err, BC_INVALID, "column %u has no name",
		                index);
	length = strnlen(column->name, BC_COLUMN_NAME_MAX + 1);
	if (length == 0 || length > BC_COLUMN_NAME_MAX ||
	    !bci_key_valid(column->name, length) ||
	    strchr(column->name, '"') != NULL)
		return bci_fail(err, BC_INVALID,
		                "column %u: '%.64s' is not a column name",
		                index, column->name);
	if (!schema_is_type(column->type))
		return bci_fail(err, BC_INVALID, "column %s: no type %d",
		                column->name, (int)column->type);
	if (column->data == NULL && frame->rows != 0)
		return bci_fail(err, BC_INVALID, "column %s has no data",
		                column->name);
	if (frame->time_ns != NULL && strcmp(column->name, BC_TIME) == 0)
		return bci_fail(err, BC_INVALID, "two columns are called %s",
		                BC_TIME);
	for (uint32_t i = 0; i < index; i++) {
		if (strcmp(frame->columns[i].name, column->name) == 0)
			return bci_fail(err, BC_INVALID,
			                "two columns are called %s",
			                column->name);
	}
	return BC_OK;
}

enum bc_status
bci_schema_encode(const struct bc_frame *frame, unsigned char *stored,
                  size_t *bytes, struct bc_error *err)
{
	uint32_t count = frame->column_count + (frame->time_ns != NULL);
	size_t used = HEAD_BYTES;
	enum bc_status status;

	if (frame->column_count > BC_COLUMNS_MAX || count > BC_COLUMNS_MAX)
		return bci_fail(err, BC_INVALID, "%u columns; at most %d",
		                frame->column_count, BC_COLUMNS_MAX);
	if (frame->column_count != 0 && frame->columns == NULL)
		return bci_fail(err, BC_INVALID, "the columns are NULL");
	stored[0] = (unsigned char)count;
	stored[1] = (unsigned char)(count >> 8);
	stored[2] = frame->time_ns != NULL;
	stored[3] = 0;
	if (frame->time_ns != NULL)
		used += schema_encode_column(stored + used, BC_I64, BC_TIME);
	for (uint32_t i = 0; i < frame->column_count; i++) {
		status = schema_check_column(frame, i, err);
		if (status != BC_OK)
			return status;
		used += schema_encode_column(stored + used,
		                             frame->columns[i].type,
		                             frame->columns[i].name);
	}
	*bytes = used;
	return BC_OK;
}

/* Walk the stored form; true if it is whole.  Counts the bytes of names. */
static bool
schema_measure(const unsigned char *stored, size_t bytes, uint32_t *count,
               size_t *name_bytes)
{
	size_t at = HEAD_BYTES;

	*name_bytes = 0;
	if (bytes < HEAD_BYTES || stored[2] > 1)
		return false;
	*count = stored[0] | (uint32_t)stored[1] << 8;
	if (*count > BC_COLUMNS_MAX || *count < stored[2])
		return false;
	for (uint32_t i = 0; i < *count; i++) {
		if (at + 2 > bytes || !schema_is_type(stored[at]) ||
		    stored[at + 1] == 0 ||
		    stored[at + 1] > BC_COLUMN_NAME_MAX ||
		    stored[at + 1] > bytes - at - 2)
			return false;
		if (i == 0 && stored[2] == 1 && stored[at] != BC_I64)
			return false;
		*name_bytes += stored[at + 1] + 1u;
		at += 2u + stored[at + 1];
	}
	return at == bytes;
}

struct bc_schema *
bci_schema_decode(const struct bc_allocator *allocator,
                  const unsigned char *stored, size_t bytes, bool *damaged)
{
	struct bc_schema_column *columns;
	uint32_t count, texts = 0;
	struct bc_schema *schema;
	size_t name_bytes, at = HEAD_BYTES;
	char *names;

	*damaged = !schema_measure(stored, bytes, &count, &name_bytes);
	if (*damaged)
		return NULL;
	schema = bci_zalloc(allocator, 1,
	                    sizeof(*schema) + count * sizeof(*columns) +
	                            name_bytes);
	if (schema == NULL)
		return NULL;
	columns = (struct bc_schema_column *)(schema + 1);
	names = (char *)(columns + count);
	schema->column_count = count;
	schema->has_time = stored[2];
	schema->columns = columns;
	for (uint32_t i = 0; i < count; i++) {
		struct bc_schema_column *column = &columns[i];
		size_t length = stored[at + 1];

		column->type = (enum bc_type)stored[at];
		column->bytes = types[column->type].bytes;
		column->wide = schema->wide;
		column->medium = schema->medium;
		column->narrow = schema->narrow;
		column->texts = texts;
		schema->wide += column->bytes == 8;
		schema->medium += column->bytes == 4;
		schema->narrow += column->bytes == 1;
		texts += column->type == BC_TEXT;
		schema->row_bytes += column->bytes;
		memcpy(names, stored + at + 2, length);
		column->name = names;
		names += length + 1;
		at += 2 + length;
	}
	return schema;
}

/* ---- parts ------------------------------------------------------------- */

/* A bit for each column of a schema. */
struct schema_marks {
	uint64_t words[BC_COLUMNS_MAX / 64];
};

/* Mark column 'index'; true if it was not marked. */
static bool
schema_mark(struct schema_marks *marks, uint32_t index)
{
	uint64_t *word = &marks->words[index / 64], bit = 1ull << index % 64;
	bool fresh = (*word & bit) == 0;

	*word |= bit;
	return fresh;
}

static bool
schema_is_marked(const struct schema_marks *marks, uint32_t index)
{
	return (marks->words[index / 64] >> index % 64 & 1) != 0;
}

enum bc_status
bci_schema_part(const struct bc_allocator *allocator,
                const struct bc_schema *whole, const char *const *names,
                struct bc_schema **out, struct bc_error *err)
{
	struct schema_marks wanted = { { 0 } };
	struct bc_schema_column *columns;
	struct bc_schema *part;
	uint32_t count = 0;

	*out = NULL;
	if (whole->has_time)
		count += schema_mark(&wanted, 0);
	for (; *names != NULL; names++) {
		int index = bc_schema_find(whole, *names);

		if (index < 0)
			return bci_fail(err, BC_INVALID,
			                "there is no column %.64s", *names);
		count += schema_mark(&wanted, (uint32_t)index);
	}
	part = bci_zalloc(allocator, 1,
	                  sizeof(*part) + count * sizeof(*columns));
	if (part == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for a schema");
	*part = *whole;
	columns = (struct bc_schema_column *)(part + 1);
	part->columns = columns;
	part->column_count = count;
	part->row_bytes = 0;
	for (uint32_t i = 0; i < whole->column_count; i++) {
		if (!schema_is_marked(&wanted, i))
			continue;
		*columns++ = whole->columns[i];
		part->row_bytes += whole->columns[i].bytes;
	}
	*out = part;
	return BC_OK;
}

/*
 * Callers name columns in stored order as a rule, so each name is looked for
 * where the one before was found, first of all.
 */
bool
bci_schema_is_part(const struct bc_schema *part, const struct bc_schema *whole,
                   const char *const *names)
{
	struct schema_marks wanted = { { 0 } };
	uint32_t count = 0, at = 0;
	int first;

	if (whole->has_time)
		count += schema_mark(&wanted, at++);
	for (; *names != NULL; names++) {
		if (at >= part->column_count ||
		    strcmp(part->columns[at].name, *names) != 0) {
			int index = bc_schema_find(part, *names);

			if (index < 0)
				return false;
			at = (uint32_t)index;
		}
		count += schema_mark(&wanted, at++);
	}
	if (count != part->column_count || part->wide != whole->wide ||
	    part->medium != whole->medium || part->narrow != whole->narrow)
		return false;
	/* Names are those of the whole, so one that is it tells its parts. */
	if (count == 0)
		return true;
	first = bc_schema_find(whole, part->columns[0].name);
	return first >= 0 &&
	       whole->columns[first].name == part->columns[0].name;
}
