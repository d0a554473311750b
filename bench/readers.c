/* SPDX-License-Identifier: MIT */
/*
 * readers.c - the table of tools/quickstart: 1, 2 and 4 processes read all
 * frames of a cache at once, beside a process that copies the same bytes into
 * memory of its own and one that parses the CSV files again.
 *
 * readers CACHE CSV...
 */
#include "data.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "csv.h"
#include "sniff.h"

#define READERS_MAX 4
#define READERS_GETS 200000
#define READERS_WINDOW_NS 500000000U

/* A way to the bars. */
enum readers_way { READERS_CACHE, READERS_COPY, READERS_CSV };

/* Columns of 8-byte elements, wherever they are. */
struct readers_columns {
	const uint64_t **columns;
	uint64_t *rows; /* of each column */
	size_t count, room;
};

/* ------------------------------------------------------------------------ */
/*  Child                                                                   */
/* ------------------------------------------------------------------------ */

struct readers_child {
	struct bc_cache *cache;
	char **keys;
	size_t key_count, key_room;
	struct bc_view *views; /* one a key */
	struct readers_columns columns;
};

static void
readers_keep(struct readers_columns *columns, const void *column,
             uint64_t rows)
{
	if (columns->count == columns->room)
		bench_die("too many columns");
	columns->rows[columns->count] = rows;
	columns->columns[columns->count++] = column;
}

static void
readers_room(struct readers_columns *columns, size_t room)
{
	columns->columns = bench_alloc(room, sizeof(*columns->columns));
	columns->rows = bench_alloc(room, sizeof(*columns->rows));
	columns->room = room;
}

/* Keep the key of a frame or a series: a bc_list_function. */
static int
readers_list(void *context, const struct bc_info *info)
{
	struct readers_child *child = context;

	if (info->kind != BC_FRAME && info->kind != BC_SERIES)
		return 0;
	if (child->key_count == child->key_room) {
		child->key_room = 2 * child->key_room + 16;
		child->keys = realloc(child->keys, child->key_room *
		                                           sizeof(char *));
		if (child->keys == NULL)
			bench_die("no memory for the keys");
	}
	child->keys[child->key_count] = strdup(info->key);
	return child->keys[child->key_count++] == NULL;
}

/* Open the cache and take a view of every frame in it. */
static void
readers_open(struct readers_child *child, const char *path)
{
	struct bc_error err;

	child->cache = bench_cache_open(path, 0, BC_DURABILITY_DEFAULT);
	if (bc_list(child->cache, NULL, readers_list, child, &err) != BC_OK)
		bench_die("bc_list: %s", err.message);
	if (child->key_count == 0)
		bench_die("%s holds no bars", path);
	child->views = bench_alloc(child->key_count, sizeof(*child->views));
	readers_room(&child->columns, child->key_count * BC_COLUMNS_MAX);
	for (size_t i = 0; i < child->key_count; i++) {
		struct bc_view *view = &child->views[i];

		if (bc_get(child->cache, child->keys[i], view) != BC_OK)
			bench_die("bc_get %s: %s", child->keys[i],
			          bc_miss_name(view->miss));
		for (uint32_t j = 0; j < view->schema->column_count; j++) {
			if (view->schema->columns[j].bytes == 8)
				readers_keep(&child->columns,
				             bc_view_column(view, j),
				             view->rows);
		}
	}
}

/* Replace the columns of the cache by copies of them. */
static void
readers_copy(struct readers_child *child)
{
	for (size_t i = 0; i < child->columns.count; i++) {
		size_t bytes = child->columns.rows[i] * 8;
		void *copy = malloc(bytes);

		if (copy == NULL)
			bench_die("no memory for a copy");
		memcpy(copy, child->columns.columns[i], bytes);
		child->columns.columns[i] = copy;
	}
	for (size_t i = 0; i < child->key_count; i++)
		bc_view_release(&child->views[i]);
	bc_close(child->cache);
	child->cache = NULL;
}

