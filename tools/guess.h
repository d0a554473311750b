/* SPDX-License-Identifier: MIT */
/*
 * guess.h - what somebody meant who typed a word that is none.
 */
#ifndef TOOL_GUESS_H
#define TOOL_GUESS_H

#include <stddef.h>

struct args_option;
struct tool_command;

#define GUESS_TEXT 128

/*
 * Both fill 'text' with the end of a message: ": did you mean ls?", or nothing
 * if nobody can tell.
 */
const char *guess_command(const char *word, char text[GUESS_TEXT]);

/*
 * An option of a command, or if that is NULL of every command.  'word' begins
 * behind the dashes and need not be terminated; a single letter behind a single
 * dash is taken for the first one of a name.
 */
const char *guess_option(const struct tool_command *command, const char *word,
                         size_t bytes, char text[GUESS_TEXT]);

/* The same for a word that should be a name of a table, without dashes. */
const char *guess_name(const struct args_option *names, size_t count,
                       const char *word, size_t bytes, char text[GUESS_TEXT]);

#endif /* TOOL_GUESS_H */
