/* SPDX-License-Identifier: MIT */
/*
 * bench_compact.c - how fast does compaction give back what is dead, and whom
 * does it keep waiting?  A cache loses half its frames by chance.  Then one
 * process compacts it while others read, and one waits for the writer lock
 * and puts, again and again.
 *
 * The readers also get the same frames of one LMDB file that nobody changes, by
 * turns: what becomes slower there is the machine's doing.
 *
 * What is moved has to be on the disk before what it was is gone, but in
 * scratch mode; so "clean" is beside rivals that write to the disk, and
 * "clean-scratch" beside one that only copies.
 */
#include "data.h"
#include "disk.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cache.h"
#include "write/writer.h"

#define COMPACT_ROWS BENCH_MIB_ROWS
#define COMPACT_BATCH 16
#define COMPACT_READERS_MAX 4
#define COMPACT_LOOK 1024 /* reads between looks at the clock */
#define COMPACT_READS 4000000
#define COMPACT_PAUSE_NS 2000000 /* between two puts of the writer */

struct compact_case {
	const char *name;
	enum bc_durability durability;
};

/* Medians are taken over rounds of these. */
struct compact_round {
	double moved_bytes, elapsed_ns, step_max_ns;
	double blocks_before, blocks_after;
	struct bench_latency quiet, busy; /* of the slowest reader */
	struct bench_latency lmdb_quiet, lmdb_busy;
	double wait_ns, put_ns, puts;         /* of the writer: longest */
	double write_ns, replace_ns, copy_ns; /* rivals, the same bytes */
};

struct compact {
	const struct bench_options *options;
	const struct compact_case *kind;
	char cache[BENCH_PATH_MAX], lmdb[BENCH_PATH_MAX];
	char copy[BENCH_PATH_MAX];
	uint32_t frames;
};

/* Whether a frame is one of those that are removed: about half. */
static bool
compact_is_removed(uint32_t index)
{
	uint64_t state = index;

	return (bench_random(&state) & 1) != 0;
}

/* ------------------------------------------------------------------------ */
/*  Child processes                                                         */
/* ------------------------------------------------------------------------ */

/* Whether the parent has said something. */
static bool
compact_told(void)
{
	struct pollfd input = { .fd = 0, .events = POLLIN };

	return poll(&input, 1, 0) != 0;
}

/* Gets of frames in one place. */
struct reader {
	bench_read *read;
	void *context;
	struct bench_samples samples;
};

/* Time a few gets of frames at random. */
static void
reader_look(struct reader *reader, const struct bench_data *data,
            uint64_t *state)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < COMPACT_LOOK; i++) {
		uint32_t at = bench_random_below(state, data->count);
		uint64_t begin = bench_ticks();

		sum += reader->read(reader->context, data->keys[at], at);
		bench_samples_add(&reader->samples, bench_ticks() - begin);
	}
	bench_sink = sum;
}

/* By turns in both places until the time is up or the parent speaks. */
static void
reader_read(struct reader readers[2], const struct bench_data *data,
            uint64_t *state, uint64_t until_ns)
{
	struct bench_samples *samples = &readers[0].samples;

	samples->count = readers[1].samples.count = 0;
	while (samples->count + COMPACT_LOOK <= samples->room &&
	       (until_ns != 0 ? bench_now_ns() < until_ns : !compact_told())) {
		reader_look(&readers[0], data, state);
		reader_look(&readers[1], data, state);
	}
}

static void
reader_print(struct reader readers[2])
{
	struct bench_latency latency;

	for (int i = 0; i < 2; i++) {
		bench_latency_of_ticks(&readers[i].samples, &latency);
		printf("%.1f %.1f %.1f%c", latency.p50_ns, latency.p99_ns,
		       latency.p999_ns, i == 0 ? ' ' : '\n');
	}
}

