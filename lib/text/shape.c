/* SPDX-License-Identifier: MIT */
/*
 * shape.c - what the fields of rows are, before the rows are written.
 *
 * Each field is found once: a constant, a moment, an element of a column, or
 * nothing.  What an entry lacks is left empty, never made up, but for what
 * follows from the timeframe and the key; without its prices there is no file.
 */
#include "common.h"

#include <inttypes.h>
#include <stdio.h>

#include "alloc.h"
#include "calendar.h"
#include "check.h"
#include "error.h"
#include "shape_plan.h"

#define MINUTE (60 * BCI_SECOND_NS)
#define HOUR (60 * MINUTE)

/* ------------------------------------------------------------------------ */
/*  Texts                                                                   */
/* ------------------------------------------------------------------------ */

char *
bci_shape_text(const struct bci_shape *shape, char *at, const char *text,
               size_t bytes)
{
	bool quoted = shape->json || (bytes != 0 && *text == '#');

	for (size_t i = 0; i < bytes; i++) {
		unsigned char byte = (unsigned char)text[i];

		if (byte < 0x20 || byte == 0x7f || byte == '"')
			return NULL;
		quoted = quoted || text[i] == shape->delimiter;
	}
	if (bytes != 0 && (text[0] == ' ' || text[bytes - 1] == ' '))
		return NULL;
	if (quoted)
		*at++ = '"';
	if (!shape->json && shape->options.inert && bytes != 0 &&
	    strchr("=+-@", *text) != NULL)
		*at++ = '\'';
	if (!quoted) {
		memcpy(at, text, bytes);
		return at + bytes;
	}
	for (size_t i = 0; i < bytes; i++) {
		if (shape->json && text[i] == '\\')
			*at++ = '\\';
		*at++ = text[i];
	}
	*at++ = '"';
	return at;
}

/* ------------------------------------------------------------------------ */
/*  Fields                                                                  */
/* ------------------------------------------------------------------------ */

static bool
shape_is(const struct bci_shape_field *field, const char *name)
{
	return strlen(name) == field->name_bytes &&
	       memcmp(name, field->name, field->name_bytes) == 0;
}

static bool
shape_is_price(const struct bci_shape_field *field)
{
	return shape_is(field, "open") || shape_is(field, "high") ||
	       shape_is(field, "low") || shape_is(field, "close");
}

/* Whether import reads it as doubles whatever its numbers look like. */
static bool
shape_is_standard(const struct bci_shape_field *field)
{
	return shape_is_price(field) || shape_is(field, "volume") ||
	       strncmp(field->name, "bid_", 4) == 0 ||
	       strncmp(field->name, "ask_", 4) == 0;
}

/* A new field with this name. */
static struct bci_shape_field *
shape_add(struct bci_shape *shape, const char *name, size_t bytes)
{
	struct bci_shape_field *field = &shape->fields[shape->field_count++];

	*field = (struct bci_shape_field){ .name = name, .name_bytes = bytes };
	return field;
}

/*
 * The symbol and the timeframe as fields.  The latter as charting programs
 * write it: 5, 60, D, W, M.
 */
static enum bc_status
shape_series(struct bci_shape *shape, struct bc_error *err)
{
	static const char *const words[] = { "1d", "1w", "1M" };
	const struct bci_timeframe *timeframe = &shape->frame.timeframe;
	const char *symbol = shape->frame.symbol;
	char *end = shape->symbol;

	if (*symbol != '\0')
		end = bci_shape_text(shape, end, symbol, strlen(symbol));
	if (end == NULL)
		return bci_fail(err, BC_INVALID,
		                "a line of fields cannot hold the symbol %s",
		                symbol);
	*end = '\0';
	if (timeframe->step_ns == 0 && timeframe->months == 0)
		return BC_OK;
	bci_timeframe_name(timeframe, shape->period);
	if (!shape->daily && timeframe->step_ns % MINUTE == 0)
		snprintf(shape->period, sizeof(shape->period), "%" PRId64,
		         (int64_t)(timeframe->step_ns / MINUTE));
	for (size_t i = 0; i < BCI_COUNT(words); i++)
		if (strcmp(shape->period, words[i]) == 0)
			snprintf(shape->period, sizeof(shape->period), "%c",
			         "DWM"[i]);
	return BC_OK;
}

