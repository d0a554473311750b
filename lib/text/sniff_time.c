/* SPDX-License-Identifier: MIT */
/*
 * sniff_time.c - which fields are the moment of a row, and its form.
 *
 * Candidates are the fields that are named as moments or, where none is, those
 * whose cells are.  Of several the surest is taken: the one that begins a bar
 * before the one that ends it, a number since 1970 or a moment with an offset
 * before one on some wall clock, a whole moment before a date alone.
 */
#include "common.h"

#include <stdio.h>

#include "calendar.h"
#include "error.h"
#include "sniffing.h"

/* Cells whose form is tried where not all have one. */
#define SNIFF_TRIES 4

/* What a column may be, from the best to the worst. */
enum sniff_when {
	SNIFF_UNIX,   /* a number since 1970 */
	SNIFF_ZONED,  /* a moment with its offset */
	SNIFF_MOMENT, /* date and time of day */
	SNIFF_DATE,
	SNIFF_CLOCK,
	SNIFF_NEVER
};

struct sniff_candidate {
	int column; /* -1: none */
	enum sniff_when when;
	uint32_t rank; /* less is better */
	struct bci_form_guess guess;
};

/* ------------------------------------------------------------------------ */
/*  Cells                                                                   */
/* ------------------------------------------------------------------------ */

bool
bci_sniff_parse(const struct bci_form *form, const struct bci_field *cell,
                int64_t *time_ns)
{
	const char *end = cell->text + cell->bytes;
	bool utc;

	return bci_form_parse(form, NULL, cell->text, end, time_ns, &utc) ==
	       end;
}

/* How many of the cells that are not empty fit; the first that does not. */
static uint32_t
sniff_fit(const struct bci_sniffing *s, uint32_t column,
          const struct bci_form *form, uint32_t *filled, int *odd)
{
	const struct bci_field *cells = bci_sample_column(&s->sample, column);
	const unsigned char *looks = bci_sniff_looks(s, column);
	uint32_t fit = 0;
	int64_t time_ns;

	*filled = 0;
	*odd = -1;
	for (uint32_t i = 0; i < s->sample.rows; i++) {
		if (looks[i] == BCI_FIGURE_EMPTY)
			continue;
		++*filled;
		if (bci_sniff_parse(form, &cells[i], &time_ns))
			fit++;
		else if (*odd < 0)
			*odd = (int)i;
	}
	return fit;
}

/* Whether nearly all cells fit. */
static bool
sniff_fits(const struct bci_sniffing *s, uint32_t column,
           const struct bci_form *form)
{
	uint32_t filled, fit;
	int odd;

	fit = sniff_fit(s, column, form, &filled, &odd);
	return filled != 0 && fit * 10 >= filled * 9;
}

/* The cells of a column that hold something, or fit one of two forms. */
static uint32_t
sniff_cells(const struct bci_sniffing *s, uint32_t column,
            const struct bci_form_guess *guess,
            struct bci_field cells[BCI_SAMPLE_LINES])
{
	const struct bci_field *all = bci_sample_column(&s->sample, column);
	const unsigned char *looks = bci_sniff_looks(s, column);
	uint32_t count = 0;
	int64_t time_ns;

	for (uint32_t i = 0; i < s->sample.rows; i++) {
		if (guess == NULL ? looks[i] == BCI_FIGURE_EMPTY
		                  : !bci_sniff_parse(&guess->form, &all[i],
		                                     &time_ns) &&
		                            !bci_sniff_parse(&guess->other,
		                                             &all[i], &time_ns))
			continue;
		cells[count++] = all[i];
	}
	return count;
}

/*
 * Find the form of a column.  Cells that fit nothing, such as a 30th of
 * February, must not hide it, so where there is no form for all, one is looked
 * for that fits the others of a single cell's kind.
 */
