/* SPDX-License-Identifier: MIT */
/*
 * amount.c - the exact value of a number as people write it.
 *
 * A cell such as "$1,234.5K" is first rewritten as a machine would, "1234.5e3",
 * so that the one parser of numbers rounds it, once.  Marks between thousands
 * are taken only where thousands are: "1,5" is no number where ',' groups, as
 * it would be read ten times too large.
 */
#include "common.h"

#include <math.h>
#include <strings.h>

#include "amount.h"
#include "number.h"

/* Longer cells are no dressed numbers. */
#define AMOUNT_MAX 128

/* A number that is being rewritten. */
struct amount {
	const char *at, *end; /* what is left of the cell */
	char text[AMOUNT_MAX + 8];
	size_t bytes;
};

static bool
amount_is_digit(char byte)
{
	return (unsigned char)(byte - '0') <= 9;
}

/* Whether a cell says that there is nothing. */
static bool
amount_is_absent(const struct bci_field *cell)
{
	static const char *const words[] = { "null", "nan", "na",   "n/a",
		                             "none", "nil", "#n/a", "-",
		                             "--",   "." };

	if (cell->bytes == 0)
		return true;
	for (size_t i = 0; i < BCI_COUNT(words); i++)
		if (cell->bytes == strlen(words[i]) &&
		    strncasecmp(cell->text, words[i], cell->bytes) == 0)
			return true;
	return false;
}

static bool
amount_pass(struct amount *amount, const char *text)
{
	size_t bytes = strlen(text);

	if ((size_t)(amount->end - amount->at) < bytes ||
	    memcmp(amount->at, text, bytes) != 0)
		return false;
	amount->at += bytes;
	return true;
}

static bool
amount_pass_currency(struct amount *amount)
{
	return amount_pass(amount, "$") ||
	       amount_pass(amount, "\xe2\x82\xac") || /* euro */
	       amount_pass(amount, "\xc2\xa3") ||     /* pound */
	       amount_pass(amount, "\xc2\xa5") ||     /* yen */
	       amount_pass(amount, "\xe2\x82\xb9");   /* rupee */
}

/* A blank, and the one that does not break a line. */
static bool
amount_pass_blank(struct amount *amount)
{
	return amount_pass(amount, " ") || amount_pass(amount, "\xc2\xa0") ||
	       amount_pass(amount, "\xe2\x80\xaf");
}

static bool
amount_pass_grouping(struct amount *amount, char grouping)
{
	if (grouping == ' ')
		return amount_pass_blank(amount);
	if (grouping == '\'' && amount_pass(amount, "\xe2\x80\x99"))
		return true;
	if (grouping == 0 || amount->at == amount->end ||
	    *amount->at != grouping)
		return false;
	amount->at++;
	return true;
}

/* Take digits; returns how many. */
static size_t
amount_digits(struct amount *amount)
{
	const char *from = amount->at;

	while (amount->at < amount->end && amount_is_digit(*amount->at))
		amount->text[amount->bytes++] = *amount->at++;
	return (size_t)(amount->at - from);
}

/* A sign and a currency in either order, blanks between them. */
static void
amount_front(struct amount *amount)
{
	bool currency = false, sign = false;

	for (;;) {
		if (!currency && amount_pass_currency(amount)) {
			currency = true;
		} else if (!sign && amount_pass(amount, "-")) {
			amount->text[amount->bytes++] = '-';
			sign = true;
		} else if (!sign && amount_pass(amount, "+")) {
			sign = true;
		} else if (!(currency || sign) || !amount_pass_blank(amount)) {
			return;
		}
	}
}

/*
 * Take the digits before the decimal mark.  Groups behind the first have three
 * digits, or two but for the last one, as in India.
 */