/* A field that is a column of the frame, or empty. */
static void
shape_find(struct bci_shape *shape, struct bci_shape_field *field)
{
	for (uint32_t i = 0; i < shape->frame.column_count; i++) {
		const struct bci_shape_column *column =
			&shape->frame.columns[i];

		if (!shape_is(field, column->name))
			continue;
		field->column = column;
		field->kind = BCI_SHAPE_NUMBER;
		if (shape->options.preset->price_divisor != 1 &&
		    shape_is_price(field) && column->type != BC_TEXT)
			field->kind = BCI_SHAPE_SCALED;
	}
}

/* What a field of a preset is. */
static void
shape_resolve(struct bci_shape *shape, struct bci_shape_field *field)
{
	const struct bci_timeframe *timeframe = &shape->frame.timeframe;

	if (shape_is(field, "time") || shape_is(field, "date")) {
		field->kind = BCI_SHAPE_MOMENT;
	} else if (shape_is(field, "clock")) {
		field->kind = BCI_SHAPE_CLOCK;
	} else if (shape_is(field, "close_time")) {
		if (timeframe->step_ns != 0 || timeframe->months != 0)
			field->kind = BCI_SHAPE_CLOSE_TIME;
	} else if (shape_is(field, "symbol") || shape_is(field, "period")) {
		field->kind = BCI_SHAPE_CONSTANT;
		field->constant =
			*field->name == 's' ? shape->symbol : shape->period;
	} else if (shape_is(field, "ignore")) {
		field->kind = BCI_SHAPE_CONSTANT;
		field->constant = "0";
	} else {
		shape_find(shape, field);
	}
}

/* Whether an optional field has something to say. */
static bool
shape_is_wanted(const struct bci_shape_field *field)
{
	if (field->kind == BCI_SHAPE_CONSTANT)
		return *field->constant != '\0';
	return field->kind != BCI_SHAPE_EMPTY;
}

/* The fields of the preset, and the label of each in 'labels'. */
static enum bc_status
shape_preset_fields(struct bci_shape *shape, struct bci_field *labels,
                    struct bc_error *err)
{
	const struct bci_preset *preset = shape->options.preset;
	const char *at = preset->fields;
	const char *label =
		preset->labels != NULL ? preset->labels : preset->fields;
	bool dateless = shape->daily && preset->daily_format != NULL;

	for (;;) {
		bool optional = *at == '[';
		size_t bytes = strcspn(at + optional, ",]");
		size_t label_bytes = strcspn(label, ",");
		struct bci_shape_field *field =
			shape_add(shape, at + optional, bytes);

		labels[shape->field_count - 1] =
			(struct bci_field){ label, label_bytes };
		shape_resolve(shape, field);
		if (shape_is_price(field) && field->kind == BCI_SHAPE_EMPTY)
			return bci_fail(err, BC_INVALID,
			                "there is no column %.*s, which %s "
			                "needs",
			                (int)bytes, field->name, preset->name);
		if ((optional && !shape_is_wanted(field)) ||
		    (dateless && field->kind == BCI_SHAPE_CLOCK))
			shape->field_count--;
		at += bytes + 2 * (size_t)optional;
		if (*at == '\0')
			return BC_OK;
		at++;
		label += label_bytes + 1;
	}
}

/* ------------------------------------------------------------------------ */
/*  Begin                                                                   */
/* ------------------------------------------------------------------------ */

/* Begin to write moments in one of our own forms, which can be written. */
static void
shape_form(struct bci_print_moment *moment, const char *form)
{
	bool begun = bci_print_moment_begin(moment, form);

	BCI_ASSERT(begun);
}

