/* SPDX-License-Identifier: MIT */
/*
 * cmd_init.c - barcache init: make a cache with settings of one's own.
 */
#include "barcache.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>

#include "output.h"
#include "settings.h"
#include "tool.h"

enum { INIT_GROUP = SETTINGS };

static const struct args_option init_options[] = {
	SETTINGS_OPTIONS,
	[INIT_GROUP] = { "group", ARGS_TEXT, "NAME",
	                 "Share the cache with a group, by name or number" },
};

/* The group that is meant by a name or a number; false after a message. */
static bool
init_group(const char *text, uint32_t *id)
{
	const struct group *group = getgrnam(text);
	char *end = NULL;
	unsigned long number;

	if (group != NULL) {
		*id = group->gr_gid;
		return true;
	}
	errno = 0;
	number = strtoul(text, &end, 10);
	*id = (uint32_t)number;
	if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 &&
	    number < UINT32_MAX)
		return true;
	tool_say("--group is '%s', but there is no such group", text);
	return false;
}

static enum tool_exit
init_run(struct tool *tool)
{
	const struct args_value *group = &tool->args.values[INIT_GROUP];
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
	if (group->set) {
		options.flags = BC_OPEN_GROUP;
		if (!init_group(group->text, &options.group_id))
			return TOOL_USAGE;
	}
	result = tool_open(tool, TOOL_MAKE, &options);
	if (result != TOOL_DONE)
		return result;
	if (group->set)
		tool_say("every member of group %s is now trusted as the "
		         "owner is: to read the cache, to change what others "
		         "read from it, not to crash them by damaged files",
		         group->text);
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