static bool
sniff_find(const struct bci_sniffing *s, uint32_t column,
           enum bci_form_part part, struct bci_form_guess *guess)
{
	struct bci_field cells[BCI_SAMPLE_LINES] = { { "", 0 } };
	struct bci_field fit[BCI_SAMPLE_LINES] = { { "", 0 } };
	uint32_t count, fit_count;

	if (s->kinds[column] == BCI_FIGURE_EMPTY)
		return false;
	count = sniff_cells(s, column, NULL, cells);
	if (bci_form_find(cells, count, part, guess))
		return true;
	for (uint32_t i = 0; i < count; i += count / SNIFF_TRIES + 1) {
		if (!bci_form_find(&cells[i], 1, part, guess))
			continue;
		fit_count = sniff_cells(s, column, guess, fit);
		if (fit_count * 2 > count &&
		    bci_form_find(fit, fit_count, part, guess))
			return true;
	}
	return false;
}

/* Whether numbers never, or hardly ever, turn back. */
static bool
sniff_is_ordered(const struct bci_sniffing *s, uint32_t column,
                 const struct bci_form *form)
{
	const struct bci_field *cells = bci_sample_column(&s->sample, column);
	int64_t time_ns, before_ns = 0;
	uint32_t up = 0, down = 0, pairs = 0;
	bool known = false;

	for (uint32_t i = 0; i < s->sample.rows; i++) {
		if (!bci_sniff_parse(form, &cells[i], &time_ns))
			continue;
		if (known && bci_sample_follows(&s->sample, i)) {
			pairs++;
			up += time_ns >= before_ns;
			down += time_ns <= before_ns;
		}
		known = true;
		before_ns = time_ns;
	}
	return (up > down ? up : down) * 10 >= pairs * 9;
}

/* ------------------------------------------------------------------------ */
/*  Candidates                                                              */
/* ------------------------------------------------------------------------ */

static enum sniff_when
sniff_when_of(const struct bci_form *form)
{
	if (form->kind == BCI_FORM_UNIX)
		return SNIFF_UNIX;
	if (!form->dated)
		return SNIFF_CLOCK;
	if (form->zoned)
		return SNIFF_ZONED;
	return form->clocked ? SNIFF_MOMENT : SNIFF_DATE;
}

/* Look at a column; 'named' says that it is known to be a moment. */
static enum sniff_when
sniff_look(const struct bci_sniffing *s, uint32_t column, bool named,
           struct bci_form_guess *guess)
{
	bool integer = s->kinds[column] == BCI_FIGURE_INTEGER;

	if (!named && s->kinds[column] == BCI_FIGURE_NUMBER && column > 0)
		return SNIFF_NEVER;
	if (sniff_find(s, column, BCI_FORM_MOMENT, guess) &&
	    guess->form.kind != BCI_FORM_OF_DAY) {
		/* A column of integers may be a volume, or prices. */
		if (!named && bci_sniff_numeric(s, column) && column > 0 &&
		    !sniff_is_ordered(s, column, &guess->form))
			return SNIFF_NEVER;
		return sniff_when_of(&guess->form);
	}
	if (!named && integer &&
	    (column > 1 || bci_sniff_counts_rows(s, column)))
		return SNIFF_NEVER;
	if (!sniff_find(s, column, BCI_FORM_CLOCK, guess))
		return SNIFF_NEVER;
	if (!named && integer && !sniff_is_ordered(s, column, &guess->form))
		return SNIFF_NEVER;
	return SNIFF_CLOCK;
}

static bool
sniff_is_moment_role(enum bci_role role)
{
	return role == BCI_ROLE_TIME || role == BCI_ROLE_DATE ||
	       role == BCI_ROLE_CLOCK;
}

/* What speaks against a column by its name. */
static uint32_t
sniff_rank(const struct bci_sniffing *s, uint32_t column, enum sniff_when when)
{
	const struct bci_meaning *meaning = s->meanings[column];
	bool absolute = when == SNIFF_UNIX || when == SNIFF_ZONED;
	uint32_t rank = absolute ? 0 : (uint32_t)when * 4;

	if (meaning == NULL)
		return rank;
	if (meaning->close && sniff_is_moment_role(meaning->role))
		rank += 400;
	if (meaning->weak)
		rank += 100;
	return rank + (absolute || meaning->utc ? 0 : 1);
}

