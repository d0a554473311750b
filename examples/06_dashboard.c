/* SPDX-License-Identifier: MIT */
/*
 * 06_dashboard.c - what a cache says of itself: hits and misses, tiers, days,
 * times, what is read most, who has it open, and what should be done.
 *
 * usage: 06_dashboard CACHE [--fill]
 *
 * Give it the path of any cache.  With --fill it makes one first, and some
 * traffic in it, so that there is something to see.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <barcache.h>

#define TOP 5
#define DAYS 7

/* ---- traffic ----------------------------------------------------------- */

/* Eight frames; each is read more often than the one before it. */
static enum bc_status
fill(struct bc_cache *cache, struct bc_error *err)
{
	static int64_t time_ns[5000];
	static double close[5000];
	const struct bc_column column = { .name = "close", .type = BC_F64,
		                          .data = close };
	const struct bc_frame frame = { 5000, time_ns, &column, 1 };
	enum bc_status status = BC_OK;
	struct bc_view view;
	char key[32];

	for (int i = 0; i < 5000; i++) {
		time_ns[i] = i * INT64_C(60000000000);
		close[i] = 100 + i % 17;
	}
	for (int i = 0; i < 8 && status == BC_OK; i++) {
		snprintf(key, sizeof(key), "bars/%d", i);
		status = bc_put(cache, key, &frame, NULL, NULL, err);
		for (int k = 0; k < 100 * i && status == BC_OK; k++) {
			status = bc_get(cache, key, &view);
			bc_view_release(&view);
		}
	}
	/* Somebody asks for what is not there. */
	for (int k = 0; k < 200; k++)
		if (bc_get(cache, "bars/9", &view) == BC_OK)
			bc_view_release(&view);
	return status;
}

/* ---- parts of the screen ----------------------------------------------- */

static void
show_counters(const struct bc_stats *stats)
{
	static const char *const tiers[BC_TIERS] = { "", "hot", "warm",
		                                     "cold" };
	const struct bc_counters *total = &stats->total;
	uint64_t hits = 0, misses = 0;

	for (int i = 0; i < BC_TIERS; i++)
		hits += total->hits[i];
	for (int i = 0; i < BC_MISS_REASONS; i++)
		misses += total->misses[i];
	printf("requests %" PRIu64 ", of them hits %.1f %%\n", hits + misses,
	       hits + misses == 0
	               ? 0.0
	               : 100.0 * (double)hits / (double)(hits + misses));
	for (int i = 1; i < BC_TIERS; i++)
		printf("  %-14s %8" PRIu64 "\n", tiers[i], total->hits[i]);
	for (int i = 1; i < BC_MISS_REASONS; i++)
		if (total->misses[i] != 0)
			printf("  %-14s %8" PRIu64 "\n",
			       bc_miss_name((enum bc_miss)i), total->misses[i]);
	printf("puts %" PRIu64 ", evictions %" PRIu64 ", expired %" PRIu64
	       "\n",
	       total->puts, total->evictions, total->expirations);
	printf("entries %" PRIu64 ", %" PRIu64 " KiB of %" PRIu64
	       " MiB warm, packed to 1/%.1f\n",
	       stats->entries, stats->live_bytes >> 10,
	       stats->warm_budget_bytes >> 20, stats->compression_ratio);
}

/* A bar for each day: how much of what was asked for was there. */
static enum bc_status
show_days(struct bc_cache *cache, struct bc_error *err)
{
	int64_t today = (int64_t)time(NULL) / 86400;
	struct bc_day days[DAYS];
	enum bc_status status;
	size_t count;

	status = bc_days(cache, today - DAYS + 1, today, days, DAYS, &count,
	                 err);
	for (size_t i = 0; status == BC_OK && i < count && i < DAYS; i++) {
		const struct bc_counters *day = &days[i].counters;
		uint64_t hits = 0, misses = 0;
		char text[16];
		time_t at = (time_t)(days[i].day * 86400);

		for (int k = 0; k < BC_TIERS; k++)
			hits += day->hits[k];
		for (int k = 0; k < BC_MISS_REASONS; k++)
			misses += day->misses[k];
		if (hits + misses == 0)
			continue;
		strftime(text, sizeof(text), "%Y-%m-%d", gmtime(&at));
		printf("%s %6" PRIu64 " ", text, hits + misses);
		for (uint64_t k = 0; k < 20; k++)
			putchar(k * (hits + misses) < 20 * hits ? '#' : '.');
		putchar('\n');
	}
	return status;
}

