/* SPDX-License-Identifier: MIT */
/*
 * warm.c - bringing entries into memory before they are needed.
 *
 * An entry is looked up and pinned as a read does it, but neither stamped nor
 * counted nor shown; then the pages of its segments are made ready, which is
 * one system call each.  Of a series the whole span is found and the segments
 * that do not touch the range are left alone: a search for its ends would look
 * into segments, and decode packed ones, that nobody has checked yet.
 *
 * The threads take the entries in order, one after another; the calling thread
 * is one of them.  They live as long as the call, and signals are blocked in
 * them, so that the handlers of the host run in its own threads.
 */
#include "common.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "alloc.h"
#include "clock.h"
#include "decode.h"
#include "error.h"
#include "key.h"
#include "mapping.h"
#include "piece.h"

#define THREADS_MAX 256
#define WARM_FLAGS (BC_WARM_VERIFY | BC_WARM_DRY_RUN)

struct warm {
	struct bc_cache *cache;
	const struct bc_warm_options *options;
	struct bc_warm_key *keys; /* names of those listed are ours */
	size_t count, room;
	uint64_t hot_limit;
	atomic_ullong hot_bytes; /* claimed of the limit */
	atomic_size_t next;
	atomic_bool ended;     /* the function said so */
	pthread_mutex_t mutex; /* of the function and the report */
	struct bc_warm_report *report;
};

/* One entry, while a thread is at it. */
struct warm_job {
	struct warm *warm;
	struct bci_env *env;
	struct bci_lane *lane;
	int64_t from_ns, to_ns; /* the last one is in it, if INT64_MAX */
	struct bc_warmed done;
};

/* ---- segments ---------------------------------------------------------- */

static bool
warm_wants(const struct warm_job *job, const struct bci_locator *locator)
{
	return locator->last_ns >= job->from_ns &&
	       (locator->first_ns < job->to_ns || job->to_ns == INT64_MAX);
}

/*
 * Count a segment, and make its pages ready unless it is a dry run.  BC_CORRUPT
 * if a reader marked it.
 */
static enum bc_status
warm_pages(struct warm_job *job, const struct bci_map *map,
           const struct bci_locator *locator, uint64_t entry_id)
{
	const unsigned char *image = map->base + locator->offset;
	const uint64_t inner = (uintptr_t)image % BCI_PAGE;

	job->done.segments++;
	job->done.bytes += locator->bytes;
	job->done.resident_bytes +=
		bci_min(bci_map_resident(image - inner, inner + locator->bytes),
	                locator->bytes);
	if (bci_slot_is_bad(&job->env->ledger, locator->slot,
	                    bci_segment_id(locator, entry_id)))
		return BC_CORRUPT;
	if ((job->warm->options->flags & BC_WARM_DRY_RUN) != 0 ||
	    bci_map_ready(image, locator->bytes))
		return BC_OK;
	return BC_IO;
}

/*
 * Whether a packed segment is to be decoded: it is not yet, and all that this
 * call decodes fits into the hot tier together.
 */
static bool
warm_claim(struct warm_job *job, const struct bci_locator *locator,
           const struct bc_schema *schema, uint64_t entry_id)
{
	const struct bci_segment_claim claim = {
		.key = job->done.key,
		.key_bytes = strlen(job->done.key),
		.schema = schema,
	};
	const uint64_t bytes =
		schema == NULL ? locator->bytes
			       : bci_layout_bytes(schema, locator->rows);
	struct warm *warm = job->warm;
	struct bci_hot *hot = bci_hot_find(
		job->env, bci_segment_id(locator, entry_id), locator, &claim);
	bool fits = atomic_fetch_add(&warm->hot_bytes, bytes) + bytes <=
	            warm->hot_limit;

	if (hot != NULL) {
		job->done.decoded_bytes += hot->body_bytes;
		bci_chunk_give(&hot->chunk, job->lane);
		return false;
	}
	if (!fits)
		atomic_fetch_sub(&warm->hot_bytes, bytes);
	return fits;
}

/* ---- entries that are no series ---------------------------------------- */

