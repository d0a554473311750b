/* SPDX-License-Identifier: MIT */
/*
 * litter.c - see litter.h.
 */
#include "fault/litter.h"

#include <stdio.h>
#include <string.h>

#include "arena.h"

static bool
litter_belongs(const struct litter *litter, const char *name)
{
	static const char *const names[] = { "meta.mdb",    "meta.mdb-lock",
		                             "ledger",      "writer.lock",
		                             "arenas.lock", "guard.lock",
		                             "scratch" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return litter->also != NULL && strcmp(name, litter->also) == 0;
}

static void
litter_visit(void *context, const char *path)
{
	struct litter *litter = context;
	const char *name = strrchr(path, '/') + 1;
	uint64_t number = bci_arena_number(name);
	int verdict = number != 0 ? 1 : -1;

	if (litter_belongs(litter, name))
		return;
	if (verdict == 1 && litter->judge != NULL)
		verdict = litter->judge(litter->context, number);
	if (verdict < 0)
		fprintf(stderr, "%s does not belong there\n", path);
	litter->arenas += verdict > 0;
	litter->strangers += verdict < 0;
}

void
litter_count(struct litter *litter, const char *path)
{
	litter->arenas = litter->strangers = 0;
	test_walk(path, litter_visit, litter);
}
