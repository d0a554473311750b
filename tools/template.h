/* SPDX-License-Identifier: MIT */
/*
 * template.h - a command line with places for what it is run for.
 */
#ifndef TOOL_TEMPLATE_H
#define TOOL_TEMPLATE_H

#include "barcache.h"

#include <stdbool.h>

/* What stands in the places of a template. */
struct template_values {
	const char *key;
	struct bc_series series;
	int64_t from_ns, to_ns;
};

/* The words of a command, ended by NULL, in one piece of memory. */
struct template {
	char **words;
	size_t count;
	bool shell;
};

/*
 * Split 'text' into words as a shell does: at blanks, with '...', "..." and \
 * to keep them together, and nothing else of a shell.  With 'shell' it stays
 * one word, for sh -c.
 *
 * {source}, {market}, {symbol}, {timeframe}, {variant}, {key}, {from} and {to}
 * are places; {from} may be {from:ms} and so on (iso, date, s, ms, us, ns).
 * "{{" stands for "{".  Returns BC_OK, or BC_INVALID: a quote is open, there is
 * no word, or no such place.
 */
enum bc_status template_parse(const char *text, bool shell,
                              struct template *out, struct bc_error *err);

/*
 * The words with values in their places, as execvp() takes them.  Values make
 * no words, whatever they contain; for a shell they are refused (BC_INVALID) if
 * it would not take them literally.  The caller frees *argv with
 * template_free_words().
 */
enum bc_status template_fill(const struct template *template,
                             const struct template_values *values,
                             char ***argv, struct bc_error *err);
void template_free_words(char **argv);

void template_free(struct template *template);

#endif /* TOOL_TEMPLATE_H */
