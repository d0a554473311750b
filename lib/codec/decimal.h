/* SPDX-License-Identifier: MIT */
/*
 * decimal.h - which decimals a block of doubles is made of: an exponent e and
 * a tick g such that most values are m * g / 10^e, bit for bit.
 */
#ifndef BCI_DECIMAL_H
#define BCI_DECIMAL_H

#include "kernel.h"

struct bci_decimals {
	unsigned exponent;
	uint64_t tick; /* at least 1 */
	size_t bad;    /* values that are no such decimal */
	/* Of each column, in memory of the caller: the multiples of the tick
	   (0 where bad), and all ones where bad. */
	uint64_t (*ticks)[BCI_PACK_ROWS];
	uint64_t (*wrong)[BCI_PACK_ROWS];
};

/* The first row from 'row' on that is bad, or 'rows'. */
static inline size_t
bci_decimals_next_bad(const uint64_t *wrong, size_t row, size_t rows)
{
	/* Most are good; marks are too random for a processor to foresee. */
	while (row + 4 <= rows && (wrong[row] | wrong[row + 1] |
	                           wrong[row + 2] | wrong[row + 3]) == 0)
		row += 4;
	while (row < rows && wrong[row] == 0)
		row++;
	return row;
}

/*
 * Find the scale of the 'rows' values of 'count' columns that makes the block
 * small: exceptions are dear, and so is every bit of each value.  The result
 * depends on the values alone.  False if not even a sample has decimals.
 */
bool bci_decimals_find(const struct bci_kernel *kernel,
                       const double *const *columns, unsigned count,
                       size_t rows, struct bci_decimals *out);

/*
 * Give each of 'rows' floats the double of the fewest decimals that rounds to
 * it, or itself where none does.
 */
void bci_decimals_of_floats(const void *floats, size_t rows, double *out);

#endif /* BCI_DECIMAL_H */
