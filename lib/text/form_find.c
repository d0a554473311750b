/* SPDX-License-Identifier: MIT */
/*
 * form_find.c - finding the form of a file's moments from samples.
 *
 * Forms are put together from the ways to write a date and the ways to go on
 * with a time of day, and tried on the cells, the first cell first.  The latter
 * are wide: all that may be missing stands in brackets.  What no cell has is
 * then taken out again, and what all have loses its brackets, so that the form
 * that is found says what the file does and no more.
 */
#include "common.h"

#include <stdio.h>

#include "calendar.h"
#include "form.h"
#include "number.h"

/* The cells and what is asked of them. */
struct find {
	const struct bci_field *cells;
	size_t count;
	const struct bci_field *first; /* that is not empty */
	enum bci_form_part part;
	uint64_t marks[2]; /* a bit for each ASCII byte in the first cell; */
	bool letters;      /* it has some */
};

/* A date in the order of its likelier reading, and the other readings. */
struct find_head {
	const char *readings[3];
};

/* Dates that a time of day may follow. */
static const struct find_head find_heads[] = {
	{ { "%Y-%m-%d" } },
	{ { "%Y/%m/%d" } },
	{ { "%Y.%m.%d" } },
	{ { "%Y%m%d" } },
	{ { "%m/%d/%Y", "%d/%m/%Y" } },
	{ { "%d.%m.%Y", "%m.%d.%Y" } },
	{ { "%d-%m-%Y", "%m-%d-%Y" } },
	{ { "%m/%d/%y", "%d/%m/%y", "%y/%m/%d" } },
	{ { "%d.%m.%y", "%m.%d.%y", "%y.%m.%d" } },
	{ { "%d-%m-%y", "%m-%d-%y", "%y-%m-%d" } },
	{ { "%d-%b-%Y" } },
	{ { "%d-%b-%y" } },
	{ { "%d %b %Y" } },
	{ { "%d %b %y" } },
	{ { "%d %b, %Y" } },
	{ { "%d/%b/%Y" } },
	{ { "%d/%b/%y" } },
	{ { "%d%b%Y" } },
	{ { "%d%b%y" } },
	{ { "%b %d, %Y" } },
	{ { "%b %d %Y" } },
	{ { "%b-%d-%Y" } },
	{ { "%Y-%b-%d" } },
};

/* What may follow them.  A letter or mark tells the ways apart. */
static const char *const find_tails[] = {
	"[ %H:%M[:%S[.%f]][%z]]",
	"[T%H:%M[:%S[.%f]][%z]]",
	"[ %I:%M[:%S[.%f]]%p[%z]]",
	"[ %H%M%S[.%f][%z]]",
	"[ %H%M[%z]]",
	"[T%H%M%S[.%f][%z]]",
	"[T%H%M[%z]]",
	"[ %I-%p]",
	"[ %I%p]",
	"[ %H]",
	"[, %H:%M[:%S[.%f]][%z]]",
	"[, %I:%M[:%S[.%f]]%p[%z]]",
};

/* Forms that are complete. */
static const char *const find_whole[] = {
	"%Y-%m",
	"%Y/%m",
	"%m/%Y",
	"%m-%Y",
	"%b %Y",
	"%b-%Y",
	"%b-%y",
	"%b %d %H:%M:%S %Y",
	"%Y%m%d-%H:%M[:%S[.%f]]",
};

static const char *const find_weekdays[] = { "", "%a, ", "%a " };

static const char *const find_clocks[] = {
	"%H:%M[:%S[.%f]]", "%I:%M[:%S[.%f]]%p", "%I%p",
	"%I-%p",           "%H%M%S[.%f]",       "%H%M",
};

/* ------------------------------------------------------------------------ */
/*  Trying a form                                                           */
/* ------------------------------------------------------------------------ */

/* Parse all of a cell. */
static bool
find_parse(const struct bci_form *form, struct bci_form_memo *memo,
           const struct bci_field *cell, int64_t *time_ns, bool *utc)
{
	const char *end = cell->text + cell->bytes;

	return bci_form_parse(form, memo, cell->text, end, time_ns, utc) == end;
}

/* Brackets within others that a cell lacks. */
static uint32_t
find_out_of_reach(const struct bci_form *form, uint32_t parts)
{
	uint32_t mask = 0;

	for (uint32_t i = 0; i < form->count; i++)
		if (form->items[i].what == '[' && (parts >> i & 1) == 0)
			for (uint32_t j = i + 1;
			     j < (uint32_t)form->items[i].value; j++)
				mask |= UINT32_C(1) << j;
	return mask;
}

/*
 * Whether the form fits all cells; 'any' and 'all' are its brackets that some
 * of them have, and all that have the brackets around them.  A date may have a
 * time of day, but none that would be added to the one that stands elsewhere.
 */
