/* SPDX-License-Identifier: MIT */
/*
 * sniff_date.c - what the cells of a date leave open.
 *
 * A date in which day and month could change places is looked for in the whole
 * file until a cell decides.  If none does, the reading by which rows are in
 * order, and then the one by which their days are neighbours, is taken.  Times
 * of day without any date have theirs in the name of the file.
 */
#include "common.h"

#include <stdio.h>

#include "calendar.h"
#include "error.h"
#include "sniffing.h"

/* ------------------------------------------------------------------------ */
/*  Day or month                                                            */
/* ------------------------------------------------------------------------ */

/* The bytes of a moment up to its time of day. */
static size_t
sniff_date_bytes(const struct bci_field *cell)
{
	const char *blank = memchr(cell->text, ' ', cell->bytes);

	return blank == NULL ? cell->bytes : (size_t)(blank - cell->text);
}

/* The form, 1 or 2, that alone fits some cell of the file; or 0. */
static int
sniff_decisive(const struct bci_sniffing *s, uint32_t column,
               const struct bci_form_guess *guess)
{
	const char *at = s->sample.begin + s->out->rows_at;
	const char *end = s->sample.end;
	struct bci_field cell, last = { at, 0 };
	int64_t time_ns;

	for (; at < end; at = bci_line_next(at, end)) {
		bool first, second;

		for (uint32_t i = 0;; i++) {
			at = bci_field_find(at, end, s->sample.delimiter,
			                    &cell);
			if (i == column || at == end ||
			    *at != s->sample.delimiter)
				break;
			at++;
		}
		/* Most rows are of the day of the row before. */
		cell.bytes = cell.bytes > 64 ? 64 : cell.bytes;
		if (sniff_date_bytes(&cell) == sniff_date_bytes(&last) &&
		    memcmp(cell.text, last.text, sniff_date_bytes(&cell)) == 0)
			continue;
		last = cell;
		first = bci_sniff_parse(&guess->form, &cell, &time_ns);
		second = bci_sniff_parse(&guess->other, &cell, &time_ns);
		if (first != second)
			return first ? 1 : 2;
	}
	return 0;
}

/* How the rows lie by a form. */
struct sniff_run {
	bool ordered;   /* in one direction all along */
	bool months;    /* each on the first day of a month */
	uint32_t steps; /* from a day to another */
	uint32_t near;  /* of these, over a long weekend at the most */
};

static struct sniff_run
sniff_run_of(const struct bci_sniffing *s, uint32_t column,
             const struct bci_form *form)
{
	const struct bci_field *cells = bci_sample_column(&s->sample, column);
	int64_t time_ns, before_ns = 0, days;
	struct sniff_run run = { .months = true };
	uint32_t up = 0, down = 0;

	for (uint32_t i = 0; i < s->sample.rows; i++) {
		if (!bci_sniff_parse(form, &cells[i], &time_ns))
			continue;
		if (bci_sample_follows(&s->sample, i)) {
			up += time_ns > before_ns;
			down += time_ns < before_ns;
			days = time_ns / BCI_DAY_NS - before_ns / BCI_DAY_NS;
			days = days < 0 ? -days : days;
			run.steps += days != 0;
			run.near += days > 0 && days <= 4;
		}
		run.months = run.months &&
		             bci_date_of_days(time_ns / BCI_DAY_NS).day == 1;
		before_ns = time_ns;
	}
	run.ordered = up == 0 || down == 0;
	return run;
}

/*
 * The reading, 1 or 2, that the rows themselves speak for, or 0.  Days next to
 * each other are likelier than days a month apart, but for the first of months.
 */
static int
sniff_likelier(const struct bci_sniffing *s, uint32_t column,
               const struct bci_form_guess *guess, const char **why)
{
	struct sniff_run first = sniff_run_of(s, column, &guess->form);
	struct sniff_run second = sniff_run_of(s, column, &guess->other);
	bool first_near = first.steps != 0 && first.near == first.steps;
	bool second_near = second.steps != 0 && second.near == second.steps;

	if (first.ordered != second.ordered) {
		*why = "by which rows are in order";
		return first.ordered ? 1 : 2;
	}
	if (first_near == second_near || first.months || second.months)
		return 0;
	*why = "by which days are next to each other";
	return first_near ? 1 : 2;
}

void
bci_sniff_day_or_month(struct bci_sniffing *s, uint32_t column,
                       struct bci_form_guess *guess)
{
	struct bci_dialect *out = s->out;
	const struct bci_preset *preset = s->hints->preset;
	const char *why = "as a cell further on tells", *month, *day;
	int choice;

	if (preset != NULL &&
	    strcmp(guess->form.text, preset->time_format) == 0) {
		out->basis.time = BCI_STATED;
		return;
	}
	choice = sniff_decisive(s, column, guess);

	if (choice == 0)
		choice = sniff_likelier(s, column, guess, &why);
	out->basis.time = choice == 0 ? BCI_ASSUMED : BCI_FOUND;
	if (choice == 2)
		guess->form = guess->other;
	month = strstr(guess->form.text, "%m");
	day = strstr(guess->form.text, "%d");
	snprintf(out->time_reason, sizeof(out->time_reason), "%s%s%s",
	         month != NULL && month < day ? "month before day"
	                                      : "day before month",
	         choice == 0 ? "" : ", ", choice == 0 ? "" : why);
}

/* ------------------------------------------------------------------------ */
/*  The day in a file's name                                                */
/* ------------------------------------------------------------------------ */

/* Read 'count' digits at 'at', or give -1. */
static int64_t
sniff_digits(const char *at, int count)
{
	int64_t value = 0;

	for (int i = 0; i < count; i++) {
		if (at[i] < '0' || at[i] > '9')
			return -1;
		value = value * 10 + (at[i] - '0');
	}
	return value;
}

/* The last YYYYMMDD or YYYY-MM-DD in a name. */
static bool
sniff_day_of_name(const char *name, int64_t *day_ns)
{
	bool found = false, inside = false;

	for (const char *at = name; at != NULL && *at != '\0'; at++) {
		int64_t year = sniff_digits(at, 4), month, day;
		int dash = year >= 0 && (at[4] == '-' || at[4] == '_');
		bool begins = !inside;

		inside = *at >= '0' && *at <= '9';
		if (year < 1900 || year > 2200 || !begins)
			continue;
		month = sniff_digits(at + 4 + dash, 2);
		if (month < 0 || (dash && at[7] != at[4]))
			continue;
		day = sniff_digits(at + 6 + 2 * dash, 2);
		if (day < 0 || !bci_date_valid(year, month, day) ||
		    sniff_digits(at + 8 + 2 * dash, 1) >= 0)
			continue;
		*day_ns = bci_days_of_date(year, month, day) * BCI_DAY_NS;
		found = true;
	}
	return found;
}

enum bc_status
bci_sniff_day(struct bci_sniffing *s)
{
	if (!sniff_day_of_name(s->hints->name, &s->out->day_ns))
		return bci_fail_row(s->err, BC_INVALID, s->out->line,
		                    "rows have times of day but no date, and "
		                    "neither has the file's name (YYYYMMDD)");
	s->out->basis.time = BCI_STATED;
	snprintf(s->out->time_reason, sizeof(s->out->time_reason),
	         "the date is in the file's name");
	return BC_OK;
}
