/* SPDX-License-Identifier: MIT */
/*
 * column.h - what the columns of a file may stand for, and the many names that
 * sources give them.
 */
#ifndef BCI_COLUMN_H
#define BCI_COLUMN_H

#include "common.h"

enum bci_role {
	BCI_ROLE_PRICE,  /* f64; a row without it is rejected */
	BCI_ROLE_VALUE,  /* f64, or nothing: NaN */
	BCI_ROLE_COUNT,  /* i64 */
	BCI_ROLE_TEXT,   /* text, kept with a dictionary */
	BCI_ROLE_TIME,   /* a moment */
	BCI_ROLE_DATE,   /* the date of a moment */
	BCI_ROLE_CLOCK,  /* the time of day that goes with it */
	BCI_ROLE_SYMBOL, /* names the series of a row */
	BCI_ROLE_PERIOD, /* the timeframe of a row, as part of its series */
	BCI_ROLE_DROP    /* left out */
};

/* Whether a field with this role becomes a column. */
static inline bool
bci_role_is_kept(enum bci_role role)
{
	return role <= BCI_ROLE_TEXT;
}

/*
 * What a name means.  Several fields of a file may mean the same: two moments,
 * or the volumes of both assets of a pair, of which "volume_btc" only says that
 * it is one.  "row" counts rows, or it is the index of a data frame, which may
 * be the time.
 */
struct bci_meaning {
	const char *name;   /* the one we use: "open", "adj_close", "time" */
	enum bci_role role; /* what it is where it is kept */
	bool standard;      /* kept unasked: open high low close volume and
	                       the bid_ and ask_ forms of them */
	bool close;         /* a moment that ends a bar: "close_time" */
	bool utc;           /* a moment whose name says that it is UTC */
	bool weak;          /* stands back where another field means the same:
	                       "last" beside "close", "name" beside "symbol" */
};

/*
 * The name as we spell it, in 'name': small letters, '_' for blanks and marks,
 * "percent" for '%', without brackets and numbering ("<TICKVOL>" is "tickvol",
 * "Adj. Close" "adj_close", "Volume_(BTC)" "volume_btc", "1. open" "open").
 * False if it is too long or no UTF-8; an empty one stays empty.
 */
bool bci_column_spell(const char *text, size_t bytes,
                      char name[BC_COLUMN_NAME_MAX + 1]);

/* What a name as bci_column_spell() gives it means, or NULL. */
const struct bci_meaning *bci_column_meaning(const char *name);

#endif /* BCI_COLUMN_H */
