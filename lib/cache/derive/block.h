/* SPDX-License-Identifier: MIT */
/*
 * block.h - a computed frame in memory of its own, shown by a view like any
 * other.
 */
#ifndef BCI_BLOCK_H
#define BCI_BLOCK_H

#include "cache.h"

/*
 * Make room for a frame and show it: 'columns' behind a time column, 'rows'
 * elements each.  Those with data are copied, the others and the time are
 * zeroed.  Columns of text get the dictionary of the column of that name in
 * 'words', which has one.  The view is writable by whoever has made it
 * (bci_block_column()), until it is handed out.  Returns BC_OK, BC_NOMEM, or
 * BC_INVALID (names, types, number of columns).
 */
enum bc_status bci_block_make(struct bci_env *env,
                              const struct bc_column *columns, uint32_t count,
                              uint64_t rows, const struct bc_view *words,
                              struct bc_view *view, struct bc_error *err);

/* Leave the last column of such a view out. */
void bci_block_drop_last(struct bc_view *view);

/* Set rows [first, first + rows) of such a view as those it shows. */
void bci_block_show(struct bc_view *view, uint64_t first, uint64_t rows);

/* A column of such a view, to be written. */
static inline void *
bci_block_column(const struct bc_view *view, uint32_t index)
{
	return (void *)(uintptr_t)bc_view_column(view, index);
}

#endif /* BCI_BLOCK_H */
