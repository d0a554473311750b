/* SPDX-License-Identifier: MIT */
/*
 * args.c - taking a command line apart.
 *
 * Options are written --name VALUE or --name=VALUE, in full, anywhere on the
 * line; "--" ends them.  A value is checked where it is met, so that a wrong
 * one is refused before anything is done.  A '-' before a digit begins no
 * option but a range of time without a beginning.
 *
 * An option may stand before its command, where it is not known yet which
 * table holds it.  So the command is looked for first, and whether an option
 * takes a value is asked of all tables: the same name takes one in all or in
 * none (the tests check it).
 */
#include "args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guess.h"
#include "moment.h"
#include "preset.h"
#include "tool.h"
#include "unit.h"

const struct args_option args_globals[ARGS_GLOBALS] = {
	[ARGS_CACHE] = { "cache", ARGS_TEXT, "DIR", "Directory of the cache" },
	[ARGS_CONFIG] = { "config", ARGS_TEXT, "FILE",
	                  "File of preferences, see barcache config" },
	[ARGS_JSON] = { "json", ARGS_FLAG, NULL, "Print JSON instead of text" },
	[ARGS_TRUST_GROUP] = { "trust-group", ARGS_FLAG, NULL,
	                       "Open a cache that another member of its group "
	                       "owns" },
	[ARGS_ALLOW_NETWORK] = { "allow-network", ARGS_FLAG, NULL,
	                         "Use a network file system, at your own "
	                         "risk" },
	[ARGS_HELP] = { "help", ARGS_FLAG, NULL,
	                "Print this help and do nothing else" },
	[ARGS_VERSION] = { "version", ARGS_FLAG, NULL,
	                   "Print the version and do nothing else" },
};

size_t
args_choice(const char *list, const char **next)
{
	size_t bytes = strcspn(list, "|");

	*next = list + bytes + (list[bytes] == '|');
	return bytes;
}

const char *
args_choices(const struct args_option *option)
{
	static char presets[512];
	size_t i, used = 0;

	if (option->kind == ARGS_CHOICE)
		return option->value;
	if (option->kind != ARGS_PRESET)
		return NULL;
	for (i = 0; i < bci_preset_count && used < sizeof(presets); ++i)
		used += (size_t)snprintf(presets + used, sizeof(presets) - used,
		                         "%s%s", i == 0 ? "" : "|",
		                         bci_presets[i].name);
	return presets;
}

/* A preset may also go by its other name. */
static bool
args_preset(const char *text, uint64_t *index)
{
	const struct bci_preset *preset = bci_preset_find(text);

	if (preset != NULL)
		*index = (uint64_t)(preset - bci_presets);
	return preset != NULL;
}

/* The index of 'text' in the list "a|b|c"; false if it is not there. */
static bool
args_choose(const char *list, const char *text, uint64_t *index)
{
	const char *next;

	for (*index = 0; *list != '\0'; list = next, ++*index) {
		size_t bytes = args_choice(list, &next);

		if (strlen(text) == bytes && memcmp(list, text, bytes) == 0)
			return true;
	}
	return false;
}

/* A time that uses the whole of 'text'. */
static bool
args_time(const char *text, int64_t *ns)
{
	const char *end = text + strlen(text);
	int64_t unit_ns;

	return bci_time_parse(text, end, ns, &unit_ns) == end;
}

/* What a value of this kind looks like, for a message. */
static const char *
args_wanted(const struct args_option *option)
{
	switch (option->kind) {
	case ARGS_COUNT:
		return "a number such as 1000";
	case ARGS_SIZE:
		return "a size such as 4096, 512K, 64M or 10GiB";
	case ARGS_DURATION:
		return "a duration such as 90s, 15m, 12h or 7d";
	case ARGS_TTL:
		return "a duration such as 90s, 15m, 12h or 7d, or default, "
		       "never or none";
	case ARGS_TIME:
		return "a time such as 2024-01-31, 2024-01-31T09:30 or "
		       "seconds since 1970";
	case ARGS_CHOICE:
	case ARGS_PRESET:
		return args_choices(option);
	case ARGS_FLAG:
	case ARGS_TEXT:
	case ARGS_LIST:
		break;
	}
	return "text";
}

/* A time to live: a duration or a word. */
static bool
args_ttl(const char *text, int64_t *ns)
{
	static const struct {
		const char *word;
		int64_t ns;
	} words[] = {
		{ "default", BC_TTL_DEFAULT },
		{ "never", BC_TTL_NEVER },
		{ "none", BC_TTL_NONE },
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); ++i)
		if (strcmp(text, words[i].word) == 0) {
			*ns = words[i].ns;
			return true;
		}
	return unit_parse_duration(text, ns);
}

