/* SPDX-License-Identifier: MIT */
/*
 * bench_import.c - how fast does text become a frame?  A year of minute bars
 * as CSV: read, parsed, checked and put; beside only reading the file.
 */
#include "data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "csv.h"

/* The text of the file, in memory that is used again for each round. */
struct import_text {
	char *memory;
	size_t bytes;
};

static void
import_read(const char *path, struct import_text *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat state;
	size_t done = 0;

	if (fd < 0 || fstat(fd, &state) != 0)
		bench_die("%s: %s", path, strerror(errno));
	text->bytes = (size_t)state.st_size;
	if (text->memory == NULL)
		text->memory = bench_alloc(1, text->bytes);
	while (done < text->bytes) {
		ssize_t part = read(fd, text->memory + done,
		                    text->bytes - done);

		if (part <= 0)
			bench_die("%s: %s", path, strerror(errno));
		done += (size_t)part;
	}
	close(fd);
}

/* Put what was parsed as frame 'index'. */
static void
import_put(struct bc_cache *cache, const struct bci_csv *csv, uint32_t index)
{
	struct bc_column *columns =
	        bench_alloc(csv->column_count, sizeof(*columns));
	struct bc_frame frame = {csv->rows, csv->time_ns, columns,
	                         csv->column_count};
	char key[BENCH_KEY_BYTES];
	struct bc_error err;

	for (uint32_t i = 0; i < csv->column_count; i++) {
		columns[i].name = csv->names[i];
		columns[i].type = BC_F64;
		columns[i].data = csv->columns[i];
	}
	bench_key(key, index);
	if (bc_put(cache, key, &frame, NULL, NULL, &err) != BC_OK)
		bench_die("bc_put: %s", err.message);
	free(columns);
}

/* One import; returns the nanoseconds and sets those of parsing alone. */
static uint64_t
import_once(struct bc_cache *cache, const char *path, uint32_t index,
            struct import_text *text, uint64_t *parse_ns)
{
	uint64_t begin = bench_now_ns(), parse_begin;
	struct bc_error err;
	struct bci_csv csv;

	import_read(path, text);
	parse_begin = bench_now_ns();
	if (bci_csv_parse(&bci_allocator_default, text->memory, text->bytes,
	                  &csv, &err) != BC_OK)
		bench_die("bci_csv_parse: %s", err.message);
	*parse_ns = bench_now_ns() - parse_begin;
	if (csv.rows != BENCH_YEAR_ROWS)
		bench_die("%s: %llu rows came back", path,
		          (unsigned long long)csv.rows);
	import_put(cache, &csv, index);
	bci_csv_free(&csv);
	return bench_now_ns() - begin;
}

/* Print megabytes a second of the median of durations, beside a rival's. */
static void
import_report(const char *name, double *ns, const struct bench_options *options,
              size_t bytes, const char *rival, double *rival_ns)
{
	double scale = (double)bytes * 1e3, other = 0;

	if (rival != NULL)
		other = scale / bench_median(rival_ns, options->rounds);
	bench_report("import", name, "mb_per_s",
	             scale / bench_median(ns, options->rounds), "MB/s", rival,
	             other);
}

int
main(int argc, char **argv)
{
	double all_ns[BENCH_ROUNDS_MAX], parse_ns[BENCH_ROUNDS_MAX];
	double read_ns[BENCH_ROUNDS_MAX];
	char csv_path[BENCH_PATH_MAX], cache_path[BENCH_PATH_MAX];
	struct bench_options options;
	struct import_text text = {NULL, 0};
	struct bc_cache *cache;

	bench_options_parse(argc, argv, &options);
	bench_path(csv_path, options.dir, "year.csv");
	bench_path(cache_path, options.dir, "import-cache");
	bench_csv_write(csv_path, 1, BENCH_YEAR_ROWS);
	cache = bench_cache_open(cache_path, (uint64_t)4 << 30,
	                         BC_DURABILITY_DEFAULT);
	import_read(csv_path, &text);
	for (unsigned i = 0; i < options.rounds; i++) {
		uint64_t parsed, begin;

		bench_settle(options.dir);
		bench_touch_memory((size_t)512 << 20);
		all_ns[i] = (double)import_once(cache, csv_path, i, &text,
		                                &parsed);
		parse_ns[i] = (double)parsed;
		begin = bench_now_ns();
		import_read(csv_path, &text);
		read_ns[i] = (double)(bench_now_ns() - begin);
	}
	bc_close(cache);
	import_report("csv-1m", all_ns, &options, text.bytes, "read", read_ns);
	bench_report("import", "csv-1m", "per_s",
	             BENCH_YEAR_ROWS * 1e9 /
	                     bench_median(all_ns, options.rounds),
	             "rows/s", NULL, 0);
	import_report("csv-1m-parse", parse_ns, &options, text.bytes, NULL,
	              NULL);
	free(text.memory);
	bench_remove_tree(cache_path);
	(void)remove(csv_path);
	return 0;
}
