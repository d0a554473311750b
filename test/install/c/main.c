/* SPDX-License-Identifier: MIT */
/*
 * A program outside the project: put a frame into a cache in the directory
 * that the first argument names, and get it back.
 */
#include <stdio.h>
#include <string.h>

#include <barcache.h>

int
main(int argc, char **argv)
{
	struct bc_options options = BC_OPTIONS_INIT;
	const int64_t time_ns[] = { 60000000000, 120000000000 };
	const double close[] = { 1.5, 2.5 };
	const struct bc_column column = {
		.name = "close", .type = BC_F64, .data = close
	};
	const struct bc_frame frame = {
		.rows = 2, .time_ns = time_ns,
		.columns = &column, .column_count = 1
	};
	struct bc_cache *cache = NULL;
	struct bc_error err = { 0 };
	struct bc_view view;
	int good;

	if (argc != 2 || strcmp(bc_version(), BC_VERSION_STRING) != 0)
		return 2;
	options.flags = BC_OPEN_CREATE;
	if (bc_open(argv[1], &options, &cache, &err) != BC_OK ||
	    bc_put(cache, "key", &frame, NULL, NULL, &err) != BC_OK) {
		fprintf(stderr, "%s\n", err.message);
		bc_close(cache);
		return 1;
	}
	good = bc_get(cache, "key", &view) == BC_OK && view.rows == 2 &&
	       bc_view_f64(&view, "close")[1] == 2.5;
	bc_view_release(&view);
	bc_close(cache);
	printf("barcache %s: %s\n", bc_version(), good ? "good" : "bad");
	return good ? 0 : 1;
}
