/* SPDX-License-Identifier: MIT */
/*
 * glossary.c - the dictionaries that all segments of a series have in common.
 *
 * The largest dictionaries are those written last.  What they hold is copied,
 * because a value names its strings by pointers to terminated ones.
 */
#include "common.h"

#include "alloc.h"
#include "error.h"
#include "glossary.h"
#include "recode.h"
#include "segment.h"

static enum bc_status
glossary_fail(const struct bci_series *series, struct bc_error *err)
{
	return bci_fail(err, BC_NOMEM, "no memory for the texts of %s",
	                series->key);
}

/* ---- what is stored ---------------------------------------------------- */

/* Dictionaries as they are stored, and what to make of them. */
struct glossary_area {
	const unsigned char *bytes;
	uint64_t size;
};

/* The dictionaries of a segment, which is mapped and checked. */
static enum bc_status
glossary_area(struct bci_series *series, struct bci_series_segment *segment,
              struct glossary_area *area, struct bc_error *err)
{
	enum bc_status status = bci_series_map(series, segment, err);

	if (status != BC_OK)
		return status;
	area->size = bci_series_text_bytes(series, segment);
	area->bytes = segment->data + segment->body_bytes - area->size;
	return BC_OK;
}

/* Copy the strings of text column 'text' to *to, terminated. */
static enum bc_status
glossary_copy(struct bci_glossary *glossary, struct bci_glossary_column *column,
              const struct glossary_area *area, uint32_t text, char **to)
{
	const char *string;
	uint32_t count;
	size_t bytes;

	/* How many there are is said even where there is none. */
	bci_segment_text(area->bytes, area->size, text, 0, &bytes, &count);
	column->strings = bci_alloc(glossary->allocator, count + 1ull,
	                            sizeof(*column->strings));
	if (column->strings == NULL)
		return BC_NOMEM;
	column->room = count + 1;
	for (; column->count < count; column->count++) {
		string = bci_segment_text(area->bytes, area->size, text,
		                          column->count, &bytes, &count);
		if (string == NULL)
			return BC_CORRUPT;
		column->strings[column->count] = *to;
		memcpy(*to, string, bytes);
		(*to)[bytes] = '\0';
		*to += bytes + 1;
	}
	return BC_OK;
}

/* How many strings each dictionary of the newest segment has. */
static void
glossary_newest(struct bci_glossary *glossary, const struct bc_schema *schema,
                const struct glossary_area *area)
{
	uint32_t text = 0;
	size_t bytes;

	for (uint32_t i = 0; i < glossary->column_count; i++) {
		if (schema->columns[i + 1].type == BC_TEXT)
			(void)bci_segment_text(area->bytes, area->size, text++,
			                       0, &bytes,
			                       &glossary->columns[i].newest);
	}
}

/* Find the largest dictionaries, and those of the newest segment. */
static enum bc_status
glossary_find(struct bci_glossary *glossary, struct bci_series *series,
              struct glossary_area *area, struct bc_error *err)
{
	struct bci_series_segment *largest = NULL, *last = NULL;
	struct bci_series_segment inlined = { .body_bytes = 0 };
	struct glossary_area newest;
	uint64_t most = 0;
	enum bc_status status = BC_OK;

	if (series->entry.inlined != NULL) {
		bci_entry_locator(&series->entry, 0, &inlined.locator);
		area->size = bci_series_text_bytes(series, &inlined);
		area->bytes = series->image + BCI_VALUE_SHIFT +
		              inlined.locator.bytes - area->size;
		return BC_OK;
	}
	for (size_t i = 0; i < series->segment_count; i++) {
		struct bci_series_segment *segment = &series->segments[i];
		uint64_t bytes;

		if (segment->locator.codec == BCI_FORM_PACKED)
			status = bci_series_map(series, segment, err);
		if (status != BC_OK)
			return status;
		bytes = bci_series_text_bytes(series, segment);
		last = segment;
		if (bytes >= most) {
			most = bytes;
			largest = segment;
		}
	}
	if (largest == NULL)
		return BC_OK;
	status = glossary_area(series, largest, area, err);
	if (status == BC_OK)
		status = glossary_area(series, last, &newest, err);
	if (status == BC_OK)
		glossary_newest(glossary, series->schema, &newest);
	return status;
}

static enum bc_status
glossary_learn(struct bci_glossary *glossary, struct bci_series *series,
               const struct glossary_area *area, struct bc_error *err)
{
	enum bc_status status = BC_OK;
	uint32_t text = 0;
	char *to;

	/* Each string is followed by its end there, of four bytes. */
	to = glossary->text = bci_alloc(glossary->allocator, 1, area->size + 1);
	if (to == NULL)
		return glossary_fail(series, err);
	for (uint32_t i = 0; status == BC_OK && i < glossary->column_count;
	     i++) {
		if (series->schema->columns[i + 1].type == BC_TEXT)
			status = glossary_copy(glossary, &glossary->columns[i],
			                       area, text++, &to);
	}
	return status == BC_OK
	               ? BC_OK
	               : bci_fail(err, status, "the texts of %s", series->key);
}

