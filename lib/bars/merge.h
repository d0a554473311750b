/* SPDX-License-Identifier: MIT */
/*
 * merge.h - new rows over stored rows by time: which row comes from where, and
 * what became of each.
 */
#ifndef BCI_MERGE_H
#define BCI_MERGE_H

#include "common.h"

/*
 * The same column on both sides.  Text is compared as codes of the stored
 * dictionary: recode[code] is that of the string that 'code' stands for on the
 * new side, or a number that no stored row has if the string is not there.
 * bci_recode() makes it.
 */
struct bci_merge_column {
	enum bc_type type;
	const void *old_data, *new_data;
	const uint32_t *recode; /* of BC_TEXT; else NULL */
};

/*
 * Times are strictly ascending on both sides (those of the new side are
 * checked).  The rows from 'closed' on are provisional: bars that had not
 * ended when they were fetched.  All memory is borrowed.
 */
struct bci_merge_input {
	const int64_t *old_ns, *new_ns;
	uint64_t old_rows, new_rows;
	uint64_t old_closed, new_closed;
	const struct bci_merge_column *columns; /* without the time */
	uint32_t column_count;
	uint32_t volume; /* index of the volume, for BC_MERGE_VOLUME */
	enum bc_merge policy;
};

enum bci_merge_source { BCI_MERGE_OLD, BCI_MERGE_NEW };

/* Rows [first, first + count) of one side. */
struct bci_merge_run {
	enum bci_merge_source source;
	uint64_t first, count;
};

/*
 * The plan: the rows of the result are those of the runs, one after the other.
 * Two neighbouring runs could not be one.  A row that is the same on both
 * sides comes from the old one; so where nothing changes the plan is one run,
 * and what lies outside the runs that matter need not be touched.
 */
struct bci_merge {
	struct bci_merge_run *runs; /* of the plan */
	size_t run_count, capacity;
	uint64_t rows;
	uint64_t closed;    /* rows of the result from here on are open */
	uint64_t overtaken; /* stored rows that the result leaves out */
	bool changed;       /* false: the result is what is stored */
	struct bc_counts counts; /* of new rows; 'suspect' stays 0 */
	const struct bc_allocator *allocator;
};

/*
 * Plan the merge of new rows into old ones.
 *
 * Rows of one time: bits decide (text by its string).  The same is
 * 'identical'.  Of two closed bars that differ the policy chooses: 'updated'
 * if the new one is taken, else 'conflicting'.  A closed bar is never replaced
 * by a provisional one ('conflicting'), and a provisional one always by what
 * comes next ('updated'), whatever the policy.  A bar that only closes without
 * a change in value is 'updated' too, but comes from the old side.
 *
 * Other new rows are 'inserted'.  Only rows behind the last closed bar of the
 * result can be provisional: a new one before it is 'rejected', a stored one
 * that was never closed is 'overtaken'; neither may freeze into a bar.
 *
 * O(new rows + log old rows) for rows behind or between the stored ones, and a
 * comparison of all columns where times are the same.
 *
 * Returns BC_OK; BC_ORDER with the new row whose time is not after the one
 * before it; BC_EXISTS with the new row that the policy refuses; BC_INVALID if
 * the volume is no number; BC_NOMEM.  The plan is empty on failure; in any
 * case bci_merge_free() frees it.
 */
BC_CHECKED enum bc_status bci_merge_plan(const struct bci_merge_input *input,
                                         const struct bc_allocator *allocator,
                                         struct bci_merge *out,
                                         struct bc_error *err);

void bci_merge_free(struct bci_merge *merge);

/*
 * Write one column of the result, or with sizeof(int64_t) its times: 'rows'
 * elements of 'bytes' each from either side, to 'out'.  Text is written as it
 * is on its side.
 */
void bci_merge_gather(const struct bci_merge *merge, const void *old_data,
                      const void *new_data, size_t bytes, void *out);

#endif /* BCI_MERGE_H */
