/* SPDX-License-Identifier: MIT */
/*
 * bench_pack.c - how small do packed bars get, and how fast are they packed
 * and unpacked, on each path of the codec?  Beside memcpy() of the same bytes
 * and general compressors over each column.
 *
 * BENCH_SERIES may name a directory of real series, NAME.bars: rows (i64), then
 * times (i64), open, high, low, close, volume (f64), column by column.
 */
#include "bench.h"

#include <dirent.h>
#include <lz4.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef BENCH_ZSTD
#include <zstd.h>
#endif

#include "pack.h"

#define COLUMNS 6
#define BAR_BYTES 48
#define SERIES_MAX 64
#define ROWS_MAX 43200
/* What is unpacked to, and copied from: more than any second-level cache. */
#define RING_BYTES ((size_t)96 << 20)
#define PAGE 4096

struct series {
	char name[64];
	size_t rows;
	void *columns[COLUMNS];
};

/* ------------------------------------------------------------------------ */
/*  Series                                                                  */
/* ------------------------------------------------------------------------ */

static void
series_room(struct series *series, size_t rows)
{
	series->rows = rows;
	for (size_t i = 0; i < COLUMNS; i++)
		series->columns[i] = bench_alloc(rows, 8);
}

/*
 * Bars by a random walk: prices in multiples of 1 / 'units', volumes of
 * 1 / 'lots', a gap in the time now and then.
 */
static void
series_walk(struct series *series, const char *name, size_t rows, double units,
            uint32_t step, double lots, uint64_t volume)
{
	int64_t now = INT64_C(1700000000000000000), price = 4200000;
	double *column[COLUMNS];
	uint64_t state = 1;

	snprintf(series->name, sizeof(series->name), "%s", name);
	series_room(series, rows);
	for (size_t i = 0; i < COLUMNS; i++)
		column[i] = series->columns[i];
	for (size_t i = 0; i < rows; i++) {
		int64_t open = price + (bench_random_below(&state, 8) == 0);
		int64_t close =
			open + bench_random_below(&state, 2 * step + 1) - step;
		int64_t above = bench_random_below(&state, step);
		int64_t below = bench_random_below(&state, step);

		now += INT64_C(60000000000);
		if (bench_random_below(&state, 500) == 0)
			now += INT64_C(3600000000000);
		((int64_t *)series->columns[0])[i] = now;
		column[1][i] = (double)open / units;
		column[2][i] =
			(double)((open > close ? open : close) + above) / units;
		column[3][i] =
			(double)((open < close ? open : close) - below) / units;
		column[4][i] = (double)close / units;
		column[5][i] = (double)(bench_random(&state) % volume) / lots;
		price = close;
	}
}

static void
series_read(struct series *series, const char *directory, const char *file)
{
	char path[BENCH_PATH_MAX];
	FILE *in;
	int64_t rows;

	snprintf(series->name, sizeof(series->name), "%.*s",
	         (int)strcspn(file, "."), file);
	bench_path(path, directory, file);
	in = fopen(path, "rb");
	if (in == NULL || fread(&rows, sizeof(rows), 1, in) != 1 || rows < 1 ||
	    rows > INT64_C(1) << 27)
		bench_die("%s: not a series", path);
	series_room(series, (size_t)rows);
	for (size_t i = 0; i < COLUMNS; i++) {
		if (fread(series->columns[i], 8, series->rows, in) !=
		    series->rows)
			bench_die("%s: not a series", path);
	}
	fclose(in);
}

static int
series_order(const void *a, const void *b)
{
	return strcmp(((const struct series *)a)->name,
	              ((const struct series *)b)->name);
}

