/* SPDX-License-Identifier: MIT */
/*
 * layout_name.c - the symbol, timeframe and variant that a file name spells.
 *
 * A name is cut at '-', '_', '.' and blanks.  The first part that is a
 * timeframe ends the symbol, and what follows it is the variant:
 *
 *   BTCUSDT-1m-2024-01         BTCUSDT, 1m, 2024-01
 *   kraken_BTCUSDC_1h          kraken_BTCUSDC, 1h
 *   AAPL.XNAS-1-MINUTE-LAST    AAPL.XNAS, 1m, LAST
 *   SPY_daily                  SPY, 1d
 *
 * A timeframe in front of all is taken if there is none behind
 * ("30min-BTCUSD"). The habits of some sources come before: words around the
 * symbol that say nothing (HistData, Alpha Vantage, Investing.com), "EURUSD60"
 * (MetaTrader), "BTCUSD, 60" (TradingView) and "EURUSD_Candlestick_1_M_BID"
 * (Dukascopy).
 */
#include "layout_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common.h"

#define NAME_SECOND_NS INT64_C(1000000000)
#define NAME_DAY_NS (86400 * NAME_SECOND_NS)

static const char name_separators[] = "-_. ";

static size_t
name_digits(const char *text, size_t bytes)
{
	size_t count = 0;

	while (count < bytes && text[count] >= '0' && text[count] <= '9')
		count++;
	return count;
}

/* The bytes up to the next separator. */
static size_t
name_part(const char *text, size_t bytes)
{
	size_t count = 0;

	while (count < bytes && memchr(name_separators, text[count],
	                               sizeof(name_separators) - 1) == NULL)
		count++;
	return count;
}

/*
 * Whether letters are a unit that may stand in front of a count, or alone if
 * 'alone'.  Those that name other things are none: US30, T10.
 */
static bool
name_is_unit(struct layout_span span, bool alone)
{
	static const char *const words[] = { "minute", "hour",  "hourly",
		                             "day",    "daily", "week",
		                             "weekly", "month", "monthly",
		                             NULL };
	static const char *const letters[] = { "s",  "m",   "h",   "d", "w",
		                               "mn", "min", "sec", NULL };

	return layout_is_one(span, words) ||
	       (!alone && layout_is_one(span, letters));
}

bool
layout_name_timeframe(struct layout_span span, char out[BCI_TIMEFRAME_TEXT])
{
	const char *text = span.text;
	size_t bytes = span.bytes, digits = name_digits(text, bytes);
	struct bci_timeframe timeframe;
	size_t letters = bytes;

	out[0] = '\0';
	if (digits == bytes)
		return false;
	if (digits == 0) {
		while (name_digits(text + letters - 1, 1) != 0)
			letters--;
		if (bytes - letters > 4 ||
		    !name_is_unit((struct layout_span){ text, letters },
		                  letters == bytes))
			return false;
	} else if (digits > 4 || strchr("tTyY", text[digits]) != NULL) {
		return false;
	}
	if (!bci_timeframe_parse(text, bytes, &timeframe))
		return false;
	if (digits != 0 && timeframe.months > 3 && text[bytes - 1] == 'M')
		timeframe =
			(struct bci_timeframe){ .step_ns = 60 * NAME_SECOND_NS *
			                                   timeframe.months };
	if (timeframe.months > 6 || timeframe.step_ns > 7 * NAME_DAY_NS ||
	    (timeframe.months == 0 &&
	     timeframe.step_ns < NAME_SECOND_NS / 1000))
		return false;
	bci_timeframe_name(&timeframe, out);
	return true;
}

/*
 * The bytes of the timeframe that begins at 'text', in one part or in two
 * ("1-MINUTE"); 0 if there is none.
 */
static size_t
name_timeframe_at(const char *text, size_t bytes, char out[BCI_TIMEFRAME_TEXT])
{
	size_t part = name_part(text, bytes), both;
	struct bci_timeframe parsed;

	if (layout_name_timeframe((struct layout_span){ text, part }, out))
		return part;
	if (part == 0 || part > 3 || part == bytes ||
	    name_digits(text, part) != part)
		return 0;
	both = part + 1 + name_part(text + part + 1, bytes - part - 1);
	if (both < part + 4 || text[part] == '.' ||
	    !bci_timeframe_parse(text, both, &parsed) || parsed.months > 6 ||
	    parsed.step_ns > 7 * NAME_DAY_NS)
		return 0;
	bci_timeframe_name(&parsed, out);
	return both;
}

