/* SPDX-License-Identifier: MIT */
/*
 * census.c - what packing gives: segments by tier, columns by codec.
 *
 * By codec nothing is counted as it changes: it is asked for rarely, and a look
 * at the first bytes of each packed segment answers it for good.  Of what is
 * not packed the record of the entry says enough, and as long as nothing is
 * cold the sums of all segments, which every commit keeps, say it at once.
 */
#include "common.h"

#include "clock.h"
#include "decode.h"
#include "error.h"
#include "key.h"
#include "list.h"
#include "piece.h"

/* The public names of what is stored. */
_Static_assert((int)BC_CODECS == (int)BCI_CODECS &&
                       (int)BC_CODEC_DEC == (int)BCI_CODEC_DEC &&
                       (int)BC_CODEC_F32 == (int)BCI_CODEC_F32 &&
                       (int)BC_CODEC_BITS == (int)BCI_CODEC_BITS &&
                       (int)BC_CODEC_LZ4 == (int)BCI_CODEC_LZ4,
               "codecs");

struct census {
	struct bc_cache *cache;
	struct bci_env *env;
	struct bci_lane *lane;
	const char *only; /* this key and no other, or NULL */
	size_t only_bytes;
	bool found;
	struct bc_compression *out;
};

const char *
bc_codec_name(enum bc_codec codec)
{
	static const char *const names[BC_CODECS] = { "raw", "dec", "f32",
		                                      "bits", "lz4" };

	return (unsigned)codec < BC_CODECS ? names[codec] : "?";
}

/* ---- segments ---------------------------------------------------------- */

static void
census_add(struct bc_packed *sum, uint64_t count, uint64_t raw_bytes,
           uint64_t stored_bytes)
{
	sum->count += count;
	sum->raw_bytes += raw_bytes;
	sum->stored_bytes += stored_bytes;
}

/* The groups of a packed form. */
static void
census_pack(struct census *census, const struct bci_pack *pack)
{
	struct bci_pack_stats stats;

	for (uint32_t i = 0; i < pack->groups; i++) {
		if (bci_pack_share(pack, i, &stats) == BC_OK)
			census_add(&census->out->codecs[stats.codec],
			           stats.columns, stats.raw_bytes,
			           stats.packed_bytes);
	}
}

/* A segment whose map, if it is packed, is pinned. */
static void
census_segment(struct census *census, const struct bci_map *map,
               const struct bci_locator *locator, uint64_t entry_id,
               const struct bc_schema *schema)
{
	const uint64_t raw_bytes = bci_locator_raw_bytes(locator);
	const unsigned char *image = map->base + locator->offset;
	struct bci_packed packed;

	census_add(&census->out->tiers[bci_locator_tier(locator)], 1, raw_bytes,
	           locator->bytes);
	if (locator->codec != BCI_FORM_PACKED)
		return;
	census_add(&census->out->packed, 1, raw_bytes, locator->bytes);
	if (!bci_segment_is(image, locator, census->env->cache_id, entry_id) ||
	    bci_segment_check(image, locator, schema) != NULL ||
	    bci_packed_open(image, locator, schema, &packed) != NULL) {
		census->out->unreadable++;
		return;
	}
	census_pack(census, &packed.pack);
	if (packed.text_packed)
		census_pack(census, &packed.text_pack);
}

/* ---- entries ----------------------------------------------------------- */

/*
 * One that is no series, as its record had it or, if that is NULL, by looking
 * it up.  BC_COPY if it is a series now; BC_ABSENT asks for a newer
 * transaction.
 */
static enum bc_status
census_value(struct census *census, const struct bci_wanted *wanted,
             const struct bci_entry *entry)
{
	struct bci_hit hit = { .chunk = NULL };
	const unsigned shard = census->lane->index;
	enum bc_miss miss;
	enum bc_status status = bci_lane_begin(census->env, census->lane);

	if (status != BC_OK)
		return status;
	status = entry != NULL
	                 ? bci_hit_fill(census->env, census->lane, entry, &hit)
	                 : bci_hit_find(census->cache, census->env,
	                                census->lane, wanted, &hit, &miss);
	if (status == BC_OK && hit.map != NULL)
		bci_map_pin(hit.map, shard);
	bci_lane_end(census->lane);
	if (status != BC_OK)
		return status;
	if (hit.map != NULL) {
		census_segment(census, hit.map, &hit.locator, hit.entry_id,
		               hit.schema);
		bci_map_unpin(hit.map, &hit.map->pins[shard].dropped);
	} else {
		census_add(&census->out->tiers[BC_WARM], 1, hit.locator.bytes,
		           hit.locator.bytes);
		bci_chunk_give(hit.chunk, census->lane);
	}
	return BC_OK;
}

