/* SPDX-License-Identifier: MIT */
/*
 * settings.h - what is stored with a cache and can be changed: the options of
 * barcache init, which are the names of barcache config.
 */
#ifndef TOOL_SETTINGS_H
#define TOOL_SETTINGS_H

#include "barcache.h"

#include "args.h"

enum setting {
	SETTING_DURABILITY,
	SETTING_WARM,
	SETTING_COLD,
	SETTING_VALUE_MAX,
	SETTING_ENTRIES,
	SETTING_SYNC_INTERVAL,
	SETTING_TTL,
	SETTING_COLD_TTL,
	SETTING_EXPIRE_INTERVAL,
	SETTING_POLICY,
	SETTING_LOW,
	SETTINGS
};

/* The names of policies, in the order of the enum. */
#define SETTINGS_POLICIES                                                      \
	"default|lru|size|hybrid|score|s3fifo|gdsf|adaptive"

/* The rows of an option table. */
#define SETTINGS_OPTIONS                                                       \
	[SETTING_DURABILITY] = { "durability", ARGS_CHOICE,                    \
		                 "durable|relaxed|scratch",                    \
		                 "What a put survives: durable a power "       \
		                 "cut, relaxed the end of a process, "         \
		                 "scratch that but no reboot" },               \
	[SETTING_WARM] = { "warm", ARGS_SIZE, "SIZE",                          \
		           "Budget of the warm files, which are read in "      \
		           "place" },                                          \
	[SETTING_COLD] = { "cold", ARGS_SIZE, "SIZE",                          \
		           "Budget of the cold files, which are packed" },     \
	[SETTING_VALUE_MAX] = { "value-max", ARGS_SIZE, "SIZE",                \
		                "Largest value that is accepted" },            \
	[SETTING_ENTRIES] = { "entries", ARGS_COUNT, "N",                      \
		              "Most entries that are accepted" },              \
	[SETTING_SYNC_INTERVAL] = { "sync-interval", ARGS_COUNT, "MS",         \
		                    "Milliseconds that a power cut may cost "  \
		                    "when relaxed" },                          \
	[SETTING_TTL] = { "ttl", ARGS_TTL, "TTL",                              \
		          "Time to live of what no rule names, never by "      \
		          "default" },                                         \
	[SETTING_COLD_TTL] = { "cold-ttl", ARGS_TTL, "TTL",                    \
		               "Most that something lives once it is "         \
		               "packed, never by default" },                   \
	[SETTING_EXPIRE_INTERVAL] = {                                          \
		"expire-interval", ARGS_TTL, "TTL",                            \
		"How often puts remove a little of what has expired, 5m by "   \
		"default; never"                                               \
	},                                                                     \
	[SETTING_POLICY] = { "policy", ARGS_CHOICE, SETTINGS_POLICIES,         \
		             "What goes first once a budget is used up" },     \
	[SETTING_LOW] = { "low", ARGS_COUNT, "PERCENT",                        \
		          "How much of a budget eviction leaves" }

extern const struct args_option settings_table[SETTINGS];

/*
 * Write the values that are set into *config; 'values' is indexed by enum
 * setting.  False after a message.
 */
bool settings_apply(const struct args_value *values, struct bc_config *config);

/* Print the settings and the facts of the cache at 'path'. */
void settings_print(const char *path, const struct bc_config *config,
                    bool json);

#endif /* TOOL_SETTINGS_H */
