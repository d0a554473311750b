/* SPDX-License-Identifier: MIT */
/*
 * larger.c - the bars of larger.h.
 */
#include "larger.h"

#include <string.h>

struct bars bars;
struct bc_view larger;

int64_t
larger_moment(int64_t year, int64_t month, int64_t day, int64_t minutes)
{
	return bci_days_of_date(year, month, day) * DAY + minutes * MINUTE;
}

void
bars_add(int64_t time_ns, double price)
{
	uint64_t row = bars.rows++;

	assert_true(row < BARS_MAX);
	bars.time[row] = time_ns;
	bars.price[0][row] = price;
	bars.price[1][row] = price + 2;
	bars.price[2][row] = price - 2;
	bars.price[3][row] = price + 1;
	bars.volume[row] = 1;
	bars.trades[row] = 2;
}

void
bars_fill(int64_t from_ns, int64_t to_ns, int64_t step)
{
	bars.rows = 0;
	for (int64_t at = from_ns; at < to_ns; at += step)
		bars_add(at, 100 + (double)bars.rows);
}

struct bc_frame
bars_frame(uint64_t first, uint64_t count, struct bc_column columns[6])
{
	static const char *const names[] = { "open",  "high",   "low",
		                             "close", "volume", "trades" };
	const double *const data[] = { bars.price[0], bars.price[1],
		                       bars.price[2], bars.price[3],
		                       bars.volume };

	for (int i = 0; i < 5; i++)
		columns[i] = (struct bc_column){ .name = names[i],
			                         .type = BC_F64,
			                         .data = data[i] + first };
	columns[5] = (struct bc_column){ .name = names[5],
		                         .type = BC_I64,
		                         .data = bars.trades + first };
	return (struct bc_frame){ .rows = count,
		                  .time_ns = bars.time + first,
		                  .columns = columns,
		                  .column_count = 6 };
}

void
bars_put(void)
{
	struct bc_column columns[6];
	const struct bc_frame frame = bars_frame(0, bars.rows, columns);
	struct bc_error err;

	bc_view_release(&bars.view);
	assert_status(bc_put(fixture.cache, "bars", &frame, NULL, NULL, &err),
	              BC_OK, &err);
	assert_int_equal(bc_get(fixture.cache, "bars", &bars.view), BC_OK);
}

void
bars_append(const char *key, uint64_t first, uint64_t count, unsigned flags)
{
	struct bc_append_options options = BC_APPEND_OPTIONS_INIT;
	struct bc_column columns[6];
	const struct bc_frame frame = bars_frame(first, count, columns);
	struct bc_error err;

	options.flags = flags;
	assert_status(
		bc_append(fixture.cache, key, &frame, &options, NULL, &err),
		BC_OK, &err);
}

int
larger_teardown(void **state)
{
	bc_view_release(&bars.view);
	bc_view_release(&larger);
	return unit_teardown(state);
}

void
larger_make(const char *source, int64_t from_ns, int64_t to_ns,
            const struct bc_resample *rule)
{
	struct bc_error err;

	bc_view_release(&larger);
	assert_status(bc_resample(fixture.cache, &bars.view, source, from_ns,
	                          to_ns, rule, &larger, &err),
	              BC_OK, &err);
	assert_int_equal(larger.kind, BC_FRAME);
	assert_int_equal(larger.bytes, larger.rows * larger.schema->row_bytes);
	if (larger.rows == 0)
		return;
	assert_true(larger.first_ns == bc_view_time(&larger)[0]);
	assert_true(larger.last_ns == bc_view_time(&larger)[larger.rows - 1]);
}

struct bc_resample
larger_rule(const char *timeframe)
{
	struct bc_resample rule = BC_RESAMPLE_INIT;

	rule.timeframe = timeframe;
	return rule;
}

void
larger_expect(uint64_t row, int64_t time_ns, double volume)
{
	assert_true(row < larger.rows);
	if (bc_view_time(&larger)[row] != time_ns ||
	    bc_view_f64(&larger, "volume")[row] != volume)
		fail_msg("row %d: %lld, %g", (int)row,
		         (long long)bc_view_time(&larger)[row],
		         bc_view_f64(&larger, "volume")[row]);
}

void
larger_expect_partial(const char *flags)
{
	const uint8_t *partial = bc_view_find(&larger, "partial", BC_U8);

	if (*flags == '\0') {
		assert_null(partial);
		return;
	}
	assert_non_null(partial);
	assert_int_equal(larger.rows, strlen(flags));
	for (uint64_t i = 0; i < larger.rows; i++)
		assert_int_equal(partial[i], flags[i] - '0');
}

struct bc_derive
larger_derive(const struct bc_resample *rule, const char *const *add)
{
	struct bc_derive derive = BC_DERIVE_INIT;

	derive.resample = rule;
	derive.add = add;
	return derive;
}

void
larger_read(struct bc_view *view, const char *key, int64_t from_ns,
            int64_t to_ns, unsigned flags, const struct bc_derive *derive)
{
	struct bc_error err;

	bc_view_release(view);
	assert_status(bc_read_derived(fixture.cache, key, from_ns, to_ns, flags,
	                              derive, view, &err),
	              BC_OK, &err);
}