static bool
find_fits(const struct find *find, const struct bci_form *form, uint32_t *any,
          uint32_t *all)
{
	struct bci_form_memo memo = { 0 };
	uint32_t parts = 0, beyond = find_out_of_reach(form, 0);
	int64_t time_ns;
	bool utc;

	*any = 0;
	*all = UINT32_MAX;
	for (size_t i = 0; i < find->count; i++) {
		if (find->cells[i].bytes == 0)
			continue;
		if (!find_parse(form, &memo, &find->cells[i], &time_ns, &utc))
			return false;
		if (find->part == BCI_FORM_DATE &&
		    (utc || time_ns % BCI_DAY_NS != 0))
			return false;
		if (memo.parts != parts) {
			parts = memo.parts;
			beyond = find_out_of_reach(form, parts);
		}
		*any |= parts;
		*all &= parts | beyond;
	}
	return true;
}

/* Leave of a form's brackets what the cells need. */
static void
find_narrow(const struct bci_form *form, uint32_t any, uint32_t all,
            struct bci_form *out)
{
	char text[BCI_FORM_TEXT_MAX];
	bool keep[BCI_FORM_ITEMS] = { false };
	size_t used = 0;
	uint32_t item = 0, depth = 0, skipped = 0;

	for (const char *at = form->text; *at != '\0'; at++) {
		if (*at == '[') {
			while (form->items[item].what != '[')
				item++;
			skipped += skipped > 0 || (any >> item & 1) == 0;
			keep[depth] = (all >> item++ & 1) == 0;
			if (skipped == 0 && keep[depth])
				text[used++] = '[';
			depth++;
		} else if (*at == ']') {
			depth--;
			if (skipped == 0 && keep[depth])
				text[used++] = ']';
			skipped -= skipped > 0;
		} else if (skipped == 0) {
			text[used++] = *at;
		}
	}
	text[used] = '\0';
	BCI_ASSERT(bci_form_compile(text, out));
}

/* Try a form; what it finds is the first or the second one in 'out'. */
static bool
find_try(const struct find *find, const char *weekday, const char *head,
         const char *tail, struct bci_form_guess *out)
{
	char text[BCI_FORM_TEXT_MAX];
	struct bci_form form;
	uint32_t any, all;

	snprintf(text, sizeof(text), "%s%s%s", weekday, head, tail);
	if (!bci_form_compile(text, &form) ||
	    !find_fits(find, &form, &any, &all))
		return false;
	find_narrow(&form, any, all,
	            out->form.kind == BCI_FORM_NONE ? &out->form : &out->other);
	return true;
}

/* ------------------------------------------------------------------------ */
/*  Texts                                                                   */
/* ------------------------------------------------------------------------ */

/* Note which bytes the first cell has. */
static void
find_note_bytes(struct find *find)
{
	for (size_t i = 0; i < find->first->bytes; i++) {
		unsigned char byte = (unsigned char)find->first->text[i];

		if (byte < 128)
			find->marks[byte >> 6] |= UINT64_C(1) << (byte & 63);
		find->letters |= (byte | 0x20) >= 'a' && (byte | 0x20) <= 'z';
	}
}

/* Whether the first cell has the bytes that a form asks for in any case. */
static bool
find_has_bytes(const struct find *find, const char *form)
{
	for (; *form != '\0' && *form != '['; form++) {
		unsigned char byte = (unsigned char)*form;

		if (byte != '%') {
			if ((find->marks[byte >> 6] >> (byte & 63) & 1) == 0)
				return false;
		} else if (*++form == 'b' && !find->letters) {
			return false;
		}
	}
	return true;
}

/* Whether the first cell begins with a date of this form. */
static bool
find_begins(const struct find *find, const char *weekday, const char *head)
{
	char text[BCI_FORM_TEXT_MAX];
	struct bci_form form;
	int64_t time_ns;
	bool utc;

	if (!find_has_bytes(find, head))
		return false;
	snprintf(text, sizeof(text), "%s%s", weekday, head);
	return bci_form_compile(text, &form) &&
	       bci_form_parse(&form, NULL, find->first->text,
	                      find->first->text + find->first->bytes, &time_ns,
	                      &utc) != NULL;
}

/* Try the readings of a date with each tail; two that fit are enough. */
static bool
find_head(const struct find *find, const char *weekday,
          const struct find_head *head, struct bci_form_guess *out)
{
	for (size_t i = 0; i < BCI_COUNT(head->readings); i++) {
		const char *reading = head->readings[i];
		size_t j = 0;

		if (reading == NULL || !find_begins(find, weekday, reading))
			continue;
		while (j < BCI_COUNT(find_tails) &&
		       !find_try(find, weekday, reading, find_tails[j], out))
			j++;
		if (out->other.kind != BCI_FORM_NONE)
			break;
	}
	return out->form.kind != BCI_FORM_NONE;
}

/* Find how dates are written that are more than digits. */
static bool
find_dates(const struct find *find, struct bci_form_guess *out)
{
	/* A letter may begin a weekday. */
	size_t weekdays = (unsigned char)*find->first->text >= 'A'
	                          ? BCI_COUNT(find_weekdays)
	                          : 1;

	for (size_t i = 0; i < weekdays; i++) {
		for (size_t j = 0; j < BCI_COUNT(find_heads); j++)
			if (find_head(find, find_weekdays[i], &find_heads[j],
			              out))
				return true;
		for (size_t j = 0; j < BCI_COUNT(find_whole); j++)
			if (find_has_bytes(find, find_whole[j]) &&
			    find_try(find, find_weekdays[i], find_whole[j], "",
			             out))
				return true;
	}
	return false;
}

