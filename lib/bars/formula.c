/* SPDX-License-Identifier: MIT */
/*
 * formula.c - indicators as people write them.
 *
 *   name ( [column ,] window )
 *
 * The window is what follows the last comma, since a column may be called
 * anything.
 */
#include "common.h"

#include <inttypes.h>
#include <stdio.h>
#include <strings.h>

#include "check.h"
#include "error.h"
#include "formula.h"

static const struct {
	const char *name;
	unsigned window;  /* as an example */
	uint64_t windows; /* that it takes to settle; 0: its own rows */
} formula_indicators[] = {
	[BCI_INDICATOR_SMA] = { "sma", 20, 0 },
	[BCI_INDICATOR_EMA] = { "ema", 50, 20 },
	[BCI_INDICATOR_RSI] = { "rsi", 14, 40 },
	[BCI_INDICATOR_ATR] = { "atr", 14, 40 },
};

/* A part of the text. */
struct formula_part {
	const char *text;
	size_t bytes;
};

static struct formula_part
formula_trim(const char *text, const char *end)
{
	while (text < end && *text == ' ')
		text++;
	while (end > text && end[-1] == ' ')
		end--;
	return (struct formula_part){ text, (size_t)(end - text) };
}

/* Say how the indicator is written. */
static enum bc_status
formula_fail(enum bci_indicator indicator, const char *reason,
             struct bc_error *err)
{
	const char *name = formula_indicators[indicator].name;

	return bci_fail(err, BC_INVALID, "%s %s: %s(%u)", name, reason, name,
	                formula_indicators[indicator].window);
}

static enum bc_status
formula_indicator(const struct formula_part *part, enum bci_indicator *out,
                  struct bc_error *err)
{
	for (unsigned i = 0; i < BCI_COUNT(formula_indicators); i++) {
		const char *name = formula_indicators[i].name;

		if (strlen(name) != part->bytes ||
		    strncasecmp(name, part->text, part->bytes) != 0)
			continue;
		*out = (enum bci_indicator)i;
		return BC_OK;
	}
	return bci_fail(err, BC_INVALID,
	                "'%.*s' is no indicator; there are sma(20), ema(50), "
	                "rsi(14) and atr(14)",
	                (int)part->bytes, part->text);
}

static enum bc_status
formula_window(const struct formula_part *part, struct bci_formula *out,
               struct bc_error *err)
{
	uint64_t window = 0;

	for (size_t i = 0; i < part->bytes; i++) {
		if (part->text[i] < '0' || part->text[i] > '9')
			return formula_fail(out->indicator, "needs a window",
			                    err);
		if (window <= BCI_FORMULA_WINDOW_MAX)
			window = window * 10 + (uint64_t)(part->text[i] - '0');
	}
	if (part->bytes == 0)
		return formula_fail(out->indicator, "needs a window", err);
	if (window < 1 || window > BCI_FORMULA_WINDOW_MAX)
		return bci_fail(
			err, BC_INVALID, "a window of %.*s; it may be 1 to %d",
			(int)part->bytes, part->text, BCI_FORMULA_WINDOW_MAX);
	out->window = window;
	return BC_OK;
}

/* The columns that are looked at: 'part' names one, or none if it is empty. */
static enum bc_status
formula_inputs(const struct formula_part *part, struct bci_formula *out,
               struct bc_error *err)
{
	out->input_count = 1;
	if (out->indicator == BCI_INDICATOR_ATR) {
		if (part->text != NULL)
			return formula_fail(out->indicator,
			                    "takes no column, but a window",
			                    err);
		strcpy(out->inputs[0], "high");
		strcpy(out->inputs[1], "low");
		strcpy(out->inputs[2], "close");
		out->input_count = 3;
		return BC_OK;
	}
	if (part->text == NULL) {
		strcpy(out->inputs[0], "close");
		return BC_OK;
	}
	if (part->bytes == 0 || part->bytes > BC_COLUMN_NAME_MAX)
		return bci_fail(err, BC_INVALID,
		                "'%.*s' is no name of a column",
		                (int)bci_min(part->bytes, 100), part->text);
	memcpy(out->inputs[0], part->text, part->bytes);
	out->inputs[0][part->bytes] = '\0';
	return BC_OK;
}

