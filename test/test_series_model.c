/* SPDX-License-Identifier: MIT */
/*
 * test_series_model.c - random operations on series, in a cache and in a model
 * of it that is too simple to be wrong.
 *
 * Each sequence follows from a seed and runs in a child, as a crash is a
 * result.  One that fails is made shorter as long as it still fails, printed,
 * and left in a file: BARCACHE_OPS=FILE repeats it.  BARCACHE_SEED and
 * BARCACHE_SEEDS say where to begin and how many sequences to run,
 * BARCACHE_STEPS how long they are.
 */
#include "support.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "model/world.h"

#define STEPS_MAX 4000
#define SHRINK_RUNS 600

/* A sequence of operations, and what they are performed on. */
struct sequence {
	uint64_t warm_bytes;
	size_t count;
	struct model_op ops[STEPS_MAX];
	bool quiet;
	uint64_t *done, *full; /* shared with the child */
};

static struct {
	uint64_t seed, seeds;
	size_t steps;
	const char *file;
} wanted;

static struct test_dir dir;

static uint64_t
number_of(const char *name, uint64_t fallback)
{
	const char *text = getenv(name);

	return text != NULL ? strtoull(text, NULL, 0) : fallback;
}

static void
sequence_child(void *argument)
{
	const struct sequence *sequence = argument;
	struct model_world world;
	int null;

	if (sequence->quiet) {
		null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		dup2(null, STDERR_FILENO);
	}
	model_world_begin(&world, dir.cache, sequence->warm_bytes);
	model_world_run(&world, sequence->ops, sequence->count);
	*sequence->done += world.done;
	*sequence->full += world.full;
	model_world_end(&world);
}

static int
sequence_run(struct sequence *sequence, bool quiet)
{
	test_remove_tree(dir.cache);
	sequence->quiet = quiet;
	return test_child_run(sequence_child, sequence);
}

/* ---- a sequence that fails ----------------------------------------------- */

/* Whether it fails without the operations [first, first + count). */
static bool
fails_without(const struct sequence *from, size_t first, size_t count,
              struct sequence *shorter)
{
	*shorter = *from;
	shorter->count -= count;
	memmove(shorter->ops + first, shorter->ops + first + count,
	        (shorter->count - first) * sizeof(*shorter->ops));
	return sequence_run(shorter, true) != 0;
}

static void
sequence_shrink(struct sequence *sequence)
{
	struct sequence *shorter = malloc(sizeof(*shorter));
	size_t step, first;
	int runs = 0;

	require(shorter != NULL);
	for (step = sequence->count / 2; step > 0; step /= 2) {
		for (first = sequence->count; first > 0 && runs < SHRINK_RUNS;
		     runs++) {
			size_t count = first < step ? first : step;

			first -= count;
			if (fails_without(sequence, first, count, shorter))
				*sequence = *shorter;
		}
	}
	free(shorter);
}

static void
sequence_print(const struct sequence *sequence, FILE *file)
{
	char text[MODEL_OP_TEXT];

	fprintf(file, "warm %" PRIu64 "\n", sequence->warm_bytes);
	for (size_t i = 0; i < sequence->count; i++) {
		model_op_print(&sequence->ops[i], text);
		fprintf(file, "%s\n", text);
	}
}

static void
sequence_failed(struct sequence *sequence, uint64_t seed)
{
	char path[] = "/tmp/barcache-ops-XXXXXX";
	int fd = mkstemp(path);
	FILE *file;

	fprintf(stderr, "seed %" PRIu64 " fails; making it shorter\n", seed);
	sequence_shrink(sequence);
	sequence_print(sequence, stderr);
	file = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (file != NULL) {
		sequence_print(sequence, file);
		fclose(file);
		fprintf(stderr, "BARCACHE_OPS=%s repeats it:\n", path);
	}
	sequence_run(sequence, false);
	fail_msg("seed %" PRIu64, seed);
}

static void
sequence_read(struct sequence *sequence, const char *path)
{
	char line[MODEL_OP_TEXT];
	FILE *file = fopen(path, "re");

	require(file != NULL);
	require(fgets(line, sizeof(line), file) != NULL);
	require(sscanf(line, "warm %" SCNu64, &sequence->warm_bytes) == 1);
	sequence->count = 0;
	while (fgets(line, sizeof(line), file) != NULL) {
		require(sequence->count < STEPS_MAX);
		require(model_op_parse(line,
		                       &sequence->ops[sequence->count++]));
	}
	fclose(file);
}

/* ---- tests --------------------------------------------------------------- */

static struct sequence *
sequence_new(void)
{
	uint64_t *counts = test_shared(2 * sizeof(*counts));
	struct sequence *sequence = calloc(1, sizeof(*sequence));

	require(sequence != NULL);
	sequence->done = counts;
	sequence->full = counts + 1;
	return sequence;
}

static int
setup(void **state)
{
	(void)state;
	test_dir_make_fast(&dir);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	test_dir_remove(&dir);
	return 0;
}

static void
a_cache_of_series_does_what_its_model_does(void **state)
{
	static const uint64_t budgets[] = { 8 << 20, 32 << 20, 64 << 20 };
	struct sequence *sequence = sequence_new();
	uint64_t i, seed;

	(void)state;
	for (i = 0; i < wanted.seeds; i++) {
		seed = wanted.seed + i;
		sequence->warm_bytes = budgets[seed % 3];
		sequence->count = wanted.steps;
		model_op_make(sequence->ops, sequence->count,
		              sequence->warm_bytes / 700, seed);
		if (sequence_run(sequence, true) != 0)
			sequence_failed(sequence, seed);
	}
	printf("operations %" PRIu64 ", of them without room %" PRIu64 "\n",
	       *sequence->done, *sequence->full);
	assert_true(*sequence->full * 5 < *sequence->done);
	free(sequence);
}

/* Of a file; in this process if BARCACHE_INLINE is set, for a debugger. */
static void
a_list_of_operations_repeats(void **state)
{
	struct sequence *sequence = sequence_new();

	(void)state;
	sequence_read(sequence, wanted.file);
	if (getenv("BARCACHE_INLINE") != NULL)
		sequence_child(sequence);
	else if (sequence_run(sequence, true) != 0)
		sequence_failed(sequence, 0);
	free(sequence);
}

#define TEST(function)                                                         \
	cmocka_unit_test_setup_teardown(function, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_cache_of_series_does_what_its_model_does),
	};
	static const struct CMUnitTest repeats[] = {
		TEST(a_list_of_operations_repeats),
	};

	wanted.seed = number_of("BARCACHE_SEED", 1);
	wanted.seeds = number_of("BARCACHE_SEEDS", 12);
	wanted.steps = (size_t)number_of("BARCACHE_STEPS", 100);
	if (wanted.steps > STEPS_MAX)
		wanted.steps = STEPS_MAX;
	wanted.file = getenv("BARCACHE_OPS");
	if (wanted.file != NULL)
		return cmocka_run_group_tests_name("series_model", repeats,
		                                   NULL, NULL);
	return cmocka_run_group_tests_name("series_model", tests, NULL, NULL);
}
