/* SPDX-License-Identifier: MIT */
/*
 * cmd_info.c - barcache info: all that is known of one entry.
 */
#include "barcache.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compression.h"
#include "entry.h"
#include "output.h"
#include "timeframe.h"
#include "tool.h"
#include "unit.h"

/* A long request of thousands of symbols fits. */
#define INFO_TEXT_BYTES (1024 * 1024)

/* A line of labels. */
#define INFO_LABELS_BYTES (64 * 1024)

/* "time i64, open f64, ..." */
static void
info_print_columns(const struct bc_schema *schema)
{
	char *text = NULL;
	size_t bytes = 0;
	FILE *file;
	uint32_t i;

	if (schema == NULL)
		return;
	file = open_memstream(&text, &bytes);
	if (file == NULL)
		return;
	for (i = 0; i < schema->column_count; ++i)
		fprintf(file, "%s%s %s", i == 0 ? "" : ", ",
		        schema->columns[i].name,
		        bc_type_name(schema->columns[i].type));
	fclose(file);
	output_pair("columns", "%s", text);
	free(text);
}

/* What only a series has. */
static void
info_print_series(const struct bc_info *info)
{
	if (info->open_rows != 0)
		output_pair("open", "the last row may yet change");
	output_pair("known", "%" PRIu64 " interval%s of time",
	            info->interval_count, info->interval_count == 1 ? "" : "s");
	output_pair("tail", "%" PRIu64 " row%s in no segment yet",
	            info->tail_rows, info->tail_rows == 1 ? "" : "s");
}

/* Rows and times of a frame, a series or arrays. */
static void
info_print_rows(const struct bc_info *info)
{
	char time[BCI_TIME_TEXT], name[BCI_TIMEFRAME_TEXT] = "";
	bool known = entry_has_times(info);
	struct bci_timeframe step;

	if (info->kind == BC_BLOB)
		return;
	output_pair("rows", "%" PRIu64, info->rows);
	if (info->kind != BC_ARRAYS) {
		output_pair("first", "%s",
		            entry_time(known, info->first_ns, time));
		output_pair("last", "%s",
		            entry_time(known, info->last_ns, time));
		if (info->step_ns != 0 &&
		    bci_timeframe_of_step(info->step_ns, &step))
			bci_timeframe_name(&step, name);
		output_pair("step", "%s",
		            *name != '\0'        ? name
		            : info->step_ns != 0 ? "constant"
		                                 : "varies");
	}
	if (info->kind == BC_SERIES)
		info_print_series(info);
	info_print_columns(info->schema);
	if (info->suspect_rows != 0)
		output_pair("suspect", "%" PRIu64 " rows", info->suspect_rows);
}

/* "a, b", as far as it goes. */
static int
info_add_label(void *context, const struct bc_label *label)
{
	char *text = context;
	size_t used = strlen(text);

	snprintf(text + used, INFO_LABELS_BYTES - used, "%s%s",
	         used != 0 ? ", " : "", label->text);
	return 0;
}

static void
info_print_labels(struct bc_cache *cache, const struct bc_info *info)
{
	static const char *const names[] = {
		[BC_LABEL_TAG] = "tags",
		[BC_LABEL_BACKTEST] = "backtests",
		[BC_LABEL_PARENT] = "made of",
	};
	char *text = tool_alloc(INFO_LABELS_BYTES, 1);
	enum bc_label_kind kind;

	for (kind = BC_LABEL_TAG; kind <= BC_LABEL_PARENT; ++kind) {
		*text = '\0';
		if (info->labelled &&
		    bc_labels(cache, info->key, kind, info_add_label, text,
		              NULL) == BC_OK &&
		    *text != '\0')
			output_pair(names[kind], "%s", text);
	}
	free(text);
	if (info->pinned)
		output_pair("pinned", "yes");
}

/* What packing gave, and by which codecs. */
static void
info_print_packed(struct bc_cache *cache, const struct bc_info *info)
{
	struct bc_compression compression;
	char size[UNIT_TEXT];

	output_pair("unpacked", "%" PRIu64 " (%s), %" PRIu32 " segment%s cold",
	            info->raw_bytes, unit_format_bytes(info->raw_bytes, size),
	            info->cold_segments, info->cold_segments == 1 ? "" : "s");
	if (bc_compression(cache, info->key, &compression, NULL) == BC_OK)
		compression_print(&compression);
}

