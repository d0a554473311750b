/* SPDX-License-Identifier: MIT */
/*
 * main.c - barcache on the command line: the table of commands, messages, and
 * the end of a run.
 *
 * Each command is a file cmd_NAME.c that defines its row of the table.  What a
 * command prints goes to standard output, everything said about it to standard
 * error.  Writing to a pipe that nobody reads is an error like a full disk and
 * not the end of the process, so that a change that is under way is finished.
 */
#include "barcache.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "preference.h"
#include "tool.h"

const struct tool_command *const tool_commands[] = {
	&cmd_init,    &cmd_config,  &cmd_import,  &cmd_update,  &cmd_export,
	&cmd_put,     &cmd_get,     &cmd_plot,    &cmd_gaps,    &cmd_ls,
	&cmd_info,    &cmd_rm,      &cmd_tag,     &cmd_link,    &cmd_depend,
	&cmd_pin,     &cmd_key,     &cmd_stats,   &cmd_health,  &cmd_top,
	&cmd_trace,   &cmd_verify,  &cmd_touch,   &cmd_rules,   &cmd_expire,
	&cmd_compact, &cmd_demote,  &cmd_promote, &cmd_pack,    &cmd_copy,
	&cmd_freeze,  &cmd_thaw,    &cmd_warm,    &cmd_salvage, &cmd_completion,
	&cmd_help,    &cmd_version,
};
const size_t tool_command_count =
	sizeof(tool_commands) / sizeof(tool_commands[0]);

const struct tool_command *
tool_find(const char *name)
{
	size_t i;

	for (i = 0; i < tool_command_count; ++i)
		if (strcmp(tool_commands[i]->name, name) == 0)
			return tool_commands[i];
	return NULL;
}

/* Whether a line of progress stands on the terminal. */
static bool tool_in_progress;

void
tool_progress(const char *format, ...)
{
	va_list values;

	if (!isatty(STDERR_FILENO))
		return;
	fputc('\r', stderr);
	va_start(values, format);
	vfprintf(stderr, format, values);
	va_end(values);
	fputs("\033[K", stderr); /* erase what is left of a longer line */
	fflush(stderr);
	tool_in_progress = true;
}

void
tool_progress_end(void)
{
	if (tool_in_progress)
		fputs("\r\033[K", stderr);
	tool_in_progress = false;
}

/*
 * Print one line of a message on stderr, behind what stdout has to say.  It
 * may quote a key or a file, so it is cleaned for a terminal.
 */
static void
tool_message(const char *format, va_list values)
{
	char text[1024];
	int bytes = vsnprintf(text, sizeof(text), format, values);

	tool_progress_end();
	fflush(stdout);
	fputs("barcache: ", stderr);
	output_text(stderr, text,
	            bytes < 0                      ? 0
	            : (size_t)bytes < sizeof(text) ? (size_t)bytes
	                                           : sizeof(text) - 1);
	fputc('\n', stderr);
}

void
tool_say(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	tool_message(format, values);
	va_end(values);
}

enum tool_exit
tool_usage(const struct tool *tool, const char *format, ...)
{
	va_list values;

	va_start(values, format);
	tool_message(format, values);
	va_end(values);
	fprintf(stderr, "Try: barcache %s --help\n", tool->command->name);
	return TOOL_USAGE;
}

enum tool_exit
tool_fail(const struct bc_error *err)
{
	tool_say("%s", err->message);
	switch (err->status) {
	case BC_MISS:
	case BC_CORRUPT:
		return TOOL_MISS;
	case BC_INVALID:
	case BC_KEY:
		return TOOL_USAGE;
	default:
		return TOOL_CANNOT;
	}
}

enum tool_exit
tool_miss(const char *key, enum bc_miss miss)
{
	tool_say("no entry %s (%s)", key, bc_miss_name(miss));
	return TOOL_MISS;
}

