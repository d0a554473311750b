/* SPDX-License-Identifier: MIT */
/*
 * cmd_export.c - barcache export: frames to files, in our own shape or in that
 * of a source.
 *
 * Every value that is written reads back, or the entry is refused with the row
 * at fault.  One entry that cannot be written does not keep the others; a disk
 * that is full does.
 */
#include "barcache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "alloc.h"
#include "export_file.h"
#include "frame.h"
#include "output.h"
#include "shape.h"
#include "tool.h"
#include "tzdata.h"

#define EXPORT_BUFFER_BYTES (1u << 20)

enum {
	EXPORT_PRESET,
	EXPORT_FORMAT,
	EXPORT_FROM,
	EXPORT_TO,
	EXPORT_COLUMNS,
	EXPORT_TZ,
	EXPORT_TIMEFRAME,
	EXPORT_NO_HEADER,
	EXPORT_OUTPUT,
	EXPORT_REPLACE,
	EXPORT_PREFIX,
	EXPORT_GLOB,
	EXPORT_REGEX
};

static const struct args_option export_options[] = {
	[EXPORT_PRESET] = { "preset", ARGS_PRESET, "PRESET",
	                    "Write rows as this source does" },
	[EXPORT_FORMAT] = { "format", ARGS_CHOICE, "csv|json",
	                    "Our own rows as CSV (the default) or JSON" },
	[EXPORT_FROM] = { "from", ARGS_TIME, "TIME",
	                  "Only rows at TIME or later" },
	[EXPORT_TO] = { "to", ARGS_TIME, "TIME",
	                "Only rows before TIME: the range is half-open" },
	[EXPORT_COLUMNS] = { "columns", ARGS_TEXT, "A,B,...",
	                     "Only these columns, and the time" },
	[EXPORT_TZ] = { "tz", ARGS_TEXT, "ZONE",
	                "Zone of a preset's times, if not the one of its "
	                "source" },
	[EXPORT_TIMEFRAME] = { "timeframe", ARGS_TEXT, "TF",
	                       "Length of the bars, if the key does not "
	                       "say it" },
	[EXPORT_NO_HEADER] = { "no-header", ARGS_FLAG, NULL,
	                       "Leave out the line of names" },
	[EXPORT_OUTPUT] = { "output", ARGS_TEXT, "PATH",
	                    "Write a file (.gz is compressed) or, of many "
	                    "entries, a tree of files" },
	[EXPORT_REPLACE] = { "replace", ARGS_FLAG, NULL,
	                     "Replace files that exist" },
	[EXPORT_PREFIX] = { "prefix", ARGS_TEXT, "PREFIX",
	                    "Export the keys that begin with it; '' is all" },
	[EXPORT_GLOB] = { "glob", ARGS_TEXT, "GLOB",
	                  "Export the keys that match as a whole: * ? "
	                  "[a-z]" },
	[EXPORT_REGEX] = { "regex", ARGS_TEXT, "REGEX",
	                   "Export the keys that match somewhere: POSIX "
	                   "extended" },
};

/* One run of the command. */
struct export
{
	struct tool *tool;
	const struct args_value *values;
	struct bci_shape_options options;
	struct bci_timeframe timeframe; /* that was given, or all 0 */
	const char *output;
	bool tree;      /* 'output' is a directory */
	bool zone_said; /* that nobody said which zone the times are in */
	bool ended;     /* no further entry can be written */
	char **keys;
	size_t count, named;
	size_t passed; /* entries that were selected and have no rows */
};

/* ------------------------------------------------------------------------ */
/*  Which entries                                                           */
/* ------------------------------------------------------------------------ */

/* Add a key unless it was named before. */
static void
export_add(struct export *export, const char *key)
{
	size_t i;

	for (i = 0; i < export->named; ++i)
		if (strcmp(export->keys[i], key) == 0)
			return;
	export->keys = tool_grow(export->keys, export->count, sizeof(char *));
	export->keys[export->count] = tool_alloc(strlen(key) + 1, 1);
	strcpy(export->keys[export->count++], key);
}

/* A bc_list_function. */
static int
export_listed(void *context, const struct bc_info *info)
{
	struct export *export = context;

	if (info->kind == BC_FRAME || info->kind == BC_SERIES)
		export_add(export, info->key);
	else
		++export->passed;
	return 0;
}

