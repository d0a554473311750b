/* SPDX-License-Identifier: MIT */
/*
 * warm_fetch.c - what is missing of the series to be warmed is fetched first,
 * as barcache update does it: one run for those with the same range.
 */
#include "warm.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "update.h"

#define WARM_JOBS 4
#define WARM_RETRIES 2
#define WARM_TIMEOUT_NS (600 * BCI_SECOND_NS)
#define WARM_DELAY_NS (2 * BCI_SECOND_NS)

static struct update_settings
warm_settings(const struct bc_warm_key *range, uint64_t jobs, bool dry)
{
	return (struct update_settings){
		.import = { .keep_incomplete = true,
		            .append = { .struct_size = sizeof(
						struct bc_append_options),
		                        .flags = BC_APPEND_SUSPECT } },
		.has_from = range->from_ns != INT64_MIN,
		.has_to = range->to_ns != INT64_MAX,
		.from_ns = range->from_ns,
		.to_ns = range->to_ns,
		.timeout_ns = WARM_TIMEOUT_NS,
		.delay_ns = WARM_DELAY_NS,
		.jobs = jobs != 0 ? jobs : WARM_JOBS,
		.retries = WARM_RETRIES,
		.dry = dry,
	};
}

static bool
warm_same_range(const struct bc_warm_key *left, const struct bc_warm_key *right)
{
	return left->from_ns == right->from_ns && left->to_ns == right->to_ns;
}

/* Add a key that can be fetched. */
static void
warm_fetch_add(struct update *update, const struct bc_warm_key *key)
{
	enum bc_miss miss = BC_MISS_NONE;
	struct bc_error err;

	if (update->settings.has_from ||
	    bc_exists(update->tool->cache, key->key, &miss) == BC_OK)
		(void)update_add(update, key->key, &err);
}

/* Fetch what was added. */
static enum tool_exit
warm_fetch_run(struct update *update, int signals)
{
	enum tool_exit result = TOOL_DONE;

	if (update->key_count == 0)
		return TOOL_DONE;
	update_sort(update);
	result = update_plan(update, bci_clock_wall_ns());
	if (result != TOOL_DONE)
		return result;
	if (update->settings.dry)
		return update->range_count == 0 ? TOOL_DONE
		                                : update_report_plan(update);
	if (!update_run(update, signals)) {
		tool_progress_end();
		tool_say("interrupted");
		return TOOL_CANNOT;
	}
	tool_progress_end();
	if (update->stopped)
		return TOOL_CANNOT;
	return update->failed != 0 ? TOOL_MISS : TOOL_DONE;
}

/* All with the range of key 'first', behind which the others come. */
static enum tool_exit
warm_fetch_range(const struct warm_list *list, size_t first, struct tool *tool,
                 const char *command, uint64_t jobs, bool dry, int signals)
{
	struct update update = { .tool = tool,
		                 .lock = PTHREAD_MUTEX_INITIALIZER };
	enum tool_exit result;
	struct bc_error err;
	size_t i;

	update.settings = warm_settings(&list->keys[first], jobs, dry);
	if (template_parse(command, false, &update.settings.command, &err) !=
	    BC_OK)
		return tool_usage(tool, "%s", err.message);
	for (i = first; i < list->count; ++i)
		if (warm_same_range(&list->keys[i], &list->keys[first]))
			warm_fetch_add(&update, &list->keys[i]);
	if (update_events_open(&update)) {
		result = warm_fetch_run(&update, signals);
		update_events_close(&update);
	} else {
		result = TOOL_CANNOT;
	}
	update_free(&update);
	return result;
}

/* Whether a key before has the same range: then it was fetched with it. */
static bool
warm_fetched(const struct warm_list *list, size_t index)
{
	size_t i;

	for (i = 0; i < index; ++i)
		if (warm_same_range(&list->keys[i], &list->keys[index]))
			return true;
	return false;
}

enum tool_exit
warm_fetch(const struct warm_list *list, struct tool *tool, const char *command,
           uint64_t jobs, bool dry)
{
	enum tool_exit result = TOOL_DONE, one;
	struct tool plain = *tool;
	sigset_t before;
	int signals;
	size_t i;

	/* Ranges are reported by what becomes of the entries. */
	plain.json = tool->json && dry;
	pthread_sigmask(SIG_BLOCK, NULL, &before);
	signals = update_signals();
	for (i = 0;
	     i < list->count && (result == TOOL_DONE || result == TOOL_MISS);
	     ++i) {
		if (warm_fetched(list, i))
			continue;
		one = warm_fetch_range(list, i, &plain, command, jobs, dry,
		                       signals);
		if (one != TOOL_DONE)
			result = one;
	}
	close(signals);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return result;
}
