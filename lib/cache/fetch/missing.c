/* SPDX-License-Identifier: MIT */
/*
 * missing.c - what is known of series, and what is still to be fetched.
 *
 * One transaction for all keys, and for most of them one lookup: where the
 * newest interval, which lies in the entry record, covers the range there is
 * nothing else to look at.  Segments are looked at only while there are bad
 * ones that no writer has dropped yet.
 */
#include "common.h"

#include "clock.h"
#include "coverage.h"
#include "directory.h"
#include "entry.h"
#include "error.h"
#include "extent.h"
#include "freshness.h"
#include "hit.h"
#include "key.h"

#define KNOWN_FINAL (BC_KNOWN_BARS | BC_KNOWN_EMPTY)

struct missing {
	struct bci_env *env;
	struct MDB_txn *txn;
	int64_t now_ns;
	bool marked; /* there may be segments that are marked bad */
	struct bci_intervals known; /* of one key; its memory is used again */
};

/* Where the gaps go. */
struct missing_gaps {
	int64_t from_ns, to_ns;
	unsigned known; /* what is no gap: enum bc_known */
	struct bc_gap *gaps;
	size_t capacity, found;
};

/* ---- what is known of one entry ---------------------------------------- */

/* Whether a segment is marked bad. */
static bool
missing_is_bad(const struct missing *missing, const struct bci_locator *locator,
               uint64_t entry_id)
{
	return bci_slot_is_bad(&missing->env->ledger, locator->slot,
	                       bci_segment_id(locator, entry_id));
}

/* When the last bar of a frame ends. */
static int64_t
missing_frame_end(const char *key, const struct bci_locator *locator)
{
	uint64_t step = locator->step_ns > 0 ? (uint64_t)locator->step_ns : 0;
	const int64_t times[] = {
		(int64_t)((uint64_t)locator->last_ns - step),
		locator->last_ns,
	};

	return step != 0 ? bci_extent_end(key, times, 2)
	                 : bci_extent_end(key, &times[1], 1);
}

static enum bc_status
missing_load_frame(struct missing *missing, const char *key,
                   const struct bci_entry *entry)
{
	struct bci_locator locator;

	if (entry->segment_count == 0)
		return BC_OK;
	bci_entry_locator(entry, 0, &locator);
	if (!bci_locator_is_sane(&locator) || locator.rows == 0 ||
	    (missing->marked &&
	     missing_is_bad(missing, &locator, entry->head.id)))
		return BC_OK;
	return bci_intervals_set(&missing->known, locator.first_ns,
	                         missing_frame_end(key, &locator),
	                         BC_KNOWN_BARS);
}

/* Forget the times of segments that are marked bad, up to the next row. */
static enum bc_status
missing_drop_bad(struct missing *missing, const struct bci_entry *entry,
                 const struct missing_gaps *gaps)
{
	struct bci_directory directory;
	struct bci_locator locator;
	enum bc_status status;

	bci_directory_open(&directory, missing->txn, &missing->env->tables,
	                   entry);
	status = bci_directory_seek(&directory, gaps->from_ns, &locator);
	while (status == BC_OK && locator.first_ns < gaps->to_ns) {
		bool bad = missing_is_bad(missing, &locator, entry->head.id);
		int64_t from_ns = locator.first_ns;

		status = bci_directory_next(&directory, &locator);
		if (status != BC_OK && status != BC_MISS)
			break;
		if (bad &&
		    bci_intervals_remove(
			    &missing->known, from_ns,
			    status == BC_OK ? locator.first_ns
					    : bci_tail_begin(entry)) != BC_OK)
			status = BC_NOMEM;
	}
	if (status == BC_MISS)
		status = BC_OK;
	bci_directory_close(&directory);
	return status;
}

/* Load what is known of an entry into missing->known. */
static enum bc_status
missing_load(struct missing *missing, const char *key,
             const struct bci_entry *entry, const struct missing_gaps *gaps)
{
	enum bc_status status;

	missing->known.count = 0;
	if (entry->head.kind == BC_FRAME)
		return missing_load_frame(missing, key, entry);
	if (entry->head.kind != BC_SERIES)
		return BC_OK;
	status = bci_coverage_load(missing->txn, &missing->env->tables,
	                           entry->head.id, &entry->series,
	                           &missing->known);
	if (status == BC_OK && missing->marked)
		status = missing_drop_bad(missing, entry, gaps);
	return status;
}

