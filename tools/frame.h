/* SPDX-License-Identifier: MIT */
/*
 * frame.h - printing some rows and columns of a view.
 */
#ifndef TOOL_FRAME_H
#define TOOL_FRAME_H

#include "barcache.h"

#include "output.h"

/* Which part of a view; all but the view is freed by frame_free(). */
struct frame {
	const struct bc_view *view;
	uint64_t first, rows; /* rows [first, first + rows) of the view */
	uint32_t *columns;    /* indices into the schema */
	uint32_t column_count;
	json_t *more; /* members of the JSON before its rows, or NULL */
};

/* The whole of a frame or of arrays. */
void frame_init(struct frame *frame, const struct bc_view *view);

/*
 * Keep only the columns of the list "a,b"; false after a message if one is
 * not there.  Times come first whether they are named or not.
 */
bool frame_select(struct frame *frame, const char *list);

/* Keep the column of that name too, behind the others, if there is one. */
void frame_also(struct frame *frame, const char *name);

/* Keep the rows from 'from' on, or up to and without 'to'; needs times. */
void frame_from(struct frame *frame, int64_t from_ns);
void frame_to(struct frame *frame, int64_t to_ns);

/* Keep the first or the last 'count' rows. */
void frame_head(struct frame *frame, uint64_t count);
void frame_tail(struct frame *frame, uint64_t count);

/* Print as a table, CSV or JSON; 'key' is for JSON. */
void frame_print(const struct frame *frame, const char *key,
                 enum output_format format);

void frame_free(struct frame *frame);

#endif /* TOOL_FRAME_H */
