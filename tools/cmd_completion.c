/* SPDX-License-Identifier: MIT */
/*
 * cmd_completion.c - barcache completion: scripts for shells, made from the
 * tables that the parser reads.
 *
 * What an argument is follows from the word that the usage line has for it:
 * FILE, KEY or PREFIX, COMMAND, SHELL, NAME=VALUE; what the value of an option
 * is from its kind, and DIR.  Keys are asked of the cache.
 */
#include "barcache.h"

#include <stdio.h>
#include <string.h>

#include "settings.h"
#include "tool.h"

#define COMPLETION_SHELLS "bash|zsh|fish"

/* Keys offered at most: a cache may hold millions. */
#define COMPLETION_KEYS "1000"

/* Whether the arguments of a command have that word. */
static bool
completion_takes(const struct tool_command *command, const char *word)
{
	return strstr(command->operands, word) != NULL;
}

static bool
completion_takes_keys(const struct tool_command *command)
{
	return completion_takes(command, "KEY") ||
	       completion_takes(command, "PREFIX");
}

/* Print 'text' for single quotes, with '\' before the bytes of 'special'. */
static void
completion_quote(const char *text, const char *special, const char *quote)
{
	for (; *text != '\0'; ++text)
		if (*text == '\'') {
			fputs(quote, stdout);
		} else {
			if (strchr(special, *text) != NULL)
				putchar('\\');
			putchar(*text);
		}
}

/* The words of a list "a|b|c", separated by spaces. */
static void
completion_words(const char *list)
{
	const char *next;

	for (; *list != '\0'; list = next) {
		size_t bytes = args_choice(list, &next);

		printf("%.*s%s", (int)bytes, list, *next == '\0' ? "" : " ");
	}
}

static void
completion_commands(void)
{
	size_t i;

	for (i = 0; i < tool_command_count; ++i)
		printf("%s%s", i == 0 ? "" : " ", tool_commands[i]->name);
}

/* The words that an argument may be, where they are known. */
static void
completion_operand_words(const struct tool_command *command)
{
	size_t i;

	if (completion_takes(command, "COMMAND"))
		completion_commands();
	if (completion_takes(command, "SHELL"))
		completion_words(COMPLETION_SHELLS);
	if (completion_takes(command, "NAME=VALUE"))
		for (i = 0; i < SETTINGS; ++i)
			printf("%s%s=", i == 0 ? "" : " ",
			       settings_table[i].name);
}

static bool
completion_is_directory(const struct args_option *option)
{
	return option->value != NULL && strcmp(option->value, "DIR") == 0;
}

/* ------------------------------------------------------------------------ */
/*  bash                                                                    */
/* ------------------------------------------------------------------------ */

/* The branch for the value of one option. */
static void
completion_bash_value(const struct args_option *option)
{
	if (option->kind == ARGS_FLAG)
		return;
	printf("\t--%s) ", option->name);
	if (completion_is_directory(option)) {
		printf("COMPREPLY=($(compgen -d -- \"$cur\")); ");
	} else if (args_choices(option) != NULL) {
		printf("COMPREPLY=($(compgen -W '");
		completion_words(args_choices(option));
		printf("' -- \"$cur\")); ");
	}
	printf("return ;;\n");
}

/* Whether an earlier command has an option of the same name. */
static bool
completion_seen(size_t command, const char *name)
{
	size_t i, j;

	for (i = 0; i < command; ++i)
		for (j = 0; j < tool_commands[i]->option_count; ++j)
			if (strcmp(tool_commands[i]->options[j].name, name) ==
			    0)
				return true;
	return false;
}

/* A case over the options that take a value. */
static void
completion_bash_values(void)
{
	size_t i, j;

	printf("\tcase $prev in\n");
	for (i = 0; i < ARGS_GLOBALS; ++i)
		completion_bash_value(&args_globals[i]);
	for (i = 0; i < tool_command_count; ++i)
		for (j = 0; j < tool_commands[i]->option_count; ++j)
			if (!completion_seen(i,
			                     tool_commands[i]->options[j].name))
				completion_bash_value(
					&tool_commands[i]->options[j]);
	printf("\tesac\n");
}

