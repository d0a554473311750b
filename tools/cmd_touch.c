/* SPDX-License-Identifier: MIT */
/*
 * cmd_touch.c - barcache touch: another time to live for what is stored.
 */
#include "barcache.h"

#include <stdint.h>

#include "output.h"
#include "tool.h"

enum { TOUCH_TTL, TOUCH_REFRESH };

static const struct args_option touch_options[] = {
	[TOUCH_TTL] = { "ttl", ARGS_TTL, "TTL",
	                "Time to live from now; as it was put if not given" },
	[TOUCH_REFRESH] = { "refresh-at", ARGS_TIME, "TIME",
	                    "Of a series: when its newest bar, if that had not "
	                    "ended, is to be fetched again" },
};

static enum tool_exit
touch_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	struct bc_touch_options options = BC_TOUCH_OPTIONS_INIT;
	enum tool_exit result;
	struct bc_error err;
	size_t i, touched = 0;

	options.ttl_ns = values[TOUCH_TTL].ns;
	options.refresh_ns = values[TOUCH_REFRESH].ns;
	result = tool_open(tool, TOOL_WRITE, NULL);
	if (result != TOOL_DONE)
		return result;
	for (i = 0; i < tool->args.operand_count; ++i) {
		enum bc_status status = bc_touch(
			tool->cache, tool->args.operands[i], &options, &err);

		touched += status == BC_OK;
		if (status != BC_OK)
			result = tool_fail(&err);
		if (status != BC_OK && status != BC_MISS)
			break;
	}
	if (tool->json) {
		json_t *object = json_object();

		output_add_count(object, "touched", touched);
		output_json(object);
	}
	return result;
}

const struct tool_command cmd_touch = {
	.name = "touch",
	.summary = "Give entries another time to live",
	.operands = "KEY...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.options = touch_options,
	.option_count = sizeof(touch_options) / sizeof(touch_options[0]),
	.run = touch_run,
	.notes = "Of a series it is its newest bar, if that had not ended: "
		 "what is final never expires.  Prints nothing.\n\n"
		 "JSON: touched.",
};
