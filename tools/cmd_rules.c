/* SPDX-License-Identifier: MIT */
/*
 * cmd_rules.c - barcache rules: how long what is put under which keys lives.
 */
#include "barcache.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "tool.h"
#include "unit.h"

enum { RULES_CLEAR };

static const struct args_option rules_options[] = {
	[RULES_CLEAR] = { "clear", ARGS_FLAG, NULL, "Remove all rules" },
};

/* Take PATTERN=TTL apart, at the last '='. */
static enum tool_exit
rules_word(struct tool *tool, char *word, struct bc_rule *rule)
{
	static const struct args_option ttl = { "TTL", ARGS_TTL, "TTL", "" };
	struct args_value value = { 0 };
	char *equals = strrchr(word, '=');

	if (equals == NULL)
		return tool_usage(tool, "%s is no PATTERN=TTL", word);
	if (!args_convert(&ttl, "", equals + 1, &value))
		return TOOL_USAGE;
	*equals = '\0';
	*rule = (struct bc_rule){ word, value.ns };
	return TOOL_DONE;
}

/* Replace all rules by those of the command line. */
static enum tool_exit
rules_set(struct tool *tool)
{
	size_t i, count = tool->args.operand_count;
	struct bc_rule *rules = tool_alloc(count + 1, sizeof(*rules));
	enum tool_exit result = TOOL_DONE;
	struct bc_error err;

	for (i = 0; result == TOOL_DONE && i < count; ++i)
		result = rules_word(tool, tool->args.operands[i], &rules[i]);
	if (result == TOOL_DONE)
		result = tool_open(tool, TOOL_WRITE, NULL);
	if (result == TOOL_DONE &&
	    bc_rules_set(tool->cache, rules, count, &err) != BC_OK)
		result = tool_fail(&err);
	free(rules);
	return result;
}

/* A bc_rule_function. */
static int
rules_print(void *context, const struct bc_rule *rule)
{
	char text[UNIT_TEXT];

	(void)context;
	output_text(stdout, rule->pattern, strlen(rule->pattern));
	printf("=%s\n", unit_format_ttl(rule->ttl_ns, text));
	return 0;
}

/* A bc_rule_function. */
static int
rules_print_json(void *context, const struct bc_rule *rule)
{
	json_t *object = json_object();

	(void)context;
	output_add_text(object, "pattern", rule->pattern);
	output_add_ns(object, "ttl_ns", rule->ttl_ns != BC_TTL_NEVER,
	              rule->ttl_ns);
	output_json(object);
	return 0;
}

static enum tool_exit
rules_run(struct tool *tool)
{
	bool clear = tool->args.values[RULES_CLEAR].set;
	enum tool_exit result;
	struct bc_error err;

	if (clear && tool->args.operand_count != 0)
		return tool_usage(tool, "--clear goes with no rules");
	result = clear || tool->args.operand_count != 0
	                 ? rules_set(tool)
	                 : tool_open(tool, TOOL_READ, NULL);
	if (result == TOOL_DONE &&
	    bc_rules_get(tool->cache,
	                 tool->json ? rules_print_json : rules_print, NULL,
	                 &err) != BC_OK)
		result = tool_fail(&err);
	return result;
}

const struct tool_command cmd_rules = {
	.name = "rules",
	.summary = "Show or replace the times to live by class of key",
	.operands = "[PATTERN=TTL...]",
	.operands_max = SIZE_MAX,
	.options = rules_options,
	.option_count = sizeof(rules_options) / sizeof(rules_options[0]),
	.run = rules_run,
	.notes = "The first rule whose pattern fits the whole key says how "
		 "long what is put from then on lives, where the put does "
		 "not; of a series, how long its newest bar is fresh.  Where "
		 "none fits, the setting ttl of barcache config holds.  "
		 "Prints the rules as they are afterwards, as they may be "
		 "given.\n\n"
		 "JSON: one object a rule: pattern, ttl_ns (null: never).",
};
