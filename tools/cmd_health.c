/* SPDX-License-Identifier: MIT */
/*
 * cmd_health.c - barcache health: whether a cache is well, and what to do if
 * it is not; its exit status is what monitoring plugins return.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "entry.h"
#include "output.h"
#include "tool.h"
#include "unit.h"

static const char *const health_severities[] = {
	[BC_FINE] = "fine",
	[BC_WARNING] = "warning",
	[BC_CRITICAL] = "critical",
};

/* ---- JSON ---------------------------------------------------------------- */

static void
health_add_time(json_t *object, const char *name, int64_t ns)
{
	output_add_ns(object, name, ns != 0, ns);
}

static void
health_add_flags(json_t *object, const struct bc_health *health)
{
	output_add(object, "opens", json_boolean(health->opens != 0));
	output_add_text(object, "error",
	                health->opens != 0 ? NULL : health->error.message);
	output_add_count(object, "format_version", health->format_version);
	output_add(object, "writable", json_boolean(health->writable != 0));
	output_add(object, "guarded", json_boolean(health->guarded != 0));
	output_add(object, "frozen", json_boolean(health->frozen != 0));
	output_add(object, "ledger", json_boolean(health->ledger != 0));
}

static void
health_add_space(json_t *object, const struct bc_health *health)
{
	output_add(object, "map_used", json_real(health->map_used));
	output_add(object, "warm_used", json_real(health->warm_used));
	output_add(object, "cold_used", json_real(health->cold_used));
	output_add_count(object, "disk_free_bytes", health->disk_free_bytes);
	output_add_count(object, "disk_bytes", health->disk_bytes);
	output_add_count(object, "linked_bytes", health->linked_bytes);
	output_add_count(object, "budget_bytes", health->budget_bytes);
	output_add_count(object, "pinned_unlinked_bytes",
	                 health->pinned_unlinked_bytes);
	output_add_count(object, "resident_bytes", health->resident_bytes);
	output_add_count(object, "resident_of_bytes",
	                 health->resident_of_bytes);
}

static void
health_add_processes(json_t *object, const struct bc_health *health)
{
	output_add_count(object, "readers", health->readers);
	output_add_count(object, "readers_max", health->readers_max);
	output_add_count(object, "readers_stale", health->readers_stale);
	output_add_count(object, "reader_lag", health->reader_lag);
	output_add_count(object, "processes", health->processes);
	health_add_time(object, "views_since_ns", health->views_since_ns);
	output_add(object, "writer_holds",
	           json_boolean(health->writer_holds != 0));
	output_add_count(object, "writer_pid", health->writer_pid);
	health_add_time(object, "writer_since_ns", health->writer_since_ns);
	output_add(object, "writer_alive",
	           health->writer_alive < 0
	                   ? json_null()
	                   : json_boolean(health->writer_alive != 0));
}

static void
health_json(const struct bc_health *health)
{
	json_t *object = json_object(), *list = json_array();
	uint32_t i;

	output_add_text(object, "status", health_severities[health->severity]);
	health_add_flags(object, health);
	health_add_space(object, health);
	health_add_processes(object, health);
	output_add_count(object, "corrupt", health->corrupt);
	output_add_count(object, "corrupt_pending", health->corrupt_pending);
	output_add_count(object, "quarantined", health->quarantined);
	health_add_time(object, "committed_ns", health->committed_ns);
	health_add_time(object, "compacted_ns", health->compacted_ns);
	for (i = 0; i < health->advice_count; ++i) {
		const struct bc_advice *advice = &health->advice[i];
		json_t *one = json_object();

		output_add_text(one, "severity",
		                health_severities[advice->severity]);
		output_add_text(one, "name", advice->name);
		output_add_text(one, "text", advice->text);
		json_array_append_new(list, one);
	}
	output_add(object, "advice", list);
	output_json(object);
}

/* ---- for people -----------------------------------------------------------
 */

/* "12 MiB (1.2 %)" */
static void
health_print_share(const char *title, uint64_t bytes, double share)
{
	char text[UNIT_TEXT];

	output_pair(title, "%s (%.1f %%)", unit_format_bytes(bytes, text),
	            100 * share);
}

/* "3m 12s ago", "just now" or "never" */
static void
health_print_age(const char *title, int64_t ns, int64_t now_ns)
{
	const uint64_t second_ns = 1000000000;
	uint64_t age_ns = now_ns < ns ? 0 : (uint64_t)(now_ns - ns);
	char span[UNIT_SPAN_TEXT];

	if (ns == 0)
		output_pair(title, "never");
	else if (age_ns < second_ns)
		output_pair(title, "just now");
	else
		output_pair(
			title, "%s ago",
			unit_format_span(age_ns - age_ns % second_ns, span));
}

