/* SPDX-License-Identifier: MIT */
/*
 * plan.c - dialects in a few words, and what is read by them.
 */
#include "plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

struct plan plan;

/* What a field is by its name. */
static void
plan_field(struct bci_dialect_field *field, const char *name)
{
	static const struct {
		const char *name;
		enum bci_role role;
		enum bc_type type;
	} known[] = {
		{ "time", BCI_ROLE_TIME, BC_I64 },
		{ "date", BCI_ROLE_DATE, BC_I64 },
		{ "clock", BCI_ROLE_CLOCK, BC_I64 },
		{ "symbol", BCI_ROLE_SYMBOL, BC_TEXT },
		{ "period", BCI_ROLE_PERIOD, BC_TEXT },
		{ "count", BCI_ROLE_COUNT, BC_I64 },
		{ "text", BCI_ROLE_TEXT, BC_TEXT },
		{ "i64", BCI_ROLE_VALUE, BC_I64 },
		{ "i32", BCI_ROLE_VALUE, BC_I32 },
		{ "f32", BCI_ROLE_VALUE, BC_F32 },
		{ "u8", BCI_ROLE_VALUE, BC_U8 },
		{ "open", BCI_ROLE_PRICE, BC_F64 },
		{ "close", BCI_ROLE_PRICE, BC_F64 },
		{ "-", BCI_ROLE_DROP, BC_F64 },
	};

	field->role = BCI_ROLE_VALUE;
	field->type = BC_F64;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(name, known[i].name) != 0)
			continue;
		field->role = known[i].role;
		field->type = known[i].type;
	}
	snprintf(field->name, sizeof(field->name), "%s", name);
}

void
plan_make(const char *fields, const char *time_format)
{
	char *copy = strdup(fields), *save;

	assert_non_null(copy);
	memset(&plan.dialect, 0, sizeof(plan.dialect));
	plan.zone = NULL;
	plan.dialect.delimiter = ',';
	plan.dialect.decimal = '.';
	plan.dialect.price_divisor = 1;
	plan.dialect.line = 1;
	for (char *name = strtok_r(copy, " ", &save); name != NULL;
	     name = strtok_r(NULL, " ", &save)) {
		struct bci_dialect_field *field =
			&plan.dialect.fields[plan.dialect.field_count++];

		plan_field(field, name);
		plan.dialect.column_count += bci_role_is_kept(field->role);
	}
	free(copy);
	assert_true(bci_form_compile(time_format, &plan.dialect.time));
}

enum bc_status
plan_try(const struct bc_allocator *allocator, const char *text, size_t bytes,
         size_t step, struct bc_error *err)
{
	struct bci_csv *csv;
	size_t used = 0, before;
	bool done = false;
	enum bc_status status = bci_csv_begin(
		allocator, text, bytes, &plan.dialect, plan.zone, &csv, err);

	if (status != BC_OK) {
		assert_null(csv);
		return status;
	}
	while (status == BC_OK && !done) {
		before = used;
		status = bci_csv_more(csv, step, &used, &done, err);
		if (status == BC_OK)
			assert_true(used >= before && used <= bytes);
	}
	if (status != BC_OK) {
		bci_csv_abort(csv);
		return status;
	}
	assert_int_equal(used, bytes);
	plan_forget(NULL);
	bci_csv_end(csv, &plan.table, &plan.report);
	assert_int_equal(plan.report.rows, plan.table.rows +
	                                           plan.report.unreadable +
	                                           plan.report.missing);
	return BC_OK;
}

void
plan_read_bytes(const char *text, size_t bytes, size_t step)
{
	char *copy = malloc(bytes == 0 ? 1 : bytes);
	struct bc_error err = { 0 };

	assert_non_null(copy);
	memcpy(copy, text, bytes);
	assert_status(plan_try(&bci_allocator_default, copy, bytes, step, &err),
	              BC_OK, NULL);
	free(copy);
}

void
plan_read(const char *text)
{
	plan_read_bytes(text, strlen(text), 1 << 20);
}

double
plan_f64(uint32_t column, uint64_t row)
{
	assert_true(column < plan.table.column_count && row < plan.table.rows);
	assert_int_equal(plan.table.columns[column].type, BC_F64);
	return ((double *)plan.table.columns[column].data)[row];
}

const char *
plan_word(uint32_t column, uint64_t row)
{
	const struct bci_table_column *from = &plan.table.columns[column];
	uint32_t code = ((uint32_t *)from->data)[row];

	assert_int_equal(from->type, BC_TEXT);
	assert_true(code < from->dictionary_count);
	return from->dictionary[code];
}

int
plan_forget(void **state)
{
	(void)state;
	if (plan.table.allocator.release == NULL)
		plan.table.allocator = bci_allocator_default;
	bci_table_free(&plan.table);
	return 0;
}
