/* SPDX-License-Identifier: MIT */
/*
 * oracle.c - the history of operations, performing it, and checking a cache
 * against it.  An operation is worked out from its number whenever it is
 * needed; nothing is stored, so nothing can get out of step.
 */
#include "oracle.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fault/litter.h"

#define TOUCHES_MAX TEST_BATCH_MOST

/* The keys an operation touches; later ones win. */
struct operation {
	bool batch;
	unsigned count;
	unsigned index[TOUCHES_MAX];
	bool removes[TOUCHES_MAX];
};

static struct operation
operation_of(uint64_t seed, uint64_t number)
{
	struct operation operation = { .count = 1 };
	uint64_t word = test_mix(seed, number), choice = word % 20, touch;
	unsigned i;

	if (choice < 8) {
		operation.batch = true;
		operation.count = 2 + (unsigned)(word >> 8) % (TOUCHES_MAX - 1);
	}
	for (i = 0; i < operation.count; i++) {
		touch = test_mix(word, i);
		operation.index[i] = (unsigned)(touch % ORACLE_KEYS);
		if (operation.batch)
			operation.removes[i] =
				choice < 3 && (touch >> 32) % 3 == 0;
		else
			operation.removes[i] = choice < 11;
	}
	return operation;
}

uint64_t
oracle_version(uint64_t seed, unsigned index, uint64_t number)
{
	struct operation operation;
	unsigned i;

	for (; number > 0; number--) {
		operation = operation_of(seed, number);
		for (i = operation.count; i-- > 0;)
			if (operation.index[i] == index)
				return operation.removes[i] ? 0 : number;
	}
	return 0;
}

enum oracle_kind
oracle_kind(uint64_t seed, uint64_t number)
{
	struct operation operation = operation_of(seed, number);

	if (operation.batch)
		return ORACLE_BATCH;
	if (operation.removes[0])
		return ORACLE_REMOVE;
	return oracle_version(seed, operation.index[0], number - 1) == 0
	               ? ORACLE_PUT
	               : ORACLE_REPLACE;
}

void
oracle_key(const struct oracle *oracle, unsigned index, char key[24])
{
	snprintf(key, 24, "%s/%u", oracle->name, index);
}

struct operation_batch {
	const struct oracle *oracle;
	const struct operation *operation;
	uint64_t number;
};

static bool
operation_make(const void *context, unsigned number, struct test_value *value)
{
	const struct operation_batch *batch = context;
	const struct operation *operation = batch->operation;
	char key[24];

	oracle_key(batch->oracle, operation->index[number],
	           operation->removes[number] ? value->key : key);
	if (!operation->removes[number])
		test_value_make(value, key, batch->number, batch->oracle->seed);
	return !operation->removes[number];
}

static enum bc_status
operation_batch(const struct oracle *oracle, const struct operation *operation,
                struct bc_cache *cache, uint64_t number, struct bc_error *err)
{
	const struct operation_batch batch = { oracle, operation, number };

	return test_batch(cache, operation->count, operation_make, &batch, err);
}

enum bc_status
oracle_step(const struct oracle *oracle, struct bc_cache *cache,
            struct bc_error *err)
{
	uint64_t number = atomic_load(&oracle->progress->acked) + 1;
	struct operation operation = operation_of(oracle->seed, number);
	enum bc_status status;
	char key[24];

	atomic_store(&oracle->progress->started, number);
	oracle_key(oracle, operation.index[0], key);
	if (operation.batch)
		status =
			operation_batch(oracle, &operation, cache, number, err);
	else if (!operation.removes[0])
		status = test_put(cache, key, number, oracle->seed, err);
	else
		status = bc_remove(cache, key, err);
	if (status == BC_MISS && !operation.batch && operation.removes[0])
		status = BC_OK; /* There was nothing to remove. */
	if (status == BC_OK)
		atomic_store(&oracle->progress->acked, number);
	return status;
}

/* The version that a read found, 0 for an absent key; releases the view. */
static enum oracle_verdict
judge_view(const struct oracle *oracle, const char *key, enum bc_status status,
           struct bc_view *view, uint64_t *version)
{
	*version = 0;
	if (status == BC_MISS && view->miss == BC_MISS_ABSENT)
		return ORACLE_RIGHT;
	if (status != BC_OK) {
		fprintf(stderr, "oracle: process %d: %s: %s (%s)\n",
		        (int)getpid(), key, bc_status_name(status),
		        bc_miss_name(view->miss));
		return status == BC_MISS ? ORACLE_LOST : ORACLE_ERROR;
	}
	*version = test_view_version(view, key, oracle->seed);
	bc_view_release(view);
	if (*version != 0)
		return ORACLE_RIGHT;
	fprintf(stderr, "oracle: %s: wrong bytes\n", key);
	return ORACLE_WRONG;
}

enum oracle_verdict
oracle_read(const struct oracle *oracle, struct bc_cache *cache, unsigned index)
{
	uint64_t from = atomic_load(&oracle->progress->acked), version, n;
	enum oracle_verdict verdict;
	enum bc_status status;
	struct bc_view view;
	uint64_t until;
	char key[24];

	oracle_key(oracle, index, key);
	status = bc_get(cache, key, &view);
	verdict = judge_view(oracle, key, status, &view, &version);
	if (verdict != ORACLE_RIGHT)
		return verdict;
	until = atomic_load(&oracle->progress->started);
	for (n = from; n <= until; n++)
		if (oracle_version(oracle->seed, index, n) == version)
			return ORACLE_RIGHT;
	fprintf(stderr, "oracle: key %u shows version %llu, had %llu at %llu\n",
	        index, (unsigned long long)version,
	        (unsigned long long)oracle_version(oracle->seed, index, from),
	        (unsigned long long)from);
	return ORACLE_LOST;
}

