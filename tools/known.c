/* SPDX-License-Identifier: MIT */
/*
 * known.c - what is known of a range of an entry, and what is not.
 *
 * A series says what was fetched (bc_coverage), and what has to be fetched
 * again (bc_missing), which is more than the rest where stored bytes are
 * damaged.  The two are read one after the other, so a fetch between them may
 * leave a stretch that is known and missing: then it is shown as missing, as
 * it was a moment ago.
 */
#include "known.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "interval.h"
#include "moment.h"
#include "output.h"

/* Stretches that known_say() tells one by one. */
#define KNOWN_SAID 3

enum tool_exit
known_info(const struct tool *tool, const char *key, char text[BC_KEY_MAX + 1],
           struct bc_info *info)
{
	enum bc_miss miss = BC_MISS_NONE;
	struct bc_error err;

	switch (bc_info(tool->cache, key, text, BC_KEY_MAX + 1, info, &err)) {
	case BC_OK:
		break;
	case BC_MISS:
		if (bc_exists(tool->cache, key, &miss) == BC_OK)
			miss = BC_MISS_ABSENT; /* it came just now */
		return tool_miss(key, miss);
	default:
		return tool_fail(&err);
	}
	if (info->kind == BC_FRAME || info->kind == BC_SERIES)
		return TOOL_DONE;
	tool_say("%s has no rows in time: `barcache get` prints it", key);
	return TOOL_CANNOT;
}

bool
known_timeframe(const struct bc_info *info, struct bci_timeframe *timeframe)
{
	char text[BC_KEY_MAX + 8];
	struct bc_series series;

	if (bc_key_parse(info->key, text, &series, NULL) == BC_OK &&
	    bci_timeframe_parse(series.timeframe, strlen(series.timeframe),
	                        timeframe))
		return true;
	*timeframe = (struct bci_timeframe){ .step_ns = info->step_ns };
	return info->step_ns > 0;
}

/* What a frame holds, as a set of one interval. */
static enum bc_status
known_frame(const struct bc_info *info, struct bci_intervals *set)
{
	struct bci_timeframe timeframe;
	int64_t end_ns;

	if (info->rows == 0)
		return BC_OK;
	if (!known_timeframe(info, &timeframe) ||
	    !bci_timeframe_move(&timeframe, info->last_ns, 1, &end_ns))
		end_ns = info->last_ns + (info->last_ns != INT64_MAX);
	return bci_intervals_set(set, info->first_ns, end_ns, BC_KNOWN_BARS);
}

/* What was fetched of a series. */
static enum bc_status
known_series(const struct tool *tool, const char *key,
             struct bci_intervals *set, struct bc_error *err)
{
	struct bc_interval *items = NULL;
	size_t capacity, count = 0, i;
	enum bc_status status;

	do {
		free(items);
		capacity = count;
		items = tool_alloc(capacity, sizeof(*items));
		status = bc_coverage(tool->cache, key, items, capacity, &count,
		                     err);
	} while (status == BC_OK && count > capacity);
	for (i = 0; status == BC_OK && i < count; ++i)
		status = bci_intervals_set(set, items[i].from_ns,
		                           items[i].to_ns, items[i].known);
	free(items);
	return status;
}

/* Take away what is to be fetched again though it was fetched before. */
static enum bc_status
known_without_missing(const struct tool *tool, const char *key,
                      const struct bci_range *range, struct bci_intervals *set,
                      struct bc_error *err)
{
	size_t capacity, found = 0, i;
	struct bc_gap *gaps = NULL;
	enum bc_status status;

	do {
		free(gaps);
		capacity = found;
		gaps = tool_alloc(capacity, sizeof(*gaps));
		status = bc_missing(tool->cache, &key, 1, range->from_ns,
		                    range->to_ns, BC_MISSING_SETTLED, gaps,
		                    capacity, &found, err);
	} while (status == BC_OK && found > capacity);
	for (i = 0; status == BC_OK && i < found; ++i)
		status = bci_intervals_remove(set, gaps[i].from_ns,
		                              gaps[i].to_ns);
	free(gaps);
	return status;
}

static void
known_add(struct known *known, int64_t from_ns, int64_t to_ns,
          enum bc_known kind)
{
	known->items =
		tool_grow(known->items, known->count, sizeof(*known->items));
	known->items[known->count++] =
		(struct bc_interval){ from_ns, to_ns, kind };
}