/* Check and decode what the hit shows, which is pinned. */
static enum bc_status
warm_hit(struct warm_job *job, const struct bci_hit *hit,
         const struct bci_wanted *wanted)
{
	const unsigned flags = job->warm->options->flags;
	const bool packed = hit->locator.codec == BCI_FORM_PACKED;
	enum bc_status status = BC_OK;
	struct bci_hot *hot;

	if (hit->map != NULL)
		status =
			warm_pages(job, hit->map, &hit->locator, hit->entry_id);
	if (status != BC_OK || (flags & BC_WARM_DRY_RUN) != 0)
		return status;
	if (packed || (flags & BC_WARM_VERIFY) != 0)
		status = bci_hit_check(job->warm->cache, job->env, hit, wanted,
		                       BCI_CHECK_HERE);
	if (status == BC_OK && packed && hit->map != NULL &&
	    warm_claim(job, &hit->locator, hit->schema, hit->entry_id)) {
		status = bci_hit_decode(job->env, job->lane, hit, wanted, &hot);
		if (status == BC_OK) {
			job->done.decoded_bytes += hot->body_bytes;
			bci_chunk_give(&hot->chunk, job->lane);
		} else if (status == BC_CORRUPT) {
			bci_hit_report(job->warm->cache, job->env,
			               &hit->locator, hit->entry_id,
			               wanted->key, wanted->key_bytes,
			               "what is packed");
		}
	}
	return status == BC_MISS ? BC_CORRUPT : status;
}

/* BC_COPY if it is a series; BC_ABSENT asks for a newer transaction. */
static enum bc_status
warm_value(struct warm_job *job, const struct bci_wanted *wanted, bool last)
{
	struct bci_hit hit = { .chunk = NULL };
	const unsigned shard = job->lane->index;
	const uint64_t newest = bci_env_newest(job->env);
	enum bc_status status = bci_lane_begin(job->env, job->lane);
	bool pinned;

	if (status != BC_OK)
		return status;
	if (bci_env_is_stale(job->env, newest))
		bci_env_drop_maps(job->env, job->lane, newest, wanted->now_ns);
	status = bci_hit_find(job->warm->cache, job->env, job->lane, wanted,
	                      &hit, &job->done.miss);
	pinned = status == BC_OK && hit.map != NULL;
	if (pinned)
		bci_map_pin(hit.map, shard);
	bci_lane_end(job->lane);
	if (status == BC_ABSENT && last)
		bci_hit_report(job->warm->cache, job->env, &hit.locator,
		               hit.entry_id, wanted->key, wanted->key_bytes,
		               "its arena is gone");
	if (status == BC_OK && (hit.schema == NULL || !hit.schema->has_time ||
	                        warm_wants(job, &hit.locator)))
		status = warm_hit(job, &hit, wanted);
	if (hit.chunk != NULL)
		bci_chunk_give(hit.chunk, job->lane);
	if (pinned)
		bci_map_unpin(hit.map, &hit.map->pins[shard].dropped);
	return status;
}

/* ---- series ------------------------------------------------------------ */

static enum bc_status
warm_piece(struct warm_job *job, struct bci_span *span, struct bci_piece *piece)
{
	const unsigned flags = job->warm->options->flags;
	const bool packed = bci_piece_is_packed(piece);
	enum bc_status status =
		warm_pages(job, piece->map, &piece->locator, span->entry_id);

	if (status != BC_OK || (flags & BC_WARM_DRY_RUN) != 0)
		return status;
	if (packed || (flags & BC_WARM_VERIFY) != 0)
		status = bci_piece_check(span, piece);
	if (status != BC_OK || !packed)
		return status == BC_MISS ? BC_CORRUPT : status;
	/* What the span found in the hot tier has its reference already. */
	if (bci_piece_is_closed(piece) &&
	    warm_claim(job, &piece->locator, span->schema, span->entry_id))
		status = bci_piece_open(span, job->lane, piece);
	if (status == BC_OK && !bci_piece_is_closed(piece))
		job->done.decoded_bytes += piece->body_bytes;
	return status == BC_MISS ? BC_CORRUPT : status;
}

