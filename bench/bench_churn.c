/* SPDX-License-Identifier: MIT */
/*
 * bench_churn.c - how long does a put take when something else has to go for
 * it?  Frames of 64 KiB to 8 MiB are put into caches that are full, and the
 * same ones into a cache that has room for them.  Beside them one LMDB file,
 * from which the oldest values are deleted for the new ones.
 *
 * All take turns, a tenth of the run each, so that what else the machine does
 * hits them alike; each tenth has its own percentiles, which show whether puts
 * become slower.
 */
#include "data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CHURN_MIB ((uint64_t)1 << 20)
#define CHURN_TENTHS 10
#define CHURN_ROWS_MIN (65536 / BENCH_ROW_BYTES)
#define CHURN_TIMES 128 /* the largest frame is so much larger */

/* Arenas of the usual size that linked bytes may exceed the budget by. */
#define CHURN_ARENAS 2

struct churn_case {
	const char *name;
	bool cache;     /* else the rival */
	bool full;      /* else there is room for all */
	bool cold;      /* what is evicted is packed */
	bool brief;     /* a fifth of the puts, and no tenths shown */
	unsigned reads; /* gets between two puts, untimed */
	enum bc_policy policy;
};

struct churn_subject {
	const struct churn_case *kind;
	char path[BENCH_PATH_MAX];
	struct bc_cache *cache;
	struct bench_lmdb *lmdb;
	uint64_t sizes, gets;  /* states of numbers by chance */
	uint32_t next, oldest; /* indices of keys */
	uint64_t *bytes;       /* of the values by index, of the rival */
	uint64_t live_bytes;   /* of the rival */
	uint64_t linked_max;
	struct bc_counters before;
	struct bench_samples all, tenth;
	struct bench_latency tenths[CHURN_TENTHS];
	double longest_ns[CHURN_TENTHS];
	uint64_t put_bytes, put_ns;
};

struct churn {
	const struct bench_options *options;
	uint64_t budget;
	uint32_t puts;          /* of each, in all */
	struct bench_bars bars; /* as long as the longest */
};

static uint64_t
churn_setting(const char *name, uint64_t usual)
{
	const char *text = getenv(name);
	char *end;
	uint64_t value;

	if (text == NULL)
		return usual;
	value = strtoull(text, &end, 10);
	if (*end != '\0' || value < 64)
		bench_die("%s is not a number from 64 on: %s", name, text);
	return value;
}

/* The rows of the next frame: as many of 64 to 128 KiB as of 4 to 8 MiB. */
static uint64_t
churn_rows(struct churn_subject *subject)
{
	double part = (double)(bench_random(&subject->sizes) >> 11) * 0x1p-53;

	return (uint64_t)((double)CHURN_ROWS_MIN * pow(CHURN_TIMES, part));
}

/* ------------------------------------------------------------------------ */
/*  A put                                                                   */
/* ------------------------------------------------------------------------ */

static void
churn_put_cache(struct churn *churn, struct churn_subject *subject,
                const char *key, uint64_t rows)
{
	struct bc_frame frame = churn->bars.frame;
	struct bc_error err;

	frame.rows = rows;
	if (bc_put(subject->cache, key, &frame, NULL, NULL, &err) != BC_OK)
		bench_die("bc_put %s: %s", key, err.message);
}

/* The same into LMDB, after as many of the oldest are gone. */
static void
churn_put_lmdb(struct churn *churn, struct churn_subject *subject,
               const char *key, uint64_t rows)
{
	uint64_t bytes = rows * BENCH_ROW_BYTES;
	char old[BENCH_KEY_BYTES];
	unsigned char *room;

	bench_lmdb_begin(subject->lmdb);
	while (subject->live_bytes + bytes > churn->budget) {
		subject->live_bytes -= subject->bytes[subject->oldest];
		bench_key(old, subject->oldest++);
		bench_lmdb_delete(subject->lmdb, old);
	}
	room = bench_lmdb_reserve(subject->lmdb, key, bytes);
	memcpy(room, churn->bars.frame.time_ns, rows * 8);
	for (uint32_t i = 0; i < BENCH_COLUMNS - 1; i++)
		memcpy(room + (i + 1) * rows * 8, churn->bars.columns[i].data,
		       rows * 8);
	bench_lmdb_commit(subject->lmdb);
	subject->live_bytes += bytes;
	subject->bytes[subject->next] = bytes;
}

