/* SPDX-License-Identifier: MIT */
/*
 * labels.c - listing labels: of an entry, and entries of a label.
 *
 * The tables are walked as those of entries are, in short transactions.  What
 * they say of an entry that is gone, because its record was damaged, is passed
 * over: its id is not that of the entry that has the key now.
 */
#include "common.h"

#include "entry.h"
#include "error.h"
#include "key.h"
#include "list.h"

struct labels {
	struct bc_cache *cache;
	const char *key; /* of the entry whose labels are listed; or NULL */
	bc_label_function *function;
	void *context;
};

/* The id of an entry: BC_OK, BC_MISS; BC_IO, BC_BUSY, BC_NOMEM. */
static enum bc_status
labels_entry_id(struct bc_cache *cache, const char *key, size_t key_bytes,
                uint64_t *id)
{
	struct bci_entry entry;
	enum bc_status status;
	struct bci_lane *lane;
	struct bci_env *env;

	status = bci_cache_env(cache, &env, NULL);
	if (status != BC_OK)
		return status;
	lane = bci_lane_take(env);
	status = bci_lane_begin(env, lane);
	if (status == BC_OK) {
		status = bci_entry_get(lane->txn, &env->tables, key, key_bytes,
		                       &entry, NULL);
		if (status == BC_OK)
			*id = entry.head.id;
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	return status == BC_CORRUPT ? BC_MISS : status;
}

enum bc_status
bci_labels_since(struct bc_cache *cache, const struct bci_label *label,
                 int64_t *since_ns)
{
	struct bci_env *env;
	struct bci_lane *lane;
	enum bc_status status = bci_cache_env(cache, &env, NULL);

	if (status != BC_OK)
		return status;
	lane = bci_lane_take(env);
	status = bci_lane_begin(env, lane);
	if (status == BC_OK) {
		status = bci_label_since(lane->txn, &env->tables, label,
		                         since_ns);
		bci_lane_end(lane);
	}
	bci_lane_give(lane);
	return status == BC_CORRUPT ? BC_MISS : status;
}

/* Hand one out; BC_MISS ends the walk. */
static enum bc_status
labels_hand_out(const struct labels *labels, const struct bci_label *label,
                const char *key, int64_t since_ns)
{
	char text[BC_LABEL_MAX + 1];
	const struct bc_label shown = {
		.kind = label->kind,
		.text = text,
		.key = key,
		.since_ns = since_ns,
	};

	memcpy(text, label->text, label->text_bytes);
	text[label->text_bytes] = '\0';
	return labels->function(labels->context, &shown) != 0 ? BC_MISS : BC_OK;
}

/* A record of `labels`. */
static enum bc_status
labels_visit(void *context, const struct bci_bytes *key,
             const struct bci_bytes *value)
{
	const struct labels *labels = context;
	struct bci_label_record record;
	struct bci_label label;

	if (!bci_labels_read(key->data, key->size, &label) ||
	    value->size != sizeof(record))
		return BC_OK;
	memcpy(&record, value->data, sizeof(record));
	return labels_hand_out(labels, &label, labels->key, record.since_ns);
}

/* A record of `labelled`. */
static enum bc_status
labelled_visit(void *context, const struct bci_bytes *key,
               const struct bci_bytes *value)
{
	const struct labels *labels = context;
	struct bci_label label;
	char name[BC_KEY_MAX + 1];
	enum bc_status status;
	int64_t since_ns;
	uint64_t id;

	if (!bci_labelled_read(key->data, key->size, &label) ||
	    value->size == 0 || value->size > BC_KEY_MAX)
		return BC_OK;
	memcpy(name, value->data, value->size);
	name[value->size] = '\0';
	status = labels_entry_id(labels->cache, name, value->size, &id);
	if (status == BC_OK && id == label.entry_id)
		status = bci_labels_since(labels->cache, &label, &since_ns);
	else if (status == BC_OK)
		status = BC_MISS;
	if (status == BC_MISS)
		return BC_OK; /* It is gone, or the label is. */
	if (status != BC_OK)
		return status;
	return labels_hand_out(labels, &label, name, since_ns);
}

enum bc_status
bc_labels(struct bc_cache *cache, const char *key, enum bc_label_kind kind,
          bc_label_function *function, void *context, struct bc_error *err)
{
	struct labels labels = {
		.cache = cache,
		.key = key,
		.function = function,
		.context = context,
	};
	struct bci_walk walk = {
		.table = BCI_WALK_LABELS,
		.function = labels_visit,
		.context = &labels,
	};
	struct bci_label all = { .kind = kind };
	size_t key_bytes = strlen(key);
	struct bci_label_key prefix;
	enum bc_status status = BC_MISS;

	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	if (bci_key_possible(key, key_bytes))
		status = labels_entry_id(cache, key, key_bytes, &all.entry_id);
	if (status == BC_MISS)
		return bci_fail(err, BC_MISS, "there is no entry %s", key);
	if (status == BC_OK) {
		bci_labels_key(&all, &prefix);
		walk.prefix = (const char *)prefix.data;
		walk.prefix_bytes = prefix.bytes;
		status = bci_walk(cache, &walk);
	}
	if (status != BC_OK)
		bci_fail(err, status, "cannot list the labels of %s: %s", key,
		         bc_strerror(status));
	return status;
}

enum bc_status
bc_labelled(struct bc_cache *cache, enum bc_label_kind kind, const char *text,
            bc_label_function *function, void *context, struct bc_error *err)
{
	struct labels labels = {
		.cache = cache,
		.function = function,
		.context = context,
	};
	struct bci_walk walk = {
		.table = BCI_WALK_LABELLED,
		.function = labelled_visit,
		.context = &labels,
	};
	struct bci_label all = { .kind = kind, .text = text };
	struct bci_label_key prefix;
	enum bc_status status;

	BCI_ASSERT(cache->magic == BCI_CACHE_MAGIC);
	if (kind < BC_LABEL_TAG || kind > BC_LABEL_PARENT)
		return bci_fail(err, BC_INVALID,
		                "there are no labels of kind "
		                "%d",
		                (int)kind);
	if (text != NULL) {
		all.text_bytes = strlen(text);
		if (!bci_label_valid(text, all.text_bytes))
			return BC_OK; /* No entry has it. */
	}
	bci_labelled_key(&all, &prefix);
	walk.prefix = (const char *)prefix.data;
	walk.prefix_bytes = prefix.bytes;
	status = bci_walk(cache, &walk);
	if (status != BC_OK)
		bci_fail(err, status, "cannot list the entries of a label: %s",
		         bc_strerror(status));
	return status;
}
