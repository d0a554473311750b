/* SPDX-License-Identifier: MIT */
/*
 * expire.c - when entries expire, and removing those that have.
 *
 * An entry is a miss from the moment it expires; removing it only gives its
 * room back.  So it is done in small steps: a few entries by ordinary commits
 * once the interval is over, all of them by bc_expire() and bc_compact().
 */
#include "common.h"

#include "clock.h"
#include "error.h"
#include "expire.h"
#include "freshness.h"
#include "rules.h"

/* Removed by one commit: of somebody who puts, and of bc_expire(). */
#define EXPIRE_SOME 16
#define EXPIRE_STEP 256

/* ---- when -------------------------------------------------------------- */

static int64_t
expire_later(int64_t now_ns, int64_t ttl_ns)
{
	int64_t later_ns;

	return __builtin_add_overflow(now_ns, ttl_ns, &later_ns) ? INT64_MAX
	                                                         : later_ns;
}

/* What a rule says of a key, or 'other' if none does. */
static enum bc_status
expire_rule(struct bci_writer *writer, const char *key, int64_t other_ns,
            int64_t *ttl_ns, struct bc_error *err)
{
	enum bc_status status =
		bci_rules_find(writer->txn, &writer->env->tables, key, ttl_ns);

	if (status == BC_OK)
		return BC_OK;
	*ttl_ns = other_ns;
	return status == BC_MISS
	               ? BC_OK
	               : bci_fail(err, status, "the rules of the cache");
}

enum bc_status
bci_expire_time(struct bci_writer *writer, const char *key, int64_t ttl_ns,
                int64_t *expires_ns, struct bc_error *err)
{
	enum bc_status status = BC_OK;

	if (ttl_ns == BC_TTL_DEFAULT)
		status = expire_rule(writer, key, writer->config.ttl_ns,
		                     &ttl_ns, err);
	*expires_ns = ttl_ns == BC_TTL_DEFAULT || ttl_ns == BC_TTL_NEVER
	                      ? 0
	                      : expire_later(writer->now_ns, ttl_ns);
	return status;
}

enum bc_status
bci_expire_refresh(struct bci_writer *writer, const char *key, int64_t ttl_ns,
                   int64_t refresh_ns, struct bci_series_record *series,
                   struct bc_error *err)
{
	enum bc_status status = BC_OK;

	if (refresh_ns == 0 && ttl_ns == BC_TTL_DEFAULT)
		status = expire_rule(writer, key, bci_freshness_default(key),
		                     &ttl_ns, err);
	if (refresh_ns == 0 && ttl_ns != BC_TTL_NONE)
		refresh_ns = expire_later(writer->now_ns, ttl_ns);
	series->refresh_ns = refresh_ns;
	series->fetched_ns = refresh_ns != 0 ? writer->now_ns : 0;
	return status;
}

int64_t
bci_expire_limit(const struct bci_writer *writer, int64_t expires_ns)
{
	int64_t ttl_ns = writer->config.cold_ttl_ns, limit_ns;

	if (ttl_ns == 0 || ttl_ns == BC_TTL_NEVER)
		return expires_ns;
	limit_ns = expire_later(writer->now_ns, ttl_ns);
	return expires_ns == 0 || expires_ns > limit_ns ? limit_ns : expires_ns;
}

/* ---- records ----------------------------------------------------------- */

enum bc_status
bci_expire_load(struct bci_writer *writer, const char *key, size_t key_bytes,
                struct bci_expire_entry *out)
{
	if (key_bytes == 0)
		return BC_MISS;
	return bci_entry_get_copy(writer->txn, &writer->env->tables, key,
	                          key_bytes, &out->stored, &out->entry, NULL);
}

enum bc_status
bci_expire_store(struct bci_writer *writer, const char *key, size_t key_bytes,
                 struct bci_expire_entry *entry, int64_t expires_ns,
                 struct bc_error *err)
{
	const struct bci_tables *tables = &writer->env->tables;
	struct bci_entry_record *head = &entry->entry.head;
	const struct bci_entry_record before = *head;
	enum bc_status status;

	head->expires_ns = expires_ns;
	memcpy(entry->stored.data, head, sizeof(*head));
	status = bci_table_put(writer->txn, tables->entries, key, key_bytes,
	                       entry->stored.data, entry->stored.bytes, err);
	return status != BC_OK
	               ? status
	               : bci_expiry_change(writer->txn, tables, key, key_bytes,
	                                   &before, head, err);
}

/* ---- removing ---------------------------------------------------------- */

/* Whether the record of the entry that a row names says the same. */
static enum bc_status
expire_check(struct bci_writer *writer, const struct bci_expiry *row,
             char key[BC_KEY_MAX + 1], bool *same, struct bc_error *err)
{
	struct bci_expire_entry entry;
	enum bc_status status;

	memcpy(key, row->key, row->key_bytes);
	key[row->key_bytes] = '\0';
	status = bci_expire_load(writer, key, row->key_bytes, &entry);
	/* NOLINTNEXTLINE(clang-analyzer-core.*): BC_OK came with the record */
	*same = status == BC_OK && entry.entry.head.id == row->entry_id &&
	        entry.entry.head.expires_ns == row->expires_ns;
	if (status != BC_OK && status != BC_MISS && status != BC_CORRUPT)
		return bci_fail(err, status, "the record of entry %s", key);
	return BC_OK;
}

