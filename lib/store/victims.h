/* SPDX-License-Identifier: MIT */
/*
 * victims.h - the lowest of an array of candidates, by their ranks; ties go by
 * the order of putting.
 */
#ifndef BCI_VICTIMS_H
#define BCI_VICTIMS_H

#include "policy.h"

/* Parts that wait: one for each halving, and more than enough. */
#define BCI_VICTIMS_PARTS 128u

/* An array that is sorted from its front on, as far as somebody needs it. */
struct bci_victims {
	struct bci_candidate *candidates;
	size_t count;
	size_t sorted;                  /* so many, the lowest of all */
	size_t ends[BCI_VICTIMS_PARTS]; /* of parts behind, the next one last */
	unsigned parts;
	uint64_t random;
};

void bci_victims_begin(struct bci_victims *victims,
                       struct bci_candidate *candidates, size_t count);

/*
 * See that the first 'most' are sorted; they are so many at least.  Those that
 * were before stay where they are, even if their ranks are others now.
 */
void bci_victims_sort_to(struct bci_victims *victims, size_t most);

static inline void
bci_candidates_swap(struct bci_candidate *a, struct bci_candidate *b)
{
	struct bci_candidate other = *a;

	*a = *b;
	*b = other;
}

/* Move the pinned ones to the end; returns how many are not. */
size_t bci_victims_spare(struct bci_candidate *candidates, size_t count);

/* Bring so many of the lowest to the front, in no order. */
void bci_victims_part(struct bci_candidate *candidates, size_t count,
                      size_t lower);

/*
 * Bring the lowest to the front, in order: at least 'least' of them (or all),
 * and until their bytes are *need, which is reduced by them.  Returns how
 * many; the order of the rest is lost.
 */
size_t bci_victims_take(struct bci_candidate *candidates, size_t count,
                        size_t least, uint64_t *need);

#endif /* BCI_VICTIMS_H */