static void
health_print_writer(const struct bc_health *health, int64_t now_ns)
{
	if (health->writer_pid == 0)
		output_pair("writer", "none yet");
	else if (health->writer_holds != 0)
		output_pair("writer", "process %" PRIu64 " holds the lock",
		            health->writer_pid);
	else
		output_pair("writer", "last process %" PRIu64 "%s",
		            health->writer_pid,
		            health->writer_alive == 0 ? ", which has ended"
		                                      : "");
	health_print_age("newest put", health->committed_ns, now_ns);
	health_print_age("compacted", health->compacted_ns, now_ns);
}

static void
health_print_facts(const struct bc_health *health)
{
	int64_t now_ns = bci_clock_wall_ns();
	char text[UNIT_TEXT];

	output_pair("format", "%" PRIu32, health->format_version);
	output_pair("writable", "%s",
	            health->frozen != 0     ? "no, frozen"
	            : health->writable != 0 ? "yes"
	                                    : "no");
	output_pair("warm budget", "%.1f %% used", 100 * health->warm_used);
	output_pair("cold budget", "%.1f %% used", 100 * health->cold_used);
	output_pair("catalogue", "%.1f %% used", 100 * health->map_used);
	health_print_share("disk free", health->disk_free_bytes,
	                   health->disk_bytes == 0
	                           ? 0
	                           : (double)health->disk_free_bytes /
	                                     (double)health->disk_bytes);
	health_print_share("in memory", health->resident_bytes,
	                   health->resident_of_bytes == 0
	                           ? 0
	                           : (double)health->resident_bytes /
	                                     (double)health->resident_of_bytes);
	output_pair("kept by views", "%s",
	            unit_format_bytes(health->pinned_unlinked_bytes, text));
	output_pair("readers", "%" PRIu32 " of %" PRIu32 ", %" PRIu32 " stale",
	            health->readers, health->readers_max,
	            health->readers_stale);
	output_pair("processes", "%" PRIu32, health->processes);
	health_print_writer(health, now_ns);
	output_pair("damaged", "%" PRIu64 " segments, %" PRIu64 " to drop",
	            health->corrupt, health->corrupt_pending);
}

static void
health_print(const struct bc_health *health)
{
	uint32_t i;

	output_pair("status", "%s", health_severities[health->severity]);
	if (health->opens != 0)
		health_print_facts(health);
	else
		output_pair("error", "%s", health->error.message);
	for (i = 0; i < health->advice_count; ++i) {
		const struct bc_advice *advice = &health->advice[i];

		printf("%s: %s\n", health_severities[advice->severity],
		       advice->text);
	}
}

static enum tool_exit
health_run(struct tool *tool)
{
	const char *path = tool_path(tool);
	struct bc_health *health;
	struct bc_error err;
	int result;

	if (path == NULL)
		return TOOL_CANNOT;
	health = tool_alloc(1, sizeof(*health));
	if (bc_health(path, tool_trust(tool), health, &err) != BC_OK) {
		free(health);
		return tool_fail(&err);
	}
	if (tool->json)
		health_json(health);
	else
		health_print(health);
	/* 0, 1, 2 as monitoring plugins have it. */
	result = (int)health->severity;
	free(health);
	return (enum tool_exit)result;
}

const struct tool_command cmd_health = {
	.name = "health",
	.summary = "Say whether the cache is well, and what to do if not",
	.operands = "",
	.run = health_run,
	.notes = "Exit status, as monitoring plugins have it: 0 fine, 1 "
		 "warning, 2 critical (it does not open, or soon will fail), 3 "
		 "not to be found out.  Also of a cache that does not open.\n\n"
		 "JSON: status, opens, error (null or text), format_version, "
		 "writable, guarded, frozen, ledger, map_used, warm_used, "
		 "cold_used (0 to 1), disk_free_bytes, disk_bytes, "
		 "linked_bytes, budget_bytes, pinned_unlinked_bytes, "
		 "resident_bytes, resident_of_bytes (looked at), readers, "
		 "readers_max, readers_stale, reader_lag (commits), processes, "
		 "views_since_ns, writer_holds, writer_pid, writer_since_ns, "
		 "writer_alive (null: another container), corrupt, "
		 "corrupt_pending, quarantined, committed_ns, compacted_ns, "
		 "advice (a list of severity, name, text).",
};