static enum bc_status
show_times(struct bc_cache *cache, struct bc_error *err)
{
	static const enum bc_op shown[] = { BC_OP_GET, BC_OP_READ, BC_OP_PUT };
	enum bc_status status = BC_OK;

	for (int i = 0; i < 3 && status == BC_OK; i++) {
		struct bc_latency times;

		status = bc_latency(cache, shown[i], 0, &times, err);
		if (status == BC_OK && times.count != 0)
			printf("%-5s half in %" PRIu64 " ns, 99 %% in %" PRIu64
			       " ns\n",
			       bc_op_name(shown[i]), times.p50_ns,
			       times.p99_ns);
	}
	return status;
}

static enum bc_status
show_top(struct bc_cache *cache, struct bc_error *err)
{
	struct bc_hot hot[TOP];
	enum bc_status status;
	size_t count;

	status = bc_top(cache, NULL, hot, TOP, &count, err);
	for (size_t i = 0; status == BC_OK && i < count && i < TOP; i++)
		printf("%6" PRIu64 "  %s\n", hot[i].access_count, hot[i].key);
	return status;
}

static enum bc_status
show_processes(struct bc_cache *cache, struct bc_error *err)
{
	struct bc_process processes[16];
	enum bc_status status;
	size_t count;

	status = bc_processes(cache, processes, 16, &count, err);
	for (size_t i = 0; status == BC_OK && i < count && i < 16; i++)
		printf("%s: %" PRIu64 " views, %" PRIu64 " KiB mapped\n",
		       processes[i].name, processes[i].views,
		       processes[i].mapped_bytes >> 10);
	return status;
}

/* What to do, or that all is well. */
static enum bc_status
show_health(const char *path, struct bc_error *err)
{
	static const char *const words[] = { "fine", "warning", "critical" };
	static struct bc_health health;
	enum bc_status status = bc_health(path, 0, &health, err);

	if (status != BC_OK)
		return status;
	printf("%s\n", words[health.severity]);
	for (uint32_t i = 0; i < health.advice_count; i++)
		printf("  %s: %s\n", words[health.advice[i].severity],
		       health.advice[i].text);
	return BC_OK;
}

/* ---- all of it --------------------------------------------------------- */

static enum bc_status
show(struct bc_cache *cache, const char *path, struct bc_error *err)
{
	struct bc_stats stats;
	enum bc_status status = bc_stats(cache, &stats, err);

	if (status != BC_OK)
		return status;
	show_counters(&stats);
	puts("-- days");
	status = show_days(cache, err);
	puts("-- times");
	if (status == BC_OK)
		status = show_times(cache, err);
	puts("-- read most");
	if (status == BC_OK)
		status = show_top(cache, err);
	puts("-- processes");
	if (status == BC_OK)
		status = show_processes(cache, err);
	puts("-- health");
	return status == BC_OK ? show_health(path, err) : status;
}

int
main(int argc, char **argv)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache;
	enum bc_status status;
	struct bc_error err;
	int fills = argc == 3 && strcmp(argv[2], "--fill") == 0;

	if (argc != 2 && !fills) {
		fprintf(stderr, "usage: %s CACHE [--fill]\n", argv[0]);
		return 2;
	}
	options.flags = fills ? BC_OPEN_CREATE : BC_OPEN_READONLY;
	options.name = "dashboard";
	status = bc_open(argv[1], &options, &cache, &err);
	if (status == BC_OK && fills)
		status = fill(cache, &err);
	if (status == BC_OK)
		status = show(cache, argv[1], &err);
	bc_close(cache);
	if (status != BC_OK) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	return 0;
}
