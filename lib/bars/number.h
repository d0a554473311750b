/* SPDX-License-Identifier: MIT */
/*
 * number.h - text to numbers and back, fast, exact and deaf to the locale.
 */
#ifndef BCI_NUMBER_H
#define BCI_NUMBER_H

#include "common.h"

/*
 * Parse a decimal number that begins at 'text' and ends at the latest at 'end':
 * [+-]digits[.digits][(e|E)[+-]digits], ".5", "5.", and the words nan, inf,
 * infinity in any case.  *out is what strtod() gives in the C locale, bit for
 * bit (overflow gives an infinity, underflow a denormal or zero).  Returns the
 * first byte not used, or NULL if there is no number.  Hexadecimal is refused.
 */
const char *bci_number_parse(const char *text, const char *end, double *out);

/* The same for an integer that fits int64; NULL also if it does not fit. */
const char *bci_integer_parse(const char *text, const char *end, int64_t *out);

#define BCI_NUMBER_TEXT 32

/*
 * The shortest decimal that parses back to 'value' bit for bit; "nan", "inf",
 * "-inf".  Returns the length without the NUL.
 */
size_t bci_number_format(double value, char text[BCI_NUMBER_TEXT]);

/* The same for a float. */
size_t bci_number_format_f32(float value, char text[BCI_NUMBER_TEXT]);

#endif /* BCI_NUMBER_H */
