/* SPDX-License-Identifier: MIT */
/*
 * sniff_number.c - how the numbers of a file are written, what its columns
 * hold, and whether its prices are whole multiples of something.
 *
 * A mark that comes twice in a number, or before the other one, stands between
 * thousands; one that has other than three digits behind it, more than three
 * before it or nothing but a zero is the decimal mark.  Only "1,234" alone may
 * be the one or the other.  Then the delimiter tells: who separates fields by
 * semicolons needs the comma within numbers.  A column that writes as many
 * thousands without a mark as with one has none: "42 236.7" is broken there.
 */
#include "common.h"

#include <stdio.h>

#include "amount.h"
#include "figure.h"
#include "number.h"
#include "sniffing.h"

/* Of so many cells of a column, one may be what the others are not. */
#define SNIFF_ODD_ONE_IN 10

/* How many cells speak for what. */
struct sniff_marks {
	uint32_t decimal_point, decimal_comma;
	uint32_t group_point, group_comma;
	uint32_t either_point, either_comma;
	char first; /* of the marks that may be either; prices come first */
	char other;
};

/* Count what a single number says. */
static void
sniff_mark(const struct bci_figure *figure, const struct bci_field *cell,
           struct sniff_marks *marks)
{
	bool odd = figure->after != 3 || figure->before == 0 ||
	           figure->before > 3 ||
	           (figure->before == 1 && *cell->text == '0');

	if (figure->other != 0)
		marks->other = figure->other;
	if (figure->points != 0 && figure->commas != 0) {
		marks->decimal_point += figure->last == '.';
		marks->group_comma += figure->last == '.';
		marks->decimal_comma += figure->last == ',';
		marks->group_point += figure->last == ',';
	} else if (figure->points > 1) {
		marks->group_point++;
	} else if (figure->commas > 1) {
		marks->group_comma++;
	} else if (figure->commas == 1) {
		marks->decimal_comma += odd;
		marks->either_comma += !odd;
		marks->first = marks->first != 0 ? marks->first : ',';
	} else if (figure->points == 1) {
		marks->decimal_point += odd;
		marks->either_point += !odd;
		marks->first = marks->first != 0 ? marks->first : '.';
	}
}

/* Whether marks stand between thousands of a number, for sure. */
static bool
sniff_is_grouped(const struct bci_figure *figure)
{
	return figure->other != 0 || figure->points > 1 || figure->commas > 1 ||
	       (figure->points != 0 && figure->commas != 0);
}

/* Whether they would if the column had any. */
static bool
sniff_is_long(const struct bci_figure *figure, const struct bci_field *cell)
{
	return figure->kind == BCI_FIGURE_INTEGER ? cell->bytes > 3
	                                          : figure->before > 3;
}

/* Look at all cells of a column. */
static enum bci_figure_kind
sniff_kind(struct bci_sniffing *s, uint32_t column, struct sniff_marks *marks)
{
	const struct bci_field *cells = bci_sample_column(&s->sample, column);
	uint32_t counts[BCI_FIGURE_TEXT + 1] = { 0 };
	unsigned char *looks = s->looks + (size_t)column * s->sample.rows;
	struct sniff_marks own = *marks;
	uint32_t filled, grouped = 0, ungrouped = 0;

	for (uint32_t i = 0; i < s->sample.rows; i++) {
		struct bci_figure figure =
			bci_figure_look(&cells[i], s->sample.end);

		looks[i] = (unsigned char)figure.kind;
		counts[figure.kind]++;
		if (figure.kind == BCI_FIGURE_NUMBER)
			sniff_mark(&figure, &cells[i], &own);
		if (sniff_is_grouped(&figure))
			grouped++;
		else
			ungrouped += sniff_is_long(&figure, &cells[i]);
	}
	if (grouped <= ungrouped) { /* Then those few are broken. */
		own.group_point = marks->group_point;
		own.group_comma = marks->group_comma;
		own.other = marks->other;
	}
	filled = s->sample.rows - counts[BCI_FIGURE_EMPTY];
	if (filled == 0)
		return BCI_FIGURE_EMPTY;
	/* A few broken cells make rows bad, and the column no other one. */
	if (counts[BCI_FIGURE_TEXT] * 2 > filled)
		return BCI_FIGURE_TEXT;
	*marks = own;
	return counts[BCI_FIGURE_NUMBER] == 0 ? BCI_FIGURE_INTEGER
	                                      : BCI_FIGURE_NUMBER;
}

/* Decide the marks; how sure that is. */
static void
sniff_style(struct bci_dialect *out, const struct sniff_marks *marks)
{
	uint32_t comma_groups = marks->group_comma + marks->decimal_point;

	out->decimal = '.';
	out->grouping = marks->other;
	out->basis.number = BCI_FOUND;
	if (marks->decimal_comma > comma_groups) {
		out->decimal = ',';
		if (marks->group_point != 0 || marks->other == 0)
			out->grouping = '.';
	} else if (marks->group_comma != 0) {
		out->grouping = ',';
	} else if (marks->group_point > marks->decimal_point) {
		out->decimal = ',';
		out->grouping = '.';
	} else if (marks->either_comma != 0) {
		bool decimal = out->delimiter != ',' &&
		               marks->decimal_point == 0 && marks->first == ',';

		out->decimal = decimal ? ',' : '.';
		out->grouping = decimal ? marks->other : ',';
		if (decimal && marks->either_point != 0)
			out->grouping = '.';
		if (marks->decimal_point == 0)
			out->basis.number = BCI_ASSUMED;
	}
}