/* All segments that touch the range, also behind one that is damaged. */
static enum bc_status
warm_series(struct warm_job *job, const struct bci_wanted *wanted, bool last)
{
	struct bci_query query = BCI_QUERY_ALL(wanted->key, wanted->key_bytes);
	enum bc_status status = bci_lane_begin(job->env, job->lane);
	enum bc_status result = BC_OK;
	struct bci_span span;

	if (status != BC_OK)
		return status;
	query.flags |= BC_READ_OPEN;
	query.now_ns = wanted->now_ns;
	status = bci_span_find(job->warm->cache, job->env, job->lane, &query,
	                       &span, &job->done.miss);
	bci_lane_end(job->lane);
	if (status == BC_ABSENT && last && span.lost.bytes != 0)
		bci_hit_report(job->warm->cache, job->env, &span.lost,
		               span.entry_id, wanted->key, wanted->key_bytes,
		               "its arena is gone");
	if (status != BC_OK)
		return status;
	for (size_t i = 0; i < span.count; i++) {
		struct bci_piece *piece = &span.pieces[i];

		if (piece->map == NULL || !warm_wants(job, &piece->locator))
			continue;
		status = warm_piece(job, &span, piece);
		if (status != BC_OK)
			result = status;
	}
	bci_span_close(&span, job->lane);
	return result;
}

/* ---- entries ----------------------------------------------------------- */

/* Look it up and do it, with a newer transaction where an arena is gone. */
static enum bc_status
warm_find(struct warm_job *job, const struct bci_wanted *wanted)
{
	enum bc_status status = BC_ABSENT;

	job->lane = bci_lane_take(job->env);
	for (int i = 0; status == BC_ABSENT && i <= BCI_HIT_RETRIES; i++) {
		const bool last = i == BCI_HIT_RETRIES;

		status = warm_value(job, wanted, last);
		if (status == BC_COPY)
			status = warm_series(job, wanted, last);
	}
	bci_lane_give(job->lane);
	if (status == BC_ABSENT ||
	    (status == BC_MISS && job->done.miss == BC_MISS_CORRUPT))
		return BC_CORRUPT;
	/* Not a range that can be read, though it was one when it was found. */
	return status == BC_INVALID ? BC_CORRUPT : status;
}

static void
warm_key(struct warm *warm, size_t index)
{
	const struct bc_warm_key *key = &warm->keys[index];
	struct bci_wanted wanted = {
		.key = key->key,
		.key_bytes = strlen(key->key),
		.now_ns = bci_clock_coarse_ns(),
	};
	struct warm_job job = {
		.warm = warm,
		.from_ns = INT64_MIN,
		.to_ns = INT64_MAX,
		.done = { .key = key->key, .index = index },
	};
	enum bc_status status;

	if (key->from_ns < key->to_ns) {
		job.from_ns = key->from_ns;
		job.to_ns = key->to_ns;
	}
	status = bci_key_possible(key->key, wanted.key_bytes)
	                 ? bci_cache_env(warm->cache, &job.env, NULL)
	                 : BC_KEY;
	if (status == BC_OK)
		status = warm_find(&job, &wanted);
	job.done.status = status;
	if (status != BC_MISS)
		job.done.miss = BC_MISS_NONE;
	pthread_mutex_lock(&warm->mutex);
	warm->report->entries++;
	warm->report->missing += status == BC_MISS;
	warm->report->damaged += status == BC_CORRUPT;
	warm->report->failed +=
		status != BC_OK && status != BC_MISS && status != BC_CORRUPT;
	warm->report->segments += job.done.segments;
	warm->report->bytes += job.done.bytes;
	warm->report->resident_bytes += job.done.resident_bytes;
	warm->report->decoded_bytes += job.done.decoded_bytes;
	if (warm->options->function != NULL && !atomic_load(&warm->ended) &&
	    warm->options->function(warm->options->context, &job.done) != 0)
		atomic_store(&warm->ended, true);
	pthread_mutex_unlock(&warm->mutex);
}

static void *
warm_work(void *argument)
{
	struct warm *warm = argument;
	size_t i;

	while (!atomic_load(&warm->ended) &&
	       (i = atomic_fetch_add(&warm->next, 1)) < warm->count)
		warm_key(warm, i);
	return NULL;
}

/* Work with as many threads as were asked for, or as there can be. */
static void
warm_run(struct warm *warm)
{
	pthread_t threads[THREADS_MAX];
	size_t started = 0, most = warm->options->threads;
	sigset_t all, before;

	if (most == 0)
		most = (size_t)bci_max((uint64_t)sysconf(_SC_NPROCESSORS_ONLN),
		                       1);
	most = (size_t)bci_min(bci_min(most, warm->count), THREADS_MAX);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	while (started + 1 < most &&
	       pthread_create(&threads[started], NULL, warm_work, warm) == 0)
		started++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	warm_work(warm);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}

