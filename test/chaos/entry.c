/* SPDX-License-Identifier: MIT */
/*
 * entry.c - what may have become of an entry, and what a read says of it.
 */
#include "chaos/world.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Around the moment at which it expires both answers are right. */
#define NEARLY (2 * CHAOS_SECOND)

int64_t
chaos_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * CHAOS_SECOND + now.tv_nsec;
}

void
chaos_key(unsigned key, char text[40])
{
	if (key < CHAOS_VALUES)
		snprintf(text, 40, "%s/value/%u", key % 2 ? "odd" : "even",
		         key);
	else
		snprintf(text, 40, "chaos/spot/S%u/1m", key);
}

void
chaos_entry_print(const struct chaos_world *world, unsigned key)
{
	const struct chaos_entry *entry = &world->entries[key];
	char text[40];

	chaos_key(key, text);
	fprintf(stderr,
	        "%s: %s version %" PRIu64 " rows %" PRIu64 "%s%s%s%s, "
	        "evictions %" PRIu64 " of %" PRIu64 ", expires in %" PRId64
	        " s, tags %x..%x, runs %x..%x\n",
	        text, entry->there ? "there" : "absent", entry->version,
	        entry->rows, entry->evicted ? " evicted" : "",
	        entry->holes ? " holes" : "", entry->pinned ? " pinned" : "",
	        entry->overdue ? " overdue" : "", entry->evictions,
	        world->evictions,
	        entry->expires_ns == 0
	                ? 0
	                : (entry->expires_ns - chaos_now()) / CHAOS_SECOND,
	        entry->tags.has, entry->tags.may, entry->runs.has,
	        entry->runs.may);
}