/* A reader: alone for a while, then until it is told to end. */
static int
compact_reader(const struct bench_options *options, const char *path,
               const char *lmdb, uint32_t frames, unsigned core)
{
	uint64_t window_ns = options->quick ? 500000000 : 1000000000;
	struct reader readers[2] = {
		{ .read = bench_read_cache,
		  .context = bench_cache_open(path, 0, BC_DURABILITY_DEFAULT) },
		{ .read = bench_read_lmdb,
		  .context = bench_lmdb_open(lmdb, false, BENCH_NOSYNC) },
	};
	struct bench_data data = { .count = 0 };
	uint64_t state = core + 1;

	bench_pin(core);
	data.keys = bench_alloc(frames, sizeof(*data.keys));
	for (uint32_t i = 0; i < frames; i++) {
		if (!compact_is_removed(i))
			bench_key(data.keys[data.count++], i);
	}
	for (int i = 0; i < 2; i++) {
		bench_samples_init(&readers[i].samples, COMPACT_READS);
		bench_warm_all(readers[i].read, readers[i].context, &data);
	}
	printf("0\n");
	bench_parent_wait();
	reader_read(readers, &data, &state, bench_now_ns() + window_ns);
	reader_print(readers);
	bench_parent_wait();
	reader_read(readers, &data, &state, 0);
	bench_parent_wait();
	reader_print(readers);
	fflush(stdout);
	for (int i = 0; i < 2; i++)
		bench_samples_free(&readers[i].samples);
	free(data.keys);
	bench_lmdb_close(readers[1].context);
	bc_close(readers[0].context);
	return 0;
}

static void
writer_larger(double *most, uint64_t begin_ns)
{
	double ns = (double)(bench_now_ns() - begin_ns);

	if (ns > *most)
		*most = ns;
}

/* A writer: how long it waits for the lock, and for a put, at the most. */
static int
compact_writer(const char *path, unsigned core)
{
	const struct timespec pause = { .tv_nsec = COMPACT_PAUSE_NS };
	struct bc_cache *cache =
		bench_cache_open(path, 0, BC_DURABILITY_DEFAULT);
	double wait_ns = 0, put_ns = 0;
	char key[BENCH_KEY_BYTES];
	struct bench_bars bars;
	struct bci_env *env;
	struct bc_error err;
	uint64_t begin;
	unsigned puts;

	bench_pin(core);
	bench_bars_init(&bars, 512);
	bench_bars_fill(&bars, 1);
	printf("0\n");
	bench_parent_wait();
	for (puts = 0; !compact_told(); puts++) {
		begin = bench_now_ns();
		if (bci_cache_env(cache, &env, &err) != BC_OK ||
		    bci_writer_lock(cache, env, &err) != BC_OK)
			bench_die("the writer lock: %s", err.message);
		writer_larger(&wait_ns, begin);
		bci_writer_unlock(env);
		begin = bench_now_ns();
		snprintf(key, sizeof(key), "writer/%u", puts % 64);
		if (bc_put(cache, key, &bars.frame, NULL, NULL, &err) != BC_OK)
			bench_die("bc_put: %s", err.message);
		writer_larger(&put_ns, begin);
		nanosleep(&pause, NULL);
	}
	printf("%.1f %.1f %u\n", wait_ns, put_ns, puts);
	fflush(stdout);
	bench_bars_free(&bars);
	bc_close(cache);
	return 0;
}

static int
compact_compactor(const char *path, unsigned core)
{
	struct bc_cache *cache =
		bench_cache_open(path, 0, BC_DURABILITY_DEFAULT);
	struct bc_compact_report report;
	struct bc_latency steps;
	struct bc_error err;

	bench_pin(core);
	printf("0\n");
	bench_parent_wait();
	if (bc_compact(cache, NULL, &report, &err) != BC_OK ||
	    bc_latency(cache, BC_OP_COMPACT, 1, &steps, &err) != BC_OK)
		bench_die("bc_compact: %s", err.message);
	printf("%.1f %.1f %.1f %.1f %.1f\n", (double)report.moved_bytes,
	       (double)report.elapsed_ns, (double)steps.max_ns,
	       (double)report.blocks_before, (double)report.blocks_after);
	fflush(stdout);
	bc_close(cache);
	return 0;
}

/* ------------------------------------------------------------------------ */
/*  A cache with holes, and its rivals                                      */
/* ------------------------------------------------------------------------ */