/* All that the command line names, and then what it selects. */
static enum tool_exit
export_gather(struct export *export)
{
	const struct args *args = &export->tool->args;
	struct bc_filter filter = {
		.prefix = export->values[EXPORT_PREFIX].text,
		.glob = export->values[EXPORT_GLOB].text,
		.regex = export->values[EXPORT_REGEX].text,
	};
	struct bc_error err;
	size_t i;

	for (i = 0; i < args->operand_count; ++i) {
		export_add(export, args->operands[i]);
		export->named = export->count;
	}
	if ((filter.prefix != NULL || filter.glob != NULL ||
	     filter.regex != NULL) &&
	    bc_list(export->tool->cache, &filter, export_listed, export,
	            &err) != BC_OK)
		return tool_fail(&err);
	if (export->passed != 0)
		tool_say("left out %zu entr%s without rows in time",
		         export->passed, export->passed == 1 ? "y" : "ies");
	if (export->count == 0) {
		tool_say("nothing is selected");
		return TOOL_MISS;
	}
	return TOOL_DONE;
}

/* ------------------------------------------------------------------------ */
/*  One entry                                                               */
/* ------------------------------------------------------------------------ */

/* The symbol and the timeframe that the key of a series has. */
static void
export_series(const struct export *export, const char *key,
              char text[BC_KEY_MAX + 8], struct bci_shape_frame *frame)
{
	struct bc_series series;

	frame->symbol = "";
	frame->timeframe = export->timeframe;
	if (bc_key_parse(key, text, &series, NULL) != BC_OK)
		return;
	frame->symbol = series.symbol;
	(void)bci_timeframe_parse(series.timeframe, strlen(series.timeframe),
	                          &frame->timeframe);
}

/* The columns of 'part' but for the time, in memory of the caller. */
static struct bci_shape_column *
export_columns(const struct frame *part)
{
	struct bci_shape_column *columns =
		tool_alloc(part->column_count, sizeof(*columns));
	uint32_t i, code;

	for (i = 1; i < part->column_count; ++i) {
		struct bci_shape_column *column = &columns[i - 1];
		uint32_t index = part->columns[i];
		struct bci_field *words;

		column->name = part->view->schema->columns[index].name;
		column->type = part->view->schema->columns[index].type;
		column->data = bc_view_column(part->view, index);
		column->dictionary_count =
			bc_view_text_count(part->view, index);
		words = tool_alloc(column->dictionary_count, sizeof(*words));
		for (code = 0; code < column->dictionary_count; ++code)
			words[code].text = bc_view_text(part->view, index, code,
			                                &words[code].bytes);
		column->dictionary = words;
	}
	return columns;
}

static void
export_columns_free(struct bci_shape_column *columns, uint32_t count)
{
	uint32_t i;

	for (i = 0; i < count; ++i)
		free((void *)(uintptr_t)columns[i].dictionary);
	free(columns);
}

/* Say which columns are not written, and that a zone is assumed. */
static void
export_notes(struct export *export, const struct bci_shape_frame *frame,
             const struct bci_shape *shape)
{
	const struct bci_preset *preset = export->options.preset;
	char text[512];
	size_t used = 0;
	uint32_t i;

	for (i = 0; i < frame->column_count && used < sizeof(text); ++i)
		if (!bci_shape_has(shape, i))
			used += (size_t)snprintf(
				text + used, sizeof(text) - used, "%s%s",
				used == 0 ? "" : ", ", frame->columns[i].name);
	if (used != 0)
		tool_say("%s: %s has no place for: %s", frame->key,
		         preset->name, text);
	if (!export->zone_said && bci_shape_is_local(shape) &&
	    preset->zone == NULL && !export->values[EXPORT_TZ].set) {
		tool_say("times are written in UTC (--tz ZONE changes that)");
		export->zone_said = true;
	}
}

/* Write all that a shape has to say. */
static enum tool_exit
export_rows(struct export *export, struct bci_shape *shape, const char *key,
            struct export_file *file)
{
	size_t room = bci_shape_room(shape), bytes;
	enum tool_exit result = TOOL_DONE;
	struct bc_error err;
	char *buffer;

	if (room < EXPORT_BUFFER_BYTES)
		room = EXPORT_BUFFER_BYTES;
	buffer = tool_alloc(room, 1);
	for (;;) {
		if (bci_shape_more(shape, buffer, room, &bytes, &err) !=
		    BC_OK) {
			tool_say("%s: %s", key, err.message);
			result = TOOL_CANNOT;
			break;
		}
		if (bytes == 0)
			break;
		if (!export_file_write(file, buffer, bytes)) {
			export->ended = true;
			result = TOOL_CANNOT;
			break;
		}
	}
	free(buffer);
	return result;
}