/*
 * Look an entry up.  BC_MISS if nothing is known under the key: it is not there
 * or expired, or so damaged that a writer will put it anew; BC_ABSENT as
 * bci_lane_knows().
 */
static enum bc_status
missing_find(struct missing *missing, struct bci_lane *lane, const char *key,
             struct bci_entry *entry)
{
	size_t bytes = strlen(key);
	enum bc_status status;
	bool damaged;

	if (!bci_key_possible(key, bytes))
		return BC_MISS;
	status = bci_entry_get(missing->txn, &missing->env->tables, key, bytes,
	                       entry, &damaged);
	if (damaged)
		return BC_MISS;
	if (status != BC_OK)
		return status;
	if (bci_entry_is_ghost(entry) ||
	    (entry->head.expires_ns != 0 &&
	     entry->head.expires_ns <= missing->now_ns))
		return BC_MISS;
	return bci_lane_knows(missing->env, lane, entry);
}

/* ---- gaps -------------------------------------------------------------- */

static void
missing_add(struct missing_gaps *gaps, size_t key, int64_t from_ns,
            int64_t to_ns)
{
	if (from_ns >= to_ns)
		return;
	if (gaps->found < gaps->capacity)
		gaps->gaps[gaps->found] = (struct bc_gap){ .key = key,
			                                   .from_ns = from_ns,
			                                   .to_ns = to_ns };
	gaps->found++;
}

/* Whether nothing is missing, by the few records that say so: BC_OK. */
static enum bc_status
missing_is_covered(struct missing *missing, const struct bci_entry *entry,
                   const struct missing_gaps *gaps, unsigned known)
{
	const struct bci_series_record *series = &entry->series;

	if (missing->marked || entry->head.kind != BC_SERIES ||
	    ((known & BC_KNOWN_OPEN) == 0 &&
	     series->open_from_ns < gaps->to_ns &&
	     series->open_to_ns > gaps->from_ns))
		return BC_MISS;
	return bci_coverage_holds(missing->txn, &missing->env->tables, entry,
	                          gaps->from_ns, gaps->to_ns);
}

/*
 * What is no gap of one key: where what had not ended is fresh, that neither.
 * But whoever has to ask for what lies behind it anyway asks for both.
 */
static unsigned
missing_known(const struct missing *missing, const struct bci_entry *entry,
              const struct missing_gaps *gaps)
{
	const struct bci_series_record *series = &entry->series;

	if (entry->head.kind == BC_SERIES &&
	    gaps->to_ns <= series->open_to_ns &&
	    bci_is_fresh(series->fetched_ns, series->refresh_ns,
	                 missing->now_ns))
		return gaps->known | BC_KNOWN_OPEN;
	return gaps->known;
}

/* The gaps of one key. */
static enum bc_status
missing_key(struct missing *missing, struct bci_lane *lane, const char *key,
            size_t index, struct missing_gaps *gaps)
{
	int64_t from_ns = gaps->from_ns;
	struct bc_interval gap;
	struct bci_entry entry;
	enum bc_status status;
	unsigned known;

	status = missing_find(missing, lane, key, &entry);
	if (status == BC_MISS) {
		missing_add(gaps, index, from_ns, gaps->to_ns);
		return BC_OK;
	}
	if (status != BC_OK)
		return status;
	known = missing_known(missing, &entry, gaps);
	status = missing_is_covered(missing, &entry, gaps, known);
	if (status != BC_MISS)
		return status;
	status = missing_load(missing, key, &entry, gaps);
	if (status != BC_OK)
		return status;
	while (bci_intervals_missing(&missing->known, known, from_ns,
	                             gaps->to_ns, &gap)) {
		missing_add(gaps, index, gap.from_ns, gap.to_ns);
		from_ns = gap.to_ns;
	}
	return BC_OK;
}

/* Begin in a lane's transaction, which has begun. */
static void
missing_begin(struct missing *missing, struct bci_env *env,
              struct bci_lane *lane)
{
	missing->env = env;
	missing->txn = lane->txn;
	missing->now_ns = bci_clock_coarse_ns();
	missing->marked = bci_ledger_has_bad(&env->ledger);
}

/* All keys in one transaction; BC_ABSENT asks for another. */
static enum bc_status
missing_try(struct missing *missing, struct bci_env *env, struct bci_lane *lane,
            const char *const *keys, size_t count, struct missing_gaps *gaps,
            struct bc_error *err)
{
	enum bc_status status = bci_lane_begin(env, lane);
	const char *key = "the catalogue";

