/* SPDX-License-Identifier: MIT */
/*
 * bench_evict.c - does it take longer to make room the more entries there are?
 * Caches of 10,000 to 200,000 frames of 4 KiB are full; each put then evicts
 * about one of them, by each policy.  And what else could grow with the number
 * of entries: a step of a compaction that evicts, statistics, health, what
 * packing gives; and alone, without a cache, the choice of a tenth of so many.
 *
 * Nothing is synced, so that only the work itself is timed; beside the time of
 * a put is its processor's time, which other work of the machine changes less.
 */
#include "data.h"
#include "policy.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define EVICT_ROWS 75 /* with its header a frame takes 4 KiB */
#define EVICT_FRAME_BYTES ((uint64_t)4096)
#define EVICT_BATCH 500

static const enum bc_policy policies[] = {
	BC_POLICY_ADAPTIVE, BC_POLICY_LRU,  BC_POLICY_SIZE,   BC_POLICY_HYBRID,
	BC_POLICY_SCORE,    BC_POLICY_GDSF, BC_POLICY_S3FIFO,
};
#define POLICIES (sizeof(policies) / sizeof(policies[0]))

struct evict {
	const struct bench_options *options;
	struct bench_bars bars;
	struct bc_cache *cache;
	char path[BENCH_PATH_MAX];
	uint32_t frames; /* that the budget holds */
	uint32_t next;   /* index of the next key */
	uint64_t random;
};

static uint64_t
evict_cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void
evict_check(enum bc_status status, const char *what, const struct bc_error *err)
{
	if (status != BC_OK)
		bench_die("%s: %s", what, err->message);
}

/* ------------------------------------------------------------------------ */
/*  A full cache                                                            */
/* ------------------------------------------------------------------------ */

static void
evict_open(struct evict *evict, enum bc_policy policy)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_config config;
	struct bc_error err;

	bench_path(evict->path, evict->options->dir, "evict");
	bench_remove_tree(evict->path);
	options.flags = BC_OPEN_CREATE;
	options.policy = policy;
	options.durability = BC_SCRATCH;
	options.warm_bytes = evict->frames * EVICT_FRAME_BYTES;
	evict_check(bc_open(evict->path, &options, &evict->cache, &err),
	            "bc_open", &err);
	evict_check(bc_config_get(evict->cache, &config, &err), "bc_config_get",
	            &err);
	config.cold_bytes = 0;
	evict_check(bc_config_set(evict->cache, &config, &err), "bc_config_set",
	            &err);
}

/* Keys are not in the order of putting: so that of old ones lie anywhere. */
static void
evict_key(char key[BENCH_KEY_BYTES], uint32_t index)
{
	bench_key(key, index * 2654435761u % 100000000u);
}

static void
evict_batch(struct evict *evict, uint32_t count)
{
	struct bc_batch *batch;
	char key[BENCH_KEY_BYTES];
	struct bc_error err;

	evict_check(bc_batch_begin(evict->cache, &batch, &err),
	            "bc_batch_begin", &err);
	for (uint32_t i = 0; i < count; i++) {
		evict_key(key, evict->next++);
		evict_check(bc_batch_put(batch, key, &evict->bars.frame, NULL,
		                         NULL, &err),
		            "bc_batch_put", &err);
	}
	evict_check(bc_batch_commit(&batch, &err), "bc_batch_commit", &err);
}

/* A few frames are read several times, most never. */
static void
evict_read(struct evict *evict, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		uint64_t number = bench_random(&evict->random) % evict->frames;
		char key[BENCH_KEY_BYTES];
		struct bc_view view;

		evict_key(key, (uint32_t)(number * number / evict->frames));
		if (bc_get(evict->cache, key, &view) == BC_OK)
			bc_view_release(&view);
	}
}

static void
evict_fill(struct evict *evict)
{
	evict->next = 0;
	evict->random = 7;
	while (evict->next < evict->frames / 4 * 5)
		evict_batch(evict, EVICT_BATCH);
	evict_read(evict, evict->frames / 2);
}

/* ------------------------------------------------------------------------ */
/*  What is timed                                                           */
/* ------------------------------------------------------------------------ */

