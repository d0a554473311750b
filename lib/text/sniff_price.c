/* SPDX-License-Identifier: MIT */
/*
 * sniff_price.c - which of four columns are open, high, low and close, by what
 * their numbers do; and whether names that are known name enough of them.
 *
 * In a bar the high is the greatest of the four and the low is the least, so
 * each of the twelve ways to choose the two is wrong in some number of rows.
 * The way that is wrong least often is taken if it stands out; bad bars and
 * bars whose four prices are the same do no harm.  The open is near the close
 * of the bar before, which tells it from the close; but as every known source
 * but one writes the open first, it takes a good many rows to believe the
 * contrary.
 *
 * Names of a header are taken as they are, even where the numbers below them
 * look otherwise; that is only mentioned.  Where none of them is a price, the
 * file may have one column a symbol, which is refused with the way to read it.
 */
#include "common.h"

#include <stdio.h>

#include "calendar.h"
#include "error.h"
#include "sniffing.h"

/* Rows in which open and close differ that can speak against their order. */
#define SNIFF_SWAP_ROWS 20

/* Fewer rows prove nothing. */
#define SNIFF_PROOF_ROWS 10

struct sniff_bars {
	uint32_t rows;
	double prices[BCI_SAMPLE_LINES][4];
	bool follows[BCI_SAMPLE_LINES];
	bool descending;
};

/* The four prices of a row that has them all, and a moment. */
static bool
sniff_take_bar(const struct bci_sniffing *s, const uint32_t columns[4],
               uint32_t row, double prices[4])
{
	bool whole = s->moments[row].known;

	for (uint32_t i = 0; i < 4; i++)
		whole = whole &&
		        bci_sniff_value(s, columns[i], row, &prices[i]);
	return whole;
}

/* The rows that have all four prices. */
static void
sniff_take_bars(const struct bci_sniffing *s, const uint32_t columns[4],
                struct sniff_bars *bars)
{
	int64_t before_ns = 0;
	uint32_t up = 0, down = 0;
	bool whole = false;

	bars->rows = 0;
	for (uint32_t i = 0; i < s->sample.rows; i++) {
		bool follows = whole && bci_sample_follows(&s->sample, i);
		int64_t time_ns = s->moments[i].time_ns;

		whole = sniff_take_bar(s, columns, i, bars->prices[bars->rows]);
		if (!whole)
			continue;
		bars->follows[bars->rows++] = follows;
		up += follows && time_ns > before_ns;
		down += follows && time_ns < before_ns;
		before_ns = time_ns;
	}
	bars->descending = down > up;
}

/* Whether 'high' and 'low' are what their names say. */
static bool
sniff_is_bar(const double prices[4], uint32_t high, uint32_t low)
{
	bool bar = true;

	for (uint32_t i = 0; i < 4; i++)
		bar = bar && prices[i] <= prices[high] &&
		      prices[i] >= prices[low];
	return bar;
}

/* In how many rows they are not. */
static uint32_t
sniff_against(const struct sniff_bars *bars, uint32_t high, uint32_t low)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < bars->rows; i++)
		count += !sniff_is_bar(bars->prices[i], high, low);
	return count;
}

static double
sniff_distance(double a, double b)
{
	return a < b ? b - a : a - b;
}

/* The order in which of two columns the close is nearer the next open. */
struct sniff_pair {
	uint32_t open, close;
	bool sure;
};

static struct sniff_pair
sniff_open_close(const struct sniff_bars *bars, uint32_t first, uint32_t second)
{
	struct sniff_pair pair = { first, second, true };
	double straight = 0, swapped = 0;
	uint32_t rows = 0;

	for (uint32_t i = 1; i < bars->rows; i++) {
		const double *now = bars->prices[i];
		const double *before = bars->prices[i - 1];

		if (!bars->follows[i])
			continue;
		if (bars->descending) {
			now = bars->prices[i - 1];
			before = bars->prices[i];
		}
		rows += now[first] != now[second] ||
		        before[first] != before[second];
		straight += sniff_distance(now[first], before[second]);
		swapped += sniff_distance(now[second], before[first]);
	}
	if (rows >= SNIFF_SWAP_ROWS && swapped * 2 < straight)
		return (struct sniff_pair){ second, first, true };
	pair.sure = straight <= swapped;
	return pair;
}

