/* SPDX-License-Identifier: MIT */
/*
 * import_hints.c - what the command line says about the layout of files: the
 * options that import and update have in common.
 */
#include "import.h"

#include <string.h>

#include "tzdata.h"

/* The value of the command's option of that name. */
static const struct args_value *
import_option(const struct tool *tool, const char *name)
{
	size_t i = 0;

	while (strcmp(tool->command->options[i].name, name) != 0)
		++i;
	return &tool->args.values[i];
}

enum tool_exit
import_hints(struct tool *tool, struct bci_hints *hints)
{
	const struct args_value *preset = import_option(tool, "preset");
	const struct args_value *stamp = import_option(tool, "stamp");
	struct bci_form form;

	*hints = (struct bci_hints){
		.columns = import_option(tool, "columns")->text,
		.extra = import_option(tool, "extra")->text,
		.volume = import_option(tool, "volume")->text,
		.time_format = import_option(tool, "time-format")->text,
		.zone = import_option(tool, "tz")->text,
	};
	if (preset->set)
		hints->preset = &bci_presets[preset->number];
	if (stamp->set)
		hints->stamp =
			stamp->number == 0 ? BCI_STAMP_OPEN : BCI_STAMP_CLOSE;
	if (hints->time_format != NULL &&
	    !bci_form_compile(hints->time_format, &form))
		return tool_usage(tool, "'%s' is no form of times",
		                  hints->time_format);
	if (hints->zone != NULL && tzdata_find(hints->zone) == NULL)
		return TOOL_USAGE;
	return TOOL_DONE;
}
