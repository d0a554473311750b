/* SPDX-License-Identifier: MIT */
/*
 * preference.h - what the user wants unless the command line or the environment
 * says otherwise: a file of lines "name = value".
 */
#ifndef TOOL_PREFERENCE_H
#define TOOL_PREFERENCE_H

#include "settings.h"
#include "tool.h"

/* What the file says; nothing if there is none. */
struct preference {
	char *path;          /* of the file; NULL: none was read */
	char *cache;         /* directory of the cache, or NULL */
	unsigned cache_line; /* where it says so; 0: it does not */
	bool json;
	unsigned json_line;
	struct args_value settings[SETTINGS]; /* of caches that are made */
	unsigned setting_lines[SETTINGS];
	char *text; /* the file; values point into it */
};

/* That of this run; read by preference_load(). */
extern struct preference preference;

/*
 * Read the file that --config or BARCACHE_CONFIG names, which has to be there,
 * or barcache/config below $XDG_CONFIG_HOME or ~/.config, which need not.
 * TOOL_DONE, or the exit status after a message with file and line.
 */
enum tool_exit preference_load(const struct tool *tool);

/* Let go of what was read. */
void preference_free(void);

/* Print what is in force besides the settings of a cache, and who says so. */
void preference_print(struct tool *tool);

#endif /* TOOL_PREFERENCE_H */