static void
evict_puts(struct evict *evict, const char *name, uint32_t puts)
{
	struct bench_samples wall, cpu;
	struct bench_latency latency;
	struct bc_counters before, after;
	struct bc_stats stats;
	char key[BENCH_KEY_BYTES];
	struct bc_error err;

	bench_samples_init(&wall, puts);
	bench_samples_init(&cpu, puts);
	evict_check(bc_stats(evict->cache, &stats, &err), "bc_stats", &err);
	before = stats.total;
	for (uint32_t i = 0; i < puts; i++) {
		uint64_t begin, cpu_begin;

		evict_key(key, evict->next++);
		begin = bench_now_ns();
		cpu_begin = evict_cpu_ns();
		evict_check(bc_put(evict->cache, key, &evict->bars.frame, NULL,
		                   NULL, &err),
		            "bc_put", &err);
		bench_samples_add(&cpu, evict_cpu_ns() - cpu_begin);
		bench_samples_add(&wall, bench_now_ns() - begin);
	}
	evict_check(bc_stats(evict->cache, &stats, &err), "bc_stats", &err);
	after = stats.total;
	bench_latency_of_ns(&wall, &latency);
	bench_report("evict", name, "p50_ns", latency.p50_ns, "ns", NULL, 0);
	bench_report("evict", name, "p99_ns", latency.p99_ns, "ns", NULL, 0);
	bench_report("evict", name, "max_ns",
	             (double)bench_percentile(&wall, 1), "ns", NULL, 0);
	bench_report("evict", name, "cpu_p50_ns",
	             (double)bench_percentile(&cpu, 0.5), "ns", NULL, 0);
	bench_report("evict", name, "cpu_p99_ns",
	             (double)bench_percentile(&cpu, 0.99), "ns", NULL, 0);
	bench_report("evict", name, "cpu_max_ns",
	             (double)bench_percentile(&cpu, 1), "ns", NULL, 0);
	bench_report("evict", name, "evicted",
	             (double)(after.evictions - before.evictions) / puts,
	             "a put", NULL, 0);
	bench_samples_free(&wall);
	bench_samples_free(&cpu);
}

struct evict_steps {
	uint64_t begun_ns, cpu_ns, longest_ns, longest_cpu_ns;
};

static int
evict_step(void *context, const struct bc_compact_progress *progress)
{
	struct evict_steps *steps = context;
	uint64_t now_ns = bench_now_ns(), cpu_ns = evict_cpu_ns();

	if (strcmp(progress->step, "evict") == 0 && steps->begun_ns != 0) {
		if (now_ns - steps->begun_ns > steps->longest_ns)
			steps->longest_ns = now_ns - steps->begun_ns;
		if (cpu_ns - steps->cpu_ns > steps->longest_cpu_ns)
			steps->longest_cpu_ns = cpu_ns - steps->cpu_ns;
	}
	steps->begun_ns = now_ns;
	steps->cpu_ns = cpu_ns;
	return strcmp(progress->step, "clean") == 0;
}

/* A compaction that evicts a tenth, up to where it would clean. */
static void
evict_compact(struct evict *evict, const char *name)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	struct evict_steps steps = { .begun_ns = 0 };
	struct bc_compact_report report;
	struct bc_latency latency;
	struct bc_stats stats;
	struct bc_error err;

	evict_check(bc_stats(evict->cache, &stats, &err), "bc_stats", &err);
	options.flags = BC_COMPACT_TARGET;
	options.target_bytes = stats.live_bytes / 10 * 9;
	options.progress = evict_step;
	options.context = &steps;
	evict_check(bc_compact(evict->cache, &options, &report, &err),
	            "bc_compact", &err);
	evict_check(bc_latency(evict->cache, BC_OP_COMPACT, 0, &latency, &err),
	            "bc_latency", &err);
	bench_report("evict", name, "compact_lock_max_ns",
	             (double)latency.max_ns, "ns", NULL, 0);
	bench_report("evict", name, "compact_step_max_ns",
	             (double)steps.longest_ns, "ns", NULL, 0);
	bench_report("evict", name, "compact_step_cpu_max_ns",
	             (double)steps.longest_cpu_ns, "ns", NULL, 0);
	bench_report("evict", name, "compact_evicted", (double)report.evicted,
	             "entries", NULL, 0);
}

/* What an administrator asks again and again. */
static void
evict_ask(struct evict *evict, const char *name)
{
	struct bc_compression compression;
	struct bc_stats stats;
	struct bc_error err;
	uint64_t least[2] = { UINT64_MAX, UINT64_MAX };

	for (unsigned i = 0; i < 5; i++) {
		uint64_t begin = bench_now_ns(), end;

		evict_check(bc_stats(evict->cache, &stats, &err), "bc_stats",
		            &err);
		end = bench_now_ns();
		least[0] = end - begin < least[0] ? end - begin : least[0];
		evict_check(
			bc_compression(evict->cache, NULL, &compression, &err),
			"bc_compression", &err);
		begin = bench_now_ns();
		least[1] = begin - end < least[1] ? begin - end : least[1];
	}
	bench_report("evict", name, "stats_ns", (double)least[0], "ns", NULL,
	             0);
	bench_report("evict", name, "compression_ns", (double)least[1], "ns",
	             NULL, 0);
}

