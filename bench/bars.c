/* SPDX-License-Identifier: MIT */
/*
 * bars.c - see bars.h.
 */
#include "bars.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench.h"

static void
bars_room(struct bars *bars, size_t rows)
{
	bars->rows = rows;
	for (size_t i = 0; i < BARS_COLUMNS; i++)
		bars->columns[i] = bench_alloc(rows, 8);
}

/*
 * Bars by a random walk: prices in multiples of 1 / 'units', volumes of
 * 1 / 'lots', a gap in the time now and then.
 */
static void
bars_walk(struct bars *bars, const char *name, size_t rows, double units,
          uint32_t step, double lots, uint64_t volume)
{
	int64_t now = INT64_C(1700000000000000000), price = 4200000;
	double *column[BARS_COLUMNS];
	uint64_t state = 1;

	snprintf(bars->name, sizeof(bars->name), "%s", name);
	bars->made = true;
	bars_room(bars, rows);
	for (size_t i = 0; i < BARS_COLUMNS; i++)
		column[i] = bars->columns[i];
	for (size_t i = 0; i < rows; i++) {
		int64_t open = price + (bench_random_below(&state, 8) == 0);
		int64_t close =
			open + bench_random_below(&state, 2 * step + 1) - step;
		int64_t above = bench_random_below(&state, step);
		int64_t below = bench_random_below(&state, step);

		now += INT64_C(60000000000);
		if (bench_random_below(&state, 500) == 0)
			now += INT64_C(3600000000000);
		((int64_t *)bars->columns[0])[i] = now;
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
bars_read(struct bars *bars, const char *directory, const char *file)
{
	char path[BENCH_PATH_MAX];
	FILE *in;
	int64_t rows;

	snprintf(bars->name, sizeof(bars->name), "%.*s",
	         (int)strcspn(file, "."), file);
	bench_path(path, directory, file);
	in = fopen(path, "rb");
	if (in == NULL || fread(&rows, sizeof(rows), 1, in) != 1 || rows < 1 ||
	    rows > INT64_C(1) << 27)
		bench_die("%s: not a series", path);
	bars_room(bars, (size_t)rows);
	for (size_t i = 0; i < BARS_COLUMNS; i++) {
		if (fread(bars->columns[i], 8, bars->rows, in) != bars->rows)
			bench_die("%s: not a series", path);
	}
	fclose(in);
}

static int
bars_order(const void *a, const void *b)
{
	return strcmp(((const struct bars *)a)->name,
	              ((const struct bars *)b)->name);
}

static void
bars_write(const struct bars *bars, const char *directory)
{
	int64_t rows = (int64_t)bars->rows;
	char path[BENCH_PATH_MAX], file[80];
	FILE *out;

	snprintf(file, sizeof(file), "%s.bars", bars->name);
	bench_path(path, directory, file);
	out = fopen(path, "wb");
	if (out == NULL || fwrite(&rows, sizeof(rows), 1, out) != 1)
		bench_die("cannot write %s", path);
	for (size_t i = 0; i < BARS_COLUMNS; i++) {
		if (fwrite(bars->columns[i], 8, bars->rows, out) != bars->rows)
			bench_die("cannot write %s", path);
	}
	if (fclose(out) != 0)
		bench_die("cannot write %s", path);
}

size_t
bars_all(const char *directory, size_t rows, struct bars *all, size_t room)
{
	const struct dirent *entry;
	size_t count = 0, made;
	DIR *folder;

	bars_walk(&all[count++], "walk-cents", rows, 100, 20, 1, 5000);
	bars_walk(&all[count++], "walk-coins", rows, 1e8, 900, 1e8,
	          UINT64_C(4000000000));
	made = count;
	mkdir(directory, 0777); /* Or it is there. */
	folder = opendir(directory);
	if (folder == NULL)
		bench_die("no directory %s", directory);
	while ((entry = readdir(folder)) != NULL && count < room) {
		const char *suffix = strrchr(entry->d_name, '.');

		if (suffix != NULL && strcmp(suffix, ".bars") == 0)
			bars_read(&all[count++], directory, entry->d_name);
	}
	closedir(folder);
	qsort(all + made, count - made, sizeof(all[0]), bars_order);
	for (size_t i = 0; i < made; i++)
		bars_write(&all[i], directory);
	return count;
}