/* The pattern "--a|--b" of all options that take a value. */
static void
completion_bash_valued(void)
{
	const char *separator = "";
	size_t i, j;

	for (i = 0; i < ARGS_GLOBALS; ++i)
		if (args_globals[i].kind != ARGS_FLAG) {
			printf("%s--%s", separator, args_globals[i].name);
			separator = "|";
		}
	for (i = 0; i < tool_command_count; ++i)
		for (j = 0; j < tool_commands[i]->option_count; ++j) {
			const struct args_option *option =
				&tool_commands[i]->options[j];

			if (option->kind != ARGS_FLAG &&
			    !completion_seen(i, option->name))
				printf("|--%s", option->name);
		}
}

/* The branch of one command: its options and what else it takes. */
static void
completion_bash_command(const struct tool_command *command)
{
	size_t i;

	printf("\t%s)\n\t\toptions+='", command->name);
	for (i = 0; i < command->option_count; ++i)
		printf(" --%s", command->options[i].name);
	printf("'\n\t\twords='");
	completion_operand_words(command);
	printf("'\n");
	if (completion_takes(command, "FILE"))
		printf("\t\tfiles=1\n");
	if (completion_takes_keys(command))
		printf("\t\tkeys=1\n");
	printf("\t\t;;\n");
}

/* The parts of the script that no table changes. */
static const char completion_bash_keys[] =
	"# bash completion of barcache, made by: barcache completion bash\n\n"
	"# Offer the keys that begin with the word at the cursor.  Bash\n"
	"# breaks words at ':' and '=': what is before is cut off again.\n"
	"_barcache_keys()\n"
	"{\n"
	"\tlocal line=${COMP_LINE:0:COMP_POINT} key quoted\n"
	"\tlocal whole=${line##*[[:space:]]}\n"
	"\tlocal before=${whole%\"$cur\"}\n\n"
	"\twhile IFS= read -r key; do\n"
	"\t\tprintf -v quoted %q \"${key#\"$before\"}\"\n"
	"\t\tCOMPREPLY+=(\"$quoted\")\n"
	"\tdone < <(barcache \"${cache[@]}\" ls -- \"$whole\" "
	"2>/dev/null |\n"
	"\t\thead -n " COMPLETION_KEYS ")\n"
	"}\n\n"
	"_barcache()\n"
	"{\n"
	"\tlocal cur=${COMP_WORDS[COMP_CWORD]}\n"
	"\tlocal prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal command= words= files= keys= i\n"
	"\tlocal -a cache=()\n\n"
	"\tCOMPREPLY=()\n"
	"\t[[ $cur == [:=] ]] && cur=\n"
	"\t[[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}\n";

static const char completion_bash_command_found[] =
	")\n"
	"\t\t\t[[ ${COMP_WORDS[i+1]} == = ]] && ((i++))\n"
	"\t\t\t[[ ${COMP_WORDS[i]} == --cache ||\n"
	"\t\t\t   ${COMP_WORDS[i-1]} == --cache ]] &&\n"
	"\t\t\t\tcache=(--cache \"${COMP_WORDS[i+1]}\")\n"
	"\t\t\t((i++)) ;;\n"
	"\t\t-*) ;;\n"
	"\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tcase $command in\n"
	"\t'') words='";

