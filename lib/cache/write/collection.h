/* SPDX-License-Identifier: MIT */
/*
 * collection.h - where the rows of an edited series lie.
 */
#ifndef BCI_COLLECTION_H
#define BCI_COLLECTION_H

#include "edit.h"

/* Begin with 'edit' set and the rest zero. */
struct bci_collection {
	struct bci_edit *edit;
	struct bci_part *parts; /* of the collection: the rows asked for */
	size_t count, room;
	size_t piece;        /* the next rows lie in it, */
	uint64_t piece_from; /* whose first is this row of the result */
};

/*
 * Find rows [first, first + rows) of the result; cheap if they lie behind those
 * found before.  Segments that they lie in are mapped.  BC_OK, BC_CORRUPT,
 * BC_NOMEM, BC_IO.
 */
enum bc_status bci_collect(struct bci_collection *collection, uint64_t first,
                           uint64_t rows, struct bc_error *err);

/* Copy what was found: one array a column of the schema. */
void bci_collection_copy(const struct bci_collection *collection,
                         const void *const *columns);

void bci_collection_free(struct bci_collection *collection);

#endif /* BCI_COLLECTION_H */
