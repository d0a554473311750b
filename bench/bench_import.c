/* SPDX-License-Identifier: MIT */
/*
 * bench_import.c - how fast do files become frames?  By the calls of the tool:
 * read and unpacked, the dialect found, rows parsed, sorted, checked and put,
 * many small files in one commit.  The files are a year of minute bars, the
 * same packed by gzip, and many small ones of daily bars.
 *
 * They stay in DIR/import/CASE, where rival_csv.py reads them; bench/run
 * removes them.
 */
#include "data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "csv.h"
#include "input.h"
#include "memory.h"
#include "sniff.h"

#define IMPORT_DAILY_ROWS 2500
#define IMPORT_BUDGET ((uint64_t)4 << 30)
/* As the tool reads on, and how much it stores at once. */
#define IMPORT_STEP ((size_t)4 << 20)
#define IMPORT_GROUP_BYTES ((uint64_t)64 << 20)
#define IMPORT_GROUP 256

/* Files of one kind. */
struct import_case {
	const char *name, *ending;
	uint32_t files;
	uint64_t rows;  /* of each */
	uint64_t bytes; /* of the text of all, unpacked */
	const char *rival;
	size_t (*rival_read)(const char *path, char *memory, size_t room);
};

/* What the rounds of a case share. */
struct import_run {
	const struct bench_options *options;
	const struct import_case *subject;
	struct bc_cache *cache;
	char *memory; /* for the rival */
	uint64_t rows, parse_ns;
	uint32_t keys; /* so many were put */
	/* What the batch borrows until it is committed. */
	struct bc_batch *batch;
	struct bci_table tables[IMPORT_GROUP];
	uint32_t table_count;
	uint64_t table_bytes;
};

/* ------------------------------------------------------------------------ */
/*  Files                                                                   */
/* ------------------------------------------------------------------------ */

static void
import_path(char path[BENCH_PATH_MAX], const char *dir,
            const struct import_case *subject, uint32_t index)
{
	char name[64];

	snprintf(name, sizeof(name), "import/%s/%04u.%s", subject->name, index,
	         subject->ending);
	bench_path(path, dir, name);
}

static void
import_make_directory(const char *dir, const char *name)
{
	char path[BENCH_PATH_MAX];

	bench_path(path, dir, name);
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		bench_die("%s: %s", path, strerror(errno));
}

static uint64_t
import_file_bytes(const char *path)
{
	struct stat state;

	if (stat(path, &state) != 0)
		bench_die("%s: %s", path, strerror(errno));
	return (uint64_t)state.st_size;
}

/* Read a file into 'memory' and return how long it is. */
static size_t
import_read(const char *path, char *memory, size_t room)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t bytes = 0;
	ssize_t part;

	if (fd < 0)
		bench_die("%s: %s", path, strerror(errno));
	while ((part = read(fd, memory + bytes, room - bytes)) > 0)
		bytes += (size_t)part;
	if (part < 0)
		bench_die("%s: %s", path, strerror(errno));
	close(fd);
	return bytes;
}

/* The same of what is in a gzip file. */
static size_t
import_unpack(const char *path, char *memory, size_t room)
{
	gzFile file = gzopen(path, "rb");
	int bytes;

	if (file == NULL)
		bench_die("cannot read %s", path);
	gzbuffer(file, 1 << 17);
	bytes = gzread(file, memory, (unsigned)room);
	if (bytes < 0 || gzclose(file) != Z_OK)
		bench_die("cannot unpack %s", path);
	return (size_t)bytes;
}

static void
import_pack(const char *from, const char *to)
{
	size_t bytes = import_file_bytes(from);
	char *memory = bench_alloc(1, bytes);
	gzFile file = gzopen(to, "wb");

	import_read(from, memory, bytes);
	if (file == NULL || gzwrite(file, memory, (unsigned)bytes) == 0 ||
	    gzclose(file) != Z_OK)
		bench_die("cannot write %s", to);
	free(memory);
}