static const char completion_bash_end[] =
	"\tesac\n"
	"\tif [[ $cur == -* ]]; then\n"
	"\t\tCOMPREPLY=($(compgen -W \"$options\" -- \"$cur\"))\n"
	"\t\treturn\n"
	"\tfi\n"
	"\t[[ $words == *= ]] && compopt -o nospace 2>/dev/null\n"
	"\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	"\t[[ -n $files ]] && COMPREPLY+=($(compgen -f -- \"$cur\"))\n"
	"\t[[ -n $keys ]] && _barcache_keys\n"
	"\treturn 0\n"
	"}\n\n"
	"complete -o filenames -F _barcache barcache\n";

static void
completion_bash(void)
{
	size_t i;

	fputs(completion_bash_keys, stdout);
	printf("\tlocal options='");
	for (i = 0; i < ARGS_GLOBALS; ++i)
		printf("%s--%s", i == 0 ? "" : " ", args_globals[i].name);
	printf("'\n\n");
	completion_bash_values();
	printf("\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "\t\tcase ${COMP_WORDS[i]} in\n"
	       "\t\t");
	completion_bash_valued();
	fputs(completion_bash_command_found, stdout);
	completion_commands();
	printf("' ;;\n");
	for (i = 0; i < tool_command_count; ++i)
		completion_bash_command(tool_commands[i]);
	fputs(completion_bash_end, stdout);
}

/* ------------------------------------------------------------------------ */
/*  zsh                                                                     */
/* ------------------------------------------------------------------------ */

/* An argument of _arguments: '--name=[help]:VALUE:action'. */
static void
completion_zsh_option(const struct args_option *option)
{
	printf(" \\\n\t\t'--%s%s[", option->name,
	       option->kind == ARGS_FLAG ? "" : "=");
	completion_quote(option->help, "[]:\\", "'\\''");
	printf("]");
	if (option->kind != ARGS_FLAG) {
		printf(":value:");
		if (completion_is_directory(option)) {
			printf("_files -/");
		} else if (args_choices(option) != NULL) {
			printf("(");
			completion_words(args_choices(option));
			printf(")");
		}
	}
	printf("'");
}

static void
completion_zsh_options(const struct args_option *options, size_t count)
{
	size_t i;

	for (i = 0; i < count; ++i)
		completion_zsh_option(&options[i]);
}

/* The branch of one command. */
static void
completion_zsh_command(const struct tool_command *command)
{
	printf("\t%s)\n\t\t_arguments", command->name);
	completion_zsh_options(args_globals, ARGS_GLOBALS);
	completion_zsh_options(command->options, command->option_count);
	if (completion_takes_keys(command) && completion_takes(command, "FILE"))
		printf(" \\\n\t\t'1:key:_barcache_keys' '2:file:_files'");
	else if (completion_takes_keys(command))
		printf(" \\\n\t\t'*:key:_barcache_keys'");
	else if (completion_takes(command, "FILE"))
		printf(" \\\n\t\t'*:file:_files'");
	else if (*command->operands != '\0') {
		printf(" \\\n\t\t'*:argument:(");
		completion_operand_words(command);
		printf(")'");
	}
	printf("\n\t\t;;\n");
}

static void
completion_zsh(void)
{
	size_t i;

	fputs("#compdef barcache\n"
	      "# zsh completion of barcache, made by: barcache completion "
	      "zsh\n\n"
	      "_barcache_keys() {\n"
	      "\tlocal -a keys\n"
	      "\tlocal -a cache\n"
	      "\t[[ -n ${opt_args[--cache]} ]] && "
	      "cache=(--cache \"${opt_args[--cache]}\")\n"
	      "\tkeys=(${(f)\"$(barcache $cache ls -- \"${(Q)PREFIX}\" "
	      "2>/dev/null |\n"
	      "\t\thead -n " COMPLETION_KEYS ")\"})\n"
	      "\tcompadd -a keys\n"
	      "}\n\n"
	      "_barcache() {\n"
	      "\tlocal curcontext=$curcontext state line\n"
	      "\tlocal -A opt_args\n"
	      "\tlocal -a commands\n\n"
	      "\t_arguments -C",
	      stdout);
	completion_zsh_options(args_globals, ARGS_GLOBALS);
	fputs(" \\\n\t\t'1:command:->command' '*::argument:->argument'\n"
	      "\tif [[ $state == command ]]; then\n"
	      "\t\tcommands=(\n",
	      stdout);
	for (i = 0; i < tool_command_count; ++i) {
		printf("\t\t\t'%s:", tool_commands[i]->name);
		completion_quote(tool_commands[i]->summary, "", "'\\''");
		printf("'\n");
	}
	fputs("\t\t)\n"
	      "\t\t_describe command commands\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\t[[ $state == argument ]] || return\n"
	      "\tcase $words[1] in\n",
	      stdout);
	for (i = 0; i < tool_command_count; ++i)
		completion_zsh_command(tool_commands[i]);
	fputs("\tesac\n"
	      "}\n\n"
	      "# As a file of fpath this is the body of the function; sourced, "
	      "it registers it.\n"
	      "if [[ $funcstack[1] == _barcache ]]; then\n"
	      "\t_barcache \"$@\"\n"
	      "else\n"
	      "\tcompdef _barcache barcache\n"
	      "fi\n",
	      stdout);
}

/* ------------------------------------------------------------------------ */
/*  fish                                                                    */
/* ------------------------------------------------------------------------ */

/* One option, of one command or (NULL) of all. */
static void
completion_fish_option(const struct args_option *option, const char *command)
{
	printf("complete -c barcache");
	if (command != NULL)
		printf(" -n '__fish_seen_subcommand_from %s'", command);
	printf(" -l %s", option->name);
	if (args_choices(option) != NULL) {
		printf(" -x -a '");
		completion_words(args_choices(option));
		printf("'");
	} else if (completion_is_directory(option)) {
		printf(" -x -a '(__fish_complete_directories)'");
	} else if (option->kind != ARGS_FLAG) {
		printf(" -x");
	}
	printf(" -d '");
	completion_quote(option->help, "\\", "\\'");
	printf("'\n");
}

static void
completion_fish_command(const struct tool_command *command)
{
	size_t i;

	printf("complete -c barcache -n __fish_use_subcommand -a %s -d '",
	       command->name);
	completion_quote(command->summary, "\\", "\\'");
	printf("'\n");
	for (i = 0; i < command->option_count; ++i)
		completion_fish_option(&command->options[i], command->name);
	if (*command->operands == '\0')
		return;
	printf("complete -c barcache -n '__fish_seen_subcommand_from %s'",
	       command->name);
	if (completion_takes(command, "FILE"))
		printf(" -F");
	if (completion_takes_keys(command)) {
		printf(" -a '(barcache ls -- (commandline -ct) "
		       "2>/dev/null | head -n " COMPLETION_KEYS ")'");
	} else if (!completion_takes(command, "FILE")) {
		printf(" -a '");
		completion_operand_words(command);
		printf("'");
	}
	printf("\n");
}

static void
completion_fish(void)
{
	size_t i;

	printf("# fish completion of barcache, made by: barcache completion "
	       "fish\n"
	       "complete -c barcache -f\n");
	for (i = 0; i < ARGS_GLOBALS; ++i)
		completion_fish_option(&args_globals[i], NULL);
	for (i = 0; i < tool_command_count; ++i)
		completion_fish_command(tool_commands[i]);
}

static enum tool_exit
completion_run(struct tool *tool)
{
	static const struct args_option shell = { "shell", ARGS_CHOICE,
		                                  COMPLETION_SHELLS, "" };
	struct args_value value;

	if (!args_convert(&shell, "", tool->args.operands[0], &value))
		return TOOL_USAGE;
	if (value.number == 0)
		completion_bash();
	else if (value.number == 1)
		completion_zsh();
	else
		completion_fish();
	return TOOL_DONE;
}

const struct tool_command cmd_completion = {
	.name = "completion",
	.summary = "Print a completion script for bash, zsh or fish",
	.operands = "SHELL",
	.operands_min = 1,
	.operands_max = 1,
	.run = completion_run,
	.notes = "For bash: eval \"$(barcache completion bash)\"",
};