static bool
amount_whole(struct amount *amount, char grouping, size_t *digits)
{
	size_t group = amount_digits(amount);
	const char *before = amount->at;
	bool grouped = false;

	*digits = group;
	while (amount_pass_grouping(amount, grouping)) {
		if (amount->at == amount->end ||
		    !amount_is_digit(*amount->at)) {
			amount->at = before; /* A blank before "K". */
			break;
		}
		if (group < (grouped ? 2 : 1) || group > 3)
			return false;
		grouped = true;
		group = amount_digits(amount);
		*digits += group;
		before = amount->at;
	}
	return !grouped || group == 3;
}

/* Take an exponent, or a suffix that stands for one, and what says nothing. */
static bool
amount_tail(struct amount *amount)
{
	static const struct {
		const char *suffix, *exponent;
	} tails[] = { { "", "" },    { "%", "" },    { "k", "e3" },
		      { "m", "e6" }, { "bn", "e9" }, { "b", "e9" },
		      { "t", "e12" } };
	size_t bytes;

	if (amount->at < amount->end && (*amount->at | 0x20) == 'e') {
		bytes = (size_t)(amount->end - amount->at);
		memcpy(amount->text + amount->bytes, amount->at, bytes);
		amount->bytes += bytes;
		return true;
	}
	while (amount_pass_blank(amount))
		;
	(void)amount_pass_currency(amount);
	bytes = (size_t)(amount->end - amount->at);
	for (size_t i = 0; i < BCI_COUNT(tails); i++) {
		if (bytes != strlen(tails[i].suffix) ||
		    strncasecmp(amount->at, tails[i].suffix, bytes) != 0)
			continue;
		strcpy(amount->text + amount->bytes, tails[i].exponent);
		amount->bytes += strlen(tails[i].exponent);
		return true;
	}
	return false;
}

/* Rewrite a cell; false if it is no number. */
static bool
amount_rewrite(struct amount *amount, const struct bci_field *cell,
               char decimal, char grouping)
{
	size_t whole, part = 0;

	if (cell->bytes > AMOUNT_MAX)
		return false;
	amount->at = cell->text;
	amount->end = cell->text + cell->bytes;
	amount->bytes = 0;
	amount_front(amount);
	if (!amount_whole(amount, grouping, &whole))
		return false;
	if (amount->at < amount->end && *amount->at == decimal) {
		amount->at++;
		amount->text[amount->bytes++] = '.';
		part = amount_digits(amount);
	}
	return whole + part != 0 && amount_tail(amount);
}

enum bci_amount
bci_amount_f64(const struct bci_field *cell, char decimal, char grouping,
               double *out)
{
	const char *text = cell->text, *end = text + cell->bytes;
	struct amount amount;
	double value = 0;
	/* As machines write it, of any length, or the word of a double. */
	bool plain = bci_number_parse(text, end, &value) == end;

	if (plain ? !isfinite(value) : amount_is_absent(cell))
		return BCI_AMOUNT_ABSENT;
	if (!plain || decimal != '.') {
		if (!amount_rewrite(&amount, cell, decimal, grouping))
			return BCI_AMOUNT_NONE;
		end = amount.text + amount.bytes;
		if (bci_number_parse(amount.text, end, &value) != end)
			return BCI_AMOUNT_NONE;
	}
	if (!isfinite(value))
		return BCI_AMOUNT_ABSENT;
	*out = value;
	return BCI_AMOUNT_VALUE;
}

enum bci_amount
bci_amount_i64(const struct bci_field *cell, char decimal, char grouping,
               int64_t *out)
{
	struct amount amount;
	double value;
	bool whole;
	enum bci_amount kind = bci_amount_f64(cell, decimal, grouping, &value);

	if (kind != BCI_AMOUNT_VALUE)
		return kind;
	if (!amount_rewrite(&amount, cell, decimal, grouping))
		return BCI_AMOUNT_UNFIT; /* Too long to be one. */
	bci_whole_parse(amount.text, amount.text + amount.bytes, out, &whole);
	return whole ? BCI_AMOUNT_VALUE : BCI_AMOUNT_UNFIT;
}
