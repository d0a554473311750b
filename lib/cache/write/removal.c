/* SPDX-License-Identifier: MIT */
/*
 * removal.c - bc_remove_where(): removing what a filter selects.
 *
 * What is to go is found without a lock, which may take long, and looked at
 * again under it: an entry that is another one by then, or not what was asked
 * for any more, stays.
 */
#include "common.h"

#include <stdlib.h>

#include "alloc.h"
#include "error.h"
#include "ids.h"
#include "key.h"
#include "keys.h"
#include "labelling.h"
#include "links.h"
#include "sieve.h"

#define REMOVAL_FLAGS                                                          \
	(BC_REMOVE_DRY_RUN | BC_REMOVE_FORCE | BC_REMOVE_DEPENDENTS)

/* Entries of one commit. */
#define REMOVAL_BATCH 65536

/* What is known of an entry that was found. */
enum removal_flags {
	REMOVAL_SELECTED = 1,  /* by the filter */
	REMOVAL_DEPENDENT = 2, /* made of one that goes */
	REMOVAL_PINNED = 4,
	REMOVAL_SHARED = 8, /* with another backtest */
	REMOVAL_GONE = 16,
	REMOVAL_EVICTED = 32 /* there is only a memory of it */
};

struct removal {
	struct bc_cache *cache;
	const struct bc_remove_options *options;
	const char *backtest; /* of the filter, or NULL */
	bool ages;            /* no entry goes that has changed meanwhile */
	bool dry, force;
	struct bci_keys keys;
	struct bci_ids ids;
	struct bci_found *found; /* the keys, sorted */
	size_t count;
	char *text; /* of an entry */
	struct bc_removed counts;
	struct bci_writer writer;
	struct bc_error *err;
};

#define REMOVAL_TEXT (BC_KEY_MAX + 2)

/* ---- finding ----------------------------------------------------------- */

/* Whether it stays, though it was found. */
static bool
removal_keeps(const struct removal *removal, unsigned flags)
{
	return !removal->force &&
	       (flags & (REMOVAL_PINNED | REMOVAL_SHARED)) != 0;
}