/* Find the dialect of a text and parse it; UTC. */
static void
readers_parse_text(const char *path, const char *text, size_t bytes,
                   struct bci_table *table)
{
	const struct bci_hints hints = {.name = path};
	struct bci_dialect dialect;
	struct bci_csv_report report;
	struct bci_csv *csv;
	struct bc_error err;
	size_t used;
	bool done;

	if (bci_sniff(text, bytes, &hints, &dialect, &err) != BC_OK ||
	    bci_csv_begin(&bci_allocator_default, text, bytes, &dialect, NULL,
	                  &csv, &err) != BC_OK ||
	    bci_csv_more(csv, bytes, &used, &done, &err) != BC_OK)
		bench_die("%s: %s", path, err.message);
	bci_csv_end(csv, table, &report);
}

/* Parse 'count' CSV files; what was parsed lives as long as the process. */
static void
readers_parse(struct readers_child *child, char **paths, size_t count)
{
	readers_room(&child->columns, count * BC_COLUMNS_MAX);
	for (size_t i = 0; i < count; i++) {
		FILE *file = fopen(paths[i], "r");
		struct bci_table table;
		size_t bytes;
		char *text;

		if (file == NULL || fseek(file, 0, SEEK_END) != 0)
			bench_die("%s: %s", paths[i], strerror(errno));
		bytes = (size_t)ftell(file);
		rewind(file);
		text = bench_alloc(1, bytes);
		if (fread(text, 1, bytes, file) != bytes)
			bench_die("%s: cannot be read", paths[i]);
		fclose(file);
		readers_parse_text(paths[i], text, bytes, &table);
		free(text);
		readers_keep(&child->columns, table.time_ns, table.rows);
		for (uint32_t j = 0; j < table.column_count; j++)
			readers_keep(&child->columns, table.columns[j].data,
			             table.rows);
	}
}

/* Time gets of the frames in turn; p50 and p99 in nanoseconds. */
static void
readers_gets(struct readers_child *child, struct bench_latency *out)
{
	struct bench_samples samples;
	uint64_t sum = 0;

	bench_samples_init(&samples, READERS_GETS);
	for (size_t i = 0; i < READERS_GETS; i++) {
		const char *key = child->keys[i % child->key_count];
		uint64_t begin = bench_ticks();

		sum += bench_read_cache(child->cache, key, 0);
		bench_samples_add(&samples, bench_ticks() - begin);
	}
	bench_sink = sum;
	bench_latency_of_ticks(&samples, out);
	bench_samples_free(&samples);
}

/* Sum all columns again and again; gigabytes a second. */
static double
readers_scan(const struct readers_columns *columns)
{
	uint64_t begin = bench_now_ns(), bytes = 0, sum = 0;

	for (size_t i = 0; bench_now_ns() - begin < READERS_WINDOW_NS; i++) {
		size_t at = i % columns->count;

		sum += bench_sum(columns->columns[at], columns->rows[at]);
		bytes += columns->rows[at] * 8;
	}
	bench_sink = sum;
	return (double)bytes / (double)(bench_now_ns() - begin);
}

/* Sum all columns once. */
static void
readers_touch(const struct readers_columns *columns)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < columns->count; i++)
		sum += bench_sum(columns->columns[i], columns->rows[i]);
	bench_sink = sum;
}

/*
 * A process that reads: arguments are the way, the number of its core, the
 * path of the cache, the CSV files.  Prints five numbers in two lines.
 */
static int
readers_child(int argc, char **argv)
{
	enum readers_way way = (enum readers_way)strtoul(argv[0], NULL, 10);
	struct readers_child child = {0};
	struct bench_latency latency = {0};
	uint64_t before, begin, ready;
	double scan;

	bench_pin((unsigned)strtoul(argv[1], NULL, 10));
	(void)bench_tick_ns();
	before = bench_private_bytes();
	begin = bench_now_ns();
	if (way == READERS_CSV)
		readers_parse(&child, argv + 3, (size_t)argc - 3);
	else
		readers_open(&child, argv[2]);
	if (way == READERS_COPY)
		readers_copy(&child);
	readers_touch(&child.columns);
	ready = bench_now_ns() - begin;
	printf("%.0f %.0f\n", (double)ready,
	       (double)bench_private_bytes() - (double)before);
	bench_parent_wait();
	if (way == READERS_CACHE)
		readers_gets(&child, &latency);
	printf("%.1f %.1f\n", latency.p50_ns, latency.p99_ns);
	bench_parent_wait();
	scan = readers_scan(&child.columns);
	printf("%.4f\n", scan);
	bench_parent_wait();
	return 0;
}

