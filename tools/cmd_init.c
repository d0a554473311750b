/* SPDX-License-Identifier: MIT */
/*
 * cmd_init.c - barcache init: make a cache with settings of one's own.
 */
#include "barcache.h"

#include "output.h"
#include "settings.h"
#include "tool.h"

enum { INIT_GROUP = SETTINGS };

static const struct args_option init_options[] = {
	SETTINGS_OPTIONS,
	[INIT_GROUP] = { "group", ARGS_FLAG, NULL,
	                 "Let the group of the directory use the cache" },
};

static enum tool_exit
init_run(struct tool *tool)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_config config = { 0 };
	enum tool_exit result;
	struct bc_error err;
	bool there;

	if (!settings_apply(tool->args.values, &config))
		return TOOL_USAGE;
	result = tool_open_if_there(tool, &there);
	if (result != TOOL_DONE)
		return result;
	if (there) {
		tool_say("there is a cache at %s already: "
		         "barcache config changes its settings",
		         tool_path(tool));
		return TOOL_CANNOT;
	}
	options.durability = config.durability;
	options.warm_bytes = config.warm_bytes;
	options.cold_bytes = config.cold_bytes;
	options.value_max_bytes = config.value_max_bytes;
	options.entries_max = config.entries_max;
	options.sync_interval_ms = config.sync_interval_ms;
	options.policy = config.policy;
	options.low_percent = config.low_percent;
	if (tool->args.values[INIT_GROUP].set)
		options.flags = BC_OPEN_GROUP;
	result = tool_open(tool, TOOL_MAKE, &options);
	if (result != TOOL_DONE)
		return result;
	if (bc_config_get(tool->cache, &config, &err) != BC_OK ||
	    !settings_apply(tool->args.values, &config) ||
	    bc_config_set(tool->cache, &config, &err) != BC_OK)
		return tool_fail(&err);
	if (tool->json)
		settings_print(tool_path(tool), &config, true);
	return TOOL_DONE;
}

const struct tool_command cmd_init = {
	.name = "init",
	.summary = "Make a cache",
	.operands = "",
	.options = init_options,
	.option_count = sizeof(init_options) / sizeof(init_options[0]),
	.run = init_run,
	.notes = "SIZE is a number of bytes with an optional unit: K, M, G, "
		 "T or KiB, MiB, GiB, TiB in 1024s, KB, MB, GB, TB in "
		 "1000s.  Missing parent directories are made too.\n\n"
		 "JSON: the object that barcache config prints.",
};
