/* SPDX-License-Identifier: MIT */
/*
 * crowd.c - the processes of crowd.h.
 */
#include "chaos/crowd.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "chaos/strangers.h"

#define SERIES "crowd/spot/S/1m"
#define MINUTE INT64_C(60000000000)
#define ROWS_MOST 3000
#define ROWS_LIMIT 40000 /* from then on old ones are appended again */
#define HELD 6
#define SETTLED 64 /* rounds until one that looks on has what it needs */

static void
key_name(unsigned key, char name[24])
{
	snprintf(name, 24, "%s/%u", key < CROWD_PINNED ? "pinned" : "key", key);
}

/* A version that is a removal; pinned keys stay pinned, as they stay. */
static bool
is_removal(unsigned key, uint64_t version)
{
	return key >= CROWD_PINNED && version % 7 == 0;
}

struct bc_cache *
crowd_open(const struct crowd *crowd, const char *backtest)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	options.flags = BC_OPEN_CREATE;
	options.durability = crowd->durability;
	options.warm_bytes = crowd->warm_bytes;
	options.sync_interval_ms = 50;
	options.lock_timeout_ms = 60000;
	options.backtest = backtest;
	options.link_interval_ms = 20;
	options.hot_bytes = CROWD_HOT_BYTES;
	options.cold_bytes = 16 << 20;
	assert_status(bc_open(crowd->path, &options, &cache, &err), BC_OK,
	              &err);
	return cache;
}

/* A handle that was told of a failure may want to be opened anew. */
static bool must_reopen;

/* Whether a call was refused as it may be: what it was to do is not done. */
static bool
crowd_was_refused(const struct crowd *crowd, enum bc_status status)
{
	if (status == BC_FULL)
		return !crowd->strict;
	if (!crowd->faulty ||
	    (status != BC_IO && status != BC_NOSPACE && status != BC_NOMEM))
		return false;
	must_reopen = true;
	return true;
}

static struct bc_cache *
crowd_begin(const struct crowd *crowd)
{
	struct bc_cache *cache = crowd_open(crowd, NULL);

	if (crowd->opened != NULL)
		crowd->opened();
	return cache;
}

/* What the process has to do takes as long as it takes, but no step of it. */
static void
crowd_goes_on(void)
{
	alarm(test_child_seconds);
}

static void
crowd_reopen(const struct crowd *crowd, struct bc_cache **cache)
{
	if (!must_reopen)
		return;
	bc_close(*cache);
	*cache = crowd_open(crowd, NULL);
	must_reopen = false;
}

/* ---- the writer ---------------------------------------------------------- */

static enum bc_status
value_put(const struct crowd *crowd, struct bc_cache *cache, unsigned key,
          uint64_t version, struct bc_error *err)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	uint64_t word = test_mix(crowd->seed + version, key);
	uint64_t bytes = UINT64_C(64) << word % 11;
	struct test_value value;
	enum bc_status status;
	char name[24];

	if (key < CROWD_PINNED)
		bytes = 400;
	options.placement =
		(word >> 8) % 4 == 0 ? BC_PLACE_COLD : BC_PLACE_AUTO;
	key_name(key, name);
	if ((word >> 16) % 2 == 0)
		test_value_blob(&value, name, version, crowd->seed, bytes);
	else
		test_value_frame(&value, name, version, crowd->seed,
		                 1 + bytes / 56);
	status = value.kind == BC_BLOB ? bc_put_blob(cache, name, value.data,
	                                             value.bytes, &options, err)
	                               : bc_put(cache, name, &value.frame,
	                                        &options, NULL, err);
	test_value_free(&value);
	return status;
}

