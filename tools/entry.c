/* SPDX-License-Identifier: MIT */
/*
 * entry.c - what is known of an entry, as words and as JSON.
 *
 * Counts, bytes and nanoseconds are integers in JSON; identifiers (a digest, a
 * dataset) are strings, since 64 unsigned bits do not fit the integers of most
 * readers of JSON.  What does not apply is null.
 */
#include "entry.h"

#include <inttypes.h>
#include <stdio.h>

#include "clock.h"
#include "output.h"

const char *
entry_kind(enum bc_kind kind)
{
	switch (kind) {
	case BC_FRAME:
		return "frame";
	case BC_BLOB:
		return "blob";
	case BC_ARRAYS:
		return "arrays";
	case BC_SERIES:
		return "series";
	}
	return "?";
}

const char *
entry_tier(enum bc_tier tier)
{
	static const char *const names[BC_TIERS] = { "none", "hot", "warm",
		                                     "cold" };

	return (unsigned)tier < BC_TIERS ? names[tier] : "?";
}

bool
entry_has_times(const struct bc_info *info)
{
	return (info->kind == BC_FRAME || info->kind == BC_SERIES) &&
	       info->rows != 0;
}

const char *
entry_time(bool known, int64_t ns, char text[BCI_TIME_TEXT])
{
	if (known)
		bci_time_format(ns, text);
	else
		snprintf(text, BCI_TIME_TEXT, "-");
	return text;
}

const char *
entry_clock(int64_t ns, char text[BCI_TIME_TEXT])
{
	bci_time_format(ns - ns % BCI_SECOND_NS, text);
	return text;
}

const char *
entry_digest(const struct bc_info *info, char text[33])
{
	size_t i;

	for (i = 0; i < sizeof(info->digest); ++i)
		snprintf(text + 2 * i, 3, "%02x", info->digest[i]);
	return text;
}

/* [{"name": "time", "type": "i64"}, ...], or null for a blob. */
static json_t *
entry_json_columns(const struct bc_schema *schema)
{
	json_t *columns;
	uint32_t i;

	if (schema == NULL)
		return json_null();
	columns = json_array();
	for (i = 0; i < schema->column_count; ++i) {
		json_t *column = json_object();

		output_add_text(column, "name", schema->columns[i].name);
		output_add_text(column, "type",
		                bc_type_name(schema->columns[i].type));
		json_array_append_new(columns, column);
	}
	return columns;
}

/* A bc_label_function: add a label to the list of its kind. */
static int
entry_add_label(void *context, const struct bc_label *label)
{
	json_t **lists = context;

	json_array_append_new(lists[label->kind],
	                      output_json_text(label->text));
	return 0;
}

static void
entry_json_labels(struct bc_cache *cache, const struct bc_info *info,
                  json_t *object)
{
	json_t *lists[BC_LABEL_PARENT + 1];
	enum bc_label_kind kind;

	for (kind = BC_LABEL_TAG; kind <= BC_LABEL_PARENT; ++kind)
		lists[kind] = json_array();
	/* Where that fails, because it is gone by now, it has none. */
	if (info->labelled && bc_labels(cache, info->key, 0, entry_add_label,
	                                lists, NULL) != BC_OK)
		json_array_clear(lists[BC_LABEL_TAG]);
	output_add(object, "pinned", json_boolean(info->pinned != 0));
	output_add(object, "tags", lists[BC_LABEL_TAG]);
	output_add(object, "backtests", lists[BC_LABEL_BACKTEST]);
	output_add(object, "parents", lists[BC_LABEL_PARENT]);
}

json_t *
entry_json(struct bc_cache *cache, const struct bc_info *info)
{
	json_t *object = json_object(), *request = NULL;
	bool times = entry_has_times(info), series = info->kind == BC_SERIES;
	char digest[33], dataset[24];

	snprintf(dataset, sizeof(dataset), "%" PRIu64, info->dataset_id);
	if (info->request != NULL)
		request = json_loads(info->request, 0, NULL);
	output_add_text(object, "key", info->key);
	output_add_text(object, "kind", entry_kind(info->kind));
	output_add_text(object, "tier", entry_tier(info->tier));
	output_add_count(object, "id", info->id);
	output_add_count(object, "revision", info->revision);
	output_add_count(object, "rows", info->rows);
	output_add_ns(object, "first_ns", times, info->first_ns);
	output_add_ns(object, "last_ns", times, info->last_ns);
	output_add_ns(object, "step_ns", info->step_ns != 0, info->step_ns);
	output_add_ns(object, "created_ns", true, info->created_ns);
	output_add_ns(object, "updated_ns", true, info->updated_ns);
	output_add_ns(object, "expires_ns", info->expires_ns != 0,
	              info->expires_ns);
	output_add_ns(object, "ttl_ns",
	              info->ttl_ns > 0 && info->ttl_ns != BC_TTL_NEVER,
	              info->ttl_ns);
	output_add_ns(object, "refresh_ns", info->refresh_ns != 0,
	              info->refresh_ns);
	output_add_ns(object, "accessed_ns", info->accessed_ns != 0,
	              info->accessed_ns);
	output_add_count(object, "access_count", info->access_count);
	output_add_text(object, "dataset_id", dataset);
	output_add_count(object, "cost_ns", info->cost_ns);
	output_add_count(object, "suspect_rows", info->suspect_rows);
	output_add_count(object, "payload_bytes", info->payload_bytes);
	output_add_count(object, "stored_bytes", info->stored_bytes);
	output_add_count(object, "raw_bytes", info->raw_bytes);
	output_add_count(object, "cold_bytes", info->cold_bytes);
	output_add_count(object, "cold_segments", info->cold_segments);
	output_add_count(object, "segment_count", info->segment_count);
	output_add(object, "open_rows",
	           series ? json_integer(info->open_rows) : json_null());
	output_add(object, "tail_rows",
	           series ? json_integer((json_int_t)info->tail_rows)
	                  : json_null());
	output_add(object, "interval_count",
	           series ? json_integer((json_int_t)info->interval_count)
	                  : json_null());
	if (series)
		output_add(object, "digest", json_null());
	else
		output_add_text(object, "digest", entry_digest(info, digest));
	output_add(object, "request", request != NULL ? request : json_null());
	output_add(object, "columns", entry_json_columns(info->schema));
	entry_json_labels(cache, info, object);
	return object;
}
