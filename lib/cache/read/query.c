/* SPDX-License-Identifier: MIT */
/*
 * query.c - the calls that read a range of rows.
 *
 * Where all rows lie in one segment this is as cheap as a get: renew a pooled
 * transaction, a lookup or two, a search in the times, a look at the bits of
 * the blocks, a pin, a stamp, a counter; no system call, no lock, no
 * allocation.
 */
#include "common.h"

#include "clock.h"
#include "key.h"
#include "promote.h"
#include "query.h"

bool
bci_query_is_bypassed(struct bc_cache *cache, struct bc_view *view)
{
	struct bci_lane *lane;
	struct bci_env *env;

	if (BCI_LIKELY((cache->flags & (BC_OPEN_BYPASS | BC_OPEN_REFRESH)) ==
	               0))
		return false;
	*view = (struct bc_view){ .miss = BC_MISS_BYPASSED };
	if (bci_cache_env(cache, &env, NULL) == BC_OK) {
		lane = bci_lane_take(env);
		bci_tally_miss(env, lane, BC_MISS_BYPASSED);
		bci_lane_give(lane);
	}
	return true;
}

enum bc_status
bci_query_check(struct bc_cache *cache, struct bci_query *query,
                struct bc_view *view)
{
	BCI_ASSERT(view != NULL && query->key != NULL);
	if (BCI_UNLIKELY(bci_query_is_bypassed(cache, view)))
		return BC_MISS;
	*view = (struct bc_view){ .miss = BC_MISS_NONE };
	if ((query->flags & ~(unsigned)BCI_READ_FLAGS) != 0 ||
	    query->to_ns < query->from_ns)
		return BC_INVALID;
	query->key_bytes = strlen(query->key);
	if (!bci_key_possible(query->key, query->key_bytes))
		return BC_KEY;
	return BC_OK;
}

/* Look the rows up; BC_ABSENT asks for another try, unless this is the last. */
static enum bc_status
query_find(struct bc_cache *cache, struct bci_env *env, struct bci_lane *lane,
           const struct bci_query *query, bool last, struct bci_span *span,
           uint64_t *txnid, enum bc_miss *miss)
{
	uint64_t newest = bci_env_newest(env);
	enum bc_status status = bci_lane_begin(env, lane);

	if (BCI_UNLIKELY(status != BC_OK))
		return status;
	if (BCI_UNLIKELY(bci_env_is_stale(env, newest)))
		bci_env_drop_maps(env, lane, newest, query->now_ns);
	bci_env_tidy(env, query->now_ns);
	status = bci_span_find(cache, env, lane, query, span, miss);
	*txnid = bci_txn_id(lane->txn);
	bci_lane_end(lane);
	if (BCI_LIKELY(status != BC_ABSENT || !last))
		return status;
	if (span->lost.bytes != 0)
		bci_hit_report(cache, env, &span->lost, span->entry_id,
		               query->key, query->key_bytes,
		               "its arena is gone");
	*miss = BC_MISS_CORRUPT;
	return BC_MISS;
}

static enum bc_status
query_try(struct bc_cache *cache, struct bci_env *env, struct bci_lane *lane,
          const struct bci_query *query, int64_t begun_ns, bool last,
          struct bc_view *view)
{
	struct bci_stitch *stitch = NULL;
	enum bc_miss miss = BC_MISS_CORRUPT;
	enum bc_status status;
	struct bci_span span;
	uint64_t txnid;

	status =
		query_find(cache, env, lane, query, last, &span, &txnid, &miss);
	if (BCI_LIKELY(status == BC_OK)) {
		miss = BC_MISS_CORRUPT;
		status = bci_excerpt_check(&span, lane, span.first, span.end);
		if (BCI_LIKELY(status == BC_OK))
			status = bci_excerpt_show(&span, lane, span.first,
			                          span.end, query->flags,
			                          &stitch, view);
		if (BCI_LIKELY(status == BC_OK)) {
			bci_excerpt_stamp(&span, span.first, span.end,
			                  query->now_ns);
			bci_series_stamp(env, span.slot, span.entry_id,
			                 query->now_ns);
			bci_tally_hit(env, lane, view->tier, BC_OP_READ,
			              begun_ns, query->now_ns);
			bci_span_note(&span, lane, query->now_ns);
			if (stitch != NULL)
				bci_recent_add(lane, query, &span, txnid,
				               stitch, view);
			if (BCI_UNLIKELY(view->tier != BC_WARM))
				bci_promote_span(&span);
		}
		bci_span_close(&span, lane);
	}
	if (status == BC_MISS) {
		bci_tally_miss(env, lane, miss);
		bci_miss_note(cache, lane, query->key, query->key_bytes,
		              query->now_ns);
		*view = (struct bc_view){ .miss = miss };
	}
	return status;
}

