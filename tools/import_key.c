/* SPDX-License-Identifier: MIT */
/*
 * import_key.c - the series key of a file that is imported.
 *
 * Each part of the key is what the command line says, else what the file says:
 *
 *   source     csv
 *   market     local
 *   symbol     the name of the file without .csv, .tsv or .txt, up to its first
 *              part that is a timeframe; parts are separated by '-' and '_'
 *   timeframe  that part: digits and letters, such as 1m, 5min, 4h, 1d, M15;
 *              without one, the commonest step of the times
 *   variant    what follows that part, so that the files of two months of one
 *              symbol are two entries
 *
 * BTCUSDT-1m-2024-01.csv becomes csv/local/BTCUSDT/1m@2024-01, BTC_USDT-1h.csv
 * becomes csv/local/BTC_USDT/1h, AAPL.csv with a row a day csv/local/AAPL/1d.
 */
#include "import.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clock.h"
#include "error.h"
#include "tool.h"

#define IMPORT_DAY_NS (86400 * BCI_SECOND_NS)

/* More steps than this do not make the commonest one surer. */
#define IMPORT_STEPS_MAX 4096

/* A file name taken apart; the texts lie in 'text'. */
struct import_stem {
	char text[BC_KEY_MAX + 1];
	const char *symbol, *timeframe, *variant; /* NULL: not there */
};

/* Whether a part of a name is a timeframe: "2024" and "D" are none here. */
static bool
import_is_timeframe(const char *part, size_t bytes)
{
	static const char digits[] = "0123456789";
	struct bci_timeframe timeframe;
	size_t i, count = 0;

	for (i = 0; i < bytes; ++i)
		count += strchr(digits, part[i]) != NULL;
	return count != 0 && count != bytes &&
	       bci_timeframe_parse(part, bytes, &timeframe);
}

/* Cut the name of a file into symbol, timeframe and variant. */
static bool
import_cut(const char *path, struct import_stem *stem)
{
	static const char *const endings[] = { ".csv", ".tsv", ".txt" };
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	size_t i, bytes = strlen(name);
	char *part;

	*stem = (struct import_stem){ 0 };
	for (i = 0; i < BCI_COUNT(endings); ++i)
		if (bytes > 4 && strcasecmp(name + bytes - 4, endings[i]) == 0)
			break;
	bytes -= i < BCI_COUNT(endings) ? 4 : 0;
	if (bytes == 0 || bytes > BC_KEY_MAX || strcmp(path, "-") == 0)
		return false;
	memcpy(stem->text, name, bytes);
	stem->symbol = stem->text;
	for (part = strpbrk(stem->text, "-_"); part != NULL;
	     part = strpbrk(part, "-_")) {
		++part; /* the first part is never a timeframe */
		bytes = strcspn(part, "-_");
		if (!import_is_timeframe(part, bytes))
			continue;
		part[-1] = '\0';
		stem->timeframe = part;
		if (part[bytes] != '\0')
			stem->variant = part + bytes + 1;
		part[bytes] = '\0';
		break;
	}
	return true;
}

static int
import_compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/*
 * The commonest step between rows; of two as common, the smaller.  Two times
 * may be further apart than int64_t reaches, hence the unsigned steps.
 */
static int64_t
import_step(const struct bci_csv *csv)
{
	uint64_t steps[IMPORT_STEPS_MAX], step = 0;
	size_t i, count, run = 0, longest = 0;

	if (csv->rows < 2)
		return 0;
	count = csv->rows - 1 < IMPORT_STEPS_MAX ? csv->rows - 1
	                                         : IMPORT_STEPS_MAX;
	for (i = 0; i < count; ++i)
		steps[i] = (uint64_t)csv->time_ns[i + 1] -
		           (uint64_t)csv->time_ns[i];
	qsort(steps, count, sizeof(steps[0]), import_compare);
	for (i = 0; i < count; ++i) {
		run = i != 0 && steps[i] == steps[i - 1] ? run + 1 : 1;
		if (run > longest) {
			longest = run;
			step = steps[i];
		}
	}
	return step > INT64_MAX ? 0 : (int64_t)step;
}

/* The timeframe of a step: months, quarters and years have several lengths. */
static bool
import_timeframe_of(int64_t step_ns, struct bci_timeframe *out)
{
	int64_t days = step_ns / IMPORT_DAY_NS;

	*out = (struct bci_timeframe){ 0 };
	if (days >= 28 && days <= 31)
		out->months = 1;
	else if (days >= 90 && days <= 92)
		out->months = 3;
	else if (days >= 365 && days <= 366)
		out->months = 12;
	else
		return step_ns > 0 && bci_timeframe_of_step(step_ns, out);
	return true;
}

enum bc_status
import_key(const struct import_names *names, const struct bci_csv *csv,
           struct import_file *file)
{
	struct bc_series series = names->series;
	struct bci_timeframe timeframe;
	struct import_stem stem;
	bool named;

	file->step_ns = import_step(csv);
	if (names->key != NULL) {
		strcpy(file->key, names->key);
		return BC_OK;
	}
	named = import_cut(file->path, &stem);
	if (series.source == NULL)
		series.source = "csv";
	if (series.market == NULL)
		series.market = "local";
	if (series.variant == NULL)
		series.variant = stem.variant;
	if (series.symbol == NULL)
		series.symbol = stem.symbol;
	if (!named && series.symbol == NULL)
		return bci_fail(&file->error, BC_INVALID,
		                "no name to make a key from: give --key or "
		                "--symbol");
	file->timeframe_origin = IMPORT_OPTION;
	if (series.timeframe == NULL) {
		series.timeframe = stem.timeframe;
		file->timeframe_origin = IMPORT_NAME;
	}
	if (series.timeframe == NULL) {
		if (!import_timeframe_of(file->step_ns, &timeframe))
			return bci_fail(&file->error, BC_INVALID,
			                "the rows do not tell the timeframe: "
			                "give --timeframe or --key");
		bci_timeframe_name(&timeframe, file->timeframe);
		series.timeframe = file->timeframe;
		file->timeframe_origin = IMPORT_STEP;
	} else if (bci_timeframe_parse(series.timeframe,
	                               strlen(series.timeframe), &timeframe)) {
		bci_timeframe_name(&timeframe, file->timeframe);
	}
	return bc_key_series(&series, file->key, &file->error);
}
