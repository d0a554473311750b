/* SPDX-License-Identifier: MIT */
/*
 * layout.c - what the path of a file says about the series in it.
 *
 * The first rule that fits decides.  Case and endings (.csv, .json.gz, .zip) do
 * not count; months may be "1mo".
 *
 *   binance      {spot|futures/um|futures/cm|option}/{monthly|daily}/KIND/.../
 *                SYMBOL-TF-DATE, where KIND is klines, markPriceKlines,
 *                indexPriceKlines or premiumIndexKlines.  Market spot,
 *                futures-um, futures-cm or option; variant mark, index or
 *                premium.
 *   freqtrade    data/EXCHANGE/[futures/]PAIR-TF[-KIND].{json|feather|parquet}:
 *                BTC_USDT is BTC/USDT, BTC_USDT_USDT is BTC/USDT:USDT.  Market
 *                spot or futures; variant mark, index, premium, funding_rate.
 *   lean         CLASS/MARKET/RESOLUTION/SYMBOL/DATE_{trade|quote}.zip, for
 *                hours and days CLASS/MARKET/RESOLUTION/SYMBOL.zip; or all that
 *                in one name with '_'.  Market "equity-usa"; the variant is
 *                "quote" for quotes.  The name of the member has the contract
 * of a future or option, which ends the symbol. barcache
 * SOURCE/MARKET/SYMBOL@TF[@VARIANT], where %XX is a byte, as `barcache export`
 * writes it. directories  SYMBOL/TF/[YEAR/]DATE or SYMBOL/TF; with a market by
 * its usual name above it ("spot", "swap"), the source is above that, and
 *                BTC_USDT is BTC/USDT.
 *   file name    What layout_name.c makes of it.  In an archive the member's
 *                name says the symbol, unless it is "data" or a number or only
 *                begins as the archive's name does; what it does not say is
 *                taken from the archive's name.
 *
 * A date says what part of a series a file holds, not whose it is: it is no
 * part of the key, but in the names that `barcache export` writes.
 */
#include "layout.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common.h"
#include "layout_name.h"
#include "layout_path.h"

/* Write BASE_QUOTE[_SETTLE] as BASE/QUOTE[:SETTLE]; else leave it. */
static void
layout_pair(char *symbol, bool settles)
{
	char *first = strchr(symbol, '_');
	char *second = first == NULL ? NULL : strchr(first + 1, '_');

	if (first == NULL || first == symbol || first[1] == '\0')
		return;
	if (second == NULL) {
		*first = '/';
	} else if (settles && strchr(second + 1, '_') == NULL) {
		*first = '/';
		*second = ':';
	}
}

/* ------------------------------------------------------------------------ */
/*  Binance                                                                 */
/* ------------------------------------------------------------------------ */

static bool
layout_binance(const struct layout_path *path, struct layout *out)
{
	static const struct {
		const char *directory, *variant;
	} kinds[] = {
		{ "klines", "" },
		{ "markPriceKlines", "mark-" },
		{ "indexPriceKlines", "index-" },
		{ "premiumIndexKlines", "premium-" },
	};
	static const char *const rhythms[] = { "monthly", "daily", NULL };
	static const char *const futures[] = { "um", "cm", NULL };
	static const char *const others[] = { "spot", "option", NULL };
	const struct layout_span *at = path->parts + 2;
	struct layout_name name;
	size_t kind;

	while (at < path->parts + LAYOUT_PARTS - 3 &&
	       !layout_is_one(*at, rhythms))
		at++;
	for (kind = 0; kind < BCI_COUNT(kinds); kind++)
		if (layout_is(at[-1], kinds[kind].directory))
			break;
	layout_name_cut(path->parts[0], &name);
	if (kind == BCI_COUNT(kinds) || name.timeframe[0] == '\0')
		return false;
	if (layout_is_one(at[1], futures) && layout_is(at[2], "futures"))
		layout_add_word(out->market, "futures-");
	else if (!layout_is_one(at[1], others))
		return false;
	layout_add_lower(out->market, at[1]);
	layout_add_word(out->source, "binance");
	layout_set(out->symbol, name.symbol);
	strcpy(out->timeframe, name.timeframe);
	layout_add_word(out->variant, kinds[kind].variant);
	layout_add(out->variant, name.variant);
	out->name = "binance";
	return true;
}

/* ------------------------------------------------------------------------ */
/*  freqtrade                                                               */
/* ------------------------------------------------------------------------ */