/* One key; what failed for want of room was not begun. */
static void
write_key(struct crowd *crowd, struct bc_cache *cache, unsigned key)
{
	struct crowd_key *shared = &crowd->shared->keys[key];
	uint64_t before = atomic_load(&shared->begun), version = before + 1;
	enum bc_status status;
	struct bc_error err;
	char name[24];

	key_name(key, name);
	atomic_store(&shared->begun, version);
	if (is_removal(key, version)) {
		status = bc_remove(cache, name, &err);
		status = status == BC_MISS ? BC_OK : status;
	} else {
		status = value_put(crowd, cache, key, version, &err);
	}
	if (crowd_was_refused(crowd, status)) {
		/* The version is not used again: nobody must ever see it. */
		atomic_fetch_add(&crowd->shared->full, 1);
		return;
	}
	assert_status(status, BC_OK, &err);
	if (key < CROWD_PINNED && version == 1)
		assert_status(bc_pin(cache, name, 1, &err), BC_OK, &err);
	atomic_store(&shared->done, version);
}

static void
write_rows(struct crowd *crowd, struct bc_cache *cache, uint64_t word)
{
	struct crowd_shared *shared = crowd->shared;
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	uint64_t first = atomic_load(&shared->rows_done), done = first;
	uint64_t count = 1 + word % ROWS_MOST;
	static int64_t time_ns[ROWS_MOST + 1], mark[ROWS_MOST + 1];
	struct bc_column column = { .name = "mark",
		                    .type = BC_I64,
		                    .data = mark };
	struct bc_frame frame = { count, time_ns, &column, 1 };
	enum bc_status status;
	struct bc_error err;

	if (done >= ROWS_LIMIT)
		first = (word >> 16) % (done - count);
	for (uint64_t i = 0; i < count; i++) {
		time_ns[i] = (int64_t)(first + i) * MINUTE;
		mark[i] = (int64_t)test_mix(crowd->seed, first + i);
	}
	if (first + count > atomic_load(&shared->rows_begun))
		atomic_store(&shared->rows_begun, first + count);
	options.from_ns = (int64_t)first * MINUTE;
	options.to_ns = (int64_t)(first + count) * MINUTE;
	status = bc_append(cache, SERIES, &frame, &options, NULL, &err);
	if (crowd_was_refused(crowd, status))
		return;
	assert_status(status, BC_OK, &err);
	if (first + count > done)
		atomic_store(&shared->rows_done, first + count);
}

/* What has expired when it is there, and waits for someone to remove it. */
static void
write_brief(const struct crowd *crowd, struct bc_cache *cache, uint64_t word)
{
	struct bc_put_options options = BC_PUT_OPTIONS_INIT;
	enum bc_status status;
	struct bc_error err;
	char name[24];

	options.ttl_ns = 1;
	snprintf(name, sizeof(name), "brief/%u", (unsigned)(word % 64));
	status = bc_put_blob(cache, name, name, sizeof(name), &options, &err);
	if (!crowd_was_refused(crowd, status))
		assert_status(status, BC_OK, &err);
}

void
crowd_create(void *argument)
{
	struct crowd *crowd = argument;
	struct bc_cache *cache = crowd_open(crowd, NULL);

	for (unsigned key = 0; key < CROWD_PINNED; key++)
		write_key(crowd, cache, key);
	bc_close(cache);
}

void
crowd_write(void *argument)
{
	struct crowd *crowd = argument;
	struct bc_cache *cache = crowd_begin(crowd);
	uint64_t number = 0;

	while (crowd->rounds == 0 || number < crowd->rounds) {
		uint64_t word =
			test_mix(crowd->seed + (uint64_t)getpid(), number++);

		if (word % 16 == 0)
			write_rows(crowd, cache, word >> 8);
		else if (word % 16 == 1)
			write_brief(crowd, cache, word >> 8);
		else
			write_key(crowd, cache,
			          (unsigned)(word >> 8) % CROWD_KEYS);
		atomic_fetch_add(&crowd->shared->operations, 1);
		crowd_reopen(crowd, &cache);
		crowd_goes_on();
	}
	bc_close(cache);
}

/* ---- what may be seen ---------------------------------------------------- */

