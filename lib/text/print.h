/* SPDX-License-Identifier: MIT */
/*
 * print.h - numbers and moments as text, for many rows.
 */
#ifndef BCI_PRINT_H
#define BCI_PRINT_H

#include "common.h"
#include "form.h"

/* Nothing below writes more, and it may use all of it. */
#define BCI_PRINT_MAX 64

/* Each writes at 'at' and returns the byte behind the text; there is no NUL. */
char *bci_print_integer(char *at, int64_t value);

/*
 * The text that bci_number_format() gives, which is the shortest that reads
 * back to the same bits.  *decimals is a guess from the last call for the same
 * column and begins as 0.
 */
char *bci_print_number(char *at, double value, int *decimals);

/* Moments of one form, and the text of the last one. */
struct bci_print_moment {
	struct bci_form form;
	int64_t unit_ns; /* other moments than multiples of it are not shown */
	bool begun;
	int64_t day, ahead_ns; /* what 'text' shows */
	size_t bytes;
	char text[BCI_PRINT_MAX + 8];
	uint32_t clock_count;
	struct {
		char what; /* 'H', 'M' or 'S' */
		uint8_t at;
	} clock[3];
};

/*
 * Begin to write moments in 'form': a unit, of which "unix" is milliseconds, or
 * text with %Y %m %d %H %M %S and %z, each once at most.  False if it is none
 * of these.
 */
bool bci_print_moment_begin(struct bci_print_moment *moment, const char *form);

/*
 * The moment 'utc_ns', where the clock is 'ahead_ns' ahead of UTC; the sum must
 * fit and the moment be a multiple of the form's unit.
 */
char *bci_print_moment(struct bci_print_moment *moment, char *at,
                       int64_t utc_ns, int64_t ahead_ns);

#endif /* BCI_PRINT_H */