static bool
layout_freqtrade(const struct layout_path *path, struct layout *out)
{
	static const struct {
		const char *kind, *market, *variant;
	} kinds[] = {
		{ "", "spot", "" },
		{ "spot", "spot", "" },
		{ "futures", "futures", "" },
		{ "mark", "futures", "mark" },
		{ "index", "futures", "index" },
		{ "premiumIndex", "futures", "premium" },
		{ "funding_rate", "futures", "funding_rate" },
	};
	bool futures = layout_is(path->parts[1], "futures");
	const struct layout_span *exchange = path->parts + 1 + futures;
	struct layout_name name;
	size_t kind = 0;

	if (!layout_is(exchange[1], "data") ||
	    (!layout_ends(path->file, ".json") &&
	     !layout_ends(path->file, ".json.gz") &&
	     !layout_ends(path->file, ".feather") &&
	     !layout_ends(path->file, ".parquet")))
		return false;
	layout_name_cut(path->parts[0], &name);
	while (kind < BCI_COUNT(kinds) &&
	       !layout_is(name.variant, kinds[kind].kind))
		kind++;
	if (kind == BCI_COUNT(kinds) || name.timeframe[0] == '\0' ||
	    memchr(name.symbol.text, '_', name.symbol.bytes) == NULL)
		return false;
	layout_set(out->source, *exchange);
	layout_add_word(out->market, futures ? "futures" : kinds[kind].market);
	layout_set(out->symbol, name.symbol);
	layout_pair(out->symbol, true);
	strcpy(out->timeframe, name.timeframe);
	layout_add_word(out->variant, kinds[kind].variant);
	out->name = "freqtrade";
	return true;
}

/* ------------------------------------------------------------------------ */
/*  LEAN                                                                    */
/* ------------------------------------------------------------------------ */

static const char *const layout_classes[] = {
	"equity", "crypto",       "forex",        "future", "option",
	"index",  "cryptofuture", "futureoption", "cfd",    "indexoption",
	NULL
};

/* How a path of LEAN comes apart; bars of a tick have no timeframe. */
struct layout_lean {
	struct layout_span class, market, resolution, symbol, date, kind;
};

static const struct {
	const char *name, *timeframe;
} layout_resolutions[] = {
	{ "tick", "" },   { "second", "1s" }, { "minute", "1m" },
	{ "hour", "1h" }, { "daily", "1d" },
};

/* The row of a resolution, or the number of rows. */
static size_t
layout_resolution(struct layout_span span)
{
	size_t i = 0;

	while (i < BCI_COUNT(layout_resolutions) &&
	       !layout_is(span, layout_resolutions[i].name))
		i++;
	return i;
}

static bool
layout_is_resolution(struct layout_span span)
{
	return layout_resolution(span) < BCI_COUNT(layout_resolutions);
}

/* Cut the next word off 'text', at '_'. */
static struct layout_span
layout_word(struct layout_span *text)
{
	struct layout_span word = *text;
	const char *end = memchr(text->text, '_', text->bytes);

	if (end == NULL) {
		text->text += text->bytes;
		text->bytes = 0;
		return word;
	}
	word.bytes = (size_t)(end - text->text);
	text->text = end + 1;
	text->bytes -= word.bytes + 1;
	return word;
}

/*
 * Take the words behind the symbol: a date, the kind of bars, styles of
 * options, which do not count.  Returns what follows the kind.
 */
static struct layout_span
layout_lean_words(struct layout_span text, struct layout_lean *lean)
{
	static const char *const kinds[] = { "trade", "quote", "openinterest",
		                             NULL };

	while (text.bytes != 0) {
		struct layout_span word = layout_word(&text);

		if (layout_is_resolution(word) && lean->resolution.bytes == 0)
			lean->resolution = word;
		if (word.bytes >= 4 && word.bytes <= 8 &&
		    strspn(word.text, "0123456789") >= word.bytes)
			lean->date = word;
		if (layout_is_one(word, kinds)) {
			lean->kind = word;
			break;
		}
	}
	return text;
}

