/* SPDX-License-Identifier: MIT */
/*
 * cmd_version.c - barcache version: of the library, of LMDB, of the files.
 */
#include "barcache.h"

#include <stdio.h>

#include "output.h"
#include "record.h"
#include "tool.h"

static enum tool_exit
version_run(struct tool *tool)
{
	json_t *object;

	if (tool->json) {
		object = json_object();
		output_add_text(object, "version", bc_version());
		output_add_text(object, "lmdb_version", bc_lmdb_version());
		output_add_count(object, "format_version", BCI_FORMAT_VERSION);
		output_json(object);
		return TOOL_DONE;
	}
	printf("barcache %s (LMDB %s, format %d)\n", bc_version(),
	       bc_lmdb_version(), BCI_FORMAT_VERSION);
	return TOOL_DONE;
}

const struct tool_command cmd_version = {
	.name = "version",
	.summary = "Print the versions of barcache, LMDB and the format",
	.operands = "",
	.run = version_run,
	.notes = "JSON: version, lmdb_version, format_version.",
};
