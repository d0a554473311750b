/* SPDX-License-Identifier: MIT */
/*
 * schema.h - names and types of columns, their stored form, and where each
 * column lies in a block of column data.
 *
 * Columns lie one after the other, each from a multiple of the alignment: a
 * page (4,096 bytes) from BCI_PAGED_ROWS rows on, so that they can be mapped
 * side by side, else a cache line.  The place of column i follows from the
 * rows and from how many wide, medium and narrow columns come before it; no
 * stored offset has to be trusted.
 */
#ifndef BCI_SCHEMA_H
#define BCI_SCHEMA_H

#include "check.h"

#define BCI_PAGED_ROWS 4096
#define BCI_PAGE 4096
#define BCI_LINE 64

static inline uint64_t
bci_layout_alignment(uint64_t rows)
{
	return rows >= BCI_PAGED_ROWS ? BCI_PAGE : BCI_LINE;
}

/* Offset of a column with so many columns of 8, 4 and 1 bytes before it. */
static inline uint64_t
bci_layout_offset(uint32_t wide, uint32_t medium, uint32_t narrow,
                  uint64_t rows)
{
	uint64_t unit = bci_layout_alignment(rows);

	return wide * bci_round_up(8 * rows, unit) +
	       medium * bci_round_up(4 * rows, unit) +
	       narrow * bci_round_up(rows, unit);
}

/*
 * Bytes of all stored columns, the last one rounded up too; those of a part of
 * a schema are those of the whole.
 */
uint64_t bci_layout_bytes(const struct bc_schema *schema, uint64_t rows);

/*
 * The stored form of a schema: column count u16, has_time u8, 0; then for each
 * column type u8, length u8, name.  At most BCI_SCHEMA_BYTES.
 */
#define BCI_SCHEMA_BYTES (4 + BC_COLUMNS_MAX * (2 + BC_COLUMN_NAME_MAX))

/*
 * Check the columns of a frame and write the stored form of its schema to
 * 'stored' (BCI_SCHEMA_BYTES of room), its length to *bytes.  Returns BC_OK or
 * BC_INVALID: too many columns, a bad or doubled name, a bad type.
 */
enum bc_status bci_schema_encode(const struct bc_frame *frame,
                                 unsigned char *stored, size_t *bytes,
                                 struct bc_error *err);

/*
 * Build a schema from its stored form, in one piece of memory that the caller
 * frees.  Returns NULL if the form is damaged (*damaged is set) or there is no
 * memory.
 */
struct bc_schema *bci_schema_decode(const struct bc_allocator *allocator,
                                    const unsigned char *stored, size_t bytes,
                                    bool *damaged);

/*
 * The schema of a part of the columns, for views that show no more: the time,
 * if there is one, and those that 'names' (ended by NULL) names, in stored
 * order.  Each keeps its place in the layout of the whole.  One piece of memory
 * that the caller frees; names are those of 'whole', which must outlive it.
 * Returns BC_OK, BC_NOMEM, or BC_INVALID with the name that is not there.
 */
enum bc_status bci_schema_part(const struct bc_allocator *allocator,
                               const struct bc_schema *whole,
                               const char *const *names,
                               struct bc_schema **out, struct bc_error *err);

/* Whether 'part' is what bci_schema_part() makes of these names. */
bool bci_schema_is_part(const struct bc_schema *part,
                        const struct bc_schema *whole,
                        const char *const *names);

#endif /* BCI_SCHEMA_H */