/*
 * What speaks against a column of numbers since 1970 without a name: a bar
 * begins with a minute, but it may end just before one or be published later.
 */
static uint32_t
sniff_unevenness(const struct bci_sniffing *s,
                 const struct sniff_candidate *candidate)
{
	const struct bci_field *cells =
		bci_sample_column(&s->sample, (uint32_t)candidate->column);
	int64_t time_ns;

	if (candidate->when != SNIFF_UNIX)
		return 0;
	for (uint32_t i = 0; i < s->sample.rows; i++)
		if (bci_sniff_parse(&candidate->guess.form, &cells[i],
		                    &time_ns) &&
		    time_ns % (60 * BCI_SECOND_NS) != 0)
			return BCI_FIELDS_MAX;
	return 0;
}

/*
 * The best column for a moment with a date, or for a time of day, but for one
 * that is known to be none.  Without names all columns are tried and the first
 * one that fits is taken.
 */
static struct sniff_candidate
sniff_best(const struct bci_sniffing *s, bool named, bool clock, int but)
{
	struct sniff_candidate best = { .column = -1, .rank = UINT32_MAX };

	for (uint32_t i = 0; i < s->sample.fields; i++) {
		struct sniff_candidate next = { .column = (int)i };

		if ((int)i == but ||
		    (named ? !sniff_is_moment_role(s->out->fields[i].role)
		           : s->out->fields[i].role != BCI_ROLE_DROP))
			continue;
		next.when = sniff_look(s, i, named, &next.guess);
		if (next.when == SNIFF_NEVER ||
		    (next.when == SNIFF_CLOCK) != clock)
			continue;
		next.rank = named ? sniff_rank(s, i, next.when)
		                  : i + sniff_unevenness(s, &next);
		if (next.rank < best.rank)
			best = next;
	}
	return best;
}

static bool
sniff_same(const struct bci_field *a, const struct bci_field *b)
{
	return a->bytes == b->bytes && memcmp(a->text, b->text, a->bytes) == 0;
}

/*
 * Whether the field behind a date is its time of day.  Prices might read like
 * one; but they have no leading zeros, and days would not repeat then.
 */
static bool
sniff_is_clock_of(const struct bci_sniffing *s, uint32_t date, uint32_t column,
                  struct bci_form_guess *guess)
{
	const struct bci_field *dates = bci_sample_column(&s->sample, date);
	const struct bci_field *cells = bci_sample_column(&s->sample, column);
	uint32_t rows = s->sample.rows, repeated = 0, equal = 0;

	if (s->kinds[column] == BCI_FIGURE_NUMBER ||
	    !sniff_find(s, column, BCI_FORM_CLOCK, guess))
		return false;
	if (s->kinds[column] != BCI_FIGURE_INTEGER)
		return true;
	for (uint32_t i = 0; i < rows; i++) {
		uint32_t j = 0;

		if (cells[i].bytes >= 4 && *cells[i].text == '0')
			return true;
		while (j < rows &&
		       (j == i || !sniff_same(&dates[i], &dates[j])))
			j++;
		repeated += j < rows;
		equal += sniff_same(&cells[i], &cells[0]);
	}
	return repeated * 2 >= rows || equal == rows;
}

/* ------------------------------------------------------------------------ */
/*  All of it                                                               */
/* ------------------------------------------------------------------------ */

/* Add the cells of a column to the moments of the rows. */
static void
sniff_add_moments(struct bci_sniffing *s, int column,
                  const struct bci_form *form)
{
	const struct bci_field *cells =
		bci_sample_column(&s->sample, (uint32_t)column);
	struct bci_form_memo memo = { 0 };
	int64_t part_ns;
	bool utc;

	for (uint32_t i = 0; i < s->sample.rows; i++) {
		struct bci_sniff_moment *moment = &s->moments[i];
		const char *end = cells[i].text + cells[i].bytes;

		if (bci_form_parse(form, &memo, cells[i].text, end, &part_ns,
		                   &utc) != end)
			moment->known = false;
		else if (moment->known)
			moment->time_ns += part_ns;
	}
}

