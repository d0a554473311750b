/* SPDX-License-Identifier: MIT */
/*
 * cmd_rm.c - barcache rm: remove entries, the one way to do so.
 *
 * What was named and is not there is reported and does not keep the others.
 * Keys are printed once they are gone.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "selection.h"
#include "tool.h"

enum {
	RM_KEEP_LAST = SELECTION_CONDITIONS,
	RM_ALL,
	RM_DEPENDENTS,
	RM_FORCE,
	RM_DRY_RUN,
	RM_YES
};

static const struct args_option rm_options[] = {
	[SELECTION_PREFIX] = { "prefix", ARGS_TEXT, "PREFIX",
	                       "Remove the keys that begin with it" },
	[SELECTION_GLOB] = { "glob", ARGS_TEXT, "GLOB",
	                     "Remove the keys that match as a whole: * ? "
	                     "[a-z]" },
	[SELECTION_REGEX] = { "regex", ARGS_TEXT, "REGEX",
	                      "Remove the keys that match somewhere: POSIX "
	                      "extended" },
	[SELECTION_TAG] = { "tag", ARGS_TEXT, "TAG",
	                    "Remove what has the tag" },
	[SELECTION_BACKTEST] = { "backtest", ARGS_TEXT, "NAME",
	                         "Unlink what a backtest used, and remove what "
	                         "no "
	                         "other one uses" },
	[SELECTION_SOURCE] = { "source", ARGS_TEXT, "SOURCE",
	                       "Remove the series and requests of a source" },
	[SELECTION_OLDER_THAN] = { "older-than", ARGS_DURATION, "DURATION",
	                           "Remove what was not put or appended to for "
	                           "so "
	                           "long: 12h, 30d" },
	[SELECTION_UNUSED_FOR] = { "unused-for", ARGS_DURATION, "DURATION",
	                           "Remove what was neither read nor put for "
	                           "so "
	                           "long" },
	[RM_KEEP_LAST] = { "keep-last", ARGS_COUNT, "N",
	                   "Of keys that are the same up to the last / or @ "
	                   "remove all but the N newest" },
	[RM_ALL] = { "all", ARGS_FLAG, NULL, "Remove everything" },
	[RM_DEPENDENTS] = { "dependents", ARGS_FLAG, NULL,
	                    "Remove what was made of them, too" },
	[RM_FORCE] = { "force", ARGS_FLAG, NULL,
	               "Remove what is pinned or used by other backtests, "
	               "too" },
	[RM_DRY_RUN] = { "dry-run", ARGS_FLAG, NULL,
	                 "Only print what would go" },
	[RM_YES] = { "yes", ARGS_FLAG, NULL,
	             "Do not ask before --all on a terminal" },
};

struct rm {
	bool json;
	json_t *keys; /* of --json, gathered */
	struct bc_filter filter;
	bool filtered;
	struct bc_removed removed;
};

/* A bc_removed_function. */
static void
rm_removed(void *context, const char *key)
{
	struct rm *rm = context;

	if (rm->json)
		json_array_append_new(rm->keys, output_json_text(key));
	else
		output_line(key);
}

/* What the conditions on the command line are. */
static enum tool_exit
rm_filter(const struct tool *tool, struct rm *rm)
{
	const struct args_value *values = tool->args.values;

	rm->filtered = selection_filter(values, &rm->filter);
	rm->filter.keep_last = values[RM_KEEP_LAST].number;
	rm->filtered = rm->filtered || values[RM_KEEP_LAST].set;
	if (rm->filtered && values[RM_ALL].set)
		return tool_usage(tool, "--all takes no conditions");
	if (values[RM_KEEP_LAST].set && values[SELECTION_OLDER_THAN].set)
		return tool_usage(tool, "--keep-last and --older-than exclude "
		                        "each other");
	if (values[RM_KEEP_LAST].set && values[RM_KEEP_LAST].number == 0)
		return tool_usage(tool, "--keep-last is at least 1");
	rm->filtered = rm->filtered || values[RM_ALL].set;
	if (!rm->filtered && tool->args.operand_count == 0)
		return tool_usage(tool, "rm needs a KEY, a condition, or "
		                        "--all");
	return TOOL_DONE;
}

/* Ask whether everything is to go; not if nobody can answer. */
static bool
rm_confirmed(const struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	char answer[16];

	if (!values[RM_ALL].set || values[RM_YES].set ||
	    values[RM_DRY_RUN].set || !isatty(STDIN_FILENO))
		return true;
	fprintf(stderr, "Remove everything in %s? [y/N] ", tool->path);
	fflush(stderr);
	return fgets(answer, sizeof(answer), stdin) != NULL &&
	       (answer[0] == 'y' || answer[0] == 'Y');
}