enum tool_exit
tool_get(const struct tool *tool, const char *key, struct bc_view *view)
{
	enum bc_status status = bc_get(tool->cache, key, view);

	if (status == BC_OK)
		return TOOL_DONE;
	if (status == BC_MISS)
		return tool_miss(key, view->miss);
	tool_say("cannot get %s: %s", key, bc_strerror(status));
	return status == BC_KEY ? TOOL_USAGE : TOOL_CANNOT;
}

void
tool_no_memory(void)
{
	tool_say("out of memory");
	exit(TOOL_CANNOT);
}

void *
tool_alloc(size_t count, size_t bytes)
{
	void *memory = calloc(count == 0 ? 1 : count, bytes);

	if (memory == NULL)
		tool_no_memory();
	return memory;
}

char *
tool_copy(const char *text)
{
	size_t bytes = strlen(text) + 1;

	return memcpy(tool_alloc(bytes, 1), text, bytes);
}

void *
tool_grow(void *array, size_t count, size_t bytes)
{
	/* The capacity is the power of two at or above 'count'. */
	if ((count & (count - 1)) != 0)
		return array;
	array = reallocarray(array, count == 0 ? 1 : 2 * count, bytes);
	if (array == NULL)
		tool_no_memory();
	return array;
}

/* Check the operands and run the command. */
static enum tool_exit
tool_run(struct tool *tool)
{
	const struct tool_command *command = tool->command;
	const char *optional = strstr(command->operands, " [");

	if (tool->args.globals[ARGS_HELP].set) {
		help_command(command);
		return TOOL_DONE;
	}
	if (tool->args.operand_count < command->operands_min)
		return tool_usage(tool, "%s needs %.*s", command->name,
		                  optional == NULL
		                          ? INT_MAX
		                          : (int)(optional - command->operands),
		                  command->operands);
	if (tool->args.operand_count > command->operands_max)
		return tool_usage(tool, "%s: unexpected argument '%s'",
		                  command->name,
		                  tool->args.operands[command->operands_max]);
	if (command != &cmd_help && command != &cmd_completion &&
	    command != &cmd_version) {
		enum tool_exit result = preference_load(tool);

		if (result != TOOL_DONE)
			return result;
		tool->json = tool->json || preference.json;
	}
	return command->run(tool);
}

/*
 * Hand over what is still buffered.  Closing finds the errors that come late;
 * one that came early is still marked in the stream.
 */
static enum tool_exit
tool_finish(enum tool_exit result)
{
	int os_errno;
	bool failed = output_failed(&os_errno);

	if (fclose(stdout) != 0 && !failed) {
		failed = true;
		os_errno = errno;
	}
	if (!failed)
		return result;
	tool_say("cannot write the output%s%s", os_errno == 0 ? "" : ": ",
	         os_errno == 0 ? "" : strerror(os_errno));
	return TOOL_CANNOT;
}

int
main(int argc, char **argv)
{
	struct tool tool = { 0 };
	enum tool_exit result;

	signal(SIGPIPE, SIG_IGN);
	if (!args_parse(argc, argv, &tool.command, &tool.args)) {
		fprintf(stderr, "Try: barcache %s%s--help\n",
		        tool.command == NULL ? "" : tool.command->name,
		        tool.command == NULL ? "" : " ");
		return TOOL_USAGE;
	}
	tool.json = tool.args.globals[ARGS_JSON].set;
	if (tool.args.globals[ARGS_VERSION].set)
		result = cmd_version.run(&tool);
	else if (tool.command != NULL)
		result = tool_run(&tool);
	else if (tool.args.globals[ARGS_HELP].set)
		result = cmd_help.run(&tool);
	else {
		tool_say("no command is given");
		fputs("Try: barcache --help\n", stderr);
		result = TOOL_USAGE;
	}
	bc_close(tool.cache);
	if (tool.lost && result == TOOL_DONE)
		result = TOOL_CANNOT;
	free(tool.path);
	preference_free();
	args_free(&tool.args);
	return (int)tool_finish(result);
}
