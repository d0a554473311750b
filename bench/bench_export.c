/* SPDX-License-Identifier: MIT */
/*
 * bench_export.c - how fast do frames become text?  A year of minute bars from
 * a cache as CSV in our own shape: to memory that is used again, and to a file
 * as the tool writes it, beside only writing the same bytes.
 *
 * The file stays in DIR/export, where rival_csv.py reads what it writes then;
 * bench/run removes it.
 */
#include "data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "shape.h"

#define EXPORT_BUFFER_BYTES ((size_t)1 << 20) /* as the tool has it */
#define EXPORT_KEY "binance/spot/BTCUSDT/1m"

static void
export_write(int fd, const char *text, size_t bytes)
{
	while (bytes > 0) {
		ssize_t part = write(fd, text, bytes);

		if (part < 0)
			bench_die("write: %s", strerror(errno));
		text += part;
		bytes -= (size_t)part;
	}
}

static int
export_create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		bench_die("%s: %s", path, strerror(errno));
	return fd;
}

/* Point at the columns of a view without its time. */
static void
export_frame(const struct bc_view *view, struct bci_shape_column *columns,
             struct bci_shape_frame *frame)
{
	uint32_t count = view->schema->column_count - 1;

	for (uint32_t i = 0; i < count; i++)
		columns[i] = (struct bci_shape_column){
			.name = view->schema->columns[i + 1].name,
			.type = view->schema->columns[i + 1].type,
			.data = bc_view_column(view, i + 1),
		};
	*frame = (struct bci_shape_frame){
		.key = EXPORT_KEY,
		.rows = view->rows,
		.time_ns = bc_view_column(view, 0),
		.columns = columns,
		.column_count = count,
		.symbol = "BTCUSDT",
		.timeframe = { .step_ns = BENCH_MINUTE_NS },
	};
}

/*
 * Get the frame and write it as text to 'path', or nowhere if that is NULL.
 * Returns the nanoseconds, in 'bytes' how long the text is.
 */
static double
export_once(struct bc_cache *cache, const char *path, char *buffer,
            uint64_t *bytes)
{
	struct bci_shape_options options = { .header = true };
	struct bci_shape_column columns[BENCH_COLUMNS - 1];
	int fd = path == NULL ? -1 : export_create(path);
	uint64_t begin = bench_now_ns();
	struct bci_shape_frame frame;
	struct bci_shape *shape;
	struct bc_error err;
	struct bc_view view;
	size_t part;

	if (bc_get(cache, EXPORT_KEY, &view) != BC_OK)
		bench_die("%s is not there", EXPORT_KEY);
	export_frame(&view, columns, &frame);
	if (bci_shape_begin(&bci_allocator_default, &options, &frame, &shape,
	                    &err) != BC_OK)
		bench_die("shape: %s", err.message);
	*bytes = 0;
	do {
		if (bci_shape_more(shape, buffer, EXPORT_BUFFER_BYTES, &part,
		                   &err) != BC_OK)
			bench_die("shape: %s", err.message);
		if (fd >= 0)
			export_write(fd, buffer, part);
		*bytes += part;
	} while (part != 0);
	bci_shape_end(shape);
	bc_view_release(&view);
	if (fd >= 0)
		close(fd);
	return (double)(bench_now_ns() - begin);
}

/* Only write the bytes; returns the nanoseconds. */
static double
export_plain(const char *path, const char *text, uint64_t bytes)
{
	int fd = export_create(path);
	uint64_t begin = bench_now_ns();

	for (uint64_t at = 0; at < bytes; at += EXPORT_BUFFER_BYTES)
		export_write(fd, text + at,
		             bytes - at < EXPORT_BUFFER_BYTES
		                     ? bytes - at
		                     : EXPORT_BUFFER_BYTES);
	close(fd);
	return (double)(bench_now_ns() - begin);
}

/* Put the frame that is exported. */
static void
export_put(struct bc_cache *cache)
{
	struct bench_bars bars;
	struct bc_error err;

	bench_bars_init(&bars, BENCH_YEAR_ROWS);
	bench_bars_fill(&bars, 1);
	if (bc_put(cache, EXPORT_KEY, &bars.frame, NULL, NULL, &err) != BC_OK)
		bench_die("bc_put: %s", err.message);
	bench_bars_free(&bars);
}

/* The text of a file in memory of the caller. */
static char *
export_load(const char *path, uint64_t bytes)
{
	char *text = bench_alloc(1, bytes);
	FILE *file = fopen(path, "r");

	if (file == NULL || fread(text, 1, bytes, file) != bytes)
		bench_die("cannot read %s", path);
	fclose(file);
	return text;
}

int
main(int argc, char **argv)
{
	double memory[BENCH_ROUNDS_MAX], file[BENCH_ROUNDS_MAX];
	double plain[BENCH_ROUNDS_MAX], scale;
	char cache_path[BENCH_PATH_MAX], path[BENCH_PATH_MAX];
	char other[BENCH_PATH_MAX];
	char *buffer = bench_alloc(1, EXPORT_BUFFER_BYTES), *text;
	struct bench_options options;
	struct bc_cache *cache;
	uint64_t bytes;

	bench_options_parse(argc, argv, &options);
	bench_path(cache_path, options.dir, "export-cache");
	bench_path(path, options.dir, "export");
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		bench_die("%s: %s", path, strerror(errno));
	bench_path(path, options.dir, "export/year.csv");
	bench_path(other, options.dir, "export/plain");
	cache = bench_cache_open(cache_path, (uint64_t)1 << 30,
	                         BC_DURABILITY_DEFAULT);
	export_put(cache);
	export_once(cache, path, buffer, &bytes);
	text = export_load(path, bytes);
	for (unsigned i = 0; i < options.rounds; i++) {
		bench_settle(options.dir);
		memory[i] = export_once(cache, NULL, buffer, &bytes);
		file[i] = export_once(cache, path, buffer, &bytes);
		plain[i] = export_plain(other, text, bytes);
	}
	bc_close(cache);
	scale = (double)bytes * 1e3;
	bench_report("export", "csv-1m", "mb_per_s",
	             scale / bench_median(memory, options.rounds), "MB/s", NULL,
	             0);
	bench_report("export", "csv-1m", "per_s",
	             BENCH_YEAR_ROWS * 1e9 /
	                     bench_median(memory, options.rounds),
	             "rows/s", NULL, 0);
	bench_report("export", "csv-1m-file", "mb_per_s",
	             scale / bench_median(file, options.rounds), "MB/s",
	             "write", scale / bench_median(plain, options.rounds));
	(void)remove(other);
	bench_remove_tree(cache_path);
	free(text);
	free(buffer);
	return 0;
}
