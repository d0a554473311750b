/* SPDX-License-Identifier: MIT */
/*
 * 04_incremental.c - a series that is kept up to date: every run wants all
 * bars up to now, and asks the exchange for those alone that are not stored
 * yet, and for the last one again, which had not ended.
 *
 * usage: 04_incremental CACHE
 *
 * Run it twice: the first run asks for all, page by page, the second one for
 * the last bar.  Started many times at once, one of them asks and the others
 * wait for it.
 */
#include <inttypes.h>
#include <stdio.h>

#include <barcache.h>

#define MINUTE 60000000000
#define FIRST (28401120 * MINUTE) /* 2024-01-01 */
#define BARS 5000                 /* up to now */
#define PAGE 1000                 /* bars that a request is answered with */

static const struct bc_series series = {
	.source = "example", .market = "spot",
	.symbol = "ETH/USDT", .timeframe = "1m",
};

struct page {
	uint64_t rows;
	int64_t time_ns[PAGE];
	double open[PAGE], high[PAGE], low[PAGE], close[PAGE];
};

/* What asking has cost, as an exchange would count it. */
struct asked {
	unsigned requests;
	uint64_t bars;
};

/* Stands for the exchange: its first bars of [from_ns, to_ns). */
static void
exchange_bars(int64_t from_ns, int64_t to_ns, struct page *page)
{
	int64_t end_ns = FIRST + BARS * MINUTE;

	page->rows = 0;
	for (int64_t t = from_ns; t < to_ns && t < end_ns; t += MINUTE) {
		uint64_t i = page->rows;
		double price = 2000 + (double)(t / MINUTE % 997) / 10;

		if (i == PAGE)
			break;
		page->time_ns[i] = t;
		page->open[i] = price;
		page->high[i] = price + 2;
		page->low[i] = price - 1;
		page->close[i] = price + 1;
		page->rows++;
	}
}

/* Hand a page over; it answers for all of [from_ns, to_ns). */
static enum bc_status
hand_over(struct bc_fetch *fetch, const struct page *page, int64_t from_ns,
          int64_t to_ns, struct bc_error *err)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	const struct bc_column columns[] = {
		{ .name = "open", .type = BC_F64, .data = page->open },
		{ .name = "high", .type = BC_F64, .data = page->high },
		{ .name = "low", .type = BC_F64, .data = page->low },
		{ .name = "close", .type = BC_F64, .data = page->close },
	};
	const struct bc_frame frame = {
		.rows = page->rows, .time_ns = page->time_ns,
		.columns = columns, .column_count = 4,
	};

	options.from_ns = from_ns;
	options.to_ns = to_ns;
	/* The bar of this very minute has not ended: ask for it every time. */
	if (page->rows != 0 &&
	    page->time_ns[page->rows - 1] == FIRST + (BARS - 1) * MINUTE) {
		options.flags = BC_APPEND_OPEN;
		options.ttl_ns = BC_TTL_NONE;
	}
	return bc_fetch_append(fetch, &frame, &options, NULL, err);
}

/* Called by barcache for each gap of what is stored. */
static enum bc_status
fetch_gap(struct bc_fetch *fetch, struct bc_error *err)
{
	struct asked *asked = fetch->context;
	int64_t from_ns = fetch->from_ns, to_ns;
	enum bc_status status = BC_OK;
	struct page page;

	while (status == BC_OK && from_ns < fetch->to_ns) {
		exchange_bars(from_ns, fetch->to_ns, &page);
		asked->requests++;
		asked->bars += page.rows;
		/* A full page goes up to its last bar, the last to the end. */
		to_ns = page.rows == PAGE ? page.time_ns[PAGE - 1] + MINUTE
		                          : fetch->to_ns;
		status = hand_over(fetch, &page, from_ns, to_ns, err);
		from_ns = to_ns;
	}
	return status;
}

int
main(int argc, char **argv)
{
	struct bc_fetch_options fetching = BC_FETCH_OPTIONS_INIT;
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err = { 0 };
	struct asked asked = { 0 };
	char key[BC_KEY_MAX + 1];
	struct bc_view view;
	enum bc_status status;

	if (argc != 2) {
		fprintf(stderr, "usage: 04_incremental CACHE\n");
		return 2;
	}
	options.flags = BC_OPEN_CREATE;
	fetching.function = fetch_gap;
	fetching.context = &asked;
	status = bc_key_series(&series, key, &err);
	if (status == BC_OK)
		status = bc_open(argv[1], &options, &cache, &err);
	if (status == BC_OK)
		status = bc_read_or_fetch(cache, key, FIRST,
		                          FIRST + BARS * MINUTE, NULL,
		                          BC_READ_OPEN, &fetching, &view, &err);
	if (status == BC_OK) {
		printf("requests: %u, bars fetched: %" PRIu64
		       ", bars in all: %" PRIu64 ", newest close: %.2f\n",
		       asked.requests, asked.bars, view.rows,
		       bc_view_f64(&view, "close")[view.rows - 1]);
		bc_view_release(&view);
	} else {
		fprintf(stderr, "04_incremental: %s: %s\n", bc_strerror(status),
		        err.message);
	}
	bc_close(cache);
	return status == BC_OK ? 0 : 1;
}
