/* SPDX-License-Identifier: MIT */
/*
 * bench_track.c - what does it cost that hits are counted, stamped and timed?
 *
 * The same gets of the same frames by one process, in turn with tracking and
 * without; the difference of their medians is the cost of a hit.  Neither may
 * write to the catalogue.
 */
#include "data.h"

#include <stdlib.h>

#include "cache.h"
#include "db.h"

#define READS 2048 /* of a round: 32 of them are timed */

/* Read all of 'order', with or without a trace. */
static double
track_round(struct bc_cache *cache, const struct bench_data *data,
            const uint32_t *order, size_t reads)
{
	uint64_t sum = 0, begin = bench_now_ns();

	for (size_t i = 0; i < reads; i++)
		sum += bench_read_cache(cache, data->keys[order[i]], order[i]);
	bench_sink = sum;
	return (double)(bench_now_ns() - begin) / (double)reads;
}

static void
track_measure(const struct bench_options *options, struct bc_cache *cache,
              const struct bench_data *data)
{
	/* Short rounds, so that what else runs falls into few of them. */
	unsigned rounds = options->quick ? 2000 : 20000;
	double *tracked = bench_alloc(rounds, sizeof(*tracked));
	double *untracked = bench_alloc(rounds, sizeof(*untracked));
	uint32_t *order = bench_order_uniform(data->count, READS, 1);
	struct bci_env *env;
	uint64_t before;
	double with, without;

	if (bci_cache_env(cache, &env, NULL) != BC_OK)
		bench_die("the cache is not open");
	(void)track_round(cache, data, order, READS);
	before = bci_db_newest(env->db);
	for (unsigned round = 0; round < rounds; round++) {
		env->untracked = true;
		untracked[round] = track_round(cache, data, order, READS);
		env->untracked = false;
		tracked[round] = track_round(cache, data, order, READS);
	}
	if (bci_db_newest(env->db) != before)
		bench_die("gets have written to the catalogue");
	with = bench_median(tracked, rounds);
	without = bench_median(untracked, rounds);
	bench_report("track", "hit", "mean_ns", with, "ns", "untracked",
	             without);
	bench_report("track", "hit", "cost_ns", with - without, "ns", NULL, 0);
	free(order);
	free(untracked);
	free(tracked);
}

int
main(int argc, char **argv)
{
	struct bench_options options;
	struct bench_data data;
	struct bc_cache *cache;

	bench_options_parse(argc, argv, &options);
	bench_pin(0);
	bench_data_make(&data, options.dir, 100, 512, false);
	cache = bench_cache_open(data.cache, 0, BC_DURABILITY_DEFAULT);
	track_measure(&options, cache, &data);
	bc_close(cache);
	bench_data_free(&data);
	return 0;
}