/* Whether a miss for this reason may be, of a key that had these versions. */
static bool
miss_is_right(const struct crowd *crowd, unsigned key, enum bc_miss miss,
              uint64_t from, uint64_t until)
{
	bool evictable = !crowd->strict && key >= CROWD_PINNED;

	if (from == 0 || (miss == BC_MISS_EVICTED && evictable))
		return true;
	for (uint64_t version = from; version <= until; version++)
		if (is_removal(key, version) && miss == BC_MISS_ABSENT)
			return true;
	return miss == BC_MISS_ABSENT && evictable;
}

/* Get a key and judge what comes: its version, or 0 for a miss. */
static uint64_t
see_key(const struct crowd *crowd, struct bc_cache *cache, unsigned key,
        struct bc_view *view)
{
	struct crowd_key *shared = &crowd->shared->keys[key];
	uint64_t from = atomic_load(&shared->done), until, version;
	enum bc_status status;
	char name[24];

	key_name(key, name);
	status = bc_get(cache, name, view);
	until = atomic_load(&shared->begun);
	if (status != BC_OK) {
		assert_status(status, BC_MISS, NULL);
		if (!miss_is_right(crowd, key, view->miss, from, until))
			fprintf(stderr,
			        "%s is missing (%s), had %" PRIu64
			        " to %" PRIu64 "\n",
			        name, bc_miss_name(view->miss), from, until);
		require(miss_is_right(crowd, key, view->miss, from, until));
		return 0;
	}
	version = test_view_version(view, name, crowd->seed);
	if (version < from || version > until || is_removal(key, version))
		fprintf(stderr,
		        "%s shows %" PRIu64 ", had %" PRIu64 " to %" PRIu64
		        "\n",
		        name, version, from, until);
	require(version >= from && version <= until);
	require(version != 0 && !is_removal(key, version));
	return version;
}

static void
see_rows(const struct crowd *crowd, struct bc_cache *cache)
{
	uint64_t from = atomic_load(&crowd->shared->rows_done), until;
	const int64_t *time_ns, *mark;
	enum bc_status status;
	struct bc_view view;

	status = bc_read(cache, SERIES, 0, INT64_MAX, NULL, BC_READ_PARTIAL,
	                 &view);
	until = atomic_load(&crowd->shared->rows_begun);
	if (status == BC_MISS) {
		require(from == 0 || !crowd->strict);
		return;
	}
	assert_status(status, BC_OK, NULL);
	require(view.rows <= until);
	require(!crowd->strict || view.rows >= from);
	time_ns = bc_view_time(&view);
	mark = bc_view_find(&view, "mark", BC_I64);
	for (uint64_t i = 0; i < view.rows; i++)
		require(mark[i] ==
		        (int64_t)test_mix(crowd->seed,
		                          (uint64_t)(time_ns[i] / MINUTE)));
	bc_view_release(&view);
}

/* ---- readers ------------------------------------------------------------- */

struct held {
	struct bc_view view;
	unsigned key;
	uint64_t version;
};

static void
held_check(const struct crowd *crowd, struct held *held, bool release)
{
	char name[24];

	if (held->version == 0)
		return;
	key_name(held->key, name);
	require(test_view_version(&held->view, name, crowd->seed) ==
	        held->version);
	if (release) {
		bc_view_release(&held->view);
		held->version = 0;
	}
}

void
crowd_read(void *argument)
{
	struct crowd *crowd = argument;
	struct crowd_shared *shared = crowd->shared;
	struct bc_cache *cache = crowd_begin(crowd);
	struct held held[HELD];
	uint64_t word;

	memset(held, 0, sizeof(held));
	for (uint64_t n = 0; !atomic_load(&shared->stop); n++) {
		struct held *one;

		word = test_mix((uint64_t)getpid(), n);
		one = &held[word % HELD];
		held_check(crowd, one, true);
		one->key = (unsigned)(word >> 8) % CROWD_KEYS;
		one->version = see_key(crowd, cache, one->key, &one->view);
		if (n % 16 == 0)
			see_rows(crowd, cache);
		for (unsigned i = 0; i < HELD && n % 8 == 0; i++)
			held_check(crowd, &held[i], false);
		atomic_fetch_add(&shared->reads, 1);
		atomic_fetch_add(&shared->settled, n == SETTLED);
		if (n % 64 == 0) {
			crowd_goes_on();
			test_sleep_ms(1);
		}
	}
	for (unsigned i = 0; i < HELD; i++)
		held_check(crowd, &held[i], true);
	bc_close(cache);
}

