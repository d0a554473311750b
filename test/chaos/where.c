/* SPDX-License-Identifier: MIT */
/*
 * where.c - removal by conditions: all that surely meets them goes, nothing
 * goes that does not, and what is pinned or used by others stays.
 */
#include "chaos/world.h"

#include <stdio.h>
#include <string.h>

/* What is asked for, and the keys that meet it surely, or perhaps. */
struct where {
	struct bc_filter filter;
	const char *keys[2];
	char name[40];
	unsigned run; /* of the filter, or CHAOS_RUNS */
	uint32_t sure, perhaps;
};

static void
where_labels(const struct chaos_world *world, struct where *where,
             unsigned label, bool run)
{
	const uint32_t bit = 1u << label;

	for (unsigned key = 0; key < CHAOS_KEYS; key++) {
		const struct chaos_entry *entry = &world->entries[key];
		struct chaos_labels labels = run ? entry->runs : entry->tags;

		if (entry->there && (labels.may & bit) != 0)
			where->perhaps |= 1u << key;
		if (entry->there && (labels.has & bit) != 0)
			where->sure |= 1u << key;
	}
}

static void
where_prefix(const struct chaos_world *world, struct where *where,
             const char *prefix)
{
	char name[40];

	for (unsigned key = 0; key < CHAOS_KEYS; key++) {
		chaos_key(key, name);
		if (world->entries[key].there &&
		    strncmp(name, prefix, strlen(prefix)) == 0)
			where->sure |= 1u << key;
	}
	where->perhaps = where->sure;
}

static void
where_make(const struct chaos_world *world, struct where *where,
           const struct chaos_op *op)
{
	const char *tags[CHAOS_TAGS + 1];
	unsigned label = (unsigned)(op->word >> 12);

	memset(where, 0, sizeof(*where));
	where->run = CHAOS_RUNS;
	switch ((op->word >> 8) % 6) {
	case 0:
		chaos_tags_list(63, tags);
		where->filter.tag = tags[label % CHAOS_TAGS];
		where_labels(world, where, label % CHAOS_TAGS, false);
		return;
	case 1:
		where->run = label % CHAOS_RUNS;
		where->filter.backtest = chaos_run_name(where->run);
		where_labels(world, where, where->run, true);
		return;
	case 2:
		where->filter.glob = "odd/value/1*";
		where_prefix(world, where, "odd/value/1");
		return;
	case 3:
		where->filter.prefix = "even/value/1";
		where_prefix(world, where, "even/value/1");
		return;
	case 4:
		where->filter.source = "chaos";
		where->filter.regex = "S2[01]/1m$";
		where_prefix(world, where, "chaos/spot/S20");
		where_prefix(world, where, "chaos/spot/S21");
		return;
	default:
		chaos_key(op->key % CHAOS_KEYS, where->name);
		where->keys[0] = where->name;
		if (world->entries[op->key % CHAOS_KEYS].there)
			where->sure = 1u << op->key % CHAOS_KEYS;
		where->perhaps = where->sure;
	}
}

/* Of what meets the conditions: what must stay, and what may. */
static void
where_spare(const struct chaos_world *world, struct where *where)
{
	const uint32_t run = 1u << where->run;

	for (unsigned key = 0; key < CHAOS_KEYS; key++) {
		const struct chaos_entry *entry = &world->entries[key];
		bool by_run = where->run < CHAOS_RUNS;

		if (entry->pinned || (by_run && (entry->runs.has & ~run) != 0))
			where->perhaps &= ~(1u << key);
		if (by_run && (entry->runs.may & ~run) != 0)
			where->sure &= ~(1u << key);
	}
	where->sure &= where->perhaps;
}

static void
where_removed(void *context, const char *key)
{
	char name[40];

	for (unsigned i = 0; i < CHAOS_KEYS; i++) {
		chaos_key(i, name);
		if (strcmp(name, key) == 0) {
			require((*(uint32_t *)context >> i & 1) == 0);
			*(uint32_t *)context |= 1u << i;
		}
	}
}

static void
where_apply(struct chaos_world *world, const struct where *where,
            uint32_t removed)
{
	for (unsigned key = 0; key < CHAOS_KEYS; key++) {
		struct chaos_entry *entry = &world->entries[key];

		if ((removed >> key & 1) != 0) {
			chaos_entry_gone(world, key);
		} else if (where->run < CHAOS_RUNS) {
			entry->runs.has &= ~(1u << where->run);
			entry->runs.may &= ~(1u << where->run);
			if (where->run == 0) {
				entry->runs.may |= world->linkable[key];
				entry->hit = false;
			}
		}
	}
}

void
chaos_where(struct chaos_world *world, const struct chaos_op *op)
{
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;
	struct bc_removed counts;
	uint32_t removed = 0;
	struct where where;
	struct bc_error err;

	chaos_look_all(world);
	where_make(world, &where, op);
	if ((op->word >> 20) % 3 == 0)
		options.flags |= BC_REMOVE_DRY_RUN;
	if ((op->word >> 22) % 3 == 0)
		options.flags |= BC_REMOVE_FORCE;
	else
		where_spare(world, &where);
	if (where.keys[0] != NULL)
		options.keys = where.keys;
	else
		options.filter = &where.filter;
	options.function = where_removed;
	options.context = &removed;
	assert_status(bc_remove_where(chaos_handle(world, op), &options,
	                              &counts, &err),
	              BC_OK, &err);
	for (unsigned key = 0; key < CHAOS_KEYS; key++)
		if (world->entries[key].overdue || world->entries[key].evicted)
			where.sure &= ~(1u << key);
	if ((where.sure & ~removed) != 0 || (removed & ~where.perhaps) != 0)
		fprintf(stderr, "%x went, should be %x to %x\n", removed,
		        where.sure, where.perhaps);
	require((where.sure & ~removed) == 0);
	require((removed & ~where.perhaps) == 0);
	if ((options.flags & BC_REMOVE_DRY_RUN) == 0)
		where_apply(world, &where, removed);
	chaos_look_all(world);
}