/* Make the files of all cases; fills in how long their text is. */
static void
import_make(const char *dir, struct import_case *minutes,
            struct import_case *packed, struct import_case *days)
{
	char path[BENCH_PATH_MAX], other[BENCH_PATH_MAX];

	import_make_directory(dir, "import");
	import_make_directory(dir, "import/csv-1m");
	import_make_directory(dir, "import/csv-1m-gzip");
	import_make_directory(dir, "import/csv-daily-many");
	import_path(path, dir, minutes, 0);
	import_path(other, dir, packed, 0);
	bench_csv_write(path, 1, minutes->rows);
	import_pack(path, other);
	minutes->bytes = packed->bytes = import_file_bytes(path);
	for (uint32_t i = 0; i < days->files; i++) {
		import_path(path, dir, days, i);
		bench_csv_write_daily(path, i, days->rows, 2 + i % 5);
		days->bytes += import_file_bytes(path);
	}
}

/* ------------------------------------------------------------------------ */
/*  Ours                                                                    */
/* ------------------------------------------------------------------------ */

/* Commit what was put. */
static void
import_commit(struct import_run *run)
{
	struct bc_error err;

	if (run->batch != NULL && bc_batch_commit(&run->batch, &err) != BC_OK)
		bench_die("commit: %s", err.message);
	for (uint32_t i = 0; i < run->table_count; i++)
		bci_table_free(&run->tables[i]);
	run->table_count = 0;
	run->table_bytes = 0;
}

/* Put a table, which it takes over, as a frame of its own. */
static void
import_put(struct import_run *run, const struct bci_table *table)
{
	struct bc_column *columns =
		bench_alloc(table->column_count, sizeof(*columns));
	struct bc_frame frame = { table->rows, table->time_ns, columns,
		                  table->column_count };
	char key[BENCH_KEY_BYTES];
	struct bc_error err;

	for (uint32_t i = 0; i < table->column_count; i++) {
		columns[i].name = table->columns[i].name;
		columns[i].type = table->columns[i].type;
		columns[i].data = table->columns[i].data;
	}
	bench_key(key, run->keys++);
	if ((run->batch == NULL &&
	     bc_batch_begin(run->cache, &run->batch, &err) != BC_OK) ||
	    bc_batch_put(run->batch, key, &frame, NULL, NULL, &err) != BC_OK)
		bench_die("put: %s", err.message);
	free(columns);
	run->tables[run->table_count++] = *table;
	run->table_bytes += table->rows * 48;
	if (run->table_count == IMPORT_GROUP ||
	    run->table_bytes >= IMPORT_GROUP_BYTES)
		import_commit(run);
}

/* Import a text that is in memory. */
static void
import_text(struct import_run *run, const struct input *input)
{
	struct bci_hints hints = { .name = input->name };
	struct bci_table_order order;
	struct bci_csv_report report;
	struct bci_dialect dialect;
	struct bci_table table;
	uint64_t begin = bench_now_ns();
	struct bci_csv *csv;
	struct bc_error err;
	bool done = false;
	size_t used;

	if (bci_sniff(input->data, input->bytes, &hints, &dialect, &err) !=
	    BC_OK)
		bench_die("%s: %s", input->name, err.message);
	if (bci_csv_begin(&memory_columns, input->data, input->bytes, &dialect,
	                  NULL, &csv, &err) != BC_OK)
		bench_die("%s: %s", input->name, err.message);
	while (!done)
		if (bci_csv_more(csv, IMPORT_STEP, &used, &done, &err) != BC_OK)
			bench_die("%s: %s", input->name, err.message);
	bci_csv_end(csv, &table, &report);
	run->parse_ns += bench_now_ns() - begin;
	if (bci_table_sort(&table, &order, &err) != BC_OK)
		bench_die("%s: %s", input->name, err.message);
	if (table.rows != run->subject->rows || table.column_count != 5)
		bench_die("%s: %llu rows of %u columns came back", input->name,
		          (unsigned long long)table.rows, table.column_count);
	run->rows += table.rows;
	import_put(run, &table);
}