/* Whether the column must be named in a text of it. */
static bool
formula_is_of_column(const struct bci_formula *formula)
{
	return formula->input_count == 1 &&
	       strcmp(formula->inputs[0], "close") != 0;
}

/* Name the column that it makes: "sma_20", "sma_volume_20". */
static enum bc_status
formula_name(struct bci_formula *out, struct bc_error *err)
{
	bool of_column = formula_is_of_column(out);
	int bytes = snprintf(out->name, sizeof(out->name), "%s_%s%s%" PRIu64,
	                     formula_indicators[out->indicator].name,
	                     of_column ? out->inputs[0] : "",
	                     of_column ? "_" : "", out->window);

	if (bytes < 0 || bytes > BC_COLUMN_NAME_MAX)
		return bci_fail(err, BC_INVALID,
		                "the column '%.60s...' would have a name of "
		                "more than %d bytes",
		                out->name, BC_COLUMN_NAME_MAX);
	return BC_OK;
}

enum bc_status
bci_formula_parse(const char *text, struct bci_formula *out,
                  struct bc_error *err)
{
	const char *end = text + strlen(text);
	const char *open = strchr(text, '('), *comma = NULL, *close;
	struct formula_part name, column = { NULL, 0 }, window;
	enum bc_status status;

	memset(out, 0, sizeof(*out));
	name = formula_trim(text, open == NULL ? end : open);
	BCI_TRY(formula_indicator(&name, &out->indicator, err));
	if (open == NULL)
		return formula_fail(out->indicator, "needs a window", err);
	window = formula_trim(open + 1, end);
	close = window.text + window.bytes - 1;
	if (window.bytes == 0 || *close != ')')
		return formula_fail(out->indicator, "lacks its )", err);
	for (const char *at = open + 1; at < close; at++)
		if (*at == ',')
			comma = at;
	if (comma != NULL)
		column = formula_trim(open + 1, comma);
	window = formula_trim(comma == NULL ? open + 1 : comma + 1, close);
	BCI_TRY(formula_inputs(&column, out, err));
	BCI_TRY(formula_window(&window, out, err));
	BCI_TRY(formula_name(out, err));
done:
	return status;
}

void
bci_formula_text(const struct bci_formula *formula, char text[BCI_FORMULA_TEXT])
{
	bool of_column = formula_is_of_column(formula);

	snprintf(text, BCI_FORMULA_TEXT, "%s(%s%s%" PRIu64 ")",
	         formula_indicators[formula->indicator].name,
	         of_column ? formula->inputs[0] : "", of_column ? "," : "",
	         formula->window);
}

uint64_t
bci_formula_settles(const struct bci_formula *formula)
{
	uint64_t windows = formula_indicators[formula->indicator].windows;

	return windows == 0 ? formula->window - 1 : windows * formula->window;
}

void
bci_formula_compute(const struct bci_formula *formula,
                    const double *const inputs[BCI_FORMULA_INPUTS],
                    uint64_t rows, double *out)
{
	switch (formula->indicator) {
	case BCI_INDICATOR_SMA:
		bc_sma(inputs[0], rows, formula->window, out);
		break;
	case BCI_INDICATOR_EMA:
		bc_ema(inputs[0], rows, formula->window, out);
		break;
	case BCI_INDICATOR_RSI:
		bc_rsi(inputs[0], rows, formula->window, out);
		break;
	case BCI_INDICATOR_ATR:
		bc_atr(inputs[0], inputs[1], inputs[2], rows, formula->window,
		       out);
		break;
	}
}
