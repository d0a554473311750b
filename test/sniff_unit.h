/* SPDX-License-Identifier: MIT */
/*
 * sniff_unit.h - a dialect in a line of text, for tests of what is found out
 * about a file.
 */
#ifndef BARCACHE_TEST_SNIFF_UNIT_H
#define BARCACHE_TEST_SNIFF_UNIT_H

#include "support.h"

#include "sniff.h"

#define SNIFF_LINE 1024

/* A text, and what is to be found out about it. */
struct sniff_case {
	const char *text;
	struct bci_hints hints;
	const char *expected; /* as sniff_describe() writes it */
};

/*
 * Sniff at a copy that ends where the text ends, and describe what comes out:
 *
 *   FIELDS | TIME[ + CLOCK]=BASIS | ZONE=BASIS | STAMP=BASIS | BASIS [PRESET]
 *
 * where FIELDS are names of columns with ":type" unless they are f64, "-NAME"
 * where they are dropped, and TIME, DATE, CLOCK, SYMBOL, PERIOD; the last basis
 * is that of the columns.  Behind it stand " /DIVISOR=BASIS" unless it is 1,
 * and " numbers DECIMAL GROUPING=BASIS" unless they are plain.  A refusal is
 * "refused LINE: MESSAGE".
 */
void sniff_describe(const char *text, size_t bytes,
                    const struct bci_hints *hints, char line[SNIFF_LINE]);

/* Each case must be described as expected; a failure prints the text. */
void sniff_check(const struct sniff_case *cases, size_t count);

/* The dialect of a text that must have one. */
struct bci_dialect *sniff_dialect(const char *text,
                                  const struct bci_hints *hints);

#endif /* BARCACHE_TEST_SNIFF_UNIT_H */
