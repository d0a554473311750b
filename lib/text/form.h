/* SPDX-License-Identifier: MIT */
/*
 * form.h - the form in which a file writes its moments: found from samples or
 * given like strftime's, and then applied to every row.
 */
#ifndef BCI_FORM_H
#define BCI_FORM_H

#include "calendar.h"
#include "common.h"
#include "field.h"

enum bci_form_kind {
	BCI_FORM_NONE,   /* not known yet */
	BCI_FORM_TEXT,   /* by 'items' */
	BCI_FORM_UNIX,   /* a number of units since 1970, UTC: zoned */
	BCI_FORM_OF_DAY  /* a number of units since midnight, local */
};

#define BCI_FORM_TEXT_MAX 64
#define BCI_FORM_ITEMS 32

struct bci_form {
	enum bci_form_kind kind;
	int64_t unit_ns; /* of a number; 0: each tells by its magnitude */
	bool dated;      /* it has a date, */
	bool clocked;    /* a time of day, if only in some cells, */
	bool zoned;      /* and says in every cell what it is in UTC */
	char text[BCI_FORM_TEXT_MAX]; /* as bci_form_compile() takes it */
	uint32_t count;
	uint32_t date_count; /* leading items that are the date; or 0 */
	struct {
		char what; /* letter of the conversion, '[', or 0: a byte */
		char value; /* the byte; how wide; where the brackets end */
	} items[BCI_FORM_ITEMS];
};

/*
 * Compile a form: "s", "ms", "us", "ns" (since 1970), "unix" (each number
 * tells its unit), "ms-of-day", or a text with the conversions of strptime():
 * %Y %y %m %d %b %B %a %A %H %I %M %S %p %f (fraction of a second, 1 to 9
 * digits) %z (Z, UTC, +hh[:mm], GMT+hhmm) %j %F %T %R %D %%.
 *
 * Numbers may have leading zeros or not; those without anything between them,
 * "%Y%m%d", have fixed widths, but "%k%M%S" and "%k%M" may have lost leading
 * zeros ("93000").  Other bytes stand for themselves, a blank for one or more;
 * before %p and %z there may be some.  What is in brackets may be missing:
 * "%F[ %H:%M[:%S[.%f]]]".  A two-digit year is 1969 to 2068.  Fields that the
 * form lacks are the lowest there are.
 *
 * False if it is none: it names no year or no hour, or one thing twice.
 */
bool bci_form_compile(const char *text, struct bci_form *out);

#define BCI_FORM_AHEAD 16

/* What bci_form_parse() remembers from cell to cell; begins zeroed. */
struct bci_form_memo {
	/* The bytes of the last date and the one after, and which of them tell
	   its month: all but two digits of the day. */
	unsigned char date[BCI_FORM_AHEAD], mask[BCI_FORM_AHEAD];
	uint32_t bytes;  /* of the date alone; 0: nothing is remembered */
	uint32_t day_at; /* where these digits are */
	uint32_t days;   /* in that month; 0: all bytes are the date, */
	int64_t date_s;  /* which is this; else the day before the first */
	uint32_t parts;  /* a bit for each '[' item that the last cell had */
	int64_t unit_ns; /* of the last number */
};

/*
 * Whether the cell at 'text', of which BCI_FORM_AHEAD bytes can be read, begins
 * with a date of the month that is remembered, in memo->bytes bytes.
 */
static inline bool
bci_form_date(const struct bci_form_memo *memo, const char *text,
              int64_t *date_s)
{
	uint64_t words[2], known[2], masks[2];
	uint32_t ones, day = 0;

	memcpy(words, text, sizeof(words));
	memcpy(known, memo->date, sizeof(known));
	memcpy(masks, memo->mask, sizeof(masks));
	if ((((words[0] ^ known[0]) & masks[0]) |
	     ((words[1] ^ known[1]) & masks[1])) != 0)
		return false;
	if (memo->days != 0) {
		ones = (unsigned char)text[memo->day_at + 1] - (uint32_t)'0';
		day = (unsigned char)text[memo->day_at] - (uint32_t)'0';
		day = day * 10 + ones;
		if (ones > 9 || day - 1 >= memo->days)
			return false;
	}
	*date_s = memo->date_s + day * BCI_DAY_SECONDS;
	return memo->bytes != 0;
}

/*
 * Parse a cell.  *time_ns counts from 1970 (without a date: from midnight); it
 * is wall-clock time unless *utc is set.  'memo' may be NULL, else it is one
 * that knows no other form.  Returns the first byte not used, or NULL.
 *
 * Numbers are exact: a fraction or an exponent is allowed as long as it comes
 * to whole nanoseconds, but for "1.70407E+12", which has lost digits.
 */
const char *bci_form_parse(const struct bci_form *form,
                           struct bci_form_memo *memo, const char *text,
                           const char *end, int64_t *time_ns, bool *utc);

enum bci_form_part { BCI_FORM_MOMENT, BCI_FORM_DATE, BCI_FORM_CLOCK };

struct bci_form_guess {
	struct bci_form form;
	struct bci_form other; /* fits as well; kind NONE if there is none */
};

/*
 * Find a form that fits all 'count' cells (at least one; empty ones are passed
 * over).  Where day and month could be the one or the other, 'other' is the
 * second reading; the first is month first after '/', day first after '.' or
 * '-'.
 *
 * Integers that are dates all along are dates: YYYYMMDD with HH, HHMM or
 * HHMMSS behind it, or a year.  Times of day are HHMMSS or HHMM, of which the
 * leading zeros may be lost, or count milliseconds.  A date may have a time of
 * day if it is midnight.  False if no form fits.
 */
bool bci_form_find(const struct bci_field *cells, size_t count,
                   enum bci_form_part part, struct bci_form_guess *out);

#endif /* BCI_FORM_H */