/* Whether another backtest than the filter's is linked with an entry. */
static enum bc_status
removal_is_shared(struct removal *removal, uint64_t entry_id, bool *shared)
{
	const struct bci_label label = {
		.entry_id = entry_id,
		.kind = BC_LABEL_BACKTEST,
		.text = removal->backtest,
		.text_bytes = strlen(removal->backtest),
	};
	enum bc_status status;
	struct bci_lane *lane;
	struct bci_env *env;

	status = bci_cache_env(removal->cache, &env, removal->err);
	if (status != BC_OK)
		return status;
	lane = bci_lane_take(env);
	status = bci_lane_begin(env, lane);
	if (status == BC_OK) {
		status = bci_label_other(lane->txn, &env->tables, &label);
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	*shared = status == BC_OK;
	return status == BC_MISS || status == BC_CORRUPT ? BC_OK : status;
}

/* Whether bci_info_load() found no more than the memory of an entry. */
static bool
removal_is_evicted(const struct bc_info *info)
{
	return info->kind == 0 && info->id != 0;
}

/* Take an entry into the list, unless it is there. */
static enum bc_status
removal_add(struct removal *removal, const struct bc_info *info, unsigned flags)
{
	struct bci_found found = {
		.id = info->id,
		.revision = info->revision,
		.bytes = info->stored_bytes,
		.flags = flags | (info->pinned ? REMOVAL_PINNED : 0) |
		         (removal_is_evicted(info) ? REMOVAL_EVICTED : 0),
		.key = info->key,
		.key_bytes = strlen(info->key),
	};
	enum bc_status status;
	bool shared;

	if (info->id != 0 && bci_ids_has(&removal->ids, info->id))
		return BC_OK;
	if (removal->backtest != NULL && (flags & REMOVAL_SELECTED) != 0) {
		status = removal_is_shared(removal, info->id, &shared);
		if (status != BC_OK)
			return status;
		found.flags |= shared ? REMOVAL_SHARED : 0;
	}
	status = bci_keys_add(&removal->keys, &found);
	if (status != BC_OK || info->id == 0)
		return status;
	status = bci_ids_reserve(&removal->ids, &removal->cache->allocator);
	if (status == BC_OK)
		bci_ids_add(&removal->ids, info->id);
	return status;
}

/* A bc_list_function; its failure is left in removal->err. */
struct removal_listed {
	struct removal *removal;
	enum bc_status status;
};

static int
removal_listed(void *context, const struct bc_info *info)
{
	struct removal_listed *listed = context;

	listed->status = removal_add(listed->removal, info, REMOVAL_SELECTED);
	return listed->status != BC_OK;
}

static enum bc_status
removal_select(struct removal *removal)
{
	struct removal_listed listed = { removal, BC_OK };
	enum bc_status status;

	if (removal->options->filter == NULL)
		return BC_OK;
	status = bci_sieve(removal->cache, removal->options->filter, true,
	                   removal_listed, &listed, removal->err);
	return status != BC_OK ? status : listed.status;
}

/* What is known of a key; one that is damaged can be removed, too. */
static enum bc_status
removal_info(struct removal *removal, const char *key, struct bc_info *info)
{
	size_t key_bytes = strlen(key);
	enum bc_status status;

	if (!bci_key_possible(key, key_bytes))
		return BC_MISS;
	status = bci_info_load(removal->cache, key, key_bytes, removal->text,
	                       REMOVAL_TEXT, info);
	if (status != BC_CORRUPT)
		return status == BC_MISS && info->id != 0 ? BC_OK : status;
	*info = (struct bc_info){ .key = key };
	return BC_OK;
}

static enum bc_status
removal_named(struct removal *removal)
{
	const char *const *key = removal->options->keys;
	struct bc_info info;
	enum bc_status status;

	for (; key != NULL && *key != NULL; key++) {
		status = removal_info(removal, *key, &info);
		if (status == BC_MISS ||
		    (status == BC_OK && removal_is_evicted(&info)))
			removal->counts.missing++;
		if (status == BC_OK)
			status = removal_add(removal, &info, 0);
		if (status != BC_OK && status != BC_MISS)
			return status;
	}
	return BC_OK;
}

/* A bc_label_function: what was made of an entry that goes. */
static int
removal_dependent(void *context, const struct bc_label *label)
{
	struct removal_listed *listed = context;
	struct bc_info info;

	listed->status = removal_info(listed->removal, label->key, &info);
	if (listed->status == BC_OK)
		listed->status =
			removal_add(listed->removal, &info, REMOVAL_DEPENDENT);
	if (listed->status == BC_MISS)
		listed->status = BC_OK; /* It is gone by itself. */
	return listed->status != BC_OK;
}

/* Add what was made of those in the list, which grows on the way. */
static enum bc_status
removal_dependents(struct removal *removal)
{
	struct removal_listed listed = { removal, BC_OK };
	enum bc_status status = BC_OK;
	char key[BC_KEY_MAX + 1];
	struct bci_found found;
	size_t at = 0;

	while (status == BC_OK && bci_keys_next(&removal->keys, &at, &found)) {
		if (removal_keeps(removal, found.flags))
			continue;
		memcpy(key, found.key, found.key_bytes + 1);
		status = bc_labelled(removal->cache, BC_LABEL_PARENT, key,
		                     removal_dependent, &listed, removal->err);
		if (status == BC_OK)
			status = listed.status;
	}
	return status;
}

static int
removal_compare(const void *left, const void *right)
{
	const struct bci_found *a = left, *b = right;

	return strcmp(a->key, b->key);
}

/* All that is to go, sorted. */
static enum bc_status
removal_find(struct removal *removal)
{
	const struct bc_allocator *allocator = &removal->cache->allocator;
	enum bc_status status;
	size_t at = 0;

	removal->text = bci_alloc(allocator, 1, REMOVAL_TEXT);
	if (removal->text == NULL)
		return BC_NOMEM;
	BCI_TRY(removal_named(removal));
	BCI_TRY(removal_select(removal));
	if ((removal->options->flags & BC_REMOVE_DEPENDENTS) != 0)
		BCI_TRY(removal_dependents(removal));
	removal->found = bci_alloc(allocator, removal->keys.count + 1,
	                           sizeof(*removal->found));
	if (removal->found == NULL)
		return BC_NOMEM;
	while (bci_keys_next(&removal->keys, &at,
	                     &removal->found[removal->count]))
		removal->count++;
	if (removal->count != 0)
		qsort(removal->found, removal->count, sizeof(*removal->found),
		      removal_compare);
done:
	return status;
}

/* ---- removing ---------------------------------------------------------- */

static void
removal_count(struct bc_removed *counts, struct bci_found *found)
{
	found->flags |= REMOVAL_GONE;
	counts->removed++;
	counts->bytes += found->bytes;
	counts->dependents += (found->flags & REMOVAL_DEPENDENT) != 0;
}

/*
 * Unlink an entry from the filter's backtest, and say whether others use it.
 */
static enum bc_status
removal_unlink(struct removal *removal, struct bci_found *found, bool *linked)
{
	struct bci_writer *writer = &removal->writer;
	const struct bci_tables *tables = &writer->env->tables;
	const struct bci_label label = {
		.entry_id = found->id,
		.kind = BC_LABEL_BACKTEST,
		.text = removal->backtest,
		.text_bytes = strlen(removal->backtest),
	};
	enum bc_status status;

	found->flags &= ~(unsigned)REMOVAL_SHARED;
	status = bci_label_other(writer->txn, tables, &label);
	if (status == BC_OK)
		found->flags |= REMOVAL_SHARED;
	else if (status != BC_MISS && status != BC_CORRUPT)
		return bci_fail(removal->err, status, "the labels of %s",
		                found->key);
	writer->unlinks = true;
	status = bci_label_delete(writer->txn, tables, &label, removal->err);
	*linked = status != BC_MISS;
	return status == BC_MISS ? BC_OK : status;
}

/* Remove one entry, if it still is what was asked for. */
static enum bc_status
removal_entry(struct removal *removal, struct bci_found *found,
              struct bc_removed *counts)
{
	struct bci_writer *writer = &removal->writer;
	bool selected = (found->flags & REMOVAL_SELECTED) != 0;
	struct bci_entry_record head;
	enum bc_status status;
	bool linked = true;

	status = bci_entry_head(writer, found->key, found->key_bytes, &head,
	                        removal->err);
	if (status != BC_OK && status != BC_MISS)
		return status;
	if (status == BC_OK && found->id != 0) {
		if (head.id == found->id && selected &&
		    removal->backtest != NULL)
			BCI_TRY(removal_unlink(removal, found, &linked));
		if (!linked || head.id != found->id ||
		    (selected && removal->ages &&
		     head.revision != found->revision)) {
			counts->changed++;
			return BC_OK;
		}
		found->flags &= ~(unsigned)REMOVAL_PINNED;
		if ((head.flags & BCI_ENTRY_PINNED) != 0)
			found->flags |= REMOVAL_PINNED;
	}
	if (removal_keeps(removal, found->flags) &&
	    (found->flags & REMOVAL_EVICTED) != 0)
		return BC_OK;
	if (removal_keeps(removal, found->flags)) {
		counts->shared += (found->flags & REMOVAL_SHARED) != 0;
		counts->pinned += (found->flags & REMOVAL_SHARED) == 0;
		return BC_OK;
	}
	/* What was derived of one before is gone with that. */
	status = bci_writer_remove(writer, found->key, found->key_bytes,
	                           removal->err);
	if (status == BC_MISS && (found->flags & REMOVAL_EVICTED) != 0)
		return BC_OK;
	if (status == BC_OK || status == BC_MISS) {
		writer->counted[BCI_COUNT_REMOVALS] += status == BC_OK;
		removal_count(counts, found);
		status = BC_OK;
	}
done:
	return status;
}

/* Remove found[first..end) in one commit. */
static enum bc_status
removal_commit(struct removal *removal, size_t first, size_t end)
{
	struct bc_removed counts = removal->counts;
	struct bc_cache *cache = removal->cache;
	enum bc_status status;

	status = bci_writer_open(cache, &removal->writer, removal->err);
	if (status != BC_OK)
		return status;
	/* They may be what keeps an entry for another backtest. */
	if (removal->backtest != NULL)
		BCI_TRY(bci_links_write(&removal->writer, SIZE_MAX,
		                        removal->err));
	for (size_t i = first; i < end; i++)
		BCI_TRY(removal_entry(removal, &removal->found[i], &counts));
	status = bci_writer_commit(&removal->writer, removal->err);
	if (status == BC_OK)
		removal->counts = counts;
	return status;
done:
	bci_writer_abort(&removal->writer);
	return status;
}

static enum bc_status
removal_run(struct removal *removal)
{
	enum bc_status status = BC_OK;
	size_t end;

	for (size_t first = 0; status == BC_OK && first < removal->count;
	     first = end) {
		end = (size_t)bci_min(removal->count, first + REMOVAL_BATCH);
		status = removal_commit(removal, first, end);
		if (status != BC_OK || removal->options->function == NULL)
			continue;
		for (size_t i = first; i < end; i++) {
			if ((removal->found[i].flags & REMOVAL_GONE) != 0)
				removal->options->function(
					removal->options->context,
					removal->found[i].key);
		}
	}
	return status;
}

/* Say what would go. */
static void
removal_rehearse(struct removal *removal)
{
	for (size_t i = 0; i < removal->count; i++) {
		struct bci_found *found = &removal->found[i];

		if ((found->flags & REMOVAL_EVICTED) != 0)
			continue;
		if (removal_keeps(removal, found->flags)) {
			removal->counts.shared +=
				(found->flags & REMOVAL_SHARED) != 0;
			removal->counts.pinned +=
				(found->flags & REMOVAL_SHARED) == 0;
			continue;
		}
		removal_count(&removal->counts, found);
		if (removal->options->function != NULL)
			removal->options->function(removal->options->context,
			                           found->key);
	}
}

/* ---- the call ---------------------------------------------------------- */

static enum bc_status
removal_check(const struct bc_remove_options *options, struct bc_error *err)
{
	if (options->struct_size != sizeof(*options))
		return bci_fail(err, BC_INVALID,
		                "remove options were not begun with "
		                "BC_REMOVE_OPTIONS_INIT");
	if ((options->flags & ~(unsigned)REMOVAL_FLAGS) != 0)
		return bci_fail(err, BC_INVALID, "unknown remove flags %#x",
		                options->flags);
	if (options->filter == NULL && options->keys == NULL)
		return bci_fail(err, BC_INVALID,
		                "neither a filter nor keys say what is to go");
	return BC_OK;
}

enum bc_status
bc_remove_where(struct bc_cache *cache, const struct bc_remove_options *options,
                struct bc_removed *removed, struct bc_error *err)
{
	struct bc_error inner = { .status = BC_OK };
	struct removal removal = {
		.cache = cache,
		.options = options,
		.keys = { .allocator = &cache->allocator },
		.err = &inner,
	};
	enum bc_status status;

	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	if (removed != NULL)
		*removed = (struct bc_removed){ 0 };
	status = removal_check(options, err);
	if (status != BC_OK || (cache->flags & BC_OPEN_BYPASS) != 0)
		return status;
	removal.dry = (options->flags & BC_REMOVE_DRY_RUN) != 0;
	removal.force = (options->flags & BC_REMOVE_FORCE) != 0;
	if (options->filter != NULL) {
		removal.backtest = options->filter->backtest;
		removal.ages = bci_filter_ages(options->filter);
	}
	status = removal_find(&removal);
	if (status == BC_OK && removal.dry)
		removal_rehearse(&removal);
	else if (status == BC_OK)
		status = removal_run(&removal);
	if (removed != NULL)
		*removed = removal.counts;
	bci_free(&cache->allocator, removal.found);
	bci_free(&cache->allocator, removal.text);
	bci_ids_free(&removal.ids, &cache->allocator);
	bci_keys_free(&removal.keys);
	if (status == BC_OK)
		return BC_OK;
	bci_fail(err, status, "%s",
	         inner.status != BC_OK ? inner.message : bc_strerror(status));
	if (err != NULL)
		err->os_errno = inner.os_errno;
	return status;
}
