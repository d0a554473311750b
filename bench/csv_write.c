/* SPDX-License-Identifier: MIT */
/*
 * csv_write.c - bars as CSV files: minute bars as an exchange hands them out (a
 * header, milliseconds, prices with two decimals, volumes with three), and
 * daily bars as a vendor of shares does (dates, whole volumes).
 */
#include "data.h"

#include <time.h>

#define CSV_ROW_MAX 256

/* Write 'units' of 1/10^digits as a decimal number; returns its end. */
static char *
make_decimal(char *text, int64_t units, unsigned digits)
{
	char reversed[24];
	size_t count = 0;

	while (units > 0 || count <= digits) {
		if (count == digits && digits > 0)
			reversed[count++] = '.';
		reversed[count++] = (char)('0' + units % 10);
		units /= 10;
	}
	while (count > 0)
		*text++ = reversed[--count];
	return text;
}

/* Write a row: milliseconds, open, high, low, close, volume. */
static size_t
make_row(char *row, int64_t time_ns, const struct bench_bar *bar)
{
	const int64_t prices[] = {bar->open, bar->high, bar->low, bar->close};
	char *at = row + sprintf(row, "%lld", (long long)(time_ns / 1000000));

	for (size_t i = 0; i < 4; i++) {
		*at++ = ',';
		at = make_decimal(at, prices[i], 2);
	}
	*at++ = ',';
	at = make_decimal(at, bar->volume, 3);
	*at++ = '\n';
	return (size_t)(at - row);
}

void
bench_csv_write(const char *path, uint64_t seed, uint64_t rows)
{
	FILE *file = fopen(path, "w");
	struct bench_walk walk;
	struct bench_bar bar;
	char row[CSV_ROW_MAX];

	if (file == NULL)
		bench_die("cannot write %s", path);
	fputs("timestamp,open,high,low,close,volume\n", file);
	bench_walk_init(&walk, seed);
	for (uint64_t i = 0; i < rows; i++) {
		int64_t time_ns = BENCH_EPOCH_NS + (int64_t)i * BENCH_MINUTE_NS;

		bench_walk_next(&walk, &bar);
		fwrite(row, make_row(row, time_ns, &bar), 1, file);
	}
	if (ferror(file) || fclose(file) != 0)
		bench_die("cannot write %s", path);
}

/* Write a row: the date of day 'day' since 1970, prices, volume. */
static size_t
make_daily_row(char *row, int64_t day, unsigned digits,
               const struct bench_bar *bar)
{
	const int64_t prices[] = {bar->open, bar->high, bar->low, bar->close};
	time_t seconds = (time_t)(day * 86400);
	struct tm date;
	char *at = row;

	gmtime_r(&seconds, &date);
	at += strftime(row, CSV_ROW_MAX, "%Y-%m-%d", &date);
	for (size_t i = 0; i < 4; i++) {
		*at++ = ',';
		at = make_decimal(at, prices[i], digits);
	}
	*at++ = ',';
	at = make_decimal(at, bar->volume, 0);
	*at++ = '\n';
	return (size_t)(at - row);
}

void
bench_csv_write_daily(const char *path, uint64_t seed, uint64_t rows,
                      unsigned digits)
{
	FILE *file = fopen(path, "w");
	int64_t day = BENCH_EPOCH_NS / 86400000000000;
	struct bench_walk walk;
	struct bench_bar bar;
	char row[CSV_ROW_MAX];

	if (file == NULL)
		bench_die("cannot write %s", path);
	fputs("Date,Open,High,Low,Close,Volume\n", file);
	bench_walk_init(&walk, seed);
	day -= (int64_t)rows * 7 / 5;
	for (uint64_t i = 0; i < rows; i++, day++) {
		while ((day + 4) % 7 == 0 || (day + 4) % 7 == 6)
			day++; /* No trade on Sunday and Saturday. */
		bench_walk_next(&walk, &bar);
		fwrite(row, make_daily_row(row, day, digits, &bar), 1, file);
	}
	if (ferror(file) || fclose(file) != 0)
		bench_die("cannot write %s", path);
}
