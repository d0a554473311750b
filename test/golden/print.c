/* SPDX-License-Identifier: MIT */
/*
 * print.c - what a cache holds, as text that another reader can compare with
 * its own.  Columns and blobs are shown by their first and last bytes and by a
 * hash (FNV-1a), which any language has in three lines.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE 1
#endif

#include "barcache.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "content.h"

#define TEXT_BYTES 65536

struct print {
	struct bc_cache *cache;
	FILE *out;
	char *text; /* TEXT_BYTES, for keys and requests */
	bool first;
	enum bc_status status;
};

/* ---- parts ------------------------------------------------------------- */

static void
print_string(FILE *out, const char *text, size_t bytes)
{
	fputc('"', out);
	for (size_t i = 0; i < bytes; i++) {
		if (text[i] == '"' || text[i] == '\\')
			fputc('\\', out);
		fputc(text[i], out);
	}
	fputc('"', out);
}

/* Up to eight bytes from each end, and the hash of all. */
static void
print_bytes(FILE *out, const unsigned char *data, uint64_t bytes)
{
	uint64_t hash = 0xcbf29ce484222325, part = bytes < 8 ? bytes : 8;

	for (uint64_t i = 0; i < bytes; i++)
		hash = (hash ^ data[i]) * 0x100000001b3;
	fprintf(out, "\"first\": \"");
	for (uint64_t i = 0; i < part; i++)
		fprintf(out, "%02x", data[i]);
	fprintf(out, "\", \"last\": \"");
	for (uint64_t i = bytes - part; i < bytes; i++)
		fprintf(out, "%02x", data[i]);
	fprintf(out, "\", \"fnv1a\": \"%016" PRIx64 "\"", hash);
}

static void
print_dictionary(FILE *out, const struct bc_view *view, uint32_t column)
{
	uint32_t count = bc_view_text_count(view, column);

	fprintf(out, ", \"dictionary\": [");
	for (uint32_t i = 0; i < count; i++) {
		size_t bytes = 0;
		const char *text = bc_view_text(view, column, i, &bytes);

		fprintf(out, i != 0 ? ", " : "");
		print_string(out, text, bytes);
	}
	fprintf(out, "]");
}

static void
print_columns(FILE *out, const struct bc_view *view)
{
	const struct bc_schema *schema = view->schema;

	fprintf(out, "   \"columns\": [");
	for (uint32_t i = 0; i < schema->column_count; i++) {
		const struct bc_schema_column *column = &schema->columns[i];

		fprintf(out, "%s\n    {\"name\": \"%s\", \"type\": \"%s\", ",
		        i != 0 ? "," : "", column->name,
		        bc_type_name(column->type));
		print_bytes(out, bc_view_column(view, i),
		            view->rows * column->bytes);
		if (column->type == BC_TEXT)
			print_dictionary(out, view, i);
		fprintf(out, "}");
	}
	fprintf(out, "]");
}

static void
print_info(FILE *out, const struct bc_info *info)
{
	static const char *const kinds[] = {
		[BC_FRAME] = "frame", [BC_BLOB] = "blob",
		[BC_ARRAYS] = "arrays", [BC_SERIES] = "series"
	};

	fprintf(out, "  {\"key\": ");
	print_string(out, info->key, strlen(info->key));
	fprintf(out, ",\n   \"kind\": \"%s\", \"id\": %" PRIu64
	        ", \"revision\": %" PRIu64 ", \"rows\": %" PRIu64 ",\n",
	        kinds[info->kind], info->id, info->revision, info->rows);
	fprintf(out, "   \"first_ns\": %" PRId64 ", \"last_ns\": %" PRId64
	        ", \"step_ns\": %" PRId64 ",\n",
	        info->first_ns, info->last_ns, info->step_ns);
	fprintf(out, "   \"created_ns\": %" PRId64 ", \"updated_ns\": %" PRId64
	        ", \"expires_ns\": %" PRId64 ",\n",
	        info->created_ns, info->updated_ns, info->expires_ns);
	fprintf(out, "   \"dataset_id\": %" PRIu64 ", \"cost_ns\": %" PRIu64
	        ", \"suspect_rows\": %" PRIu64 ",\n",
	        info->dataset_id, info->cost_ns, info->suspect_rows);
	fprintf(out, "   \"payload_bytes\": %" PRIu64 ", \"stored_bytes\": %"
	        PRIu64 ",\n",
	        info->payload_bytes, info->stored_bytes);
	if (info->kind == BC_SERIES) {
		fprintf(out, "   \"segments\": %" PRIu32 ", \"tail_rows\": %"
		        PRIu64 ", \"open_rows\": %" PRIu32 ",\n",
		        info->segment_count, info->tail_rows, info->open_rows);
	} else {
		fprintf(out, "   \"digest\": \"");
		for (size_t i = 0; i < sizeof(info->digest); i++)
			fprintf(out, "%02x", info->digest[i]);
		fprintf(out, "\",\n");
	}
	fprintf(out, "   \"request\": ");
	if (info->request == NULL)
		fprintf(out, "null");
	else
		print_string(out, info->request, strlen(info->request));
	fprintf(out, ",\n");
}

