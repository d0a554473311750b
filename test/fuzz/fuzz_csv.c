/* SPDX-License-Identifier: MIT */
/*
 * fuzz_csv.c - any bytes as a file of rows, as a number and as a moment.  What
 * is accepted must keep the promises of sniff.h, csv.h, number.h and moment.h.
 */
#include "target.h"

#include "alloc.h"
#include "amount.h"
#include "csv.h"
#include "moment.h"
#include "number.h"
#include "sniff.h"

/* Read all rows in steps of 'step' bytes. */
static void
read_rows(const char *text, size_t bytes, const struct bci_dialect *dialect,
          size_t step, struct bci_table *table, struct bci_csv_report *report)
{
	static struct bci_zone_change changes[] = {
		{ INT64_MIN, -INT64_C(18000000000000) },
		{ INT64_C(1710054000000000000), -INT64_C(14400000000000) },
		{ INT64_C(1730613600000000000), -INT64_C(18000000000000) },
	};
	static const struct bci_zone zone = { "America/New_York", 3, changes };
	struct bci_csv *csv;
	size_t used = 0, before;
	bool done = false;

	CHECK(bci_csv_begin(&bci_allocator_default, text, bytes, dialect,
	                    bytes % 2 == 0 ? &zone : NULL, &csv,
	                    NULL) == BC_OK);
	while (!done) {
		before = used;
		CHECK(bci_csv_more(csv, step, &used, &done, NULL) == BC_OK);
		CHECK(used >= before && used <= bytes);
	}
	CHECK(used == bytes);
	bci_csv_end(csv, table, report);
	CHECK(report->rows ==
	      table->rows + report->unreadable + report->missing);
	CHECK(report->rows <= bytes && report->fault_count <= BCI_CSV_FAULTS);
	CHECK(report->fault_count <= report->unreadable + report->missing);
	for (uint32_t i = 0; i < report->fault_count; i++)
		CHECK(report->faults[i].line > 0 &&
		      report->faults[i].reason[0] != '\0');
}

/* Every value was written: reading it is no fault. */
static void
check_table(const struct bci_table *table)
{
	for (uint64_t row = 0; table->codes != NULL && row < table->rows; row++)
		CHECK(table->codes[row] < table->series_count);
	for (uint32_t i = 0; i < table->column_count; i++) {
		const struct bci_table_column *column = &table->columns[i];
		size_t bytes = bc_type_bytes(column->type);

		CHECK(bytes != 0 && column->name[0] != '\0');
		for (uint64_t row = 0; row < table->rows; row++) {
			const char *value = (const char *)column->data;
			uint32_t code;

			CHECK(memcmp(value + row * bytes, value + row * bytes,
			             bytes) == 0);
			if (column->type != BC_TEXT)
				continue;
			memcpy(&code, value + row * bytes, sizeof(code));
			CHECK(code < column->dictionary_count);
			CHECK(column->dictionary[code] != NULL);
		}
	}
}

/* Any steps give the same rows. */
static void
check_same(const struct bci_table *a, const struct bci_table *b)
{
	CHECK(a->rows == b->rows && a->column_count == b->column_count);
	CHECK(a->series_count == b->series_count);
	CHECK(memcmp(a->time_ns, b->time_ns, a->rows * 8) == 0);
	for (uint32_t i = 0; i < a->column_count; i++) {
		enum bc_type type = a->columns[i].type;

		CHECK(type == b->columns[i].type);
		CHECK(memcmp(a->columns[i].data, b->columns[i].data,
		             a->rows * bc_type_bytes(type)) == 0);
	}
}

/* Put each series in order; times are then ascending. */
static void
check_series(const struct bci_table *table)
{
	uint32_t count = table->codes == NULL ? 1 : table->series_count;
	uint64_t rows = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct bci_table_order order;
		struct bci_table series;

		CHECK(bci_table_take(table, i, &series, NULL) == BC_OK);
		CHECK(bci_table_sort(&series, &order, NULL) == BC_OK);
		rows += series.rows + order.identical + order.conflicting;
		for (uint64_t row = 1; row < series.rows; row++)
			CHECK(series.time_ns[row - 1] < series.time_ns[row]);
		CHECK(bci_table_step(&series) >= 0);
		bci_table_free(&series);
	}
	CHECK(rows == table->rows);
}

static void
check_file(const char *text, size_t bytes)
{
	static struct bci_dialect dialect;
	struct bci_hints hints = { 0 };
	struct bci_csv_report report, again;
	struct bci_table table, other;
	struct bc_error err = { 0 };
	enum bc_status status;

	status = bci_sniff(text, bytes, &hints, &dialect, &err);
	if (status != BC_OK) {
		CHECK(status == BC_INVALID && err.status == status);
		return;
	}
	CHECK(dialect.rows_at <= bytes && dialect.column_count > 0);
	CHECK(dialect.stamp != BCI_STAMP_UNKNOWN);
	read_rows(text, bytes, &dialect, bytes, &table, &report);
	check_table(&table);
	read_rows(text, bytes, &dialect, 1 + bytes % 7, &other, &again);
	check_same(&table, &other);
	CHECK(report.unreadable == again.unreadable);
	check_series(&table);
	bci_table_free(&table);
	bci_table_free(&other);
}

/* The quick ways and the exact one. */
static void
check_quick(const char *text, size_t bytes)
{
	char copy[BCI_NUMBER_AHEAD + 1] = "";
	const char *end, *exact;
	double value, expected = 0;
	int64_t integer, wanted = 0;

	memcpy(copy, text, bytes < BCI_NUMBER_AHEAD ? bytes : BCI_NUMBER_AHEAD);
	exact = bci_number_parse(copy, copy + BCI_NUMBER_AHEAD, &expected);
	end = bci_number_quick(copy, '.', &value);
	if (end != NULL && end == exact)
		CHECK(memcmp(&value, &expected, sizeof(value)) == 0);
	exact = bci_integer_parse(copy, copy + BCI_NUMBER_AHEAD, &wanted);
	end = bci_integer_quick(copy, &integer);
	if (end != NULL && end == exact)
		CHECK(integer == wanted);
}

static void
check_number(const char *text, size_t bytes)
{
	char *copy = bci_strndup(&bci_allocator_default, text, bytes);
	struct bci_field field = { text, bytes };
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
	if (bci_amount_i64(&field, '.', ',', &integer) == BCI_AMOUNT_VALUE) {
		CHECK(bci_amount_f64(&field, '.', ',', &value) ==
		      BCI_AMOUNT_VALUE);
		CHECK((double)integer == value);
	}
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
	check_quick(text, bytes);
	check_number(text, bytes);
	check_moment(text, bytes);
	return 0;
}
