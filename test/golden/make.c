/* SPDX-License-Identifier: MIT */
/*
 * make.c - how the golden cache of format version 1 was made.
 *
 * usage: golden_make DIRECTORY >expected.json
 *        tar -C DIRECTORY -c . | gzip -9n >cache.tar.gz
 *
 * cache.tar.gz is what a released version left on a disk.  It is never made
 * again (this would take a library of that format version): a library that
 * cannot read it has changed the format.
 */
#include "barcache.h"

#include <stdlib.h>

#include "content.h"

static void
check(enum bc_status status, const struct bc_error *err)
{
	if (status == BC_OK)
		return;
	fprintf(stderr, "golden_make: %s\n", err->message);
	exit(1);
}

/* Leave traces of what is no more: a value replaced, an entry removed. */
static void
put_and_drop(struct bc_cache *cache)
{
	struct bc_error err;

	check(bc_put_blob(cache, "golden/replaced", "old", 3, NULL, &err),
	      &err);
	check(bc_put_blob(cache, "golden/removed", "gone", 4, NULL, &err),
	      &err);
	check(bc_remove(cache, "golden/removed", &err), &err);
}

static void
put_batch(struct bc_cache *cache, struct golden_value *values)
{
	struct bc_batch *batch = NULL;
	struct bc_error err;

	check(bc_batch_begin(cache, &batch, &err), &err);
	for (unsigned i = GOLDEN_BATCH_FIRST; i < GOLDEN_BATCH_END; i++)
		check(golden_value_put(cache, batch, &values[i], NULL, &err),
		      &err);
	check(bc_batch_commit(&batch, &err), &err);
}

int
main(int argc, char **argv)
{
	static struct golden_value values[GOLDEN_VALUES];
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	if (argc != 2) {
		fprintf(stderr, "usage: golden_make DIRECTORY\n");
		return 2;
	}
	options.flags = BC_OPEN_CREATE;
	options.durability = BC_DURABLE;
	options.name = "golden";
	check(bc_open(argv[1], &options, &cache, &err), &err);
	put_and_drop(cache);
	for (unsigned i = 0; i < GOLDEN_VALUES; i++)
		golden_value_make(&values[i], i);
	for (unsigned i = 0; i < GOLDEN_VALUES; i++) {
		if (i == GOLDEN_BATCH_FIRST)
			put_batch(cache, values);
		if (i < GOLDEN_BATCH_FIRST || i >= GOLDEN_BATCH_END)
			check(golden_value_put(cache, NULL, &values[i], NULL,
			                       &err), &err);
	}
	check(golden_print(cache, stdout, &err), &err);
	for (unsigned i = 0; i < GOLDEN_VALUES; i++)
		golden_value_free(&values[i]);
	bc_close(cache);
	return 0;
}
