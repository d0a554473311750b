/* SPDX-License-Identifier: MIT */
/*
 * glossary.h - the dictionaries that all segments of a series have in common.
 *
 * A code means the same in every segment: a dictionary only grows, and each
 * segment has it as it was when the segment was written.
 */
#ifndef BCI_GLOSSARY_H
#define BCI_GLOSSARY_H

#include "operation.h"
#include "series.h"

struct bci_glossary_column {
	const char **strings;
	uint32_t count, room;
	uint32_t newest; /* how many the newest segment has */
};

/* One a column of the schema but the time; empty but for those of text. */
struct bci_glossary {
	const struct bc_allocator *allocator;
	struct bci_glossary_column *columns;
	struct bc_column *stored; /* as a value takes them, for a segment */
	uint32_t column_count;
	char *text; /* the strings that were stored */
};

/*
 * Learn the dictionaries of a series whose segments were loaded, if it has
 * columns of text.  In any case bci_glossary_close() ends it.
 */
enum bc_status bci_glossary_open(struct bci_glossary *glossary,
                                 struct bci_series *series,
                                 struct bc_error *err);
void bci_glossary_close(struct bci_glossary *glossary);

/*
 * Add the strings of a new column of text to those of column 'index' (without
 * the time) and write the common codes of 'rows' rows to 'codes'.  The strings
 * are borrowed.
 */
enum bc_status bci_glossary_add(struct bci_glossary *glossary, uint32_t index,
                                const struct bc_column *column, uint64_t rows,
                                uint32_t *codes, struct bc_error *err);

/* The columns of a segment that is written now. */
const struct bc_column *bci_glossary_columns(struct bci_glossary *glossary);

#endif /* BCI_GLOSSARY_H */
