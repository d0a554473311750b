/* SPDX-License-Identifier: MIT */
/*
 * test_resampled_random.c - random series with gaps, by all rules, against a
 * slow reference in long double.
 */
#include "larger.h"

#include <math.h>
#include <string.h>

#include "timeframe.h"

/* ------------------------------------------------------------------------ */
/*  A slow reference                                                        */
/* ------------------------------------------------------------------------ */

static bool
near(double value, long double expected)
{
	return isnan(value) ? isnan((double)expected)
	                    : fabsl((long double)value - expected) <=
	                              1e-12L * fabsl(expected);
}

/* What rows [first, end) make, word for word. */
static void
check_bucket(uint64_t row, uint64_t first, uint64_t end, enum bc_fill fill)
{
	const int64_t *trades = bc_view_find(&larger, "trades", BC_I64);
	long double expected[BARS_PRICES] = { NAN, NAN, NAN, NAN }, volume = 0;
	int64_t count = 0;

	for (uint64_t i = first; i < end; i++) {
		if (i == first)
			expected[0] = bars.price[0][i];
		if (i == first || bars.price[1][i] > expected[1])
			expected[1] = bars.price[1][i];
		if (i == first || bars.price[2][i] < expected[2])
			expected[2] = bars.price[2][i];
		expected[3] = bars.price[3][i];
		volume += bars.volume[i];
		count += bars.trades[i];
	}
	for (uint32_t i = 0; i < BARS_PRICES; i++) {
		const double *column = bc_view_column(&larger, i + 1);

		if (first == end && fill == BC_FILL_FLAT)
			expected[i] = bars.price[3][first - 1];
		if (!near(column[row], expected[i]))
			fail_msg("row %d, column %u: %g", (int)row, i,
			         column[row]);
	}
	assert_true(near(bc_view_f64(&larger, "volume")[row], volume));
	assert_true(trades[row] == count);
}

/* Bucket by bucket; buckets of a fixed length counted from 1970. */
static void
check_all(const struct bc_resample *rule, int64_t step, int64_t from_ns,
          int64_t to_ns)
{
	int64_t right = rule->closed == BC_RIGHT;
	int64_t whole_from = right ? from_ns - MINUTE : from_ns;
	int64_t whole_to = right ? to_ns - 1 : to_ns;
	int64_t at = (bars.time[0] - right) / step * step;
	const uint8_t *flags = bc_view_find(&larger, "partial", BC_U8);
	uint64_t row = 0, first = 0, end;
	bool partial, any = false;

	for (; first < bars.rows; first = end, at += step) {
		end = first;
		while (end < bars.rows && bars.time[end] - right < at + step)
			end++;
		partial = at < whole_from || at + step > whole_to;
		if ((first == end && rule->fill == BC_FILL_NONE) ||
		    (partial && rule->partial == BC_PARTIAL_DROP))
			continue;
		assert_true(row < larger.rows);
		assert_true(bc_view_time(&larger)[row] ==
		            (rule->label == BC_RIGHT ? at + step : at));
		check_bucket(row, first, end, rule->fill);
		any = any || partial;
		assert_true(flags != NULL ? flags[row] == partial : !partial);
		row++;
	}
	assert_int_equal(row, larger.rows);
	assert_true(any == (flags != NULL));
}

/* Minutes with gaps of all lengths; volumes small and large. */
static void
bars_random(uint64_t seed)
{
	static const double scales[] = { 1e-6, 0.3, 1, 1e9 };
	int64_t at = larger_moment(2024, 2, 28, 0) +
	             (int64_t)(test_mix(seed, 1) % 1440) * MINUTE;
	uint64_t rows = 1 + test_mix(seed, 2) % 4000, chance;

	bars.rows = 0;
	while (bars.rows < rows) {
		chance = test_mix(seed, bars.rows + 10);
		bars_add(at, 1 + (double)(chance % 100000) / 7);
		bars.volume[bars.rows - 1] = (double)(chance >> 20 & 0xffff) *
		                             scales[chance >> 40 & 3];
		bars.trades[bars.rows - 1] = (int64_t)(chance >> 50);
		at += MINUTE;
		if (chance >> 10 & 1)
			at += (int64_t)(chance >> 11 & 7) * MINUTE;
		if ((chance >> 14 & 255) == 0)
			at += (int64_t)(chance >> 22 & 4095) * MINUTE;
	}
}

static void
random_series_are_as_the_reference_has_them(void **state)
{
	static const char *const targets[] = { "5m", "15m", "1h",
		                               "4h", "1d",  "3d" };

	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		uint64_t chance = test_mix(seed, 0);
		const char *target = targets[chance % COUNT(targets)];
		struct bc_resample rule = larger_rule(target);
		struct bci_timeframe timeframe;
		int64_t from, to;

		rule.label = (enum bc_side)(chance >> 8 & 1);
		rule.closed = (enum bc_side)(chance >> 9 & 1);
		rule.fill = (enum bc_fill)((chance >> 10) % 3);
		rule.partial = (enum bc_partial)(chance >> 20 & 1);
		assert_true(bci_timeframe_parse(target, strlen(target),
		                                &timeframe));
		bars_random(seed);
		bars_put();
		from = bars.time[0] - (int64_t)(chance >> 21 & 255) * MINUTE;
		to = bars.time[bars.rows - 1] +
		     (int64_t)(1 + (chance >> 29 & 255)) * MINUTE;
		larger_make("1m", from, to, &rule);
		check_all(&rule, timeframe.step_ns, from, to);
	}
}

int
main(void)
{
#define TEST(name)                                                             \
	cmocka_unit_test_setup_teardown(name, unit_setup, larger_teardown)
	const struct CMUnitTest tests[] = {
		TEST(random_series_are_as_the_reference_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
