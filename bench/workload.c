/* SPDX-License-Identifier: MIT */
/*
 * workload.c - traces of accesses as backtests and notebooks make them.
 *
 * Frames are from 20 daily rows (1 KiB) to a year of minute bars of a market
 * that never closes (25 MiB), 48 bytes a row; one costs 30 ms and 1 us a byte
 * to fetch, by a factor from 1/3 to 3 for each key.  Reading goes at 1 GB/s
 * and fetching takes what it costs, so that times are such as a cache sees.
 * Every parameter - how many frames, which sizes, how long a window - comes
 * from the seed.
 */
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "workload.h"

#define KIB 1024.0
#define MIB (1024 * KIB)
#define SECOND_NS 1e9
#define HOUR_NS (3600 * SECOND_NS)

struct maker {
	struct trace *trace;
	uint64_t seed;
	double now_ns;
};

static uint32_t
maker_below(struct maker *maker, uint32_t limit)
{
	return bench_random_below(&maker->seed, limit);
}

static uint32_t
maker_between(struct maker *maker, uint32_t least, uint32_t most)
{
	return least + maker_below(maker, most - least + 1);
}

/* From 0 to 1. */
static double
maker_chance(struct maker *maker)
{
	return (double)(bench_random(&maker->seed) >> 11) * 0x1p-53;
}

static uint64_t
maker_hash(uint64_t group, uint64_t number)
{
	uint64_t state = group << 40 ^ number;

	return bench_random(&state);
}

/* A size that is the same for a key whenever it is asked for. */
static uint64_t
maker_bytes(uint64_t key, double least, double most)
{
	double part = (double)(key >> 11) * 0x1p-53;

	return (uint64_t)(least * pow(most / least, part));
}

static void
maker_access(struct maker *maker, uint64_t key, uint64_t bytes)
{
	double factor = pow(3, (double)(key & 0xffff) / 32768.0 - 1);
	double cost_ns = (30e6 + 1000 * (double)bytes) * factor;

	trace_add(maker->trace, (int64_t)maker->now_ns, key, bytes,
	          (uint64_t)cost_ns);
	maker->now_ns += 1e6 + (double)bytes;
}

/* ---- sweeps ------------------------------------------------------------ */

/* Which sizes of frames a trace has. */
static void
maker_sizes(struct maker *maker, double *least, double *most)
{
	static const double ranges[][2] = {
		{ 1 * KIB, 12 * KIB },    /* dailies of weeks to a year */
		{ 390 * KIB, 400 * KIB }, /* months of minute bars */
		{ 12 * KIB, 4.7 * MIB },  /* mixed */
		{ 1 * KIB, 4 * MIB },     /* very mixed */
	};
	uint32_t which = maker_below(maker, 4);

	*least = ranges[which][0];
	*most = ranges[which][1];
}

/* The same frames in the same order, for each parameter; 'touches' of each. */
static void
make_loop(struct maker *maker, unsigned touches, unsigned shuffled)
{
	uint32_t frames = maker_between(maker, 400, 1500);
	uint32_t rounds = maker_between(maker, 12, 30);
	uint32_t *order = bench_alloc(frames, sizeof(*order));
	double least, most;

	maker_sizes(maker, &least, &most);
	for (uint32_t i = 0; i < frames; i++)
		order[i] = i;
	for (uint32_t round = 0; round < rounds; round++) {
		for (uint32_t i = 0; shuffled && i < frames; i++) {
			uint32_t other = i + maker_below(maker, frames - i);
			uint32_t swapped = order[i];

			order[i] = order[other];
			order[other] = swapped;
		}
		for (uint32_t i = 0; i < frames; i++) {
			uint64_t key = maker_hash(1, order[i]);

			for (unsigned touch = 0; touch < touches; touch++)
				maker_access(maker, key,
				             maker_bytes(key, least, most));
		}
		/* Somebody looks at the result first. */
		maker->now_ns += maker_chance(maker) * 300 * SECOND_NS;
	}
	free(order);
}

static void
make_sweep(struct trace *trace, uint64_t seed)
{
	make_loop(&(struct maker){ trace, seed, 1.7e18 }, 1, 0);
}

static void
make_sweep_twice(struct trace *trace, uint64_t seed)
{
	make_loop(&(struct maker){ trace, seed, 1.7e18 }, 2, 0);
}

static void
make_sweep_shuffled(struct trace *trace, uint64_t seed)
{
	make_loop(&(struct maker){ trace, seed, 1.7e18 }, 1, 1);
}

