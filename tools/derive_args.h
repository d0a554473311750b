/* SPDX-License-Identifier: MIT */
/*
 * derive_args.h - the options that make other rows of those stored: larger
 * bars, and columns of indicators.
 */
#ifndef TOOL_DERIVE_ARGS_H
#define TOOL_DERIVE_ARGS_H

#include "tool.h"

/* The options, in the order in which a command has them. */
enum derive_args_option {
	DERIVE_RESAMPLE,
	DERIVE_ADD,
	DERIVE_LABEL,
	DERIVE_CLOSED,
	DERIVE_FILL,
	DERIVE_DROP_PARTIAL,
	DERIVE_OFFSET,
	DERIVE_ZONE,
	DERIVE_WEEK,
	DERIVE_MIDNIGHT,
	DERIVE_OPTIONS
};

/* What to derive; zeroed: nothing. */
struct derive_args {
	struct bc_resample resample;
	struct bc_derive derive;
	char *text;       /* the indicators, cut apart */
	const char **add; /* ended by NULL */
};

/*
 * Read the options, of which 'values' are the first.  TOOL_DONE, or the exit
 * status after a message; to be freed in any case.
 */
enum tool_exit derive_args_read(struct derive_args *args,
                                const struct tool *tool,
                                const struct args_value *values);

/* Whether anything is to be derived. */
bool derive_args_wanted(const struct derive_args *args);

void derive_args_free(struct derive_args *args);

#endif /* TOOL_DERIVE_ARGS_H */
