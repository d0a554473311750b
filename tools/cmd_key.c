/* SPDX-License-Identifier: MIT */
/*
 * cmd_key.c - barcache key: make a key out of its parts, or take one apart.
 * Touches no cache.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "tool.h"

enum {
	KEY_SYMBOLS,
	KEY_START,
	KEY_END,
	KEY_RESOLUTION,
	KEY_SOURCE,
	KEY_SERIES,
	KEY_MARKET,
	KEY_SYMBOL,
	KEY_TIMEFRAME,
	KEY_VARIANT,
	KEY_PARSE
};

static const struct args_option key_options[] = {
	[KEY_SYMBOLS] = { "symbols", ARGS_TEXT, "A,B,...",
	                  "Symbols of a request, separated by commas" },
	[KEY_START] = { "start", ARGS_TEXT, "TEXT",
	                "Start of a request, as it words it" },
	[KEY_END] = { "end", ARGS_TEXT, "TEXT",
	              "End of a request, as it words it" },
	[KEY_RESOLUTION] = { "resolution", ARGS_TEXT, "TEXT",
	                     "Resolution of a request, as it words it" },
	[KEY_SOURCE] = { "source", ARGS_TEXT, "SOURCE",
	                 "Source of a request or of a series" },
	[KEY_SERIES] = { "series", ARGS_FLAG, NULL,
	                 "Make a series key instead of a request key" },
	[KEY_MARKET] = { "market", ARGS_TEXT, "MARKET", "Market of a series" },
	[KEY_SYMBOL] = { "symbol", ARGS_TEXT, "SYMBOL", "Symbol of a series" },
	[KEY_TIMEFRAME] = { "timeframe", ARGS_TEXT, "TF",
	                    "Timeframe of a series: 1m is a minute, 1M a "
	                    "month" },
	[KEY_VARIANT] = { "variant", ARGS_TEXT, "VARIANT",
	                  "Variant of a series, if it has one" },
	[KEY_PARSE] = { "parse", ARGS_TEXT, "KEY", "Take a series key apart" },
};

/* The options that the three forms of the command allow and want. */
#define KEY_BIT(option) (1U << (option))
#define KEY_REQUEST_SET                                                        \
	(KEY_BIT(KEY_SYMBOLS) | KEY_BIT(KEY_START) | KEY_BIT(KEY_END) |        \
	 KEY_BIT(KEY_RESOLUTION) | KEY_BIT(KEY_SOURCE))
#define KEY_SERIES_SET                                                         \
	(KEY_BIT(KEY_SERIES) | KEY_BIT(KEY_SOURCE) | KEY_BIT(KEY_MARKET) |     \
	 KEY_BIT(KEY_SYMBOL) | KEY_BIT(KEY_TIMEFRAME))

/* All of 'wanted' and nothing but 'wanted' and 'optional' is given. */
static enum tool_exit
key_check(const struct tool *tool, unsigned wanted, unsigned optional)
{
	unsigned i;

	for (i = 0; i < sizeof(key_options) / sizeof(key_options[0]); ++i) {
		bool set = tool->args.values[i].set;

		if ((wanted & KEY_BIT(i)) && !set)
			return tool_usage(tool, "--%s is missing",
			                  key_options[i].name);
		if (!((wanted | optional) & KEY_BIT(i)) && set)
			return tool_usage(tool,
			                  "--%s does not go with the "
			                  "other options",
			                  key_options[i].name);
	}
	return TOOL_DONE;
}

static void
key_print(const struct tool *tool, const char *key)
{
	json_t *object;

	if (!tool->json) {
		output_line(key);
		return;
	}
	object = json_object();
	output_add_text(object, "key", key);
	output_json(object);
}

/* Cut 'text' at its commas in place; "" is no symbol at all. */
static size_t
key_split(char *text, const char **symbols)
{
	size_t count = 0;

	while (*text != '\0') {
		size_t bytes = strcspn(text, ",");
		bool more = text[bytes] == ',';

		symbols[count++] = text;
		text[bytes] = '\0';
		text += bytes + more;
		if (more && *text == '\0') /* "A," ends with an empty one */
			symbols[count++] = text;
	}
	return count;
}

