/* SPDX-License-Identifier: MIT */
/*
 * victims.h - the lowest of an array of candidates, by their ranks; ties go by
 * the order of putting.
 */
#ifndef BCI_VICTIMS_H
#define BCI_VICTIMS_H

#include "policy.h"

/* Move the pinned ones to the end; returns how many are not. */
size_t bci_victims_spare(struct bci_candidate *candidates, size_t count);

/* Bring so many of the lowest to the front, in no order. */
void bci_victims_part(struct bci_candidate *candidates, size_t count,
                      size_t lower);

/* Sort, the lowest rank first. */
void bci_victims_sort(struct bci_candidate *candidates, size_t count);

/*
 * Bring the lowest to the front, in order: at least 'least' of them (or all),
 * and until their bytes are *need, which is reduced by them.  Returns how
 * many; the order of the rest is lost.
 */
size_t bci_victims_take(struct bci_candidate *candidates, size_t count,
                        size_t least, uint64_t *need);

#endif /* BCI_VICTIMS_H */
