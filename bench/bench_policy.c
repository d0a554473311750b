/* SPDX-License-Identifier: MIT */
/*
 * bench_policy.c - which eviction policy hits most, and what does it cost in
 * cleaning?  Traces of accesses are replayed through the policies of the
 * library over a model of its arenas, beside textbook LRU, FIFO and random
 * eviction without arenas, and a bound that no policy exceeds.
 *
 *   bench_policy --dir DIR [--quick]        traces by chance, held-out seeds
 *   bench_policy --tuning                   the seeds the default was tuned by
 *   bench_policy --trace FILE BYTES...      a recorded trace, these budgets
 *   bench_policy --make NAME SEED FILE      write a trace to a file
 *   bench_policy --check                    fail unless the marks are met
 */
#include "bench.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "rivals.h"
#include "workload.h"

#define LOW_PERCENT 85
#define TICK_NS 1000000

static const enum bc_policy policies[] = {
	BC_POLICY_ADAPTIVE, BC_POLICY_LRU,    BC_POLICY_S3FIFO, BC_POLICY_GDSF,
	BC_POLICY_SIZE,     BC_POLICY_HYBRID, BC_POLICY_SCORE,
};
#define POLICIES (sizeof(policies) / sizeof(policies[0]))
/* Of these, for a quick run and for a check: the default and lru. */
#define POLICIES_QUICK 4
#define POLICIES_CHECK 2

static const char *const rivals[REPLAY_RIVALS] = { "LRU", "FIFO", "random" };

/* Means over the traces of a kind under one budget. */
struct figures {
	double object, byte, cost; /* hit ratios */
	double writes;             /* put and moved bytes / put bytes */
	double seconds, requests;
	unsigned count;
};

struct board {
	struct figures policies[POLICIES], rivals[REPLAY_RIVALS];
	double optimum;
	unsigned traces;
};

/* The marks, over all budgets and kinds. */
struct marks {
	double below_lru, below_ideal; /* the most, in points */
	double of_optimum;             /* the least, of loops */
};

static void
figures_add(struct figures *figures, const struct replay_result *result)
{
	double put = result->put_bytes;

	figures->count++;
	figures->object += (double)result->hits / (double)result->requests;
	figures->byte += result->hit_bytes / result->bytes;
	figures->cost += result->cost > 0 ? result->hit_cost / result->cost : 0;
	figures->writes += put > 0 ? (put + result->moved_bytes) / put : 1;
	figures->seconds += (double)result->nanoseconds / 1e9;
	figures->requests += (double)result->requests;
}

/* Replay one trace by everything. */
static void
board_add(struct board *board, const struct trace *trace, uint64_t budget,
          size_t count, struct marks *marks, bool looping)
{
	const struct replay_options options = { budget, LOW_PERCENT, TICK_NS };
	double optimum = replay_optimum(trace, budget);
	double byte[POLICIES] = { 0 }, ideal = 0;
	struct replay_result result;

	for (size_t i = 0; i < count; i++) {
		replay_policy(trace, policies[i], &options, &result);
		figures_add(&board->policies[i], &result);
		byte[i] = result.hit_bytes / result.bytes;
	}
	for (int i = 0; i < REPLAY_RIVALS; i++) {
		replay_rival(trace, (enum replay_rival)i, budget, &result);
		figures_add(&board->rivals[i], &result);
		if (i == REPLAY_LRU)
			ideal = result.hit_bytes / result.bytes;
	}
	board->optimum += optimum;
	board->traces++;
	if (100 * (byte[1] - byte[0]) > marks->below_lru)
		marks->below_lru = 100 * (byte[1] - byte[0]);
	if (100 * (ideal - byte[0]) > marks->below_ideal)
		marks->below_ideal = 100 * (ideal - byte[0]);
	if (looping && 100 * byte[0] / optimum < marks->of_optimum)
		marks->of_optimum = 100 * byte[0] / optimum;
}

static void
figures_report(const char *name, const char *by, const struct figures *figures,
               double optimum)
{
	double percent = 100.0 / figures->count;
	char label[128];

	snprintf(label, sizeof(label), "%s-%s", name, by);
	bench_report("policy", label, "byte_hit", figures->byte * percent, "%",
	             "optimum", optimum);
	bench_report("policy", label, "object_hit", figures->object * percent,
	             "%", NULL, 0);
	bench_report("policy", label, "cost_hit", figures->cost * percent, "%",
	             NULL, 0);
	if (figures->seconds == 0)
		return;
	bench_report("policy", label, "writes",
	             figures->writes / figures->count, "times", NULL, 0);
	bench_report("policy", label, "requests",
	             figures->requests / figures->seconds, "1/s", NULL, 0);
}