static enum bc_status
census_series(struct census *census, const struct bci_wanted *wanted)
{
	struct bci_query query = BCI_QUERY_ALL(wanted->key, wanted->key_bytes);
	enum bc_status status = bci_lane_begin(census->env, census->lane);
	struct bci_span span;
	enum bc_miss miss;

	if (status != BC_OK)
		return status;
	query.flags |= BC_READ_OPEN;
	query.now_ns = INT64_MIN; /* Whatever its age. */
	status = bci_span_find(census->cache, census->env, census->lane, &query,
	                       &span, &miss);
	bci_lane_end(census->lane);
	if (status != BC_OK)
		return status;
	for (size_t i = 0; i < span.count; i++) {
		const struct bci_piece *piece = &span.pieces[i];

		if (piece->map != NULL)
			census_segment(census, piece->map, &piece->locator,
			               span.entry_id, span.schema);
	}
	bci_span_close(&span, census->lane);
	return BC_OK;
}

/* Go by its record; look it up, with a newer transaction, where an arena that
 * this names is gone. */
static enum bc_status
census_entry(struct census *census, const char *key, size_t key_bytes,
             const struct bci_entry *entry)
{
	const struct bci_wanted wanted = {
		.key = key,
		.key_bytes = key_bytes,
		.now_ns = bci_clock_coarse_ns(),
		.stale = true,
	};
	enum bc_status status =
		bci_cache_env(census->cache, &census->env, NULL);

	if (status != BC_OK)
		return status;
	census->lane = bci_lane_take(census->env);
	status = entry->head.kind == BC_SERIES
	                 ? BC_ABSENT
	                 : census_value(census, &wanted, entry);
	for (int i = 0; status == BC_ABSENT && i <= BCI_HIT_RETRIES; i++) {
		status = census_value(census, &wanted, NULL);
		if (status == BC_COPY)
			status = census_series(census, &wanted);
	}
	bci_lane_give(census->lane);
	/* Gone meanwhile, or damaged: others say so. */
	return status == BC_NOMEM || status == BC_IO || status == BC_BUSY
	               ? status
	               : BC_OK;
}

/*
 * Count what the record of an entry names itself, if that is all of it and
 * nothing is packed: of most entries it is, and no file is looked at.
 */
static bool
census_record(struct census *census, const struct bci_entry *entry)
{
	struct bci_locator locator;

	if (entry->head.kind == BC_SERIES && entry->series.older_count != 0)
		return false;
	for (unsigned i = 0; i < entry->segment_count; i++) {
		bci_entry_locator(entry, i, &locator);
		if (locator.codec == BCI_FORM_PACKED)
			return false;
	}
	for (unsigned i = 0; i < entry->segment_count; i++) {
		bci_entry_locator(entry, i, &locator);
		census_add(&census->out->tiers[bci_locator_tier(&locator)], 1,
		           bci_locator_raw_bytes(&locator), locator.bytes);
	}
	return true;
}

static enum bc_status
census_visit(void *context, const struct bci_bytes *key,
             const struct bci_bytes *record)
{
	struct census *census = context;
	char name[BC_KEY_MAX + 1];
	struct bci_entry entry;
	enum bc_status status;

	if (census->only != NULL && key->size != census->only_bytes)
		return BC_MISS;
	census->found = true;
	if (bci_entry_read(key->data, key->size, record->data, record->size,
	                   &entry) != BC_OK ||
	    bci_entry_is_ghost(&entry))
		return BC_OK;
	memcpy(name, key->data, key->size);
	name[key->size] = '\0';
	status = census_record(census, &entry)
	                 ? BC_OK
	                 : census_entry(census, name, key->size, &entry);
	/* Of all keys that begin so the key itself is the first. */
	return status == BC_OK && census->only != NULL ? BC_MISS : status;
}

/* All of it at once, if the sums of the cache say it: nothing is cold. */
static bool
census_warm(struct census *census)
{
	struct bci_state_record state;

	if (bci_cache_env(census->cache, &census->env, NULL) != BC_OK ||
	    bci_env_read(census->env, NULL, &state, NULL) != BC_OK ||
	    state.live_cold_bytes != 0)
		return false;
	census_add(&census->out->tiers[BC_WARM], state.segments,
	           state.live_bytes, state.live_bytes);
	return true;
}

enum bc_status
bc_compression(struct bc_cache *cache, const char *key,
               struct bc_compression *out, struct bc_error *err)
{
	struct census census = { .cache = cache, .only = key, .out = out };
	struct bci_walk walk = { .function = census_visit, .context = &census };
	enum bc_status status;

	*out = (struct bc_compression){ .unreadable = 0 };
	if (key != NULL) {
		census.only_bytes = strlen(key);
		if (!bci_key_possible(key, census.only_bytes))
			return bci_fail(err, BC_KEY, "'%.100s' is no key", key);
		walk.prefix = key;
		walk.prefix_bytes = census.only_bytes;
	} else if (census_warm(&census)) {
		return BC_OK;
	}
	status = bci_walk(cache, &walk);
	if (status == BC_OK && key != NULL && !census.found)
		return bci_fail(err, BC_MISS, "there is no entry %s", key);
	if (status != BC_OK)
		return bci_fail(err, status, "cannot sum up what is packed: %s",
		                bc_strerror(status));
	return BC_OK;
}