/* Those that the environment names, behind those that are made. */
static size_t
series_all(struct series *all)
{
	const char *directory = getenv("BENCH_SERIES");
	const struct dirent *entry;
	size_t count = 0, made;
	DIR *folder;

	series_walk(&all[count++], "walk-cents", ROWS_MAX, 100, 20, 1, 5000);
	series_walk(&all[count++], "walk-coins", ROWS_MAX, 1e8, 900, 1e8,
	            UINT64_C(4000000000));
	made = count;
	if (directory == NULL)
		return count;
	folder = opendir(directory);
	if (folder == NULL)
		bench_die("BENCH_SERIES: no directory %s", directory);
	while ((entry = readdir(folder)) != NULL && count < SERIES_MAX) {
		const char *suffix = strrchr(entry->d_name, '.');

		if (suffix != NULL && strcmp(suffix, ".bars") == 0)
			series_read(&all[count++], directory, entry->d_name);
	}
	closedir(folder);
	qsort(all + made, count - made, sizeof(all[0]), series_order);
	return count;
}

/* ------------------------------------------------------------------------ */
/*  Subjects                                                                */
/* ------------------------------------------------------------------------ */

/* The first 'rows' bars of a series, and memory for all that is done. */
struct frame {
	const struct series *series;
	size_t rows;
	struct bci_pack_column columns[COLUMNS];
	uint64_t room;
	unsigned char *packed;
	uint64_t bytes;
	void *encode_work, *decode_work;
	unsigned char *from, *to; /* rings */
	size_t stride, slots;     /* of a frame in them */
};

static void
frame_make(struct frame *frame, const struct series *series, size_t rows,
           unsigned char *from, unsigned char *to)
{
	static const enum bci_pack_role roles[COLUMNS] = {
		BCI_PACK_ROLE_TIME, BCI_PACK_ROLE_OPEN,  BCI_PACK_ROLE_HIGH,
		BCI_PACK_ROLE_LOW,  BCI_PACK_ROLE_CLOSE, BCI_PACK_ROLE_NONE,
	};

	memset(frame, 0, sizeof(*frame));
	frame->series = series;
	frame->rows = rows;
	for (size_t i = 0; i < COLUMNS; i++) {
		frame->columns[i].type = i == 0 ? BC_I64 : BC_F64;
		frame->columns[i].role = roles[i];
		frame->columns[i].codec = BCI_CODEC_AUTO;
		frame->columns[i].values = series->columns[i];
	}
	frame->room = bci_pack_bound(frame->columns, COLUMNS, rows);
	frame->packed = bench_alloc(1, frame->room);
	frame->encode_work = bench_alloc(1, bci_pack_encode_work());
	frame->decode_work = bench_alloc(1, bci_pack_decode_work());
	frame->from = from;
	frame->to = to;
	frame->stride = COLUMNS * ((rows * 8 + PAGE - 1) / PAGE * PAGE);
	frame->slots = RING_BYTES / frame->stride;
}

static void
frame_free(struct frame *frame)
{
	free(frame->packed);
	free(frame->encode_work);
	free(frame->decode_work);
}

/* Where column 'i' of slot 'slot' lies in a ring. */
static unsigned char *
frame_at(const struct frame *frame, unsigned char *ring, size_t slot, size_t i)
{
	return ring + slot * frame->stride + i * (frame->stride / COLUMNS);
}

static void
frame_pack(struct frame *frame, const struct bci_kernel *kernel)
{
	const struct bci_pack_options options = { .kernel = kernel };
	struct bc_error err;

	if (bci_pack_encode(&options, frame->columns, COLUMNS, frame->rows,
	                    frame->encode_work, frame->packed, frame->room,
	                    &frame->bytes, &err) != BC_OK)
		bench_die("%s: %s", frame->series->name, err.message);
}

static void
frame_unpack(struct frame *frame, const struct bci_kernel *kernel, size_t slot)
{
	void *out[COLUMNS];
	struct bci_pack pack;
	struct bc_error err;

	for (size_t i = 0; i < COLUMNS; i++)
		out[i] = frame_at(frame, frame->to, slot, i);
	if (bci_pack_open(frame->packed, frame->bytes, &pack, &err) != BC_OK)
		bench_die("%s: %s", frame->series->name, err.message);
	pack.kernel = kernel;
	if (bci_pack_decode(&pack, 0, frame->rows, out, frame->decode_work,
	                    &err) != BC_OK)
		bench_die("%s: %s", frame->series->name, err.message);
}

