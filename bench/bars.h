/* SPDX-License-Identifier: MIT */
/*
 * bars.h - series of bars to pack: made by a random walk, or real ones from
 * files.
 *
 * A file NAME.bars holds the rows (i64), then times (i64), open, high, low,
 * close and volume (f64), column by column; real_series.py writes such files.
 */
#ifndef BENCH_BARS_H
#define BENCH_BARS_H

#include <stdbool.h>
#include <stddef.h>

#define BARS_COLUMNS 6
#define BARS_BYTES 48 /* of a bar */

struct bars {
	char name[64];
	bool made; /* by us */
	size_t rows;
	void *columns[BARS_COLUMNS]; /* live as long as the process */
};

/*
 * The series that are made, of 'rows' bars, then those of the files in
 * 'directory' (there may be none of that name) in order of their names.  Made
 * ones are written there, for other programs to read.  Returns how many; at
 * most 'room', which is at least 2.
 */
size_t bars_all(const char *directory, size_t rows, struct bars *all,
                size_t room);

#endif /* BENCH_BARS_H */