/* The places of high and low, the commonest first; the open before the close.
 */
static const char sniff_known[][5] = {
	"OHLC", "OCHL", "LHOC", "HLOC", "OLHC", "OCLH",
	"OHCL", "OLCH", "HOLC", "HOCL", "LOHC", "LOCH",
};

static uint32_t
sniff_place(const char *order, char letter)
{
	return (uint32_t)(strchr(order, letter) - order);
}

/*
 * The order whose high and low stand out or, of those that are as good, the
 * commonest; *alone says whether there was but one.
 */
static const char *
sniff_best_order(const struct sniff_bars *bars, uint32_t *against, bool *alone)
{
	uint32_t counts[BCI_COUNT(sniff_known)], least = UINT32_MAX, good = 0;
	uint32_t margin = bars->rows / 50;
	const char *best = NULL;

	if (bars->rows < SNIFF_PROOF_ROWS)
		margin = 1;
	else if (margin < 3)
		margin = 3;
	for (size_t i = 0; i < BCI_COUNT(sniff_known); i++) {
		counts[i] =
			sniff_against(bars, sniff_place(sniff_known[i], 'H'),
		                      sniff_place(sniff_known[i], 'L'));
		least = counts[i] < least ? counts[i] : least;
	}
	for (size_t i = 0; i < BCI_COUNT(sniff_known); i++) {
		if (counts[i] >= least + margin)
			continue;
		good++;
		if (best == NULL) {
			best = sniff_known[i];
			*against = counts[i];
		}
	}
	*alone = good == 1;
	return best;
}

struct bci_sniff_order
bci_sniff_order(const struct bci_sniffing *s, const uint32_t columns[4])
{
	struct bci_sniff_order order = { .letters = "OHLC" };
	struct sniff_bars bars;
	struct sniff_pair pair;
	uint32_t others[2], count = 0;
	const char *best;
	bool alone;

	sniff_take_bars(s, columns, &bars);
	order.rows = bars.rows;
	if (bars.rows == 0)
		return order;
	best = sniff_best_order(&bars, &order.against, &alone);
	for (uint32_t i = 0; i < 4; i++)
		if (best[i] == 'O' || best[i] == 'C')
			others[count++] = i;
	pair = sniff_open_close(&bars, others[0], others[1]);
	memcpy(order.letters, best, sizeof(order.letters));
	if (alone) {
		order.letters[pair.open] = 'O';
		order.letters[pair.close] = 'C';
	}
	order.found = alone && pair.sure && bars.rows >= SNIFF_PROOF_ROWS;
	return order;
}

/* ------------------------------------------------------------------------ */
/*  Prices by their names                                                   */
/* ------------------------------------------------------------------------ */

/* Longer labels are no symbols. */
#define SNIFF_SYMBOL_BYTES 16

/* Whether the columns without a meaning look like one symbol each. */
static bool
sniff_is_wide(const struct bci_sniffing *s, int *first)
{
	uint32_t count = 0, known = 0;

	*first = -1;
	for (uint32_t i = 0; i < s->sample.fields; i++) {
		known += s->meanings[i] != NULL;
		if (!bci_sniff_numeric(s, i) || s->labels[i].bytes == 0 ||
		    s->meanings[i] != NULL ||
		    s->out->fields[i].role != BCI_ROLE_DROP)
			continue;
		if (s->labels[i].bytes > SNIFF_SYMBOL_BYTES)
			return false;
		count++;
		*first = *first < 0 ? (int)i : *first;
	}
	return count >= 2 && count > known;
}

/* A price alone is a close, unless rows are too close to each other. */
static enum bc_status
sniff_check_trades(struct bci_sniffing *s)
{
	int64_t time_ns = 0, before_ns = 0;
	int column = bci_sniff_named(s, "close");
	bool known = false, after;

	if (s->meanings[column] == NULL || !s->meanings[column]->weak)
		return BC_OK;
	for (uint32_t i = 0; i < s->sample.rows; i++) {
		after = known && bci_sample_follows(&s->sample, i);
		known = bci_sniff_moment(s, i, &time_ns);
		if (after && known && time_ns - before_ns < BCI_SECOND_NS &&
		    before_ns - time_ns < BCI_SECOND_NS)
			return bci_fail_row(
				s->err, BC_INVALID, bci_sniff_line(s, i),
				"trades rather than bars: a price alone, and "
				"less than a second between rows (if not, "
				"--columns %.40s=close)",
				s->out->fields[column].label);
		before_ns = time_ns;
	}
	return BC_OK;
}