static void
compact_put(struct bc_cache *cache, struct bench_lmdb *lmdb,
            const struct bench_bars *bars, uint32_t from, uint32_t to)
{
	char key[BENCH_KEY_BYTES];
	struct bc_batch *batch;
	struct bc_error err;

	if (bc_batch_begin(cache, &batch, &err) != BC_OK)
		bench_die("bc_batch_begin: %s", err.message);
	bench_lmdb_begin(lmdb);
	for (uint32_t i = from; i < to; i++) {
		bench_key(key, i);
		if (bc_batch_put(batch, key, &bars->frame, NULL, NULL, &err) !=
		    BC_OK)
			bench_die("bc_batch_put: %s", err.message);
		bench_lmdb_put(lmdb, key, bars->flat, bars->flat_bytes);
	}
	bench_lmdb_commit(lmdb);
	if (bc_batch_commit(&batch, &err) != BC_OK)
		bench_die("bc_batch_commit: %s", err.message);
}

static void
compact_remove(struct bc_cache *cache, struct bench_lmdb *lmdb, uint32_t frames)
{
	char key[BENCH_KEY_BYTES];
	struct bc_batch *batch;
	struct bc_error err;

	if (bc_batch_begin(cache, &batch, &err) != BC_OK)
		bench_die("bc_batch_begin: %s", err.message);
	bench_lmdb_begin(lmdb);
	for (uint32_t i = 0; i < frames; i++) {
		bench_key(key, i);
		if (!compact_is_removed(i))
			continue;
		if (bc_batch_remove(batch, key, &err) != BC_OK)
			bench_die("bc_batch_remove: %s", err.message);
		bench_lmdb_delete(lmdb, key);
	}
	bench_lmdb_commit(lmdb);
	if (bc_batch_commit(&batch, &err) != BC_OK)
		bench_die("bc_batch_commit: %s", err.message);
}

/* Time mdb_env_copy2() of the same frames. */
static double
compact_copy(const struct compact *compact, struct bench_lmdb *lmdb)
{
	uint64_t begin = bench_now_ns();
	double ns;

	bench_lmdb_copy(lmdb, compact->copy);
	ns = (double)(bench_now_ns() - begin);
	bench_remove_tree(compact->copy);
	return ns;
}

static void
compact_remove_lmdb(const struct compact *compact)
{
	char lock[BENCH_PATH_MAX + 8];

	snprintf(lock, sizeof(lock), "%s-lock", compact->lmdb);
	(void)remove(lock);
	bench_remove_tree(compact->lmdb);
}

/* Make the cache, and the same in one LMDB file. */
static struct bench_lmdb *
compact_make(const struct compact *compact)
{
	const struct compact_case *kind = compact->kind;
	uint64_t bytes =
		(uint64_t)compact->frames * COMPACT_ROWS * BENCH_ROW_BYTES;
	struct bench_lmdb *lmdb;
	struct bc_cache *cache;
	struct bench_bars bars;

	bench_remove_tree(compact->cache);
	cache = bench_cache_open(compact->cache, 2 * bytes, kind->durability);
	lmdb = bench_lmdb_open(compact->lmdb, true, BENCH_NOSYNC);
	bench_bars_init(&bars, COMPACT_ROWS);
	bench_bars_fill(&bars, 1);
	for (uint32_t i = 0; i < compact->frames; i += COMPACT_BATCH)
		compact_put(cache, lmdb, &bars, i, i + COMPACT_BATCH);
	compact_remove(cache, lmdb, compact->frames);
	bench_bars_free(&bars);
	bc_close(cache);
	return lmdb;
}

/* ------------------------------------------------------------------------ */
/*  A round                                                                 */
/* ------------------------------------------------------------------------ */

static void
compact_start(struct bench_child *child, const struct compact *compact,
              const char *role, unsigned core)
{
	char frames[16], where[16];
	const char *arguments[10] = { "--dir", compact->options->dir };
	size_t count = 2;
	double ready;

	snprintf(frames, sizeof(frames), "%u", compact->frames);
	snprintf(where, sizeof(where), "%u", core);
	if (compact->options->quick)
		arguments[count++] = "--quick";
	arguments[count++] = role;
	arguments[count++] = compact->cache;
	arguments[count++] = compact->lmdb;
	arguments[count++] = frames;
	arguments[count] = where;
	bench_child_start(child, arguments);
	bench_child_numbers(child, &ready, 1);
}

