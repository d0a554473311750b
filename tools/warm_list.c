/* SPDX-License-Identifier: MIT */
/*
 * warm_list.c - what barcache warm warms, from the command line and profiles.
 */
#include "warm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARM_BLANKS " \t\r\n"

void
warm_list_add(struct warm_list *list, const char *key,
              const struct bci_range *range)
{
	list->keys = tool_grow(list->keys, list->count, sizeof(*list->keys));
	list->keys[list->count++] = (struct bc_warm_key){
		.key = tool_copy(key),
		.from_ns = range->from_ns,
		.to_ns = range->to_ns,
	};
}

struct warm_listing {
	struct warm_list *list;
	const struct bci_range *range;
};

/* A bc_list_function. */
static int
warm_list_listed(void *context, const struct bc_info *info)
{
	struct warm_listing *listing = context;

	warm_list_add(listing->list, info->key, listing->range);
	return 0;
}

enum tool_exit
warm_list_select(struct warm_list *list, const struct tool *tool,
                 const struct bc_filter *filter, const struct bci_range *range)
{
	struct warm_listing listing = { .list = list, .range = range };
	struct bc_error err;

	return bc_list(tool->cache, filter, warm_list_listed, &listing, &err) ==
	                       BC_OK
	               ? TOOL_DONE
	               : tool_fail(&err);
}

/* ---- profiles ---------------------------------------------------------- */

/* The next word of a line, ended by a NUL; NULL if there is none. */
static char *
warm_word(char **line)
{
	char *word = *line + strspn(*line, WARM_BLANKS);

	if (*word == '\0' || *word == '#')
		return NULL;
	*line = word + strcspn(word, WARM_BLANKS);
	if (**line != '\0')
		*(*line)++ = '\0';
	return word;
}

/* One line, the 'number'th. */
static enum tool_exit
warm_list_line(struct warm_list *list, const struct tool *tool,
               const char *path, size_t number, char *line,
               const struct bci_range *otherwise)
{
	const char *key = warm_word(&line), *text, *rest;
	struct bci_range range = *otherwise;
	struct bc_error err;

	if (key == NULL)
		return TOOL_DONE;
	text = warm_word(&line);
	rest = text == NULL ? NULL : warm_word(&line);
	if (rest != NULL) {
		tool_say("%s:%zu: '%s' is too much: a line is a key and "
		         "perhaps a range",
		         path, number, rest);
		return TOOL_USAGE;
	}
	if (text != NULL &&
	    bci_range_parse(text, strlen(text), &range, &err) != BC_OK) {
		tool_say("%s:%zu: %s", path, number, err.message);
		return TOOL_USAGE;
	}
	if (range.from_ns >= range.to_ns) {
		tool_say("%s:%zu: the range ends before it begins", path,
		         number);
		return TOOL_USAGE;
	}
	if (strpbrk(key, "*?[") != NULL)
		return warm_list_select(
			list, tool, &(struct bc_filter){ .glob = key }, &range);
	if (strlen(key) > BC_KEY_MAX) {
		tool_say("%s:%zu: the key is too long", path, number);
		return TOOL_USAGE;
	}
	warm_list_add(list, key, &range);
	return TOOL_DONE;
}

enum tool_exit
warm_list_read(struct warm_list *list, const struct tool *tool,
               const char *path, const struct bci_range *range)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : fopen(path, "re");
	enum tool_exit result = TOOL_DONE;
	size_t room = 0, number = 0;
	char *line = NULL;

	errno = file == NULL ? errno : 0;
	while (file != NULL && result == TOOL_DONE &&
	       getline(&line, &room, file) >= 0)
		result =
			warm_list_line(list, tool, path, ++number, line, range);
	if (file == NULL || (result == TOOL_DONE && ferror(file))) {
		tool_say("%s: cannot be read: %s", path, strerror(errno));
		result = TOOL_CANNOT;
	}
	free(line);
	if (file != NULL && !standard)
		fclose(file);
	return result;
}

/* ---- order ------------------------------------------------------------- */

static int
warm_list_compare(const void *a, const void *b)
{
	const struct bc_warm_key *left = a, *right = b;
	int order = strcmp(left->key, right->key);

	if (order == 0)
		order = (left->from_ns > right->from_ns) -
		        (left->from_ns < right->from_ns);
	if (order == 0)
		order = (left->to_ns > right->to_ns) -
		        (left->to_ns < right->to_ns);
	return order;
}

void
warm_list_sort(struct warm_list *list)
{
	size_t i, kept = 0;

	if (list->count == 0)
		return;
	qsort(list->keys, list->count, sizeof(*list->keys), warm_list_compare);
	for (i = 0; i < list->count; ++i)
		if (kept != 0 && warm_list_compare(&list->keys[i],
		                                   &list->keys[kept - 1]) == 0)
			free((char *)(uintptr_t)list->keys[i].key);
		else
			list->keys[kept++] = list->keys[i];
	list->count = kept;
}

void
warm_list_free(struct warm_list *list)
{
	size_t i;

	for (i = 0; i < list->count; ++i)
		free((char *)(uintptr_t)list->keys[i].key);
	free(list->keys);
	*list = (struct warm_list){ 0 };
}
