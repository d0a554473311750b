/* SPDX-License-Identifier: MIT */
/*
 * fetch.c - one fetch for all who want the same key.
 *
 * Whoever misses tries to get the lease of the key.  Who gets it looks again
 * (another may have finished just before), asks the function for what is still
 * missing, and gives the lease back; who does not get it waits for the end of
 * leases and looks again after each.  So a fetch that goes well serves all, one
 * that fails is tried again by one waiter after the other, and the death of who
 * fetches looks like a failure.
 *
 * After the deadline a waiter fetches without the lease; see turn.h for what
 * the other one hands over after that.
 *
 * Looking is not counted; a call that fetched counts as a miss and a hit.
 */
#include "common.h"

#include "ask.h"
#include "clock.h"
#include "entry.h"
#include "error.h"
#include "fetch.h"
#include "hash.h"
#include "hit.h"
#include "key.h"
#include "lease.h"
#include "query.h"

#define WAIT_DEFAULT_MS 60000
#define KNOWN_ALL (BC_KNOWN_BARS | BC_KNOWN_EMPTY | BC_KNOWN_OPEN)

/* What an entry was at a glance. */
struct fetch_glance {
	uint64_t revision; /* 0: there was none */
	/* Of a series, what a fetch of its newest part changes. */
	int64_t last_ns, open_from_ns, open_to_ns, fetched_ns;
	uint64_t last_row; /* a hash */
};

struct fetch {
	struct bc_cache *cache;
	struct bci_env *env;
	const struct bci_errand *errand;
	size_t key_bytes;
	const struct bc_fetch_options *options;
	int64_t wait_ns;
	int64_t deadline_ns;
	struct fetch_glance before; /* when the call had missed */
	struct bci_intervals done;  /* handed over to us, or left by it */
	bool asked, handed;
	bool settled; /* another has fetched what had not ended */
	bool shown;   /* the view is filled: with what is stale */
};

enum bc_status
bci_fetch_check(const struct bc_fetch_options *options, struct bc_error *err)
{
	if (options == NULL || options->struct_size != sizeof(*options))
		return bci_fail(err, BC_INVALID,
		                "fetch options were not begun with "
		                "BC_FETCH_OPTIONS_INIT");
	if ((options->flags & ~(unsigned)BC_FETCH_STALE) != 0)
		return bci_fail(err, BC_INVALID, "unknown fetch flags %#x",
		                options->flags);
	if (options->function == NULL)
		return bci_fail(err, BC_INVALID, "no function to fetch with");
	return BC_OK;
}

/* ---- looking ----------------------------------------------------------- */

/* A hash of the newest row, as far as it lies in the tail. */
static uint64_t
fetch_last_row(struct bci_env *env, struct bci_lane *lane,
               const struct bci_entry *entry)
{
	uint64_t rows = entry->series.tail_rows, hash = 0;
	const unsigned char *column = entry->tail;
	const struct bc_schema *schema;

	if (rows == 0 ||
	    bci_env_schema(env, lane->txn, entry->head.schema, &schema) !=
	            BC_OK ||
	    entry->tail_bytes != rows * schema->row_bytes)
		return 0;
	for (uint32_t i = 0; i < schema->column_count; i++) {
		size_t bytes = bc_type_bytes(schema->columns[i].type);

		hash = hash * 31 +
		       bci_hash64(column + (rows - 1) * bytes, bytes);
		column += rows * bytes;
	}
	return hash;
}

static enum bc_status
fetch_glance(struct fetch *fetch, struct fetch_glance *glance,
             struct bc_error *err)
{
	struct bci_lane *lane;
	struct bci_entry entry;
	struct bci_env *env;
	enum bc_status status;
	bool damaged;

	*glance = (struct fetch_glance){ 0 };
	/* Not that of the call: the function may return in a child of it. */
	status = bci_cache_env(fetch->cache, &env, err);
	if (status != BC_OK)
		return status;
	lane = bci_lane_take(env);
	status = bci_lane_begin(env, lane);
	if (status == BC_OK) {
		status = bci_entry_get(lane->txn, &env->tables,
		                       fetch->errand->key, fetch->key_bytes,
		                       &entry, &damaged);
		if (damaged)
			status = BC_OK;
		else if (status == BC_OK && !bci_entry_is_ghost(&entry))
			glance->revision = entry.head.revision;
		if (glance->revision != 0 && entry.head.kind == BC_SERIES) {
			glance->last_ns = entry.series.last_ns;
			glance->open_from_ns = entry.series.open_from_ns;
			glance->open_to_ns = entry.series.open_to_ns;
			glance->fetched_ns = entry.series.fetched_ns;
			glance->last_row = fetch_last_row(env, lane, &entry);
		}
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	if (status == BC_OK || status == BC_MISS)
		return BC_OK;
	return bci_fail(err, status, "cannot look up %s: %s",
	                fetch->errand->key, bc_strerror(status));
}

/* Whether an entry that is not ranged must be fetched: BC_MISS, or BC_OK. */
static enum bc_status
fetch_next_entry(struct fetch *fetch, struct bc_interval *gap,
                 struct bc_error *err)
{
	struct fetch_glance now;
	enum bc_status status;

