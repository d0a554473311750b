/* SPDX-License-Identifier: MIT */
/*
 * range_args.c - the range of time that a command line asks for.
 *
 * A list of keys may end in a range, and a key may be any text.  What reads as
 * a range is one; so is what has only the characters of moments and a
 * separator between them, so that a range with an error in it is not looked
 * for among the keys.  A request key that happens to have no letters has no
 * separator either.
 */
#include "range_args.h"

#include <string.h>

/* Whether 'text' is a range, or would be but for an error. */
static bool
range_args_is(const char *text)
{
	struct bci_range range;
	size_t bytes = strlen(text);

	if (bci_range_parse(text, bytes, &range, NULL) == BC_OK)
		return true;
	return strspn(text, "0123456789TZ:+./- ") == bytes &&
	       strpbrk(text, "0123456789") != NULL &&
	       (strpbrk(text, "/-") != NULL || strstr(text, "..") != NULL);
}

const char *
range_args_take(struct tool *tool, bool selected, const struct args_value *from,
                const struct args_value *to)
{
	struct args *args = &tool->args;
	size_t keys = selected ? 0 : 1;

	if (from->set || to->set || args->operand_count <= keys ||
	    !range_args_is(args->operands[args->operand_count - 1]))
		return NULL;
	return args->operands[--args->operand_count];
}

enum tool_exit
range_args_read(const struct tool *tool, const char *operand,
                const struct args_value *from, const struct args_value *to,
                struct bci_range *out)
{
	struct bc_error err;

	if (operand != NULL && (from->set || to->set))
		return tool_usage(tool,
		                  "RANGE and --%s both say the range: give one "
		                  "of them",
		                  from->set ? "from" : "to");
	out->from_ns = from->set ? from->ns : INT64_MIN;
	out->to_ns = to->set ? to->ns : INT64_MAX;
	if (out->to_ns < out->from_ns)
		out->to_ns = out->from_ns;
	if (operand != NULL &&
	    bci_range_parse(operand, strlen(operand), out, &err) != BC_OK)
		return tool_usage(tool, "%s", err.message);
	return TOOL_DONE;
}