/* ---- which ------------------------------------------------------------- */

/* Make room for another key. */
static bool
warm_grow(struct warm *warm)
{
	const struct bc_allocator *allocator = &warm->cache->allocator;
	size_t room =
		bci_max(2 * warm->room, bci_max(warm->options->key_count, 64));
	struct bc_warm_key *keys;

	if (warm->count < warm->room)
		return true;
	keys = bci_alloc(allocator, room, sizeof(*keys));
	if (keys == NULL)
		return false;
	if (warm->count != 0)
		memcpy(keys, warm->keys, warm->count * sizeof(*keys));
	bci_free(allocator, warm->keys);
	warm->keys = keys;
	warm->room = room;
	return true;
}

struct warm_listing {
	struct warm *warm;
	bool failed;
};

/* A bc_list_function. */
static int
warm_listed(void *context, const struct bc_info *info)
{
	struct warm_listing *listing = context;
	struct warm *warm = listing->warm;
	size_t bytes = strlen(info->key) + 1;
	char *key = bci_alloc(&warm->cache->allocator, bytes, 1);

	if (key == NULL || !warm_grow(warm)) {
		bci_free(&warm->cache->allocator, key);
		listing->failed = true;
		return 1;
	}
	memcpy(key, info->key, bytes);
	warm->keys[warm->count++] = (struct bc_warm_key){
		.key = key,
		.from_ns = warm->options->from_ns,
		.to_ns = warm->options->to_ns,
	};
	return 0;
}

/* The keys given, and behind them those that the filter selects. */
static enum bc_status
warm_gather(struct warm *warm, struct bc_error *err)
{
	const struct bc_warm_options *options = warm->options;
	struct warm_listing listing = { .warm = warm };
	enum bc_status status;

	if (!warm_grow(warm))
		return bci_fail(err, BC_NOMEM, "no memory for the keys");
	for (; warm->count < options->key_count; warm->count++)
		warm->keys[warm->count] = options->keys[warm->count];
	if (options->filter == NULL && options->keys != NULL)
		return BC_OK;
	status = bc_list(warm->cache, options->filter, warm_listed, &listing,
	                 err);
	if (listing.failed)
		return bci_fail(err, BC_NOMEM, "no memory for the keys");
	return status;
}

static void
warm_free(struct warm *warm)
{
	const struct bc_allocator *allocator = &warm->cache->allocator;

	for (size_t i = warm->options->key_count; i < warm->count; i++)
		bci_free(allocator, (char *)(uintptr_t)warm->keys[i].key);
	bci_free(allocator, warm->keys);
}

/* What may be decoded in all. */
static enum bc_status
warm_limit(struct warm *warm, struct bc_error *err)
{
	struct bci_env *env;
	enum bc_status status = bci_cache_env(warm->cache, &env, err);

	if (status != BC_OK)
		return status;
	pthread_mutex_lock(&env->hots.mutex);
	warm->hot_limit = env->hots.limit;
	pthread_mutex_unlock(&env->hots.mutex);
	return BC_OK;
}

enum bc_status
bc_warm(struct bc_cache *cache, const struct bc_warm_options *options,
        struct bc_warm_report *report, struct bc_error *err)
{
	static const struct bc_warm_options defaults = BC_WARM_OPTIONS_INIT;
	struct bc_warm_report ignored;
	struct warm warm = {
		.cache = cache,
		.options = options != NULL ? options : &defaults,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.report = report != NULL ? report : &ignored,
	};
	enum bc_status status;

	*warm.report = (struct bc_warm_report){ 0 };
	if (warm.options->struct_size != sizeof(*options) ||
	    (warm.options->flags & ~(unsigned)WARM_FLAGS) != 0 ||
	    (warm.options->keys == NULL && warm.options->key_count != 0))
		return bci_fail(err, BC_INVALID,
		                "unknown flags, no keys, or options that were "
		                "not begun with BC_WARM_OPTIONS_INIT");
	status = warm_limit(&warm, err);
	if (status != BC_OK)
		return status;
	status = warm_gather(&warm, err);
	if (status == BC_OK)
		warm_run(&warm);
	warm_free(&warm);
	pthread_mutex_destroy(&warm.mutex);
	return status;
}