	*gap = (struct bc_interval){ 0 };
	if (fetch->asked)
		return BC_OK;
	status = bc_exists(fetch->cache, fetch->errand->key, NULL);
	if (status != BC_OK && status != BC_MISS)
		return bci_fail(err, status, "cannot look up %s: %s",
		                fetch->errand->key, bc_strerror(status));
	if (status == BC_MISS || (fetch->cache->flags & BC_OPEN_REFRESH) == 0)
		return status;
	/* Only what was stored since will do. */
	status = fetch_glance(fetch, &now, err);
	if (status == BC_OK && now.revision == fetch->before.revision)
		status = BC_MISS;
	return status;
}

/*
 * Whether another has fetched, since the call began, what had not ended: then
 * that is as new as our own fetch would be.
 */
static enum bc_status
fetch_settle(struct fetch *fetch, struct bc_error *err)
{
	const struct fetch_glance *before = &fetch->before;
	struct fetch_glance now;
	enum bc_status status = BC_OK;

	if (fetch->asked || fetch->settled)
		return BC_OK;
	status = fetch_glance(fetch, &now, err);
	fetch->settled =
		status == BC_OK && (now.last_ns != before->last_ns ||
	                            now.open_from_ns != before->open_from_ns ||
	                            now.open_to_ns != before->open_to_ns ||
	                            now.fetched_ns != before->fetched_ns ||
	                            now.last_row != before->last_row);
	return status;
}

/* The first stretch that is missing, and not one that we were handed. */
static enum bc_status
fetch_next_gap(struct fetch *fetch, struct bc_interval *gap,
               struct bc_error *err)
{
	unsigned flags = fetch->settled ? BC_MISSING_SETTLED : 0;
	int64_t from_ns = fetch->errand->from_ns;
	struct bc_gap missing;
	enum bc_status status;
	size_t found;

	for (;;) {
		status = bc_missing(fetch->cache, &fetch->errand->key, 1,
		                    from_ns, fetch->errand->to_ns, flags,
		                    &missing, 1, &found, err);
		if (status != BC_OK || found == 0)
			return status;
		if (bci_intervals_missing(&fetch->done, KNOWN_ALL,
		                          missing.from_ns, missing.to_ns, gap))
			return BC_MISS;
		from_ns = missing.to_ns;
	}
}

/* What to ask for next: BC_MISS with *gap, or BC_OK if there is nothing. */
static enum bc_status
fetch_next(struct fetch *fetch, struct bc_interval *gap, struct bc_error *err)
{
	enum bc_status status;

	if (!fetch->errand->ranged)
		return fetch_next_entry(fetch, gap, err);
	status = fetch_settle(fetch, err);
	return status == BC_OK ? fetch_next_gap(fetch, gap, err) : status;
}

/* ---- asking ------------------------------------------------------------ */

/* Count a call of the caller's function. */
static void
fetch_count(struct fetch *fetch, int64_t took_ns)
{
	struct bci_ledger *ledger = &fetch->env->ledger;
	struct bci_lane *lane = bci_lane_take(fetch->env);

	bci_count(ledger, lane->index, BCI_COUNT_FETCHES, 1);
	bci_count(ledger, lane->index, BCI_COUNT_FETCH_NS, (uint64_t)took_ns);
	bci_lane_give(lane);
	bci_ledger_time(ledger, BC_OP_FETCH, took_ns);
}

static enum bc_status
fetch_ask(struct fetch *fetch, const struct bc_interval *gap,
          struct bc_error *err)
{
	struct bci_ask ask = {
		.fetch = {
			.cache = fetch->cache,
			.key = fetch->errand->key,
			.from_ns = gap->from_ns,
			.to_ns = gap->to_ns,
			.context = fetch->options->context,
		},
		.turn.ends_ns = bci_clock_monotonic_ns() + fetch->wait_ns,
		.done = &fetch->done,
	};
	struct fetch_glance glance = { 0 };
	struct bc_interval rest;
	enum bc_status status;
	int64_t begun_ns;

