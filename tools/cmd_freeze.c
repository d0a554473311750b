/* SPDX-License-Identifier: MIT */
/*
 * cmd_freeze.c - barcache freeze and barcache thaw.
 */
#include "barcache.h"

#include "output.h"
#include "tool.h"

static void
freeze_print(struct tool *tool, bool frozen)
{
	json_t *object;

	if (!tool->json)
		return;
	object = json_object();
	output_add(object, "frozen", json_boolean(frozen));
	output_json(object);
}

static enum tool_exit
freeze_run(struct tool *tool)
{
	enum tool_exit result = tool_open(tool, TOOL_WRITE, NULL);
	struct bc_error err;

	if (result != TOOL_DONE)
		return result;
	if (bc_freeze(tool->cache, &err) != BC_OK)
		return tool_fail(&err);
	freeze_print(tool, true);
	return TOOL_DONE;
}

static enum tool_exit
thaw_run(struct tool *tool)
{
	const char *path = tool_path(tool);
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_error err;

	if (path == NULL)
		return TOOL_CANNOT;
	options.name = "barcache";
	if (bc_thaw(path, &options, &err) != BC_OK)
		return tool_fail(&err);
	freeze_print(tool, false);
	return TOOL_DONE;
}

const struct tool_command cmd_freeze = {
	.name = "freeze",
	.summary = "Let nobody write until barcache thaw",
	.operands = "",
	.run = freeze_run,
	.notes = "Everything is synced.  Who opens a frozen cache writes to "
		 "no file of it, so it may lie on a read-only mount or in an "
		 "image, for several containers.\n\n"
		 "JSON: frozen.",
};

const struct tool_command cmd_thaw = {
	.name = "thaw",
	.summary = "Let a frozen cache be written to again",
	.operands = "",
	.run = thaw_run,
	.notes = "Fails while a process has the cache open that opened it "
		 "frozen.\n\n"
		 "JSON: frozen.",
};