/* Whether the versions found are the state after operation 'number'. */
static bool
state_is(const struct oracle *oracle, const uint64_t *versions, uint64_t number)
{
	unsigned i;

	for (i = 0; i < ORACLE_KEYS; i++)
		if (versions[i] != oracle_version(oracle->seed, i, number))
			return false;
	return true;
}

/* Say which keys are neither as before nor as after the operation. */
static enum oracle_verdict
state_explain(const struct oracle *oracle, const uint64_t *versions,
              uint64_t acked)
{
	enum oracle_verdict verdict = ORACLE_TORN;
	uint64_t before, after;
	unsigned i;

	for (i = 0; i < ORACLE_KEYS; i++) {
		before = oracle_version(oracle->seed, i, acked);
		after = oracle_version(oracle->seed, i, acked + 1);
		if (versions[i] == after && before == after)
			continue;
		fprintf(stderr, "oracle: key %u: %llu, expected %llu or %llu\n",
		        i, (unsigned long long)versions[i],
		        (unsigned long long)before, (unsigned long long)after);
		if (versions[i] != before && versions[i] != after)
			verdict = ORACLE_LOST;
	}
	return verdict;
}

/*
 * All versions from one point in time: beside other writers, and even after
 * them.  The commit of a writer that died between writing LMDB's meta page and
 * saying so becomes visible only with the next writer.
 */
static enum oracle_verdict
read_all_versions(const struct oracle *oracle, struct bc_cache *cache,
                  uint64_t versions[ORACLE_KEYS])
{
	struct bc_view views[ORACLE_KEYS];
	const char *names[ORACLE_KEYS];
	char keys[ORACLE_KEYS][24];
	enum oracle_verdict verdict = ORACLE_RIGHT, worse;
	enum bc_status status;
	unsigned i;

	for (i = 0; i < ORACLE_KEYS; i++) {
		oracle_key(oracle, i, keys[i]);
		names[i] = keys[i];
	}
	status = bc_get_many(cache, names, ORACLE_KEYS, views);
	if (status != BC_OK && status != BC_MISS) {
		fprintf(stderr, "oracle: %s\n", bc_status_name(status));
		return ORACLE_ERROR;
	}
	for (i = 0; i < ORACLE_KEYS; i++) {
		status = views[i].miss == BC_MISS_NONE ? BC_OK : BC_MISS;
		worse = judge_view(oracle, keys[i], status, &views[i],
		                   &versions[i]);
		verdict = worse != ORACLE_RIGHT ? worse : verdict;
	}
	return verdict;
}

static enum oracle_verdict
check_open(const struct oracle *oracle, struct bc_cache *cache)
{
	uint64_t acked = atomic_load(&oracle->progress->acked);
	uint64_t versions[ORACLE_KEYS];
	enum oracle_verdict verdict;

	verdict = read_all_versions(oracle, cache, versions);
	if (verdict != ORACLE_RIGHT)
		return verdict;
	if (state_is(oracle, versions, acked))
		return ORACLE_RIGHT;
	if (!state_is(oracle, versions, acked + 1))
		return state_explain(oracle, versions, acked);
	atomic_store(&oracle->progress->started, acked + 1);
	atomic_store(&oracle->progress->acked, acked + 1);
	return ORACLE_RIGHT;
}

enum oracle_verdict
oracle_check(const struct oracle *oracle)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	enum oracle_verdict verdict;
	struct bc_error err;
	enum bc_status status;

	options.checking = BC_CHECK_ALWAYS;
	status = bc_open(oracle->path, &options, &cache, &err);
	if (status == BC_ABSENT && atomic_load(&oracle->progress->acked) == 0)
		return ORACLE_RIGHT; /* It died before there was a cache. */
	if (status != BC_OK) {
		fprintf(stderr, "oracle: open: %s\n", err.message);
		return ORACLE_OPEN;
	}
	verdict = check_open(oracle, cache);
	bc_close(cache);
	return verdict;
}

static void
check_child(void *argument)
{
	_exit((int)oracle_check(argument));
}

int
oracle_check_in_child(const struct oracle *oracle)
{
	struct oracle copy = *oracle;

	return test_child_run(check_child, &copy);
}

enum oracle_verdict
oracle_litter(const struct oracle *oracle, struct bc_cache *cache)
{
	struct litter litter = { .also = NULL };
	struct bc_stats stats;
	struct bc_error err;

	if (bc_stats(cache, &stats, &err) != BC_OK) {
		fprintf(stderr, "oracle: stats: %s\n", err.message);
		return ORACLE_ERROR;
	}
	litter_count(&litter, oracle->path);
	if (litter.strangers == 0 && litter.arenas == stats.arenas)
		return ORACLE_RIGHT;
	fprintf(stderr, "oracle: %llu arena files, the cache knows %llu\n",
	        (unsigned long long)litter.arenas,
	        (unsigned long long)stats.arenas);
	return ORACLE_LITTER;
}
