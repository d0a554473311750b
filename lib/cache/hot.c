/* SPDX-License-Identifier: MIT */
/*
 * hot.c - the entries that are read most.
 *
 * All entries are walked, and the best so far kept in order; what has fewer
 * accesses than the last of these, as nearly all have, costs a comparison.
 * Counts come from the ledger by way of the entry records alone, but for series
 * whose older segments lie in a table of their own.
 */
#include "common.h"

#include "clock.h"
#include "error.h"
#include "list.h"

#define HOT_TEXT (2 * BC_KEY_MAX)

struct hot {
	struct bc_cache *cache;
	struct bc_hot *out;
	size_t capacity, count;
};

/* Insert behind those with as many accesses: keys come in order. */
static void
hot_add(struct hot *hot, const struct bc_hot *item)
{
	size_t at = hot->count;

	while (at > 0 && hot->out[at - 1].access_count < item->access_count)
		at--;
	if (at == hot->capacity)
		return;
	if (hot->count < hot->capacity)
		hot->count++;
	memmove(&hot->out[at + 1], &hot->out[at],
	        (hot->count - 1 - at) * sizeof(*item));
	hot->out[at] = *item;
}

/* Add what the ledger says of a segment. */
static void
hot_segment(struct bci_env *env, const struct bci_entry *entry, unsigned index,
            struct bc_hot *item)
{
	struct bci_locator locator;
	struct bci_slot *slot;
	int64_t accessed_ns;

	bci_entry_locator(entry, index, &locator);
	item->stored_bytes += locator.bytes;
	if (locator.codec != 0)
		item->tier = BC_COLD;
	slot = bci_ledger_slot(&env->ledger, locator.slot);
	if (slot == NULL || (atomic_load(&slot->word) & BCI_SLOT_ID) !=
	                            bci_segment_id(&locator, entry->head.id))
		return;
	item->access_count += bci_slot_accesses(slot);
	accessed_ns = (int64_t)atomic_load(&slot->accessed_s) * BCI_SECOND_NS;
	if (accessed_ns > item->accessed_ns)
		item->accessed_ns = accessed_ns;
}

static void
hot_of_info(const struct bc_info *info, struct bc_hot *item)
{
	item->kind = info->kind;
	item->tier = info->tier;
	item->access_count = info->access_count;
	item->accessed_ns = info->accessed_ns;
	item->stored_bytes = info->stored_bytes;
}

static enum bc_status
hot_visit(void *context, const struct bci_bytes *key,
          const struct bci_bytes *record)
{
	struct bc_hot item = { .tier = BC_WARM };
	struct hot *hot = context;
	char text[HOT_TEXT];
	struct bc_info info;
	struct bci_entry entry;
	struct bci_env *env;
	enum bc_status status;

	if (bci_entry_read(key->data, key->size, record->data, record->size,
	                   &entry) != BC_OK)
		return BC_OK; /* For bc_verify() to tell. */
	memcpy(item.key, key->data, key->size);
	item.kind = (enum bc_kind)entry.head.kind;
	if (item.kind == BC_SERIES) {
		status = bci_info_load(hot->cache, item.key, key->size, text,
		                       sizeof(text), &info);
		if (status != BC_OK)
			return status == BC_MISS || status == BC_CORRUPT
			               ? BC_OK
			               : status;
		hot_of_info(&info, &item);
	} else {
		status = bci_cache_env(hot->cache, &env, NULL);
		if (status != BC_OK)
			return status;
		for (unsigned i = 0; i < entry.segment_count; i++)
			hot_segment(env, &entry, i, &item);
	}
	hot_add(hot, &item);
	return BC_OK;
}

static int
hot_list(void *context, const struct bc_info *info)
{
	struct bc_hot item = { .tier = BC_WARM };

	memcpy(item.key, info->key, strnlen(info->key, BC_KEY_MAX));
	hot_of_info(info, &item);
	hot_add(context, &item);
	return 0;
}

enum bc_status
bc_top(struct bc_cache *cache, const struct bc_filter *filter,
       struct bc_hot *out, size_t capacity, size_t *count, struct bc_error *err)
{
	struct hot hot = {
		.cache = cache,
		.out = out,
		.capacity = capacity,
	};
	struct bci_walk walk = { .function = hot_visit, .context = &hot };
	enum bc_status status;

	*count = 0;
	if (capacity == 0)
		return BC_OK;
	if (filter != NULL) {
		status = bc_list(cache, filter, hot_list, &hot, err);
	} else {
		status = bci_walk(cache, &walk);
		if (status != BC_OK)
			bci_fail(err, status, "cannot list the entries: %s",
			         bc_strerror(status));
	}
	*count = status == BC_OK ? hot.count : 0;
	return status;
}
