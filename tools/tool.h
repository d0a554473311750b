/* SPDX-License-Identifier: MIT */
/*
 * tool.h - what the commands of barcache share: the row of the command table,
 * the state of one run, exit statuses, messages, opening the cache.
 */
#ifndef TOOL_TOOL_H
#define TOOL_TOOL_H

#include "barcache.h"

#include <stdbool.h>
#include <stddef.h>

#include "args.h"

/* Exit statuses; documented in --help and in barcache(1). */
enum tool_exit {
	TOOL_DONE = 0,
	TOOL_MISS = 1,  /* not found, or verify found damage */
	TOOL_USAGE = 2, /* the command line is wrong */
	TOOL_CANNOT = 3 /* no cache, I/O, permission, busy, full, bad file */
};

/* One run of the tool. */
struct tool {
	const struct tool_command *command;
	struct args args;
	bool json;              /* --json */
	char *path;             /* the cache's directory; NULL until wanted */
	struct bc_cache *cache; /* NULL until tool_open(); main closes it */
	bool lost;              /* a sync failed: what was done is not there */
};

/* A command: its words for --help and completion, and what it does. */
struct tool_command {
	const char *name;
	const char *summary;  /* one line in the list of commands */
	const char *operands; /* as the usage line shows them, or "" */
	size_t operands_min, operands_max;
	const struct args_option *options; /* NULL if there are none */
	size_t option_count;
	const char *notes; /* text below the options, or NULL */
	enum tool_exit (*run)(struct tool *tool);
};

/* All commands, in the order of --help. */
extern const struct tool_command *const tool_commands[];
extern const size_t tool_command_count;

/* The command of that name, or NULL. */
const struct tool_command *tool_find(const char *name);

/* Print "barcache: ..." on stderr. */
void tool_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Show on a terminal what goes on, in a line that the next one or a message
 * replaces; tool_progress_end() takes it away.
 */
void tool_progress(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
void tool_progress_end(void);

/* As tool_say(); returns TOOL_USAGE after pointing at the command's --help. */
enum tool_exit tool_usage(const struct tool *tool, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Print what a call of the library said; returns the exit status for it. */
enum tool_exit tool_fail(const struct bc_error *err);

/* Say that 'key' is not there and why; returns TOOL_MISS. */
enum tool_exit tool_miss(const char *key, enum bc_miss miss);

/*
 * Get the entry 'key'.  TOOL_DONE with a view to release, or the exit status
 * after a message.
 */
enum tool_exit tool_get(const struct tool *tool, const char *key,
                        struct bc_view *view);

/* The end of the run, without memory. */
_Noreturn void tool_no_memory(void);

/* Zeroed memory for the rest of the run, or the end of the run without any. */
void *tool_alloc(size_t count, size_t bytes);

/* A copy of a text, to be freed; the end of the run without memory. */
char *tool_copy(const char *text);

/* 'array' of 'count' elements with room for one more; grows by doubling. */
void *tool_grow(void *array, size_t count, size_t bytes);

/* How a command wants the cache. */
enum tool_access {
	TOOL_READ,  /* it must exist */
	TOOL_WRITE, /* it must exist */
	TOOL_MAKE   /* it is made, with its missing parents, if need be */
};

/*
 * Open the cache that the command line or the environment names.  'options'
 * may be NULL; its flags for access are set here.  TOOL_DONE, or the exit
 * status after a message.
 */
enum tool_exit tool_open(struct tool *tool, enum tool_access access,
                         struct bc_options *options);

/* Whether there is a cache, without a word; opens it to read if so. */
enum tool_exit tool_open_if_there(struct tool *tool, bool *there);

/* The two texts joined, in memory for the rest of the run. */
char *tool_join(const char *front, const char *back);

/* BC_OPEN_GROUP and BC_OPEN_NETWORK, as the command line says. */
unsigned tool_trust(const struct tool *tool);

/* Directory of the cache, decided but not touched; NULL after a message. */
const char *tool_path(struct tool *tool);

/* Print the usage and options of one command. */
void help_command(const struct tool_command *command);

extern const struct tool_command cmd_init, cmd_config, cmd_import, cmd_export,
	cmd_put, cmd_get, cmd_plot, cmd_gaps, cmd_ls, cmd_info, cmd_rm, cmd_key,
	cmd_tag, cmd_link, cmd_depend, cmd_pin, cmd_stats, cmd_top, cmd_health,
	cmd_verify, cmd_version, cmd_completion, cmd_help, cmd_update,
	cmd_compact, cmd_demote, cmd_promote, cmd_pack, cmd_copy, cmd_freeze,
	cmd_thaw, cmd_salvage, cmd_touch, cmd_rules, cmd_expire, cmd_warm,
	cmd_trace;

#endif /* TOOL_TOOL_H */
