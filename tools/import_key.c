/* SPDX-License-Identifier: MIT */
/*
 * import_key.c - the series key of rows that are imported.
 *
 * Each part of the key is what the command line says, else what the rows say
 * (a column of symbols or periods), else what the path says (layout.c), else:
 *
 *   source     csv
 *   market     local
 *   timeframe  the commonest step of the times
 *   variant    none
 *
 * BTCUSDT-1m-2024-01.csv becomes csv/local/BTCUSDT/1m, as does that of any
 * other month; AAPL.csv with a row a day becomes csv/local/AAPL/1d.
 */
#include "import.h"

#include <string.h>

#include "clock.h"
#include "error.h"

#define IMPORT_DAY_NS (86400 * BCI_SECOND_NS)

/* So many rows show whether a step of some days is one by rule. */
#define IMPORT_FEW_ROWS 4

/*
 * The timeframe of a step: months, quarters and years have several lengths, and
 * between 'few' days lie a weekend or holidays rather than bars of two days.
 */
static bool
import_timeframe_of(int64_t step_ns, bool few, struct bci_timeframe *out)
{
	int64_t days = step_ns / IMPORT_DAY_NS;

	*out = (struct bci_timeframe){ 0 };
	if (few && days > 1 && days < 28 && days != 7)
		out->step_ns = IMPORT_DAY_NS;
	else if (days >= 28 && days <= 31)
		out->months = 1;
	else if (days >= 90 && days <= 92)
		out->months = 3;
	else if (days >= 365 && days <= 366)
		out->months = 12;
	else
		return step_ns > 0 && bci_timeframe_of_step(step_ns, out);
	return true;
}

/* Databento calls a second, a minute, an hour and a day by these numbers. */
static const char *
import_period(const struct bci_dialect *dialect, const char *period)
{
	static const struct {
		const char *rtype, *timeframe;
	} known[] = {
		{ "32", "1s" }, { "33", "1m" }, { "34", "1h" }, { "35", "1d" }
	};
	uint32_t field = 0;
	size_t i;

	while (field < dialect->field_count &&
	       dialect->fields[field].role != BCI_ROLE_PERIOD)
		++field;
	if (field == dialect->field_count ||
	    strcmp(dialect->fields[field].label, "rtype") != 0)
		return period;
	for (i = 0; i < sizeof(known) / sizeof(known[0]); ++i)
		if (strcmp(period, known[i].rtype) == 0)
			return known[i].timeframe;
	return NULL;
}

/* Take 'spelling' as the timeframe if it is one. */
static bool
import_take(struct import_series *series, const char *spelling,
            enum import_origin origin)
{
	if (spelling == NULL || !bci_timeframe_parse(spelling, strlen(spelling),
	                                             &series->timeframe))
		return false;
	series->timeframe_origin = origin;
	return true;
}

void
import_timeframe(const struct import_settings *settings,
                 const struct import_text *text,
                 const struct bci_table_series *names,
                 struct import_series *series)
{
	const char *period = names == NULL ? NULL : names->period;
	bool few = series->table.rows < IMPORT_FEW_ROWS;
	char parts[BC_KEY_MAX + 8];
	struct bc_series key;

	if (period != NULL)
		period = import_period(text->dialect, period);

	if (settings->key != NULL &&
	    bc_key_parse(settings->key, parts, &key, NULL) == BC_OK &&
	    import_take(series, key.timeframe, IMPORT_OPTION))
		return;
	if (import_take(series, settings->parts.timeframe, IMPORT_OPTION) ||
	    import_take(series, period, IMPORT_ROWS) ||
	    import_take(series, text->layout.timeframe, IMPORT_NAME))
		return;
	if (import_timeframe_of(series->step_ns, few, &series->timeframe))
		series->timeframe_origin = IMPORT_STEP;
	else
		series->timeframe = (struct bci_timeframe){ 0 };
}

/* The first text that is there, or NULL. */
static const char *
import_first(const char *said, const char *row, const char *path)
{
	if (said != NULL)
		return said;
	if (row != NULL && row[0] != '\0')
		return row;
	return path[0] != '\0' ? path : NULL;
}

enum bc_status
import_key(const struct import_settings *settings,
           const struct import_text *text, const struct bci_table_series *names,
           struct import_series *series, struct bc_error *err)
{
	const struct layout *layout = &text->layout;
	const char *row = names == NULL ? NULL : names->symbol;
	struct bc_series parts = settings->parts;
	char timeframe[BCI_TIMEFRAME_TEXT];

	if (settings->key != NULL) {
		strcpy(series->key, settings->key);
		return BC_OK;
	}
	parts.source = import_first(parts.source, NULL, layout->source);
	parts.market = import_first(parts.market, NULL, layout->market);
	parts.symbol = import_first(parts.symbol, row, layout->symbol);
	parts.variant = import_first(parts.variant, NULL, layout->variant);
	if (parts.source == NULL)
		parts.source = "csv";
	if (parts.market == NULL)
		parts.market = "local";
	if (parts.symbol == NULL)
		return bci_fail(err, BC_INVALID,
		                "no name to make a key from: give --key or "
		                "--symbol");
	if (series->timeframe_origin == IMPORT_NOWHERE)
		return bci_fail(err, BC_INVALID,
		                "the rows do not tell the timeframe: give "
		                "--timeframe or --key");
	bci_timeframe_name(&series->timeframe, timeframe);
	parts.timeframe = timeframe;
	return bc_key_series(&parts, series->key, err);
}
