/* SPDX-License-Identifier: MIT */
/*
 * strangers.c - see strangers.h.
 */
#include "chaos/strangers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "cache.h"
#include "write/apart.h"

struct files {
	struct bci_env *env;
	uint64_t arenas, strangers;
};

static void
files_count(void *context, const char *path)
{
	static const char *const names[] = { "meta.mdb",    "meta.mdb-lock",
		                             "ledger",      "writer.lock",
		                             "arenas.lock", "guard.lock",
		                             "fetch.lock",  "scratch" };
	struct files *files = context;
	const char *name = strrchr(path, '/') + 1;

	/* What a compaction that goes on is about to name. */
	if (bci_apart_is_made(files->env, strtoull(name, NULL, 10)))
		return;
	if (bci_arena_number(name) != 0) {
		files->arenas++;
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return;
	fprintf(stderr, "%s does not belong there\n", path);
	files->strangers++;
}

void
strangers_check(struct bc_cache *cache, const char *path)
{
	struct bc_stats stats;
	struct files files;
	struct bc_error err;

	/* The process that links may be about to rename a file. */
	for (unsigned i = 0; i < 50; i++) {
		files = (struct files){ .arenas = 0 };
		assert_status(bci_cache_env(cache, &files.env, &err), BC_OK,
		              &err);
		test_walk(path, files_count, &files);
		assert_status(bc_stats(cache, &stats, &err), BC_OK, &err);
		if (files.strangers == 0 && files.arenas == stats.arenas)
			break;
		test_sleep_ms(10);
	}
	if (files.arenas != stats.arenas)
		fprintf(stderr, "%" PRIu64 " arenas, known are %" PRIu64 "\n",
		        files.arenas, stats.arenas);
	require(files.strangers == 0 && files.arenas == stats.arenas);
}