/* Put the next frame; returns how long it took, and its bytes in *bytes. */
static uint64_t
churn_put(struct churn *churn, struct churn_subject *subject, uint64_t *bytes)
{
	uint64_t rows = churn_rows(subject), begin;
	char key[BENCH_KEY_BYTES];

	bench_key(key, subject->next);
	*bytes = rows * BENCH_ROW_BYTES;
	begin = bench_now_ns();
	if (subject->kind->cache)
		churn_put_cache(churn, subject, key, rows);
	else
		churn_put_lmdb(churn, subject, key, rows);
	begin = bench_now_ns() - begin;
	subject->next++;
	return begin;
}

/* Get a few of the newer frames, so that the policy keeps some. */
static void
churn_get(struct churn_subject *subject, uint32_t fill)
{
	for (unsigned i = 0; i < subject->kind->reads; i++) {
		double part =
			(double)(bench_random(&subject->gets) >> 11) * 0x1p-53;
		uint32_t back = (uint32_t)(part * part * (double)fill);
		char key[BENCH_KEY_BYTES];
		struct bc_view view;

		if (back >= subject->next)
			continue;
		bench_key(key, subject->next - 1 - back);
		if (bc_get(subject->cache, key, &view) == BC_OK)
			bc_view_release(&view);
	}
}

/* ------------------------------------------------------------------------ */
/*  Caches                                                                  */
/* ------------------------------------------------------------------------ */

static struct bc_stats
churn_stats(struct churn_subject *subject)
{
	struct bc_stats stats;
	struct bc_error err;

	if (bc_stats(subject->cache, &stats, &err) != BC_OK)
		bench_die("bc_stats: %s", err.message);
	return stats;
}

static void
churn_open(struct churn *churn, struct churn_subject *subject)
{
	const struct churn_case *kind = subject->kind;
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_config config;
	struct bc_error err;

	if (!kind->cache) {
		subject->lmdb =
			bench_lmdb_open(subject->path, true, BENCH_NOMETASYNC);
		return;
	}
	options.flags = BC_OPEN_CREATE;
	options.policy = kind->policy;
	options.warm_bytes =
		kind->full ? churn->budget
			   : 4 * CHURN_MIB * churn->puts / CHURN_TENTHS +
				     1024 * CHURN_MIB;
	options.cold_bytes = churn->budget / 2;
	if (bc_open(subject->path, &options, &subject->cache, &err) != BC_OK)
		bench_die("bc_open: %s", err.message);
	if (kind->cold)
		return;
	if (bc_config_get(subject->cache, &config, &err) != BC_OK)
		bench_die("bc_config_get: %s", err.message);
	config.cold_bytes = 0;
	if (bc_config_set(subject->cache, &config, &err) != BC_OK)
		bench_die("bc_config_set: %s", err.message);
}

static void
churn_close(struct churn_subject *subject)
{
	char lock[BENCH_PATH_MAX + 8];

	if (subject->kind->cache) {
		bc_close(subject->cache);
	} else {
		bench_lmdb_close(subject->lmdb);
		snprintf(lock, sizeof(lock), "%s-lock", subject->path);
		(void)remove(lock);
	}
	bench_remove_tree(subject->path);
}

/* Fill what is to be full, and somewhat more. */
static void
churn_fill(struct churn *churn, struct churn_subject *subject)
{
	uint64_t sum = 0, bytes;

	while (sum < churn->budget + churn->budget / 4) {
		(void)churn_put(churn, subject, &bytes);
		sum += bytes;
	}
	if (subject->kind->cache)
		subject->before = churn_stats(subject).total;
}

