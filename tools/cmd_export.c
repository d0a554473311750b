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
#include "export_source.h"
#include "known.h"
#include "output.h"
#include "range_args.h"
#include "selection.h"
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
	EXPORT_OPEN,
	EXPORT_STRICT,
	EXPORT_TZ,
	EXPORT_TIMEFRAME,
	EXPORT_NO_HEADER,
	EXPORT_INERT,
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
	[EXPORT_FROM] = RANGE_ARGS_FROM,
	[EXPORT_TO] = RANGE_ARGS_TO,
	[EXPORT_COLUMNS] = { "columns", ARGS_TEXT, "A,B,...",
	                     "Only these columns, and the time" },
	[EXPORT_OPEN] = { "open", ARGS_FLAG, NULL,
	                  "With the last bar of a series, if it had not "
	                  "ended" },
	[EXPORT_STRICT] = { "strict", ARGS_FLAG, NULL,
	                    "No file but exit status 1 if a part of the range "
	                    "is not known" },
	[EXPORT_TZ] = { "tz", ARGS_TEXT, "ZONE",
	                "Zone of a preset's times, if not the one of its "
	                "source" },
	[EXPORT_TIMEFRAME] = { "timeframe", ARGS_TEXT, "TF",
	                       "Length of the bars, if the key does not "
	                       "say it" },
	[EXPORT_NO_HEADER] = { "no-header", ARGS_FLAG, NULL,
	                       "Leave out the line of names" },
	[EXPORT_INERT] = { "inert", ARGS_FLAG, NULL,
	                   "Put ' before texts that a spreadsheet would take "
	                   "for formulas" },
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
	struct bci_range range;
	char *buffer; /* of 'room' bytes, for text */
	size_t room;
	const char *output;
	bool tree;      /* 'output' is a directory */
	bool zone_said; /* that nobody said which zone the times are in */
	bool ended;     /* no further entry can be written */
	struct selection selection;
};

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

/* Write what the shape has to say of a block of rows. */
static enum tool_exit
export_block(struct export *export, struct bci_shape *shape, const char *key,
             struct export_file *file)
{
	size_t room = bci_shape_room(shape), bytes;
	struct bc_error err;

	if (export->room < room) {
		free(export->buffer);
		export->room =
			room < EXPORT_BUFFER_BYTES ? EXPORT_BUFFER_BYTES : room;
		export->buffer = tool_alloc(export->room, 1);
	}
	for (;;) {
		if (bci_shape_more(shape, export->buffer, export->room, &bytes,
		                   &err) != BC_OK) {
			tool_say("%s: %s", key, err.message);
			return TOOL_CANNOT;
		}
		if (bytes == 0)
			return TOOL_DONE;
		if (!export_file_write(file, export->buffer, bytes)) {
			export->ended = true;
			return TOOL_CANNOT;
		}
	}
}

/* Write block after block. */
static enum tool_exit
export_rows(struct export *export, struct export_source *source,
            struct bci_shape *shape, struct export_file *file)
{
	enum tool_exit result;

	for (;;) {
		bool more = source->rows.more;

		result = export_block(export, shape, source->rows.key, file);
		if (result == TOOL_DONE && more)
			result = export_source_next(source);
		if (result != TOOL_DONE || !more)
			return result;
		bci_shape_go_on(shape, &source->rows);
	}
}

/* Print what was written to a file. */
static void
export_print(const struct export *export, const struct export_source *source,
             const struct export_file *file, const struct known *known)
{
	json_t *object;

	if (!export->tool->json) {
		output_line(file->path);
		return;
	}
	object = json_object();
	output_add_text(object, "key", source->rows.key);
	output_add_text(object, "file", file->path);
	output_add_count(object, "rows", source->total);
	output_add_count(object, "bytes", file->bytes);
	if (source->info->kind == BC_SERIES)
		output_add(object, "missing", known_json(known));
	output_json(object);
}

/* Write the rows to 'path', or to standard output if it is NULL. */
static enum tool_exit
export_write(struct export *export, struct export_source *source,
             const char *path, const struct known *known)
{
	struct export_file file = { 0 };
	struct bci_shape *shape = NULL;
	enum tool_exit result;
	struct bc_error err;
	bool exists;

	if (bci_shape_begin(&bci_allocator_default, &export->options,
	                    &source->rows, &shape, &err) != BC_OK) {
		tool_say("%s: %s", source->rows.key, err.message);
		return TOOL_CANNOT;
	}
	if (!export_file_begin(&file, path, export->tree,
	                       export->values[EXPORT_REPLACE].set, &exists)) {
		export->ended = !exists;
		bci_shape_end(shape);
		return TOOL_CANNOT;
	}
	export_notes(export, &source->rows, shape);
	result = export_rows(export, source, shape, &file);
	if (result == TOOL_DONE && !export_file_commit(&file)) {
		export->ended = true;
		result = TOOL_CANNOT;
	}
	export_file_abort(&file);
	bci_shape_end(shape);
	if (result == TOOL_DONE && path != NULL)
		export_print(export, source, &file, known);
	return result;
}

