/* SPDX-License-Identifier: MIT */
/*
 * cmd_config.c - barcache config: show or change the stored settings.
 */
#include "barcache.h"

#include <stdint.h>
#include <string.h>

#include "guess.h"
#include "output.h"
#include "preference.h"
#include "settings.h"
#include "tool.h"

enum { CONFIG_SHOW_ORIGIN };

static const struct args_option config_options[] = {
	[CONFIG_SHOW_ORIGIN] = { "show-origin", ARGS_FLAG, NULL,
	                         "Show what is preferred, and who says so" },
};

/* Take one NAME=VALUE apart into 'values'. */
static enum tool_exit
config_word(struct tool *tool, const char *word, struct args_value *values)
{
	size_t bytes = strcspn(word, "=");
	char guess[GUESS_TEXT];
	size_t i;

	if (word[bytes] != '=')
		return tool_usage(tool, "%s is no NAME=VALUE", word);
	for (i = 0; i < SETTINGS; ++i)
		if (strlen(settings_table[i].name) == bytes &&
		    memcmp(settings_table[i].name, word, bytes) == 0)
			break;
	if (i == SETTINGS)
		return tool_usage(tool, "there is no setting '%.*s'%s",
		                  (int)bytes, word,
		                  guess_name(settings_table, SETTINGS, word,
		                             bytes, guess));
	return args_convert(&settings_table[i], "", word + bytes + 1,
	                    &values[i])
	               ? TOOL_DONE
	               : TOOL_USAGE;
}

static enum tool_exit
config_run(struct tool *tool)
{
	struct args_value values[SETTINGS] = { 0 };
	size_t i, count = tool->args.operand_count;
	struct bc_config config;
	enum tool_exit result;
	struct bc_error err;

	for (i = 0; i < count; ++i) {
		result = config_word(tool, tool->args.operands[i], values);
		if (result != TOOL_DONE)
			return result;
	}
	if (tool->args.values[CONFIG_SHOW_ORIGIN].set) {
		if (count != 0)
			return tool_usage(tool, "config: --show-origin "
			                        "changes nothing");
		preference_print(tool);
		return TOOL_DONE;
	}
	result = tool_open(tool, count == 0 ? TOOL_READ : TOOL_WRITE, NULL);
	if (result != TOOL_DONE)
		return result;
	if (bc_config_get(tool->cache, &config, &err) != BC_OK)
		return tool_fail(&err);
	if (!settings_apply(values, &config))
		return TOOL_USAGE;
	if (count != 0 && (bc_config_set(tool->cache, &config, &err) != BC_OK ||
	                   bc_config_get(tool->cache, &config, &err) != BC_OK))
		return tool_fail(&err);
	settings_print(tool_path(tool), &config, tool->json);
	return TOOL_DONE;
}

const struct tool_command cmd_config = {
	.name = "config",
	.summary = "Show or change the settings of a cache",
	.operands = "[NAME=VALUE...]",
	.operands_max = SIZE_MAX,
	.options = config_options,
	.option_count = sizeof(config_options) / sizeof(config_options[0]),
	.run = config_run,
	.notes = "The file of preferences is that of --config, else of "
		 "BARCACHE_CONFIG, else barcache/config below XDG_CONFIG_HOME "
		 "or ~/.config.  Its lines are 'name = value': cache, the "
		 "directory; json, yes or no; and settings for caches that are "
		 "made.  Command line and environment come before it.\n\n"
		 "NAME is durability, warm, cold, value-max, entries, "
		 "sync-interval, ttl, cold-ttl, expire-interval, policy or "
		 "low, as the options of barcache init.  Prints the settings "
		 "as they are afterwards.\n\n"
		 "JSON: path, durability, warm_bytes, cold_bytes, "
		 "value_max_bytes, entries_max, sync_interval_ms, ttl_ns, "
		 "cold_ttl_ns, expire_interval_ms, policy, low_percent, "
		 "format_version, cache_id (16 hexadecimal digits), "
		 "created_ns; with --show-origin: file, preferences (name, "
		 "value and origin each).",
};
