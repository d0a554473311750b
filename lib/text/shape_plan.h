/* SPDX-License-Identifier: MIT */
/*
 * shape_plan.h - what is known of rows before they are written; private to the
 * files of shape.h.
 */
#ifndef BCI_SHAPE_PLAN_H
#define BCI_SHAPE_PLAN_H

#include "print.h"
#include "shape.h"

/* The columns of a frame, or the fields of a preset. */
#define BCI_SHAPE_FIELDS_MAX (BC_COLUMNS_MAX + 8)

enum bci_shape_kind {
	BCI_SHAPE_EMPTY,
	BCI_SHAPE_CONSTANT,
	BCI_SHAPE_MOMENT,
	BCI_SHAPE_CLOCK,
	BCI_SHAPE_CLOSE_TIME,
	BCI_SHAPE_NUMBER, /* by the type of the column */
	BCI_SHAPE_MARKED, /* the same; doubles show that they are doubles */
	BCI_SHAPE_SCALED  /* a price in parts of the preset's unit */
};

struct bci_shape_field {
	enum bci_shape_kind kind;
	int decimals; /* of the last number */
	const struct bci_shape_column *column; /* NULL: none */
	const char *name;
	size_t name_bytes;
	const char *constant;
};

/* What is to be written next. */
enum bci_shape_part {
	BCI_SHAPE_HEAD,
	BCI_SHAPE_ROWS,
	BCI_SHAPE_TAIL,
	BCI_SHAPE_DONE
};

struct bci_shape {
	struct bc_allocator allocator;
	struct bci_shape_options options;
	struct bci_shape_frame frame;
	enum bci_shape_part part;
	uint64_t row;
	uint64_t origin;  /* 'first' of the first frame */
	uint64_t passed;  /* rows of the frames before this one */
	bool json;
	char delimiter;
	bool daily;       /* bars of a day or more */
	size_t room;
	char *head;
	size_t head_bytes;
	struct bci_print_moment moment, clock;
	int64_t unit_ns;  /* of 'moment' and 'clock' together */
	size_t change;    /* of the zone, that holds now */
	int64_t utc_ns, ahead_ns, day; /* of the row's stamp */
	char symbol[2 * BC_KEY_MAX + 3];
	char period[BCI_TIMEFRAME_TEXT];
	uint32_t field_count;
	struct bci_shape_field fields[BCI_SHAPE_FIELDS_MAX];
};

/*
 * Write a text as a field at 'at'; NULL if lines of fields cannot hold it:
 * they lose blanks at their ends, and a text with quotes.
 */
char *bci_shape_text(const struct bci_shape *shape, char *at, const char *text,
                     size_t bytes);

/* Copy 'text' to 'at'; returns the byte behind it. */
static inline char *
bci_shape_put(char *at, const char *text)
{
	size_t bytes = strlen(text);

	memcpy(at, text, bytes);
	return at + bytes;
}

#endif /* BCI_SHAPE_PLAN_H */
