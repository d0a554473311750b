/* SPDX-License-Identifier: MIT */
/*
 * make_data.c - write CSV files of minute bars to try things with: one year
 * without gaps for each symbol, a random walk on the exchange's grid of
 * prices, the same in every run.
 *
 * make_data DIR SYMBOL...  writes DIR/SYMBOL.csv for each.
 */
#include "data.h"

int
main(int argc, char **argv)
{
	char path[BENCH_PATH_MAX];

	if (argc < 3)
		bench_die("usage: make_data DIR SYMBOL...");
	for (int i = 2; i < argc; i++) {
		int bytes = snprintf(path, sizeof(path), "%s/%s.csv", argv[1],
		                     argv[i]);

		if (bytes < 0 || (size_t)bytes >= sizeof(path))
			bench_die("the path of %s is too long", argv[i]);
		bench_csv_write(path, (uint64_t)i, BENCH_YEAR_ROWS);
	}
	return 0;
}
