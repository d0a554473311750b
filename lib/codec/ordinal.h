/* SPDX-License-Identifier: MIT */
/*
 * ordinal.h - values as integers and back, where that takes no arithmetic:
 * integers as they are, floats by the order-preserving images of their bits
 * (kernel.h has those of doubles).  Values move as bytes, so that no NaN is
 * ever touched.
 */
#ifndef BCI_ORDINAL_H
#define BCI_ORDINAL_H

#include "packed.h"

/* Integers of a type other than f64 and f32, sign-extended. */
void bci_ordinal_of_ints(const void *values, enum bc_type type, size_t count,
                         uint64_t *out);
void bci_ordinal_to_ints(const uint64_t *images, enum bc_type type,
                         size_t count, void *out);

/*
 * Bits of floats, sign-extended from 32 bits.  A double that is no float gets
 * image 0 and wrong[i] all ones; returns how many.
 */
void bci_ordinal_of_floats(const void *values, size_t count, uint64_t *out);
size_t bci_ordinal_of_narrowed(const void *values, size_t count, uint64_t *out,
                               uint64_t *wrong);
void bci_ordinal_to_floats(const uint64_t *images, size_t count, void *out);
void bci_ordinal_to_widened(const uint64_t *images, size_t count, void *out);

#endif /* BCI_ORDINAL_H */