/* Print what was written to a file. */
static void
export_print(const struct export *export, const struct bci_shape_frame *frame,
             const struct export_file *file)
{
	json_t *object;

	if (!export->tool->json) {
		output_line(file->path);
		return;
	}
	object = json_object();
	output_add_text(object, "key", frame->key);
	output_add_text(object, "file", file->path);
	output_add_count(object, "rows", frame->rows);
	output_add_count(object, "bytes", file->bytes);
	output_json(object);
}

/* Write the rows of 'frame' to 'path', or to standard output if it is NULL. */
static enum tool_exit
export_write(struct export *export, const struct bci_shape_frame *frame,
             const char *path)
{
	struct export_file file = { 0 };
	struct bci_shape *shape = NULL;
	enum tool_exit result;
	struct bc_error err;
	bool exists;

	if (bci_shape_begin(&bci_allocator_default, &export->options, frame,
	                    &shape, &err) != BC_OK) {
		tool_say("%s: %s", frame->key, err.message);
		return TOOL_CANNOT;
	}
	if (!export_file_begin(&file, path, export->tree,
	                       export->values[EXPORT_REPLACE].set, &exists)) {
		export->ended = !exists;
		bci_shape_end(shape);
		return TOOL_CANNOT;
	}
	export_notes(export, frame, shape);
	result = export_rows(export, shape, frame->key, &file);
	if (result == TOOL_DONE && !export_file_commit(&file)) {
		export->ended = true;
		result = TOOL_CANNOT;
	}
	export_file_abort(&file);
	bci_shape_end(shape);
	if (result == TOOL_DONE && path != NULL)
		export_print(export, frame, &file);
	return result;
}

/* Write what the options leave of a frame. */
static enum tool_exit
export_part(struct export *export, const char *key, const struct bc_view *view,
            const char *path)
{
	const struct args_value *values = export->values;
	struct bci_shape_frame rows = { .key = key };
	enum tool_exit result = TOOL_USAGE;
	char text[BC_KEY_MAX + 8];
	struct frame part;
	struct bci_shape_column *columns;

	frame_init(&part, view);
	if (!values[EXPORT_COLUMNS].set ||
	    frame_select(&part, values[EXPORT_COLUMNS].text)) {
		if (values[EXPORT_FROM].set)
			frame_from(&part, values[EXPORT_FROM].ns);
		if (values[EXPORT_TO].set)
			frame_to(&part, values[EXPORT_TO].ns);
		columns = export_columns(&part);
		rows.first = part.first;
		rows.rows = part.rows;
		rows.time_ns = bc_view_time(view);
		rows.columns = columns;
		rows.column_count = part.column_count - 1;
		export_series(export, key, text, &rows);
		result = export_write(export, &rows, path);
		export_columns_free(columns, rows.column_count);
	}
	frame_free(&part);
	return result;
}

/* Export one entry. */
static enum tool_exit
export_entry(struct export *export, const char *key)
{
	char *path = NULL;
	struct bc_view view;
	enum tool_exit result = tool_get(export->tool, key, &view);

	if (result != TOOL_DONE)
		return result;
	if (view.kind != BC_FRAME && view.kind != BC_SERIES) {
		tool_say("%s has no rows in time: `barcache get` prints it",
		         key);
		result = TOOL_CANNOT;
	} else {
		if (export->tree)
			path = export_file_name(export->output, key,
			                        export->options.json ? "json"
			                                             : "csv");
		result = export_part(export, key, &view,
		                     export->tree ? path : export->output);
	}
	free(path);
	bc_view_release(&view);
	return result;
}

/* ------------------------------------------------------------------------ */
/*  The command                                                             */
/* ------------------------------------------------------------------------ */

