/* SPDX-License-Identifier: MIT */
/*
 * test_range.c - ranges of time as people write them.
 */
#include "barcache.h"

#include <stdlib.h>
#include <string.h>

#include "range.h"
#include "support.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MS INT64_C(1000000)

struct spelling {
	const char *text;
	int64_t from_ms, to_ms; /* INT64_MIN and INT64_MAX: open */
};

static void
expect(const struct spelling *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct bci_range range;
		struct bc_error err;
		int64_t from = list[i].from_ms, to = list[i].to_ms;

		if (bci_range_parse(list[i].text, strlen(list[i].text), &range,
		                    &err) != BC_OK)
			fail_msg("%s", err.message);
		if (range.from_ns != (from == INT64_MIN ? from : from * MS) ||
		    range.to_ns != (to == INT64_MAX ? to : to * MS))
			fail_msg("'%s' is %lld to %lld", list[i].text,
			         (long long)range.from_ns,
			         (long long)range.to_ns);
	}
}

static void
ranges_as_freqtrade_writes_them(void **state)
{
	static const struct spelling list[] = {
		{ "20200101-20210101", 1577836800000, 1609459200000 },
		{ "20240101-20240201", 1704067200000, 1706745600000 },
		{ "20200101-", 1577836800000, INT64_MAX },
		{ "-20200101", INT64_MIN, 1577836800000 },
		{ "1577836800-1609459200", 1577836800000, 1609459200000 },
		{ "1577836800000-1609459200000", 1577836800000, 1609459200000 },
		{ "1577836800-", 1577836800000, INT64_MAX },
		{ "-1577836800000", INT64_MIN, 1577836800000 },
	};

	(void)state;
	expect(list, COUNT(list));
}

static void
ranges_of_iso_moments(void **state)
{
	static const struct spelling list[] = {
		{ "2024-01-01..2024-02-01", 1704067200000, 1706745600000 },
		{ "2024-01-01/2024-02-01", 1704067200000, 1706745600000 },
		{ "2024-01-01-2024-02-01", 1704067200000, 1706745600000 },
		{ "2024-01-01T00:00:00Z..2024-02-01T00:00Z", 1704067200000,
		  1706745600000 },
		{ "2024-01-01 00:00/2024-02-01 00:00", 1704067200000,
		  1706745600000 },
		{ "2024-01-01T01:00+01:00..2024-02-01", 1704067200000,
		  1706745600000 },
		{ "2024/01/01..2024/02/01", 1704067200000, 1706745600000 },
		{ "2024/01/01/2024/02/01", 1704067200000, 1706745600000 },
		{ "20240101..1706745600", 1704067200000, 1706745600000 },
		{ "2024-01-01..", 1704067200000, INT64_MAX },
		{ "2024-01-01/", 1704067200000, INT64_MAX },
		{ "..2024-02-01", INT64_MIN, 1706745600000 },
		{ "/2024-02-01", INT64_MIN, 1706745600000 },
		{ "2024-01-01T00:00..2024-02-01T00:00", 1704067200000,
		  1706745600000 },
		{ "2024-01-01T00:00:00.250Z..2024-02-01", 1704067200250,
		  1706745600000 },
	};

	(void)state;
	expect(list, COUNT(list));
}

static void
days_months_and_years_alone(void **state)
{
	static const struct spelling list[] = {
		{ "2024-01-31", 1706659200000, 1706745600000 },
		{ "20240131", 1706659200000, 1706745600000 },
		{ "2024-01", 1704067200000, 1706745600000 },
		{ "2024-12", 1733011200000, 1735689600000 },
		{ "2024-02", 1706745600000, 1709251200000 },
		{ "2024", 1704067200000, 1735689600000 },
		{ "1969", -31536000000, 0 },
		{ "2024-01..2024-02", 1704067200000, 1706745600000 },
		{ "2024-01/2024-02", 1704067200000, 1706745600000 },
		{ "2024-01-2024-02", 1704067200000, 1706745600000 },
		{ "2020-2021", 1577836800000, 1609459200000 },
		{ "2020..2021-01-01", 1577836800000, 1609459200000 },
		{ "2020-", 1577836800000, INT64_MAX },
		{ "..2020", INT64_MIN, 1577836800000 },
	};

	(void)state;
	expect(list, COUNT(list));
}

static void
anything_else_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *text, *reason;
	} list[] = {
		{ "", "begin with" },
		{ "..", "end with" },
		{ "-", "end with" },
		{ "january", "begin with" },
		{ "2024-01-01..soon", "end with" },
		{ "2024-01-01..2024-02-01x", "end with" },
		{ "2024-01-01 to 2024-02-01", "no '..'" },
		{ "2024-01-01..2024-01-01", "ends before" },
		{ "20210101-20200101", "ends before" },
		{ "2024-13", "end with" },
		{ "2024-02-30..2024-03-01", "end with" },
		{ "2024-01-01T00:00:00Z", "alone" },
		{ "1704067200", "alone" },
		{ "9999", "begin with" },
		{ "2262", "out of range" },
		{ "0000", "begin with" },
		{ "123456789012", "alone" },
		{ "12345", "begin with" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(list); i++) {
		struct bci_range range = { 7, 8 };
		struct bc_error err;

		assert_status(bci_range_parse(list[i].text,
		                              strlen(list[i].text), &range,
		                              &err),
		              BC_INVALID, &err);
		if (strstr(err.message, list[i].reason) == NULL)
			fail_msg("%s", err.message);
		assert_true(range.from_ns == 7 && range.to_ns == 8);
	}
}

static void
no_byte_behind_the_end_is_read(void **state)
{
	static const char text[] = "2024-01-01..2024-02-01";
	struct bci_range range;
	struct bc_error err;

	(void)state;
	for (size_t bytes = 0; bytes <= strlen(text); bytes++) {
		char *copy = malloc(bytes + 1);
		enum bc_status status;
		char *end;

		assert_non_null(copy);
		end = memcpy(copy + 1, text, bytes); /* Ends with its memory. */
		status = bci_range_parse(end, bytes, &range, &err);
		assert_true(status == BC_OK || err.status == status);
		free(copy);
	}
	assert_true(range.to_ns == 1706745600000 * MS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges_as_freqtrade_writes_them),
		cmocka_unit_test(ranges_of_iso_moments),
		cmocka_unit_test(days_months_and_years_alone),
		cmocka_unit_test(anything_else_is_refused_with_a_reason),
		cmocka_unit_test(no_byte_behind_the_end_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