/* Keep percentiles that a reader printed if it is the slowest. */
static void
compact_keep(const double numbers[3], struct bench_latency *slowest)
{
	if (numbers[2] >= slowest->p999_ns)
		*slowest = (struct bench_latency){
			.p50_ns = numbers[0],
			.p99_ns = numbers[1],
			.p999_ns = numbers[2],
		};
}

static void
compact_slowest(struct bench_child *reader, struct bench_latency *slowest,
                struct bench_latency *slowest_lmdb)
{
	double numbers[6];

	bench_child_numbers(reader, numbers, 6);
	compact_keep(numbers, slowest);
	compact_keep(numbers + 3, slowest_lmdb);
}

static void
compact_round(const struct compact *compact, struct compact_round *round)
{
	struct bench_child readers[COMPACT_READERS_MAX], writer, compactor;
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	unsigned count = cores > 2 ? (unsigned)cores - 2 : 1;
	struct bench_lmdb *lmdb = compact_make(compact);
	bool syncs = compact->kind->durability != BC_SCRATCH;
	double numbers[5];

	*round = (struct compact_round){ .moved_bytes = 0 };
	if (count > COMPACT_READERS_MAX)
		count = COMPACT_READERS_MAX;
	bench_settle(compact->options->dir);
	if (syncs)
		round->copy_ns = compact_copy(compact, lmdb);
	bench_lmdb_close(lmdb);
	bench_touch_memory((size_t)compact->frames * COMPACT_ROWS *
	                   BENCH_ROW_BYTES);
	for (unsigned i = 0; i < count; i++)
		compact_start(&readers[i], compact, "reader", i);
	compact_start(&writer, compact, "writer", count);
	compact_start(&compactor, compact, "compactor", count + 1);
	/* The writer and the compactor share the last of two cores. */
	for (unsigned i = 0; i < count; i++)
		bench_child_say(&readers[i], "alone");
	for (unsigned i = 0; i < count; i++)
		compact_slowest(&readers[i], &round->quiet, &round->lmdb_quiet);
	bench_settle(compact->options->dir);
	for (unsigned i = 0; i < count; i++)
		bench_child_say(&readers[i], "beside");
	bench_child_say(&writer, "go");
	bench_child_say(&compactor, "go");
	bench_child_numbers(&compactor, numbers, 5);
	for (unsigned i = 0; i < count; i++)
		bench_child_say(&readers[i], "end");
	for (unsigned i = 0; i < count; i++)
		compact_slowest(&readers[i], &round->busy, &round->lmdb_busy);
	round->moved_bytes = numbers[0];
	round->elapsed_ns = numbers[1];
	round->step_max_ns = numbers[2];
	round->blocks_before = numbers[3];
	round->blocks_after = numbers[4];
	bench_child_say(&writer, "end");
	bench_child_numbers(&writer, numbers, 3);
	round->wait_ns = numbers[0];
	round->put_ns = numbers[1];
	round->puts = numbers[2];
	bench_child_end(&compactor);
	bench_child_end(&writer);
	for (unsigned i = 0; i < count; i++)
		bench_child_end(&readers[i]);
	bench_remove_tree(compact->cache);
	compact_remove_lmdb(compact);
	bench_settle(compact->options->dir);
	round->write_ns =
		disk_write(compact->copy, (uint64_t)round->moved_bytes, syncs);
	if (syncs)
		round->replace_ns = disk_replace(compact->options->dir,
		                                 (uint64_t)round->moved_bytes);
}

/* The median over rounds of the double at 'offset'. */
static double
compact_median(const struct compact_round *rounds, unsigned count,
               size_t offset)
{
	double values[BENCH_ROUNDS_MAX];

	for (unsigned i = 0; i < count; i++)
		memcpy(&values[i], (const char *)&rounds[i] + offset,
		       sizeof(values[i]));
	return bench_median(values, count);
}