/* The set, which lies within the range, with what lies between. */
static void
known_fill(struct known *known, const struct bci_intervals *set,
           const struct bci_range *range)
{
	int64_t at_ns = range->from_ns;
	size_t i;

	for (i = 0; i < set->count; ++i) {
		const struct bc_interval *item = &set->items[i];

		if (at_ns < item->from_ns)
			known_add(known, at_ns, item->from_ns,
			          BC_KNOWN_NOTHING);
		known_add(known, item->from_ns, item->to_ns, item->known);
		at_ns = item->to_ns;
	}
	if (at_ns < range->to_ns)
		known_add(known, at_ns, range->to_ns, BC_KNOWN_NOTHING);
}

/*
 * Put the ends of what is known where the range is open.  Of nothing known the
 * open range is empty.
 */
static void
known_close(struct bci_range *range, const struct bci_intervals *set)
{
	const struct bc_interval *items = set->items;

	if (range->from_ns == INT64_MIN && set->count != 0)
		range->from_ns = items[0].from_ns;
	else if (range->from_ns == INT64_MIN)
		range->from_ns = range->to_ns;
	if (range->to_ns == INT64_MAX && set->count != 0)
		range->to_ns = items[set->count - 1].to_ns;
	else if (range->to_ns == INT64_MAX)
		range->to_ns = range->from_ns;
	if (range->to_ns < range->from_ns)
		range->to_ns = range->from_ns;
}

/* Forget what lies outside of the range. */
static enum bc_status
known_clip(struct bci_intervals *set, const struct bci_range *range)
{
	enum bc_status status =
		bci_intervals_remove(set, INT64_MIN, range->from_ns);

	if (status == BC_OK)
		status = bci_intervals_remove(set, range->to_ns, INT64_MAX);
	return status;
}

enum tool_exit
known_read(const struct tool *tool, const struct bc_info *info,
           struct bci_range *range, struct known *known)
{
	struct bci_intervals set = { .allocator = &bci_allocator_default };
	enum tool_exit result = TOOL_DONE;
	enum bc_status status;
	struct bc_error err;

	*known = (struct known){ 0 };
	if (info->kind == BC_SERIES)
		status = known_series(tool, info->key, &set, &err);
	else
		status = known_frame(info, &set);
	if (status == BC_OK) {
		known_close(range, &set);
		status = known_clip(&set, range);
	}
	if (status == BC_OK && info->kind == BC_SERIES)
		status = known_without_missing(tool, info->key, range, &set,
		                               &err);
	if (status == BC_OK)
		known_fill(known, &set, range);
	else if (status == BC_MISS)
		result = tool_miss(info->key, BC_MISS_ABSENT);
	else {
		tool_say("cannot tell what is known of %s: %s", info->key,
		         bc_strerror(status));
		result = TOOL_CANNOT;
	}
	bci_intervals_free(&set);
	return result;
}

void
known_free(struct known *known)
{
	free(known->items);
	*known = (struct known){ 0 };
}

size_t
known_missing(const struct known *known)
{
	size_t i, count = 0;

	for (i = 0; i < known->count; ++i)
		count += known->items[i].known == BC_KNOWN_NOTHING;
	return count;
}

void
known_say(const struct known *known, const char *key)
{
	char from[BCI_TIME_TEXT], to[BCI_TIME_TEXT];
	size_t i, said = 0;

	for (i = 0; i < known->count && said < KNOWN_SAID; ++i) {
		const struct bc_interval *item = &known->items[i];

		if (item->known != BC_KNOWN_NOTHING)
			continue;
		bci_time_format(item->from_ns, from);
		bci_time_format(item->to_ns, to);
		tool_say("%s: not known: %s to %s", key, from, to);
		++said;
	}
	if (known_missing(known) > said)
		tool_say("%s: not known: %zu more, which barcache gaps lists",
		         key, known_missing(known) - said);
}

json_t *
known_json(const struct known *known)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < known->count; ++i) {
		const struct bc_interval *item = &known->items[i];
		json_t *object;

		if (item->known != BC_KNOWN_NOTHING)
			continue;
		object = json_object();
		output_add_ns(object, "from_ns", true, item->from_ns);
		output_add_ns(object, "to_ns", true, item->to_ns);
		json_array_append_new(list, object);
	}
	return list;
}