/* Write what the options leave of an entry. */
static enum tool_exit
export_part(struct export *export, const struct bc_info *info, const char *path)
{
	const struct args_value *values = export->values;
	unsigned flags = (values[EXPORT_STRICT].set ? 0u : BC_READ_PARTIAL) |
	                 (values[EXPORT_OPEN].set ? BC_READ_OPEN : 0u);
	struct bci_range range = export->range;
	struct export_source source = { 0 };
	char text[BC_KEY_MAX + 8];
	struct known known = { 0 };
	enum tool_exit result;
	enum bc_miss miss;

	result = export_source_open(&source, export->tool, info,
	                            values[EXPORT_COLUMNS].text, &range, flags,
	                            &miss);
	if (miss != BC_MISS_NONE && miss != BC_MISS_NOT_COVERED)
		tool_miss(info->key, miss);
	/* Only a series says what is not known of it. */
	if (info->kind == BC_SERIES &&
	    (result == TOOL_DONE || miss == BC_MISS_NOT_COVERED) &&
	    known_read(export->tool, info, &range, &known) == TOOL_DONE)
		known_say(&known, info->key);
	if (result == TOOL_DONE) {
		export_series(export, info->key, text, &source.rows);
		result = export_write(export, &source, path, &known);
	}
	known_free(&known);
	export_source_close(&source);
	return result;
}

/* Export one entry. */
static enum tool_exit
export_entry(struct export *export, const char *key)
{
	const char *path = export->output;
	char text[BC_KEY_MAX + 1], *name = NULL;
	enum tool_exit result;
	struct bc_info info;

	result = known_info(export->tool, key, text, &info);
	if (result != TOOL_DONE)
		return result;
	if (export->tree)
		path = name =
			export_file_name(export->output, key,
		                         export->options.json ? "json" : "csv");
	result = export_part(export, &info, path);
	free(name);
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
	options->inert = values[EXPORT_INERT].set;
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

/* Find which range is wanted; what else is there are keys. */
static enum tool_exit
export_begin_range(struct export *export)
{
	const struct args_value *values = export->values;
	const char *operand = range_args_take(
		export->tool,
		selection_wanted(&values[EXPORT_PREFIX], &values[EXPORT_GLOB],
	                         &values[EXPORT_REGEX]),
		&values[EXPORT_FROM], &values[EXPORT_TO]);

	return range_args_read(export->tool, operand, &values[EXPORT_FROM],
	                       &values[EXPORT_TO], &export->range);
}

/* Decide whether rows go to standard output, to a file, or to a tree. */
static enum tool_exit
export_begin_output(struct export *export)
{
	const struct args_value *values = export->values;
	const char *output = values[EXPORT_OUTPUT].text;
	size_t operands = export->tool->args.operand_count;
	bool many = operands > 1 || selection_wanted(&values[EXPORT_PREFIX],
	                                             &values[EXPORT_GLOB],
	                                             &values[EXPORT_REGEX]);
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

	for (i = 0; i < export->selection.count && !export->ended; ++i) {
		if (export->selection.count > 1)
			tool_progress("%zu of %zu: %s", i + 1,
			              export->selection.count,
			              export->selection.keys[i]);
		one = export_entry(export, export->selection.keys[i]);
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

	result = export_begin_range(&export);
	if (result == TOOL_DONE)
		result = export_begin_output(&export);
	if (result == TOOL_DONE)
		result = export_begin_shape(&export);
	if (result == TOOL_DONE)
		result = tool_open(tool, TOOL_READ, NULL);
	if (result == TOOL_DONE)
		result = selection_gather(&export.selection, tool,
		                          &export.values[EXPORT_PREFIX],
		                          &export.values[EXPORT_GLOB],
		                          &export.values[EXPORT_REGEX]);
	if (result == TOOL_DONE)
		result = export_all(&export);
	selection_free(&export.selection);
	free(export.buffer);
	return result;
}

const struct tool_command cmd_export = {
	.name = "export",
	.summary = "Write frames to files, as CSV, JSON or as a source does",
	.operands = "[KEY...] [RANGE]",
	.operands_max = SIZE_MAX,
	.options = export_options,
	.option_count = sizeof(export_options) / sizeof(export_options[0]),
	.run = export_run,
	.notes = RANGE_ARGS_NOTES
	"\n\nOne entry goes to standard output or to a file.  More of "
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
	"JSON: one object for each file: key, file, rows, bytes, and of a "
	"series missing (a list of from_ns, to_ns).",
};
