/* SPDX-License-Identifier: MIT */
/*
 * sequence.c - sequences of operations in children, and shorter ones.
 */
#include "sequence.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SHRINK_RUNS 600
#define LAST_WORDS 2000 /* bytes of what one that failed said */

struct sequence {
	const struct sequence_kind *kind;
	uint64_t setting;
	size_t count, room;
	unsigned char *ops;
	int messages; /* where the child's go; -1: nowhere */
};

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

	if (sequence->messages != STDERR_FILENO) {
		int fd = sequence->messages;

		if (fd < 0)
			fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
		dup2(fd, STDERR_FILENO);
	}
	sequence->kind->run(sequence->ops, sequence->count, sequence->setting);
}

static int
sequence_run(struct sequence *sequence, int messages)
{
	sequence->messages = messages;
	return test_child_run(sequence_child, sequence);
}

/* Run it; what it says is only shown if it fails, as it may not do so twice. */
static bool
sequence_works(struct sequence *sequence)
{
	char text[LAST_WORDS];
	FILE *file = tmpfile();
	size_t bytes;
	int code;

	require(file != NULL);
	code = sequence_run(sequence, fileno(file));
	if (code != 0) {
		if (fseek(file, -LAST_WORDS, SEEK_END) != 0)
			rewind(file);
		bytes = fread(text, 1, sizeof(text), file);
		fprintf(stderr, "it ended with %d:\n%.*s\n", code, (int)bytes,
		        text);
	}
	fclose(file);
	return code == 0;
}

static void
sequence_room(struct sequence *sequence, size_t count)
{
	sequence->ops =
		realloc(sequence->ops, (count + 1) * sequence->kind->op_bytes);
	require(sequence->ops != NULL);
	sequence->room = count;
}

/* ---- one that fails ------------------------------------------------------ */

/* Leave [first, first + count) out, unless it does not fail then. */
static void
sequence_without(struct sequence *sequence, size_t first, size_t count,
                 struct sequence *shorter)
{
	const size_t bytes = sequence->kind->op_bytes;
	size_t behind = sequence->count - first - count;

	memcpy(shorter->ops, sequence->ops, first * bytes);
	memcpy(shorter->ops + first * bytes,
	       sequence->ops + (first + count) * bytes, behind * bytes);
	shorter->setting = sequence->setting;
	shorter->count = first + behind;
	if (sequence_run(shorter, -1) == 0)
		return;
	sequence->count = shorter->count;
	memcpy(sequence->ops, shorter->ops, shorter->count * bytes);
}

static void
sequence_shrink(struct sequence *sequence)
{
	struct sequence shorter = { .kind = sequence->kind };
	int runs = 0;

	sequence_room(&shorter, sequence->count);
	for (size_t step = sequence->count / 2; step > 0; step /= 2) {
		for (size_t first = sequence->count;
		     first > 0 && runs < SHRINK_RUNS; runs++) {
			size_t count = first < step ? first : step;

			first -= count;
			sequence_without(sequence, first, count, &shorter);
		}
	}
	free(shorter.ops);
}

static void
sequence_print(const struct sequence *sequence, FILE *file)
{
	const struct sequence_kind *kind = sequence->kind;
	char text[SEQUENCE_TEXT];

	fprintf(file, "%s %" PRIu64 "\n", kind->setting, sequence->setting);
	for (size_t i = 0; i < sequence->count; i++) {
		kind->print(sequence->ops + i * kind->op_bytes, text);
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
	sequence_run(sequence, STDERR_FILENO);
	fail_msg("seed %" PRIu64, seed);
}

/* ---- those that are asked for -------------------------------------------- */

static void
sequence_read(struct sequence *sequence, const char *path)
{
	const struct sequence_kind *kind = sequence->kind;
	char line[SEQUENCE_TEXT], name[32];
	FILE *file = fopen(path, "re");

	require(file != NULL);
	require(fgets(line, sizeof(line), file) != NULL);
	require(sscanf(line, "%31s %" SCNu64, name, &sequence->setting) == 2);
	require(strcmp(name, kind->setting) == 0);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (sequence->count == sequence->room)
			sequence_room(sequence, 2 * sequence->room + 16);
		require(kind->parse(line,
		                    sequence->ops +
		                            sequence->count * kind->op_bytes));
		sequence->count++;
	}
	fclose(file);
}

void
sequence_run_all(const struct sequence_kind *kind, uint64_t seeds, size_t steps)
{
	struct sequence sequence = { .kind = kind, .messages = STDERR_FILENO };
	const char *path = getenv("BARCACHE_OPS");
	uint64_t first = number_of("BARCACHE_SEED", 1);

	steps = (size_t)number_of("BARCACHE_STEPS", steps);
	seeds = number_of("BARCACHE_SEEDS", TEST_TRIALS(seeds));
	if (path != NULL) {
		sequence_read(&sequence, path);
		if (getenv("BARCACHE_INLINE") != NULL)
			sequence_child(&sequence);
		else if (!sequence_works(&sequence))
			sequence_failed(&sequence, 0);
		seeds = 0;
	} else {
		sequence_room(&sequence, steps);
	}
	for (uint64_t seed = first; seed < first + seeds; seed++) {
		sequence.count = steps;
		kind->make(sequence.ops, steps, &sequence.setting, seed);
		if (!sequence_works(&sequence))
			sequence_failed(&sequence, seed);
	}
	free(sequence.ops);
}
