/* SPDX-License-Identifier: MIT */
/*
 * fuzz_csv.c - any bytes as a CSV file, as a number and as a moment.  What is
 * accepted must keep the promises of csv.h, number.h and moment.h.
 */
#include "target.h"

#include "alloc.h"
#include "csv.h"
#include "number.h"

static void
check_file(const char *text, size_t bytes)
{
	struct bci_csv csv;
	struct bc_error err = { 0 };
	enum bc_status status =
		bci_csv_parse(&bci_allocator_default, text, bytes, &csv, &err);

	if (status != BC_OK) {
		CHECK(status == BC_INVALID || status == BC_ORDER);
		CHECK(err.status == status && err.row > 0);
		CHECK(csv.columns == NULL && csv.time_ns == NULL);
		return;
	}
	CHECK(csv.column_count > 0 && csv.column_count < BC_COLUMNS_MAX);
	CHECK(csv.rows <= bytes);
	for (uint64_t i = 1; i < csv.rows; i++)
		CHECK(csv.time_ns[i - 1] < csv.time_ns[i]);
	for (uint32_t i = 0; i < csv.column_count; i++) {
		CHECK(csv.names[i][0] != '\0');
		CHECK(strcmp(csv.names[i], BC_TIME) != 0);
		/* Every value was written: reading it is no fault. */
		for (uint64_t j = 0; j < csv.rows; j++)
			CHECK(csv.columns[i][j] == csv.columns[i][j] ||
			      csv.columns[i][j] != csv.columns[i][j]);
	}
	bci_csv_free(&csv);
}

static void
check_number(const char *text, size_t bytes)
{
	char *copy = bci_strndup(&bci_allocator_default, text, bytes);
	char number[BCI_NUMBER_TEXT];
	double value, back, expected;
	int64_t integer;
	char *expected_end;
	const char *end = bci_number_parse(text, text + bytes, &value);

	CHECK(copy != NULL);
	if (end != NULL) {
		expected = strtod(copy, &expected_end);
		/* strtod() alone knows what "nan(...)" is. */
		CHECK(end - text == expected_end - copy ||
		      (value != value && copy[end - text] == '('));
		CHECK(memcmp(&value, &expected, sizeof(value)) == 0 ||
		      value != value);
		bytes = bci_number_format(value, number);
		CHECK(bci_number_parse(number, number + bytes, &back) ==
		      number + bytes);
		CHECK(memcmp(&value, &back, sizeof(value)) == 0 ||
		      value != value);
	}
	end = bci_integer_parse(text, text + strlen(copy), &integer);
	if (end != NULL)
		CHECK(integer == strtoll(copy, NULL, 10));
	bci_free(&bci_allocator_default, copy);
}

static void
check_moment(const char *text, size_t bytes)
{
	const char *end = text + bytes;
	char moment[BCI_TIME_TEXT];
	int64_t time_ns, back_ns, unit_ns;
	const char *used = bci_time_parse(text, end, &time_ns, &unit_ns);

	if (used == NULL)
		return;
	CHECK(used > text && used <= end);
	bytes = bci_time_format(time_ns, moment);
	CHECK(bytes < sizeof(moment) && moment[bytes] == '\0');
	CHECK(bci_time_parse(moment, moment + bytes, &back_ns, &unit_ns) ==
	      moment + bytes);
	CHECK(back_ns == time_ns && unit_ns == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
	const char *text = (const char *)data;

	check_file(text, bytes);
	check_number(text, bytes);
	check_moment(text, bytes);
	return 0;
}