	status = fetch_glance(fetch, &glance, err);
	if (status != BC_OK)
		return status;
	begun_ns = bci_clock_monotonic_ns();
	ask.turn.revision = glance.revision;
	status = bci_ask(&ask, fetch->options->function, err);
	fetch_count(fetch, bci_clock_monotonic_ns() - begun_ns);
	fetch->asked = true;
	fetch->handed = fetch->handed || ask.handed;
	if (status != BC_OK)
		return status;
	/* Of what the function left alone it is not asked again. */
	/* NOLINTNEXTLINE(clang-analyzer-core.*): a gap was found */
	if (bci_intervals_missing(&fetch->done, KNOWN_ALL, gap->from_ns,
	                          gap->to_ns, &rest) &&
	    rest.from_ns == gap->from_ns && rest.to_ns == gap->to_ns &&
	    bci_intervals_set(&fetch->done, gap->from_ns, gap->to_ns,
	                      BC_KNOWN_BARS) != BC_OK)
		return bci_fail(err, BC_NOMEM, "%s: no memory to fetch",
		                fetch->errand->key);
	return BC_OK;
}

/* ---- showing ----------------------------------------------------------- */

/* Read the range; if 'stale', as far as it goes, and if it has expired. */
static enum bc_status
fetch_show_range(struct fetch *fetch, bool stale, struct bc_view *view)
{
	const struct bci_errand *errand = fetch->errand;
	const struct bci_query query = {
		.key = errand->key,
		.key_bytes = fetch->key_bytes,
		.columns = errand->columns,
		.by = BCI_BY_TIME,
		.flags = errand->flags | (stale ? BC_READ_PARTIAL : 0),
		.from_ns = errand->from_ns,
		.to_ns = errand->to_ns,
		.stale = stale,
	};

	return bci_query_read(fetch->cache, &query, view);
}

/* Get the entry; if 'stale', an expired one too. */
static enum bc_status
fetch_show_entry(struct fetch *fetch, bool stale, struct bc_view *view)
{
	struct bci_wanted wanted = {
		.key = fetch->errand->key,
		.key_bytes = fetch->key_bytes,
		.stale = stale,
	};

	return bci_hit_get(fetch->cache, &wanted, view);
}

/* What there is without waiting for anybody. */
static enum bc_status
fetch_show_stale(struct fetch *fetch, struct bc_view *view)
{
	return fetch->errand->ranged ? fetch_show_range(fetch, true, view)
	                             : fetch_show_entry(fetch, true, view);
}

/* What there is in the end; what we fetched may have expired by now. */
static enum bc_status
fetch_show(struct fetch *fetch, struct bc_view *view)
{
	return fetch->errand->ranged
	               ? fetch_show_range(fetch, false, view)
	               : fetch_show_entry(fetch, fetch->handed, view);
}

/* ---- one after another ------------------------------------------------- */

/*
 * Get the lease, or wait until nothing is missing, or until the deadline: BC_OK
 * in any case.  Where what is stale will do, do not wait.
 */
static enum bc_status
fetch_wait(struct fetch *fetch, struct bci_lease *lease, struct bc_view *view,
           struct bc_error *err)
{
	bool stale = (fetch->options->flags & BC_FETCH_STALE) != 0;
	struct bc_interval gap;
	enum bc_status status;

