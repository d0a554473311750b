/* SPDX-License-Identifier: MIT */
/*
 * sniff_row.c - roles of the fields of a file without a header, from what is
 * in them.
 *
 * Behind the moment come the four prices in some order, which their numbers
 * tell, then the volume.  A number between low and high all along, with more
 * behind it, is a mean price; an integer behind the volume counts trades.  Two
 * such fours with a size behind each are the bid and the ask.  Of Binance's
 * twelve fields the moment that ends the bar is known by being just that.
 */
#include "common.h"

#include <stdio.h>

#include "error.h"
#include "sniffing.h"

/* Columns of numbers other than the moment, from left to right. */
struct sniff_numbers {
	uint32_t count;
	uint32_t columns[BCI_FIELDS_MAX];
};

/* At most one row in so many may be no bar where an order is believed. */
#define SNIFF_BAD_ONE_IN 10

static const char *
sniff_price_name(char letter)
{
	switch (letter) {
	case 'O':
		return "open";
	case 'H':
		return "high";
	case 'L':
		return "low";
	default:
		return "close";
	}
}

/* Whether a column is a moment shortly behind the one of its row. */
static bool
sniff_ends_bar(const struct bci_sniffing *s, uint32_t column)
{
	int time = bci_sniff_role(s, BCI_ROLE_TIME);
	uint32_t fit = 0;
	double from, to;

	if (time < 0 || s->out->time.kind != BCI_FORM_UNIX ||
	    s->kinds[column] != BCI_FIGURE_INTEGER)
		return false;
	for (uint32_t i = 0; i < s->sample.rows; i++)
		fit += bci_sniff_value(s, (uint32_t)time, i, &from) &&
		       bci_sniff_value(s, column, i, &to) && to > from &&
		       to < from * 1.01;
	return fit * 10 >= s->sample.rows * 9;
}

/* Collect the numbers behind the moment, or all if these are too few. */
static void
sniff_collect(const struct bci_sniffing *s, struct sniff_numbers *numbers)
{
	uint32_t from = 0;

	for (uint32_t i = 0; i < s->sample.fields; i++)
		if (s->out->fields[i].role != BCI_ROLE_DROP)
			from = i + 1;
	for (;;) {
		numbers->count = 0;
		for (uint32_t i = from; i < s->sample.fields; i++)
			if (s->out->fields[i].role == BCI_ROLE_DROP &&
			    bci_sniff_numeric(s, i))
				numbers->columns[numbers->count++] = i;
		if (numbers->count >= 4 || from == 0)
			return;
		from = 0;
	}
}

/* A text in front of the prices names the series. */
static void
sniff_symbol(struct bci_sniffing *s)
{
	for (uint32_t i = 0; i < s->sample.fields && i < 4; i++) {
		if (s->out->fields[i].role == BCI_ROLE_DROP &&
		    s->kinds[i] == BCI_FIGURE_TEXT) {
			bci_sniff_assign(s, i, BCI_ROLE_SYMBOL, "symbol");
			return;
		}
	}
}

/* ------------------------------------------------------------------------ */
/*  Prices                                                                  */
/* ------------------------------------------------------------------------ */

static bool
sniff_believes(const struct bci_sniff_order *order)
{
	return order->rows != 0 &&
	       order->against * SNIFF_BAD_ONE_IN <= order->rows;
}

/* Name four columns by an order, with "bid_" or "ask_" in front. */
static void
sniff_name_prices(struct bci_sniffing *s, const uint32_t columns[4],
                  const char *letters, const char *side)
{
	char name[16];

	for (uint32_t i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%s%s", side,
		         sniff_price_name(letters[i]));
		bci_sniff_assign(s, columns[i], BCI_ROLE_PRICE, name);
	}
}

/* Bid and ask, each with its size behind. */
static bool
sniff_quotes(struct bci_sniffing *s, const struct sniff_numbers *numbers)
{
	struct bci_sniff_order bid, ask;
	const uint32_t *columns = numbers->columns;
	uint32_t above = 0, both = 0; /* There may be nobody on one side. */
	double low, high;

	if (numbers->count != 10)
		return false;
	bid = bci_sniff_order(s, columns);
	ask = bci_sniff_order(s, columns + 5);
	if (!sniff_believes(&bid) || !sniff_believes(&ask))
		return false;
	for (uint32_t i = 0; i < s->sample.rows; i++) {
		if (!bci_sniff_value(s, columns[0], i, &low) ||
		    !bci_sniff_value(s, columns[5], i, &high))
			continue;
		both++;
		above += high >= low && high < low * 2;
	}
	if (both * 2 < s->sample.rows || above * 10 < both * 9)
		return false;
	sniff_name_prices(s, columns, bid.letters, "bid_");
	sniff_name_prices(s, columns + 5, ask.letters, "ask_");
	bci_sniff_assign(s, columns[4], BCI_ROLE_VALUE, "bid_volume");
	bci_sniff_assign(s, columns[9], BCI_ROLE_VALUE, "ask_volume");
	s->out->basis.columns = BCI_FOUND;
	snprintf(s->out->columns_reason, sizeof(s->out->columns_reason),
	         "two bars in a row, the second above the first");
	return true;
}

