/* SPDX-License-Identifier: MIT */
/*
 * shape.h - rows of a frame as text: CSV or JSON in our own shape, or in the
 * shape of a preset.
 *
 * Our own shapes read back to the same columns, but for what text cannot say:
 * NaN is an empty field or null and loses its payload, an infinity ("inf") is
 * no number to import, and in CSV a column of i32 or u8 comes back as i64, one
 * of f32 as f64.
 */
#ifndef BCI_SHAPE_H
#define BCI_SHAPE_H

#include "common.h"
#include "field.h"
#include "preset.h"
#include "timeframe.h"
#include "zone.h"

struct bci_shape_column {
	const char *name;
	enum bc_type type;
	const void *data;
	const struct bci_field *dictionary; /* of BC_TEXT */
	uint32_t dictionary_count;
};

/* What to write; all of it is borrowed until the end. */
struct bci_shape_frame {
	const char *key;       /* for our own JSON */
	uint64_t first, rows;  /* rows [first, first + rows) of the columns */
	const int64_t *time_ns;
	const struct bci_shape_column *columns; /* without time */
	uint32_t column_count;
	bool more;             /* other rows follow: see bci_shape_go_on() */
	const char *symbol;    /* of the series; "" if there is none */
	struct bci_timeframe timeframe; /* all 0: not known */
};

/* How; zeroed: CSV in our own shape, without a header. */
struct bci_shape_options {
	const struct bci_preset *preset; /* NULL: our own shape */
	bool json;   /* our own shape as JSON; a preset says it itself */
	bool header; /* write the header, if the shape has one */
	const struct bci_zone *zone; /* of a preset's times; NULL: UTC */
	bool inert;  /* in CSV, a ' before a text that begins as a formula of a
	                spreadsheet does: = + - @ */
};

/* Rows that are being written. */
struct bci_shape;

/*
 * Begin.  Returns BC_OK; BC_INVALID if the preset cannot be written or wants a
 * price or a timeframe that is not there; BC_NOMEM.  *out is NULL on failure.
 */
enum bc_status bci_shape_begin(const struct bc_allocator *allocator,
                               const struct bci_shape_options *options,
                               const struct bci_shape_frame *frame,
                               struct bci_shape **out, struct bc_error *err);

/* Whether column 'index' of the frame has a place in the shape. */
bool bci_shape_has(const struct bci_shape *shape, uint32_t index);

/* Whether it has wall-clock times, so that the zone counts. */
bool bci_shape_is_local(const struct bci_shape *shape);

/* The least room that bci_shape_more() can do with. */
size_t bci_shape_room(const struct bci_shape *shape);

/*
 * Write on: what comes before the rows, as many rows as there is room for, what
 * comes behind them.  *bytes is how many were written; none at the end, nor
 * where other rows are to follow.
 * Returns BC_OK; BC_INVALID if a value has no place in the shape that would
 * read back, with its column in words and its row in err->row.
 */
enum bc_status bci_shape_more(struct bci_shape *shape, char *text,
                              size_t capacity, size_t *bytes,
                              struct bc_error *err);

/*
 * Go on with the next rows, once those of a frame with 'more' are written.
 * 'columns' is the same array, with other data and dictionaries in it.  The
 * room that is needed may have grown.
 */
void bci_shape_go_on(struct bci_shape *shape,
                     const struct bci_shape_frame *frame);

/* Let go of it.  NULL is allowed. */
void bci_shape_end(struct bci_shape *shape);

#endif /* BCI_SHAPE_H */
