/* SPDX-License-Identifier: MIT */
/*
 * cmd_pack.c - barcache pack: what packing would make of the columns of an
 * entry, or of a file that could be imported.
 *
 * Columns that are packed together (the four prices of bars) are one line.  All
 * of them are packed with one codec at a time, and then with whichever takes
 * the fewest bytes, which is what the cold tier does.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "import.h"
#include "input.h"
#include "output.h"
#include "pack.h"
#include "tool.h"

#define PACK_SAVING 100 /* as for the cold tier */

static const char *const pack_codecs[] = {
	[BCI_CODEC_RAW] = "raw", [BCI_CODEC_DEC] = "dec",
	[BCI_CODEC_F32] = "f32", [BCI_CODEC_BITS] = "bits",
	[BCI_CODEC_LZ4] = "lz4", [BCI_CODEC_AUTO] = "packed",
};

struct pack_column {
	const char *name;
	uint32_t group; /* packed together with those that have it, too */
	enum bci_codec chosen;              /* the best */
	uint64_t bytes[BCI_CODEC_AUTO + 1]; /* of the group, in the first one */
};

struct pack_source {
	const char *name;
	uint64_t rows;
	uint32_t count;
	struct bci_pack_column columns[BC_COLUMNS_MAX];
	struct pack_column *results;
};

/* ------------------------------------------------------------------------ */
/*  Packing                                                                 */
/* ------------------------------------------------------------------------ */

/* Whether a column is the first of its group. */
static bool
pack_leads(const struct pack_source *source, uint32_t index)
{
	for (uint32_t i = 0; i < index; i++)
		if (source->results[i].group == source->results[index].group)
			return false;
	return true;
}

/* Note the bytes of each group of 'pack' by the columns that it holds. */
static enum bc_status
pack_note(struct pack_source *source, const struct bci_pack *pack,
          enum bci_codec codec)
{
	bool seen[BC_COLUMNS_MAX] = { false };

	for (uint32_t i = 0; i < source->count; i++) {
		struct pack_column *column = &source->results[i];
		struct bci_pack_place place;
		struct bci_pack_stats stats;
		uint32_t leader = i;

		if (bci_pack_find(pack, i, &place) != BC_OK ||
		    bci_pack_measure(pack, place.group, &stats) != BC_OK)
			return BC_CORRUPT;
		if (codec == BCI_CODEC_AUTO) {
			column->group = place.group;
			column->chosen = place.codec;
		}
		if (seen[place.group])
			continue;
		seen[place.group] = true;
		while (leader > 0 &&
		       source->results[leader - 1].group <= column->group &&
		       !pack_leads(source, leader))
			leader--;
		source->results[leader].bytes[codec] += stats.packed_bytes;
	}
	return BC_OK;
}

/* Pack everything with one codec. */
static enum bc_status
pack_try(struct pack_source *source, enum bci_codec codec, struct bc_error *err)
{
	const struct bci_pack_options options = {
		.saving = codec == BCI_CODEC_AUTO ? PACK_SAVING : 0,
	};
	void *work = tool_alloc(bci_pack_encode_work(), 1);
	unsigned char *out;
	uint64_t room, bytes;
	struct bci_pack pack;
	enum bc_status status;

	for (uint32_t i = 0; i < source->count; i++)
		source->columns[i].codec = codec;
	room = bci_pack_bound(source->columns, source->count, source->rows);
	out = tool_alloc(room, 1);
	BCI_TRY(bci_pack_encode(&options, source->columns, source->count,
	                        source->rows, work, out, room, &bytes, err));
	if (bytes != 0) {
		BCI_TRY(bci_pack_open(out, bytes, &pack, err));
		status = pack_note(source, &pack, codec);
	} else {
		/* It does not pay: each column is what it was. */
		for (uint32_t i = 0; i < source->count; i++) {
			struct pack_column *column = &source->results[i];

			if (codec == BCI_CODEC_AUTO)
				column->group = i;
			column->bytes[codec] =
				source->rows *
				bc_type_bytes(source->columns[i].type);
		}
	}
done:
	free(work);
	free(out);
	return status;
}

/* ------------------------------------------------------------------------ */
/*  Printing                                                                */
/* ------------------------------------------------------------------------ */

/* The names of a group, joined, to be freed. */
static char *
pack_names(const struct pack_source *source, uint32_t leader)
{
	char *names = NULL;
	size_t bytes = 0;
	FILE *file = open_memstream(&names, &bytes);

	if (file == NULL)
		return NULL;
	for (uint32_t i = leader; i < source->count; i++)
		if (source->results[i].group == source->results[leader].group)
			fprintf(file, "%s%s", i == leader ? "" : ",",
			        source->results[i].name);
	fclose(file);
	return names;
}

