/* SPDX-License-Identifier: MIT */
/*
 * 03_feature_cache.c - any computed result under a key of one's own: look it
 * up, and on a miss compute it and put it.  Here a table without a time
 * column (the volatility of returns over windows of growing length) and a
 * blob (a note on how it was made) go in together, so that no reader ever
 * sees one without the other.
 *
 * usage: 03_feature_cache CACHE
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <barcache.h>

#define WINDOWS 64
#define RETURNS 20000

/* What changes the result belongs into the key: here the version of the
 * formula and the number of returns. */
static const char table_key[] = "features/volatility-v1/20000";
static const char note_key[] = "features/volatility-v1/20000/note";

struct table {
	int32_t window[WINDOWS];
	double volatility[WINDOWS];
};

/* The expensive part. */
static void
compute(struct table *table)
{
	for (int w = 0; w < WINDOWS; w++) {
		double sum = 0, squares = 0;

		table->window[w] = (w + 1) * (RETURNS / WINDOWS);
		for (int i = 0; i < table->window[w]; i++) {
			double r = sin(i * 0.7) * cos(i * 0.013) * 0.01;

			sum += r;
			squares += r * r;
		}
		sum /= table->window[w];
		squares /= table->window[w];
		table->volatility[w] = sqrt(squares - sum * sum);
	}
}

/* Compute the table and put it with its note in one commit. */
static enum bc_status
fill(struct bc_cache *cache, struct bc_error *err)
{
	static const char note[] = "standard deviation, population formula";
	struct table table;
	const struct bc_column columns[] = {
		{ .name = "window", .type = BC_I32, .data = table.window },
		{ .name = "volatility", .type = BC_F64,
		  .data = table.volatility },
	};
	const struct bc_frame frame = {
		.rows = WINDOWS, .columns = columns, .column_count = 2,
	};
	struct bc_batch *batch = NULL;
	enum bc_status status;

	compute(&table);
	status = bc_batch_begin(cache, &batch, err);
	if (status == BC_OK)
		status = bc_batch_put(batch, table_key, &frame, NULL, NULL,
		                      err);
	if (status == BC_OK)
		status = bc_batch_put_blob(batch, note_key, note, strlen(note),
		                           NULL, err);
	if (status == BC_OK)
		return bc_batch_commit(&batch, err);
	bc_batch_abort(batch);
	return status;
}

static void
show(const struct bc_view *table, const struct bc_view *note)
{
	const int32_t *window = bc_view_find(table, "window", BC_I32);
	const double *volatility = bc_view_f64(table, "volatility");
	uint64_t last = table->rows - 1;

	printf("volatility over %d returns: %.6f (%.*s)\n", window[last],
	       volatility[last], (int)note->bytes, (const char *)note->data);
}

int
main(int argc, char **argv)
{
	const char *const keys[] = { table_key, note_key };
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_view views[2] = { 0 };
	struct bc_cache *cache = NULL;
	struct bc_error err = { 0 };
	enum bc_status status;

	if (argc != 2) {
		fprintf(stderr, "usage: 03_feature_cache CACHE\n");
		return 2;
	}
	options.flags = BC_OPEN_CREATE;
	status = bc_open(argv[1], &options, &cache, &err);
	if (status == BC_OK)
		status = bc_get_many(cache, keys, 2, views);
	if (status == BC_MISS) {
		printf("computing\n");
		status = fill(cache, &err);
		if (status == BC_OK)
			status = bc_get_many(cache, keys, 2, views);
	}
	if (status == BC_OK)
		show(&views[0], &views[1]);
	else
		fprintf(stderr, "03_feature_cache: %s: %s\n",
		        bc_strerror(status), err.message);
	bc_view_release(&views[0]);
	bc_view_release(&views[1]);
	bc_close(cache);
	return status == BC_OK ? 0 : 1;
}