void
bci_sniff_numbers(struct bci_sniffing *s)
{
	struct sniff_marks marks = { 0 };

	for (uint32_t i = 0; i < s->sample.fields; i++)
		s->kinds[i] = (unsigned char)sniff_kind(s, i, &marks);
	sniff_style(s->out, &marks);
}

bool
bci_sniff_value(const struct bci_sniffing *s, uint32_t column, uint32_t row,
                double *out)
{
	const struct bci_field *cell =
		&bci_sample_column(&s->sample, column)[row];
	const struct bci_dialect *dialect = s->out;

	if (s->sample.end - cell->text >= BCI_NUMBER_AHEAD &&
	    bci_number_quick(cell->text, dialect->decimal, out) ==
	            cell->text + cell->bytes)
		return true;
	return bci_amount_f64(cell, dialect->decimal, dialect->grouping, out) ==
	       BCI_AMOUNT_VALUE;
}

bool
bci_sniff_counts_rows(const struct bci_sniffing *s, uint32_t column)
{
	uint32_t pairs = 0, steps = 0;
	double value = 0, before = 0;

	if (s->kinds[column] != BCI_FIGURE_INTEGER)
		return false;
	for (uint32_t i = 0; i < s->sample.rows; i++) {
		if (!bci_sniff_value(s, column, i, &value) || value < 0 ||
		    value >= 1e8)
			return false;
		if (bci_sample_follows(&s->sample, i)) {
			pairs++;
			steps += value == before + 1 || value == before - 1;
		}
		before = value;
	}
	return pairs == 0 ? value <= 1 : steps * SNIFF_ODD_ONE_IN >= pairs * 9;
}

/* ------------------------------------------------------------------------ */
/*  Prices that are multiples                                               */
/* ------------------------------------------------------------------------ */

/* What the whole prices of the sample have in common. */
struct sniff_whole {
	uint32_t count, hundreds;
	double least;
};

/* False if a price has a fraction. */
static bool
sniff_whole_prices(const struct bci_sniffing *s, struct sniff_whole *out)
{
	struct sniff_whole whole = { .least = 1e300 };
	double value;

	for (uint32_t i = 0; i < s->out->field_count; i++)
		if (s->out->fields[i].role == BCI_ROLE_PRICE &&
		    s->kinds[i] != BCI_FIGURE_INTEGER)
			return false;
	for (uint32_t i = 0; i < s->out->field_count; i++) {
		if (s->out->fields[i].role != BCI_ROLE_PRICE)
			continue;
		for (uint32_t j = 0; j < s->sample.rows; j++) {
			if (!bci_sniff_value(s, i, j, &value))
				continue;
			whole.count++;
			whole.hundreds += value > -1e18 && value < 1e18 &&
			                  (int64_t)value % 100 == 0;
			if (value < whole.least)
				whole.least = value;
		}
	}
	*out = whole;
	return whole.count != 0;
}

/* Whether a word stands in the path of the file, between other bytes. */
bool
bci_sniff_path_has(const struct bci_sniffing *s, const char *word)
{
	const char *at = s->hints->name;
	size_t bytes = strlen(word);

	while (at != NULL && *at != '\0') {
		size_t run = 0;

		while ((at[run] | 0x20) >= 'a' && (at[run] | 0x20) <= 'z')
			run++;
		if (bci_figure_is(&(struct bci_field){ at, run }, word) &&
		    run == bytes)
			return true;
		at += run == 0 ? 1 : run;
	}
	return false;
}

bool
bci_sniff_is_lean(const struct bci_sniffing *s)
{
	const struct bci_dialect *out = s->out;

	return !out->header && out->delimiter == ',' &&
	       (out->field_count == 6 || out->field_count == 11) &&
	       out->fields[0].role == BCI_ROLE_TIME &&
	       (out->time.kind == BCI_FORM_OF_DAY ||
	        (out->time.kind == BCI_FORM_TEXT &&
	         strcmp(out->time.text, "%Y%m%d %H:%M") == 0));
}

void
bci_sniff_divisor(struct bci_sniffing *s)
{
	struct bci_dialect *out = s->out;
	struct sniff_whole whole;

	out->price_divisor = 1;
	out->basis.divisor = BCI_FOUND;
	if (!sniff_whole_prices(s, &whole)) {
		/* A fraction says that prices are written as they are. */
		out->basis.divisor = BCI_STATED;
	} else if (out->preset != NULL && out->preset->price_divisor > 1) {
		out->price_divisor = out->preset->price_divisor;
		out->basis.divisor = BCI_STATED;
	} else if (bci_sniff_is_lean(s)) {
		bool equity = bci_sniff_path_has(s, "equity") ||
		              bci_sniff_path_has(s, "option");

		if (equity || (whole.least >= 1000 &&
		               whole.hundreds * 10 >= whole.count * 9))
			out->price_divisor = 1e4;
		out->basis.divisor = equity ? BCI_STATED : BCI_ASSUMED;
	}
}
