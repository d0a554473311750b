/* SPDX-License-Identifier: MIT */
/*
 * cmd_help.c - barcache help, and --help of every command: text made from the
 * tables that the parser reads.
 */
#include "barcache.h"

#include <stdio.h>
#include <string.h>

#include "guess.h"
#include "tool.h"

#define HELP_INDENT 26 /* where the explanations begin */
#define HELP_WIDTH 79

/*
 * Print 'text' behind 'column' columns of a line that is begun, wrapped between
 * words and indented by 'indent'; a newline in it stays one.
 */
static void
help_wrap(const char *text, size_t column, size_t indent)
{
	size_t at = indent;

	if (column >= indent && column != 0) {
		putchar('\n');
		column = 0;
	}
	printf("%*s", (int)(indent - column), "");
	while (*text != '\0') {
		size_t blanks = strspn(text, " ");
		size_t word = strcspn(text + blanks, " \n");

		if (*text == '\n') {
			putchar(*text++);
			at = 0;
			continue;
		}
		if (at + blanks + word > HELP_WIDTH) {
			printf("\n%*s", (int)indent, "");
			at = indent;
			text += blanks;
			blanks = 0;
		}
		printf("%.*s", (int)(blanks + word), text);
		at += blanks + word;
		text += blanks + word;
	}
	putchar('\n');
}

static void
help_options(const struct args_option *options, size_t count)
{
	size_t i;

	for (i = 0; i < count; ++i) {
		int used = printf("  --%s%s%s", options[i].name,
		                  options[i].value == NULL ? "" : " ",
		                  options[i].value == NULL ? ""
		                                           : options[i].value);

		help_wrap(options[i].help, (size_t)used, HELP_INDENT);
	}
}

void
help_command(const struct tool_command *command)
{
	printf("usage: barcache [--cache DIR] [--json] %s%s%s%s\n\n%s.\n",
	       command->name, command->option_count == 0 ? "" : " [OPTION...]",
	       *command->operands == '\0' ? "" : " ", command->operands,
	       command->summary);
	if (command->option_count != 0) {
		printf("\nOptions:\n");
		help_options(command->options, command->option_count);
	}
	printf("\nOptions of every command:\n");
	help_options(args_globals, ARGS_GLOBALS);
	if (command->notes != NULL) {
		putchar('\n');
		help_wrap(command->notes, 0, 0);
	}
	printf("\nExit status: 0 done, 1 not found or damaged, "
	       "2 wrong use, 3 cannot.\n");
}

static void
help_tool(void)
{
	size_t i;

	printf("usage: barcache [--cache DIR] [--json] COMMAND [OPTION...] "
	       "[ARGUMENT...]\n\n"
	       "A local cache of market data that many processes read in "
	       "place.\n\nCommands:\n");
	for (i = 0; i < tool_command_count; ++i)
		printf("  %-12s%s\n", tool_commands[i]->name,
		       tool_commands[i]->summary);
	printf("\nOptions of every command:\n");
	help_options(args_globals, ARGS_GLOBALS);
	putchar('\n');
	help_wrap("Options may stand before or behind the command; \"--\" ends "
	          "them.  barcache help COMMAND prints those of a command.\n\n"
	          "The cache is in the directory of --cache, else of "
	          "BARCACHE_DIR, else in barcache below XDG_CACHE_HOME or "
	          "~/.cache.\n",
	          0, 0);
	printf("Exit status:\n"
	       "  0  done\n"
	       "  1  not found, a miss, verify found damage, or gaps "
	       "--check a gap\n"
	       "  2  wrong use\n"
	       "  3  cannot: no cache, a bad file, I/O, permission, busy, "
	       "full\n");
}

static enum tool_exit
help_run(struct tool *tool)
{
	const struct tool_command *command;
	char guess[GUESS_TEXT];

	if (tool->args.operand_count == 0) {
		help_tool();
		return TOOL_DONE;
	}
	command = tool_find(tool->args.operands[0]);
	if (command == NULL)
		return tool_usage(tool, "there is no command '%s'%s",
		                  tool->args.operands[0],
		                  guess_command(tool->args.operands[0], guess));
	help_command(command);
	return TOOL_DONE;
}

const struct tool_command cmd_help = {
	.name = "help",
	.summary = "Explain the tool or one of its commands",
	.operands = "[COMMAND]",
	.operands_max = 1,
	.run = help_run,
};