static enum tool_exit
key_request(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	size_t bytes = strlen(values[KEY_SYMBOLS].text) + 1;
	char *text = tool_alloc(bytes, 1);
	const char **symbols = tool_alloc(bytes, sizeof(*symbols));
	struct bc_request request = {
		.symbols = symbols,
		.start = values[KEY_START].text,
		.end = values[KEY_END].text,
		.resolution = values[KEY_RESOLUTION].text,
		.source = values[KEY_SOURCE].text,
	};
	char key[BC_REQUEST_KEY_BYTES];
	enum tool_exit result = TOOL_DONE;
	struct bc_error err;

	memcpy(text, values[KEY_SYMBOLS].text, bytes);
	request.symbol_count = key_split(text, symbols);
	if (bc_key_request(&request, key, &err) == BC_OK)
		key_print(tool, key);
	else
		result = tool_fail(&err);
	free(symbols);
	free(text);
	return result;
}

static enum tool_exit
key_series(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	const struct bc_series series = {
		.source = values[KEY_SOURCE].text,
		.market = values[KEY_MARKET].text,
		.symbol = values[KEY_SYMBOL].text,
		.timeframe = values[KEY_TIMEFRAME].text,
		.variant = values[KEY_VARIANT].text,
	};
	char key[BC_KEY_MAX + 1];
	struct bc_error err;

	if (bc_key_series(&series, key, &err) != BC_OK)
		return tool_fail(&err);
	key_print(tool, key);
	return TOOL_DONE;
}

static enum tool_exit
key_parse(struct tool *tool)
{
	char text[BC_KEY_MAX + 8];
	struct bc_series series;
	struct bc_error err;
	const char *variant;
	json_t *object;

	if (bc_key_parse(tool->args.values[KEY_PARSE].text, text, &series,
	                 &err) != BC_OK)
		return tool_fail(&err);
	variant = series.variant == NULL || *series.variant == '\0'
	                  ? NULL
	                  : series.variant;
	if (tool->json) {
		object = json_object();
		output_add_text(object, "source", series.source);
		output_add_text(object, "market", series.market);
		output_add_text(object, "symbol", series.symbol);
		output_add_text(object, "timeframe", series.timeframe);
		output_add_text(object, "variant", variant);
		output_json(object);
		return TOOL_DONE;
	}
	output_pair("source", "%s", series.source);
	output_pair("market", "%s", series.market);
	output_pair("symbol", "%s", series.symbol);
	output_pair("timeframe", "%s", series.timeframe);
	output_pair("variant", "%s", variant == NULL ? "-" : variant);
	return TOOL_DONE;
}

static enum tool_exit
key_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	enum tool_exit result;

	if (values[KEY_PARSE].set) {
		result = key_check(tool, KEY_BIT(KEY_PARSE), 0);
		return result == TOOL_DONE ? key_parse(tool) : result;
	}
	if (values[KEY_SERIES].set) {
		result = key_check(tool, KEY_SERIES_SET, KEY_BIT(KEY_VARIANT));
		return result == TOOL_DONE ? key_series(tool) : result;
	}
	result = key_check(tool, KEY_REQUEST_SET, 0);
	return result == TOOL_DONE ? key_request(tool) : result;
}

const struct tool_command cmd_key = {
	.name = "key",
	.summary = "Make a key out of its parts, or take one apart",
	.operands = "",
	.options = key_options,
	.option_count = sizeof(key_options) / sizeof(key_options[0]),
	.run = key_run,
	.notes = "Three forms:\n"
		 "  barcache key --symbols MSFT,AAPL --start 2023-01-01 \\\n"
		 "      --end 2023-12-31 --resolution 1d --source yfinance\n"
		 "  barcache key --series --source binance --market spot \\\n"
		 "      --symbol BTC/USDT --timeframe 1m [--variant mark]\n"
		 "  barcache key --parse binance/spot/BTC%2FUSDT/1m\n\n"
		 "JSON: key; with --parse source, market, symbol, "
		 "timeframe, variant (or null).",
};