bool
args_convert(const struct args_option *option, const char *dashes,
             const char *text, struct args_value *value)
{
	struct args_value result = { .set = true, .text = text };
	bool good = true;

	switch (option->kind) {
	case ARGS_FLAG:
	case ARGS_TEXT:
	case ARGS_LIST:
		break;
	case ARGS_COUNT:
		good = unit_parse_count(text, &result.number);
		break;
	case ARGS_SIZE:
		good = unit_parse_size(text, &result.number);
		break;
	case ARGS_DURATION:
		good = unit_parse_duration(text, &result.ns);
		break;
	case ARGS_TTL:
		good = args_ttl(text, &result.ns);
		break;
	case ARGS_TIME:
		good = args_time(text, &result.ns);
		break;
	case ARGS_CHOICE:
		good = args_choose(option->value, text, &result.number);
		break;
	case ARGS_PRESET:
		good = args_preset(text, &result.number);
		break;
	}
	if (good)
		*value = result;
	else
		tool_say("%s%s is '%s', but must be %s", dashes, option->name,
		         text, args_wanted(option));
	return good;
}

/* The option called 'name' (not terminated) in a table, or 'count'. */
static size_t
args_find(const struct args_option *options, size_t count, const char *name,
          size_t bytes)
{
	size_t i;

	for (i = 0; i < count; ++i)
		if (strlen(options[i].name) == bytes &&
		    memcmp(options[i].name, name, bytes) == 0)
			break;
	return i;
}

/* There is no option of that name, which ends as an argument does. */
static void
args_no_option(const char *name, const struct tool_command *command)
{
	size_t bytes = strcspn(name, "=");
	char guess[GUESS_TEXT];

	tool_say("there is no option --%.*s%s%s%s", (int)bytes, name,
	         command == NULL ? "" : " of ",
	         command == NULL ? "" : command->name,
	         guess_option(command, name, bytes, guess));
}

/* What an option of one name is: without a value, with one, or both. */
struct args_uses {
	bool flag, value;
};

/* Add what it is in a table of options. */
static void
args_use(struct args_uses *uses, const struct args_option *options,
         size_t count, const char *name, size_t bytes)
{
	size_t found = args_find(options, count, name, bytes);

	if (found == count)
		return;
	uses->flag |= options[found].kind == ARGS_FLAG;
	uses->value |= options[found].kind != ARGS_FLAG;
}

/* What it is with every command, or with any of them; neither: with none. */
static struct args_uses
args_uses(const char *name, size_t bytes)
{
	struct args_uses uses = { false, false };

	args_use(&uses, args_globals, ARGS_GLOBALS, name, bytes);
	if (uses.flag || uses.value)
		return uses;
	for (size_t i = 0; i < tool_command_count; ++i)
		args_use(&uses, tool_commands[i]->options,
		         tool_commands[i]->option_count, name, bytes);
	return uses;
}

/*
 * Whether an option of that name takes a value.  Where it does with one command
 * and not with another, the next word is its value unless it is a command.
 */
static bool
args_takes_value(const char *name, size_t bytes, const char *next)
{
	const struct args_uses uses = args_uses(name, bytes);

	return uses.value &&
	       !(uses.flag && next != NULL && tool_find(next) != NULL);
}

/*
 * An option before argv[end] that no command has, or NULL: the next word may be
 * its value.
 */
static const char *
args_stray(char **argv, int end)
{
	for (int i = 1; i < end; ++i) {
		const char *name = argv[i] + 2;
		struct args_uses uses;

		if (strcmp(argv[i], "--") == 0)
			break;
		if (strncmp(argv[i], "--", 2) != 0)
			continue;
		uses = args_uses(name, strcspn(name, "="));
		if (!uses.flag && !uses.value)
			return name;
	}
	return NULL;
}

/* No command has that name. */
static void
args_no_command(char **argv, int word)
{
	const char *option = args_stray(argv, word);
	char guess[GUESS_TEXT];

	if (option == NULL)
		tool_say("there is no command '%s'%s", argv[word],
		         guess_command(argv[word], guess));
	else
		args_no_option(option, NULL);
}

/* The index in argv of the word that names the command, or argc. */
static int
args_command(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; ++i) {
		const char *word = argv[i];

		if (strcmp(word, "--") == 0)
			return i + 1;
		if (word[0] != '-' || word[1] == '\0')
			return i;
		/* "--name=value" is not found in any table: no value. */
		if (word[1] == '-' &&
		    args_takes_value(word + 2, strlen(word + 2), argv[i + 1]))
			++i;
	}
	return argc;
}