	do {
		unsigned ended = bci_lease_ended(fetch->env);
		int64_t rest_ns;

		status = bci_lease_try(lease, err);
		if (status != BC_BUSY)
			return status;
		if (stale && fetch_show_stale(fetch, view) == BC_OK) {
			bci_tally_add(fetch->env, BCI_COUNT_STALE, 1);
			fetch->shown = true;
			return BC_OK;
		}
		stale = false;
		rest_ns = fetch->deadline_ns - bci_clock_monotonic_ns();
		if (rest_ns <= 0)
			return BC_OK;
		bci_lease_wait(fetch->env, ended, rest_ns);
		status = fetch_next(fetch, &gap, err);
	} while (status == BC_MISS);
	return status;
}

/* Fetch what is missing, or wait for who does. */
static enum bc_status
fetch_fill(struct fetch *fetch, struct bc_view *view, struct bc_error *err)
{
	struct bci_lease lease = { .fd = -1 };
	struct bc_interval gap;
	enum bc_status status;

	BCI_TRY(fetch_glance(fetch, &fetch->before, err));
	BCI_TRY(bci_lease_open(&lease, fetch->env, fetch->errand->key,
	                       fetch->key_bytes, err));
	BCI_TRY(fetch_wait(fetch, &lease, view, err));
	while (!fetch->shown &&
	       (status = fetch_next(fetch, &gap, err)) == BC_MISS)
		BCI_TRY(fetch_ask(fetch, &gap, err));
done:
	bci_lease_close(&lease);
	bci_intervals_free(&fetch->done);
	return status;
}

/* The status of a read, with the reason in words. */
static enum bc_status
fetch_end(struct fetch *fetch, enum bc_status status,
          const struct bc_view *view, struct bc_error *err)
{
	const char *key = fetch->errand->key;

	if (status == BC_OK)
		return BC_OK;
	if (status == BC_MISS)
		return bci_fail(err, BC_MISS, "%s: %s", key,
		                bc_miss_name(view->miss));
	return bci_fail(err, status, "cannot read %s: %s", key,
	                bc_strerror(status));
}

static bool
fetch_may_store(const struct fetch *fetch)
{
	return !fetch->env->read_only &&
	       (fetch->cache->flags & BC_OPEN_READONLY) == 0;
}

/* The read that may be all there is to do. */
static enum bc_status
fetch_read(struct fetch *fetch, struct bc_view *view, struct bc_error *err)
{
	struct bc_interval gap;
	enum bc_status status;

	if (!fetch->errand->ranged ||
	    (fetch->cache->flags & BC_OPEN_BYPASS) != 0)
		return fetch_end(fetch,
		                 bc_get(fetch->cache, fetch->errand->key, view),
		                 view, err);
	status = fetch_next_gap(fetch, &gap, err);
	if (status == BC_OK)
		return fetch_end(fetch, fetch_show(fetch, view), view, err);
	if (status == BC_MISS) {
		bci_tally_add(fetch->env,
		              BCI_COUNT_MISSES + BC_MISS_NOT_COVERED, 1);
		view->miss = BC_MISS_NOT_COVERED;
	}
	return status;
}

static enum bc_status
fetch_check(const struct fetch *fetch, struct bc_error *err)
{
	const struct bci_errand *errand = fetch->errand;

	if (!bci_key_valid(errand->key, fetch->key_bytes))
		return bci_fail(err, BC_KEY, "'%.100s' is no key", errand->key);
	if (!errand->ranged)
		return BC_OK;
	if (errand->from_ns == INT64_MIN || errand->to_ns == INT64_MAX ||
	    errand->to_ns < errand->from_ns)
		return bci_fail(err, BC_INVALID,
		                "%s: a range to fetch has two ends, the first "
		                "before the second",
		                errand->key);
	if ((errand->flags & ~(unsigned)BCI_READ_FLAGS) != 0)
		return bci_fail(err, BC_INVALID, "unknown read flags %#x",
		                errand->flags);
	return BC_OK;
}

enum bc_status
bci_fetch(struct bc_cache *cache, const struct bci_errand *errand,
          const struct bc_fetch_options *options, struct bc_view *view,
          struct bc_error *err)
{
	uint32_t wait_ms =
		options->wait_ms != 0 ? options->wait_ms : WAIT_DEFAULT_MS;
	struct fetch fetch = {
		.cache = cache,
		.errand = errand,
		.key_bytes = strlen(errand->key),
		.options = options,
		.wait_ns = (int64_t)wait_ms * 1000000,
		.done.allocator = &cache->allocator,
	};
	enum bc_status status;

	*view = (struct bc_view){ 0 };
	status = fetch_check(&fetch, err);
	if (status == BC_OK)
		status = bci_cache_env(cache, &fetch.env, err);
	if (status == BC_OK)
		status = fetch_read(&fetch, view, err);
	else
		return status;
	if (status != BC_MISS || (cache->flags & BC_OPEN_BYPASS) != 0)
		return status;
	if (!fetch_may_store(&fetch))
		return bci_fail(err, BC_READONLY,
		                "%s: %s, and what is fetched could not be "
		                "stored",
		                errand->key, bc_miss_name(view->miss));
	fetch.deadline_ns = bci_clock_monotonic_ns() + fetch.wait_ns;
	status = fetch_fill(&fetch, view, err);
	if (status != BC_OK || fetch.shown)
		return status;
	return fetch_end(&fetch, fetch_show(&fetch, view), view, err);
}

/* One errand with options that were not checked yet. */
static enum bc_status
fetch_one(struct bc_cache *cache, const struct bci_errand *errand,
          const struct bc_fetch_options *options, struct bc_view *view,
          struct bc_error *err)
{
	enum bc_status status = bci_fetch_check(options, err);

	*view = (struct bc_view){ 0 };
	return status == BC_OK ? bci_fetch(cache, errand, options, view, err)
	                       : status;
}

enum bc_status
bc_get_or_fetch(struct bc_cache *cache, const char *key,
                const struct bc_fetch_options *options, struct bc_view *view,
                struct bc_error *err)
{
	const struct bci_errand errand = { .key = key };

	return fetch_one(cache, &errand, options, view, err);
}

enum bc_status
bc_read_or_fetch(struct bc_cache *cache, const char *key, int64_t from_ns,
                 int64_t to_ns, const char *const *columns, unsigned flags,
                 const struct bc_fetch_options *options, struct bc_view *view,
                 struct bc_error *err)
{
	const struct bci_errand errand = {
		.key = key,
		.ranged = true,
		.from_ns = from_ns,
		.to_ns = to_ns,
		.columns = columns,
		.flags = flags,
	};

	return fetch_one(cache, &errand, options, view, err);
}
