/* SPDX-License-Identifier: MIT */
/*
 * histogram.h - how long operations took, in a fixed number of buckets that
 * several threads add to at once.
 *
 * Logarithmic with two sub-bits: a bucket is a quarter of a power of two wide,
 * so a percentile is off by an eighth at most.  1,312 bytes hold all times from
 * a nanosecond to half an hour; what is longer counts in the last bucket.
 */
#ifndef BCI_HISTOGRAM_H
#define BCI_HISTOGRAM_H

#include <stdatomic.h>

#include "common.h"

#define BCI_BUCKETS 160u

struct bci_histogram {
	atomic_ullong count;
	atomic_ullong sum_ns;
	atomic_ullong min_ns; /* plus 1, so that zeros are an empty histogram */
	atomic_ullong max_ns;
	atomic_ullong buckets[BCI_BUCKETS];
};
_Static_assert(sizeof(struct bci_histogram) == 32 + 8 * BCI_BUCKETS,
               "histogram");

/* The bucket of a time, and the shortest time of a bucket. */
unsigned bci_bucket_of(uint64_t ns);
uint64_t bci_bucket_begin(unsigned bucket);

/* Add one time; any number of threads and processes at once. */
void bci_histogram_add(struct bci_histogram *histogram, uint64_t ns);

/* Add what 'from' holds to 'to', which nobody else adds to meanwhile. */
void bci_histogram_merge(struct bci_histogram *to,
                         const struct bci_histogram *from);

void bci_histogram_clear(struct bci_histogram *histogram);

/*
 * The time that 'share' (0 to 1) of all took at most, interpolated in its
 * bucket; 0 of an empty histogram.  What damage may have made of one does no
 * harm: the result is some number.
 */
uint64_t bci_histogram_percentile(const struct bci_histogram *histogram,
                                  double share);

/* Count, sum, extremes and percentiles; zeros of an empty one. */
void bci_histogram_show(const struct bci_histogram *histogram,
                        struct bc_latency *out);

/* a + b, or the largest number. */
static inline uint64_t
bci_add_saturating(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

#endif /* BCI_HISTOGRAM_H */
