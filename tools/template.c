/* SPDX-License-Identifier: MIT */
/*
 * template.c - a command line with places for what it is run for.
 *
 * Words are split once, before values are known, so that no value can become
 * two words.
 *
 * The ends of a range are rounded away from it where a form has no fractions,
 * or no time of day: what a source is asked for then holds all of the range.
 */
#include "template.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calendar.h"
#include "error.h"
#include "moment.h"
#include "tool.h"

#define TEMPLATE_BLANKS " \t\r\n"

/* ------------------------------------------------------------------------ */
/*  Words                                                                   */
/* ------------------------------------------------------------------------ */

/*
 * Copy the next word of 'text' to 'out', without its quotes.  Returns what
 * follows, or NULL if a quote is open.
 */
static const char *
template_word(const char *text, char *out)
{
	char quote = '\0';

	for (; *text != '\0'; ++text) {
		if (quote == '\0' && strchr(TEMPLATE_BLANKS, *text) != NULL)
			break;
		if (*text == quote) {
			quote = '\0';
		} else if (quote == '\0' && (*text == '\'' || *text == '"')) {
			quote = *text;
		} else if (*text == '\\' && quote != '\'' && text[1] != '\0' &&
		           (quote == '\0' || strchr("\"\\$`", text[1]))) {
			*out++ = *++text;
		} else {
			*out++ = *text;
		}
	}
	*out = '\0';
	return quote == '\0' ? text : NULL;
}

static void
template_add(struct template *template, const char *word)
{
	template->words = tool_grow(template->words, template->count,
	                            sizeof(*template->words));
	template->words[template->count++] = tool_copy(word);
}

static enum bc_status
template_split(const char *text, struct template *out, struct bc_error *err)
{
	char *word = tool_alloc(strlen(text) + 1, 1);
	enum bc_status status = BC_OK;

	text += strspn(text, TEMPLATE_BLANKS);
	while (*text != '\0') {
		text = template_word(text, word);
		if (text == NULL) {
			status = bci_fail(err, BC_INVALID,
			                  "a quote in --exec is never closed");
			break;
		}
		template_add(out, word);
		text += strspn(text, TEMPLATE_BLANKS);
	}
	free(word);
	if (status == BC_OK && out->count == 0)
		status = bci_fail(err, BC_INVALID, "--exec names no command");
	return status;
}

/* ------------------------------------------------------------------------ */
/*  Places                                                                  */
/* ------------------------------------------------------------------------ */

/* The length of a place that 'text' begins with, or 0. */
static size_t
template_place(const char *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	size_t bytes = 1 + strspn(text + (*text == '{'), letters);

	if (*text != '{' || bytes == 1)
		return 0;
	if (text[bytes] == ':')
		bytes += 1 + strspn(text + bytes + 1, letters);
	return text[bytes] == '}' ? bytes + 1 : 0;
}

/* Divide, down or up; the moments of int64 do not overflow. */
static int64_t
template_divide(int64_t ns, int64_t unit_ns, bool up)
{
	int64_t quotient = ns / unit_ns, rest = ns % unit_ns;

	if (rest < 0 && !up)
		return quotient - 1;
	return quotient + (rest > 0 && up);
}

/* Print an end of a range; false if there is no such form. */
static bool
template_time(FILE *file, int64_t ns, const char *form, size_t bytes, bool up)
{
	static const struct {
		const char *name;
		int64_t unit_ns;
	} units[] = {
		{ "s", BCI_SECOND_NS },
		{ "ms", BCI_SECOND_NS / 1000 },
		{ "us", BCI_SECOND_NS / 1000000 },
		{ "ns", 1 },
	};
	char text[BCI_TIME_TEXT];
	struct bci_date date;
	size_t i;

	if (bytes == 0 || (bytes == 3 && memcmp(form, "iso", 3) == 0)) {
		bci_time_format(ns, text);
		fputs(text, file);
		return true;
	}
	if (bytes == 4 && memcmp(form, "date", 4) == 0) {
		date = bci_date_of_days(template_divide(ns, BCI_DAY_NS, up));
		fprintf(file, "%04d-%02d-%02d", (int)date.year, (int)date.month,
		        (int)date.day);
		return true;
	}
	for (i = 0; i < sizeof(units) / sizeof(units[0]); ++i)
		if (strlen(units[i].name) == bytes &&
		    memcmp(form, units[i].name, bytes) == 0) {
			fprintf(file, "%" PRId64,
			        template_divide(ns, units[i].unit_ns, up));
			return true;
		}
	return false;
}

