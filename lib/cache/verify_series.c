/* SPDX-License-Identifier: MIT */
/*
 * verify_series.c - checking a series.
 *
 * First what its records say of each other, in one transaction, which takes no
 * longer than a lookup of each segment.  Then the segments, each looked up in a
 * transaction of its own: a writer may change the series meanwhile, and the
 * next one is whatever follows in time then.
 */
#include "common.h"

#include "bar.h"
#include "coverage.h"
#include "decode.h"
#include "directory.h"
#include "entry.h"
#include "hit.h"
#include "segment.h"
#include "verify.h"

struct series_check {
	struct bc_cache *cache;
	struct bci_env *env;
	struct bci_lane *lane; /* while it looks something up */
	unsigned shard;        /* that the last pin is in */
	const char *key;
	size_t key_bytes;
	uint64_t id; /* of the entry when it was first looked at */
	struct bci_entry entry;
	const struct bc_schema *schema; /* NULL: no rows yet */
	const char *wrong;
};

/*
 * Look the series up in the lane's transaction.  BC_MISS if it is gone or
 * another entry now; BC_ABSENT if a new transaction is needed.
 */
static enum bc_status
series_find(struct series_check *check)
{
	enum bc_status status;

	status =
		bci_entry_get(check->lane->txn, &check->env->tables, check->key,
	                      check->key_bytes, &check->entry, NULL);
	if (status != BC_OK)
		return status;
	if (check->entry.head.kind != BC_SERIES ||
	    (check->id != 0 && check->entry.head.id != check->id))
		return BC_MISS;
	check->id = check->entry.head.id;
	check->schema = NULL;
	if (check->entry.head.schema != 0) {
		status = bci_env_schema(check->env, check->lane->txn,
		                        check->entry.head.schema,
		                        &check->schema);
		if (status != BC_OK)
			return status;
	}
	return bci_lane_knows(check->env, check->lane, &check->entry);
}

/* ---- records ----------------------------------------------------------- */

/* Check the tail, whose rows follow 'last_ns' if there are 'before' rows. */
static const char *
series_tail(const struct series_check *check, uint64_t before, int64_t last_ns)
{
	const struct bci_entry *entry = &check->entry;
	const struct bci_series_record *series = &entry->series;
	int64_t time_ns[BCI_TAIL_MAX];

	if (!bci_tail_is_sane(entry, check->schema))
		return "size of the newest rows";
	if (!bci_tail_is_whole(entry, check->schema))
		return "checksum of the newest rows";
	if (series->tail_rows == 0)
		return before != 0 && series->last_ns != last_ns
		               ? "last time of the series"
		               : NULL;
	memcpy(time_ns, entry->tail, 8ull * series->tail_rows);
	if ((before != 0 && time_ns[0] <= last_ns) ||
	    bci_bar_check_times(time_ns, series->tail_rows, NULL) != BC_OK)
		return "times of the newest rows do not ascend";
	if (time_ns[series->tail_rows - 1] != series->last_ns ||
	    (before == 0 && time_ns[0] != series->first_ns))
		return "first or last time of the series";
	return NULL;
}

/* Whether the segments are as many, with as many rows, as the record says. */
static enum bc_status
series_segments(struct series_check *check)
{
	const struct bci_series_record *series = &check->entry.series;
	uint64_t rows = 0, older_rows = 0, count = 0, older = 0;
	struct bci_directory directory;
	struct bci_locator locator;
	enum bc_status status;
	int64_t last_ns = 0;

	bci_directory_open(&directory, check->lane->txn, &check->env->tables,
	                   &check->entry);
	while ((status = bci_directory_next(&directory, &locator)) == BC_OK) {
		if (rows == 0 && locator.first_ns != series->first_ns)
			check->wrong = "first time of the series";
		rows += locator.rows;
		last_ns = locator.last_ns;
		count++;
		if (directory.among_older) {
			older++;
			older_rows += locator.rows;
		}
	}
	bci_directory_close(&directory);
	if (status == BC_CORRUPT)
		check->wrong = "its segments contradict each other";
	if (status != BC_MISS)
		return status == BC_CORRUPT ? BC_OK : status;
	if (count != (uint64_t)series->older_count + series->newer_count ||
	    older != series->older_count || older_rows != series->older_rows)
		check->wrong = "number of its segments";
	else if (rows + series->tail_rows != series->rows ||
	         (series->rows == 0 && series->open != 0))
		check->wrong = "number of its rows";
	else if (check->wrong == NULL)
		check->wrong = series_tail(check, rows, last_ns);
	return BC_OK;
}

static enum bc_status
series_coverage(struct series_check *check)
{
	struct bci_intervals set = { .allocator = &check->env->allocator };
	enum bc_status status;

	status = bci_coverage_load(check->lane->txn, &check->env->tables,
	                           check->id, &check->entry.series, &set);
	bci_intervals_free(&set);
	if (status == BC_CORRUPT) {
		check->wrong = "what is known of it";
		return BC_OK;
	}
	return status;
}

/*
 * All records of the series, as one transaction sees them.  BC_OK if there may
 * be segments to look at, else BC_MISS.
 */