static void
frame_copy(struct frame *frame, size_t slot)
{
	for (size_t i = 0; i < COLUMNS; i++)
		memcpy(frame_at(frame, frame->to, slot, i),
		       frame_at(frame, frame->from, slot, i), frame->rows * 8);
}

/* Unpacked values must be those that were packed, or no figure counts. */
static void
frame_check(struct frame *frame, const struct bci_kernel *kernel)
{
	frame_unpack(frame, kernel, 0);
	for (size_t i = 0; i < COLUMNS; i++) {
		if (memcmp(frame_at(frame, frame->to, 0, i),
		           frame->columns[i].values, frame->rows * 8) != 0)
			bench_die("%s: column %zu comes back as another",
			          frame->series->name, i);
	}
}

/* ------------------------------------------------------------------------ */
/*  Measuring                                                               */
/* ------------------------------------------------------------------------ */

enum what { PACK, UNPACK, COPY };

/* 10^9 raw bytes a second of doing it over and over through 'slots' slots. */
static double
measure(struct frame *frame, enum what what, const struct bci_kernel *kernel,
        size_t slots, uint64_t least_ns)
{
	uint64_t begin = bench_now_ns(), spent = 0;
	double frames = 0;

	while (spent < least_ns) {
		for (size_t slot = 0; slot < slots; slot++) {
			if (what == PACK)
				frame_pack(frame, kernel);
			else if (what == UNPACK)
				frame_unpack(frame, kernel, slot);
			else
				frame_copy(frame, slot);
		}
		frames += (double)slots;
		spent = bench_now_ns() - begin;
	}
	return frames * (double)frame->rows * BAR_BYTES / (double)spent;
}

/* Sums of logarithms, for geometric means over the series. */
struct means {
	double pack[BCI_PATHS], unpack[BCI_PATHS], copy, bytes;
	unsigned count;
};

/* Speeds of one path, in turn with memcpy(). */
static void
frame_speeds(const struct bench_options *options, struct frame *frame,
             enum bci_path path, struct means *means)
{
	const struct bci_kernel *kernel = bci_kernel_of(path);
	const uint64_t span = options->quick ? 20000000 : 60000000;
	double pack[BENCH_ROUNDS_MAX], far[BENCH_ROUNDS_MAX];
	double copy[BENCH_ROUNDS_MAX], near[BENCH_ROUNDS_MAX];
	double beside[BENCH_ROUNDS_MAX];
	char name[128];

	if (kernel == NULL)
		return;
	snprintf(name, sizeof(name), "%s-%zu-%s", frame->series->name,
	         frame->rows, kernel->name);
	frame_pack(frame, kernel);
	frame_check(frame, kernel);
	for (unsigned i = 0; i < options->rounds; i++) {
		pack[i] = measure(frame, PACK, kernel, 1, span);
		far[i] = measure(frame, UNPACK, kernel, frame->slots, span);
		copy[i] = measure(frame, COPY, NULL, frame->slots, span);
		near[i] = measure(frame, UNPACK, kernel, 1, span / 4);
		beside[i] = measure(frame, COPY, NULL, 1, span / 4);
	}
	bench_report("pack", name, "gb_per_s",
	             bench_median(pack, options->rounds), "GB/s", NULL, 0);
	bench_report("unpack", name, "gb_per_s",
	             bench_median(far, options->rounds), "GB/s", "memcpy",
	             bench_median(copy, options->rounds));
	bench_report("unpack", name, "near_gb_per_s",
	             bench_median(near, options->rounds), "GB/s", "memcpy",
	             bench_median(beside, options->rounds));
	means->pack[path] += log(bench_median(pack, options->rounds));
	means->unpack[path] += log(bench_median(far, options->rounds) /
	                           bench_median(copy, options->rounds));
}