/* A cell for a message; an empty one where no row could be read. */
static const struct bci_field *
sniff_cell(const struct bci_sniffing *s, uint32_t column, int row)
{
	static const struct bci_field none = { .text = "" };

	if (s->sample.rows == 0)
		return &none;
	return &bci_sample_column(&s->sample, column)[row];
}

static enum bc_status
sniff_no_time(struct bci_sniffing *s)
{
	const struct bci_field *first;
	uint32_t column = 0;

	for (uint32_t i = s->sample.fields; i > 0; i--)
		if (sniff_is_moment_role(s->out->fields[i - 1].role))
			column = i - 1;
	first = sniff_cell(s, column, 0);
	if (s->kinds[column] == BCI_FIGURE_INTEGER)
		return bci_fail_row(s->err, BC_INVALID, s->out->line,
		                    "no column is known as the time: if %.*s "
		                    "is one, give --time-format (s, ms, us or "
		                    "ns)",
		                    bci_sniff_shown(first), first->text);
	return bci_fail_row(s->err, BC_INVALID, s->out->line,
	                    "no column is known as the time: if '%.*s' is "
	                    "one, give --time-format, else --columns",
	                    bci_sniff_shown(first), first->text);
}

/* Settle on the columns of the moment; all other candidates are dropped. */
static void
sniff_settle(struct bci_sniffing *s, const struct sniff_candidate *moment,
             const struct sniff_candidate *clock)
{
	for (uint32_t i = 0; i < s->sample.fields; i++) {
		if (!sniff_is_moment_role(s->out->fields[i].role))
			continue;
		/* "close_time" says what it is, "date" no longer does. */
		if (strcmp(s->out->fields[i].name, "close_time") != 0)
			bci_sniff_rename(s, i);
		s->out->fields[i].role = BCI_ROLE_DROP;
	}
	for (uint32_t i = 0; i < s->sample.rows; i++)
		s->moments[i] = (struct bci_sniff_moment){ .known = true };
	s->out->time = moment->guess.form;
	s->out->fields[moment->column].role =
		clock->column < 0 ? BCI_ROLE_TIME : BCI_ROLE_DATE;
	sniff_add_moments(s, moment->column, &s->out->time);
	if (clock->column >= 0) {
		s->out->clock = clock->guess.form;
		s->out->fields[clock->column].role = BCI_ROLE_CLOCK;
		sniff_add_moments(s, clock->column, &s->out->clock);
	}
}

/* The time of day that goes with a date, if there is one. */
static struct sniff_candidate
sniff_clock_for(const struct bci_sniffing *s, bool named,
                const struct sniff_candidate *date)
{
	struct sniff_candidate clock = { .column = -1 };
	uint32_t next = (uint32_t)date->column + 1;

	if (date->when != SNIFF_DATE)
		return clock;
	if (named)
		clock = sniff_best(s, true, true, date->column);
	if (clock.column < 0 && next < s->sample.fields &&
	    (!named || sniff_is_moment_role(s->out->fields[next].role) ||
	     s->labels[next].bytes == 0) &&
	    sniff_is_clock_of(s, (uint32_t)date->column, next, &clock.guess))
		clock.column = (int)next;
	return clock;
}

/*
 * Refuse a date alone where a time of day is known to go with it: most of the
 * rows must be broken then, and the others are of another moment.
 */