enum bc_status
bci_glossary_open(struct bci_glossary *glossary, struct bci_series *series,
                  struct bc_error *err)
{
	const struct bc_schema *schema = series->schema;
	struct glossary_area area = { 0 };
	enum bc_status status;
	bool any = false;

	*glossary = (struct bci_glossary){
		.allocator = &series->writer->env->allocator,
		.column_count = schema->column_count - 1,
	};
	glossary->columns =
		bci_zalloc(glossary->allocator, glossary->column_count + 1ull,
	                   sizeof(*glossary->columns));
	glossary->stored =
		bci_zalloc(glossary->allocator, glossary->column_count + 1ull,
	                   sizeof(*glossary->stored));
	if (glossary->columns == NULL || glossary->stored == NULL)
		return glossary_fail(series, err);
	for (uint32_t i = 0; i < glossary->column_count; i++) {
		glossary->stored[i].name = schema->columns[i + 1].name;
		glossary->stored[i].type = schema->columns[i + 1].type;
		any = any || schema->columns[i + 1].type == BC_TEXT;
	}
	if (!any)
		return BC_OK;
	status = bci_series_load(series, err);
	if (status == BC_OK)
		status = glossary_find(glossary, series, &area, err);
	if (status != BC_OK || area.bytes == NULL)
		return status;
	return glossary_learn(glossary, series, &area, err);
}

void
bci_glossary_close(struct bci_glossary *glossary)
{
	for (uint32_t i = 0;
	     glossary->columns != NULL && i < glossary->column_count; i++)
		bci_free(glossary->allocator, glossary->columns[i].strings);
	if (glossary->allocator != NULL) {
		bci_free(glossary->allocator, glossary->columns);
		bci_free(glossary->allocator, glossary->stored);
		bci_free(glossary->allocator, glossary->text);
	}
	*glossary = (struct bci_glossary){ 0 };
}

/* ---- what is new ------------------------------------------------------- */

static struct bci_text *
glossary_texts(const struct bc_allocator *allocator, const char *const *strings,
               uint32_t count)
{
	struct bci_text *texts =
		bci_alloc(allocator, count + 1ull, sizeof(*texts));

	for (uint32_t i = 0; texts != NULL && i < count; i++)
		texts[i] = (struct bci_text){ strings[i], strlen(strings[i]) };
	return texts;
}

/* Put the strings that were added behind the others. */
static enum bc_status
glossary_append(struct bci_glossary *glossary,
                struct bci_glossary_column *column,
                const struct bc_column *from, const uint32_t *added,
                uint32_t count)
{
	if (column->count + count > column->room) {
		uint32_t room = column->count + count;
		void *grown = bci_regrow(glossary->allocator, column->strings,
		                         column->count, room,
		                         sizeof(*column->strings));

		if (grown == NULL)
			return BC_NOMEM;
		column->strings = grown;
		column->room = room;
	}
	for (uint32_t i = 0; i < count; i++)
		column->strings[column->count++] = from->dictionary[added[i]];
	return BC_OK;
}

enum bc_status
bci_glossary_add(struct bci_glossary *glossary, uint32_t index,
                 const struct bc_column *column, uint64_t rows, uint32_t *codes,
                 struct bc_error *err)
{
	const struct bc_allocator *allocator = glossary->allocator;
	struct bci_glossary_column *known = &glossary->columns[index];
	uint32_t count = column->dictionary_count, added_count;
	struct bci_text *old, *new;
	uint32_t *recode, *added;
	enum bc_status status = BC_NOMEM;

	old = glossary_texts(allocator, known->strings, known->count);
	new = glossary_texts(allocator, column->dictionary, count);
	recode = bci_alloc(allocator, count + 1ull, sizeof(*recode));
	added = bci_alloc(allocator, count + 1ull, sizeof(*added));
	if (old == NULL || new == NULL || recode == NULL || added == NULL)
		goto done;
	BCI_TRY(bci_recode(allocator, old, known->count, new, count, recode,
	                   added, &added_count, err));
	BCI_TRY(glossary_append(glossary, known, column, added, added_count));
	for (uint64_t i = 0; i < rows; i++)
		codes[i] = recode[((const uint32_t *)column->data)[i]];
done:
	bci_free(allocator, old);
	bci_free(allocator, new);
	bci_free(allocator, recode);
	bci_free(allocator, added);
	if (status == BC_NOMEM)
		bci_fail(err, status, "no memory for the texts of a column");
	return status;
}

const struct bc_column *
bci_glossary_columns(struct bci_glossary *glossary)
{
	for (uint32_t i = 0; i < glossary->column_count; i++) {
		glossary->stored[i].dictionary = glossary->columns[i].strings;
		glossary->stored[i].dictionary_count =
			glossary->columns[i].count;
	}
	return glossary->stored;
}
