/* SPDX-License-Identifier: MIT */
/*
 * edit.h - a change of the rows of a series, before anything of it is written.
 */
#ifndef BCI_EDIT_H
#define BCI_EDIT_H

#include "glossary.h"
#include "merge.h"
#include "series.h"
#include "tiling.h"

/*
 * A segment, new rows between two, or the tail: the last piece, always there.
 * Its rows are to be those of 'merge', or if there is no plan its old ones.
 */
struct bci_piece {
	struct bci_series_segment *segment; /* or NULL */
	uint64_t old_rows;
	uint64_t fresh_first, fresh_rows; /* new rows that fall into it */
	struct bci_merge merge;
	bool planned;
	uint64_t rows; /* of the result */
	enum bci_tile_state state;
};

struct bci_edit {
	struct bci_series *series;
	struct bci_glossary glossary;
	bool has_texts, has_glossary;
	/* New rows: columns in the order of the schema, the time first. */
	const void **fresh;
	uint32_t **codes; /* those of text, in common codes; owned */
	uint64_t fresh_rows;
	enum bc_merge policy;
	uint32_t volume; /* for BC_MERGE_VOLUME, without the time */
	bool open;       /* the last new row is a bar that had not ended */
	enum bc_placement placement; /* of segments that are written */
	struct bci_piece *pieces;
	size_t piece_count, piece_room;
	bool narrow; /* so far there is only the tail */
	/* Results. */
	struct bc_counts counts;
	uint64_t removed; /* rows that were dropped */
	bool changed;     /* the rows differ from those stored */
	bool replaced;    /* of final bars at least one has other values */
	bool ends_open;   /* the last row is a bar that had not ended */
};

/* Begin an edit of a series that was opened; bci_edit_close() ends it. */
void bci_edit_open(struct bci_edit *edit, struct bci_series *series);
void bci_edit_close(struct bci_edit *edit);

/*
 * Take the rows of an append.  Its columns must be those of the series, in any
 * order; else BC_INVALID.
 */
enum bc_status bci_edit_take(struct bci_edit *edit,
                             const struct bci_operation *operation,
                             struct bc_error *err);

/* Make the pieces: new rows go to the segments and the tail by their times. */
enum bc_status bci_edit_split(struct bci_edit *edit, struct bc_error *err);

/* Make them, and plan the merge of what was taken. */
enum bc_status bci_edit_merge(struct bci_edit *edit, struct bc_error *err);

/* Make them, and plan to drop [from_ns, to_ns); INT64_MAX: to the end. */
enum bc_status bci_edit_cut(struct bci_edit *edit, int64_t from_ns,
                            int64_t to_ns, struct bc_error *err);

/* Have a piece for each segment, though rows only came to the tail. */
enum bc_status bci_edit_widen(struct bci_edit *edit, struct bc_error *err);

/* The tail. */
static inline struct bci_piece *
bci_edit_tail(const struct bci_edit *edit)
{
	return &edit->pieces[edit->piece_count - 1];
}

/* The dictionaries, learned now if that was not needed before. */
enum bc_status bci_edit_glossary(struct bci_edit *edit, struct bc_error *err);

/* Old columns of a piece; NULL if it has none. */
const void *const *bci_piece_columns(const struct bci_edit *edit,
                                     const struct bci_piece *piece);

#endif /* BCI_EDIT_H */
