/* SPDX-License-Identifier: MIT */
/*
 * failing.h - a call with the first, second, third ... thing that it needs
 * failing, until none did.
 */
#ifndef BARCACHE_TEST_FAILING_H
#define BARCACHE_TEST_FAILING_H

#include "support.h"

/* What fails. */
struct failing_fault {
	const char *name;
	unsigned calls; /* enum fault_calls; 0 for the allocator */
	int error;
	bool repeat; /* and all of them behind the first */
};

/* Fail the test unless it is so, saying which round it was. */
void failing_holds(bool condition, const char *what);

/* Have number 'at' fail from now on; 'memory' is the cache's. */
void failing_begin(const struct failing_fault *fault, uint64_t at,
                   struct test_memory *memory);

/* Nothing fails any more; whether anything did. */
bool failing_end(const struct failing_fault *fault, struct test_memory *memory);

/* One round; whether anything failed in it. */
typedef bool failing_round(const void *subject,
                           const struct failing_fault *fault, uint64_t at);

/*
 * Rounds with number 1, 2, 3 ... failing, until none failed or the laboratory's
 * time is over.  Each leaves no file open and no memory of the cache's behind.
 * Returns how many there were.
 */
uint64_t failing_rounds(const char *name, const struct failing_fault *fault,
                        struct test_memory *memory, failing_round *round,
                        const void *subject);

#endif /* BARCACHE_TEST_FAILING_H */
