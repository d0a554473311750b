/* SPDX-License-Identifier: MIT */
/*
 * update_empty.c - whether what a command printed says that there are no bars:
 * nothing at all, an empty list or object of JSON, or the names of columns with
 * no row under them.  Anything else without rows may be a message, and what it
 * complains about is not to be taken for a fact.
 */
#include "update.h"

#include <string.h>
#include <unistd.h>

#include "column.h"

/* What is longer is not empty. */
#define EMPTY_BYTES 4096

/* Whether a cell names a moment, or the price of a close. */
static void
empty_cell(const char *cell, size_t bytes, bool *time, bool *close)
{
	const struct bci_meaning *meaning;
	char name[BC_COLUMN_NAME_MAX + 1];

	if (bytes >= 2 && cell[0] == '"' && cell[bytes - 1] == '"') {
		++cell;
		bytes -= 2;
	}
	if (!bci_column_spell(cell, bytes, name) ||
	    (meaning = bci_column_meaning(name)) == NULL)
		return;
	*time |= meaning->role == BCI_ROLE_TIME ||
	         meaning->role == BCI_ROLE_DATE;
	*close |= strcmp(meaning->name, "close") == 0;
}

/* Whether one line names columns of bars. */
static bool
empty_is_header(const char *line, char delimiter)
{
	bool time = false, close = false;
	const char *end;

	for (;; line = end + 1) {
		end = strchr(line, delimiter);
		if (end == NULL)
			break;
		empty_cell(line, (size_t)(end - line), &time, &close);
	}
	empty_cell(line, strlen(line), &time, &close);
	return time && close;
}

bool
update_is_empty(int output)
{
	static const char blanks[] = " \t\r\n";
	char text[EMPTY_BYTES + 1];
	ssize_t got = pread(output, text, sizeof(text), 0);
	char *at = text;
	const char *mark;

	if (got < 0 || got > EMPTY_BYTES)
		return false;
	text[got] = '\0';
	if (strncmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	at += strspn(at, blanks);
	while (got > 0 && strchr(blanks, text[got - 1]) != NULL)
		text[--got] = '\0';
	if (*at == '\0' || at[strspn(at, "[]{} \t\r\n")] == '\0')
		return true;
	if (strchr(at, '\n') != NULL)
		return false;
	for (mark = ",;\t|"; *mark != '\0'; ++mark)
		if (empty_is_header(at, *mark))
			return true;
	return false;
}