/* The text of a place that has no form, or NULL. */
static const char *
template_value(const struct template_values *values, const char *name,
               size_t bytes)
{
	const struct {
		const char *name, *value;
	} places[] = {
		{ "source", values->series.source },
		{ "market", values->series.market },
		{ "symbol", values->series.symbol },
		{ "timeframe", values->series.timeframe },
		{ "variant", values->series.variant },
		{ "key", values->key },
	};
	size_t i;

	for (i = 0; i < sizeof(places) / sizeof(places[0]); ++i)
		if (strlen(places[i].name) == bytes &&
		    memcmp(places[i].name, name, bytes) == 0)
			return places[i].value == NULL ? "" : places[i].value;
	return NULL;
}

/* Whether a shell takes 'text' for itself, quoted or not. */
static bool
template_is_plain(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
	                         "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                         "0123456789_./:@%+=,-")] == '\0';
}

/* Print the value of a place, which has 'bytes' with its braces. */
static enum bc_status
template_put(const struct template *template,
             const struct template_values *values, const char *place,
             size_t bytes, FILE *file, struct bc_error *err)
{
	const char *name = place + 1;
	size_t name_bytes = strcspn(name, ":}");
	size_t form_bytes = bytes - 2 - name_bytes;
	const char *value = NULL;

	if (form_bytes == 0)
		value = template_value(values, name, name_bytes);
	if (value != NULL && template->shell && !template_is_plain(value))
		return bci_fail(err, BC_INVALID,
		                "--shell: '%s' would not stay what it is for a "
		                "shell; without --shell it does",
		                value);
	if (value != NULL) {
		fputs(value, file);
		return BC_OK;
	}
	form_bytes -= form_bytes != 0;
	if (name_bytes == 4 && memcmp(name, "from", 4) == 0 &&
	    template_time(file, values->from_ns, place + bytes - 1 - form_bytes,
	                  form_bytes, false))
		return BC_OK;
	if (name_bytes == 2 && memcmp(name, "to", 2) == 0 &&
	    template_time(file, values->to_ns, place + bytes - 1 - form_bytes,
	                  form_bytes, true))
		return BC_OK;
	return bci_fail(err, BC_INVALID,
	                "--exec: there is no %.*s; there are {source}, "
	                "{market}, {symbol}, {timeframe}, {variant}, {key}, "
	                "{from}, {to}, {from:ms}, ...; '{{' stands for '{'",
	                (int)bytes, place);
}

/* A word with its values; the caller frees it. */
static enum bc_status
template_fill_word(const struct template *template,
                   const struct template_values *values, const char *word,
                   char **out, struct bc_error *err)
{
	enum bc_status status = BC_OK;
	size_t bytes;
	FILE *file = open_memstream(out, &bytes);

	if (file == NULL)
		return bci_fail(err, BC_NOMEM, "out of memory");
	while (*word != '\0' && status == BC_OK) {
		bytes = template_place(word);
		if (bytes != 0) {
			status = template_put(template, values, word, bytes,
			                      file, err);
			word += bytes;
		} else {
			fputc(*word, file);
			word += 1 + (word[0] == '{' && word[1] == '{');
		}
	}
	fclose(file);
	return status;
}

enum bc_status
template_fill(const struct template *template,
              const struct template_values *values, char ***argv,
              struct bc_error *err)
{
	size_t lead = template->shell ? 2 : 0;
	char **words = tool_alloc(template->count + lead + 1, sizeof(*words));
	enum bc_status status = BC_OK;
	size_t i;

	if (template->shell) {
		words[0] = tool_copy("sh");
		words[1] = tool_copy("-c");
	}
	for (i = 0; i < template->count && status == BC_OK; ++i)
		status =
			template_fill_word(template, values, template->words[i],
		                           &words[lead + i], err);
	*argv = words;
	if (status == BC_OK)
		return BC_OK;
	template_free_words(words);
	*argv = NULL;
	return status;
}

void
template_free_words(char **argv)
{
	size_t i;

	for (i = 0; argv != NULL && argv[i] != NULL; ++i)
		free(argv[i]);
	free(argv);
}

/* ------------------------------------------------------------------------ */

enum bc_status
template_parse(const char *text, bool shell, struct template *out,
               struct bc_error *err)
{
	static const struct template_values sample = { .key = "x" };
	enum bc_status status = BC_OK;
	char **argv;

	*out = (struct template){ .shell = shell };
	if (shell)
		template_add(out, text);
	else
		status = template_split(text, out, err);
	/* A place that is none is to be known before anything runs. */
	if (status == BC_OK)
		status = template_fill(out, &sample, &argv, err);
	if (status == BC_OK)
		template_free_words(argv);
	else
		template_free(out);
	return status;
}

void
template_free(struct template *template)
{
	size_t i;

	for (i = 0; i < template->count; ++i)
		free(template->words[i]);
	free(template->words);
	*template = (struct template){ 0 };
}
