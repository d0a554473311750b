/* SPDX-License-Identifier: MIT */
/*
 * update_plan.c - which series are kept up to date, and what is missing of
 * them.
 *
 * Without --from a series goes on where what is known and final of it ends.
 */
#include "update.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "error.h"
#include "moment.h"

/* Intervals and gaps are asked for in an array that grows until it is enough.
 */
#define PLAN_FIRST 16

/* ------------------------------------------------------------------------ */
/*  Series                                                                  */
/* ------------------------------------------------------------------------ */

bool
update_add(struct update *update, const char *text, struct bc_error *err)
{
	struct update_key *key;

	update->keys = tool_grow(update->keys, update->key_count,
	                         sizeof(*update->keys));
	key = &update->keys[update->key_count];
	*key = (struct update_key){ 0 };
	if (bc_key_parse(text, key->parts, &key->series, err) != BC_OK)
		return false;
	if (!bci_timeframe_parse(key->series.timeframe,
	                         strlen(key->series.timeframe),
	                         &key->timeframe)) {
		bci_fail(err, BC_KEY, "%s has no timeframe", text);
		return false;
	}
	key->key = tool_copy(text);
	++update->key_count;
	return true;
}

/* Keys of a file, one a line; blank lines and those that begin with # pass. */
static enum tool_exit
plan_add_file(struct update *update, const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : fopen(path, "re");
	enum tool_exit result = TOOL_DONE;
	struct bc_error err;
	char *line = NULL;
	size_t room = 0;
	ssize_t bytes;

	if (file == NULL) {
		tool_say("%s: cannot be read: %s", path, strerror(errno));
		return TOOL_CANNOT;
	}
	while (result == TOOL_DONE &&
	       (bytes = getline(&line, &room, file)) >= 0) {
		while (bytes > 0 && strchr(" \t\r\n", line[bytes - 1]) != NULL)
			line[--bytes] = '\0';
		if (bytes == 0 || line[0] == '#')
			continue;
		if (!update_add(update, line, &err)) {
			tool_say("%s: %s", path, err.message);
			result = TOOL_USAGE;
		}
	}
	if (result == TOOL_DONE && ferror(file)) {
		tool_say("%s: cannot be read", path);
		result = TOOL_CANNOT;
	}
	free(line);
	if (!standard)
		fclose(file);
	return result;
}

/* What is listed and can be a series; others pass. */
static int
plan_listed(void *context, const struct bc_info *info)
{
	struct bc_error err;

	if (info->kind == BC_SERIES || info->kind == BC_FRAME)
		(void)update_add(context, info->key, &err);
	return 0;
}

static int
plan_compare(const void *a, const void *b)
{
	return strcmp(((const struct update_key *)a)->key,
	              ((const struct update_key *)b)->key);
}

void
update_sort(struct update *update)
{
	size_t i, kept = 0;
	struct bc_error err;

	qsort(update->keys, update->key_count, sizeof(*update->keys),
	      plan_compare);
	for (i = 0; i < update->key_count; ++i)
		if (kept != 0 && strcmp(update->keys[i].key,
		                        update->keys[kept - 1].key) == 0)
			free(update->keys[i].key);
		else
			update->keys[kept++] = update->keys[i];
	update->key_count = kept;
	for (i = 0; i < kept; ++i) {
		struct update_key *key = &update->keys[i];

		(void)!bc_key_parse(key->key, key->parts, &key->series, &err);
	}
}

enum tool_exit
update_keys(struct update *update, const char *file, const char *prefix)
{
	struct tool *tool = update->tool;
	struct bc_filter filter = { .prefix = prefix };
	enum tool_exit result;
	struct bc_error err;
	size_t i;

	for (i = 0; i < tool->args.operand_count; ++i)
		if (!update_add(update, tool->args.operands[i], &err))
			return tool_usage(tool, "%s", err.message);
	if (file != NULL) {
		result = plan_add_file(update, file);
		if (result != TOOL_DONE)
			return result;
	}
	if (prefix != NULL && tool->cache != NULL &&
	    bc_list(tool->cache, &filter, plan_listed, update, &err) != BC_OK)
		return tool_fail(&err);
	if (update->key_count != 0)
		update_sort(update);
	return TOOL_DONE;
}

/* ------------------------------------------------------------------------ */
/*  Where to begin                                                          */
/* ------------------------------------------------------------------------ */

/* The end of the last interval that is final, or the begin of all. */
static bool
plan_end_of(const struct bc_interval *intervals, size_t count, int64_t *end_ns)
{
	size_t i = count;

	if (count == 0)
		return false;
	while (i > 0 && intervals[i - 1].known == BC_KNOWN_OPEN)
		--i;
	*end_ns = i == 0 ? intervals[0].from_ns : intervals[i - 1].to_ns;
	return true;
}

