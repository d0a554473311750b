/* SPDX-License-Identifier: MIT */
/*
 * cmd_expire.c - barcache expire: remove what has expired.
 */
#include "barcache.h"

#include <inttypes.h>

#include "output.h"
#include "tool.h"

static enum tool_exit
expire_run(struct tool *tool)
{
	enum tool_exit result = tool_open(tool, TOOL_WRITE, NULL);
	struct bc_error err;
	uint64_t removed;

	if (result != TOOL_DONE)
		return result;
	if (bc_expire(tool->cache, &removed, &err) != BC_OK)
		return tool_fail(&err);
	if (tool->json) {
		json_t *object = json_object();

		output_add_count(object, "removed", removed);
		output_json(object);
	} else {
		output_pair("removed", "%" PRIu64, removed);
	}
	return TOOL_DONE;
}

const struct tool_command cmd_expire = {
	.name = "expire",
	.summary = "Remove what has expired, which gives its room back",
	.operands = "",
	.run = expire_run,
	.notes = "Others can write in between.  Nothing is removed within a "
		 "minute after the clock of the machine was set.\n\n"
		 "JSON: removed.",
};
