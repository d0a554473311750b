/* SPDX-License-Identifier: MIT */
/*
 * place.c - where the cache is, and opening it.
 *
 * The directory is --cache, else $BARCACHE_DIR, else what the file of
 * preferences says, else barcache below $XDG_CACHE_HOME, else
 * $HOME/.cache/barcache.  A program that runs with more rights than its caller
 * does not believe the environment: secure_getenv().
 */
#include "barcache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "preference.h"

char *
tool_join(const char *front, const char *back)
{
	size_t bytes = strlen(front) + strlen(back) + 1;
	char *path = tool_alloc(bytes, 1);

	snprintf(path, bytes, "%s%s", front, back);
	return path;
}

/* A variable that is set and not empty, or NULL. */
static const char *
place_environment(const char *name)
{
	const char *value = secure_getenv(name);

	return value == NULL || *value == '\0' ? NULL : value;
}

const char *
tool_path(struct tool *tool)
{
	const struct args_value *given = &tool->args.globals[ARGS_CACHE];
	const char *base;

	if (tool->path != NULL)
		return tool->path;
	if (given->set)
		tool->path = tool_copy(given->text);
	else if ((base = place_environment("BARCACHE_DIR")) != NULL)
		tool->path = tool_copy(base);
	else if (preference.cache != NULL)
		tool->path = tool_copy(preference.cache);
	else if ((base = place_environment("XDG_CACHE_HOME")) != NULL &&
	         base[0] == '/') /* others are to be ignored, it says */
		tool->path = tool_join(base, "/barcache");
	else if ((base = place_environment("HOME")) != NULL)
		tool->path = tool_join(base, "/.cache/barcache");
	else
		tool_say("where is the cache? Neither --cache nor BARCACHE_DIR "
		         "nor HOME says it");
	return tool->path;
}

/*
 * Make the directories above 'path' that are missing.  They are private
 * unless the cache is for a group, which must be able to come by.
 */
static bool
place_make_parents(const char *path, bool group)
{
	char *work = tool_copy(path);
	char *slash = work;
	bool good = true;

	while (good && (slash = strchr(slash + 1, '/')) != NULL) {
		/* The last component, "c" of "a/b/c//", is bc_open()'s. */
		if (slash[strspn(slash, "/")] == '\0')
			break;
		*slash = '\0';
		if (mkdir(work, group ? 0755 : 0700) != 0 && errno != EEXIST) {
			tool_say("cannot make %s: %s", work, strerror(errno));
			good = false;
		}
		*slash = '/';
	}
	free(work);
	return good;
}

/* Give a new cache the settings that the user prefers. */
static enum tool_exit
place_settle(struct tool *tool)
{
	struct bc_config config;
	struct bc_error err;

	if (preference.path == NULL)
		return TOOL_DONE;
	if (bc_config_get(tool->cache, &config, &err) != BC_OK)
		return tool_fail(&err);
	if (!settings_apply(preference.settings, &config))
		return TOOL_USAGE;
	return bc_config_set(tool->cache, &config, &err) == BC_OK
	               ? TOOL_DONE
	               : tool_fail(&err);
}

unsigned
tool_trust(const struct tool *tool)
{
	const struct args_value *globals = tool->args.globals;

	return (globals[ARGS_TRUST_GROUP].set ? BC_OPEN_GROUP : 0u) |
	       (globals[ARGS_ALLOW_NETWORK].set ? BC_OPEN_NETWORK : 0u);
}

/* Events that the library reports while it works. */
static void
place_log(void *context, enum bc_event event, const char *text)
{
	struct tool *tool = context;

	tool->lost |= event == BC_EVENT_SYNC;
	/* Guarded lookups are slower, not wrong: stats shows them. */
	if (event != BC_EVENT_GUARDED)
		tool_say("note: %s", text);
}

enum tool_exit
tool_open(struct tool *tool, enum tool_access access,
          struct bc_options *options)
{
	struct bc_options defaults = BC_OPTIONS_INIT;
	const char *path = tool_path(tool);
	enum bc_status status;
	struct bc_error err;
	unsigned flags;

	if (path == NULL)
		return TOOL_CANNOT;
	if (options == NULL)
		options = &defaults;
	options->log = place_log;
	options->log_context = tool;
	options->name = "barcache"; /* whatever the file is called */
	if (access == TOOL_READ)
		options->flags |= BC_OPEN_READONLY;
	flags = options->flags;
	options->flags |= tool_trust(tool);
	status = bc_open(path, options, &tool->cache, &err);
	if (status != BC_ABSENT)
		return status == BC_OK ? TOOL_DONE : tool_fail(&err);
	if (access != TOOL_MAKE) {
		tool_say("there is no cache at %s: "
		         "barcache init or import makes one",
		         path);
		return TOOL_CANNOT;
	}
	if (!place_make_parents(path, flags & BC_OPEN_GROUP))
		return TOOL_CANNOT;
	/* To trust the group of a cache is not to make one for it. */
	options->flags =
		flags | BC_OPEN_CREATE | (tool_trust(tool) & BC_OPEN_NETWORK);
	if (bc_open(path, options, &tool->cache, &err) != BC_OK)
		return tool_fail(&err);
	tool_say("made a cache at %s", path);
	return place_settle(tool);
}

enum tool_exit
tool_open_if_there(struct tool *tool, bool *there)
{
	struct bc_options options = BC_OPTIONS_INIT;
	const char *path = tool_path(tool);
	enum bc_status status;
	struct bc_error err;

	*there = false;
	if (path == NULL)
		return TOOL_CANNOT;
	options.flags = BC_OPEN_READONLY | tool_trust(tool);
	options.log = place_log;
	status = bc_open(path, &options, &tool->cache, &err);
	*there = status == BC_OK;
	return status == BC_OK || status == BC_ABSENT ? TOOL_DONE
	                                              : tool_fail(&err);
}