/* Several processes sweep over the same frames, a little apart. */
static void
make_sweep_workers(struct trace *trace, uint64_t seed)
{
	struct maker maker = { trace, seed, 1.7e18 };
	uint32_t frames = maker_between(&maker, 400, 1000);
	uint32_t workers = maker_between(&maker, 4, 20);
	uint64_t rounds = maker_between(&maker, 6, 10);
	uint64_t at[20] = { 0 }, least_at = 0;
	double least, most;

	maker_sizes(&maker, &least, &most);
	while (least_at < rounds * frames) {
		uint32_t worker = maker_below(&maker, workers);
		uint64_t key = maker_hash(2, at[worker] % frames);

		/* None gets further ahead than a twentieth of a round. */
		least_at = at[0];
		for (uint32_t i = 1; i < workers; i++)
			least_at = at[i] < least_at ? at[i] : least_at;
		if (at[worker] > least_at + frames / 20)
			continue;
		maker_access(&maker, key, maker_bytes(key, least, most));
		at[worker]++;
	}
}

/* ---- walking forward --------------------------------------------------- */

/*
 * Train on a window of months of each symbol, some trials over all of it, test
 * on the next month, move on by a month.
 */
static void
make_walk(struct trace *trace, uint64_t seed)
{
	struct maker maker = { trace, seed, 1.7e18 };
	uint32_t symbols = maker_between(&maker, 5, 40);
	uint32_t window = maker_between(&maker, 6, 24);
	uint32_t months = maker_between(&maker, 4 * window, 8 * window);
	uint32_t trials = maker_between(&maker, 1, 6);
	double least, most;

	maker_sizes(&maker, &least, &most);
	for (uint32_t start = 0; start + window < months; start++) {
		for (uint32_t i = 0; i < trials * symbols * window; i++) {
			uint32_t at = i % (symbols * window);
			uint64_t key = maker_hash(100 + at / window,
			                          start + at % window);

			maker_access(&maker, key,
			             maker_bytes(key, least, most));
		}
		for (uint32_t symbol = 0; symbol < symbols; symbol++) {
			uint64_t key = maker_hash(100 + symbol, start + window);

			maker_access(&maker, key,
			             maker_bytes(key, least, most));
		}
		maker.now_ns += maker_chance(&maker) * 60 * SECOND_NS;
	}
}

/* The same, one symbol after another. */
static void
make_walk_symbols(struct trace *trace, uint64_t seed)
{
	struct maker maker = { trace, seed, 1.7e18 };
	uint32_t symbols = maker_between(&maker, 10, 30);
	uint32_t window = maker_between(&maker, 6, 24);
	uint32_t months = maker_between(&maker, 3 * window, 6 * window);
	uint32_t trials = maker_between(&maker, 1, 4);
	double least, most;

	maker_sizes(&maker, &least, &most);
	for (uint32_t symbol = 0; symbol < symbols; symbol++) {
		for (uint32_t start = 0; start + window < months; start++) {
			for (uint32_t i = 0; i < trials * window; i++) {
				uint64_t key = maker_hash(200 + symbol,
				                          start + i % window);

				maker_access(&maker, key,
				             maker_bytes(key, least, most));
			}
		}
	}
}

/* ---- notebooks and scans ----------------------------------------------- */

/* Ranks by Zipf: the inverse of the integral of x^-skew. */
static uint32_t
maker_zipf(struct maker *maker, uint32_t count, double skew)
{
	double power = 1 - skew;
	double u = maker_chance(maker);
	double x = fabs(power) < 1e-6
	                   ? pow((double)count + 1, u)
	                   : pow(u * (pow((double)count + 1, power) - 1) + 1,
	                         1 / power);
	uint32_t rank = (uint32_t)x - 1;

	return rank < count ? rank : count - 1;
}

struct notebooks {
	uint32_t frames;
	double skew, least, most;
	uint32_t drift; /* ranks move on by one each so many accesses */
	uint32_t done;
};

static void
maker_notebooks(struct maker *maker, struct notebooks *notebooks)
{
	maker_sizes(maker, &notebooks->least, &notebooks->most);
	notebooks->frames = maker_between(maker, 1500, 6000);
	notebooks->skew = 0.6 + 0.5 * maker_chance(maker);
	notebooks->drift = maker_between(maker, 20, 400);
	notebooks->done = 0;
}

/* Somebody looks at a frame, and perhaps a few times more. */
static void
maker_look(struct maker *maker, struct notebooks *notebooks)
{
	uint32_t rank = maker_zipf(maker, notebooks->frames, notebooks->skew);
	uint64_t shift = notebooks->done++ / notebooks->drift;
	/* Popular ones are scattered, and others become popular. */
	uint64_t key = maker_hash(3, (rank + shift) % notebooks->frames);
	uint64_t bytes = maker_bytes(key, notebooks->least, notebooks->most);

	maker_access(maker, key, bytes);
	while (maker_below(maker, 4) == 0)
		maker_access(maker, key, bytes);
	maker->now_ns += maker_chance(maker) * 10 * SECOND_NS;
}

static void
make_zipf(struct trace *trace, uint64_t seed)
{
	struct maker maker = { trace, seed, 1.7e18 };
	struct notebooks notebooks;

	maker_notebooks(&maker, &notebooks);
	for (uint32_t i = 0; i < 40000; i++)
		maker_look(&maker, &notebooks);
}