static enum bc_status
series_records(struct series_check *check)
{
	enum bc_status status = BC_ABSENT;

	check->lane = bci_lane_take(check->env);
	for (int i = 0; status == BC_ABSENT && i <= BCI_HIT_RETRIES; i++) {
		status = bci_lane_begin(check->env, check->lane);
		if (status != BC_OK)
			break;
		status = series_find(check);
		if (status == BC_OK)
			status = series_segments(check);
		if (status == BC_OK && check->wrong == NULL)
			status = series_coverage(check);
		bci_lane_end(check->lane);
	}
	bci_lane_give(check->lane);
	if (status == BC_ABSENT || status == BC_CORRUPT) {
		check->wrong = "catalogue record";
		return BC_MISS; /* Nothing can be found through it. */
	}
	return status;
}

/* ---- segments ---------------------------------------------------------- */

/* Every byte of a segment; NULL or what is wrong. */
static const char *
series_bytes(const struct series_check *check, struct bci_map *map,
             const struct bci_locator *locator)
{
	const unsigned char *image = map->base + locator->offset;
	const struct bci_segment_claim claim = {
		.kind = BC_FRAME,
		.key = check->key,
		.key_bytes = check->key_bytes,
		.schema = check->schema,
	};
	const char *wrong;

	if (check->schema == NULL || !check->schema->has_time)
		return "it has no times";
	if (!bci_segment_is(image, locator, check->env->cache_id, check->id))
		return "another segment";
	wrong = bci_map_check(map, locator, check->schema, BCI_CHECK_AGAIN);
	if (wrong == NULL)
		wrong = bci_segment_check_claim(image, &claim);
	if (wrong != NULL)
		return wrong;
	if (locator->codec == BCI_FORM_PACKED)
		return bci_decode_verify(check->env,
		                         &(struct bci_cold){ .image = image,
		                                             .locator = locator,
		                                             check->schema,
		                                             check->id });
	return bci_verify_times(
		(const int64_t *)(const void *)(image + locator->header_bytes),
		locator->rows, locator->first_ns, locator->last_ns);
}

/* Pin what a segment lies in; BC_ABSENT if its arena is gone. */
static enum bc_status
series_pin(struct series_check *check, const struct bci_locator *locator,
           struct bci_map **map)
{
	enum bc_status status =
		bci_hit_map(check->env, check->lane, locator, map);

	if (status == BC_OK) {
		check->shard = check->lane->index;
		bci_map_pin(*map, check->shard);
	}
	return status == BC_CORRUPT ? BC_ABSENT : status;
}

/*
 * Find the first segment that ends at or after 'from_ns' and pin what it lies
 * in.  BC_MISS if there is none.
 */
static enum bc_status
series_next(struct series_check *check, int64_t from_ns,
            struct bci_locator *locator, struct bci_map **map)
{
	struct bci_directory directory;
	enum bc_status status;

	check->lane = bci_lane_take(check->env);
	status = bci_lane_begin(check->env, check->lane);
	if (status != BC_OK)
		goto done;
	status = series_find(check);
	if (status == BC_OK) {
		bci_directory_open(&directory, check->lane->txn,
		                   &check->env->tables, &check->entry);
		status = bci_directory_seek(&directory, from_ns, locator);
		bci_directory_close(&directory);
		if (status == BC_OK)
			status = series_pin(check, locator, map);
	}
	bci_lane_end(check->lane);
done:
	bci_lane_give(check->lane);
	return status;
}

static enum bc_status
series_content(struct series_check *check, struct bc_verify_report *report)
{
	int64_t from_ns = INT64_MIN;
	struct bci_locator locator;
	struct bci_map *map = NULL;
	enum bc_status status;
	int retries = 0;

	for (;;) {
		const char *wrong = NULL;

		status = series_next(check, from_ns, &locator, &map);
		if (status == BC_ABSENT && retries++ < BCI_HIT_RETRIES)
			continue;
		if (status == BC_ABSENT)
			wrong = "its arena is gone";
		else if (status != BC_OK)
			break;
		retries = 0;
		report->segments++;
		report->bytes += locator.bytes;
		if (wrong == NULL) {
			wrong = series_bytes(check, map, &locator);
			bci_env_unpin(check->env,
			              &map->pins[check->shard].dropped);
		}
		if (wrong != NULL) {
			bci_hit_report(check->cache, check->env, &locator,
			               check->id, check->key, check->key_bytes,
			               wrong);
			report->bad_segments++;
			check->wrong = wrong;
		}
		if (locator.last_ns == INT64_MAX)
			return BC_OK;
		from_ns = locator.last_ns + 1;
	}
	if (status == BC_CORRUPT) {
		check->wrong = "its segments contradict each other";
		return BC_OK;
	}
	return status == BC_MISS ? BC_OK : status;
}

enum bc_status
bci_verify_series(struct bc_cache *cache, const char *key, size_t key_bytes,
                  struct bc_verify_report *report, const char **wrong)
{
	struct series_check check = {
		.cache = cache,
		.key = key,
		.key_bytes = key_bytes,
	};
	enum bc_status status;

	*wrong = NULL;
	status = bci_cache_env(cache, &check.env, NULL);
	if (status != BC_OK)
		return status;
	status = series_records(&check);
	if (status == BC_OK)
		status = series_content(&check, report);
	*wrong = check.wrong;
	return status == BC_MISS ? BC_OK : status;
}