/* ------------------------------------------------------------------------ */
/*  Numbers                                                                 */
/* ------------------------------------------------------------------------ */

/* What the cells are as integers. */
struct find_integers {
	int64_t least, most;
	bool differ;  /* not all are equal, */
	bool minutes; /* all are multiples of 60,000, */
	bool seconds; /* or of 1000 */
};

/* False if a cell is none. */
static bool
find_integers(const struct find *find, struct find_integers *out)
{
	*out = (struct find_integers){ INT64_MAX, INT64_MIN, false, true,
		                       true };
	for (size_t i = 0; i < find->count; i++) {
		const struct bci_field *cell = &find->cells[i];
		const char *end = cell->text + cell->bytes;
		int64_t value;

		if (cell->bytes == 0)
			continue;
		if (bci_integer_parse(cell->text, end, &value) != end)
			return false;
		out->least = value < out->least ? value : out->least;
		out->most = value > out->most ? value : out->most;
		out->minutes = out->minutes && value % 60000 == 0;
		out->seconds = out->seconds && value % 1000 == 0;
	}
	out->differ = out->least != out->most;
	return true;
}

/*
 * Dates of digits alone.  A number of seconds since 1970 has ten digits, too,
 * and one of milliseconds could have twelve: neither is a year from 1900 on
 * before 2030.
 */
static bool
find_digits(const struct find *find, struct bci_form_guess *out)
{
	static const struct {
		const char *text;
		int64_t least, most;
	} forms[] = {
		{ "%Y%m%d", 18000101, 22000101 },
		{ "%Y%m%d%H", 1900010100, 2200010100 },
		{ "%Y%m%d%H%M", 190001010000, 220001010000 },
		{ "%Y%m%d%H%M%S", 19000101000000, 22000101000000 },
		{ "%Y", 1800, 2200 },
	};
	struct find_integers range;

	if (!find_integers(find, &range))
		return false;
	for (size_t i = 0; i < BCI_COUNT(forms); i++)
		if (range.least >= forms[i].least &&
		    range.most < forms[i].most &&
		    find_try(find, "", forms[i].text, "", out))
			return true;
	/* Some without a time of day: too small for a count of seconds. */
	return range.least >= 18000101 && range.least < 22000101 &&
	       find_try(find, "", "%Y%m%d[%H[%M[%S]]]", "", out);
}

/* Whether all cells are zero, which is the same moment in all units. */
static bool
find_zeros(const struct find *find)
{
	for (size_t i = 0; i < find->count; i++)
		for (size_t j = 0; j < find->cells[i].bytes; j++)
			if (strchr("0.", find->cells[i].text[j]) == NULL)
				return false;
	return true;
}

/* Counts since 1970. */
static bool
find_unix(const struct find *find, struct bci_form_guess *out)
{
	return !find_zeros(find) && find_try(find, "", "unix", "", out);
}

/*
 * Times of day that are integers of any length: HHMMSS or HHMM without leading
 * zeros, else milliseconds, of whole seconds as bars have them.  Multiples of
 * a minute from midnight on are milliseconds.
 */
static bool
find_short_clock(const struct find *find, struct bci_form_guess *out)
{
	struct find_integers range;

	if (!find_integers(find, &range) || range.least < 0)
		return false;
	if (range.most >= 10000 && range.most < 240000 && !range.minutes &&
	    find_try(find, "", "%k%M%S", "", out))
		return true;
	if (range.most >= 1000 && range.most < 2400 && range.least < 1000 &&
	    find_try(find, "", "%k%M", "", out))
		return true;
	return range.seconds && (range.differ || range.most >= 240000) &&
	       find_try(find, "", "ms-of-day", "", out);
}

static bool
find_clock(const struct find *find, struct bci_form_guess *out)
{
	for (size_t i = 0; i < BCI_COUNT(find_clocks); i++)
		if (find_has_bytes(find, find_clocks[i]) &&
		    find_try(find, "", find_clocks[i], "", out))
			return true;
	return find_short_clock(find, out);
}

bool
bci_form_find(const struct bci_field *cells, size_t count,
              enum bci_form_part part, struct bci_form_guess *out)
{
	struct find find = {
		.cells = cells, .count = count, .first = cells, .part = part
	};

	memset(out, 0, sizeof(*out));
	while (find.first < cells + count && find.first->bytes == 0)
		find.first++;
	if (find.first == cells + count)
		return false;
	find_note_bytes(&find);
	if (part == BCI_FORM_CLOCK)
		return find_clock(&find, out);
	if (find_digits(&find, out) || find_dates(&find, out))
		return true;
	return part == BCI_FORM_MOMENT && find_unix(&find, out);
}