static uint64_t
pack_raw_bytes(const struct pack_source *source, uint32_t leader)
{
	uint64_t bytes = 0;

	for (uint32_t i = leader; i < source->count; i++)
		if (source->results[i].group == source->results[leader].group)
			bytes += source->rows *
			         bc_type_bytes(source->columns[i].type);
	return bytes;
}

static void
pack_print_json(const struct pack_source *source, uint32_t leader)
{
	const struct pack_column *column = &source->results[leader];
	char *names = pack_names(source, leader);
	json_t *object = json_object();

	output_add_text(object, "columns", names);
	output_add_text(object, "type",
	                bc_type_name(source->columns[leader].type));
	output_add_text(object, "codec", pack_codecs[column->chosen]);
	output_add_count(object, "rows", source->rows);
	output_add_count(object, "raw_bytes", pack_raw_bytes(source, leader));
	output_add_count(object, "packed_bytes", column->bytes[BCI_CODEC_AUTO]);
	for (int codec = BCI_CODEC_DEC; codec < BCI_CODEC_AUTO; codec++)
		output_add_count(object, pack_codecs[codec],
		                 column->bytes[codec]);
	output_json(object);
	free(names);
}

static void
pack_add_count(struct output_rows *rows, uint64_t count)
{
	char text[OUTPUT_CELL_TEXT];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)count);
	output_rows_add(rows, text);
}

static void
pack_add_ratio(struct output_rows *rows, uint64_t raw, uint64_t packed)
{
	char text[OUTPUT_CELL_TEXT] = "";

	if (packed != 0)
		snprintf(text, sizeof(text), "%.1f",
		         (double)raw / (double)packed);
	output_rows_add(rows, text);
}

static void
pack_print_table(const struct pack_source *source)
{
	static const struct output_column columns[] = {
		{ "columns", false }, { "codec", false }, { "raw", true },
		{ "packed", true },   { "ratio", true },  { "dec", true },
		{ "f32", true },      { "bits", true },   { "lz4", true },
	};
	struct output_rows rows = { 0 };
	uint64_t all_raw = 0, all_packed = 0;

	for (uint32_t i = 0; i < source->count; i++) {
		const struct pack_column *column = &source->results[i];
		uint64_t raw, packed = column->bytes[BCI_CODEC_AUTO];
		char *names;

		if (!pack_leads(source, i))
			continue;
		raw = pack_raw_bytes(source, i);
		names = pack_names(source, i);
		output_rows_add(&rows, names);
		output_rows_add(&rows, pack_codecs[column->chosen]);
		pack_add_count(&rows, raw);
		pack_add_count(&rows, packed);
		pack_add_ratio(&rows, raw, packed);
		for (int codec = BCI_CODEC_DEC; codec < BCI_CODEC_AUTO; codec++)
			pack_add_count(&rows, column->bytes[codec]);
		all_raw += raw;
		all_packed += packed;
		free(names);
	}
	output_rows_add(&rows, "all");
	output_rows_add(&rows, "");
	pack_add_count(&rows, all_raw);
	pack_add_count(&rows, all_packed);
	pack_add_ratio(&rows, all_raw, all_packed);
	for (int codec = BCI_CODEC_DEC; codec < BCI_CODEC_AUTO; codec++)
		output_rows_add(&rows, "");
	output_rows_print(&rows, columns, sizeof(columns) / sizeof(columns[0]),
	                  output_format_default());
}

/* Pack what was gathered, in every way, and print it. */
static enum tool_exit
pack_report(struct tool *tool, struct pack_source *source)
{
	enum tool_exit result = TOOL_DONE;
	struct bc_error err;

	if (source->rows == 0) {
		tool_say("%s has no rows", source->name);
		return TOOL_CANNOT;
	}
	/* The best first: it says what belongs together. */
	for (int codec = BCI_CODEC_AUTO;
	     result == TOOL_DONE && codec >= BCI_CODEC_DEC; codec--) {
		if (pack_try(source, (enum bci_codec)codec, &err) != BC_OK)
			result = tool_fail(&err);
	}
	if (result == TOOL_DONE && !tool->json)
		pack_print_table(source);
	for (uint32_t i = 0;
	     result == TOOL_DONE && tool->json && i < source->count; i++)
		if (pack_leads(source, i))
			pack_print_json(source, i);
	return result;
}