/* Find four prices among the numbers; *place is where they begin. */
static enum bc_status
sniff_prices(struct bci_sniffing *s, const struct sniff_numbers *numbers,
             uint32_t *place)
{
	struct bci_sniff_order order, first = { .rows = 0 };

	for (uint32_t i = 0; i + 4 <= numbers->count && i < 4; i++) {
		order = bci_sniff_order(s, numbers->columns + i);
		if (i == 0)
			first = order;
		if (!sniff_believes(&order))
			continue;
		*place = i;
		sniff_name_prices(s, numbers->columns + i, order.letters, "");
		s->out->basis.columns = order.found ? BCI_FOUND : BCI_ASSUMED;
		snprintf(s->out->columns_reason, sizeof(s->out->columns_reason),
		         "high >= the rest and low <= the rest in %u of %u "
		         "rows",
		         order.rows - order.against, order.rows);
		return BC_OK;
	}
	return bci_fail_row(s->err, BC_INVALID, s->out->line,
	                    "no header, and no four columns that are open, "
	                    "high, low and close (the first four are a bar in "
	                    "%u of %u rows): give --columns",
	                    first.rows - first.against, first.rows);
}

/* ------------------------------------------------------------------------ */
/*  What follows the prices                                                 */
/* ------------------------------------------------------------------------ */

/* Whether a column lies between low and high, or is 0, in nearly all rows. */
static bool
sniff_is_mean(const struct bci_sniffing *s, uint32_t column)
{
	int low = bci_sniff_named(s, "low"), high = bci_sniff_named(s, "high");
	uint32_t within = 0, rows = 0, inside = 0;
	double value, least, most;

	for (uint32_t i = 0; i < s->sample.rows; i++) {
		if (!bci_sniff_value(s, column, i, &value) ||
		    !bci_sniff_value(s, (uint32_t)low, i, &least) ||
		    !bci_sniff_value(s, (uint32_t)high, i, &most))
			continue;
		rows++;
		/* A mean is rounded, and 0 where nothing was traded. */
		inside += value >= least * 0.999 && value <= most * 1.001;
		within += value == 0;
	}
	return inside * 2 > rows && (inside + within) * 100 >= rows * 99;
}

/* The names behind the volume that Binance gives. */
static void
sniff_binance(struct bci_sniffing *s, uint32_t volume)
{
	static const char *const names[] = {
		"close_time",       "quote_volume",           "count",
		"taker_buy_volume", "taker_buy_quote_volume", "ignore"
	};

	for (uint32_t i = 0; i < BCI_COUNT(names); i++)
		if (volume + 1 + i < s->sample.fields)
			bci_sniff_assign(s, volume + 1 + i, BCI_ROLE_DROP,
			                 names[i]);
}

/* Name the numbers from 'at' on. */
static void
sniff_behind(struct bci_sniffing *s, const struct sniff_numbers *numbers,
             uint32_t at)
{
	uint32_t column;

	if (at < numbers->count && at + 1 < numbers->count &&
	    sniff_is_mean(s, numbers->columns[at]))
		bci_sniff_assign(s, numbers->columns[at++], BCI_ROLE_DROP,
		                 "vwap");
	if (at == numbers->count)
		return;
	column = numbers->columns[at++];
	bci_sniff_assign(s, column, BCI_ROLE_VALUE, "volume");
	if (at == numbers->count)
		return;
	if (numbers->columns[at] == column + 1 && at + 3 < numbers->count &&
	    sniff_ends_bar(s, column + 1))
		sniff_binance(s, column);
	else if (s->kinds[numbers->columns[at]] == BCI_FIGURE_INTEGER)
		bci_sniff_assign(s, numbers->columns[at], BCI_ROLE_DROP,
		                 "count");
}

enum bc_status
bci_sniff_rows(struct bci_sniffing *s)
{
	struct sniff_numbers numbers;
	uint32_t place = 0;
	enum bc_status status;

	sniff_symbol(s);
	sniff_collect(s, &numbers);
	if (numbers.count < 4)
		return bci_fail_row(s->err, BC_INVALID, s->out->line,
		                    "no header, and %u column%s of numbers "
		                    "beside the time: name all %u fields by "
		                    "--columns, like time,close",
		                    numbers.count,
		                    numbers.count == 1 ? "" : "s",
		                    s->sample.fields);
	if (sniff_quotes(s, &numbers))
		return BC_OK;
	BCI_TRY(sniff_prices(s, &numbers, &place));
	/* What stands before the prices may be their volume. */
	if (place != 0 && place + 4 == numbers.count)
		bci_sniff_assign(s, numbers.columns[place - 1], BCI_ROLE_VALUE,
		                 "volume");
	else
		sniff_behind(s, &numbers, place + 4);
done:
	return status;
}