/* The forms of the preset's moments, and what they can tell. */
static enum bc_status
shape_forms(struct bci_shape *shape, struct bc_error *err)
{
	const struct bci_preset *preset = shape->options.preset;
	const struct bci_timeframe *timeframe = &shape->frame.timeframe;
	const char *form = preset->time_format;
	bool clocked = preset->clock_format != NULL;

	if (preset->daily_format != NULL &&
	    (shape->daily ||
	     (timeframe->step_ns % HOUR == 0 && timeframe->step_ns != 0 &&
	      strstr(preset->daily_format, "%H") != NULL))) {
		form = preset->daily_format;
		clocked = false;
	}
	shape_form(&shape->moment, form);
	shape->unit_ns = shape->moment.unit_ns;
	if (clocked) {
		shape_form(&shape->clock, preset->clock_format);
		shape->unit_ns = shape->clock.unit_ns;
	}
	if (preset->stamp == BCI_STAMP_CLOSE && timeframe->step_ns == 0 &&
	    timeframe->months == 0)
		return bci_fail(err, BC_INVALID,
		                "the times of %s end bars, and it is not known "
		                "how long these are",
		                preset->name);
	return BC_OK;
}

/* The fields of our own shape. */
static void
shape_own(struct bci_shape *shape, struct bci_field *labels)
{
	struct bci_shape_field *field;

	shape_add(shape, "time", 4)->kind = BCI_SHAPE_MOMENT;
	labels[0] = (struct bci_field){ "time", 4 };
	for (uint32_t i = 0; i < shape->frame.column_count; i++) {
		const struct bci_shape_column *column =
			&shape->frame.columns[i];
		size_t bytes = strlen(column->name);

		field = shape_add(shape, column->name, bytes);
		field->column = column;
		field->kind = shape_is_standard(field) ? BCI_SHAPE_NUMBER
		                                       : BCI_SHAPE_MARKED;
		labels[i + 1] = (struct bci_field){ column->name, bytes };
	}
	shape_form(&shape->moment, shape->json ? "ns" : "%Y-%m-%dT%H:%M:%SZ");
}

/* What opens our own JSON before and behind the names. */
static char *
shape_json_key(const struct bci_shape *shape, char *at)
{
	at = bci_shape_put(at, "{\"key\":\"");
	for (const char *key = shape->frame.key; *key != '\0'; key++) {
		if (*key == '"' || *key == '\\')
			*at++ = '\\';
		*at++ = *key;
	}
	return bci_shape_put(at, "\",\"columns\":[");
}

static char *
shape_json_types(const struct bci_shape *shape, char *at)
{
	at = bci_shape_put(at, "],\"types\":[\"i64\"");
	for (uint32_t i = 0; i < shape->frame.column_count; i++) {
		enum bc_type type = shape->frame.columns[i].type;

		at = bci_shape_put(at, ",\"");
		at = bci_shape_put(at, bc_type_name(type));
		*at++ = '"';
	}
	return bci_shape_put(at, "],\"data\":[");
}

/* The line of names, or what opens the JSON. */
static enum bc_status
shape_write_head(struct bci_shape *shape, const struct bci_field *labels,
                 struct bc_error *err)
{
	const struct bci_preset *preset = shape->options.preset;
	bool own_json = shape->json && preset == NULL;
	bool header = !shape->json && shape->options.header &&
	              (preset == NULL || preset->header);
	char *at = shape->head;

	if (own_json)
		at = shape_json_key(shape, at);
	else if (shape->json)
		*at++ = '[';
	for (uint32_t i = 0; (own_json || header) && i < shape->field_count;
	     i++) {
		if (i != 0)
			*at++ = shape->delimiter;
		at = bci_shape_text(shape, at, labels[i].text, labels[i].bytes);
		if (at == NULL)
			return bci_fail(err, BC_INVALID,
			                "no file can hold the column name "
			                "'%.*s'",
			                (int)labels[i].bytes, labels[i].text);
	}
	if (own_json)
		at = shape_json_types(shape, at);
	else if (header)
		*at++ = '\n';
	shape->head_bytes = (size_t)(at - shape->head);
	return BC_OK;
}

