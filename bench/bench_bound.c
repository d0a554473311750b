/* SPDX-License-Identifier: MIT */
/*
 * bench_bound.c - how long does a read through a bound handle take while
 * nothing changes?  Get, touch the first element, let go.
 */
#include "data.h"

#include <stdlib.h>

/* The handles, by the index of the frame. */
static uint64_t
bound_read(void *context, const char *key, uint32_t index)
{
	struct bc_bound **handles = context;
	struct bc_view view;
	uint64_t first;

	if (bc_bound_get(handles[index], &view) != BC_OK)
		bench_die("bc_bound_get %s: %s", key, bc_miss_name(view.miss));
	first = (uint64_t)bc_view_time(&view)[0];
	bc_view_release(&view);
	return first;
}

/* Read 'count' of the frames through as many handles. */
static void
bound_measure(const struct bench_options *options, const char *name,
              struct bc_cache *cache, const struct bench_data *data,
              uint32_t count)
{
	size_t reads = options->quick ? 1000000 : 4000000;
	struct bench_latency rounds[BENCH_ROUNDS_MAX];
	struct bc_bound **handles = bench_alloc(count, sizeof(*handles));
	uint32_t *order = bench_order_uniform(count, reads, 1);

	for (uint32_t i = 0; i < count; i++) {
		if (bc_bind(cache, data->keys[i], &handles[i]) != BC_OK)
			bench_die("bc_bind %s failed", data->keys[i]);
	}
	bench_warm(bound_read, handles, data, order, reads / 8);
	for (unsigned round = 0; round < options->rounds; round++)
		bench_time_reads(bound_read, handles, data, order, reads,
		                 &rounds[round]);
	bench_report_latency("bound", name, rounds, options->rounds, NULL,
	                     NULL);
	for (uint32_t i = 0; i < count; i++)
		bc_unbind(handles[i]);
	free(order);
	free(handles);
}

int
main(int argc, char **argv)
{
	struct bench_options options;
	struct bench_data data;
	struct bc_cache *cache;

	bench_options_parse(argc, argv, &options);
	bench_pin(0);
	bench_data_make(&data, options.dir, 10000, 512, false);
	cache = bench_cache_open(data.cache, 0, BC_DURABILITY_DEFAULT);
	bound_measure(&options, "frame", cache, &data, 1);
	bound_measure(&options, "frames-10000", cache, &data, data.count);
	bc_close(cache);
	bench_data_free(&data);
	return 0;
}
