/* SPDX-License-Identifier: MIT */
/*
 * histogram.c - adding to a histogram of times, and what it says.
 */
#include "common.h"

#include "check.h"
#include "histogram.h"

/* Sub-buckets of a power of two, and their bits. */
#define SUB_BITS 2
#define SUBS (1u << SUB_BITS)

unsigned
bci_bucket_of(uint64_t ns)
{
	unsigned power, bucket;

	if (ns < SUBS)
		return (unsigned)ns;
	power = 63u - (unsigned)__builtin_clzll(ns);
	bucket = (power - SUB_BITS + 1) * SUBS +
	         (unsigned)(ns >> (power - SUB_BITS) & (SUBS - 1));
	return bucket < BCI_BUCKETS ? bucket : BCI_BUCKETS - 1;
}

uint64_t
bci_bucket_begin(unsigned bucket)
{
	unsigned power;

	if (bucket < SUBS)
		return bucket;
	power = bucket / SUBS + SUB_BITS - 1;
	return (uint64_t)(SUBS + bucket % SUBS) << (power - SUB_BITS);
}

static uint64_t
histogram_load(const atomic_ullong *at)
{
	return atomic_load_explicit(at, memory_order_relaxed);
}

/* Add without going round: a counter that is full stays so. */
static void
histogram_grow(atomic_ullong *at, uint64_t amount)
{
	uint64_t before =
		atomic_fetch_add_explicit(at, amount, memory_order_relaxed);

	if (before + amount < before)
		atomic_store_explicit(at, UINT64_MAX, memory_order_relaxed);
}

void
bci_histogram_add(struct bci_histogram *histogram, uint64_t ns)
{
	unsigned long long known = histogram_load(&histogram->min_ns);

	histogram_grow(&histogram->count, 1);
	histogram_grow(&histogram->sum_ns, ns);
	histogram_grow(&histogram->buckets[bci_bucket_of(ns)], 1);
	while ((known == 0 || ns + 1 < known) &&
	       !atomic_compare_exchange_weak(&histogram->min_ns, &known,
	                                     ns + 1))
		continue;
	known = histogram_load(&histogram->max_ns);
	while (ns > known &&
	       !atomic_compare_exchange_weak(&histogram->max_ns, &known, ns))
		continue;
}

static void
histogram_sum(atomic_ullong *to, const atomic_ullong *from)
{
	atomic_store_explicit(
		to,
		bci_add_saturating(histogram_load(to), histogram_load(from)),
		memory_order_relaxed);
}

void
bci_histogram_merge(struct bci_histogram *to, const struct bci_histogram *from)
{
	uint64_t min = histogram_load(&from->min_ns);
	uint64_t max = histogram_load(&from->max_ns);
	uint64_t own = histogram_load(&to->min_ns);

	histogram_sum(&to->count, &from->count);
	histogram_sum(&to->sum_ns, &from->sum_ns);
	for (unsigned i = 0; i < BCI_BUCKETS; i++)
		histogram_sum(&to->buckets[i], &from->buckets[i]);
	if (min != 0 && (own == 0 || min < own))
		atomic_store(&to->min_ns, min);
	if (max > histogram_load(&to->max_ns))
		atomic_store(&to->max_ns, max);
}

void
bci_histogram_clear(struct bci_histogram *histogram)
{
	atomic_store(&histogram->count, 0);
	atomic_store(&histogram->sum_ns, 0);
	atomic_store(&histogram->min_ns, 0);
	atomic_store(&histogram->max_ns, 0);
	for (unsigned i = 0; i < BCI_BUCKETS; i++)
		atomic_store_explicit(&histogram->buckets[i], 0,
		                      memory_order_relaxed);
}

/* The shortest and the longest time, as far as they make sense. */
static void
histogram_extremes(const struct bci_histogram *histogram, uint64_t *min,
                   uint64_t *max)
{
	*min = histogram_load(&histogram->min_ns);
	*max = histogram_load(&histogram->max_ns);
	*min -= *min != 0;
	*max = bci_max(*min, *max);
}

uint64_t
bci_histogram_percentile(const struct bci_histogram *histogram, double share)
{
	uint64_t min, max, counts[BCI_BUCKETS];
	double all = 0, rank, before = 0;

	for (unsigned i = 0; i < BCI_BUCKETS; i++) {
		counts[i] = histogram_load(&histogram->buckets[i]);
		all += (double)counts[i];
	}
	histogram_extremes(histogram, &min, &max);
	rank = share * all;
	for (unsigned i = 0; i + 1 < BCI_BUCKETS; i++) {
		uint64_t begin = bci_bucket_begin(i);
		double in = (double)counts[i];

		if (in != 0 && before + in >= rank) {
			double wide = (double)(bci_bucket_begin(i + 1) - begin);
			uint64_t ns =
				begin + (uint64_t)(wide * (rank - before) / in);

			return bci_min(bci_max(ns, min), max);
		}
		before += in;
	}
	return all == 0 ? 0 : max;
}

void
bci_histogram_show(const struct bci_histogram *histogram,
                   struct bc_latency *out)
{
	*out = (struct bc_latency){
		.count = histogram_load(&histogram->count),
		.sum_ns = histogram_load(&histogram->sum_ns),
		.p50_ns = bci_histogram_percentile(histogram, 0.5),
		.p99_ns = bci_histogram_percentile(histogram, 0.99),
		.p999_ns = bci_histogram_percentile(histogram, 0.999),
	};
	histogram_extremes(histogram, &out->min_ns, &out->max_ns);
}