void
crowd_link(void *argument)
{
	struct crowd *crowd = argument;
	struct bc_cache *cache = crowd_open(crowd, "crowd");
	const char *const tags[] = { "crowd", NULL };
	struct bc_view view;
	struct bc_error err;
	char name[24];

	for (uint64_t n = 0; !atomic_load(&crowd->shared->stop); n++) {
		unsigned key = (unsigned)test_mix(7, n) % CROWD_KEYS;
		enum bc_status status;

		if (see_key(crowd, cache, key, &view) != 0)
			bc_view_release(&view);
		key_name(key, name);
		status = bc_tag(cache, name, tags, n % 3, &err);
		require(status == BC_OK || status == BC_MISS);
		if (n % 4 == 0)
			assert_status(bc_flush(cache, &err), BC_OK, &err);
		atomic_fetch_add(&crowd->shared->linked, 1);
		atomic_fetch_add(&crowd->shared->settled, n == SETTLED);
		crowd_goes_on();
		test_sleep_ms(2);
	}
	bc_close(cache);
}

void
crowd_compact_once(struct crowd *crowd, struct bc_cache *cache, uint64_t word)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	enum bc_status status;
	struct bc_error err;

	if (word % 8 == 0)
		options.flags = BC_COMPACT_DRY_RUN;
	status = bc_compact(cache, &options, NULL, &err);
	if (status != BC_FULL && !crowd_was_refused(crowd, status))
		assert_status(status, BC_OK, &err);
	atomic_fetch_add(&crowd->shared->compactions, 1);
}

/* Move some keys to the other tier, as a user may, or a second reading. */
static void
care_place(struct bc_cache *cache, uint64_t word)
{
	enum bc_placement to = word % 2 == 0 ? BC_PLACE_COLD : BC_PLACE_WARM;
	enum bc_status status;
	struct bc_error err;
	char name[24];

	for (unsigned i = 0; i < 6; i++) {
		key_name((unsigned)test_mix(word, i) % CROWD_KEYS, name);
		status =
			bc_place(cache, i == 0 ? SERIES : name, to, NULL, &err);
		if (status != BC_FULL && status != BC_MISS &&
		    status != BC_TOO_LARGE)
			assert_status(status, BC_OK, &err);
	}
}

void
crowd_care(struct crowd *crowd, struct bc_cache *cache, enum crowd_care kind,
           uint64_t word)
{
	struct bc_compact_options options = BC_COMPACT_OPTIONS_INIT;
	enum bc_status status = BC_OK;
	struct bc_error err;

	switch (kind) {
	case CROWD_EXPIRE:
		status = bc_expire(cache, NULL, &err);
		break;
	case CROWD_DEMOTE:
		care_place(cache, word * 2);
		break;
	case CROWD_PROMOTE:
		care_place(cache, word * 2 + 1);
		break;
	case CROWD_MERGE:
		options.prefix = SERIES;
		status = bc_compact(cache, &options, NULL, &err);
		break;
	case CROWD_EVICT:
		options.flags = BC_COMPACT_TARGET;
		options.target_bytes = crowd->warm_bytes / 8;
		status = bc_compact(cache, &options, NULL, &err);
		break;
	case CROWD_COMPACT:
		status = bc_compact(cache, &options, NULL, &err);
		break;
	}
	if (status != BC_FULL && !(status == BC_MISS && options.prefix))
		assert_status(status, BC_OK, &err);
	atomic_fetch_add(&crowd->shared->compactions, 1);
}