static enum bc_status
sniff_check_clock(const struct bci_sniffing *s,
                  const struct sniff_candidate *date,
                  const struct sniff_candidate *clock)
{
	if (date->when != SNIFF_DATE || clock->column >= 0)
		return BC_OK;
	for (uint32_t i = 0; i < s->sample.fields; i++) {
		const struct bci_field *cell = bci_sample_column(&s->sample, i);

		if (s->out->fields[i].role == BCI_ROLE_CLOCK &&
		    s->kinds[i] != BCI_FIGURE_EMPTY && (int)i != date->column)
			return bci_fail_row(
				s->err, BC_INVALID, s->out->line,
				"column %u, from '%.*s' on, has no times of "
				"day",
				i + 1, bci_sniff_shown(cell), cell->text);
	}
	return BC_OK;
}

/* Use the form that the caller gives: where it fits, it is the time. */
static enum bc_status
sniff_given(struct bci_sniffing *s, bool named)
{
	struct sniff_candidate moment = { .column = -1 };
	struct sniff_candidate clock = { .column = -1 };
	const char *text = s->hints->time_format;
	enum bc_status status;
	struct bci_form form;
	int first = -1, odd = 0;
	uint32_t filled;

	if (!bci_form_compile(text, &form))
		return bci_fail(s->err, BC_INVALID,
		                "--time-format %s is no form of a moment",
		                text);
	for (uint32_t i = 0; i < s->sample.fields; i++) {
		if (named && !sniff_is_moment_role(s->out->fields[i].role))
			continue;
		first = first < 0 ? (int)i : first;
		if (moment.column < 0 && sniff_fits(s, i, &form))
			moment.column = (int)i;
	}
	if (moment.column < 0) {
		const struct bci_field *cell;

		first = first < 0 ? 0 : first;
		sniff_fit(s, (uint32_t)first, &form, &filled, &odd);
		odd = odd < 0 ? 0 : odd;
		cell = sniff_cell(s, (uint32_t)first, odd);
		return bci_fail_row(s->err, BC_INVALID,
		                    bci_sniff_line(s, (uint32_t)odd),
		                    "'%.*s' does not fit --time-format %s",
		                    bci_sniff_shown(cell), cell->text, text);
	}
	moment.guess.form = form;
	moment.when = sniff_when_of(&form);
	if (moment.when == SNIFF_CLOCK) {
		struct sniff_candidate date = sniff_best(s, named, false, -1);

		if (date.column >= 0 && date.when == SNIFF_DATE) {
			clock = moment;
			moment = date;
		}
	} else {
		clock = sniff_clock_for(s, named, &moment);
		status = sniff_check_clock(s, &moment, &clock);
		if (status != BC_OK)
			return status;
	}
	sniff_settle(s, &moment, &clock);
	s->out->basis.time = BCI_GIVEN;
	return moment.when == SNIFF_CLOCK ? bci_sniff_day(s) : BC_OK;
}

enum bc_status
bci_sniff_time(struct bci_sniffing *s)
{
	struct sniff_candidate moment, clock = { .column = -1 };
	enum bc_status status;
	bool named = false;

	for (uint32_t i = 0; i < s->sample.fields; i++)
		named |= sniff_is_moment_role(s->out->fields[i].role);
	if (s->hints->time_format != NULL)
		return sniff_given(s, named);
	moment = sniff_best(s, named, false, -1);
	if (moment.column < 0 && named) {
		moment = sniff_best(s, true, true, -1);
		if (moment.column < 0) {
			named = false;
			moment = sniff_best(s, false, false, -1);
		}
	}
	if (moment.column < 0)
		moment = sniff_best(s, false, true, -1);
	if (moment.column < 0)
		return sniff_no_time(s);
	s->out->basis.time = BCI_FOUND;
	if (moment.when != SNIFF_CLOCK)
		clock = sniff_clock_for(s, named, &moment);
	status = sniff_check_clock(s, &moment, &clock);
	if (status != BC_OK)
		return status;
	if (moment.guess.other.kind != BCI_FORM_NONE)
		bci_sniff_day_or_month(s, (uint32_t)moment.column,
		                       &moment.guess);
	sniff_settle(s, &moment, &clock);
	return moment.when == SNIFF_CLOCK ? bci_sniff_day(s) : BC_OK;
}
