/* SPDX-License-Identifier: MIT */
/*
 * marks.c - tags, links with backtests, dependencies, pins.
 */
#include "chaos/world.h"

#include <stdio.h>
#include <string.h>

static const char *const tags[CHAOS_TAGS] = { "tag-0", "tag-1", "tag-2",
	                                      "tag-3", "tag-4", "tag-5" };
static const char *const runs[CHAOS_RUNS] = { "run-0", "run-1", "run-2" };

void
chaos_tags_list(uint32_t bits, const char *list[CHAOS_TAGS + 1])
{
	size_t count = 0;

	for (unsigned tag = 0; tag < CHAOS_TAGS; tag++)
		if (bits >> tag & 1)
			list[count++] = tags[tag];
	list[count] = NULL;
}

const char *
chaos_run_name(unsigned run)
{
	return runs[run];
}

/* True if it did what it should to what is there; else it is gone. */
static bool
mark_done(struct chaos_world *world, unsigned key, bool there,
          enum bc_status status, const struct bc_error *err)
{
	if (world->entries[key].overdue && status == BC_MISS) {
		chaos_entry_gone(world, key);
		return false;
	}
	there = there || world->entries[key].evicted;
	assert_status(status, there ? BC_OK : BC_MISS, err);
	return there;
}

void
chaos_pin(struct chaos_world *world, const struct chaos_op *op)
{
	unsigned key = op->key % CHAOS_KEYS;
	struct chaos_entry *entry = &world->entries[key];
	bool there = chaos_entry_look(world, key);
	int pinned = (op->word >> 8) % 3 == 0;
	enum bc_status status;
	struct bc_error err;
	char name[40];

	chaos_key(key, name);
	status = bc_pin(chaos_handle(world, op), name, pinned, &err);
	if (!mark_done(world, key, there, status, &err))
		return;
	chaos_follow_evictions(world);
	if (entry->pinned && !pinned)
		entry->evictions = world->evictions;
	/* What a series lost before it was pinned stays lost. */
	if (pinned && key >= CHAOS_VALUES)
		chaos_series_check(world, world->cache, key);
	entry->pinned = pinned;
}

/* What a call does to labels. */
static void
labels_change(struct chaos_labels *labels, uint32_t bits, enum bc_labelling how)
{
	if (how == BC_LABELS_ADD) {
		labels->has |= bits;
		labels->may |= bits;
	} else if (how == BC_LABELS_REMOVE) {
		labels->has &= ~bits;
		labels->may &= ~bits;
	} else {
		labels->has = labels->may = bits;
	}
}

void
chaos_tag(struct chaos_world *world, const struct chaos_op *op)
{
	unsigned key = op->key % CHAOS_KEYS;
	uint32_t bits = (uint32_t)(op->word >> 8) & 63;
	enum bc_labelling how = (op->word >> 16) % 3;
	bool there = chaos_entry_look(world, key);
	const char *list[CHAOS_TAGS + 1];
	enum bc_status status;
	struct bc_error err;
	char name[40];

	chaos_key(key, name);
	chaos_tags_list(bits, list);
	status = bc_tag(chaos_handle(world, op), name, list, how, &err);
	if (mark_done(world, key, there, status, &err))
		labels_change(&world->entries[key].tags, bits, how);
}

void
chaos_link(struct chaos_world *world, const struct chaos_op *op)
{
	unsigned key = op->key % CHAOS_KEYS;
	unsigned run = (unsigned)(op->word >> 8) % CHAOS_RUNS;
	int linked = (op->word >> 16) % 3 != 0;
	bool there = chaos_entry_look(world, key);
	struct chaos_entry *entry = &world->entries[key];
	enum bc_status status;
	struct bc_error err;
	char name[40];

	chaos_key(key, name);
	status =
		bc_link(chaos_handle(world, op), runs[run], name, linked, &err);
	if (!mark_done(world, key, there, status, &err))
		return;
	labels_change(&entry->runs, 1u << run,
	              linked ? BC_LABELS_ADD : BC_LABELS_REMOVE);
	if (run == 0 && !linked) {
		entry->runs.may |= world->linkable[key];
		entry->hit = false;
	}
}

void
chaos_depend(struct chaos_world *world, const struct chaos_op *op)
{
	unsigned key = op->key % CHAOS_KEYS, count = 0;
	enum bc_labelling how = (op->word >> 16) % 3;
	bool there = chaos_entry_look(world, key);
	char names[3][40], name[40];
	const char *list[4];
	enum bc_status status;
	struct bc_error err;
	uint32_t bits = 0;

	for (; count < (op->word >> 8) % 4; count++) {
		unsigned parent =
			(unsigned)(op->word >> (20 + 8 * count)) % CHAOS_KEYS;

		chaos_key(parent, names[count]);
		list[count] = names[count];
		bits |= 1u << parent;
	}
	list[count] = NULL;
	chaos_key(key, name);
	status = bc_depend(chaos_handle(world, op), name, list, how, &err);
	if (mark_done(world, key, there, status, &err))
		labels_change(&world->entries[key].parents, bits, how);
}

/* ---- what is removed by them --------------------------------------------- */

/* The keys that were surely made of 'key', or of what was made of it. */
static uint32_t
made_of(const struct chaos_world *world, unsigned key, bool surely)
{
	uint32_t found = 1u << key, before = 0;

	while (found != before) {
		before = found;
		for (unsigned i = 0; i < CHAOS_KEYS; i++) {
			const struct chaos_entry *entry = &world->entries[i];
			uint32_t of = surely ? entry->parents.has
			                     : entry->parents.may;

			if (entry->there && (of & found) != 0)
				found |= 1u << i;
		}
	}
	return found;
}