void
crowd_compact(void *argument)
{
	struct crowd *crowd = argument;
	struct crowd_shared *shared = crowd->shared;
	struct bc_cache *cache = crowd_begin(crowd);

	for (uint64_t n = 0; !atomic_load(&shared->stop); n++) {
		crowd_compact_once(crowd, cache,
		                   test_mix((uint64_t)getpid(), n));
		crowd_reopen(crowd, &cache);
		crowd_goes_on();
	}
	bc_close(cache);
}

enum bc_status
crowd_import_once(struct bc_cache *cache, uint64_t word, struct bc_error *err)
{
	struct test_value value;
	struct bc_batch *batch = NULL;
	enum bc_status status;
	char key[40];

	snprintf(key, sizeof(key), "import/spot/R%u/1m", (unsigned)word % 8);
	test_value_frame(&value, key, 1, 1, 1440);
	status = bc_batch_begin(cache, &batch, err);
	if (status == BC_OK)
		status = bc_batch_append(batch, key, &value.frame, NULL, NULL,
		                         err);
	if (status == BC_OK)
		status = bc_batch_commit(&batch, err);
	else
		bc_batch_abort(batch);
	test_value_free(&value);
	return status;
}

void
crowd_import(void *argument)
{
	struct crowd *crowd = argument;
	struct bc_cache *cache = crowd_begin(crowd);
	enum bc_status status;
	struct bc_error err;

	for (uint64_t n = 0; !atomic_load(&crowd->shared->stop); n++) {
		status = crowd_import_once(
			cache, test_mix((uint64_t)getpid(), n), &err);
		if (!crowd_was_refused(crowd, status))
			assert_status(status, BC_OK, &err);
		crowd_reopen(crowd, &cache);
		crowd_goes_on();
		test_sleep_ms(5);
	}
	bc_close(cache);
}

/* ---- checking ------------------------------------------------------------ */

static int
sum_add(void *context, const struct bc_info *info)
{
	uint64_t *sum = context;

	sum[0]++;
	sum[1] += info->kind == BC_SERIES ? 0 : info->stored_bytes;
	return 0;
}

/*
 * Statistics and what bc_list() sums up, of one state: a reader may promote
 * what it reads again, and make room for it, between the two.
 */
static void
check_sum(struct bc_cache *cache, struct bc_stats *stats, uint64_t sum[2])
{
	struct bc_stats before;
	struct bc_error err;
	unsigned tries = 0;

	do {
		require(tries++ < 1000);
		sum[0] = sum[1] = 0;
		assert_status(bc_stats(cache, &before, &err), BC_OK, &err);
		assert_status(bc_list(cache, NULL, sum_add, sum, &err), BC_OK,
		              &err);
		assert_status(bc_stats(cache, stats, &err), BC_OK, &err);
	} while (before.entries != stats->entries ||
	         before.live_bytes != stats->live_bytes);
}

void
crowd_check(void *argument)
{
	struct crowd *crowd = argument;
	struct bc_cache *cache = crowd_open(crowd, NULL);
	struct bc_verify_report report;
	struct bc_stats stats;
	struct bc_view view;
	struct bc_error err;
	uint64_t sum[2];

	assert_status(bc_put_blob(cache, "settle", "now", 3, NULL, &err), BC_OK,
	              &err);
	for (unsigned key = 0; key < CROWD_KEYS; key++)
		if (see_key(crowd, cache, key, &view) != 0)
			bc_view_release(&view);
	see_rows(crowd, cache);
	assert_status(bc_verify(cache, NULL, NULL, NULL, &report, &err), BC_OK,
	              &err);
	check_sum(cache, &stats, sum);
	require(!crowd->strict || stats.total.evictions == 0);
	require(sum[0] == stats.entries && sum[1] <= stats.live_bytes);
	require(stats.warm_bytes <=
	        crowd->warm_bytes + 2 * bci_arena_capacity(crowd->warm_bytes));
	/* It grows while a reader that was interrupted amid a lookup waits. */
	require(stats.catalogue_bytes < 64 << 20);
	strangers_check(cache, crowd->path);
	bc_close(cache);
}
