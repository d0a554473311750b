/* SPDX-License-Identifier: MIT */
/*
 * import.h - what the parts of barcache import share: the key of a file, and
 * the report on what became of it.
 */
#ifndef TOOL_IMPORT_H
#define TOOL_IMPORT_H

#include "barcache.h"

#include "csv.h"
#include "output.h"
#include "timeframe.h"

/* Where the timeframe of a key comes from. */
enum import_origin {
	IMPORT_NOWHERE, /* the key was given whole */
	IMPORT_OPTION,
	IMPORT_NAME, /* of the file */
	IMPORT_STEP  /* the commonest step of its times */
};

/* One file, and what became of it. */
struct import_file {
	const char *path;
	char key[BC_KEY_MAX + 1]; /* "" until it is known */
	enum import_origin timeframe_origin;
	char timeframe[BCI_TIMEFRAME_TEXT];
	int64_t step_ns; /* the commonest; 0 below two rows */
	uint64_t bytes, rows;
	int64_t elapsed_ns;
	struct bc_counts counts;
	const char *time_unit; /* "date", "s", "ms", "us", "ns" */
	bool descending;
	struct bc_error error; /* status BC_OK if all went well */
};

/* What the command line says about keys; NULL is unsaid. */
struct import_names {
	const char *key; /* a valid one */
	struct bc_series series;
};

/*
 * Fill in the key of 'file', and where its timeframe came from.  See
 * import_key.c for the rule.
 */
enum bc_status import_key(const struct import_names *names,
                          const struct bci_csv *csv, struct import_file *file);

/* How a run is reported. */
struct import_report {
	bool json, quiet, dry;
	size_t file_count; /* on the command line */
	size_t files, failed;
	uint64_t rows, bytes;
	int64_t start_ns;
	struct import_file *done; /* for the table: 'files' of them */
};

/* Show how far the run has come, with the file that is next. */
void import_report_progress(const struct import_report *report,
                            const char *path);

/* Report on one file; 'csv' is zeroed if it could not be parsed. */
void import_report_file(struct import_report *report,
                        const struct import_file *file,
                        const struct bci_csv *csv);

/* Print the table and the sums, and let go of the memory. */
void import_report_end(struct import_report *report);

#endif /* TOOL_IMPORT_H */