/* ------------------------------------------------------------------------ */
/*  The choice alone                                                        */
/* ------------------------------------------------------------------------ */

#define CHOOSE_NOW_S INT64_C(1000000)

/* Of all sizes and ages, half of it read since it was put. */
static void
evict_candidates(struct bci_candidate *out, uint32_t count)
{
	uint64_t random = 7;

	for (uint32_t i = 0; i < count; i++) {
		uint64_t ago_s = bench_random(&random) % 100000;

		out[i] = (struct bci_candidate){
			.key = i,
			.order = bench_random(&random),
			.bytes = 4096 + bench_random(&random) % 65536,
			.cost_ns = bench_random(&random) % 1000000000,
			.accessed_ns =
				(CHOOSE_NOW_S - (int64_t)ago_s) * 1000000000,
			.count = 1 + (uint32_t)(bench_random(&random) % 2),
			.queue = (uint8_t)(bench_random(&random) % 2),
		};
	}
}

static void
evict_choose(struct evict *evict, enum bc_policy policy, const char *name)
{
	uint32_t count = evict->frames;
	struct bci_candidate *candidates =
		bench_alloc(count, sizeof(*candidates));
	struct bci_choice choice = {
		.candidates = candidates,
		.count = count,
		.now_ns = CHOOSE_NOW_S * 1000000000,
	};
	uint64_t least = UINT64_MAX;

	for (unsigned i = 0; i < 5; i++) {
		uint64_t begin;

		evict_candidates(candidates, count);
		choice.used_bytes = 0;
		for (uint32_t j = 0; j < count; j++)
			choice.used_bytes += candidates[j].bytes;
		choice.target_bytes = choice.used_bytes / 10 * 9;
		begin = evict_cpu_ns();
		if (bci_policy_choose(policy, &choice) == 0)
			bench_die("%s chooses nothing", name);
		begin = evict_cpu_ns() - begin;
		least = begin < least ? begin : least;
	}
	bench_report("evict", name, "choose_cpu_ns", (double)least, "ns", NULL,
	             0);
	free(candidates);
}

/* ------------------------------------------------------------------------ */
/*  The whole                                                               */
/* ------------------------------------------------------------------------ */

typedef void evict_case(struct evict *evict, enum bc_policy policy,
                        const char *name);

/* By each policy, or by the one that BENCH_EVICT_POLICY names. */
static void
evict_each(struct evict *evict, evict_case *run, uint32_t frames)
{
	const char *only = getenv("BENCH_EVICT_POLICY");

	evict->frames = frames;
	for (size_t i = 0; i < POLICIES; i++) {
		const char *policy = bc_policy_name(policies[i]);
		char name[64];

		if (only != NULL && strcmp(only, policy) != 0)
			continue;
		snprintf(name, sizeof(name), "%s-%u", policy, frames);
		run(evict, policies[i], name);
	}
}

static void
evict_run(struct evict *evict, enum bc_policy policy, const char *name)
{
	evict_open(evict, policy);
	evict_fill(evict);
	evict_puts(evict, name,
	           evict->options->quick ? 500 : 3000 + evict->frames / 8);
	evict_ask(evict, name);
	evict_compact(evict, name);
	bc_close(evict->cache);
	bench_remove_tree(evict->path);
}

int
main(int argc, char **argv)
{
	static const uint32_t sizes[] = { 10000, 50000, 200000 };
	struct bench_options options;
	struct evict evict = { .options = &options };
	size_t count = sizeof(sizes) / sizeof(sizes[0]);
	const char *other = getenv("BENCH_EVICT_FRAMES");

	bench_options_parse(argc, argv, &options);
	evict_each(&evict, evict_choose, 200000);
	evict_each(&evict, evict_choose, 1000000);
	bench_bars_init(&evict.bars, EVICT_ROWS);
	bench_bars_fill(&evict.bars, 1);
	if (other != NULL)
		evict_each(&evict, evict_run, (uint32_t)atoi(other));
	else
		for (size_t i = 0; i < count - (options.quick ? 1 : 0); i++)
			evict_each(&evict, evict_run, sizes[i]);
	bench_bars_free(&evict.bars);
	return 0;
}
