/* SPDX-License-Identifier: MIT */
/*
 * cmd_rm.c - barcache rm: remove entries, all of them in one commit.
 *
 * What is to go is gathered first and printed once it is gone.  A key that is
 * not there is reported and does not keep the others.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "tool.h"

enum { RM_PREFIX, RM_GLOB, RM_REGEX, RM_DRY_RUN };

static const struct args_option rm_options[] = {
	[RM_PREFIX] = { "prefix", ARGS_TEXT, "PREFIX",
	                "Remove the keys that begin with it; '' is all" },
	[RM_GLOB] = { "glob", ARGS_TEXT, "GLOB",
	              "Remove the keys that match as a whole: * ? [a-z]" },
	[RM_REGEX] = { "regex", ARGS_TEXT, "REGEX",
	               "Remove the keys that match somewhere: POSIX "
	               "extended" },
	[RM_DRY_RUN] = { "dry-run", ARGS_FLAG, NULL,
	                 "Only print what would go" },
};

/* Keys in the order they were named or listed, each once. */
struct rm {
	char **keys;
	size_t count;
	size_t missing;
};

static void
rm_add(struct rm *rm, const char *key)
{
	size_t bytes = strlen(key) + 1;

	rm->keys = tool_grow(rm->keys, rm->count, sizeof(char *));
	rm->keys[rm->count] = tool_alloc(bytes, 1);
	memcpy(rm->keys[rm->count++], key, bytes);
}

static int
rm_listed(void *context, const struct bc_info *info)
{
	rm_add(context, info->key);
	return 0;
}

/* A key that was named: an expired or damaged entry can be removed too. */
static enum tool_exit
rm_named(struct tool *tool, struct rm *rm, const char *key)
{
	enum bc_miss miss = BC_MISS_NONE;
	struct bc_error err = { .status = bc_exists(tool->cache, key, &miss) };

	switch (err.status) {
	case BC_MISS:
		if (miss == BC_MISS_ABSENT || miss == BC_MISS_EVICTED) {
			tool_miss(key, miss);
			++rm->missing;
			return TOOL_DONE;
		}
		break;
	case BC_OK:
		break;
	default:
		snprintf(err.message, sizeof(err.message), "%s: %s", key,
		         bc_strerror(err.status));
		return tool_fail(&err);
	}
	rm_add(rm, key);
	return TOOL_DONE;
}

static int
rm_compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sort the keys and drop those that came twice. */
static void
rm_unique(struct rm *rm)
{
	size_t i, kept = 0;

	if (rm->count == 0)
		return;
	qsort(rm->keys, rm->count, sizeof(char *), rm_compare);
	for (i = 1; i < rm->count; ++i)
		if (strcmp(rm->keys[i], rm->keys[kept]) == 0)
			free(rm->keys[i]);
		else
			rm->keys[++kept] = rm->keys[i];
	rm->count = kept + 1;
}

/* Everything that the command line names or selects. */
static enum tool_exit
rm_gather(struct tool *tool, struct rm *rm)
{
	const struct args_value *values = tool->args.values;
	struct bc_filter filter = {
		.prefix = values[RM_PREFIX].text,
		.glob = values[RM_GLOB].text,
		.regex = values[RM_REGEX].text,
	};
	enum tool_exit result;
	struct bc_error err;
	size_t i;

	for (i = 0; i < tool->args.operand_count; ++i) {
		result = rm_named(tool, rm, tool->args.operands[i]);
		if (result != TOOL_DONE)
			return result;
	}
	if ((filter.prefix != NULL || filter.glob != NULL ||
	     filter.regex != NULL) &&
	    bc_list(tool->cache, &filter, rm_listed, rm, &err) != BC_OK)
		return tool_fail(&err);
	rm_unique(rm);
	return TOOL_DONE;
}

/* Remove all keys in one commit, or none. */
static enum tool_exit
rm_commit(struct tool *tool, const struct rm *rm)
{
	struct bc_batch *batch = NULL;
	enum tool_exit result = TOOL_DONE;
	struct bc_error err;
	size_t i;

	if (bc_batch_begin(tool->cache, &batch, &err) != BC_OK)
		return tool_fail(&err);
	for (i = 0; i < rm->count; ++i)
		if (bc_batch_remove(batch, rm->keys[i], &err) != BC_OK) {
			result = tool_fail(&err);
			goto done;
		}
	if (bc_batch_commit(&batch, &err) != BC_OK)
		result = tool_fail(&err);
done:
	bc_batch_abort(batch);
	return result;
}

static void
rm_print_json(const struct rm *rm, bool dry)
{
	json_t *object = json_object(), *keys = json_array();
	size_t i;

	for (i = 0; i < rm->count; ++i)
		json_array_append_new(keys, output_json_text(rm->keys[i]));
	output_add(object, "dry_run", json_boolean(dry));
	output_add_count(object, "removed", rm->count);
	output_add_count(object, "missing", rm->missing);
	output_add(object, "keys", keys);
	output_json(object);
}

static void
rm_print(const struct rm *rm, bool dry)
{
	size_t i;

	for (i = 0; i < rm->count; ++i)
		output_line(rm->keys[i]);
	tool_say("%s %zu entr%s", dry ? "would remove" : "removed", rm->count,
	         rm->count == 1 ? "y" : "ies");
}

static enum tool_exit
rm_run(struct tool *tool)
{
	const struct args_value *values = tool->args.values;
	bool dry = values[RM_DRY_RUN].set;
	struct rm rm = { 0 };
	enum tool_exit result;
	size_t i;

	if (tool->args.operand_count == 0 && !values[RM_PREFIX].set &&
	    !values[RM_GLOB].set && !values[RM_REGEX].set)
		return tool_usage(tool, "rm needs a KEY, --prefix, --glob or "
		                        "--regex");
	result = tool_open(tool, dry ? TOOL_READ : TOOL_WRITE, NULL);
	if (result == TOOL_DONE)
		result = rm_gather(tool, &rm);
	if (result == TOOL_DONE && !dry && rm.count != 0)
		result = rm_commit(tool, &rm);
	if (result == TOOL_DONE) {
		if (tool->json)
			rm_print_json(&rm, dry);
		else
			rm_print(&rm, dry);
		result = rm.missing == 0 ? TOOL_DONE : TOOL_MISS;
	}
	for (i = 0; i < rm.count; ++i)
		free(rm.keys[i]);
	free(rm.keys);
	return result;
}

const struct tool_command cmd_rm = {
	.name = "rm",
	.summary = "Remove entries in one commit",
	.operands = "[KEY...]",
	.operands_max = SIZE_MAX,
	.options = rm_options,
	.option_count = sizeof(rm_options) / sizeof(rm_options[0]),
	.run = rm_run,
	.notes = "Conditions given together must all hold; keys that are "
		 "named go besides.  Prints the keys that went, sorted.\n\n"
		 "JSON: dry_run, removed (how many), missing (how many keys "
		 "named were not there), keys.",
};