void
chaos_invalidate(struct chaos_world *world, const struct chaos_op *op)
{
	unsigned key = op->key % CHAOS_KEYS, flags, least = 0, most = 0;
	uint64_t removed = 0;
	uint32_t sure, perhaps;
	struct bc_error err;
	char name[40];

	chaos_look_all(world);
	flags = (op->word >> 8) % 2 ? BC_INVALIDATE_SELF : 0;
	sure = made_of(world, key, true);
	perhaps = made_of(world, key, false);
	chaos_key(key, name);
	assert_status(bc_invalidate(chaos_handle(world, op), name, flags,
	                            &removed, &err),
	              BC_OK, &err);
	for (unsigned i = 0; i < CHAOS_KEYS; i++) {
		struct chaos_entry *entry = &world->entries[i];

		if (!entry->there || (i == key && flags == 0) ||
		    (perhaps >> i & 1) == 0)
			continue;
		most++;
		if ((sure >> i & 1) != 0) {
			least += !entry->overdue && !entry->evicted;
			chaos_entry_gone(world, i);
		} else {
			entry->doubtful = true;
		}
	}
	require(removed >= least && removed <= most);
	chaos_look_all(world);
}

void
chaos_clear(struct chaos_world *world, const struct chaos_op *op)
{
	unsigned run = op->key % CHAOS_RUNS;
	const uint32_t bit = 1u << run;
	int force = (op->word >> 8) % 3 == 0;
	struct bc_cleared cleared;
	struct bc_error err;

	chaos_look_all(world);
	assert_status(bc_clear_backtest(chaos_handle(world, op), runs[run],
	                                force, &cleared, &err),
	              BC_OK, &err);
	require(cleared.removed + cleared.pinned <= cleared.unlinked);
	for (unsigned key = 0; key < CHAOS_KEYS; key++) {
		struct chaos_entry *entry = &world->entries[key];
		bool kept = !force &&
		            (entry->pinned || (entry->runs.has & ~bit) != 0);

		if (!entry->there || (entry->runs.may & bit) == 0)
			continue;
		if (!kept && (entry->runs.has & bit) != 0 &&
		    (force || entry->runs.may == bit)) {
			chaos_entry_gone(world, key);
			continue;
		}
		entry->doubtful = !kept;
		entry->runs.has &= ~bit;
		entry->runs.may &= ~bit;
		if (run == 0) {
			entry->runs.may |= world->linkable[key];
			entry->hit = false;
		}
	}
	chaos_look_all(world);
}

/* ---- checking ------------------------------------------------------------ */

struct found {
	uint32_t tags, runs, parents;
};

static uint32_t
bit_of(const char *text, const char *const *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (strcmp(text, names[i]) == 0)
			return 1u << i;
	fprintf(stderr, "a label '%s'\n", text);
	require(false);
	return 0;
}

static uint32_t
bit_of_key(const char *text)
{
	char name[40];

	for (unsigned key = 0; key < CHAOS_KEYS; key++) {
		chaos_key(key, name);
		if (strcmp(name, text) == 0)
			return 1u << key;
	}
	return 0;
}

static int
found_add(void *context, const struct bc_label *label)
{
	struct found *found = context;

	switch (label->kind) {
	case BC_LABEL_TAG:
		found->tags |= bit_of(label->text, tags, CHAOS_TAGS);
		break;
	case BC_LABEL_BACKTEST:
		found->runs |= bit_of(label->text, runs, CHAOS_RUNS);
		break;
	default:
		found->parents |= bit_of_key(label->text);
	}
	return 0;
}

static int
key_add(void *context, const struct bc_label *label)
{
	*(uint32_t *)context |= bit_of_key(label->key);
	return 0;
}

/* The index of labels says what the entry says. */
static void
index_check(struct chaos_world *world, unsigned key, enum bc_label_kind kind,
            const char *text, bool has)
{
	uint32_t keys = 0;
	struct bc_error err;

	assert_status(
		bc_labelled(world->cache, kind, text, key_add, &keys, &err),
		BC_OK, &err);
	require((keys >> key & 1) == has);
}

static void
labels_compare(struct chaos_world *world, unsigned key, const char *what,
               struct chaos_labels labels, uint32_t found)
{
	if ((labels.has & ~found) == 0 && (found & ~labels.may) == 0)
		return;
	chaos_entry_print(world, key);
	fprintf(stderr, "%s are %x, should be %x to %x\n", what, found,
	        labels.has, labels.may);
	require(false);
}

void
chaos_labels_check(struct chaos_world *world, unsigned key)
{
	const struct chaos_entry *entry = &world->entries[key];
	struct found found = { 0, 0, 0 };
	struct bc_error err;
	enum bc_status status;
	char name[40];

	/* What was evicted keeps its labels as long as it is known. */
	if (!chaos_entry_look(world, key) && !entry->evicted)
		return;
	chaos_key(key, name);
	status = bc_labels(world->cache, name, 0, found_add, &found, &err);
	assert_status(status, BC_OK, &err);
	labels_compare(world, key, "tags", entry->tags, found.tags);
	labels_compare(world, key, "runs", entry->runs, found.runs);
	labels_compare(world, key, "parents", entry->parents, found.parents);
	for (unsigned i = 0; i < CHAOS_TAGS; i++)
		index_check(world, key, BC_LABEL_TAG, tags[i],
		            found.tags >> i & 1);
	for (unsigned i = 0; i < CHAOS_RUNS; i++)
		index_check(world, key, BC_LABEL_BACKTEST, runs[i],
		            found.runs >> i & 1);
}