/* Notebooks by day; at night everything is read once, in order. */
static void
make_nightly(struct trace *trace, uint64_t seed)
{
	struct maker maker = { trace, seed, 1.7e18 };
	struct notebooks notebooks;

	maker_notebooks(&maker, &notebooks);
	for (uint32_t day = 0; day < 10; day++) {
		for (uint32_t i = 0; i < notebooks.frames; i++)
			maker_look(&maker, &notebooks);
		maker.now_ns += 8 * HOUR_NS;
		for (uint32_t i = 0; i < notebooks.frames; i++) {
			uint64_t key = maker_hash(3, i);

			maker_access(&maker, key,
			             maker_bytes(key, notebooks.least,
			                         notebooks.most));
		}
		maker.now_ns += 4 * HOUR_NS;
	}
}

/* Notebooks, and frames that are read once and never again. */
static void
make_once(struct trace *trace, uint64_t seed)
{
	struct maker maker = { trace, seed, 1.7e18 };
	struct notebooks notebooks;
	uint32_t once = 0;

	maker_notebooks(&maker, &notebooks);
	for (uint32_t i = 0; i < 30000; i++) {
		uint64_t key = maker_hash(4, once);

		maker_look(&maker, &notebooks);
		if (maker_below(&maker, 2) == 0)
			continue;
		once++;
		maker_access(&maker, key,
		             maker_bytes(key, notebooks.least, notebooks.most));
	}
}

/* ---- mixtures ---------------------------------------------------------- */

/* Notebooks beside a sweep of many rounds. */
static void
make_mixture(struct trace *trace, uint64_t seed)
{
	struct maker maker = { trace, seed, 1.7e18 };
	uint32_t frames = maker_between(&maker, 400, 2000);
	uint32_t share = maker_between(&maker, 1, 4);
	struct notebooks notebooks;
	uint32_t at = 0;

	maker_notebooks(&maker, &notebooks);
	for (uint32_t i = 0; i < 40000; i++) {
		uint64_t key = maker_hash(5, at % frames);

		if (maker_below(&maker, 5) >= share) {
			maker_look(&maker, &notebooks);
			continue;
		}
		at++;
		maker_access(&maker, key,
		             maker_bytes(key, notebooks.least, notebooks.most));
	}
}

/* One kind of work after another, over and over. */
static void
make_phases(struct trace *trace, uint64_t seed)
{
	struct maker maker = { trace, seed, 1.7e18 };
	struct notebooks notebooks;
	uint32_t frames;

	maker_notebooks(&maker, &notebooks);
	frames = notebooks.frames / 2;
	for (uint32_t phase = 0; phase < 4; phase++) {
		for (uint32_t i = 0; i < 2 * notebooks.frames; i++)
			maker_look(&maker, &notebooks);
		for (uint32_t i = 0; i < 5 * frames; i++) {
			uint64_t key = maker_hash(6, i % frames);

			maker_access(&maker, key,
			             maker_bytes(key, notebooks.least,
			                         notebooks.most));
		}
		/* A window that moves on. */
		for (uint32_t i = 0; i < 5 * frames; i++) {
			uint64_t key = maker_hash(
				7 + phase,
				i / 8 + maker_below(&maker, frames / 4));

			maker_access(&maker, key,
			             maker_bytes(key, notebooks.least,
			                         notebooks.most));
		}
	}
}

const struct workload workloads[] = {
	{ "sweep", true, { 0.5, 2.0 / 3, 0.9 }, make_sweep },
	{ "sweep-twice", true, { 0.5, 2.0 / 3, 0.9 }, make_sweep_twice },
	{ "sweep-workers", true, { 0.5, 2.0 / 3, 0.9 }, make_sweep_workers },
	{ "sweep-shuffled", false, { 0.5, 2.0 / 3, 0.9 }, make_sweep_shuffled },
	{ "walk", false, { 0.1, 0.2, 0.4 }, make_walk },
	{ "walk-symbols", false, { 0.02, 0.05, 0.2 }, make_walk_symbols },
	{ "zipf", false, { 0.05, 0.15, 0.4 }, make_zipf },
	{ "nightly", false, { 0.05, 0.15, 0.4 }, make_nightly },
	{ "once", false, { 0.03, 0.1, 0.3 }, make_once },
	{ "mixture", false, { 0.1, 0.25, 0.5 }, make_mixture },
	{ "phases", false, { 0.05, 0.15, 0.4 }, make_phases },
};
const unsigned workloads_count = sizeof(workloads) / sizeof(workloads[0]);

void
workload_make(const struct workload *workload, uint64_t seed,
              struct trace *trace)
{
	memset(trace, 0, sizeof(*trace));
	workload->make(trace, seed);
	trace_index(trace);
}
