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
	/* Of each column: the multiples of the tick (0 where bad), and all
	   ones where bad. */
	int64_t ticks[BCI_GROUP_COLUMNS][BCI_PACK_ROWS];
	uint64_t wrong[BCI_GROUP_COLUMNS][BCI_PACK_ROWS];
};

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