/* The end of the last row of a frame. */
static bool
plan_end_of_frame(const struct update *update, const struct update_key *key,
                  int64_t *end_ns)
{
	char text[2 * BC_KEY_MAX];
	struct bc_info info;
	struct bc_error err;

	return bc_info(update->tool->cache, key->key, text, sizeof(text), &info,
	               &err) == BC_OK &&
	       info.kind == BC_FRAME && info.rows != 0 && info.schema != NULL &&
	       info.schema->has_time != 0 &&
	       bci_timeframe_move(&key->timeframe, info.last_ns, 1, end_ns);
}

/* Where what is known of a series ends; BC_MISS if nothing is. */
static enum bc_status
plan_known_end(const struct update *update, const struct update_key *key,
               int64_t *end_ns, struct bc_error *err)
{
	size_t capacity = PLAN_FIRST, count = 0;
	struct bc_interval *intervals = NULL;
	enum bc_status status = BC_MISS;

	while (update->tool->cache != NULL) {
		free(intervals);
		intervals = tool_alloc(capacity, sizeof(*intervals));
		status = bc_coverage(update->tool->cache, key->key, intervals,
		                     capacity, &count, err);
		if (status != BC_OK || count <= capacity)
			break;
		capacity = count;
	}
	if (status == BC_OK && !plan_end_of(intervals, count, end_ns))
		status = BC_MISS;
	if (status == BC_MISS && update->tool->cache != NULL &&
	    plan_end_of_frame(update, key, end_ns))
		status = BC_OK;
	free(intervals);
	return status;
}

/* ------------------------------------------------------------------------ */
/*  Ranges                                                                  */
/* ------------------------------------------------------------------------ */

/* Add a range, in pieces that are no longer than --chunk. */
static void
plan_add_range(struct update *update, size_t key, int64_t from_ns,
               int64_t to_ns)
{
	int64_t chunk_ns = update->settings.chunk_ns;

	while (from_ns < to_ns) {
		int64_t end_ns = to_ns;

		if (chunk_ns != 0 && chunk_ns < to_ns - from_ns)
			end_ns = from_ns + chunk_ns;
		update->ranges = tool_grow(update->ranges, update->range_count,
		                           sizeof(*update->ranges));
		update->ranges[update->range_count++] = (struct update_range){
			.key = key, .from_ns = from_ns, .to_ns = end_ns
		};
		++update->keys[key].count;
		from_ns = end_ns;
	}
}

/* Add what is missing of a series between two moments. */
static enum bc_status
plan_missing(struct update *update, size_t index, int64_t from_ns,
             int64_t to_ns, struct bc_error *err)
{
	const char *name = update->keys[index].key;
	size_t i, capacity = PLAN_FIRST, found = 0;
	enum bc_status status = BC_OK;
	struct bc_gap *gaps = NULL;

	if (update->tool->cache == NULL) {
		plan_add_range(update, index, from_ns, to_ns);
		return BC_OK;
	}
	do {
		capacity = found > capacity ? found : capacity;
		free(gaps);
		gaps = tool_alloc(capacity, sizeof(*gaps));
		status = bc_missing(update->tool->cache, &name, 1, from_ns,
		                    to_ns, 0, gaps, capacity, &found, err);
	} while (status == BC_OK && found > capacity);
	for (i = 0; status == BC_OK && i < found; ++i)
		plan_add_range(update, index, gaps[i].from_ns, gaps[i].to_ns);
	free(gaps);
	return status;
}

static enum tool_exit
plan_key(struct update *update, size_t index, int64_t now_ns)
{
	const struct update_settings *settings = &update->settings;
	struct update_key *key = &update->keys[index];
	/* Whole seconds, as some sources take nothing else. */
	int64_t from_ns = settings->from_ns,
		to_ns = now_ns - now_ns % BCI_SECOND_NS;
	enum bc_status status = BC_OK;
	struct bc_error err;

	key->first = update->range_count;
	key->count = 0;
	if (key->due_ns > now_ns)
		return TOOL_DONE;
	/* What is to come cannot be fetched. */
	if (settings->has_to && settings->to_ns < to_ns)
		to_ns = settings->to_ns;
	if (!settings->has_from)
		status = plan_known_end(update, key, &from_ns, &err);
	if (status == BC_MISS)
		return tool_usage(update->tool,
		                  "nothing is known of %s: --from says where "
		                  "to begin",
		                  key->key);
	if (status == BC_OK && from_ns < to_ns)
		status = plan_missing(update, index, from_ns, to_ns, &err);
	return status == BC_OK ? TOOL_DONE : tool_fail(&err);
}

enum tool_exit
update_plan(struct update *update, int64_t now_ns)
{
	enum tool_exit result = TOOL_DONE;
	size_t i;

	update_plan_free(update);
	for (i = 0; i < update->key_count && result == TOOL_DONE; ++i)
		result = plan_key(update, i, now_ns);
	return result;
}

void
update_plan_free(struct update *update)
{
	size_t i;

	for (i = 0; i < update->range_count; ++i)
		free(update->ranges[i].said);
	free(update->ranges);
	update->ranges = NULL;
	update->range_count = 0;
	update->done = 0;
	update->next_key = 0;
}
