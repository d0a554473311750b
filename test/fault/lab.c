/* SPDX-License-Identifier: MIT */
/*
 * lab.c - counting trials until there are enough of them, and the report.
 */
#include "lab.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
	const char *scenario; /* NULL: by itself */
	uint64_t seed, made;
	uint64_t wanted, done;
	double seconds, began;
	char note[300];
	char skipped[160];
} lab;

double
lab_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static uint64_t
lab_number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);
	uint64_t number;
	char *end;

	if (text == NULL)
		return otherwise;
	number = strtoull(text, &end, 0);
	if (*text == '\0' || *end != '\0') {
		fprintf(stderr, "%s is not a number: %s\n", name, text);
		exit(2);
	}
	return number;
}

static void
lab_begin(int argc, char **argv)
{
	lab.began = lab_now();
	lab.scenario = getenv("BARCACHE_LAB");
	lab.seed = lab_number("BARCACHE_SEED", test_mix((uint64_t)time(NULL),
	                                                (uint64_t)getpid()));
	lab.wanted = lab_number("BARCACHE_TRIALS", 1);
	lab.seconds = (double)lab_number("BARCACHE_SECONDS", 3600);
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
}

static int
lab_end(int failed)
{
	const char *name = lab.scenario != NULL ? lab.scenario : "-";

	if (failed == 0 && lab.done == 0 && lab.skipped[0] != '\0') {
		printf("lab %s skipped %s\n", name, lab.skipped);
		return lab.scenario != NULL ? TEST_CHILD_SKIPPED : 0;
	}
	printf("lab %s %" PRIu64 " %d %#" PRIx64 " %.1f %s\n", name, lab.done,
	       failed, lab.seed, lab_now() - lab.began, lab.note);
	return failed;
}

int
lab_main(int argc, char **argv, const char *name,
         const struct CMUnitTest *tests, size_t count)
{
	uint64_t before;
	int failed;

	lab_begin(argc, argv);
	do {
		before = lab.done;
		failed =
			_cmocka_run_group_tests(name, tests, count, NULL, NULL);
	} while (lab.scenario != NULL && failed == 0 && lab.done > before &&
	         lab.done < lab.wanted && lab_in_time());
	return lab_end(failed);
}

uint64_t
lab_seed(void)
{
	return lab.seed;
}

uint64_t
lab_next(void)
{
	return test_mix(lab.seed, lab.made++);
}

uint64_t
lab_part(uint64_t usual, uint64_t all)
{
	uint64_t part;

	if (lab.scenario == NULL || lab.wanted == 0)
		return TEST_TRIALS(usual);
	part = (lab.wanted * usual + all - 1) / all;
	return part < usual ? part : usual;
}

uint64_t
lab_step(uint64_t usual, uint64_t all)
{
	uint64_t step = TEST_SANITIZED ? 3 * usual : usual;

	if (lab.scenario != NULL)
		step = lab.wanted < all ? 2 * all / (lab.wanted + 1) : 1;
	return 1 + lab_next() % (step > 0 ? step : 1);
}

bool
lab_is_on(void)
{
	return lab.scenario != NULL;
}

bool
lab_in_time(void)
{
	return lab.scenario == NULL || lab.done == 0 ||
	       lab_now() - lab.began < lab.seconds;
}

double
lab_seconds(double usual)
{
	return lab.scenario == NULL ? usual : lab.seconds;
}

void
lab_trials(uint64_t count)
{
	lab.done += count;
}

void
lab_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(lab.note, sizeof(lab.note), format, arguments);
	va_end(arguments);
}

void
lab_skip(const char *reason)
{
	snprintf(lab.skipped, sizeof(lab.skipped), "%s", reason);
}
