/* SPDX-License-Identifier: MIT */
/*
 * sniff.h - finding out the dialect of a file from its bytes.
 */
#ifndef BCI_SNIFF_H
#define BCI_SNIFF_H

#include "dialect.h"

/* What the caller knows already; zeroed: nothing. */
struct bci_hints {
	const struct bci_preset *preset;
	/* Names of all fields in their order, '-' for one to leave out; or
	   LABEL=NAME,... for those that differ from what they seem. */
	const char *columns;
	const char *extra;  /* more columns to keep, NAME[:TYPE],...; "all" */
	const char *volume; /* the column that is the volume; "none" */
	const char *time_format; /* as bci_form_compile() takes it */
	const char *zone;
	enum bci_stamp stamp;
	const char *name;   /* the path of the file: a date, words */
};

/*
 * Find the dialect of 'bytes' bytes of delimited text.  Works on samples, so
 * that its cost does not grow with the file, but for what only the whole file
 * can tell (the order of day and month).  With BC_INVALID, err->message says
 * what is missing and the option that would say it; err->row is the line.
 */
enum bc_status bci_sniff(const char *text, size_t bytes,
                         const struct bci_hints *hints,
                         struct bci_dialect *out, struct bc_error *err);

#endif /* BCI_SNIFF_H */