static void
churn_begin(struct churn *churn, struct churn_subject *subject)
{
	/* More than it takes to fill, at 64 KiB each. */
	size_t most = churn->puts + 2 * churn->budget / 65536 + 1;

	bench_path(subject->path, churn->options->dir, subject->kind->name);
	bench_remove_tree(subject->path);
	subject->sizes = 7;
	subject->gets = 11;
	subject->bytes = bench_alloc(most, sizeof(*subject->bytes));
	bench_samples_init(&subject->all, churn->puts);
	bench_samples_init(&subject->tenth, churn->puts / CHURN_TENTHS);
	if (!subject->kind->full)
		return;
	churn_open(churn, subject);
	churn_fill(churn, subject);
}

static void
churn_end(struct churn_subject *subject)
{
	if (subject->kind->full)
		churn_close(subject);
	bench_samples_free(&subject->tenth);
	bench_samples_free(&subject->all);
	free(subject->bytes);
}

/* ------------------------------------------------------------------------ */
/*  The run                                                                 */
/* ------------------------------------------------------------------------ */

static uint32_t
churn_tenth_puts(const struct churn *churn, const struct churn_case *kind)
{
	return churn->puts / CHURN_TENTHS / (kind->brief ? 5 : 1);
}

static void
churn_tenth(struct churn *churn, struct churn_subject *subject, unsigned tenth)
{
	uint32_t puts = churn_tenth_puts(churn, subject->kind);
	/* About as many frames as there are: 1.6 MiB is their mean. */
	uint32_t fill = (uint32_t)(churn->budget / (2 * CHURN_MIB)) + 1;

	bench_settle(churn->options->dir);
	if (!subject->kind->full)
		churn_open(churn, subject);
	bench_touch_memory(2 * CHURN_MIB * puts + 512 * CHURN_MIB);
	subject->tenth.count = 0;
	for (uint32_t i = 0; i < puts; i++) {
		uint64_t bytes, ns = churn_put(churn, subject, &bytes);

		bench_samples_add(&subject->tenth, ns);
		bench_samples_add(&subject->all, ns);
		subject->put_bytes += bytes;
		subject->put_ns += ns;
		churn_get(subject, fill);
		if (subject->kind->cache && i % 8 == 0) {
			uint64_t linked = churn_stats(subject).warm_bytes;

			if (linked > subject->linked_max)
				subject->linked_max = linked;
		}
	}
	bench_latency_of_ns(&subject->tenth, &subject->tenths[tenth]);
	subject->longest_ns[tenth] =
		(double)bench_percentile(&subject->tenth, 1);
	if (!subject->kind->full)
		churn_close(subject);
}

static double
churn_rate(const struct churn_subject *subject)
{
	return (double)subject->put_bytes / (double)subject->put_ns;
}

static void
churn_report_tenths(const struct churn_subject *subject)
{
	const char *name = subject->kind->name;
	const struct bench_latency *first = &subject->tenths[0];
	const struct bench_latency *last = &subject->tenths[CHURN_TENTHS - 1];
	char text[64];

	for (unsigned i = 0; i < CHURN_TENTHS && !subject->kind->brief; i++) {
		snprintf(text, sizeof(text), "%s.%u", name, i + 1);
		bench_report("churn", text, "p50_ns", subject->tenths[i].p50_ns,
		             "ns", NULL, 0);
		bench_report("churn", text, "p99_ns", subject->tenths[i].p99_ns,
		             "ns", NULL, 0);
		bench_report("churn", text, "max_ns", subject->longest_ns[i],
		             "ns", NULL, 0);
	}
	bench_report("churn", name, "last_p99_ns", last->p99_ns, "ns",
	             "first tenth", first->p99_ns);
}