/* What is known of a series, as a list of [from, to, kind]. */
static enum bc_status
print_known(FILE *out, struct bc_cache *cache, const char *key)
{
	static const char *const kinds[] = { [BC_KNOWN_BARS] = "bars",
		                             [BC_KNOWN_EMPTY] = "empty",
		                             [BC_KNOWN_OPEN] = "open" };
	struct bc_interval known[16];
	size_t count;
	enum bc_status status =
		bc_coverage(cache, key, known, 16, &count, NULL);

	if (status != BC_OK || count > 16)
		return BC_INVALID;
	fprintf(out, "   \"known\": [");
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s[%" PRId64 ", %" PRId64 ", \"%s\"]",
		        i != 0 ? ", " : "", known[i].from_ns, known[i].to_ns,
		        kinds[known[i].known]);
	fprintf(out, "],\n");
	return BC_OK;
}

/* ---- all --------------------------------------------------------------- */

/* One entry; a listing has less room for requests than bc_info(). */
static int
print_entry(void *context, const struct bc_info *listed)
{
	struct print *print = context;
	struct bc_info info;
	struct bc_view view;

	print->status = bc_info(print->cache, listed->key, print->text,
	                        TEXT_BYTES, &info, NULL);
	if (print->status == BC_OK && info.kind == BC_SERIES)
		print->status = bc_read(print->cache, listed->key, INT64_MIN,
		                        INT64_MAX, NULL,
		                        BC_READ_PARTIAL | BC_READ_OPEN, &view);
	else if (print->status == BC_OK)
		print->status = bc_get(print->cache, listed->key, &view);
	if (print->status != BC_OK)
		return 1;
	fprintf(print->out, print->first ? "\n" : ",\n");
	print->first = false;
	print_info(print->out, &info);
	if (info.kind == BC_SERIES)
		print->status = print_known(print->out, print->cache, info.key);
	if (info.kind == BC_BLOB) {
		fprintf(print->out, "   ");
		print_bytes(print->out, view.data, view.bytes);
	} else if (info.schema == NULL) {
		fprintf(print->out, "   \"columns\": []");
	} else {
		print_columns(print->out, &view);
	}
	fprintf(print->out, "}");
	bc_view_release(&view);
	return 0;
}

enum bc_status
golden_print(struct bc_cache *cache, FILE *out, struct bc_error *err)
{
	struct print print = { .cache = cache, .out = out, .first = true };
	struct bc_config config;
	enum bc_status status;

	status = bc_config_get(cache, &config, err);
	if (status != BC_OK)
		return status;
	print.text = malloc(TEXT_BYTES);
	if (print.text == NULL)
		return BC_NOMEM;
	fprintf(out, "{\"format_version\": %" PRIu32 ", \"cache_id\": %" PRIu64
	        ", \"created_ns\": %" PRId64 ",\n \"entries\": [",
	        config.format_version, config.cache_id, config.created_ns);
	status = bc_list(cache, NULL, print_entry, &print, err);
	fprintf(out, "]}\n");
	free(print.text);
	return status == BC_OK ? print.status : status;
}
