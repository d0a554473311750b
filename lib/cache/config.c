/* SPDX-License-Identifier: MIT */
/*
 * config.c - the settings that are stored with a cache.
 */
#include "common.h"

#include "create.h"
#include "error.h"
#include "expire.h"
#include "writer.h"

enum bc_status
bc_config_get(struct bc_cache *cache, struct bc_config *config,
              struct bc_error *err)
{
	struct bci_config_record record;
	enum bc_status status;
	struct bci_env *env;

	*config = (struct bc_config){ 0 };
	status = bci_cache_env(cache, &env, err);
	if (status == BC_OK)
		status = bci_env_read(env, &record, NULL, err);
	if (status != BC_OK)
		return status;
	*config = (struct bc_config){
		.durability = (enum bc_durability)record.durability,
		.warm_bytes = record.warm_bytes,
		.cold_bytes = record.cold_bytes,
		.value_max_bytes = record.value_max_bytes,
		.entries_max = record.entries_max,
		.sync_interval_ms = record.sync_interval_ms,
		.expire_interval_ms = record.expire_interval_ms != 0
		                              ? record.expire_interval_ms
		                              : BCI_EXPIRE_INTERVAL_MS,
		.ttl_ns = record.ttl_ns,
		.cold_ttl_ns = record.cold_ttl_ns,
		.policy = (enum bc_policy)record.policy,
		.low_percent = record.low_percent,
		.format_version = record.format_version,
		.cache_id = record.cache_id,
		.created_ns = record.created_ns,
		.frozen = record.frozen,
	};
	return BC_OK;
}

static enum bc_status
config_check(const struct bc_config *config, struct bc_error *err)
{
	if ((unsigned)config->durability > BC_SCRATCH)
		return bci_fail(err, BC_INVALID, "no durability %d",
		                (int)config->durability);
	if (config->warm_bytes < BCI_WARM_MIN)
		return bci_fail(err, BC_INVALID,
		                "a warm budget of %llu bytes; at least %u",
		                (unsigned long long)config->warm_bytes,
		                BCI_WARM_MIN);
	if (config->value_max_bytes == 0 ||
	    config->value_max_bytes > BCI_SEGMENT_MAX)
		return bci_fail(err, BC_INVALID,
		                "value_max_bytes is from 1 to %u",
		                BCI_SEGMENT_MAX);
	if (config->sync_interval_ms == 0)
		return bci_fail(err, BC_INVALID, "sync_interval_ms is 0");
	if (config->ttl_ns < 0 || config->cold_ttl_ns < 0)
		return bci_fail(err, BC_INVALID, "a negative time to live");
	if ((unsigned)config->policy > BC_POLICY_ADAPTIVE)
		return bci_fail(err, BC_INVALID, "no policy %d",
		                (int)config->policy);
	if (config->low_percent > 100)
		return bci_fail(err, BC_INVALID, "low_percent is at most 100");
	return BC_OK;
}

/* Going to another durability: what was promised before still holds. */
static enum bc_status
config_change_durability(struct bci_writer *writer,
                         const struct bci_config_record *next,
                         struct bc_error *err)
{
	uint64_t failed;
	enum bc_status status;

	/* The marker must be there before the first unsynced commit, and may
	 * go only once everything is on the disk. */
	if (next->durability == BC_SCRATCH)
		return bci_scratch_mark(writer->env->dir_fd, next, err);
	status = bci_writer_sync_arenas(writer, &failed, err);
	writer->config.durability = next->durability;
	return status;
}

enum bc_status
bc_config_set(struct bc_cache *cache, const struct bc_config *config,
              struct bc_error *err)
{
	struct bci_config_record next;
	struct bci_writer writer;
	enum bc_status status;

	status = config_check(config, err);
	if (status == BC_OK)
		status = bci_writer_open(cache, &writer, err);
	if (status != BC_OK)
		return status;
	next = writer.config;
	if (config->durability != BC_DURABILITY_DEFAULT)
		next.durability = (uint8_t)config->durability;
	next.warm_bytes = config->warm_bytes;
	next.cold_bytes = config->cold_bytes;
	next.value_max_bytes = config->value_max_bytes;
	next.entries_max = config->entries_max;
	next.sync_interval_ms = config->sync_interval_ms;
	next.expire_interval_ms = config->expire_interval_ms;
	next.ttl_ns = config->ttl_ns;
	next.cold_ttl_ns = config->cold_ttl_ns;
	next.policy = (uint8_t)config->policy;
	next.low_percent = (uint8_t)config->low_percent;
	if (next.durability == BC_SCRATCH ||
	    next.durability != writer.config.durability) {
		status = config_change_durability(&writer, &next, err);
		if (status != BC_OK)
			goto done;
	}
	status = bci_config_store(writer.txn, &writer.env->tables, &next, err);
	if (status != BC_OK)
		goto done;
	writer.must_sync = true;
	status = bci_writer_commit(&writer, err);
	if (status == BC_OK && next.durability != BC_SCRATCH)
		status = bci_scratch_mark(writer.env->dir_fd, &next, err);
	return status;
done:
	bci_writer_abort(&writer);
	return status;
}