#define entry_require(world, key, condition)                                   \
	((condition) ? (void)0                                                 \
	             : (chaos_entry_print((world), (key)),                     \
	                test_require_failed(#condition, __FILE__, __LINE__)))

void
chaos_follow_evictions(struct chaos_world *world)
{
	struct bc_stats stats;
	struct bc_error err;

	assert_status(bc_stats(world->cache, &stats, &err), BC_OK, &err);
	require(stats.total.evictions >= world->evictions);
	world->evictions = stats.total.evictions;
}

/*
 * Something may have been evicted of it since it was safe: by any call, as a
 * read promotes what was read before, and makes room for it.
 */
static bool
entry_evictable(struct chaos_world *world, const struct chaos_entry *it)
{
	chaos_follow_evictions(world);
	return it->evicted || it->holes ||
	       (!it->pinned && world->evictions > it->evictions);
}

void
chaos_entry_gone(struct chaos_world *world, unsigned key)
{
	memset(&world->entries[key], 0, sizeof(world->entries[key]));
}

void
chaos_entry_linked(struct chaos_world *world, unsigned key)
{
	world->linkable[key] = true;
	world->entries[key].hit = true;
	world->entries[key].runs.may |= 1;
}

/* Whether it is pinned, as the cache says. */
static bool
entry_is_pinned(const struct chaos_world *world, unsigned key)
{
	char name[40], text[1024];
	struct bc_info info;

	chaos_key(key, name);
	return bc_info(world->cache, name, text, sizeof(text), &info, NULL) ==
	               BC_OK &&
	       info.pinned != 0;
}

void
chaos_entry_put(struct chaos_world *world, unsigned key, uint64_t version,
                uint64_t bytes, const struct bc_put_options *options,
                unsigned run)
{
	struct chaos_entry *entry = &world->entries[key];
	int64_t ttl_ns = options->ttl_ns;

	if (entry->overdue) {
		/* Swept by this very commit, or before, or not. */
		entry->tags.has = entry->runs.has = entry->parents.has = 0;
		entry->pinned = entry_is_pinned(world, key);
	}
	if (ttl_ns == BC_TTL_DEFAULT)
		ttl_ns = world->config.ttl_ns;
	entry->there = true;
	entry->version = version;
	entry->bytes = bytes;
	entry->rows = 0;
	entry->evicted = entry->holes = entry->overdue = false;
	entry->hit = false;
	entry->runs.may |= world->linkable[key];
	entry->evictions = world->evictions;
	entry->expires_ns = ttl_ns == BC_TTL_DEFAULT || ttl_ns == BC_TTL_NEVER
	                            ? 0
	                            : chaos_now() + ttl_ns;
	if (options->tags != NULL) {
		uint32_t tags = 0;

		for (size_t i = 0; options->tags[i] != NULL; i++)
			tags |= 1u << (unsigned)(options->tags[i][4] - '0');
		entry->tags = (struct chaos_labels){ tags, tags };
	}
	if (run < CHAOS_RUNS) {
		entry->runs.has |= 1u << run;
		entry->runs.may |= 1u << run;
	}
}

void
chaos_entry_hit(struct chaos_world *world, unsigned key)
{
	const struct chaos_entry *entry = &world->entries[key];

	entry_require(world, key, entry->there && !entry->evicted);
	entry_require(world, key,
	              entry->expires_ns == 0 ||
	                      chaos_now() < entry->expires_ns + NEARLY ||
	                      world->set_back != 0);
}

void
chaos_entry_miss(struct chaos_world *world, unsigned key, enum bc_miss miss)
{
	struct chaos_entry *entry = &world->entries[key];
	bool evictable = entry_evictable(world, entry);

	switch (miss) {
	case BC_MISS_ABSENT:
		entry_require(world, key,
		              !entry->there || entry->overdue || evictable ||
		                      entry->doubtful);
		chaos_entry_gone(world, key);
		break;
	case BC_MISS_EXPIRED:
		entry_require(world, key, entry->there && entry->overdue);
		break;
	case BC_MISS_EVICTED:
		entry_require(world, key, entry->there && evictable);
		entry_require(world, key, !entry->pinned || entry->evicted);
		entry->evicted = true;
		break;
	case BC_MISS_NOT_COVERED:
		entry_require(world, key, key >= CHAOS_VALUES && evictable);
		entry->holes = true;
		break;
	default:
		fprintf(stderr, "a miss because it is %s\n",
		        bc_miss_name(miss));
		entry_require(world, key, false);
	}
}

/* Its time, as a cache whose clock was set back may shorten it. */
static void
entry_follow_expiry(struct chaos_world *world, unsigned key,
                    const struct bc_info *info)
{
	struct chaos_entry *entry = &world->entries[key];
	int64_t late_ns = info->expires_ns - entry->expires_ns;

	entry->doubtful = false;
	if (entry->expires_ns == 0 || info->expires_ns == 0) {
		entry_require(world, key,
		              entry->expires_ns == info->expires_ns);
		return;
	}
	entry_require(world, key, late_ns < NEARLY);
	entry_require(world, key, late_ns > -NEARLY || world->set_back != 0);
	entry->expires_ns = info->expires_ns;
}

bool
chaos_entry_look(struct chaos_world *world, unsigned key)
{
	struct chaos_entry *entry = &world->entries[key];
	enum bc_status status;
	struct bc_info info;
	enum bc_miss miss;
	char name[40], text[1024];

	chaos_key(key, name);
	status = bc_exists(world->cache, name, &miss);
	if (status == BC_OK) {
		chaos_entry_hit(world, key);
	} else {
		assert_status(status, BC_MISS, NULL);
		chaos_entry_miss(world, key, miss);
	}
	status = bc_info(world->cache, name, text, sizeof(text), &info, NULL);
	if (status == BC_MISS) {
		entry_require(world, key, !entry->there || entry->evicted);
		return false;
	}
	assert_status(status, BC_OK, NULL);
	entry_require(world, key, entry->there);
	entry_require(world, key, info.pinned == entry->pinned);
	entry_follow_expiry(world, key, &info);
	if (!entry->evicted && key < CHAOS_VALUES)
		entry_require(world, key, info.payload_bytes == entry->bytes);
	return true;
}

void
chaos_look_all(struct chaos_world *world)
{
	for (unsigned key = 0; key < CHAOS_KEYS; key++)
		chaos_entry_look(world, key);
}

/* A cache may shorten times at any commit once the clock was set back. */
static void
follow_expiry(struct chaos_world *world, unsigned key)
{
	char name[40], text[1024];
	struct bc_info info;

	if (world->set_back == 0 || world->entries[key].expires_ns == 0)
		return;
	chaos_key(key, name);
	if (bc_info(world->cache, name, text, sizeof(text), &info, NULL) ==
	    BC_OK)
		entry_follow_expiry(world, key, &info);
}

void
chaos_follow(struct chaos_world *world)
{
	chaos_follow_evictions(world);
	for (unsigned key = 0; key < CHAOS_KEYS; key++) {
		struct chaos_entry *entry = &world->entries[key];

		follow_expiry(world, key);
		entry->overdue |= entry->expires_ns != 0 &&
		                  chaos_now() >= entry->expires_ns - NEARLY;
	}
}