#define COMPACT_MEDIAN(field)                                                  \
	compact_median(rounds, count, offsetof(struct compact_round, field))

static void
compact_report(const char *name, const struct compact_round *rounds,
               unsigned count, bool disk)
{
	struct bench_latency quiet[BENCH_ROUNDS_MAX], busy[BENCH_ROUNDS_MAX];
	struct bench_latency lmdb[BENCH_ROUNDS_MAX];
	double moved = COMPACT_MEDIAN(moved_bytes);
	double rate = moved / COMPACT_MEDIAN(elapsed_ns);
	double wait_ns = 0;

	for (unsigned i = 0; i < count; i++) {
		quiet[i] = rounds[i].quiet;
		busy[i] = rounds[i].busy;
		lmdb[i] = rounds[i].lmdb_busy;
		if (rounds[i].wait_ns > wait_ns)
			wait_ns = rounds[i].wait_ns;
	}
	bench_report("compact", name, "gb_per_s", rate, "GB/s",
	             disk ? "write+fdatasync" : "write",
	             moved / COMPACT_MEDIAN(write_ns));
	if (disk) {
		bench_report("compact", name, "gb_per_s", rate, "GB/s",
		             "write+fdatasync+unlink",
		             moved / COMPACT_MEDIAN(replace_ns));
		bench_report("compact", name, "gb_per_s", rate, "GB/s",
		             "lmdb copy", moved / COMPACT_MEDIAN(copy_ns));
	}
	bench_report_latency("compact", name, busy, count, "quiet", quiet);
	bench_report_latency("compact", name, busy, count, "lmdb", lmdb);
	bench_report("compact", name, "lmdb_p999_ns",
	             COMPACT_MEDIAN(lmdb_busy.p999_ns), "ns", "lmdb quiet",
	             COMPACT_MEDIAN(lmdb_quiet.p999_ns));
	bench_report("compact", name, "writer_wait_max_ns", wait_ns, "ns", NULL,
	             0);
	bench_report("compact", name, "put_max_ns", COMPACT_MEDIAN(put_ns),
	             "ns", NULL, 0);
	bench_report("compact", name, "puts", COMPACT_MEDIAN(puts), "puts",
	             NULL, 0);
	bench_report("compact", name, "step_max_ns",
	             COMPACT_MEDIAN(step_max_ns), "ns", NULL, 0);
	bench_report("compact", name, "moved_mb", moved / 1e6, "MB", NULL, 0);
	bench_report("compact", name, "disk_mb",
	             COMPACT_MEDIAN(blocks_after) / 1e6, "MB", "before",
	             COMPACT_MEDIAN(blocks_before) / 1e6);
}

int
main(int argc, char **argv)
{
	static const struct compact_case cases[] = {
		{ "clean", BC_RELAXED }, { "clean-scratch", BC_SCRATCH }
	};
	struct compact_round rounds[BENCH_ROUNDS_MAX];
	struct bench_options options;
	struct compact compact = { .options = &options };
	char **words;

	bench_options_parse(argc, argv, &options);
	words = argv + options.rest;
	if (argc - options.rest == 5) {
		uint32_t frames = (uint32_t)strtoul(words[3], NULL, 10);
		unsigned core = (unsigned)strtoul(words[4], NULL, 10);

		if (strcmp(words[0], "reader") == 0)
			return compact_reader(&options, words[1], words[2],
			                      frames, core);
		return strcmp(words[0], "writer") == 0
		               ? compact_writer(words[1], core)
		               : compact_compactor(words[1], core);
	}
	bench_path(compact.cache, options.dir, "compact-cache");
	bench_path(compact.lmdb, options.dir, "compact-lmdb");
	bench_path(compact.copy, options.dir, "compact-copy");
	compact.frames = options.quick ? 512 : 1536;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		compact.kind = &cases[i];
		for (unsigned round = 0; round < options.rounds; round++)
			compact_round(&compact, &rounds[round]);
		compact_report(cases[i].name, rounds, options.rounds,
		               cases[i].durability != BC_SCRATCH);
	}
	return 0;
}
