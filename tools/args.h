/* SPDX-License-Identifier: MIT */
/*
 * args.h - the words of a command line, taken apart by a table of options.
 *
 * The same tables drive the parser, --help and the shell completions, so that
 * the three cannot differ.
 */
#ifndef TOOL_ARGS_H
#define TOOL_ARGS_H

#include "barcache.h"

#include <stdbool.h>

struct tool_command;

/* What an option takes; its text is checked while the line is parsed. */
enum args_kind {
	ARGS_FLAG,     /* nothing */
	ARGS_TEXT,     /* any text */
	ARGS_LIST,     /* the same; several are joined by ',' */
	ARGS_COUNT,    /* an unsigned integer */
	ARGS_SIZE,     /* bytes: 4096, 512K, 10GiB */
	ARGS_DURATION, /* 90, 15m, 7d */
	ARGS_TTL,      /* the same, or default, never, none: BC_TTL_... */
	ARGS_TIME,     /* a date, a date with a time, an integer */
	ARGS_CHOICE,   /* one word out of 'value', which separates by '|' */
	ARGS_PRESET    /* the name of a shape of files: an index of its table */
};

struct args_option {
	const char *name; /* without the dashes */
	enum args_kind kind;
	const char *value; /* what --help calls the value; NULL for a flag */
	const char *help;  /* one sentence without a full stop */
};

/* What the line said about one option. */
struct args_value {
	bool set;
	const char *text; /* as given, never NULL once set */
	uint64_t number;  /* a count, bytes, or the index of a choice */
	int64_t ns;       /* a duration or a time */
	char *joined;     /* memory of a list that was given more than once */
	const char **words; /* of a list: its parts, ended by NULL; or NULL */
};

/* The options that every command has. */
enum args_global {
	ARGS_CACHE,
	ARGS_CONFIG,
	ARGS_JSON,
	ARGS_TRUST_GROUP,
	ARGS_ALLOW_NETWORK,
	ARGS_HELP,
	ARGS_VERSION,
	ARGS_GLOBALS
};
extern const struct args_option args_globals[ARGS_GLOBALS];

#define ARGS_OPTIONS_MAX 32 /* of one command, without the global ones */

struct args {
	struct args_value globals[ARGS_GLOBALS];
	struct args_value values[ARGS_OPTIONS_MAX]; /* as the command's table */
	char **operands; /* the words that are no options, command excluded */
	size_t operand_count;
};

/*
 * Take argv apart; it is reordered.  The first word that is neither an option
 * nor its value names the command, which may be NULL if there is none.  A
 * later option of the same name wins.  False after a message on stderr.
 */
bool args_parse(int argc, char **argv, const struct tool_command **command,
                struct args *args);

void args_free(struct args *args);

/*
 * Check and convert 'text' for 'option'; false after a message on stderr,
 * which calls the option by its name with 'dashes' before it.
 */
bool args_convert(const struct args_option *option, const char *dashes,
                  const char *text, struct args_value *value);

/* The words that an option takes as a list "a|b|c", or NULL. */
const char *args_choices(const struct args_option *option);

/* The next word of a list "a|b|c": its length; *next is behind the '|'. */
size_t args_choice(const char *list, const char **next);

#endif /* TOOL_ARGS_H */