enum bc_status
bci_query_read(struct bc_cache *cache, const struct bci_query *query,
               struct bc_view *view)
{
	struct bci_query dated = *query;
	enum bc_status status;
	struct bci_lane *lane;
	struct bci_env *env;
	int64_t begun_ns;

	*view = (struct bc_view){ .miss = BC_MISS_NONE };
	status = bci_cache_env(cache, &env, NULL);
	if (BCI_UNLIKELY(status != BC_OK))
		return status;
	dated.now_ns = bci_clock_coarse_ns();
	lane = bci_lane_take(env);
	begun_ns = bci_tally_begin(lane);
	if (bci_recent_read(cache, env, lane, &dated, begun_ns, view)) {
		bci_lane_give(lane);
		return BC_OK;
	}
	status = query_try(cache, env, lane, &dated, begun_ns, false, view);
	for (int i = 1; BCI_UNLIKELY(status == BC_ABSENT); i++)
		status = query_try(cache, env, lane, &dated, begun_ns,
		                   i == BCI_HIT_RETRIES, view);
	bci_lane_give(lane);
	if (BCI_UNLIKELY(status != BC_OK && status != BC_MISS))
		*view = (struct bc_view){ .miss = BC_MISS_NONE };
	return status;
}

enum bc_status
bci_query_find(struct bc_cache *cache, const struct bci_query *query,
               struct bci_span *span, enum bc_miss *miss)
{
	struct bci_query dated = *query;
	enum bc_status status;
	struct bci_lane *lane;
	struct bci_env *env;
	int64_t begun_ns;
	uint64_t txnid;

	*miss = BC_MISS_NONE;
	status = bci_cache_env(cache, &env, NULL);
	if (status != BC_OK)
		return status;
	dated.now_ns = bci_clock_coarse_ns();
	lane = bci_lane_take(env);
	begun_ns = bci_tally_begin(lane);
	status = BC_ABSENT;
	for (int i = 0; status == BC_ABSENT; i++)
		status = query_find(cache, env, lane, &dated,
		                    i == BCI_HIT_RETRIES, span, &txnid, miss);
	if (status == BC_MISS) {
		bci_tally_miss(env, lane, *miss);
		bci_miss_note(cache, lane, query->key, query->key_bytes,
		              dated.now_ns);
	} else if (status == BC_OK) {
		bci_series_stamp(env, span->slot, span->entry_id, dated.now_ns);
		bci_tally_hit(env, lane, span->tier, BC_OP_READ, begun_ns,
		              dated.now_ns);
		bci_span_note(span, lane, dated.now_ns);
	}
	bci_lane_give(lane);
	if (status != BC_MISS)
		*miss = BC_MISS_NONE;
	return status;
}

/* ---- the calls --------------------------------------------------------- */

static enum bc_status
query_answer(struct bc_cache *cache, struct bci_query *query,
             struct bc_view *view)
{
	enum bc_status status = bci_query_check(cache, query, view);

	return status == BC_OK ? bci_query_read(cache, query, view) : status;
}

enum bc_status
bc_read(struct bc_cache *cache, const char *key, int64_t from_ns, int64_t to_ns,
        const char *const *columns, unsigned flags, struct bc_view *view)
{
	struct bci_query query = {
		.key = key,
		.columns = columns,
		.by = BCI_BY_TIME,
		.flags = flags,
		.from_ns = from_ns,
		.to_ns = to_ns,
	};

	return query_answer(cache, &query, view);
}

enum bc_status
bc_tail(struct bc_cache *cache, const char *key, uint64_t rows,
        const char *const *columns, unsigned flags, struct bc_view *view)
{
	struct bci_query query = {
		.key = key,
		.columns = columns,
		.by = BCI_BY_TAIL,
		.flags = flags,
		.count = rows,
	};

	return query_answer(cache, &query, view);
}

enum bc_status
bc_asof(struct bc_cache *cache, const char *key, int64_t time_ns,
        const char *const *columns, unsigned flags, struct bc_view *view)
{
	struct bci_query query = {
		.key = key,
		.columns = columns,
		.by = BCI_BY_MOMENT,
		.flags = flags,
		.from_ns = INT64_MIN,
		.to_ns = time_ns + (time_ns != INT64_MAX),
	};

	return query_answer(cache, &query, view);
}

enum bc_status
bc_read_rows(struct bc_cache *cache, const char *key, uint64_t first,
             uint64_t count, const char *const *columns, unsigned flags,
             struct bc_view *view)
{
	struct bci_query query = {
		.key = key,
		.columns = columns,
		.by = BCI_BY_ROWS,
		.flags = flags,
		.first = first,
		.count = count,
	};

	return query_answer(cache, &query, view);
}
