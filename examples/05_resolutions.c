/* SPDX-License-Identifier: MIT */
/*
 * 05_resolutions.c - one symbol at several resolutions: minutes are stored, all
 * else is made of them, with indicators, by whoever asks for it first.
 *
 * usage: 05_resolutions CACHE
 *
 * Two weeks of minutes are appended day by day, as they would come from an
 * exchange; the second run finds them and what was made of them.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <barcache.h>

#define MINUTE INT64_C(60000000000)
#define DAY_MINUTES 1440
#define DAYS 14
#define FIRST (28401120 * MINUTE) /* Monday, 2024-01-01 */

static const struct bc_series series = {
	.source = "example", .market = "spot",
	.symbol = "BTC/USDT", .timeframe = "1m",
};

struct day {
	int64_t time_ns[DAY_MINUTES];
	double open[DAY_MINUTES], high[DAY_MINUTES], low[DAY_MINUTES];
	double close[DAY_MINUTES], volume[DAY_MINUTES];
};

/* Stands for the exchange: a walk that is the same every time. */
static void
fetch(struct day *day, int index, double *price, uint64_t *random)
{
	for (int i = 0; i < DAY_MINUTES; i++) {
		*random = *random * 6364136223846793005u +
		          1442695040888963407u;
		day->time_ns[i] = FIRST + (index * DAY_MINUTES + i) * MINUTE;
		day->open[i] = *price;
		*price += ((double)(*random >> 40) / 8388608 - 1) * 20;
		day->close[i] = *price;
		day->high[i] = (*price > day->open[i] ? *price : day->open[i]);
		day->low[i] = (*price < day->open[i] ? *price : day->open[i]);
		day->volume[i] = (double)(*random >> 32 & 255) / 16;
	}
}

/* Append two weeks, a day at a time. */
static enum bc_status
fill(struct bc_cache *cache, const char *key, struct bc_error *err)
{
	struct day *day = malloc(sizeof(*day));
	enum bc_status status = day == NULL ? BC_NOMEM : BC_OK;
	double price = 30000;
	uint64_t random = 1;

	for (int i = 0; i < DAYS && status == BC_OK; i++) {
		const struct bc_column columns[] = {
			{ .name = "open", .type = BC_F64, .data = day->open },
			{ .name = "high", .type = BC_F64, .data = day->high },
			{ .name = "low", .type = BC_F64, .data = day->low },
			{ .name = "close", .type = BC_F64, .data = day->close },
			{ .name = "volume", .type = BC_F64,
			  .data = day->volume },
		};
		const struct bc_frame frame = {
			.rows = DAY_MINUTES, .time_ns = day->time_ns,
			.columns = columns, .column_count = 5,
		};

		fetch(day, i, &price, &random);
		status = bc_append(cache, key, &frame, NULL, NULL, err);
	}
	free(day);
	return status;
}

/* The last bar of the range at a resolution, and what was added to it. */
static enum bc_status
show(struct bc_cache *cache, const char *key, const char *timeframe,
     struct bc_error *err)
{
	static const char *const add[] = { "sma(20)", "rsi(14)", NULL };
	struct bc_resample rule = BC_RESAMPLE_INIT;
	struct bc_derive derive = BC_DERIVE_INIT;
	struct bc_view view;
	enum bc_status status;
	uint64_t last;

	rule.timeframe = timeframe;
	derive.resample = &rule;
	derive.add = add;
	/* The second week; indicators see the first one, too. */
	status = bc_read_derived(cache, key, FIRST + 7 * DAY_MINUTES * MINUTE,
	                         FIRST + 14 * DAY_MINUTES * MINUTE, 0, &derive,
	                         &view, err);
	if (status != BC_OK)
		return status;
	last = view.rows - 1;
	printf("%3s: %5" PRIu64 " bars, close %.2f, volume %.1f, "
	       "sma_20 %.2f, rsi_14 %.2f\n",
	       timeframe, view.rows, bc_view_f64(&view, "close")[last],
	       bc_view_f64(&view, "volume")[last],
	       bc_view_f64(&view, "sma_20")[last],
	       bc_view_f64(&view, "rsi_14")[last]);
	bc_view_release(&view);
	return BC_OK;
}

int
main(int argc, char **argv)
{
	static const char *const timeframes[] = { "1m", "5m", "15m", "1h",
		                                  "4h" };
	struct bc_options options = BC_OPTIONS_INIT;
	struct bc_cache *cache = NULL;
	struct bc_error err = { 0 };
	char key[BC_KEY_MAX + 1];
	struct bc_stats stats;
	enum bc_status status;

	if (argc != 2) {
		fprintf(stderr, "usage: 05_resolutions CACHE\n");
		return 2;
	}
	options.flags = BC_OPEN_CREATE;
	status = bc_key_series(&series, key, &err);
	if (status == BC_OK)
		status = bc_open(argv[1], &options, &cache, &err);
	if (status == BC_OK && bc_exists(cache, key, NULL) == BC_MISS)
		status = fill(cache, key, &err);
	for (int i = 0; i < 5 && status == BC_OK; i++)
		status = show(cache, key, timeframes[i], &err);
	if (status == BC_OK)
		status = bc_stats(cache, &stats, &err);
	if (status == BC_OK)
		printf("%" PRIu64 " entries, %" PRIu64 " puts in this run\n",
		       stats.entries, stats.process.puts);
	else
		fprintf(stderr, "05_resolutions: %s: %s\n",
		        bc_strerror(status), err.message);
	bc_close(cache);
	return status == BC_OK ? 0 : 1;
}
