/* SPDX-License-Identifier: MIT */
/*
 * place.c - moving an entry to a tier, at a caller's word.
 *
 * A series may have thousands of segments, so it goes in steps, each a commit
 * of its own: other writers get their turn, and what was moved stays moved.
 */
#include "common.h"

#include "directory.h"
#include "entry.h"
#include "error.h"
#include "key.h"
#include "shift.h"

/* Segments, and bytes of them, that are moved in one commit. */
#define PLACE_SEGMENTS 64
#define PLACE_BYTES (16u << 20)

struct place {
	struct bc_cache *cache;
	struct bci_env *env;
	const char *key;
	size_t key_bytes;
	enum bc_placement placement;
	struct bc_place_report *report;
	int64_t from_ns; /* segments that end before were looked at */
	bool more;       /* there are others behind the next ones */
	struct bci_locator next[PLACE_SEGMENTS];
	size_t count;
};

/* Whether a segment is to be moved. */
static bool
place_wants(const struct place *place, const struct bci_locator *locator)
{
	return locator->arena != 0 &&
	       bci_locator_is_cold(locator) !=
	               (place->placement == BC_PLACE_COLD);
}

/* Collect segments of a series from place->from_ns on. */
static enum bc_status
place_collect_series(struct place *place, struct bci_writer *writer,
                     const struct bci_entry *entry)
{
	struct bci_directory directory;
	struct bci_locator locator;
	uint64_t bytes = 0;
	enum bc_status status;

	bci_directory_open(&directory, writer->txn, &place->env->tables, entry);
	status = bci_directory_seek(&directory, place->from_ns, &locator);
	while (status == BC_OK && place->count < PLACE_SEGMENTS &&
	       bytes < PLACE_BYTES) {
		if (place_wants(place, &locator)) {
			place->next[place->count++] = locator;
			bytes += bci_locator_raw_bytes(&locator);
		}
		place->from_ns =
			locator.last_ns + (locator.last_ns != INT64_MAX);
		place->more = locator.last_ns != INT64_MAX;
		status = bci_directory_next(&directory, &locator);
	}
	bci_directory_close(&directory);
	if (status == BC_MISS)
		place->more = false;
	return status == BC_MISS ? BC_OK : status;
}

/* Collect what the next commit is to move. */
static enum bc_status
place_collect(struct place *place, struct bci_writer *writer,
              struct bc_error *err)
{
	struct bci_entry entry;
	enum bc_status status;

	place->count = 0;
	place->more = false;
	status = bci_entry_get(writer->txn, &place->env->tables, place->key,
	                       place->key_bytes, &entry, NULL);
	if (status == BC_OK && entry.head.kind == BC_SERIES)
		status = place_collect_series(place, writer, &entry);
	else if (status == BC_OK && entry.segment_count != 0 &&
	         entry.inlined == NULL) {
		bci_entry_locator(&entry, 0, place->next);
		place->count = place_wants(place, place->next);
	}
	if (status == BC_MISS)
		return bci_fail(err, status, "there is no entry %s",
		                place->key);
	return status == BC_OK ? BC_OK
	                       : bci_fail(err, status, "entry %s: %s",
	                                  place->key, bc_strerror(status));
}

/* Move one segment; what cannot be is counted. */
static enum bc_status
place_move(struct place *place, struct bci_writer *writer,
           const struct bci_locator *locator, struct bc_error *err)
{
	struct bc_place_report *report = place->report;
	enum bc_status status;

	if (place->placement == BC_PLACE_COLD)
		status = bci_demote(writer, place->key, place->key_bytes,
		                    locator, err);
	else
		status = bci_promote(writer, place->key, place->key_bytes,
		                     locator, err);
	if (status == BC_OK) {
		report->segments++;
		report->bytes += locator->bytes;
	} else if (status == BC_COPY || status == BC_MISS ||
	           status == BC_CORRUPT) {
		report->left++;
		status = BC_OK;
	}
	return status;
}

/* One commit. */
static enum bc_status
place_step(struct place *place, struct bc_error *err)
{
	uint64_t moved = place->report->segments;
	struct bci_writer writer;
	enum bc_status status;

	status = bci_writer_begin_tidy(place->cache, place->env,
	                               place->cache->lock_timeout_ns, &writer,
	                               err);
	if (status != BC_OK)
		return status;
	status = place_collect(place, &writer, err);
	for (size_t i = 0; status == BC_OK && i < place->count; i++)
		status = place_move(place, &writer, &place->next[i], err);
	if (status == BC_OK && place->report->segments != moved)
		return bci_writer_commit(&writer, err);
	bci_writer_abort(&writer);
	return status;
}

enum bc_status
bc_place(struct bc_cache *cache, const char *key, enum bc_placement placement,
         struct bc_place_report *report, struct bc_error *err)
{
	struct bc_place_report ignored;
	struct place place = {
		.cache = cache,
		.key = key,
		.key_bytes = strlen(key),
		.placement = placement,
		.report = report != NULL ? report : &ignored,
		.from_ns = INT64_MIN,
	};
	enum bc_status status;

	*place.report = (struct bc_place_report){ 0 };
	if (placement != BC_PLACE_WARM && placement != BC_PLACE_COLD)
		return bci_fail(err, BC_INVALID, "no tier to move %.100s to",
		                key);
	if (!bci_key_valid(key, place.key_bytes))
		return bci_fail(err, BC_KEY, "'%.100s' is no key", key);
	if ((cache->flags & BC_OPEN_BYPASS) != 0)
		return BC_OK;
	status = bci_cache_env(cache, &place.env, err);
	if (status != BC_OK)
		return status;
	do {
		status = place_step(&place, err);
	} while (status == BC_OK && place.more);
	return status;
}