	gaps->found = 0;
	if (status == BC_OK) {
		missing_begin(missing, env, lane);
		for (size_t i = 0; status == BC_OK && i < count; i++) {
			key = keys[i];
			status = missing_key(missing, lane, key, i, gaps);
		}
		bci_lane_end(lane);
	}
	if (status == BC_OK)
		return BC_OK;
	return bci_fail(err, status, "cannot say what is missing of %s: %s",
	                key, bc_strerror(status));
}

enum bc_status
bc_missing(struct bc_cache *cache, const char *const *keys, size_t count,
           int64_t from_ns, int64_t to_ns, unsigned flags, struct bc_gap *gaps,
           size_t capacity, size_t *found, struct bc_error *err)
{
	struct missing missing = { .known.allocator = &cache->allocator };
	struct missing_gaps wanted = {
		.from_ns = from_ns,
		.to_ns = to_ns,
		.known = KNOWN_FINAL,
		.gaps = gaps,
		.capacity = capacity,
	};
	struct bci_lane *lane;
	struct bci_env *env;
	enum bc_status status;

	*found = 0;
	if (to_ns < from_ns)
		return bci_fail(err, BC_INVALID,
		                "a range that ends before it "
		                "begins");
	if ((flags & ~(unsigned)BC_MISSING_SETTLED) != 0)
		return bci_fail(err, BC_INVALID, "unknown flags %#x", flags);
	if ((flags & BC_MISSING_SETTLED) != 0)
		wanted.known |= BC_KNOWN_OPEN;
	if ((cache->flags & (BC_OPEN_BYPASS | BC_OPEN_REFRESH)) != 0) {
		for (size_t i = 0; i < count; i++)
			missing_add(&wanted, i, from_ns, to_ns);
		*found = wanted.found;
		return BC_OK;
	}
	status = bci_cache_env(cache, &env, err);
	if (status != BC_OK)
		return status;
	lane = bci_lane_take(env);
	for (int i = 0; i <= BCI_HIT_RETRIES; i++) {
		status = missing_try(&missing, env, lane, keys, count, &wanted,
		                     err);
		if (status != BC_ABSENT)
			break;
	}
	bci_lane_give(lane);
	bci_intervals_free(&missing.known);
	if (status == BC_ABSENT)
		return bci_fail(err, BC_CORRUPT,
		                "there are series, but not their tables");
	if (status == BC_OK)
		*found = wanted.found;
	return status;
}

/* ---- coverage ---------------------------------------------------------- */

/* What is known of a series, in one transaction; BC_ABSENT as above. */
static enum bc_status
coverage_try(struct missing *missing, struct bci_env *env,
             struct bci_lane *lane, const char *key)
{
	const struct missing_gaps all = {
		.from_ns = INT64_MIN,
		.to_ns = INT64_MAX,
	};
	struct bci_entry entry;
	enum bc_status status = bci_lane_begin(env, lane);

	if (status != BC_OK)
		return status;
	missing_begin(missing, env, lane);
	status = missing_find(missing, lane, key, &entry);
	if (status == BC_OK && entry.head.kind != BC_SERIES)
		status = BC_MISS;
	if (status == BC_OK)
		status = missing_load(missing, key, &entry, &all);
	bci_lane_end(lane);
	return status;
}

enum bc_status
bc_coverage(struct bc_cache *cache, const char *key, struct bc_interval *out,
            size_t capacity, size_t *count, struct bc_error *err)
{
	struct missing missing = { .known.allocator = &cache->allocator };
	struct bci_lane *lane;
	struct bci_env *env;
	enum bc_status status;

	*count = 0;
	status = bci_cache_env(cache, &env, err);
	if (status != BC_OK)
		return status;
	lane = bci_lane_take(env);
	for (int i = 0; i <= BCI_HIT_RETRIES; i++) {
		status = coverage_try(&missing, env, lane, key);
		if (status != BC_ABSENT)
			break;
	}
	bci_lane_give(lane);
	if (status == BC_OK) {
		*count = missing.known.count;
		capacity = (size_t)bci_min(capacity, *count);
		if (capacity != 0)
			memcpy(out, missing.known.items,
			       capacity * sizeof(*out));
	}
	bci_intervals_free(&missing.known);
	if (status == BC_OK)
		return BC_OK;
	if (status == BC_MISS)
		return bci_fail(err, BC_MISS, "there is no series %s", key);
	if (status == BC_ABSENT)
		status = BC_CORRUPT;
	return bci_fail(err, status, "cannot say what is known of %s: %s", key,
	                bc_strerror(status));
}