/* ------------------------------------------------------------------------ */
/*  Where columns come from                                                 */
/* ------------------------------------------------------------------------ */

static void
pack_add(struct pack_source *source, const char *name, enum bc_type type,
         const void *values)
{
	source->results[source->count].name = name;
	source->columns[source->count++] =
		(struct bci_pack_column){ .type = type, .values = values };
}

/* Roles follow from the names, as in a stored frame. */
static void
pack_roles(struct pack_source *source, bool has_time)
{
	struct bc_schema_column columns[BC_COLUMNS_MAX];
	const struct bc_schema schema = { .column_count = source->count,
		                          .has_time = has_time,
		                          .columns = columns };

	for (uint32_t i = 0; i < source->count; i++)
		columns[i] = (struct bc_schema_column){
			.name = source->results[i].name,
			.type = source->columns[i].type,
		};
	bci_pack_roles(&schema, source->columns);
}

static enum tool_exit
pack_entry(struct tool *tool, struct pack_source *source)
{
	enum tool_exit result = tool_open(tool, TOOL_READ, NULL);
	struct bc_view view;

	if (result != TOOL_DONE)
		return result;
	if (bc_get(tool->cache, source->name, &view) != BC_OK) {
		tool_say("%s is neither a file nor an entry: %s", source->name,
		         bc_miss_name(view.miss));
		return TOOL_MISS;
	}
	source->rows = view.rows;
	if (view.schema == NULL) {
		source->rows = view.bytes;
		pack_add(source, "bytes", BC_U8, view.data);
	}
	for (uint32_t i = 0;
	     view.schema != NULL && i < view.schema->column_count; i++)
		pack_add(source, view.schema->columns[i].name,
		         view.schema->columns[i].type,
		         bc_view_column(&view, i));
	if (view.schema != NULL)
		pack_roles(source, view.schema->has_time);
	result = pack_report(tool, source);
	bc_view_release(&view);
	return result;
}

static enum tool_exit
pack_table(struct tool *tool, struct pack_source *source,
           const struct bci_table *table)
{
	source->rows = table->rows;
	pack_add(source, BC_TIME, BC_I64, table->time_ns);
	for (uint32_t i = 0; i < table->column_count; i++)
		pack_add(source, table->columns[i].name, table->columns[i].type,
		         table->columns[i].data);
	pack_roles(source, true);
	return pack_report(tool, source);
}

static enum tool_exit
pack_file(struct tool *tool, struct pack_source *source)
{
	struct import import = {
		.tool = tool,
		.settings = { .key = "pack" },
		.signals = -1,
		.report = { .quiet = true },
	};
	struct import_text text = { .name = NULL };
	enum tool_exit result = TOOL_DONE;
	const struct input *input;
	struct bc_error err;
	struct input_source *file = input_open(source->name, &err);

	if (file == NULL)
		return tool_fail(&err);
	if (input_next(file, &input, &err) <= 0) {
		result = tool_fail(&err);
	} else {
		import_text(&import, input, &text);
		if (text.error.status != BC_OK)
			result = tool_fail(&text.error);
		else
			result =
				pack_table(tool, source, &text.series[0].table);
		import_text_free(&text);
	}
	input_close(file);
	return result;
}

static enum tool_exit
pack_run(struct tool *tool)
{
	struct pack_source *source = tool_alloc(1, sizeof(*source));
	enum tool_exit result;
	struct stat info;

	memset(source, 0, sizeof(*source));
	source->results = tool_alloc(BC_COLUMNS_MAX, sizeof(*source->results));
	memset(source->results, 0, BC_COLUMNS_MAX * sizeof(*source->results));
	source->name = tool->args.operands[0];
	result = stat(source->name, &info) == 0 && S_ISREG(info.st_mode)
	                 ? pack_file(tool, source)
	                 : pack_entry(tool, source);
	free(source->results);
	free(source);
	return result;
}

const struct tool_command cmd_pack = {
	.name = "pack",
	.summary = "Estimate what packing would make of an entry or a file",
	.operands = "FILE|KEY",
	.operands_min = 1,
	.operands_max = 1,
	.run = pack_run,
	.notes = "Nothing is stored.  Columns that are packed together are one "
		 "line: bytes as they are, as the cold tier would store them, "
		 "and with each codec.\n\n"
		 "JSON, a line each: columns, type, codec, rows, raw_bytes, "
		 "packed_bytes, dec, f32, bits, lz4.",
};
