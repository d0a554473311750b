/* SPDX-License-Identifier: MIT */
/*
 * 01_backtest.c - a backtest that fetches its bars once and reads them in
 * place ever after: two moving averages of the close cross, and the loop
 * holds the instrument while the fast one is above the slow one.
 *
 * usage: 01_backtest CACHE
 *
 * Run it twice: the second run, like any other process on the host, gets the
 * same bars from the cache without copying them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <barcache.h>

#define BARS 100000 /* minutes */
#define FAST 120
#define SLOW 1440

static const struct bc_series series = {
	.source = "example", .market = "spot",
	.symbol = "BTC/USDT", .timeframe = "1m",
};

struct bars {
	int64_t time_ns[BARS];
	double open[BARS], high[BARS], low[BARS], close[BARS];
};

/* Stands for the exchange: minutes of a walk that is the same every time. */
static void
fetch(struct bars *bars)
{
	uint64_t random = 1;
	double price = 30000;

	for (int64_t i = 0; i < BARS; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		bars->time_ns[i] = (28401120 + i) * 60000000000;
		bars->open[i] = price;
		price += ((double)(random >> 40) / 8388608 - 1) * 20;
		bars->close[i] = price;
		bars->high[i] = (price > bars->open[i] ? price : bars->open[i]);
		bars->low[i] = (price < bars->open[i] ? price : bars->open[i]);
	}
}

/* Fetch the bars and put them under 'key'. */
static enum bc_status
fill(struct bc_cache *cache, const char *key, struct bc_error *err)
{
	struct bars *bars = malloc(sizeof(*bars));
	enum bc_status status;

	if (bars == NULL)
		return BC_NOMEM;
	fetch(bars);
	const struct bc_column columns[] = {
		{ .name = "open", .type = BC_F64, .data = bars->open },
		{ .name = "high", .type = BC_F64, .data = bars->high },
		{ .name = "low", .type = BC_F64, .data = bars->low },
		{ .name = "close", .type = BC_F64, .data = bars->close },
	};
	const struct bc_frame frame = {
		.rows = BARS, .time_ns = bars->time_ns,
		.columns = columns, .column_count = 4,
	};
	status = bc_put(cache, key, &frame, NULL, NULL, err);
	free(bars);
	return status;
}

/* The loop itself: it sees a plain array of doubles. */
static void
backtest(const double *close, uint64_t rows)
{
	double fast = 0, slow = 0, entry = 0, profit = 0;
	int trades = 0;

	for (uint64_t i = 0; i < rows; i++) {
		fast += close[i] - (i >= FAST ? close[i - FAST] : 0);
		slow += close[i] - (i >= SLOW ? close[i - SLOW] : 0);
		if (i + 1 < SLOW)
			continue;
		if (fast / FAST > slow / SLOW && entry == 0) {
			entry = close[i];
		} else if (fast / FAST < slow / SLOW && entry != 0) {
			profit += close[i] - entry;
			entry = 0;
			trades++;
		}
	}
	printf("%" PRIu64 " bars, %d trades, profit %.2f\n", rows, trades,
	       profit);
}

int
main(int argc, char **argv)
{
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err = { 0 };
	struct bc_view view;
	char key[BC_KEY_MAX + 1];
	enum bc_status status;

	if (argc != 2) {
		fprintf(stderr, "usage: 01_backtest CACHE\n");
		return 2;
	}
	options.flags = BC_OPEN_CREATE;
	status = bc_key_series(&series, key, &err);
	if (status == BC_OK)
		status = bc_open(argv[1], &options, &cache, &err);
	if (status == BC_OK)
		status = bc_get(cache, key, &view);
	if (status == BC_MISS) {
		printf("%s: %s, fetching\n", key, bc_miss_name(view.miss));
		status = fill(cache, key, &err);
		if (status == BC_OK)
			status = bc_get(cache, key, &view);
	}
	if (status == BC_OK) {
		backtest(bc_view_f64(&view, "close"), view.rows);
		bc_view_release(&view);
	} else {
		fprintf(stderr, "01_backtest: %s: %s\n", bc_strerror(status),
		        err.message);
	}
	bc_close(cache);
	return status == BC_OK ? 0 : 1;
}
