/* SPDX-License-Identifier: MIT */
/*
 * settings.c - the stored settings as words, and as they are printed.
 */
#include "settings.h"

#include <inttypes.h>
#include <stdio.h>

#include "entry.h"
#include "output.h"
#include "tool.h"
#include "unit.h"

const struct args_option settings_table[SETTINGS] = { SETTINGS_OPTIONS };

/* An interval in ms; "never" and "default" are words of the library's too. */
static bool
settings_interval(const struct args_value *value, uint32_t *ms)
{
	if (value->ns == BC_TTL_NEVER) {
		*ms = BC_EXPIRE_MANUAL;
		return true;
	}
	if (value->ns < 0 || value->ns / 1000000 >= BC_EXPIRE_MANUAL) {
		tool_say("expire-interval is less than 49 days, or never");
		return false;
	}
	*ms = (uint32_t)(value->ns / 1000000);
	return true;
}

/* How long things live: "never" is what it is by default. */
static bool
settings_apply_ttl(const struct args_value *values, struct bc_config *config)
{
	const struct args_value *ttl = &values[SETTING_TTL];
	const struct args_value *cold = &values[SETTING_COLD_TTL];
	const struct args_value *interval = &values[SETTING_EXPIRE_INTERVAL];

	if (ttl->set)
		config->ttl_ns = ttl->ns == BC_TTL_NEVER ? 0 : ttl->ns;
	if (cold->set)
		config->cold_ttl_ns = cold->ns == BC_TTL_NEVER ? 0 : cold->ns;
	return !interval->set ||
	       settings_interval(interval, &config->expire_interval_ms);
}

bool
settings_apply(const struct args_value *values, struct bc_config *config)
{
	const struct args_value *value = &values[SETTING_SYNC_INTERVAL];

	if (value->set && value->number > UINT32_MAX) {
		tool_say("sync-interval is at most %" PRIu32, UINT32_MAX);
		return false;
	}
	if (value->set)
		config->sync_interval_ms = (uint32_t)value->number;
	if (!settings_apply_ttl(values, config))
		return false;
	value = &values[SETTING_DURABILITY];
	if (value->set) /* the words are in the order of the enum */
		config->durability =
			(enum bc_durability)(BC_DURABLE + value->number);
	value = &values[SETTING_WARM];
	if (value->set)
		config->warm_bytes = value->number;
	value = &values[SETTING_COLD];
	if (value->set)
		config->cold_bytes = value->number;
	value = &values[SETTING_VALUE_MAX];
	if (value->set)
		config->value_max_bytes = value->number;
	value = &values[SETTING_ENTRIES];
	if (value->set)
		config->entries_max = value->number;
	value = &values[SETTING_POLICY];
	if (value->set) /* as above */
		config->policy = (enum bc_policy)value->number;
	value = &values[SETTING_LOW];
	if (value->set && value->number > 100) {
		tool_say("low is a percentage");
		return false;
	}
	if (value->set)
		config->low_percent = (unsigned)value->number;
	return true;
}

/* The word of a durability. */
static const char *
settings_durability(enum bc_durability durability)
{
	switch (durability) {
	case BC_DURABLE:
		return "durable";
	case BC_RELAXED:
		return "relaxed";
	case BC_SCRATCH:
		return "scratch";
	case BC_DURABILITY_DEFAULT:
		break;
	}
	return "?";
}

static void
settings_print_json(const char *path, const struct bc_config *config)
{
	json_t *object = json_object();
	char id[17];

	snprintf(id, sizeof(id), "%016" PRIx64, config->cache_id);
	output_add_text(object, "path", path);
	output_add_text(object, "durability",
	                settings_durability(config->durability));
	output_add_count(object, "warm_bytes", config->warm_bytes);
	output_add_count(object, "cold_bytes", config->cold_bytes);
	output_add_count(object, "value_max_bytes", config->value_max_bytes);
	output_add_count(object, "entries_max", config->entries_max);
	output_add_count(object, "sync_interval_ms", config->sync_interval_ms);
	output_add_ns(object, "ttl_ns", config->ttl_ns != 0, config->ttl_ns);
	output_add_ns(object, "cold_ttl_ns", config->cold_ttl_ns != 0,
	              config->cold_ttl_ns);
	output_add(object, "expire_interval_ms",
	           config->expire_interval_ms == BC_EXPIRE_MANUAL
	                   ? json_null()
	                   : json_integer(config->expire_interval_ms));
	output_add_text(object, "policy", bc_policy_name(config->policy));
	output_add_count(object, "low_percent", config->low_percent);
	output_add_count(object, "format_version", config->format_version);
	output_add_text(object, "cache_id", id);
	output_add_ns(object, "created_ns", true, config->created_ns);
	output_json(object);
}

/* A time to live; 0: for ever. */
static void
settings_print_ttl(const char *name, int64_t ns)
{
	char text[UNIT_TEXT];

	output_pair(name, "%s",
	            unit_format_ttl(ns == 0 ? BC_TTL_NEVER : ns, text));
}

void
settings_print(const char *path, const struct bc_config *config, bool json)
{
	char size[UNIT_TEXT], created[BCI_TIME_TEXT];

	if (json) {
		settings_print_json(path, config);
		return;
	}
	output_pair("durability", "%s",
	            settings_durability(config->durability));
	output_pair("warm", "%s", unit_format_size(config->warm_bytes, size));
	output_pair("cold", "%s", unit_format_size(config->cold_bytes, size));
	output_pair("value-max", "%s",
	            unit_format_size(config->value_max_bytes, size));
	output_pair("entries", "%" PRIu64, config->entries_max);
	output_pair("sync-interval", "%" PRIu32 " ms",
	            config->sync_interval_ms);
	settings_print_ttl("ttl", config->ttl_ns);
	settings_print_ttl("cold-ttl", config->cold_ttl_ns);
	settings_print_ttl("expire-interval",
	                   config->expire_interval_ms == BC_EXPIRE_MANUAL
	                           ? 0
	                           : config->expire_interval_ms *
	                                     INT64_C(1000000));
	output_pair("policy", "%s", bc_policy_name(config->policy));
	output_pair("low", "%u %%",
	            config->low_percent != 0 ? config->low_percent : 85);
	output_pair("path", "%s", path);
	output_pair("format", "%" PRIu32, config->format_version);
	output_pair("id", "%016" PRIx64, config->cache_id);
	output_pair("created", "%s", entry_clock(config->created_ns, created));
}
