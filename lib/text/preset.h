/* SPDX-License-Identifier: MIT */
/*
 * preset.h - the shapes of files that well-known sources hand out; for import
 * what they leave unsaid, for export what to write.
 */
#ifndef BCI_PRESET_H
#define BCI_PRESET_H

#include "common.h"

enum bci_stamp {
	BCI_STAMP_UNKNOWN,
	BCI_STAMP_OPEN, /* a bar is stamped with the moment it begins */
	BCI_STAMP_CLOSE /* ... or with the moment it ends; a bar of a day or
	                   more has the date it begins on all the same */
};

struct bci_preset {
	const char *name;    /* "binance" */
	const char *also;    /* another name, or NULL */
	const char *summary; /* a line for --help */
	char delimiter;
	bool json;           /* arrays in an array instead of lines */
	bool header;         /* written; read by its names if it is there */
	/* Names as bci_column_meaning() knows them, in the order of fields;
	   "date" and "clock" for a moment in two fields; "-" for a field that
	   is left out and written empty.  A name in brackets is optional at the
	   end. */
	const char *fields;
	/* The header's names, as many as 'fields' has, without brackets; NULL:
	   as 'fields'. */
	const char *labels;
	const char *time_format;  /* of "time", or "date", as form.h */
	const char *clock_format; /* of "clock", or NULL */
	/* Of "time" or "date" in files of bars of a day or more (of an hour or
	   more if it has a time of day), which have no "clock"; or NULL. */
	const char *daily_format;
	const char *zone;    /* what its times are in; NULL: not known */
	enum bci_stamp stamp;
	double price_divisor; /* a stored price is the cell divided by it */
	bool writable;        /* `export` can write this shape */
};

extern const struct bci_preset bci_presets[];
extern const size_t bci_preset_count;

/* The preset of that name, or NULL. */
const struct bci_preset *bci_preset_find(const char *name);

#endif /* BCI_PRESET_H */