/* Check what the command line says about the shape of rows. */
static enum tool_exit
export_begin_shape(struct export *export)
{
	const struct args_value *values = export->values;
	struct bci_shape_options *options = &export->options;
	const char *timeframe = values[EXPORT_TIMEFRAME].text;
	const char *zone = values[EXPORT_TZ].text;

	options->json = values[EXPORT_FORMAT].number == 1;
	options->header = !values[EXPORT_NO_HEADER].set;
	if (timeframe != NULL &&
	    !bci_timeframe_parse(timeframe, strlen(timeframe),
	                         &export->timeframe))
		return tool_usage(export->tool, "'%s' is no timeframe",
		                  timeframe);
	if (!values[EXPORT_PRESET].set) {
		if (zone != NULL)
			return tool_usage(export->tool,
			                  "--tz is for a preset: our own "
			                  "times are UTC");
		return TOOL_DONE;
	}
	options->preset = &bci_presets[values[EXPORT_PRESET].number];
	if (values[EXPORT_FORMAT].set && options->json != options->preset->json)
		return tool_usage(export->tool, "%s is not %s",
		                  options->preset->name,
		                  values[EXPORT_FORMAT].text);
	options->json = options->preset->json;
	if (zone == NULL)
		zone = options->preset->zone;
	if (zone == NULL)
		return TOOL_DONE;
	options->zone = tzdata_find(zone);
	return options->zone != NULL ? TOOL_DONE : TOOL_USAGE;
}

/* Decide whether rows go to standard output, to a file, or to a tree. */
static enum tool_exit
export_begin_output(struct export *export)
{
	const struct args_value *values = export->values;
	const char *output = values[EXPORT_OUTPUT].text;
	size_t operands = export->tool->args.operand_count;
	bool many = operands > 1 || values[EXPORT_PREFIX].set ||
	            values[EXPORT_GLOB].set || values[EXPORT_REGEX].set;
	struct stat info;

	if (operands == 0 && !many)
		return tool_usage(export->tool, "export needs a KEY, "
		                                "--prefix, --glob or --regex");
	if (output != NULL && *output == '\0')
		return tool_usage(export->tool, "--output is empty");
	if (many && output == NULL)
		return tool_usage(export->tool, "many entries need --output "
		                                "DIR");
	if (export->tool->json && output == NULL)
		return tool_usage(export->tool,
		                  "--json tells which files were written and "
		                  "needs --output; --format json prints rows "
		                  "as JSON");
	export->output = output;
	export->tree = output != NULL &&
	               (many || output[strlen(output) - 1] == '/' ||
	                (stat(output, &info) == 0 && S_ISDIR(info.st_mode)));
	return TOOL_DONE;
}

/* Export all entries; the exit status is the worst. */
static enum tool_exit
export_all(struct export *export)
{
	enum tool_exit result = TOOL_DONE, one;
	size_t i;

	for (i = 0; i < export->count && !export->ended; ++i) {
		if (export->count > 1)
			tool_progress("%zu of %zu: %s", i + 1, export->count,
			              export->keys[i]);
		one = export_entry(export, export->keys[i]);
		result = one > result ? one : result;
	}
	tool_progress_end();
	return result;
}

static enum tool_exit
export_run(struct tool *tool)
{
	struct export export = { .tool = tool, .values = tool->args.values };
	enum tool_exit result;
	size_t i;

	result = export_begin_output(&export);
	if (result == TOOL_DONE)
		result = export_begin_shape(&export);
	if (result == TOOL_DONE)
		result = tool_open(tool, TOOL_READ, NULL);
	if (result == TOOL_DONE)
		result = export_gather(&export);
	if (result == TOOL_DONE)
		result = export_all(&export);
	for (i = 0; i < export.count; ++i)
		free(export.keys[i]);
	free(export.keys);
	return result;
}

const struct tool_command cmd_export = {
	.name = "export",
	.summary = "Write frames to files, as CSV, JSON or as a source does",
	.operands = "[KEY...]",
	.operands_max = SIZE_MAX,
	.options = export_options,
	.option_count = sizeof(export_options) / sizeof(export_options[0]),
	.run = export_run,
	.notes = "One entry goes to standard output or to a file.  More of "
		 "them need --output DIR: below it a series is "
		 "SOURCE/MARKET/SYMBOL@TF[@VARIANT].csv, which import takes "
		 "back under the same key.  Prints the files that were "
		 "written.\n\n"
		 "Without --preset the rows are ours: a header that begins "
		 "with time, times in UTC, numbers with the fewest digits "
		 "that read back exactly.  `barcache import` reads both back "
		 "to the same frame; NaN is an empty field.\n\n"
		 "With --preset, fields that an entry lacks are empty, and "
		 "columns without a place are left out and named.  A value "
		 "that would not read back, such as seconds where there are "
		 "minutes only, refuses the entry.\n\n"
		 "JSON: one object for each file: key, file, rows, bytes.",
};