/* The most bytes that a row takes, whatever is in it. */
static size_t
shape_row_bytes(const struct bci_shape *shape)
{
	size_t bytes = 8;

	for (uint32_t i = 0; i < shape->field_count; i++) {
		const struct bci_shape_field *field = &shape->fields[i];
		size_t longest = 0;

		if (field->column != NULL && field->column->type == BC_TEXT)
			for (uint32_t j = 0;
			     j < field->column->dictionary_count; j++)
				longest = bci_max(
					longest,
					field->column->dictionary[j].bytes);
		if (field->kind == BCI_SHAPE_CONSTANT)
			longest = strlen(field->constant);
		bytes += BCI_PRINT_MAX + 3 + 2 * longest;
	}
	return bytes;
}

enum bc_status
bci_shape_begin(const struct bc_allocator *allocator,
                const struct bci_shape_options *options,
                const struct bci_shape_frame *frame, struct bci_shape **out,
                struct bc_error *err)
{
	const struct bci_preset *preset = options->preset;
	struct bci_field labels[BCI_SHAPE_FIELDS_MAX];
	struct bci_shape *shape;
	enum bc_status status;
	size_t head;

	*out = NULL;
	if (preset != NULL && !preset->writable)
		return bci_fail(err, BC_INVALID, "%s can only be read",
		                preset->name);
	shape = bci_zalloc(allocator, 1, sizeof(*shape));
	if (shape == NULL)
		return bci_fail(err, BC_NOMEM, "no memory for a shape");
	shape->allocator = *allocator;
	shape->options = *options;
	shape->frame = *frame;
	shape->json = preset != NULL ? preset->json : options->json;
	shape->delimiter = preset != NULL ? preset->delimiter : ',';
	shape->daily = frame->timeframe.months != 0 ||
	               frame->timeframe.step_ns >= BCI_DAY_NS;
	shape->origin = shape->row = frame->first;
	shape->utc_ns = INT64_MIN;
	if (preset != NULL) {
		BCI_TRY(shape_series(shape, err));
		BCI_TRY(shape_forms(shape, err));
		BCI_TRY(shape_preset_fields(shape, labels, err));
	} else {
		shape_own(shape, labels);
	}
	head = 256 + 2 * strlen(frame->key) +
	       shape->field_count * (2 * BC_COLUMN_NAME_MAX + 16);
	shape->head = bci_alloc(allocator, head, 1);
	status = shape->head == NULL
	                 ? bci_fail(err, BC_NOMEM, "no memory for a header")
	                 : shape_write_head(shape, labels, err);
	shape->room = bci_max(head, shape_row_bytes(shape));
done:
	if (status == BC_OK)
		*out = shape;
	else
		bci_shape_end(shape);
	return status;
}

void
bci_shape_go_on(struct bci_shape *shape, const struct bci_shape_frame *frame)
{
	BCI_ASSERT(frame->columns == shape->frame.columns);
	shape->passed += shape->frame.rows;
	shape->frame = *frame;
	shape->row = frame->first;
	shape->room = bci_max(shape->room, shape_row_bytes(shape));
}

void
bci_shape_end(struct bci_shape *shape)
{
	struct bc_allocator allocator;

	if (shape == NULL)
		return;
	allocator = shape->allocator;
	bci_free(&allocator, shape->head);
	bci_free(&allocator, shape);
}

bool
bci_shape_has(const struct bci_shape *shape, uint32_t index)
{
	for (uint32_t i = 0; i < shape->field_count; i++)
		if (shape->fields[i].column == &shape->frame.columns[index])
			return true;
	return false;
}

bool
bci_shape_is_local(const struct bci_shape *shape)
{
	const struct bci_form *form = &shape->moment.form;

	return shape->options.preset != NULL && !shape->daily &&
	       form->kind != BCI_FORM_UNIX && !form->zoned;
}

size_t
bci_shape_room(const struct bci_shape *shape)
{
	return shape->room;
}