/* Bytes of all columns, each compressed as it is. */
static double
frame_lz4(const struct frame *frame)
{
	int bound = LZ4_compressBound((int)frame->rows * 8);
	char *out = bench_alloc(1, (size_t)bound);
	double bytes = 0;

	for (size_t i = 0; i < COLUMNS; i++)
		bytes += LZ4_compress_default(frame->columns[i].values, out,
		                              (int)frame->rows * 8, bound);
	free(out);
	return bytes;
}

#ifdef BENCH_ZSTD
static double
frame_zstd(const struct frame *frame, int level)
{
	size_t bound = ZSTD_compressBound(frame->rows * 8);
	void *out = bench_alloc(1, bound);
	double bytes = 0;

	for (size_t i = 0; i < COLUMNS; i++)
		bytes += (double)ZSTD_compress(out, bound,
		                               frame->columns[i].values,
		                               frame->rows * 8, level);
	free(out);
	return bytes;
}
#endif

static void
frame_sizes(struct frame *frame, struct means *means)
{
	const double rows = (double)frame->rows;
	char name[128];

	snprintf(name, sizeof(name), "%s-%zu", frame->series->name,
	         frame->rows);
	frame_pack(frame, NULL);
	bench_report("pack", name, "bytes_per_bar", (double)frame->bytes / rows,
	             "B", "lz4", frame_lz4(frame) / rows);
#ifdef BENCH_ZSTD
	bench_report("pack", name, "bytes_per_bar", (double)frame->bytes / rows,
	             "B", "zstd-1", frame_zstd(frame, 1) / rows);
	bench_report("pack", name, "bytes_per_bar", (double)frame->bytes / rows,
	             "B", "zstd-3", frame_zstd(frame, 3) / rows);
#endif
	means->bytes += log((double)frame->bytes / rows);
	means->count++;
}

static void
means_report(const struct means *means, size_t rows)
{
	const double count = means->count;
	char name[64];

	if (means->count == 0)
		return;
	snprintf(name, sizeof(name), "mean-%zu", rows);
	bench_report("pack", name, "bytes_per_bar", exp(means->bytes / count),
	             "B", NULL, 0);
	for (int path = 0; path < BCI_PATHS; path++) {
		const struct bci_kernel *kernel =
			bci_kernel_of((enum bci_path)path);

		if (kernel == NULL)
			continue;
		snprintf(name, sizeof(name), "mean-%zu-%s", rows, kernel->name);
		bench_report("pack", name, "gb_per_s",
		             exp(means->pack[path] / count), "GB/s", NULL, 0);
		bench_report("unpack", name, "of_memcpy",
		             exp(means->unpack[path] / count), "times", NULL,
		             0);
	}
}

int
main(int argc, char **argv)
{
	static const size_t lengths[] = { ROWS_MAX, 8192, 1024 };
	static struct series all[SERIES_MAX];
	unsigned char *from = bench_alloc(1, RING_BYTES);
	unsigned char *to = bench_alloc(1, RING_BYTES);
	struct bench_options options;
	size_t count;

	bench_options_parse(argc, argv, &options);
#ifndef BENCH_ZSTD
	fprintf(stderr, "bench_pack: zstd.h is not installed: no rival zstd\n");
#endif
	count = series_all(all);
	memset(from, 1, RING_BYTES);
	memset(to, 1, RING_BYTES);
	bench_pin(0);
	for (size_t i = 0; i < (options.quick ? 2u : 3u); i++) {
		struct means means = { .count = 0 };

		for (size_t j = 0; j < count; j++) {
			struct frame frame;

			if (all[j].rows < lengths[i])
				continue;
			frame_make(&frame, &all[j], lengths[i], from, to);
			frame_sizes(&frame, &means);
			for (int path = 0; path < BCI_PATHS; path++)
				frame_speeds(&options, &frame,
				             (enum bci_path)path, &means);
			frame_free(&frame);
		}
		means_report(&means, lengths[i]);
	}
	return 0;
}
