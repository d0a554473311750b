/* SPDX-License-Identifier: MIT */
/*
 * cmd_tag.c - barcache tag, link, depend and pin: labels of entries.
 *
 * The first three are one command for each kind of label: they change the
 * labels of the keys that are named, or print them, or without a key all labels
 * that there are.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "output.h"
#include "tool.h"

enum { TAG_ADD, TAG_REMOVE, TAG_SET };

/* ---- changing ----------------------------------------------------------- */

static enum bc_status
tag_label(struct bc_cache *cache, const char *key, enum bc_label_kind kind,
          const char *const *texts, enum bc_labelling how, struct bc_error *err)
{
	enum bc_status status = BC_OK;

	if (kind == BC_LABEL_TAG)
		return bc_tag(cache, key, texts, how, err);
	if (kind == BC_LABEL_PARENT)
		return bc_depend(cache, key, texts, how, err);
	for (; status == BC_OK && *texts != NULL; ++texts)
		status = bc_link(cache, *texts, key, how == BC_LABELS_ADD, err);
	return status;
}

/* Change the labels of all keys named, as one option says. */
static enum tool_exit
tag_change(const struct tool *tool, enum bc_label_kind kind,
           const struct args_value *value, enum bc_labelling how)
{
	enum tool_exit result = TOOL_DONE;
	struct bc_error err;
	size_t i;

	if (!value->set)
		return TOOL_DONE;
	for (i = 0; i < tool->args.operand_count; ++i)
		if (tag_label(tool->cache, tool->args.operands[i], kind,
		              value->words, how, &err) != BC_OK) {
			result = tool_fail(&err);
			if (err.status != BC_MISS)
				break;
		}
	return result;
}

/* ---- printing ----------------------------------------------------------- */

struct tag {
	enum bc_label_kind kind;
	bool json;
	json_t *list; /* of --json */
	struct output_rows rows;
	char *text; /* of the label that is being counted */
	uint64_t entries;
};

/* A bc_label_function: a label of an entry. */
static int
tag_listed(void *context, const struct bc_label *label)
{
	struct tag *tag = context;
	char since[BCI_TIME_TEXT];
	json_t *object;

	if (tag->json) {
		object = json_object();
		output_add_text(object, "key", label->key);
		output_add_text(object, "label", label->text);
		output_add_ns(object, "since_ns", true, label->since_ns);
		json_array_append_new(tag->list, object);
		return 0;
	}
	output_rows_add(&tag->rows, label->key);
	output_rows_add(&tag->rows, label->text);
	output_rows_add(&tag->rows, entry_clock(label->since_ns, since));
	return 0;
}

/* Print how many entries have the label that ends. */
static void
tag_end(struct tag *tag)
{
	char count[24];
	json_t *object;

	if (tag->text == NULL)
		return;
	if (tag->json) {
		object = json_object();
		output_add_text(object, "label", tag->text);
		output_add_count(object, "entries", tag->entries);
		json_array_append_new(tag->list, object);
	} else {
		snprintf(count, sizeof(count), "%" PRIu64, tag->entries);
		output_rows_add(&tag->rows, tag->text);
		output_rows_add(&tag->rows, count);
	}
	free(tag->text);
	tag->text = NULL;
	tag->entries = 0;
}

/* A bc_label_function: count the entries of each label, which come sorted. */
static int
tag_counted(void *context, const struct bc_label *label)
{
	struct tag *tag = context;
	size_t bytes = strlen(label->text) + 1;

	if (tag->text == NULL || strcmp(tag->text, label->text) != 0) {
		tag_end(tag);
		tag->text = tool_alloc(bytes, 1);
		memcpy(tag->text, label->text, bytes);
	}
	++tag->entries;
	return 0;
}

static void
tag_print(struct tag *tag, bool counts)
{
	static const struct output_column listed[] = { { "key", false },
		                                       { "label", false },
		                                       { "since", false } };
	static const struct output_column counted[] = { { "label", false },
		                                        { "entries", true } };
	json_t *object;

	if (tag->json) {
		object = json_object();
		output_add(object, "labels", tag->list);
		output_json(object);
		return;
	}
	output_rows_print(&tag->rows, counts ? counted : listed, counts ? 2 : 3,
	                  output_format_default());
}

static enum tool_exit
tag_show(const struct tool *tool, enum bc_label_kind kind)
{
	size_t i, count = tool->args.operand_count;
	struct tag tag = { .kind = kind, .json = tool->json };
	enum tool_exit result = TOOL_DONE;
	struct bc_error err;

	if (tag.json)
		tag.list = json_array();
	for (i = 0; i < count; ++i)
		if (bc_labels(tool->cache, tool->args.operands[i], kind,
		              tag_listed, &tag, &err) != BC_OK) {
			result = tool_fail(&err);
			/* "tag KEY LABEL" is what other tools take. */
			if (err.status == BC_MISS && i != 0)
				tool_say("to add it to %s: --add %s",
				         tool->args.operands[0],
				         tool->args.operands[i]);
		}
	if (count == 0) {
		if (bc_labelled(tool->cache, kind, NULL, tag_counted, &tag,
		                &err) != BC_OK)
			result = tool_fail(&err);
		tag_end(&tag);
	}
	tag_print(&tag, count == 0);
	return result;
}