/* Take the directories apart, or the words of a name that has all in one. */
static bool
layout_lean_split(const struct layout_path *path, struct layout_lean *lean)
{
	const struct layout_span *parts = path->parts;
	struct layout_span rest = parts[0];

	for (size_t i = 1; i <= 2; i++) {
		if (!layout_is_resolution(parts[i]) ||
		    !layout_is_one(parts[i + 2], layout_classes))
			continue;
		*lean = (struct layout_lean){ .class = parts[i + 2],
			                      .market = parts[i + 1],
			                      .resolution = parts[i] };
		lean->symbol = i == 2 ? parts[1] : layout_word(&rest);
		layout_lean_words(rest, lean);
		return true;
	}
	lean->class = layout_word(&rest);
	lean->market = layout_word(&rest);
	lean->symbol = layout_word(&rest);
	if (layout_is_resolution(lean->symbol)) {
		lean->resolution = lean->symbol;
		lean->symbol = layout_word(&rest);
	}
	layout_lean_words(rest, lean);
	return layout_is_one(lean->class, layout_classes) &&
	       lean->symbol.bytes != 0 &&
	       (lean->resolution.bytes != 0 ||
	        (lean->date.bytes == 8 && lean->kind.bytes != 0));
}

static bool
layout_lean(const struct layout_path *path, struct layout *out)
{
	static const char *const plain[] = { "equity", "crypto", "forex",
		                             "index",  "cfd",    "cryptofuture",
		                             NULL };
	struct layout_lean lean = { 0 }, inside = { 0 };
	struct layout_span contract;
	size_t resolution;

	if (!layout_ends(path->file, ".zip") || !layout_lean_split(path, &lean))
		return false;
	contract = layout_lean_words(path->member, &inside);
	if (lean.resolution.bytes == 0)
		lean.resolution = inside.resolution.bytes != 0
		                          ? inside.resolution
		                          : path->parts[1];
	resolution = layout_resolution(lean.resolution);
	layout_add_word(out->source, "lean");
	layout_add_lower(out->market, lean.class);
	layout_add_word(out->market, "-");
	layout_add_lower(out->market, lean.market);
	layout_set(out->symbol, lean.symbol);
	while (contract.bytes != 0 && !layout_is_one(lean.class, plain)) {
		layout_add_word(out->symbol, "-");
		layout_add(out->symbol, layout_word(&contract));
	}
	for (char *at = out->symbol; *at != '\0'; at++)
		if (*at >= 'a' && *at <= 'z')
			*at = (char)(*at & ~0x20);
	if (resolution < BCI_COUNT(layout_resolutions))
		strcpy(out->timeframe,
		       layout_resolutions[resolution].timeframe);
	if (lean.kind.bytes != 0 && !layout_is(lean.kind, "trade")) {
		layout_set(out->variant, lean.kind);
		if (lean.date.bytes != 0)
			layout_add_word(out->variant, "-");
	}
	layout_add(out->variant, lean.date);
	out->name = "lean";
	return true;
}

/* ------------------------------------------------------------------------ */
/*  Ours                                                                    */
/* ------------------------------------------------------------------------ */