/* Convert the value of an option, behind those it has if it is a list. */
static bool
args_set(const struct args_option *option, const char *text,
         struct args_value *value)
{
	char *joined = value->joined;
	size_t bytes;

	if (option->kind == ARGS_LIST && value->set) {
		bytes = strlen(value->text) + strlen(text) + 2;
		joined = tool_alloc(bytes, 1);
		snprintf(joined, bytes, "%s,%s", value->text, text);
		free(value->joined);
		text = joined;
	}
	if (!args_convert(option, "--", text, value))
		return false;
	value->joined = joined;
	return true;
}

void
args_free(struct args *args)
{
	size_t i;

	for (i = 0; i < ARGS_OPTIONS_MAX; ++i) {
		free(args->values[i].joined);
		free(args->values[i].words);
	}
}

/*
 * Store the option at argv[*at] and step over its separate value.  'name'
 * begins behind the dashes.
 */
static bool
args_store(int argc, char **argv, int *at, const struct tool_command *command,
           struct args *args)
{
	const struct args_option *option = NULL;
	struct args_value *value = NULL;
	const char *name = argv[*at] + 2;
	size_t bytes = strcspn(name, "=");
	size_t found = args_find(args_globals, ARGS_GLOBALS, name, bytes);

	if (found < ARGS_GLOBALS) {
		option = &args_globals[found];
		value = &args->globals[found];
	} else if (command != NULL) {
		BCI_ASSERT(command->option_count <= ARGS_OPTIONS_MAX);
		found = args_find(command->options, command->option_count, name,
		                  bytes);
		if (found < command->option_count) {
			option = &command->options[found];
			value = &args->values[found];
		}
	}
	if (option == NULL) {
		args_no_option(name, command);
		return false;
	}
	if (option->kind == ARGS_FLAG) {
		if (name[bytes] == '=') {
			tool_say("--%s takes no value", option->name);
			return false;
		}
		return args_convert(option, "--", "", value);
	}
	if (name[bytes] == '=')
		return args_set(option, name + bytes + 1, value);
	if (*at + 1 >= argc) {
		tool_say("--%s needs %s", option->name, option->value);
		return false;
	}
	++*at;
	return args_set(option, argv[*at], value);
}

/* Whether a word is an option, right or wrong. */
static bool
args_is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0' &&
	       (word[1] < '0' || word[1] > '9');
}

/* Take the lists apart: the words and their texts in one piece of memory. */
static void
args_split(const struct tool_command *command, struct args *args)
{
	size_t i, count;

	for (i = 0; command != NULL && i < command->option_count; ++i) {
		struct args_value *value = &args->values[i];
		size_t bytes;
		char *text, *word;

		if (command->options[i].kind != ARGS_LIST || !value->set)
			continue;
		bytes = strlen(value->text) + 1;
		value->words =
			tool_alloc(1, (bytes / 2 + 2) * sizeof(char *) + bytes);
		text = (char *)&value->words[bytes / 2 + 2];
		memcpy(text, value->text, bytes);
		for (count = 0; (word = strsep(&text, ",")) != NULL;)
			if (*word != '\0')
				value->words[count++] = word;
	}
}

bool
args_parse(int argc, char **argv, const struct tool_command **command,
           struct args *args)
{
	int word = args_command(argc, argv);
	bool open = true; /* options are still allowed */
	char guess[GUESS_TEXT];
	int i;

	memset(args, 0, sizeof(*args));
	*command = NULL;
	if (word < argc) {
		*command = tool_find(argv[word]);
		if (*command == NULL) {
			args_no_command(argv, word);
			return false;
		}
	}
	/* Operands move to the front: never past the word being read. */
	args->operands = argv;
	for (i = 1; i < argc; ++i) {
		if (i == word)
			continue;
		if (open && strcmp(argv[i], "--") == 0) {
			open = false;
		} else if (open && strcmp(argv[i], "-h") == 0) {
			args->globals[ARGS_HELP].set = true;
		} else if (open && args_is_option(argv[i])) {
			if (argv[i][1] != '-') {
				tool_say("there is no option %s%s", argv[i],
				         guess_option(*command, argv[i] + 1,
				                      strlen(argv[i] + 1),
				                      guess));
				return false;
			}
			if (!args_store(argc, argv, &i, *command, args))
				return false;
		} else {
			args->operands[args->operand_count++] = argv[i];
		}
	}
	args_split(*command, args);
	return true;
}