static void
info_print(struct bc_cache *cache, const struct bc_info *info)
{
	char time[BCI_TIME_TEXT], size[UNIT_TEXT], digest[33];

	output_pair("key", "%s", info->key);
	output_pair("kind", "%s", entry_kind(info->kind));
	info_print_rows(info);
	output_pair("bytes", "%" PRIu64 " (%s)", info->payload_bytes,
	            unit_format_bytes(info->payload_bytes, size));
	output_pair("stored", "%" PRIu64 " (%s), %s, %" PRIu32 " segment%s",
	            info->stored_bytes,
	            unit_format_bytes(info->stored_bytes, size),
	            entry_tier(info->tier), info->segment_count,
	            info->segment_count == 1 ? "" : "s");
	if (info->cold_segments != 0)
		info_print_packed(cache, info);
	output_pair("created", "%s", entry_clock(info->created_ns, time));
	output_pair("updated", "%s, revision %" PRIu64,
	            entry_clock(info->updated_ns, time), info->revision);
	output_pair("accessed", "%s, %" PRIu64 " time%s",
	            info->accessed_ns == 0
	                    ? "never"
	                    : entry_clock(info->accessed_ns, time),
	            info->access_count, info->access_count == 1 ? "" : "s");
	output_pair("expires", "%s",
	            info->expires_ns == 0
	                    ? "never"
	                    : entry_clock(info->expires_ns, time));
	if (info->refresh_ns != 0)
		output_pair("fresh until", "%s",
		            info->refresh_ns == INT64_MAX
		                    ? "always"
		                    : entry_clock(info->refresh_ns, time));
	output_pair("dataset", "%" PRIu64, info->dataset_id);
	info_print_labels(cache, info);
	if (info->kind != BC_SERIES)
		output_pair("digest", "%s", entry_digest(info, digest));
	if (info->request != NULL)
		output_pair("request", "%s", info->request);
}

static void
info_json(struct bc_cache *cache, const struct bc_info *info)
{
	struct bc_compression compression;
	json_t *object = entry_json(cache, info);

	if (bc_compression(cache, info->key, &compression, NULL) == BC_OK)
		output_add(object, "compression",
		           compression_json(&compression));
	output_json(object);
}

static enum tool_exit
info_run(struct tool *tool)
{
	const char *key = tool->args.operands[0];
	char *text = tool_alloc(INFO_TEXT_BYTES, 1);
	enum bc_miss miss = BC_MISS_NONE;
	struct bc_info info;
	struct bc_error err;
	enum tool_exit result;

	result = tool_open(tool, TOOL_READ, NULL);
	if (result != TOOL_DONE)
		goto done;
	switch (bc_info(tool->cache, key, text, INFO_TEXT_BYTES, &info, &err)) {
	case BC_OK:
		if (tool->json)
			info_json(tool->cache, &info);
		else
			info_print(tool->cache, &info);
		break;
	case BC_MISS:
		if (bc_exists(tool->cache, key, &miss) == BC_OK)
			miss = BC_MISS_ABSENT; /* it came just now */
		result = tool_miss(key, miss);
		break;
	default:
		result = tool_fail(&err);
	}
done:
	free(text);
	return result;
}

const struct tool_command cmd_info = {
	.name = "info",
	.summary = "Show all that is known of an entry",
	.operands = "KEY",
	.operands_min = 1,
	.operands_max = 1,
	.run = info_run,
	.notes = "Looking counts as no access.\n\n"
		 "JSON: key, kind (frame, blob, arrays, series), tier, id, "
		 "revision, rows, first_ns, last_ns, step_ns, created_ns, "
		 "updated_ns, expires_ns, ttl_ns, refresh_ns, accessed_ns, "
		 "access_count, "
		 "dataset_id (text), cost_ns, suspect_rows, payload_bytes, "
		 "stored_bytes, raw_bytes (if nothing was packed), "
		 "cold_bytes, cold_segments, compression (as in stats), "
		 "segment_count, open_rows (1: the last row "
		 "may yet change), tail_rows (in no segment yet), "
		 "interval_count (of what is known), digest, request (an "
		 "object), columns (name and type each), pinned, tags, "
		 "backtests, parents (keys of what it was made of).  What "
		 "does not apply is null.",
};