static enum tool_exit
tag_run_kind(struct tool *tool, enum bc_label_kind kind)
{
	static const enum bc_labelling how[] = {
		[TAG_ADD] = BC_LABELS_ADD,
		[TAG_REMOVE] = BC_LABELS_REMOVE,
		[TAG_SET] = BC_LABELS_REPLACE,
	};
	size_t i, options = tool->command->option_count;
	enum tool_exit result, worst = TOOL_DONE;
	bool changes = false;

	for (i = 0; i < options; ++i)
		changes = changes || tool->args.values[i].set;
	if (changes && tool->args.operand_count == 0)
		return tool_usage(tool, "%s needs a KEY", tool->command->name);
	result = tool_open(tool, changes ? TOOL_WRITE : TOOL_READ, NULL);
	if (result != TOOL_DONE)
		return result;
	if (!changes)
		return tag_show(tool, kind);
	for (i = options; i-- > 0;) {
		result = tag_change(tool, kind, &tool->args.values[i], how[i]);
		if (worst == TOOL_DONE)
			worst = result;
	}
	return worst;
}

/* ---- the commands ------------------------------------------------------- */

#define TAG_NOTES                                                              \
	"Without an option it prints what the keys have, or without a KEY "    \
	"each label and how many entries have it; "

#define TAG_JSON                                                               \
	"JSON: labels, a list of objects of key, label and since_ns, or of "   \
	"label and entries."

static enum tool_exit
tag_run(struct tool *tool)
{
	return tag_run_kind(tool, BC_LABEL_TAG);
}

static const struct args_option tag_options[] = {
	[TAG_ADD] = { "add", ARGS_LIST, "LIST", "Add these, separated by ','" },
	[TAG_REMOVE] = { "remove", ARGS_LIST, "LIST", "Take these away" },
	[TAG_SET] = { "set", ARGS_LIST, "LIST",
	              "Have these in place of all others; '' is none" },
};

const struct tool_command cmd_tag = {
	.name = "tag",
	.summary = "Show or change the tags of entries",
	.operands = "[KEY...]",
	.operands_max = SIZE_MAX,
	.options = tag_options,
	.option_count = sizeof(tag_options) / sizeof(tag_options[0]),
	.run = tag_run,
	.notes = TAG_NOTES
	"barcache ls --tag prints the entries of a tag.\n\n" TAG_JSON,
};

static enum tool_exit
link_run(struct tool *tool)
{
	return tag_run_kind(tool, BC_LABEL_BACKTEST);
}

static const struct args_option link_options[] = {
	[TAG_ADD] = { "add", ARGS_LIST, "LIST",
	              "Link them with these, separated by ','" },
	[TAG_REMOVE] = { "remove", ARGS_LIST, "LIST",
	                 "Unlink them from these" },
};

const struct tool_command cmd_link = {
	.name = "link",
	.summary = "Show or change which backtests used entries",
	.operands = "[KEY...]",
	.operands_max = SIZE_MAX,
	.options = link_options,
	.option_count = sizeof(link_options) / sizeof(link_options[0]),
	.run = link_run,
	.notes = TAG_NOTES
	"barcache ls --backtest prints the entries of a backtest, and "
	"barcache rm --backtest forgets it.\n\n" TAG_JSON,
};

static enum tool_exit
depend_run(struct tool *tool)
{
	return tag_run_kind(tool, BC_LABEL_PARENT);
}

static const struct args_option depend_options[] = {
	[TAG_ADD] = { "add", ARGS_LIST, "LIST",
	              "They were made of these keys, too, separated by ','" },
	[TAG_REMOVE] = { "remove", ARGS_LIST, "LIST",
	                 "They were not made of these" },
	[TAG_SET] = { "set", ARGS_LIST, "LIST",
	              "They were made of these; '' is nothing" },
};

const struct tool_command cmd_depend = {
	.name = "depend",
	.summary = "Show or change what entries were made of",
	.operands = "[KEY...]",
	.operands_max = SIZE_MAX,
	.options = depend_options,
	.option_count = sizeof(depend_options) / sizeof(depend_options[0]),
	.run = depend_run,
	.notes = TAG_NOTES
	"barcache rm --dependents removes what was made of an entry along "
	"with it.\n\n" TAG_JSON,
};

enum { PIN_OFF };

static const struct args_option pin_options[] = {
	[PIN_OFF] = { "off", ARGS_FLAG, NULL, "Let them be evicted again" },
};

static enum tool_exit
pin_run(struct tool *tool)
{
	bool off = tool->args.values[PIN_OFF].set;
	enum tool_exit result = tool_open(tool, TOOL_WRITE, NULL);
	struct bc_error err;
	size_t i;

	if (result != TOOL_DONE)
		return result;
	for (i = 0; i < tool->args.operand_count; ++i)
		if (bc_pin(tool->cache, tool->args.operands[i], !off, &err) !=
		    BC_OK) {
			result = tool_fail(&err);
			if (err.status != BC_MISS)
				return result;
		}
	return result;
}

const struct tool_command cmd_pin = {
	.name = "pin",
	.summary = "Keep entries from being evicted",
	.operands = "KEY...",
	.operands_min = 1,
	.operands_max = SIZE_MAX,
	.options = pin_options,
	.option_count = sizeof(pin_options) / sizeof(pin_options[0]),
	.run = pin_run,
	.notes = "barcache rm leaves them alone without --force.  Prints "
		 "nothing.",
};