static void
churn_report(const struct churn *churn, struct churn_subject *subject,
             const struct churn_subject *rival,
             const struct churn_subject *empty)
{
	const char *name = subject->kind->name;
	const double mib = (double)CHURN_MIB;
	struct bench_latency ours, theirs, room;
	double put = (double)subject->put_bytes, moved, most;
	struct bc_counters now;

	bench_latency_of_ns(&subject->all, &ours);
	bench_latency_of_ns(&((struct churn_subject *)rival)->all, &theirs);
	bench_latency_of_ns(&((struct churn_subject *)empty)->all, &room);
	bench_report_latency("churn", name, &ours, 1, "lmdb", &theirs);
	bench_report("churn", name, "max_ns",
	             (double)bench_percentile(&subject->all, 1), "ns", "lmdb",
	             (double)bench_percentile(
			     &((struct churn_subject *)rival)->all, 1));
	bench_report("churn", name, "gb_per_s", churn_rate(subject), "GB/s",
	             "lmdb", churn_rate(rival));
	if (subject->kind->full) {
		bench_report("churn", name, "p99_ns", ours.p99_ns, "ns",
		             empty->kind->name, room.p99_ns);
		now = churn_stats(subject).total;
		moved = (double)(now.moved_bytes - subject->before.moved_bytes);
		bench_report("churn", name, "moved_per_byte", moved / put, "B",
		             NULL, 0);
		most = (double)(churn->budget +
		                CHURN_ARENAS * (churn->budget / 32));
		bench_report("churn", name, "linked_max",
		             (double)subject->linked_max / mib, "MiB",
		             "budget + 2 arenas", most / mib);
	}
	churn_report_tenths(subject);
}

int
main(int argc, char **argv)
{
	static const struct churn_case cases[] = {
		{ .name = "empty-mixed", .cache = true },
		{ .name = "lmdb-mixed", .full = true },
		{ .name = "full-mixed",
		  .cache = true,
		  .full = true,
		  .policy = BC_POLICY_S3FIFO },
		{ .name = "full-mixed-adaptive", .cache = true, .full = true },
		{ .name = "full-mixed-read",
		  .cache = true,
		  .full = true,
		  .brief = true,
		  .reads = 3 },
		{ .name = "full-mixed-packed",
		  .cache = true,
		  .full = true,
		  .cold = true,
		  .brief = true },
	};
	enum { CASES = sizeof(cases) / sizeof(cases[0]) };
	struct churn_subject subjects[CASES] = { { .next = 0 } };
	struct bench_options options;
	struct churn churn = { .options = &options };

	bench_options_parse(argc, argv, &options);
	churn.budget = churn_setting("BENCH_CHURN_MIB", 512) * CHURN_MIB;
	churn.puts = (uint32_t)churn_setting("BENCH_CHURN_PUTS",
	                                     options.quick ? 500 : 10000);
	churn.puts -= churn.puts % (5 * CHURN_TENTHS);
	bench_bars_init(&churn.bars, CHURN_ROWS_MIN * CHURN_TIMES);
	bench_bars_fill(&churn.bars, 1);
	for (unsigned i = 0; i < CASES; i++) {
		subjects[i].kind = &cases[i];
		churn_begin(&churn, &subjects[i]);
	}
	for (unsigned tenth = 0; tenth < CHURN_TENTHS; tenth++) {
		for (unsigned i = 0; i < CASES; i++)
			churn_tenth(&churn, &subjects[i], tenth);
	}
	bench_report("churn", "mixed", "budget",
	             (double)churn.budget / (double)CHURN_MIB, "MiB", NULL, 0);
	bench_report("churn", "mixed", "puts", churn.puts, "puts", NULL, 0);
	for (unsigned i = 0; i < CASES; i++) {
		if (cases[i].cache)
			churn_report(&churn, &subjects[i], &subjects[1],
			             &subjects[0]);
	}
	for (unsigned i = 0; i < CASES; i++)
		churn_end(&subjects[i]);
	bench_bars_free(&churn.bars);
	return 0;
}
