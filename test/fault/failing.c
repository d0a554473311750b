/* SPDX-License-Identifier: MIT */
/*
 * failing.c - rounds of a call in which ever later things fail.
 */
#include "failing.h"

#include "holds.h"
#include "lab.h"
#include "shim.h"

#define ROUNDS_MAX 3000

void
failing_holds(bool condition, const char *what)
{
	if (condition)
		return;
	print_error("%s: not so: %s\n", holds_trying, what);
	fail();
}

void
failing_begin(const struct failing_fault *fault, uint64_t at,
              struct test_memory *memory)
{
	struct fault_plan plan = { .calls = fault->calls,
		                   .mode = FAULT_FAIL,
		                   .error = fault->error,
		                   .at = at,
		                   .repeat = fault->repeat };

	atomic_store(&memory->fired, false);
	if (fault->calls == 0)
		atomic_store(&memory->fail_at,
		             atomic_load(&memory->requests) + at);
	else
		fault_arm(&plan);
}

bool
failing_end(const struct failing_fault *fault, struct test_memory *memory)
{
	atomic_store(&memory->fail_at, 0);
	fault_disarm();
	return fault->calls == 0 ? atomic_load(&memory->fired) : fault_fired();
}

uint64_t
failing_rounds(const char *name, const struct failing_fault *fault,
               struct test_memory *memory, failing_round *round,
               const void *subject)
{
	unsigned files = test_open_files();
	bool fired = true;
	uint64_t at;

	for (at = 1; fired && lab_in_time(); at += lab_step(1, 1)) {
		holds_try("%s, %s at %llu", name, fault->name,
		          (unsigned long long)at);
		failing_holds(at < ROUNDS_MAX, "an end");
		fired = round(subject, fault, at);
		lab_trials(fired);
		failing_holds(test_open_files() == files, "no file left open");
		failing_holds(atomic_load(&memory->live) == 0,
		              "no memory left");
	}
	return at - 1;
}
