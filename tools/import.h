/* SPDX-License-Identifier: MIT */
/*
 * import.h - what the parts of barcache import share: a run, a text and the
 * series in it, and what became of them.
 */
#ifndef TOOL_IMPORT_H
#define TOOL_IMPORT_H

#include "barcache.h"

#include <jansson.h>
#include <stdio.h>

#include "csv.h"
#include "input.h"
#include "layout.h"
#include "sniff.h"
#include "table.h"
#include "timeframe.h"
#include "tool.h"

/* Where the timeframe of a series comes from. */
enum import_origin {
	IMPORT_NOWHERE,
	IMPORT_OPTION, /* --timeframe or --key */
	IMPORT_ROWS,   /* a column of the text */
	IMPORT_NAME,   /* of the file */
	IMPORT_STEP    /* the commonest step of its times */
};

/* One series of a text, and what became of it. */
struct import_series {
	char key[BC_KEY_MAX + 1]; /* "" until it is known */
	enum import_origin timeframe_origin;
	struct bci_timeframe timeframe; /* zeroed if it is not known */
	int64_t step_ns; /* the commonest; 0 below two rows */
	struct bci_table_order order;
	bool incomplete;    /* its last bar was left out */
	bool open;          /* its last bar goes on and is kept as such */
	int64_t closes_ns;  /* when that bar closes */
	int64_t from_ns, to_ns; /* what is known; 0 and 0: its rows */
	bool begins;        /* it takes the place of what was stored */
	uint64_t rows;      /* kept and rejected, all that could be read */
	struct bc_counts merged; /* what the commit says */
	struct bc_counts counts; /* the same with what was rejected before */
	struct bci_table table; /* until it is stored */
};

/* One text, and what became of it. */
struct import_text {
	char *name; /* as struct input has it */
	uint64_t bytes;
	enum input_packing packing;
	bool json, checked;
	struct layout layout;
	struct bci_dialect *dialect; /* NULL until it is found */
	struct bci_csv_report report;
	struct bci_table table; /* all rows, unless a single series has them */
	struct import_series *series;
	uint32_t series_count;
	uint64_t incomplete; /* rows left out because their bars go on */
	struct bc_counts counts; /* of all series; rejected rows too */
	int64_t elapsed_ns;
	bool let_go;           /* all went well, but for room: 'error' */
	struct bc_error error; /* status BC_OK if all went well */
};

/* What the command line says. */
struct import_settings {
	const char *key;         /* a valid one, or NULL */
	struct bc_series parts;  /* of a key; NULL is unsaid */
	struct bci_hints hints;
	bool strict, skip_bad, keep_incomplete, replace, dry;
	bool best_effort;        /* what finds no room is let go */
	uint64_t rows_max;       /* of a text; 0: any number */
	uint32_t columns_max;    /* the same */
	struct bc_append_options append;
	struct bc_put_options put; /* of frames, which expire */
};

/* A line of the table at the end. */
struct import_line {
	char *file, *key; /* 'key' may be "" */
	bool good, let_go;
	uint64_t rows, bytes;
	struct bc_counts counts;
};

/* How a run is reported. */
struct import_report {
	bool json, quiet, dry;
	uint64_t total_bytes, done_bytes; /* of files, as they are stored */
	int64_t start_ns, shown_ns;
	size_t files, failed, let_go; /* texts */
	uint64_t rows, bytes;
	struct import_line *lines;
	size_t line_count;
	char *decided; /* what was printed for the last file, or NULL */
};

/* One run of the command. */
struct import {
	struct tool *tool;
	struct import_settings settings;
	struct import_report report;
	struct import_text *group; /* read, but not yet stored or reported */
	size_t group_count;
	uint64_t group_bytes;
	void *begun; /* keys that were replaced, as tsearch() keeps them */
	bool stopped; /* the cache takes no further file */
	bool lets_go; /* what is stored now is let go if there is no room */
	int signals;  /* those that interrupt; -1: none does */
	bool interrupted;
};

/*
 * What the options of a command say about the layout of files: --preset,
 * --columns, --extra, --volume, --time-format, --tz and --stamp, all of which
 * it has.  TOOL_DONE or the exit status after a message.
 */
enum tool_exit import_hints(struct tool *tool, struct bci_hints *hints);

/*
 * Read a text and find its series, their keys and their rows.  What went wrong
 * is in text->error.
 */
void import_text(struct import *import, const struct input *input,
                 struct import_text *text);

/* Let go of what 'text' holds. */
void import_text_free(struct import_text *text);

/*
 * Hand over a text, or what could not become one, to be stored and reported in
 * its turn.
 */
void import_store_add(struct import *import, const struct import_text *text);

/* Store what was handed over and report on it. */
void import_store_flush(struct import *import);

/* Forget which keys the run has replaced. */
void import_store_end(struct import *import);

/* The columns of a table as a put takes them; the caller frees them. */
struct bc_column *import_table_columns(const struct bci_table *table);

/*
 * What merging a series into the cache would do, in series->merged; nothing is
 * stored.  Fails as bc_append() would for what is stored already.
 */
enum bc_status import_preview(const struct import *import,
                              struct import_series *series,
                              struct bc_error *err);

/*
 * The timeframe and the key of a series of 'text', whose rows may name its
 * symbol and timeframe ('names', or NULL).  See import_key.c for the rule.
 */
void import_timeframe(const struct import_settings *settings,
                      const struct import_text *text,
                      const struct bci_table_series *names,
                      struct import_series *series);
enum bc_status import_key(const struct import_settings *settings,
                          const struct import_text *text,
                          const struct bci_table_series *names,
                          struct import_series *series, struct bc_error *err);

/* Print what was decided about a text, a line each, with how sure it is. */
void import_decided_print(const struct import_text *text, FILE *file);

/* The same as an object. */
json_t *import_decided_json(const struct import_text *text);

/* Refuse a dialect that rests on assumptions, for --strict. */
enum bc_status import_decided_strict(const struct bci_dialect *dialect,
                                     struct bc_error *err);

/*
 * Show how far the run has come: 'done' of the 'all' bytes of a text, itself
 * 'stored' bytes of a file.
 */
void import_report_progress(struct import_report *report, const char *name,
                            uint64_t done, uint64_t all, uint64_t stored);

/* Report on one text. */
void import_report_text(struct import_report *report,
                        const struct import_text *text);

/* Print the table and the sums, and let go of the memory. */
void import_report_end(struct import_report *report);

#endif /* TOOL_IMPORT_H */