/* ------------------------------------------------------------------------ */
/*  Parent                                                                  */
/* ------------------------------------------------------------------------ */

/* Arguments of readers_child() after the first two; NULL-terminated. */
struct readers_arguments {
	const char **all;
	char way[8], core[8];
};

static void
readers_start(struct bench_child *child, struct readers_arguments *arguments,
              enum readers_way way, unsigned core)
{
	snprintf(arguments->way, sizeof(arguments->way), "%d", (int)way);
	snprintf(arguments->core, sizeof(arguments->core), "%u", core);
	bench_child_start(child, arguments->all);
}

/* Tell all to go on; then sum up 'count' numbers of each. */
static void
readers_step(struct bench_child *children, unsigned processes,
             double *sums, size_t count)
{
	double numbers[2];

	memset(sums, 0, count * sizeof(*sums));
	for (unsigned i = 0; i < processes; i++)
		bench_child_say(&children[i], "go");
	for (unsigned i = 0; i < processes; i++) {
		bench_child_numbers(&children[i], numbers, count);
		for (size_t j = 0; j < count; j++)
			sums[j] += numbers[j];
	}
}

/* Print the row of 'processes' processes that take one of the ways. */
static void
readers_row(struct readers_arguments *arguments, enum readers_way way,
            const char *name, unsigned processes)
{
	struct bench_child children[READERS_MAX];
	double begun[2], ready = 0, private = 0, gets[2], scan;

	for (unsigned i = 0; i < processes; i++)
		readers_start(&children[i], arguments, way, i);
	for (unsigned i = 0; i < processes; i++) {
		bench_child_numbers(&children[i], begun, 2);
		ready += begun[0] / processes;
		private += begun[1] / processes;
	}
	readers_step(children, processes, gets, 2);
	readers_step(children, processes, &scan, 1);
	for (unsigned i = 0; i < processes; i++) {
		bench_child_say(&children[i], "end");
		bench_child_end(&children[i]);
	}
	printf("%-22s %7u %9.2f ms", name, processes, ready / 1e6);
	if (way == READERS_CACHE)
		printf(" %6.0f ns %6.0f ns", gets[0] / processes,
		       gets[1] / processes);
	else
		printf(" %9s %9s", "-", "-");
	printf(" %6.1f GB/s %8.1f MB\n", scan, private / 1e6);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct readers_arguments arguments;
	struct bench_child holder;
	double begun[2];

	if (argc > 3 && strcmp(argv[1], "child") == 0)
		return readers_child(argc - 2, argv + 2);
	if (argc < 3)
		bench_die("usage: readers CACHE CSV...");
	arguments.all = bench_alloc((size_t)argc + 3, sizeof(char *));
	arguments.all[0] = "child";
	arguments.all[1] = arguments.way;
	arguments.all[2] = arguments.core;
	for (int i = 1; i < argc; i++)
		arguments.all[i + 2] = argv[i];

	/* See bench_fanout.c: pages that two have mapped are nobody's own. */
	readers_start(&holder, &arguments, READERS_CACHE, 0);
	bench_child_numbers(&holder, begun, 2);
	printf("%-22s %7s %12s %9s %9s %11s %11s\n", "way", "readers",
	       "all read in", "get p50", "get p99", "scan", "own memory");
	for (unsigned processes = 1; processes <= READERS_MAX; processes *= 2)
		readers_row(&arguments, READERS_CACHE, "barcache, in place",
		            processes);
	readers_row(&arguments, READERS_COPY, "copy into own memory", 1);
	readers_row(&arguments, READERS_CSV, "parse the CSV again", 1);
	for (size_t i = 0; i < 3; i++)
		bench_child_say(&holder, "end");
	bench_child_end(&holder);
	free(arguments.all);
	return 0;
}
