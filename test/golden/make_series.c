/* SPDX-License-Identifier: MIT */
/*
 * make_series.c - how the golden cache of format version 2 was made.
 *
 * usage: golden_make_series DIRECTORY >series.json
 *        tar -C DIRECTORY -c . | gzip -9n >series.tar.gz
 *        golden_make_series DIRECTORY packed >packed.json
 *        tar -C DIRECTORY -c . | gzip -9n >packed.tar.gz
 *
 * The second one has the same content, of which all that packs is packed.  As
 * that of version 1 (make.c) they are never made again once there is a release
 * that writes version 2.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

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

static void
place_cold(struct bc_cache *cache, const char *key, uint64_t *segments)
{
	struct bc_place_report report;
	struct bc_error err;

	check(bc_place(cache, key, BC_PLACE_COLD, &report, &err), &err);
	*segments += report.segments;
}

int
main(int argc, char **argv)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	uint64_t segments = 0;
	struct bc_error err;

	if (argc != 2 && (argc != 3 || strcmp(argv[2], "packed") != 0)) {
		fprintf(stderr,
		        "usage: golden_make_series DIRECTORY [packed]\n");
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
		if (argc == 3)
			place_cold(cache, value.key, &segments);
		golden_value_free(&value);
	}
	check(golden_series_make(cache, &err), &err);
	for (unsigned i = 0; argc == 3 && i < GOLDEN_SERIES; i++)
		place_cold(cache, golden_series_key(i), &segments);
	fprintf(stderr, "%u segments packed\n", (unsigned)segments);
	check(golden_print(cache, stdout, &err), &err);
	bc_close(cache);
	return 0;
}