/*
 * Remove the entry that a row names.  The row goes with it; if the entry's
 * record says something else, the row goes alone.
 */
static enum bc_status
expire_remove(struct bci_writer *writer, const struct bci_expiry *row,
              uint64_t *removed, struct bc_error *err)
{
	char key[BC_KEY_MAX + 1];
	bool same;
	enum bc_status status = expire_check(writer, row, key, &same, err);

	if (status != BC_OK)
		return status;
	if (same) {
		++*removed;
		writer->counted[BCI_COUNT_EXPIRATIONS]++;
		return bci_writer_remove(writer, key, row->key_bytes, err);
	}
	writer->must_sync = true; /* Or it is found again and again. */
	return bci_expiry_delete(writer->txn, &writer->env->tables,
	                         row->expires_ns, row->entry_id, err);
}

/* The first row from *row on, if it is due; else BC_MISS. */
static enum bc_status
expire_find(struct bci_writer *writer, struct bci_expiry *row,
            struct bc_error *err)
{
	enum bc_status status =
		bci_expiry_find(writer->txn, &writer->env->tables, row);

	if (status == BC_OK && row->expires_ns > writer->now_ns)
		return BC_MISS;
	return status == BC_OK || status == BC_MISS
	               ? status
	               : bci_fail(err, status, "the table of expiry");
}

enum bc_status
bci_expire_step(struct bci_writer *writer, uint64_t most, uint64_t *removed,
                struct bc_error *err)
{
	enum bc_status status = BC_OK;

	*removed = 0;
	while (status == BC_OK && writer->clock_settled && *removed < most) {
		struct bci_expiry row = { .expires_ns = INT64_MIN };

		status = expire_find(writer, &row, err);
		if (status == BC_OK)
			status = expire_remove(writer, &row, removed, err);
	}
	return status == BC_MISS ? BC_OK : status;
}

enum bc_status
bci_expire_count(struct bci_writer *writer, uint64_t most,
                 struct bci_expiry *row, uint64_t *count, struct bc_error *err)
{
	enum bc_status status = BC_OK;

	*count = 0;
	while (status == BC_OK && writer->clock_settled && *count < most) {
		char key[BC_KEY_MAX + 1];
		bool same;

		status = expire_find(writer, row, err);
		if (status == BC_OK)
			status = expire_check(writer, row, key, &same, err);
		if (status == BC_OK) {
			*count += same;
			row->entry_id++;
		}
	}
	return status == BC_MISS ? BC_OK : status;
}

enum bc_status
bci_expire_some(struct bci_writer *writer, bool *changed, struct bc_error *err)
{
	struct bci_env *env = writer->env;
	uint32_t interval_ms = writer->config.expire_interval_ms;
	int64_t age_ns = writer->now_ns - env->expired_ns;
	uint64_t removed;
	enum bc_status status;

	if (interval_ms == 0)
		interval_ms = BCI_EXPIRE_INTERVAL_MS;
	if (interval_ms == BC_EXPIRE_MANUAL ||
	    (age_ns >= 0 && age_ns < interval_ms * INT64_C(1000000)))
		return BC_OK;
	status = bci_expire_step(writer, EXPIRE_SOME, &removed, err);
	if (status != BC_OK && status != BC_CORRUPT)
		return status; /* A damaged table keeps nobody from putting. */
	*changed = *changed || removed != 0;
	if (removed < EXPIRE_SOME)
		env->expired_ns = writer->now_ns;
	return BC_OK;
}

/* One commit of bc_expire(). */
static enum bc_status
expire_commit(struct bc_cache *cache, struct bci_env *env, uint64_t *removed,
              struct bc_error *err)
{
	struct bci_writer writer;
	enum bc_status status;

	status = bci_writer_begin_tidy(cache, env, cache->lock_timeout_ns,
	                               &writer, err);
	if (status != BC_OK)
		return status;
	status = bci_expire_step(&writer, EXPIRE_STEP, removed, err);
	if (status == BC_OK && (*removed != 0 || writer.must_sync))
		return bci_writer_commit(&writer, err);
	bci_writer_abort(&writer);
	return status;
}

enum bc_status
bc_expire(struct bc_cache *cache, uint64_t *removed, struct bc_error *err)
{
	uint64_t step = EXPIRE_STEP, all = 0;
	enum bc_status status;
	struct bci_env *env;

	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	status = bci_cache_env(cache, &env, err);
	while (status == BC_OK && step == EXPIRE_STEP) {
		status = expire_commit(cache, env, &step, err);
		if (status == BC_OK)
			all += step;
	}
	if (removed != NULL)
		*removed = all;
	return status;
}