/* ------------------------------------------------------------------------ */
/*  Habits of sources                                                       */
/* ------------------------------------------------------------------------ */

/* Take away words that say nothing of a series. */
static void
name_trim(struct layout_span *stem)
{
	static const char *const fronts[] = { "DAT_ASCII_", "DAT_MT_",
		                              "DAT_NT_",    "DAT_MS_",
		                              "DAT_XLSX_",  "intraday_" };
	static const char back[] = " Historical Data";
	size_t i;

	for (i = 0; i < BCI_COUNT(fronts); i++) {
		size_t bytes = strlen(fronts[i]);

		if (stem->bytes > bytes &&
		    strncasecmp(stem->text, fronts[i], bytes) == 0) {
			stem->text += bytes;
			stem->bytes -= bytes;
			return;
		}
	}
	for (i = 1; i + sizeof(back) - 1 <= stem->bytes; i++)
		if (strncasecmp(stem->text + i, back, sizeof(back) - 1) == 0)
			stem->bytes = i;
}

/* "EURUSD60": six letters and a period of MetaTrader in minutes. */
static bool
name_cut_minutes(struct layout_span stem, struct layout_name *out)
{
	static const char *const periods[] = { "1",    "5",     "15",
		                               "30",   "60",    "240",
		                               "1440", "10080", NULL };
	struct bci_timeframe timeframe;

	for (size_t i = 0; i < 6; i++)
		if (i >= stem.bytes || (stem.text[i] | 0x20) < 'a' ||
		    (stem.text[i] | 0x20) > 'z')
			return false;
	out->symbol = (struct layout_span){ stem.text, 6 };
	stem.text += 6;
	stem.bytes -= 6;
	if (stem.bytes == 5 && memcmp(stem.text, "43200", 5) == 0) {
		strcpy(out->timeframe, "1M");
		return true;
	}
	if (!layout_is_one(stem, periods) ||
	    !bci_timeframe_parse(stem.text, stem.bytes, &timeframe))
		return false;
	bci_timeframe_name(&timeframe, out->timeframe);
	return true;
}

/*
 * Cut at 'mark' and at the timeframe behind it: a number alone is minutes, and
 * of a count, '_' and "M" so is "M".
 */
static bool
name_cut_mark(struct layout_span stem, const char *mark,
              struct layout_name *out)
{
	const char *end = stem.text + stem.bytes;
	const char *at = memmem(stem.text, stem.bytes, mark, strlen(mark));
	struct bci_timeframe timeframe;
	const char *text, *behind;
	size_t bytes;

	if (at == NULL || at == stem.text)
		return false;
	text = at + strlen(mark);
	bytes = name_part(text, (size_t)(end - text));
	behind = text + bytes;
	if (*mark == '_' && behind < end) {
		size_t unit = name_part(behind + 1, (size_t)(end - behind) - 1);

		behind += 1 + unit;
		if (unit != 1 || behind[-1] != 'M')
			bytes += 1 + unit;
	}
	if (!bci_timeframe_parse(text, bytes, &timeframe))
		return false;
	bci_timeframe_name(&timeframe, out->timeframe);
	out->symbol =
		(struct layout_span){ stem.text, (size_t)(at - stem.text) };
	if (behind < end)
		out->variant =
			(struct layout_span){ behind + 1,
			                      (size_t)(end - behind) - 1 };
	return true;
}

/* ------------------------------------------------------------------------ */

void
layout_name_cut(struct layout_span stem, struct layout_name *out)
{
	size_t at, used;

	*out = (struct layout_name){ .variant = LAYOUT_NOTHING };
	name_trim(&stem);
	if (name_cut_minutes(stem, out) || name_cut_mark(stem, ", ", out) ||
	    name_cut_mark(stem, "_Candlestick_", out))
		return;
	out->symbol = stem;
	for (at = name_part(stem.text, stem.bytes); at < stem.bytes;
	     at += name_part(stem.text + at, stem.bytes - at)) {
		const char *part = stem.text + ++at;

		used = name_timeframe_at(part, stem.bytes - at, out->timeframe);
		if (used == 0)
			continue;
		out->symbol.bytes = at - 1;
		if (at + used < stem.bytes)
			out->variant = (struct layout_span){
				part + used + 1, stem.bytes - at - used - 1
			};
		return;
	}
	used = name_timeframe_at(stem.text, stem.bytes, out->timeframe);
	if (used != 0 && used + 1 < stem.bytes)
		out->symbol = (struct layout_span){ stem.text + used + 1,
			                            stem.bytes - used - 1 };
	else
		out->timeframe[0] = '\0';
}
