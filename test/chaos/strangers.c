/* SPDX-License-Identifier: MIT */
/*
 * strangers.c - see strangers.h.
 *
 * With the writer lock: a reader that promotes makes and removes arenas, too,
 * and the file of one is renamed, or gone, before or after the commit.
 */
#include "chaos/strangers.h"

#include <inttypes.h>
#include <stdio.h>

#include "arena.h"
#include "fault/litter.h"
#include "write/apart.h"
#include "write/writer.h"

static int
strangers_judge(void *context, uint64_t number)
{
	struct bci_writer *writer = context;
	struct bci_arena_record arena;

	if (bci_writer_arena(writer, number, &arena) == BC_OK)
		return 1;
	/* What a compaction that goes on is about to name. */
	return bci_apart_is_made(writer->env, number) ? 0 : -1;
}

void
strangers_check(struct bc_cache *cache, const char *path)
{
	struct bci_writer writer;
	struct litter litter = { .judge = strangers_judge, .context = &writer };
	struct bc_error err;
	uint64_t arenas;

	assert_status(bci_writer_open(cache, &writer, &err), BC_OK, &err);
	litter_count(&litter, path);
	assert_status(
		bci_table_count(writer.txn, writer.env->tables.arenas, &arenas),
		BC_OK, NULL);
	bci_writer_abort(&writer);
	if (litter.arenas != arenas)
		fprintf(stderr, "%" PRIu64 " arenas, known are %" PRIu64 "\n",
		        litter.arenas, arenas);
	require(litter.strangers == 0 && litter.arenas == arenas);
}
