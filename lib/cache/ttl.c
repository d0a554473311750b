/* SPDX-License-Identifier: MIT */
/*
 * ttl.c - the rules of a cache: how long what is put under which keys lives.
 */
#include "common.h"

#include "error.h"
#include "key.h"
#include "rules.h"
#include "writer.h"

/* Rule 'index', in a transaction of its own. */
static enum bc_status
ttl_load(struct bci_env *env, unsigned index, struct bci_rule *rule)
{
	struct bci_lane *lane = bci_lane_take(env);
	enum bc_status status = bci_lane_begin(env, lane);

	if (status == BC_OK) {
		status = bci_rules_load(lane->txn, &env->tables, index, rule);
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	return status;
}

enum bc_status
bc_rules_get(struct bc_cache *cache, bc_rule_function *function, void *context,
             struct bc_error *err)
{
	enum bc_status status;
	struct bci_rule rule;
	struct bci_env *env;
	unsigned index = 0;

	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	status = bci_cache_env(cache, &env, err);
	if (status != BC_OK)
		return status;
	while ((status = ttl_load(env, index++, &rule)) == BC_OK) {
		const struct bc_rule shown = { rule.pattern, rule.ttl_ns };

		if (function(context, &shown) != 0)
			return BC_OK;
	}
	return status == BC_MISS
	               ? BC_OK
	               : bci_fail(err, status, "the rules of the cache: %s",
	                          bc_strerror(status));
}

static enum bc_status
ttl_check(const struct bc_rule *rules, size_t count, struct bc_error *err)
{
	if (count > BCI_RULES_MAX)
		return bci_fail(err, BC_INVALID,
		                "%zu rules; a cache has at most %u", count,
		                BCI_RULES_MAX);
	for (size_t i = 0; i < count; i++) {
		const char *pattern = rules[i].pattern;

		if (pattern == NULL || !bci_key_valid(pattern, strlen(pattern)))
			return bci_fail(err, BC_INVALID,
			                "rule %zu: a pattern is 1 to %d bytes "
			                "of UTF-8 without control characters",
			                i + 1, BC_KEY_MAX);
		if (rules[i].ttl_ns <= 0)
			return bci_fail(err, BC_INVALID,
			                "%s: a rule has a time to live, or "
			                "BC_TTL_NEVER",
			                pattern);
	}
	return BC_OK;
}

enum bc_status
bc_rules_set(struct bc_cache *cache, const struct bc_rule *rules, size_t count,
             struct bc_error *err)
{
	struct bci_writer writer;
	enum bc_status status;

	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	status = ttl_check(rules, count, err);
	if (status == BC_OK)
		status = bci_writer_open(cache, &writer, err);
	if (status != BC_OK)
		return status;
	status = bci_rules_store(writer.txn, &writer.env->tables, rules, count,
	                         err);
	if (status != BC_OK) {
		bci_writer_abort(&writer);
		return status;
	}
	writer.must_sync = true;
	return bci_writer_commit(&writer, err);
}
