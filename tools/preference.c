/* SPDX-License-Identifier: MIT */
/*
 * preference.c - reading the file of preferences.
 *
 * Settings in it are those of barcache init and are checked by the same table;
 * they count for caches that are made, by whatever command.
 */
#include "preference.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guess.h"
#include "output.h"

#define PREFERENCE_MAX 65536

struct preference preference;

/* ---- the file ---------------------------------------------------------- */

/* The file's path; *required says whether it has to be there. */
static char *
preference_path(const struct tool *tool, bool *required)
{
	const struct args_value *given = &tool->args.globals[ARGS_CONFIG];
	const char *base = secure_getenv("BARCACHE_CONFIG");

	*required = true;
	if (given->set)
		return tool_copy(given->text);
	if (base != NULL && *base != '\0')
		return tool_copy(base);
	*required = false;
	base = secure_getenv("XDG_CONFIG_HOME");
	if (base != NULL && base[0] == '/')
		return tool_join(base, "/barcache/config");
	base = secure_getenv("HOME");
	if (base != NULL && *base != '\0')
		return tool_join(base, "/.config/barcache/config");
	return NULL;
}

/* Read all of it, ended by a NUL; false after a message. */
static bool
preference_read(const char *path, bool required, bool *there)
{
	FILE *file = fopen(path, "re");
	size_t bytes;
	bool good;

	*there = file != NULL;
	if (file == NULL) {
		if (!required && (errno == ENOENT || errno == ENOTDIR))
			return true;
		tool_say("%s: cannot be read: %s", path, strerror(errno));
		return false;
	}
	preference.text = tool_alloc(PREFERENCE_MAX + 1, 1);
	bytes = fread(preference.text, 1, PREFERENCE_MAX + 1, file);
	good = ferror(file) == 0 && bytes <= PREFERENCE_MAX &&
	       memchr(preference.text, '\0', bytes) == NULL;
	fclose(file);
	if (!good)
		tool_say("%s: is no file of lines 'name = value'", path);
	return good;
}

/* ---- lines ------------------------------------------------------------- */

/* Cut the white space off both ends of a text. */
static char *
preference_trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r", end[-1]) != NULL)
		*--end = '\0';
	return text;
}

/* A path; "~/" stands for the home directory. */
static char *
preference_place(const char *value)
{
	const char *home = secure_getenv("HOME");

	if (value[0] == '~' && value[1] == '/' && home != NULL)
		return tool_join(home, value + 1);
	return tool_copy(value);
}

static bool
preference_switch(const char *value, bool *on)
{
	*on = strcmp(value, "yes") == 0;
	return *on || strcmp(value, "no") == 0;
}

/* One name and its value; false after a message that lacks the place. */
static bool
preference_set(const char *name, const char *value, unsigned line)
{
	char guess[GUESS_TEXT];

	if (strcmp(name, "cache") == 0) {
		free(preference.cache);
		preference.cache = preference_place(value);
		preference.cache_line = line;
		if (*value == '\0')
			tool_say("cache is a directory");
		return *value != '\0';
	}
	if (strcmp(name, "json") == 0) {
		preference.json_line = line;
		if (preference_switch(value, &preference.json))
			return true;
		tool_say("json is '%s', but must be yes or no", value);
		return false;
	}
	for (size_t i = 0; i < SETTINGS; i++) {
		if (strcmp(settings_table[i].name, name) != 0)
			continue;
		preference.setting_lines[i] = line;
		return args_convert(&settings_table[i], "", value,
		                    &preference.settings[i]);
	}
	tool_say("there is no preference '%s'%s", name,
	         guess_name(settings_table, SETTINGS, name, strlen(name),
	                    guess));
	return false;
}

/* A line without its newline. */
static bool
preference_line(char *text, unsigned line)
{
	char *equals, *name = preference_trim(text);

	if (*name == '\0' || *name == '#')
		return true;
	equals = strchr(name, '=');
	if (equals == NULL) {
		tool_say("'%s' is no NAME = VALUE", name);
		return false;
	}
	*equals = '\0';
	return preference_set(preference_trim(name),
	                      preference_trim(equals + 1), line);
}

enum tool_exit
preference_load(const struct tool *tool)
{
	bool required, there;
	unsigned line = 0;
	char *at, *next;

	preference.path = preference_path(tool, &required);
	if (preference.path == NULL)
		return TOOL_DONE;
	if (!preference_read(preference.path, required, &there))
		return TOOL_CANNOT;
	if (!there) {
		free(preference.path);
		preference.path = NULL;
		return TOOL_DONE;
	}
	for (at = preference.text; at != NULL; at = next) {
		next = strchr(at, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (!preference_line(at, ++line)) {
			tool_say("%s:%u: that is not understood",
			         preference.path, line);
			return TOOL_CANNOT;
		}
	}
	return TOOL_DONE;
}

void
preference_free(void)
{
	free(preference.path);
	free(preference.cache);
	free(preference.text);
	preference = (struct preference){ .path = NULL };
}

/* ---- showing ----------------------------------------------------------- */

/* Who says something: the file and its line, or 'other'. */
static void
preference_show(json_t *list, const char *name, const char *value,
                unsigned line, const char *other)
{
	char origin[512];
	json_t *object;

	if (line != 0)
		snprintf(origin, sizeof(origin), "%s:%u", preference.path,
		         line);
	else
		snprintf(origin, sizeof(origin), "%s", other);
	if (list == NULL) {
		output_pair(name, "%s (%s)", value, origin);
		return;
	}
	object = json_object();
	output_add_text(object, "name", name);
	output_add_text(object, "value", value);
	output_add_text(object, "origin", origin);
	json_array_append_new(list, object);
}

/* Who says where the cache is. */
static const char *
preference_cache_origin(const struct tool *tool)
{
	const char *environment = secure_getenv("BARCACHE_DIR");

	if (tool->args.globals[ARGS_CACHE].set)
		return "command line";
	if (environment != NULL && *environment != '\0')
		return "BARCACHE_DIR";
	return preference.cache != NULL ? NULL : "built-in";
}

void
preference_print(struct tool *tool)
{
	json_t *list = tool->json ? json_array() : NULL, *object;
	const char *origin = preference_cache_origin(tool);
	const char *path = tool_path(tool);

	if (list == NULL && preference.path != NULL)
		output_pair("file", "%s", preference.path);
	preference_show(list, "cache", path != NULL ? path : "",
	                origin == NULL ? preference.cache_line : 0, origin);
	preference_show(
		list, "json", tool->json ? "yes" : "no",
		tool->args.globals[ARGS_JSON].set ? 0 : preference.json_line,
		tool->args.globals[ARGS_JSON].set ? "command line"
						  : "built-in");
	for (size_t i = 0; i < SETTINGS; i++)
		preference_show(list, settings_table[i].name,
		                preference.settings[i].set
		                        ? preference.settings[i].text
		                        : "default",
		                preference.setting_lines[i], "built-in");
	if (list == NULL)
		return;
	object = json_object();
	output_add_text(object, "file", preference.path);
	output_add(object, "preferences", list);
	output_json(object);
}
