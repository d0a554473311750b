/* SPDX-License-Identifier: MIT */
/*
 * make_series.c - how the golden cache of format version 2 was made.
 *
 * usage: golden_make_series DIRECTORY >series.json
 *        tar -C DIRECTORY -c . | gzip -9n >series.tar.gz
 *
 * As that of version 1 (make.c) it is never made again.
 */
#include "barcache.h"

#include <stdlib.h>

#include "content.h"
#include "grown.h"

static void
check(enum bc_status status, const struct bc_error *err)
{
	if (status == BC_OK)
		return;
	fprintf(stderr, "golden_make_series: %s\n", err->message);
	exit(1);
}

int
main(int argc, char **argv)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err;

	if (argc != 2) {
		fprintf(stderr, "usage: golden_make_series DIRECTORY\n");
		return 2;
	}
	options.flags = BC_OPEN_CREATE;
	options.durability = BC_DURABLE;
	options.name = "golden";
	check(bc_open(argv[1], &options, &cache, &err), &err);
	for (unsigned i = 0; i < GOLDEN_BESIDE; i++) {
		struct golden_value value;

		golden_value_make(&value, i);
		check(golden_value_put(cache, NULL, &value, NULL, &err), &err);
		golden_value_free(&value);
	}
	check(golden_series_make(cache, &err), &err);
	check(golden_print(cache, stdout, &err), &err);
	bc_close(cache);
	return 0;
}
