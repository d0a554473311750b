/* SPDX-License-Identifier: MIT */
/*
 * cmd_ls.c - barcache ls: list entries in the order of their keys.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdio.h>

#include "entry.h"
#include "output.h"
#include "tool.h"
#include "unit.h"

enum { LS_GLOB, LS_REGEX, LS_TAG, LS_BACKTEST, LS_SOURCE, LS_LONG };

static const struct args_option ls_options[] = {
	[LS_GLOB] = { "glob", ARGS_TEXT, "GLOB",
	              "Only keys that match as a whole: * ? [a-z]; * matches "
	              "/ too" },
	[LS_REGEX] = { "regex", ARGS_TEXT, "REGEX",
	               "Only keys that match somewhere: POSIX extended" },
	[LS_TAG] = { "tag", ARGS_TEXT, "TAG", "Only what has the tag" },
	[LS_BACKTEST] = { "backtest", ARGS_TEXT, "NAME",
	                  "Only what the backtest used" },
	[LS_SOURCE] = { "source", ARGS_TEXT, "SOURCE",
	                "Only the series and requests of a source" },
	[LS_LONG] = { "long", ARGS_FLAG, NULL,
	              "Show kind, rows, times and bytes; CSV if not to a "
	              "terminal" },
};

static const struct output_column ls_columns[] = {
	{ "key", false },   { "kind", false }, { "rows", true },
	{ "first", false }, { "last", false }, { "bytes", true },
	{ "stored", true }, { "hits", true },
};

struct ls {
	struct bc_cache *cache;
	bool json, wide;
	enum output_format format;
	struct output_rows rows;
};

/* Bytes for people in a table, exact in CSV. */
static void
ls_add_bytes(struct ls *ls, uint64_t bytes)
{
	char text[UNIT_TEXT];

	if (ls->format == OUTPUT_TABLE)
		unit_format_bytes(bytes, text);
	else
		snprintf(text, sizeof(text), "%" PRIu64, bytes);
	output_rows_add(&ls->rows, text);
}

static void
ls_add(struct ls *ls, const struct bc_info *info)
{
	bool times = entry_has_times(info);
	char text[BCI_TIME_TEXT];

	output_rows_add(&ls->rows, info->key);
	output_rows_add(&ls->rows, entry_kind(info->kind));
	snprintf(text, sizeof(text), "%" PRIu64, info->rows);
	output_rows_add(&ls->rows, text);
	output_rows_add(&ls->rows, entry_time(times, info->first_ns, text));
	output_rows_add(&ls->rows, entry_time(times, info->last_ns, text));
	ls_add_bytes(ls, info->payload_bytes);
	ls_add_bytes(ls, info->stored_bytes);
	/* The put counts as the first access. */
	snprintf(text, sizeof(text), "%" PRIu64,
	         info->access_count - (info->access_count != 0));
	output_rows_add(&ls->rows, text);
}

/* A bc_list_function: print or gather one entry. */
static int
ls_entry(void *context, const struct bc_info *info)
{
	struct ls *ls = context;

	if (ls->json)
		output_json(entry_json(ls->cache, info));
	else if (ls->wide)
		ls_add(ls, info);
	else
		output_line(info->key);
	return output_failed(NULL);
}

static enum tool_exit
ls_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	struct bc_filter filter = {
		.glob = values[LS_GLOB].text,
		.regex = values[LS_REGEX].text,
		.tag = values[LS_TAG].text,
		.backtest = values[LS_BACKTEST].text,
		.source = values[LS_SOURCE].text,
	};
	struct ls ls = {
		.json = tool->json,
		.wide = values[LS_LONG].set,
		.format = output_format_default(),
	};
	enum tool_exit result;
	struct bc_error err;

	if (tool->args.operand_count != 0)
		filter.prefix = tool->args.operands[0];
	result = tool_open(tool, TOOL_READ, NULL);
	if (result != TOOL_DONE)
		return result;
	ls.cache = tool->cache;
	if (bc_list(tool->cache, &filter, ls_entry, &ls, &err) != BC_OK)
		result = tool_fail(&err);
	if (ls.wide && !ls.json)
		output_rows_print(&ls.rows, ls_columns,
		                  sizeof(ls_columns) / sizeof(ls_columns[0]),
		                  ls.format);
	return result;
}

const struct tool_command cmd_ls = {
	.name = "ls",
	.summary = "List the entries whose keys begin with PREFIX",
	.operands = "[PREFIX]",
	.operands_max = 1,
	.options = ls_options,
	.option_count = sizeof(ls_options) / sizeof(ls_options[0]),
	.run = ls_run,
	.notes = "One key a line.\n\n"
		 "JSON: one object a line, the one that barcache info "
		 "prints.",
};
