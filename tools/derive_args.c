/* SPDX-License-Identifier: MIT */
/*
 * derive_args.c - the options that make other rows of those stored.
 *
 * The words are handed on as they are: the library knows timeframes, zones and
 * indicators, and says what is wrong with one.
 */
#include "derive_args.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

/* The option that rules how bars are made though none are, or NULL. */
static const char *
derive_args_idle(const struct tool *tool, const struct args_value *values)
{
	const struct args_option *table =
		tool->command->options + (values - tool->args.values);
	size_t i;

	for (i = DERIVE_LABEL; i < DERIVE_OPTIONS; ++i)
		if (values[i].set)
			return table[i].name;
	return NULL;
}

/* A duration that may be negative. */
static bool
derive_args_offset(const char *text, int64_t *ns)
{
	bool negative = *text == '-';

	if (!unit_parse_duration(text + negative, ns))
		return false;
	*ns = negative ? -*ns : *ns;
	return true;
}

/* Cut a list at the commas that are in no parentheses. */
static void
derive_args_cut(struct derive_args *args, const char *list)
{
	size_t count = 0;
	int depth = 0;
	char *at;

	args->text = tool_copy(list);
	/* Each name but the first follows a comma. */
	args->add = tool_alloc(strlen(list) + 2, sizeof(*args->add));
	args->add[count++] = args->text;
	for (at = args->text; *at != '\0'; ++at) {
		depth += (*at == '(') - (*at == ')');
		if (*at != ',' || depth > 0)
			continue;
		*at = '\0';
		args->add[count++] = at + 1;
	}
	args->derive.add = args->add;
}

enum tool_exit
derive_args_read(struct derive_args *args, const struct tool *tool,
                 const struct args_value *values)
{
	const char *idle = derive_args_idle(tool, values);
	struct bc_resample *rule = &args->resample;

	*args = (struct derive_args){ .resample = BC_RESAMPLE_INIT,
		                      .derive = BC_DERIVE_INIT };
	if (values[DERIVE_ADD].set)
		derive_args_cut(args, values[DERIVE_ADD].text);
	if (!values[DERIVE_RESAMPLE].set && idle != NULL)
		return tool_usage(tool, "--%s says how --resample works", idle);
	if (!values[DERIVE_RESAMPLE].set)
		return TOOL_DONE;
	args->derive.resample = rule;
	rule->timeframe = values[DERIVE_RESAMPLE].text;
	/* The words of choices are in the order of the enums. */
	rule->label = (enum bc_side)values[DERIVE_LABEL].number;
	rule->closed = (enum bc_side)values[DERIVE_CLOSED].number;
	rule->fill = (enum bc_fill)values[DERIVE_FILL].number;
	rule->partial = values[DERIVE_DROP_PARTIAL].set ? BC_PARTIAL_DROP
	                                                : BC_PARTIAL_KEEP;
	rule->from_midnight = values[DERIVE_MIDNIGHT].set;
	rule->zone = values[DERIVE_ZONE].text;
	rule->week_begins = (unsigned)values[DERIVE_WEEK].number;
	if (values[DERIVE_OFFSET].set &&
	    !derive_args_offset(values[DERIVE_OFFSET].text, &rule->offset_ns))
		return tool_usage(tool,
		                  "--offset is '%s', but must be a duration "
		                  "such as 30m, 17h or -7h",
		                  values[DERIVE_OFFSET].text);
	return TOOL_DONE;
}

bool
derive_args_wanted(const struct derive_args *args)
{
	return args->derive.resample != NULL || args->derive.add != NULL;
}

void
derive_args_free(struct derive_args *args)
{
	free(args->text);
	free(args->add);
	*args = (struct derive_args){ 0 };
}