static void
board_report(const struct board *board, const char *name)
{
	double optimum = 100 * board->optimum / board->traces;

	for (size_t i = 0; i < POLICIES; i++) {
		if (board->policies[i].count > 0)
			figures_report(name, bc_policy_name(policies[i]),
			               &board->policies[i], optimum);
	}
	for (int i = 0; i < REPLAY_RIVALS; i++)
		figures_report(name, rivals[i], &board->rivals[i], optimum);
}

static void
run_workload(const struct workload *workload, uint64_t seed, bool quick,
             struct marks *marks)
{
	unsigned traces = quick ? 1 : WORKLOAD_SEEDS;
	struct board boards[3];
	char name[64];

	memset(boards, 0, sizeof(boards));
	for (unsigned i = 0; i < traces; i++) {
		struct trace trace;

		workload_make(workload, seed + i, &trace);
		for (unsigned j = 0; j < 3; j++) {
			double budget =
				(double)trace.all_bytes * workload->budgets[j];

			board_add(&boards[j], &trace, (uint64_t)budget,
			          quick ? POLICIES_QUICK : POLICIES, marks,
			          workload->looping);
		}
		trace_free(&trace);
	}
	for (unsigned j = 0; j < 3; j++) {
		snprintf(name, sizeof(name), "%s-%.2f", workload->name,
		         workload->budgets[j]);
		board_report(&boards[j], name);
	}
}

static void
run_all(uint64_t seed, bool quick)
{
	struct marks marks = { .of_optimum = 100 };

	for (unsigned i = 0; i < workloads_count; i++)
		run_workload(&workloads[i], seed, quick, &marks);
	bench_report("policy", "worst", "below_lru", marks.below_lru, "points",
	             NULL, 0);
	bench_report("policy", "worst", "below_LRU", marks.below_ideal,
	             "points", NULL, 0);
	bench_report("policy", "worst-loop", "of_optimum", marks.of_optimum,
	             "%", NULL, 0);
}

static uint64_t
number_of(const char *text)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value == 0)
		bench_die("'%s' is no number from 1 on", text);
	return value;
}

/* What the default is the default for, on one held-out trace of each kind. */
static void
check_marks(void)
{
	struct marks marks = { .of_optimum = 100 };

	for (unsigned i = 0; i < workloads_count; i++) {
		struct trace trace;

		workload_make(&workloads[i], WORKLOAD_HELD_OUT_SEED, &trace);
		for (unsigned j = 0; j < 3; j++) {
			double budget = (double)trace.all_bytes *
			                workloads[i].budgets[j];
			struct board board;

			memset(&board, 0, sizeof(board));
			board_add(&board, &trace, (uint64_t)budget,
			          POLICIES_CHECK, &marks, workloads[i].looping);
		}
		trace_free(&trace);
	}
	if (marks.below_lru > 1)
		bench_die("%.2f points below lru", marks.below_lru);
	if (marks.of_optimum < 70)
		bench_die("%.1f %% of the optimum", marks.of_optimum);
	printf("%.2f points below lru, %.1f %% of the optimum\n",
	       marks.below_lru, marks.of_optimum);
}

static void
run_trace(const char *path, char **budgets)
{
	struct marks marks = { .of_optimum = 100 };
	struct trace trace;
	struct bc_error err;

	if (trace_read(&trace, path, &err) != BC_OK)
		bench_die("%s", err.message);
	if (trace.count == 0)
		bench_die("%s: no accesses", path);
	trace_index(&trace);
	for (; *budgets != NULL; budgets++) {
		struct board board;

		memset(&board, 0, sizeof(board));
		board_add(&board, &trace, number_of(*budgets), POLICIES, &marks,
		          false);
		board_report(&board, *budgets);
	}
	trace_free(&trace);
}

static void
make_trace(const char *name, const char *seed, const char *path)
{
	struct trace trace;
	struct bc_error err;

	for (unsigned i = 0; i < workloads_count; i++) {
		if (strcmp(workloads[i].name, name) != 0)
			continue;
		workload_make(&workloads[i], number_of(seed), &trace);
		if (trace_write(&trace, path, &err) != BC_OK)
			bench_die("%s", err.message);
		trace_free(&trace);
		return;
	}
	bench_die("there is no kind of trace '%s'", name);
}

int
main(int argc, char **argv)
{
	struct bench_options options;

	if (argc > 3 && strcmp(argv[1], "--trace") == 0) {
		run_trace(argv[2], argv + 3);
	} else if (argc == 5 && strcmp(argv[1], "--make") == 0) {
		make_trace(argv[2], argv[3], argv[4]);
	} else if (argc == 2 && strcmp(argv[1], "--check") == 0) {
		check_marks();
	} else if (argc == 2 && strcmp(argv[1], "--tuning") == 0) {
		run_all(WORKLOAD_TUNING_SEED, false);
	} else {
		bench_options_parse(argc, argv, &options);
		run_all(WORKLOAD_HELD_OUT_SEED, options.quick);
	}
	return 0;
}