/* Import all files once; returns the nanoseconds. */
static double
import_ours(struct import_run *run)
{
	uint64_t begin = bench_now_ns();
	char path[BENCH_PATH_MAX];
	struct bc_error err;

	for (uint32_t i = 0; i < run->subject->files; i++) {
		const struct input *input;
		struct input_source *source;

		import_path(path, run->options->dir, run->subject, i);
		source = input_open(path, &err);
		if (source == NULL || input_next(source, &input, &err) != 1)
			bench_die("%s: %s", path, err.message);
		import_text(run, input);
		input_close(source);
	}
	import_commit(run);
	return (double)(bench_now_ns() - begin);
}

/* ------------------------------------------------------------------------ */
/*  Both                                                                    */
/* ------------------------------------------------------------------------ */

/* Only read all files once; returns the nanoseconds. */
static double
import_theirs(const struct import_run *run)
{
	const struct import_case *subject = run->subject;
	uint64_t begin = bench_now_ns(), bytes = 0;
	char path[BENCH_PATH_MAX];

	for (uint32_t i = 0; i < subject->files; i++) {
		import_path(path, run->options->dir, subject, i);
		bytes += subject->rival_read(path, run->memory, subject->bytes);
	}
	if (bytes != subject->bytes)
		bench_die("%s: %llu bytes", path, (unsigned long long)bytes);
	return (double)(bench_now_ns() - begin);
}

/* Measure a case and print its figures. */
static void
import_measure(const struct bench_options *options,
               const struct import_case *subject)
{
	double ours[BENCH_ROUNDS_MAX], parse[BENCH_ROUNDS_MAX];
	double theirs[BENCH_ROUNDS_MAX], scale = (double)subject->bytes * 1e3;
	struct import_run run = { .options = options, .subject = subject };
	char path[BENCH_PATH_MAX];
	size_t count = options->rounds;

	bench_path(path, options->dir, "import-cache");
	run.cache =
		bench_cache_open(path, IMPORT_BUDGET, BC_DURABILITY_DEFAULT);
	run.memory = bench_alloc(1, subject->bytes);
	import_theirs(&run);
	for (size_t i = 0; i < count; i++) {
		bench_settle(options->dir);
		bench_touch_memory((size_t)512 << 20);
		run.rows = run.parse_ns = 0;
		ours[i] = import_ours(&run);
		parse[i] = (double)run.parse_ns;
		theirs[i] = import_theirs(&run);
	}
	free(run.memory);
	bc_close(run.cache);
	bench_remove_tree(path);
	bench_report("import", subject->name, "mb_per_s",
	             scale / bench_median(ours, count), "MB/s", subject->rival,
	             scale / bench_median(theirs, count));
	bench_report("import", subject->name, "per_s",
	             (double)run.rows * 1e9 / bench_median(ours, count),
	             "rows/s", NULL, 0);
	bench_report("import", subject->name, "parse_mb_per_s",
	             scale / bench_median(parse, count), "MB/s", NULL, 0);
}

int
main(int argc, char **argv)
{
	struct import_case minutes = { "csv-1m",        "csv", 1,
		                       BENCH_YEAR_ROWS, 0,     "read",
		                       import_read };
	struct import_case packed = { "csv-1m-gzip",   "csv.gz", 1,
		                      BENCH_YEAR_ROWS, 0,        "zlib",
		                      import_unpack };
	struct import_case days = { "csv-daily-many",  "csv", 1000,
		                    IMPORT_DAILY_ROWS, 0,     "read",
		                    import_read };
	struct bench_options options;

	bench_options_parse(argc, argv, &options);
	if (options.quick)
		days.files /= 5;
	import_make(options.dir, &minutes, &packed, &days);
	import_measure(&options, &minutes);
	import_measure(&options, &packed);
	import_measure(&options, &days);
	return 0;
}