/*
 * A close may stand alone.  Where other prices stand beside it but not all, the
 * missing one may hide under a name that is not known.
 */
static enum bc_status
sniff_check_four(struct bci_sniffing *s)
{
	static const char *const names[] = { "open", "high", "low" };
	const char *missing = NULL;
	char seen[128];
	uint32_t count = 0;
	bool unknown = false;

	for (uint32_t i = 0; i < BCI_COUNT(names); i++) {
		if (bci_sniff_named(s, names[i]) >= 0)
			count++;
		else
			missing = names[i];
	}
	if (count == 0)
		return sniff_check_trades(s);
	for (uint32_t i = 0; i < s->sample.fields; i++)
		unknown |= bci_sniff_numeric(s, i) && s->meanings[i] == NULL &&
		           s->labels[i].bytes != 0;
	if (missing == NULL || !unknown)
		return BC_OK;
	bci_sniff_columns_text(s, seen);
	return bci_fail_row(s->err, BC_INVALID, s->header_line,
	                    "no column is the %s among %s: name it by "
	                    "--columns LABEL=%s, or name all fields",
	                    missing, seen, missing);
}

/* Whether the caller asks for columns of a file that may be no bars. */
static bool
sniff_asks(const struct bci_sniffing *s)
{
	bool asked = s->hints->extra != NULL && s->hints->extra[0] != '\0';

	for (uint32_t i = 0; i < s->sample.fields; i++)
		asked = asked || s->asked[i];
	return asked;
}

enum bc_status
bci_sniff_check_prices(struct bci_sniffing *s)
{
	char seen[128];
	const char *label;
	bool prices = bci_sniff_role(s, BCI_ROLE_PRICE) >= 0;
	int first;

	/* A high without a close is a close whose name is not known. */
	if (bci_sniff_named(s, "bid_close") >= 0 ||
	    bci_sniff_named(s, "ask_close") >= 0)
		return BC_OK;
	if (bci_sniff_named(s, "close") >= 0)
		return sniff_check_four(s);
	if (!prices && sniff_asks(s))
		return BC_OK;
	bci_sniff_columns_text(s, seen);
	if (prices)
		return bci_fail_row(s->err, BC_INVALID, s->header_line,
		                    "no column is the close among %s: name it "
		                    "by --columns LABEL=close",
		                    seen);
	if (s->label_count != 0 && sniff_is_wide(s, &first)) {
		label = s->out->fields[first].label;
		return bci_fail_row(s->err, BC_INVALID, s->header_line,
		                    "no prices but a column a symbol (%.80s): "
		                    "import one at a time by --columns "
		                    "%.24s=close --symbol %.24s",
		                    seen, label, label);
	}
	return bci_fail_row(s->err, BC_INVALID, s->header_line,
	                    "no column is open, high, low or close among %s: "
	                    "name one by --columns LABEL=close",
	                    seen);
}

void
bci_sniff_doubt(struct bci_sniffing *s)
{
	static const char *const names[] = { "open", "high", "low", "close" };
	uint32_t columns[4], against = 0, good = 0, rows = s->sample.rows;
	double prices[4];

	for (uint32_t i = 0; i < 4; i++) {
		int column = bci_sniff_named(s, names[i]);

		if (column < 0)
			return;
		columns[i] = (uint32_t)column;
	}
	/* As soon as half of all are bars, the others prove nothing. */
	for (uint32_t i = 0; i < rows && good * 2 < rows; i++) {
		if (!sniff_take_bar(s, columns, i, prices))
			continue;
		if (sniff_is_bar(prices, 1, 2))
			good++;
		else
			against++;
	}
	if (good + against >= SNIFF_PROOF_ROWS && against > good)
		snprintf(s->out->columns_reason, sizeof(s->out->columns_reason),
		         "but high and low are not what they say in %u of %u "
		         "rows",
		         against, good + against);
}