static int
layout_hex(char digit)
{
	int lower = digit | 0x20;

	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* Write the bytes that %XX stands for; others as they are. */
static void
layout_decode(char out[BC_KEY_MAX + 1], struct layout_span span)
{
	char *to = out;

	layout_set(out, span);
	for (const char *at = out; *at != '\0'; at++) {
		int high = *at == '%' ? layout_hex(at[1]) : -1;
		int low = high < 0 ? -1 : layout_hex(at[2]);
		bool escaped = low >= 0 && high + low != 0;

		*to++ = (char)(escaped ? high << 4 | low : *at);
		at += escaped ? 2 : 0;
	}
	*to = '\0';
}

static bool
layout_barcache(const struct layout_path *path, struct layout *out)
{
	struct layout_span stem = path->parts[0], timeframe;
	struct layout_span variant = LAYOUT_NOTHING;
	const char *end = stem.text + stem.bytes;
	const char *at = memchr(stem.text, '@', stem.bytes);
	struct bci_timeframe parsed;
	size_t digits;

	if (at == NULL || at == stem.text || path->parts[2].bytes == 0)
		return false;
	stem.bytes = (size_t)(at - stem.text);
	timeframe = (struct layout_span){ at + 1, (size_t)(end - at) - 1 };
	at = memchr(timeframe.text, '@', timeframe.bytes);
	if (at != NULL) {
		timeframe.bytes = (size_t)(at - timeframe.text);
		variant =
			(struct layout_span){ at + 1, (size_t)(end - at) - 1 };
	}
	/* Digits and a unit, as in keys. */
	digits = strspn(timeframe.text, "0123456789");
	if (digits == 0 || digits >= timeframe.bytes ||
	    memchr(variant.text, '@', variant.bytes) != NULL ||
	    !bci_timeframe_parse(timeframe.text, timeframe.bytes, &parsed))
		return false;
	layout_decode(out->source, path->parts[2]);
	layout_decode(out->market, path->parts[1]);
	layout_decode(out->symbol, stem);
	bci_timeframe_name(&parsed, out->timeframe);
	layout_decode(out->variant, variant);
	out->name = "barcache";
	return true;
}

/* ------------------------------------------------------------------------ */
/*  Other trees and names                                                   */
/* ------------------------------------------------------------------------ */

/* Digits and dashes, as years, months and days are written. */
static bool
layout_is_date(struct layout_span span)
{
	size_t i = 0;

	while (i < span.bytes && strchr("0123456789-", span.text[i]) != NULL)
		i++;
	return i == span.bytes && i >= 4 && i <= 10;
}

static bool
layout_directories(const struct layout_path *path, struct layout *out)
{
	static const char *const markets[] = {
		"spot",    "future", "futures",   "swap",     "swaps",
		"perp",    "perps",  "perpetual", "margin",   "option",
		"options", "linear", "inverse",   "delivery", "um",
		"cm",      NULL
	};
	const struct layout_span *at = path->parts;
	bool dated = layout_is_date(*at);

	if (dated) {
		at++;
		at += at->bytes == 4 && layout_is_date(*at);
	}
	/* "3M" alone is a company. */
	if (!layout_name_timeframe(*at, out->timeframe) ||
	    (!dated && strchr(out->timeframe, 'M') != NULL) ||
	    at[1].bytes == 0) {
		out->timeframe[0] = '\0';
		return false;
	}
	layout_set(out->symbol, at[1]);
	if (dated)
		layout_set(out->variant, path->parts[0]);
	if (layout_is_one(at[2], markets) && at[3].bytes != 0) {
		layout_set(out->source, at[3]);
		layout_set(out->market, at[2]);
		layout_pair(out->symbol, false);
	}
	out->name = "directories";
	return true;
}

/* Whether the name of a member says less than that of its archive. */
static bool
layout_is_plain(struct layout_span member, const struct layout_name *inside,
                const struct layout_name *archive)
{
	static const char *const words[] = {
		"bars",   "candles", "data",   "download", "export", "history",
		"klines", "ohlc",    "ohlcv",  "output",   "price",  "prices",
		"quotes", "rates",   "result", "table",    NULL
	};

	return layout_is_date(member) || layout_is_one(member, words) ||
	       (inside->timeframe[0] == '\0' && archive->timeframe[0] != '\0' &&
	        inside->symbol.bytes >= archive->symbol.bytes &&
	        strncasecmp(inside->symbol.text, archive->symbol.text,
	                    archive->symbol.bytes) == 0);
}

static void
layout_file_name(const struct layout_path *path, struct layout *out)
{
	struct layout_name name, inside;

	layout_name_cut(path->parts[0], &name);
	layout_name_cut(path->member, &inside);
	if (path->member.bytes != 0 &&
	    !layout_is_plain(path->member, &inside, &name)) {
		if (inside.timeframe[0] == '\0') {
			strcpy(inside.timeframe, name.timeframe);
			inside.variant = name.variant;
		}
		name = inside;
	}
	layout_set(out->symbol, name.symbol);
	strcpy(out->timeframe, name.timeframe);
	layout_set(out->variant, name.variant);
	out->name = "file name";
}

/* A symbol that no timeframe follows may end in a date. */
static void
layout_undate_name(const struct layout_path *path, struct layout *layout)
{
	char member[BC_KEY_MAX + 1];

	if (layout->period.to_ns != 0)
		return;
	if (layout->timeframe[0] == '\0')
		layout_date_take_from_symbol(layout->symbol, &layout->period);
	if (layout->period.to_ns != 0 || !layout_is_date(path->member))
		return;
	layout_set(member, path->member);
	layout_date_take(member, &layout->period);
}

void
layout_find(const char *path, struct layout *layout)
{
	static bool (*const rules[])(const struct layout_path *path,
	                             struct layout *out) = {
		layout_binance,  layout_freqtrade,   layout_lean,
		layout_barcache, layout_directories,
	};
	struct layout_path split;

	memset(layout, 0, sizeof(*layout));
	layout->name = "file name";
	if (strcmp(path, "-") == 0)
		return;
	layout_split(path, &split);
	for (size_t i = 0; i < BCI_COUNT(rules); i++)
		if (rules[i](&split, layout)) {
			if (rules[i] != layout_barcache)
				layout_date_take(layout->variant,
				                 &layout->period);
			return;
		}
	layout_file_name(&split, layout);
	layout_date_take(layout->variant, &layout->period);
	layout_undate_name(&split, layout);
}