/* Say which of the keys that were named are not there. */
static enum tool_exit
rm_report_missing(const struct tool *tool)
{
	size_t i;

	for (i = 0; i < tool->args.operand_count; ++i) {
		const char *key = tool->args.operands[i];
		enum bc_miss miss = BC_MISS_NONE;
		struct bc_error err = {
			.status = bc_exists(tool->cache, key, &miss),
		};

		if (err.status == BC_MISS && miss == BC_MISS_ABSENT)
			tool_miss(key, miss);
		if (err.status == BC_OK || err.status == BC_MISS)
			continue;
		snprintf(err.message, sizeof(err.message), "%s: %s", key,
		         bc_strerror(err.status));
		return tool_fail(&err);
	}
	return TOOL_DONE;
}

static enum tool_exit
rm_remove(const struct tool *tool, struct rm *rm)
{
	const struct args_value *values = tool->args.values;
	struct bc_remove_options options = BC_REMOVE_OPTIONS_INIT;
	const char **keys =
		tool_alloc(tool->args.operand_count + 1, sizeof(*keys));
	enum tool_exit result = TOOL_DONE;
	struct bc_error err;
	size_t i;

	for (i = 0; i < tool->args.operand_count; ++i)
		keys[i] = tool->args.operands[i];
	options.keys = keys;
	options.filter = rm->filtered ? &rm->filter : NULL;
	options.function = rm_removed;
	options.context = rm;
	options.flags = (values[RM_DRY_RUN].set ? BC_REMOVE_DRY_RUN : 0) |
	                (values[RM_FORCE].set ? BC_REMOVE_FORCE : 0) |
	                (values[RM_DEPENDENTS].set ? BC_REMOVE_DEPENDENTS : 0);
	if (bc_remove_where(tool->cache, &options, &rm->removed, &err) != BC_OK)
		result = tool_fail(&err);
	free(keys);
	return result;
}

static void
rm_print_json(const struct rm *rm, bool dry)
{
	const struct bc_removed *removed = &rm->removed;
	json_t *object = json_object();

	output_add(object, "dry_run", json_boolean(dry));
	output_add_count(object, "removed", removed->removed);
	output_add_count(object, "bytes", removed->bytes);
	output_add_count(object, "dependents", removed->dependents);
	output_add_count(object, "pinned", removed->pinned);
	output_add_count(object, "shared", removed->shared);
	output_add_count(object, "missing", removed->missing);
	output_add_count(object, "changed", removed->changed);
	output_add(object, "keys", json_incref(rm->keys));
	output_json(object);
}

/* "kept 2 entries that are pinned", if there are any. */
static void
rm_say_kept(uint64_t count, const char *why)
{
	if (count != 0)
		tool_say("kept %llu entr%s: %s", (unsigned long long)count,
		         count == 1 ? "y" : "ies", why);
}

static void
rm_print(const struct rm *rm, bool dry)
{
	const struct bc_removed *removed = &rm->removed;

	tool_say("%s %llu entr%s", dry ? "would remove" : "removed",
	         (unsigned long long)removed->removed,
	         removed->removed == 1 ? "y" : "ies");
	rm_say_kept(removed->pinned, "pinned");
	rm_say_kept(removed->shared, "other backtests use them");
	rm_say_kept(removed->changed, "put anew meanwhile");
}

static enum tool_exit
rm_run(struct tool *tool)
{
	bool dry = tool->args.values[RM_DRY_RUN].set;
	struct rm rm = { .json = tool->json };
	enum tool_exit result = rm_filter(tool, &rm);

	if (result == TOOL_DONE)
		result = tool_open(tool, dry ? TOOL_READ : TOOL_WRITE, NULL);
	if (result != TOOL_DONE)
		return result;
	if (!rm_confirmed(tool)) {
		tool_say("nothing was removed");
		return TOOL_MISS;
	}
	rm.keys = json_array();
	result = rm_report_missing(tool);
	if (result == TOOL_DONE)
		result = rm_remove(tool, &rm);
	if (result == TOOL_DONE) {
		if (tool->json)
			rm_print_json(&rm, dry);
		else
			rm_print(&rm, dry);
		result = rm.removed.missing == 0 ? TOOL_DONE : TOOL_MISS;
	}
	json_decref(rm.keys);
	return result;
}

const struct tool_command cmd_rm = {
	.name = "rm",
	.summary = "Remove entries by key or by condition",
	.operands = "[KEY...]",
	.operands_max = SIZE_MAX,
	.options = rm_options,
	.option_count = sizeof(rm_options) / sizeof(rm_options[0]),
	.run = rm_run,
	.notes = "Conditions given together must all hold; keys that are "
		 "named go besides.  Up to 65,536 entries go in one commit.  "
		 "Pinned entries stay without --force, as does what another "
		 "backtest uses where --backtest selects.  Prints the keys "
		 "that went, sorted.\n\n"
		 "JSON: dry_run, removed (how many), bytes (that they took), "
		 "dependents (of those removed), pinned, shared and changed "
		 "(how many were kept because they are pinned, used by other "
		 "backtests, or put anew meanwhile), missing (how many keys "
		 "named were not there), keys.",
};
